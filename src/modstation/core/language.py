"""The words of the window in the language in use: looked up by the English they stand for.

Qt Linguist's ``lupdate`` reads the calls, so the arguments of ``translate``, ``later`` and
``noted`` are two plain strings, nothing else, and values are put in by name afterwards:
``translate("Outbox", "{count} held").format(count=number(held))``. Without a catalogue, or for a
text it lacks, the English stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

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


@dataclass(frozen=True, slots=True)
class Later:
    """A text that is made once and translated whenever it is read, of a class as well."""

    context: str
    text: str

    def __str__(self) -> str:
        return translate(self.context, self.text)

    def __get__(self, instance: object, owner: type | None = None) -> str:
        return translate(self.context, self.text)


def later(context: str, text: str) -> Later:
    """A text for a constant: the language is not known yet when a module is imported."""
    return Later(context, text)


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
