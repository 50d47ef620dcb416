"""Search expressions, from text to rows."""
