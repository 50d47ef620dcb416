"""A language that nobody speaks: what did not come through the catalogue stands out in it."""

from __future__ import annotations

import re


class Pseudo:
    """Every text 40 % longer, with accents, in brackets; placeholders and plural forms stay."""

    def get(self, key: tuple[str, str], default: str, /) -> str:
        return "|".join(_longer(form) for form in default.split("|"))


def _longer(text: str) -> str:
    accents = str.maketrans("aeiouAEIOU", "åéîøüÅÉÎØÜ")
    parts = re.split(r"(\{[^}]*\})", text)
    spoken = "".join(p if p.startswith("{") else p.translate(accents) for p in parts)
    words = text.split(" ")
    if len(words) == 2 and all(word.isalpha() for word in words):
        # Some languages write two words as one, which no line can break.
        spoken = spoken.replace(" ", "").lower()
    more = max(0, len(text) * 40 // 100 - 2)
    # What is longer in another language is longer by words, not by one long word.
    return f"⟦{spoken}{(' ~~~~~~' * more)[:more]}⟧"
