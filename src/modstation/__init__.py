"""modstation: the moderator's station and the moderation service behind it."""
