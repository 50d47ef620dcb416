"""How pictures of a group differ, in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from helpers.assets import APPROVED, FIRST_CREATED, PENDING, REJECTED, make_asset
from modstation.core.assets import ModerationStatus
from modstation.core.likeness import Alike
from modstation.core.queue import QueueEntry, QueuePosition
from modstation.ui.group_words import file_facts, likeness, standing


def alike(
    status: ModerationStatus = PENDING,
    *,
    waits: bool = True,
    distance: int = 0,
    phash_distance: int = 0,
    decision_id: str | None = None,
) -> Alike:
    entry = QueueEntry(QueuePosition(0, 0, "k"), make_asset(1), "manual")
    return Alike(entry, waits, distance, phash_distance, status, decision_id)


@pytest.mark.parametrize(
    ("distance", "phash", "itself", "words"),
    [
        (0, 0, True, "the image you came from"),
        (0, 2, False, "no difference found"),
        (1, 0, False, "1 bit of 256 differ (pHash 0)"),
        (12, 3, False, "12 bits of 256 differ (pHash 3)"),
    ],
)
def test_how_near_a_picture_is(distance: int, phash: int, itself: bool, words: str) -> None:
    assert likeness(alike(distance=distance, phash_distance=phash), itself=itself) == words


def test_what_differs_is_told_from_what_does_not() -> None:
    small = make_asset(1, width=640, height=480, bytes=80_000)
    facts = file_facts(small, make_asset(2))
    assert [(fact.text, fact.differs) for fact in facts] == [
        ("640 × 480", True),
        ("JPG", False),
        ("80.0 kB", True),
    ]


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (alike(), "waiting · 3 h"),
        (alike(waits=False), "not in this queue · 3 h"),
        (alike(REJECTED, waits=False, decision_id="d"), "rejected, unposted · 3 h"),
        (alike(APPROVED, waits=False), "approved · 3 h"),
        (alike(ModerationStatus.QUEUED, waits=False), "queued · 3 h"),
    ],
)
def test_how_a_picture_stands(one: Alike, words: str) -> None:
    now = FIRST_CREATED + timedelta(hours=3, seconds=30)
    assert standing(one, now=now)[1] == words


def test_a_new_picture_has_no_age() -> None:
    assert standing(alike(), now=FIRST_CREATED + timedelta(seconds=20))[1] == "waiting · new"
