"""The window: Qt widgets around one review session."""
