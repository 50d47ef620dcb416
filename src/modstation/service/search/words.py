"""The words an asset is found by, in one text that a database searches without patterns.

    " p:summer p:beach | f:beach | t:two t:words | c.alt: c.alt:nice | "

Each word carries the field it stands in, so that one look finds a word in one field, one field's
key, a run of words, or (from the colon on) a word in any field. A bar ends every value: no run
goes over it. The same words come out on every database, whatever it thinks a letter is.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from modstation.service.assets.stored import Asset

_WORD = re.compile(r"[^\W_]+")
_PREFIXES = {
    "public_id": "p",
    "filename": "f",
    "display_name": "d",
    "asset_folder": "a",
    "tags": "t",
    "context": "c",
    "metadata": "m",
}


def words(text: str) -> list[str]:
    """The words of a text: letters and digits, without regard to case."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def filename(public_id: str) -> str:
    """A public ID without the folders before it."""
    return public_id.rpartition("/")[2]


def search_text(asset: Asset) -> str:
    """All words of an asset with their fields."""
    parts = [
        _run("public_id", asset.public_id),
        _run("filename", filename(asset.public_id)),
        _run("display_name", asset.display_name),
        _run("asset_folder", asset.asset_folder),
        *(_run("tags", tag) for tag in asset.tags),
    ]
    for name, pairs in (("context", asset.context), ("metadata", asset.metadata)):
        for key, value in pairs.items():
            values = value if isinstance(value, list) else [value]
            runs = [_run(f"{name}.{key}", str(each)) for each in values]
            parts += [has_key(name, key).strip(), *runs]
    return f" {' | '.join(part for part in parts if part)} | "


def has_run(field: str, text: str) -> str | None:
    """What the search text of an asset holds whose ``field`` has these words in a row.

    None if the text has no word in it.
    """
    run = _run(field, text)
    return f" {run} " if run else None


def ends_in_word(text: str) -> bool:
    """Whether the text breaks off in a word, so that the word may go on."""
    return bool(words(text[-1:]))


def has_key(field: str, key: str) -> str:
    """What it holds if the context or metadata has this key."""
    return f" {_prefix(f'{field}.{key}')}: "


def anywhere(word: str) -> str:
    """What it holds if one of its words, in any field, begins with this word."""
    return f":{word}"


def _run(field: str, text: str) -> str:
    prefix = _prefix(field)
    return " ".join(f"{prefix}:{word}" for word in words(text))


def _prefix(field: str) -> str:
    name, dot, key = field.partition(".")
    # Escaped, a key cannot look like a word, a bar or another key.
    return _PREFIXES[name] + (f".{quote(key, safe='')}" if dot else "")
