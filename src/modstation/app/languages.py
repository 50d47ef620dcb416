"""Which language the window speaks, and its catalogue, a file of Qt Linguist's read without Qt."""

from __future__ import annotations

import locale
import os
from typing import TYPE_CHECKING

from modstation.core.language import ENGLISH, Language
from modstation.core.shipped import resources

if TYPE_CHECKING:
    from collections.abc import Mapping

CODES = ("en", "de", "fr", "es")
_HARD_SPACE = "\u00a0"


def desktop_language(environ: Mapping[str, str] = os.environ) -> str:
    """The desktop's language if there is a catalogue for it, else English."""
    named = (environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    wanted = next((value for value in named if value), None) or locale.getlocale()[0] or ""
    # "de_DE.UTF-8" on Unix, "German_Germany" on Windows.
    code = {"germ": "de", "fren": "fr", "span": "es"}.get(wanted[:4].casefold(), wanted[:2])
    return code if code in CODES else "en"


def load_language(choice: str) -> Language:
    """The language of a setting (``auto``: the desktop's); English needs no file."""
    code = desktop_language() if choice == "auto" else choice
    if code not in CODES or code == "en":
        return ENGLISH
    texts = catalogue((resources() / "languages" / f"modstation_{code}.ts").read_bytes())
    match code:
        case "de":
            return Language(code, texts, ".", ",", "%d.%m.%Y")
        case "fr":
            return Language(code, texts, _HARD_SPACE, ",", "%d/%m/%Y", zero_is_one=True)
        case _:
            return Language(code, texts, ".", ",", "%d/%m/%Y")


def catalogue(xml: bytes) -> dict[tuple[str, str], str]:
    """The finished translations of a catalogue, by context and English text."""
    # Not at the top: English needs none of it.
    from xml.etree import ElementTree as ET

    texts = {}
    for context in ET.fromstring(xml).iter("context"):  # noqa: S314 - a file of our own
        name = context.findtext("name", "")
        for message in context.iter("message"):
            translation = message.find("translation")
            if translation is not None and translation.text and not translation.get("type"):
                texts[name, message.findtext("source", "")] = translation.text
    return texts
