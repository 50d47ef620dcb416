"""The dialog that takes images along: what it needs, how far it has got, how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.errors import AssetGone
from modstation.core.events import Connection, TripProgress
from modstation.core.outbox import Acknowledged, Failed
from modstation.core.settling import settle
from modstation.core.trip import Estimate, TripSummary
from modstation.store.station_store import StationStore
from modstation.ui.trip_dialog import TripDialog, estimate_text, summary_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.window import Desk

ALT = Qt.KeyboardModifier.AltModifier


def opened(desk: Desk) -> TripDialog:
    desk.press("Ctrl+Shift+O")
    dialog = desk.window.findChild(TripDialog)
    assert isinstance(dialog, TripDialog)
    return dialog


def test_images_are_taken_along_by_key_and_the_station_goes_offline(desk: Desk) -> None:
    dialog = opened(desk)
    desk.until(dialog.take.isEnabled)
    assert "12 images need about 1.4 MB, 10.0 GB are free." in dialog.words.text()
    dialog.number.setValue(5)
    desk.until(lambda: "5 images" in dialog.words.text() and dialog.take.isEnabled())
    QTest.keyClick(dialog, Qt.Key.Key_T, ALT)
    desk.until(lambda: any(name == "take" for name, _ in desk.network.asked))
    (keys,) = [keys for name, keys in desk.network.asked if name == "take"]
    assert isinstance(keys, tuple)
    assert len(keys) == 5
    desk.session.news.take(TripProgress(5, 2, 0))
    assert dialog.words.text() == "2 of 5 images here."
    assert dialog.bar.isVisible()
    assert dialog.bar.value() == 2
    desk.session.news.take(TripProgress(5, 4, 1))
    assert desk.network.asked[-1] == ("offline", True)
    assert "1 could not be fetched" in dialog.words.text()
    desk.connect(Connection.OFFLINE_CHOSEN)
    QTest.keyClick(dialog, Qt.Key.Key_R, ALT)
    assert desk.network.asked[-1] == ("take", ())
    dialog.close()


def test_what_does_not_fit_is_said_before_and_not_begun(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(12)
    desk.free_bytes = 200_500_000
    desk.ready()
    dialog = opened(desk)
    desk.until(lambda: "room for about 4" in dialog.words.text())
    QTest.keyClick(dialog, Qt.Key.Key_T, ALT)
    desk.settle()
    assert not any(name == "take" for name, _ in desk.network.asked)
    dialog.close()


def test_back_from_a_trip_a_line_sums_it_up(desk: Desk) -> None:
    dialog = opened(desk)
    desk.until(dialog.take.isEnabled)
    dialog.number.setValue(2)
    desk.until(lambda: "2 images" in dialog.words.text() and dialog.take.isEnabled())
    QTest.keyClick(dialog, Qt.Key.Key_T, ALT)
    desk.until(lambda: any(name == "take" for name, _ in desk.network.asked))
    desk.session.news.take(TripProgress(2, 2, 0))
    desk.connect(Connection.OFFLINE_CHOSEN)
    dialog.close()
    desk.press("A", "X")
    desk.press("Ctrl+S")
    desk.connect(Connection.ONLINE)
    clock = SystemClock()
    store = StationStore.open(desk.path, clock=clock, ids=TimeOrderedIds())
    try:
        now = clock.now()
        rejected, approved = store.claim(2, now)
        done = settle(rejected, Acknowledged(rejected.target), now=now)
        store.apply(rejected.operation_id, done, now=now)
        gone = settle(approved, Failed(AssetGone("It is gone.")), now=now)
        store.apply(approved.operation_id, gone, now=now)
    finally:
        store.close()
    desk.session.reload()
    desk.until(lambda: "Back online: 1 posted, 0 conflicts, 1 gone." in desk.message)
    assert "F6 shows" in desk.message
    assert ("take", ()) in desk.network.asked


def test_needs_and_room_are_told_in_words() -> None:
    small = Estimate(1000, 1_200_000_000, 800_000_000, 2_000_000_000)
    assert estimate_text(small) == (
        "1,000 images need about 1.2 GB, 800.0 MB are free. There is room for about 500."
    )
    over = Estimate(1000, 1_200_000_000, 9_000_000_000, 600_000_000)
    assert "the image cache may take 600.0 MB" in estimate_text(over)


def test_the_way_back_is_told_in_words() -> None:
    assert "nothing was decided" in summary_text(None)
    told = summary_text(TripSummary(posted=180, conflicts=3, gone=2, waiting=15))
    assert told == "Back online: 180 posted, 15 still to post, 3 conflicts, 2 gone."
