"""The next theme and the next text size: what a key makes of the one in use."""

from __future__ import annotations

# As one goes through them: dark and light, the same in high contrast, then as the desktop is.
THEMES = ("dark", "light", "contrast-dark", "contrast-light", "system")
TEXT_SIZES = (80, 90, 100, 110, 125, 150, 175, 200)


def next_theme(theme: str) -> str:
    """The theme after one; after the last comes the first."""
    return THEMES[(THEMES.index(theme) + 1) % len(THEMES)]


def next_text_size(percent: int, *, larger: bool) -> int:
    """The next size up or down in percent; the last one stays, and one between two is left."""
    if larger:
        return next((size for size in TEXT_SIZES if size > percent), TEXT_SIZES[-1])
    return next((size for size in reversed(TEXT_SIZES) if size < percent), TEXT_SIZES[0])
