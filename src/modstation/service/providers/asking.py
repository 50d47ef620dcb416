"""What a provider is asked and how it answers: the same for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from modstation.service.assets.stored import Asset


class Away(Exception):
    """The provider cannot be reached, or cannot answer now: ask again later."""


class Refused(Exception):
    """The provider will never answer about this picture: people have to."""


class NeverSeen(Exception):
    """The provider knows nothing of what it is asked about: hand it in again."""


@dataclass(frozen=True, slots=True)
class Print:
    """What a picture is known by later: PDQ, or None where there is too little in it.

    ``limit`` is how like another one it must not be; 0 for any.
    """

    pdq: bytes | None
    limit: float = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A machine's verdict, ``approved`` or ``rejected``, and its words for the entry.

    ``note`` is for the history; ``known_by`` is added to the pictures that later ones are
    compared with.
    """

    status: str
    response: object = None
    note: str | None = None
    known_by: Print | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One picture and what stands behind the kind's colon; None if there is no colon."""

    asset: Asset
    options: str | None


@dataclass(frozen=True, slots=True)
class Address:
    """How a provider gets at the picture, tells its decision, and what it is to call it."""

    picture: str
    callback: str
    reference: str


class Prompt(Protocol):
    """A provider that answers at once."""

    def ask(self, question: Question) -> Answer:
        """The verdict; raises Away or Refused."""
        ...


class Patient(Protocol):
    """A provider that takes a picture in and decides later."""

    #: Seconds between two looks.
    look_seconds: float

    def hand_in(self, address: Address) -> str:
        """Submit a picture; the provider's name for it. Raises Away or Refused."""
        ...

    def find(self, address: Address) -> str:
        """The name of what was handed in before, by our reference; NeverSeen, Away, Refused."""
        ...

    def look(self, ticket: str) -> Answer | None:
        """The decision, None while there is none; raises NeverSeen, Away or Refused."""
        ...
