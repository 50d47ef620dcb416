"""What the station and its network process say to each other: one line of JSON a message.

The first line to the child is the specification with the account's secret: it goes through the
pipe, never through arguments or environment, where other programs could read it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from modstation.core.accounts import Account, Credentials
from modstation.core.assets import ModerationStatus
from modstation.core.decisions import PastDecision
from modstation.core.events import (
    ConflictFound,
    Connection,
    ConnectionChanged,
    Event,
    HeldElsewhere,
    ImageCached,
    ImageFailed,
    ImageProgress,
    PastDecisionsTold,
    QueueChanged,
    TripProgress,
)
from modstation.core.language import in_use
from modstation.core.pacing import Quota
from modstation.core.queue import Counts, Order, QueueView, Split

if TYPE_CHECKING:
    from pathlib import Path

    from modstation.app.paths import AccountFolder
    from modstation.app.settings import Settings

# The network process starts before the screen is known; the first time a common one is assumed.
USUAL_EDGE = 1920

WAKE, FOCUS, ORIGINAL, OFFLINE, CLOSE = "wake", "focus", "original", "offline", "close"
PURGE, VIEW, TAKE, PAST = "purge", "view", "take", "past"


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """Everything the network process is told when it starts; ``secret`` shows in no ``repr``."""

    account: Account
    secret: str = field(repr=False)
    folder: str
    log: str
    view: QueueView
    offline: bool = False
    review_edge: int = USUAL_EDGE
    cache_bytes: int = 1024 * 1024 * 1024
    refresh_seconds: float = 60.0
    backlog_limit: int = 2_000_000
    write_reasons: bool = False
    actor: str = ""
    language: str = "en"

    @classmethod
    def of(
        cls,
        *,
        credentials: Credentials,
        folder: AccountFolder,
        log: Path,
        view: QueueView,
        settings: Settings,
        screen_edge: int | None = None,
        offline: bool = False,
    ) -> NetworkSpec:
        """The specification of a station's network process.

        ``screen_edge``: the longer side, in pixels, of the screen the last window was on.
        """
        return cls(
            account=credentials.account,
            secret=credentials.secret,
            folder=str(folder.path),
            log=str(log),
            view=view,
            offline=offline,
            review_edge=settings.review_edge or screen_edge or USUAL_EDGE,
            cache_bytes=settings.cache_limit_mb * 1024 * 1024,
            refresh_seconds=float(settings.refresh_seconds),
            backlog_limit=settings.backlog_limit,
            write_reasons=settings.write_reasons,
            actor=settings.actor_name,
            language=in_use().code,
        )

    @property
    def credentials(self) -> Credentials:
        """The account and its secret."""
        return Credentials(self.account, self.secret)


def line(message: dict[str, Any]) -> bytes:
    """One message as it goes through a pipe (ASCII, so that no text can end the line early)."""
    return json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"


def spec_line(spec: NetworkSpec) -> bytes:
    """The first line to the child."""
    return line(asdict(spec))


def parse_spec(text: bytes) -> NetworkSpec:
    """Read the first line; ``ValueError``, ``KeyError`` or ``TypeError`` if it is none."""
    value = json.loads(text)
    view = view_of(value.pop("view"))
    return NetworkSpec(account=Account(**value.pop("account")), view=view, **value)


def view_message(view: QueueView) -> dict[str, Any]:
    """What tells the child to list another view."""
    return {VIEW: asdict(view.listed)}


def view_of(value: dict[str, Any]) -> QueueView:
    """The view of a message; ``ValueError``, ``KeyError`` or ``TypeError`` if it is none."""
    split = value["split"]
    return QueueView(
        tuple(value["kinds"]),
        ModerationStatus(value["status"]),
        Split(**split) if split else None,
        Order(value["order"]),
    )


def event_line(event: Event) -> bytes:
    """An event as it goes to the station."""
    match event:
        case QueueChanged(counts=counts, view=view):
            return line({"event": "queue", "counts": asdict(counts), **view_message(view)})
        case ConnectionChanged(connection=connection, message=text, until=until, quota=quota):
            told = None
            if quota is not None:
                told = [quota.limit, quota.remaining, quota.reset_at.isoformat()]
            return line(
                {
                    "event": "connection",
                    "connection": connection.value,
                    "message": text,
                    "until": until.isoformat() if until else None,
                    "quota": told,
                }
            )
        case ImageCached(key=key, rendition=rendition):
            return line({"event": "cached", "key": key, "rendition": rendition})
        case ImageProgress():
            return line({"event": "progress", **asdict(event)})
        case ImageFailed():
            return line({"event": "failed", **asdict(event)})
        case TripProgress():
            return line({"event": "trip", **asdict(event)})
        case PastDecisionsTold(key=key, decisions=decisions):
            past = [
                asdict(one) | {"at": one.at.isoformat() if one.at else None} for one in decisions
            ]
            return line({"event": "past", "key": key, "decisions": past})
        case ConflictFound():
            return line({"event": "conflict", **asdict(event)})
        case HeldElsewhere():
            return line({"event": "held", **asdict(event)})


def parse_event(text: bytes) -> Event:
    """Read an event of the child; ``ValueError``, ``KeyError`` or ``TypeError`` if it is none."""
    value = json.loads(text)
    match value.pop("event"):
        case "queue":
            return QueueChanged(Counts(**value["counts"]), view_of(value[VIEW]))
        case "connection":
            quota = value["quota"]
            return ConnectionChanged(
                Connection(value["connection"]),
                value["message"],
                datetime.fromisoformat(value["until"]) if value["until"] else None,
                Quota(quota[0], quota[1], datetime.fromisoformat(quota[2])) if quota else None,
            )
        case "cached":
            return ImageCached(**value)
        case "progress":
            return ImageProgress(**value)
        case "failed":
            return ImageFailed(**value)
        case "trip":
            return TripProgress(**value)
        case "past":
            return PastDecisionsTold(value["key"], tuple(map(_past_of, value["decisions"])))
        case "conflict":
            return ConflictFound(**value)
        case "held":
            return HeldElsewhere(**value)
        case other:
            raise ValueError(f"unknown event {other!r}")


def _past_of(value: dict[str, Any]) -> PastDecision:
    at = value["at"]
    return PastDecision(
        **value
        | {
            "status": ModerationStatus(value["status"]),
            "at": datetime.fromisoformat(at) if at else None,
        }
    )
