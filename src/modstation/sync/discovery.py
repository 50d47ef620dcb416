"""What the service can do beyond Cloudinary's API, as it was last asked, kept in the database."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from modstation.core.clock import from_us, to_us
from modstation.remote.batch import Capabilities

if TYPE_CHECKING:
    from datetime import datetime

    from modstation.sync.standing import StateStore

STATE = "capabilities"


@dataclass(frozen=True, slots=True)
class Discovered:
    """What was found, and until when that is believed without asking again."""

    capabilities: Capabilities
    until: datetime


def remember(store: StateStore, found: Discovered) -> None:
    """Keep what was found."""
    value = {"until_us": to_us(found.until), **asdict(found.capabilities)}
    store.put_state(STATE, json.dumps(value))


def forget(store: StateStore) -> None:
    """The service turned out to be another than it said."""
    store.put_state(STATE, "{}")


def remembered(store: StateStore) -> Discovered | None:
    """What was found last, however long ago; None if nobody has asked yet, or not for all of it."""
    kept = json.loads(store.get_state(STATE) or "{}")
    if kept.keys() != {"until_us", *(known.name for known in fields(Capabilities))}:
        return None
    until = from_us(kept.pop("until_us"))
    return Discovered(Capabilities(**kept), until)
