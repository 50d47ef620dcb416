"""The way to hosts that callers name."""
