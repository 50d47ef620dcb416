"""The local database: queue, decisions and outbox, and the sealed pictures in a file beside it."""
