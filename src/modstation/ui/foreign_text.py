"""Text that others wrote – public IDs, tags, metadata – made fit to be shown: never rich text."""

from __future__ import annotations

_NAME_LENGTH = 18


def breakable(text: str) -> str:
    """Foreign text that can be wrapped after its separators and shows its invisible characters."""
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    for sign in "/_-.":
        shown = shown.replace(sign, sign + "\N{ZERO WIDTH SPACE}")
    return shown if len(shown) < 400 else shown[:400] + "…"


def shortened(name: str) -> str:
    """The beginning of a name, as much as stands beside a value."""
    shown = breakable(name)
    return shown if len(shown) <= _NAME_LENGTH else shown[: _NAME_LENGTH - 1] + "…"


def in_tooltip(text: str) -> str:
    """The text as a tooltip shows it; Qt would take some of it for rich text."""
    return f"<qt>{escaped(text)}</qt>"


def escaped(text: str) -> str:
    """The text as it stands within rich text."""
    # html.escape does the same, and imports two thousand names of characters at every start.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
