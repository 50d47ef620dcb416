"""The rules of moderation as plain values and pure functions: no I/O, no thread, no clock."""
