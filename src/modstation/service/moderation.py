"""What becomes of an asset's moderation entries: pure rules (reference 2.2, 3.6).

An asset carries one entry per moderation asked for. One is being decided (``pending``), those
behind it wait (``queued``); a rejection makes the waiting ones ``aborted``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modstation.service.faults import BadRequest

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

APPROVED = "approved"
REJECTED = "rejected"
PENDING = "pending"
QUEUED = "queued"
ABORTED = "aborted"

STATUSES = frozenset({APPROVED, REJECTED, PENDING, QUEUED, ABORTED})
#: What a person may set (``pending`` puts an asset back into its queue).
SETTABLE = frozenset({APPROVED, REJECTED, PENDING})
WAITING = frozenset({PENDING, QUEUED})
KINDS = frozenset(
    {
        "manual",
        "webpurify",
        "aws_rek",
        "aws_rek_video",
        "perception_point",
        "google_video_moderation",
        "duplicate",
        "metascan",
    }
)
_ADD_ON = {
    "webpurify": "WebPurify's Image Moderation",
    "aws_rek": "Amazon Rekognition AI Moderation",
    "aws_rek_video": "Amazon Rekognition Video Moderation",
    "perception_point": "Perception Point Malware Detection",
    "google_video_moderation": "Google AI Video Moderation",
    "duplicate": "Cloudinary Duplicate Image Detection",
    "metascan": "MetaDefender Anti-Malware Protection",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One moderation of one asset; ``updated_us`` is None until it was decided."""

    kind: str
    status: str
    updated_us: int | None = None
    response: object = None


def entries_for(requested: str, *, available: Collection[str]) -> tuple[Entry, ...]:
    """The entries an upload with ``moderation=requested`` starts with, in the order they run.

    Raises BadRequest for a kind nobody knows and for one this service does not offer.
    """
    kinds: list[str] = []
    for value in requested.split("|"):
        kind, colon, _options = value.strip().partition(":")
        if kind not in KINDS or (colon and kind in ("manual", "webpurify")):
            raise BadRequest(f"Moderation {value.strip()} moderation is not valid")
        if kind not in available:
            raise BadRequest(f"You don't have an active subscription for {_ADD_ON.get(kind, kind)}")
        if kind not in kinds:
            kinds.append(kind)
    # ``manual`` runs last wherever it was written: a person looks at what machines let through.
    kinds.sort(key=lambda kind: kind == "manual")
    return tuple(Entry(kind, QUEUED if place else PENDING) for place, kind in enumerate(kinds))


def overall(entries: Sequence[Entry]) -> str | None:
    """The status of the asset as a whole; None if it was never moderated."""
    statuses = {entry.status for entry in entries}
    if not statuses:
        return None
    if REJECTED in statuses:
        return REJECTED
    return PENDING if statuses & WAITING else APPROVED


def deciding(entries: Sequence[Entry]) -> int | None:
    """The place of the entry a person's decision goes to.

    The pending one; else the rejection that is being overridden; else the latest decided one.
    """
    for status in (PENDING, REJECTED):
        for place, entry in enumerate(entries):
            if entry.status == status:
                return place
    decided = [place for place, entry in enumerate(entries) if entry.status == APPROVED]
    return decided[-1] if decided else None


def decide(
    entries: Sequence[Entry], status: str, *, now_us: int, kind: str | None = None
) -> tuple[tuple[Entry, ...], str]:
    """The entries after a person set ``status``, and the kind of the entry that took it.

    The entry keeps its kind and its machine's response. A verdict outranks everything that
    still waits, which becomes ``aborted``; ``pending`` reopens the entry alone. An asset that
    was never moderated gets a ``manual`` entry. Raises BadRequest for a ``kind`` it has not.
    """
    place = deciding(entries)
    if kind is not None:
        place = next((i for i, entry in enumerate(entries) if entry.kind == kind), None)
        if place is None and entries:
            raise BadRequest(f"Resource has no {kind} moderation")
    if place is None:
        return (*entries, Entry(kind or "manual", status, now_us)), kind or "manual"
    after = []
    for i, entry in enumerate(entries):
        if i == place:
            after.append(replace(entry, status=status, updated_us=now_us))
        elif status != PENDING and entry.status in WAITING:
            after.append(replace(entry, status=ABORTED, updated_us=now_us))
        elif status == APPROVED and entry.status == REJECTED:
            # Two rejections cannot both stand beside a person's approval.
            after.append(replace(entry, status=ABORTED, updated_us=now_us))
        else:
            after.append(entry)
    return tuple(after), entries[place].kind
