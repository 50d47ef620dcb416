"""How a picture of a group differs from the one that was on the stage, in words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from modstation.core.assets import ModerationStatus
from modstation.ui.wording import byte_size, duration

if TYPE_CHECKING:
    from datetime import datetime

    from modstation.core.assets import Asset
    from modstation.core.likeness import Alike

_NEW = timedelta(minutes=1)
# Icon, word, colour: a state is never told by colour alone.
_STATES = {
    ModerationStatus.APPROVED: ("approve", "approved", "approve_text"),
    ModerationStatus.REJECTED: ("reject", "rejected", "reject_text"),
}


class Fact(NamedTuple):
    """A few words, and whether they differ from those of the picture compared with."""

    text: str
    differs: bool


def likeness(alike: Alike, *, itself: bool) -> str:
    """How near a picture is: bits of PDQ that differ, and of pHash."""
    if itself:
        return "the image you came from"
    if alike.distance == 0:
        return "no difference found"
    bits = "1 bit" if alike.distance == 1 else f"{alike.distance} bits"
    return f"{bits} of 256 differ (pHash {alike.phash_distance})"


def file_facts(asset: Asset, other: Asset) -> list[Fact]:
    """Size, format and weight of one file beside another."""
    facts = []
    if asset.width and asset.height:
        text = f"{asset.width:,} × {asset.height:,}"
        facts.append(Fact(text, (asset.width, asset.height) != (other.width, other.height)))
    if asset.format:
        facts.append(Fact(asset.format.upper(), asset.format != other.format))
    if asset.bytes:
        facts.append(Fact(byte_size(asset.bytes), asset.bytes != other.bytes))
    return facts


def standing(alike: Alike, *, now: datetime) -> tuple[str, str, str]:
    """Icon, words and colour for the state of a picture and how long ago it came."""
    icon, word, colour = _STATES.get(alike.status, ("waiting", "", "muted"))
    if not word:
        word = "waiting" if alike.waits else alike.status.value
        if alike.status is ModerationStatus.PENDING and not alike.waits:
            word = "not in this queue"
    if alike.decision_id is not None:
        word += ", unposted"
    created = alike.entry.asset.created_at
    if created is None:
        return icon, word, colour
    age = duration(now - created) if now - created >= _NEW else "new"
    return icon, f"{word} · {age}", colour
