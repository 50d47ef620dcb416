"""The way to the moderation service: addresses, requests, and what an answer may be taken for."""
