"""A simulated service, and what must be true of the station's choices, for the state machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from helpers.assets import APPROVED, PENDING, REJECTED, make_assets
from modstation.core.errors import (
    AssetGone,
    NotAuthorized,
    Refused,
    RemoteError,
    Throttled,
    Unknown,
    Unreachable,
)

if TYPE_CHECKING:
    from datetime import datetime

    from modstation.core.assets import Asset, ModerationStatus
    from modstation.core.outbox import Operation


class Mishap(Enum):
    """How one posting goes."""

    NONE = "answered"
    ANSWER_LOST = "the service acted, the answer was lost"
    NEVER_ARRIVED = "a time-out, and the service never acted"
    UNREACHABLE = "nothing was sent"
    THROTTLED = "420"
    NOT_AUTHORIZED = "401"
    REFUSED = "400"
    GONE = "404"

    @property
    def error(self) -> RemoteError:
        """What the client raises."""
        match self:
            case Mishap.UNREACHABLE:
                return Unreachable("refused")
            case Mishap.THROTTLED:
                return Throttled("quota")
            case Mishap.NOT_AUTHORIZED:
                return NotAuthorized("key")
            case Mishap.REFUSED:
                return Refused("no")
            case Mishap.GONE:
                return AssetGone("gone")
        return Unknown("no clear answer")


@dataclass(slots=True)
class Service:
    """The statuses as the service has them; ``foreign`` are the assets others have touched."""

    statuses: dict[str, ModerationStatus]
    foreign: set[str] = field(default_factory=set)

    def post(self, operation: Operation, mishap: Mishap) -> bool:
        """Act on a posting, or not; say whether the answer comes back."""
        if mishap in {Mishap.NONE, Mishap.ANSWER_LOST}:
            self.statuses[operation.ref.key] = operation.target
        return mishap is Mishap.NONE


@dataclass(slots=True)
class Snapshot:
    """A listing as the service answered it at some moment, perhaps applied much later."""

    at: datetime
    assets: list[Asset]


@dataclass(slots=True)
class Flight:
    """An operation in the engine's hands: claimed, and perhaps sent."""

    operation: Operation
    mishap: Mishap | None = None


@dataclass(slots=True)
class Choices:
    """What the moderator wants, kept apart from the store: choices by asset, and what undo takes.

    ``given_up`` are assets whose choice was dropped: what the service has of them is open.
    """

    of_asset: dict[str, list[str]] = field(default_factory=dict)
    targets: dict[str, ModerationStatus] = field(default_factory=dict)
    undo: list[tuple[str, str]] = field(default_factory=list)
    redo: list[tuple[str, str]] = field(default_factory=list)
    taken_back: set[str] = field(default_factory=set)
    given_up: set[str] = field(default_factory=set)
    ever: set[str] = field(default_factory=set)

    def choose(self, operation: Operation, *, redone: bool = False) -> None:
        """A new choice was made."""
        key, decision = operation.ref.key, operation.decision_id
        self.ever.add(key)
        self.of_asset.setdefault(key, []).append(decision)
        self.targets[decision] = operation.target
        self.undo.append((key, decision))
        if redone:
            self.redo.pop()
        else:
            self.redo.clear()

    def take_back(self) -> tuple[str, str]:
        """The last choice was undone."""
        key, decision = self.undo.pop()
        assert self.of_asset[key].pop() == decision
        self.taken_back.add(decision)
        self.redo.append((key, decision))
        return key, decision

    def give_up(self, key: str) -> None:
        """Every choice for an asset is over, and cannot be undone or redone."""
        self.taken_back.update(self.of_asset.pop(key, []))
        self.undo = [step for step in self.undo if step[0] != key]
        self.redo = [step for step in self.redo if step[0] != key]
        self.given_up.add(key)

    def newest(self, key: str) -> str | None:
        """The choice that counts."""
        made = self.of_asset.get(key)
        return made[-1] if made else None


PHOTOS = {asset.key: asset for asset in make_assets(2)}
STATUSES = [PENDING, APPROVED, REJECTED]
