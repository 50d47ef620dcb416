"""How a picture of a group differs from the one that was on the stage, in words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from modstation.core.assets import ModerationStatus
from modstation.core.language import counted, later, number, translate
from modstation.ui.wording import byte_size, duration

if TYPE_CHECKING:
    from datetime import datetime

    from modstation.core.assets import Asset
    from modstation.core.likeness import Alike

_NEW = timedelta(minutes=1)
# Icon, word, colour: a state is never told by colour alone.
_STATES = {
    ModerationStatus.APPROVED: ("approve", later("GroupWords", "approved"), "approve_text"),
    ModerationStatus.REJECTED: ("reject", later("GroupWords", "rejected"), "reject_text"),
}


class Fact(NamedTuple):
    """A few words, and whether they differ from those of the picture compared with."""

    text: str
    differs: bool


def likeness(alike: Alike, *, itself: bool) -> str:
    """How near a picture is: bits of PDQ that differ, and of pHash."""
    if itself:
        return translate("GroupWords", "the image you came from")
    if alike.distance == 0:
        return translate("GroupWords", "no difference found")
    forms = translate(
        "GroupWords",
        "{n} bit of 256 differ (pHash {phash})|{n} bits of 256 differ (pHash {phash})",
    )
    return counted(alike.distance, forms, phash=alike.phash_distance)


def file_facts(asset: Asset, other: Asset) -> list[Fact]:
    """Size, format and weight of one file beside another."""
    facts = []
    if asset.width and asset.height:
        text = f"{number(asset.width)} × {number(asset.height)}"
        facts.append(Fact(text, (asset.width, asset.height) != (other.width, other.height)))
    if asset.format:
        facts.append(Fact(asset.format.upper(), asset.format != other.format))
    if asset.bytes:
        facts.append(Fact(byte_size(asset.bytes), asset.bytes != other.bytes))
    return facts


def standing(alike: Alike, *, now: datetime) -> tuple[str, str, str]:
    """Icon, words and colour for the state of a picture and how long ago it came."""
    icon, said, colour = _STATES.get(alike.status, ("waiting", "", "muted"))
    word = str(said)
    if not word:
        word = translate("GroupWords", "waiting") if alike.waits else alike.status.word
        if alike.status is ModerationStatus.PENDING and not alike.waits:
            word = translate("GroupWords", "not in this queue")
    if alike.decision_id is not None:
        word = translate("GroupWords", "{state}, unposted").format(state=word)
    created = alike.entry.asset.created_at
    if created is None:
        return icon, word, colour
    age = duration(now - created) if now - created >= _NEW else translate("GroupWords", "new")
    return icon, f"{word} · {age}", colour
