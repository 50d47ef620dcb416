"""Fingerprints are made for what is near, a few at a time, and never before the first picture."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from helpers.assets import MANUAL_PENDING, fill, make_asset, make_assets, open_store
from helpers.session_desk import HandStore
from modstation.app.fingerprinting import AT_ONCE, Fingerprinting
from modstation.app.look import Look
from modstation.core.clock import ManualClock
from modstation.core.errors import StoreBusy
from modstation.core.likeness import Fingerprint
from modstation.core.queue import Order
from modstation.media.fingerprinter import Printed, Unprinted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from modstation.core.queue import QueueEntry, QueueView

SOME = Fingerprint(bytes(32), 90, bytes(8))


@dataclass
class Looking:
    look: Look = field(default_factory=lambda: Look(protected=False, painted_at=1.0))


@dataclass
class Making:
    """The presenter on a real database and a worker that answers when the test says so."""

    store: HandStore
    current: QueueEntry | None
    view: QueueView = MANUAL_PENDING
    looking: Looking = field(default_factory=Looking)
    wanted: list[Unprinted] = field(default_factory=list)
    kept: list[bool] = field(default_factory=list)
    reloads: int = 0
    decoding: bool = False

    def __post_init__(self) -> None:
        self.making = Fingerprinting(self.store, self, self, idle=lambda: not self.decoding)
        self.making.on_kept = lambda: self.kept.append(True)

    def want(self, pictures: Sequence[Unprinted]) -> None:
        self.wanted = list(pictures)

    def reload(self) -> None:
        self.reloads += 1

    def tick(self) -> list[Unprinted]:
        self.wanted = []
        self.making.tick()
        self.store.settle()
        return self.wanted

    def answer(self, *, here: bool = True) -> None:
        pictures, self.wanted = self.wanted, []
        self.making.printed([Printed(p.key, p.revision, SOME, here=here) for p in pictures])
        self.store.settle()


@pytest.fixture
def making(tmp_path: Path) -> Iterator[Making]:
    clock = ManualClock()
    store = open_store(tmp_path, clock=clock)
    fill(store, make_assets(12), at=clock.now())
    yield Making(HandStore(store), store.entry(make_asset(1).key))
    store.close()


def test_nothing_is_begun_before_a_picture_was_painted(making: Making) -> None:
    making.looking.look.painted_at = None
    assert making.tick() == []
    making.looking.look.painted_at = 1.0
    assert len(making.tick()) == AT_ONCE


def test_nothing_is_begun_while_pictures_are_decoded_for_the_window(making: Making) -> None:
    making.decoding = True
    assert making.tick() == []
    making.decoding = False
    making.tick()
    making.decoding = True
    making.answer()
    assert making.wanted == []
    making.decoding = False
    assert len(making.tick()) == AT_ONCE


def test_the_nearest_come_first_and_the_next_ones_follow_at_once(making: Making) -> None:
    assert making.tick()[0] == Unprinted(make_asset(1).key, "v1")
    making.answer()
    assert [one.key for one in making.wanted] == [make_asset(n).key for n in (5, 6, 7, 8)]
    making.answer()
    making.answer()
    assert making.tick() == []
    assert making.kept == [True, True, True]


def test_where_copies_come_together_the_queue_is_read_anew(making: Making) -> None:
    making.tick()
    making.answer()
    assert making.reloads == 0
    making.view = replace(making.view, order=Order.TOGETHER)
    making.answer()
    assert making.reloads == 1


def test_one_batch_at_a_time(making: Making) -> None:
    assert making.tick()
    assert making.tick() == []


def test_a_picture_that_is_not_here_is_passed_over_until_it_arrives(making: Making) -> None:
    making.tick()
    making.answer(here=False)
    assert [one.key for one in making.tick()] == [make_asset(n).key for n in (5, 6, 7, 8)]
    making.answer(here=False)
    assert [one.key for one in making.tick()] == [make_asset(n).key for n in (9, 10, 11, 12)]
    making.answer(here=False)
    assert making.tick() == []
    making.making.image_cached(make_asset(3).key)
    assert [one.key for one in making.tick()] == [make_asset(3).key]


def test_a_busy_database_is_asked_again(making: Making) -> None:
    making.store.failing = StoreBusy("Another program is using it.")
    assert making.tick() == []
    assert len(making.tick()) == AT_ONCE
