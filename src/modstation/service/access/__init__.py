"""Who calls, for which cloud, and how much: keys, tokens, signatures, limits, settings."""
