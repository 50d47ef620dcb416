"""The words of the window in the language in use: looked up by the English they stand for.

Qt Linguist's ``lupdate`` reads the calls, so the arguments of ``translate``, ``later`` and
``noted`` are two plain strings, nothing else, and values are put in by name afterwards:
``translate("Outbox", "{count} held").format(count=number(held))``. Without a catalogue, or for a
text it lacks, the English stands.

What is kept in a database, or comes from a process without a catalogue, is a ``later`` text with
its values (``packed``), so that it is read in the language of the day.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime


class Texts(Protocol):
    """A catalogue: what a text of a context is called; a ``dict`` is one."""

    def get(self, key: tuple[str, str], default: str, /) -> str:
        """The translation, or the text itself."""
        ...


@dataclass(frozen=True, slots=True)
class Language:
    """Texts, and how numbers and dates are written. ``one_below``: counts under it are singular."""

    code: str = "en"
    texts: Texts = field(default_factory=dict[tuple[str, str], str])
    thousands: str = ","
    point: str = "."
    date: str = "%Y-%m-%d"
    zero_is_one: bool = False


ENGLISH = Language()
# One for the process: a text is looked up where it is made, in every layer, and nothing but a test
# or the start of a process ever changes it.
_in_use = [ENGLISH]


def use(language: Language) -> None:
    """Let every text from now on be in this language."""
    _in_use[0] = language


def in_use() -> Language:
    """The language of this process."""
    return _in_use[0]


def translate(context: str, text: str) -> str:
    """The text in the language in use; ``{names}`` in it are left for ``format``."""
    return _in_use[0].texts.get((context, text), text)


_NAME = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Later:
    """A text that is made once and translated whenever it is read, of a class as well.

    ``values`` stand for its ``{names}``; without any, they are left for ``format``.
    """

    context: str
    text: str
    values: tuple[tuple[str, Value], ...] = ()

    def __str__(self) -> str:
        said = translate(self.context, self.text)
        if not self.values:
            return said
        named = {name: _worded(value) for name, value in self.values}
        # No str.format: a worker that hostile bytes took over may have written the text.
        return _NAME.sub(lambda found: named.get(found[1], found[0]), said)

    def __get__(self, instance: object, owner: type | None = None) -> str:
        return str(self)

    def format(self, **values: Value) -> Later:
        """The text with its values, still to be translated; whole numbers are written then."""
        return replace(self, values=tuple(values.items()))


Value: TypeAlias = str | int | Later
Sentence: TypeAlias = str | Later
"""A sentence: in words, or to be put into the language of whoever reads it."""


def later(context: str, text: str) -> Later:
    """A text for a constant: the language is not known yet when a module is imported.

    Also for what is kept or sent on, and may be read in another language.
    """
    return Later(context, text)


def packed(message: Sentence) -> str:
    """A sentence as it is kept in a database or sent by another process; ``unpacked`` reads it."""
    return json.dumps(_parts(message)) if isinstance(message, Later) else message


def unpacked(text: str) -> Sentence:
    """What was packed; any other text is the sentence itself, as databases had them before."""
    if not text.startswith('["'):
        return text
    try:
        return _of_parts(json.loads(text))
    except (ValueError, TypeError, RecursionError):
        return text


def _worded(value: Value) -> str:
    return number(value) if isinstance(value, int) else str(value)


def _parts(message: Later) -> list[object]:
    values = {
        name: _parts(value) if isinstance(value, Later) else value for name, value in message.values
    }
    return [message.context, message.text, values]


def _of_parts(parts: object) -> Later:
    """``TypeError`` or ``ValueError`` if they are of another form."""
    if not isinstance(parts, list):
        raise TypeError
    context, text, values = parts
    if not (isinstance(context, str) and isinstance(text, str) and isinstance(values, dict)):
        raise TypeError
    return Later(
        context,
        text,
        tuple(
            (name, value if isinstance(value, str | int) else _of_parts(value))
            for name, value in values.items()
        ),
    )


def noted(context: str, text: str) -> str:
    """The text itself, for the catalogue to know: it is translated where it is shown."""
    del context
    return text


def counted(count: int, forms: str, **values: object) -> str:
    """A translated ``"{n} image|{n} images"`` in the form that fits the count, with its values."""
    one, _, many = forms.partition("|")
    single = count == 1 or (count == 0 and _in_use[0].zero_is_one)
    return (one if single or not many else many).format(n=number(count), **values)


def number(count: int) -> str:
    """A whole number with its thousands apart."""
    return f"{count:,}".replace(",", _in_use[0].thousands)


def decimal(value: float, places: int = 1) -> str:
    """A number with so many decimal places."""
    return f"{value:.{places}f}".replace(".", _in_use[0].point)


def day(time: datetime) -> str:
    """A date in figures."""
    return time.strftime(_in_use[0].date)
