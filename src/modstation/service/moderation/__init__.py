"""Who decides on an asset, machines and people, and what follows from it."""
