"""What was rejected for a reason that covers is covered in every view, in later sessions too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from helpers.assets import APPROVED, PENDING, REJECTED, fill, make_asset, make_assets
from helpers.window import Desk
from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.outbox import Acknowledged
from modstation.core.protection import Protection
from modstation.core.queue import QueueView
from modstation.core.settling import settle
from modstation.store.station_store import StationStore
from modstation.ui.history_sheet import HistorySheet

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from modstation.app.grid_session import GridSession
    from modstation.core.assets import ModerationStatus

pytestmark = pytest.mark.usefixtures("qapp")

NUDE, BLURRED, WAITING = (f"photos/{number:04d}" for number in (1, 2, 3))


@pytest.fixture
def shift(tmp_path: Path, qapp: QApplication) -> Path:
    """A database on which the first photo was rejected for nudity, the second for its quality."""
    with sit_down(tmp_path, make_assets(3), hold=timedelta(0)) as desk:
        desk.press("1", "0")
        post(desk)
    return tmp_path


def sit_down(folder: Path, assets: Any, **options: Any) -> Desk:
    desk = Desk(folder, assets, **options)
    desk.ready()
    return desk


def the_next_day(folder: Path, **options: Any) -> Desk:
    """Another session on the same database; one photo still waits."""
    return sit_down(folder, [make_asset(3)], **options)


def post(desk: Desk) -> None:
    """What is ready reaches the service."""
    desk.settle()
    now = SystemClock().now()
    store = open_store(desk)
    for row in store.claim(8, now):
        store.apply(row.operation_id, settle(row, Acknowledged(row.target), now=now), now=now)
    store.close()


def open_store(desk: Desk) -> StationStore:
    return StationStore.open(desk.path, clock=SystemClock(), ids=TimeOrderedIds())


def review(desk: Desk, status: ModerationStatus) -> None:
    desk.session.change_view(QueueView(status=status))
    desk.until(lambda: desk.session.loaded and desk.current is not None, "nothing is there")
    desk.settle()
    desk.ready()


def contact_sheet(desk: Desk, count: int) -> GridSession:
    """The opened sheet, once all its tiles were painted."""
    desk.press("T")
    panel = desk.window.grid
    assert panel is not None
    tiles = panel.grid.tiles
    desk.until(
        lambda: len(tiles) == count and all(tiles[n].look.painted_at for n in range(count)),
        "the tiles were never painted",
    )
    return panel.grid


def strip(desk: Desk) -> dict[str, bool]:
    """Which images of the filmstrip are covered."""
    return {item.key.split("/", 2)[-1]: item.protected for item in desk.session.strip()}


def test_the_stage_and_the_filmstrip_cover_it_in_the_next_session(shift: Path) -> None:
    with the_next_day(shift) as desk:
        review(desk, REJECTED)
        assert desk.current == NUDE
        assert desk.session.looking.covered
        assert strip(desk) == {NUDE: True, BLURRED: False}
        desk.press("J")
        assert desk.current == BLURRED
        assert not desk.session.looking.covered


def test_the_contact_sheet_covers_it_in_the_next_session(shift: Path) -> None:
    with the_next_day(shift) as desk:
        review(desk, REJECTED)
        tiles = contact_sheet(desk, 2).tiles
        covered = {
            tile.entry.asset.ref.public_id: tile.look.covered for tile in (tiles[0], tiles[1])
        }
        assert covered == {NUDE: True, BLURRED: False}


def test_the_history_covers_it_in_the_next_session(shift: Path) -> None:
    with the_next_day(shift) as desk:
        desk.press("Ctrl+H")
        sheet = desk.window.sheet
        assert isinstance(sheet, HistorySheet)
        desk.until(lambda: len(sheet.history.items) == 2, "the history was not read")
        covered = {i.entry.asset.ref.public_id: i.protected for i in sheet.history.items}
        assert covered == {NUDE: True, BLURRED: False}


def test_it_stays_covered_once_it_is_approved_after_all(shift: Path) -> None:
    with the_next_day(shift, hold=timedelta(0)) as desk:
        review(desk, REJECTED)
        desk.press("V", "A", "A")
        post(desk)
    with the_next_day(shift) as desk:
        review(desk, APPROVED)
        assert desk.current == NUDE
        assert desk.session.looking.covered


def test_what_somebody_else_rejected_is_covered_until_one_looks(shift: Path) -> None:
    with the_next_day(shift) as desk:
        store = open_store(desk)
        theirs = [make_asset(21, status=REJECTED), make_asset(31, status=APPROVED)]
        for asset in theirs:
            fill(store, [asset], view=QueueView(status=asset.status), at=datetime.now(UTC))
        store.close()
        review(desk, APPROVED)
        assert not desk.session.looking.covered
        review(desk, REJECTED)
        assert desk.current == "photos/0021"
        assert desk.session.looking.covered
        desk.press("A")
        assert "Uncover the image first" in desk.message
        desk.press("V", "A")
        assert "Press A again" in desk.message


def test_whoever_chose_never_to_cover_sees_it_uncovered(shift: Path) -> None:
    with the_next_day(shift, protection=Protection.NEVER) as desk:
        review(desk, REJECTED)
        assert not desk.session.looking.covered


def test_a_reason_that_is_changed_to_one_that_covers_covers_the_filmstrip(tmp_path: Path) -> None:
    with sit_down(tmp_path, 3) as desk:
        desk.press("0")
        assert strip(desk)[NUDE] is False
        desk.press("Ctrl+H")
        sheet = desk.window.sheet
        assert isinstance(sheet, HistorySheet)
        desk.until(lambda: sheet.history.look.painted_at is not None, "the picture never came")
        desk.press("1")
        desk.until(lambda: len(sheet.history.items) == 2, "it was not changed")
        assert strip(desk)[NUDE] is True


def test_many_rejected_at_one_stroke_are_covered_in_the_filmstrip(tmp_path: Path) -> None:
    with sit_down(tmp_path, 3) as desk:
        contact_sheet(desk, 3)
        desk.press("Ctrl+A")
        desk.press("1")
        desk.until(lambda: desk.session.counts.held == 3, "they were not rejected")
        assert set(strip(desk).values()) == {True}


def test_undo_brings_it_back_covered(tmp_path: Path) -> None:
    with sit_down(tmp_path, 3) as desk:
        desk.press("1", "U")
        desk.until(lambda: desk.current == NUDE, "it did not come back")
        assert desk.session.view.status is PENDING
        assert desk.session.looking.covered


def test_what_was_taken_back_waits_covered_in_the_next_session_too(tmp_path: Path) -> None:
    with sit_down(tmp_path, 3) as desk:
        desk.press("1", "U")
        desk.until(lambda: desk.current == NUDE, "it did not come back")
    with sit_down(tmp_path, make_assets(3)) as desk:
        assert desk.current == NUDE
        assert desk.session.looking.covered
        desk.press("J")
        assert not desk.session.looking.covered


def test_one_key_shows_what_was_rejected_for_its_form_and_approves_it_after_all(
    shift: Path,
) -> None:
    with the_next_day(shift) as desk:
        desk.press("Ctrl+R")
        desk.until(lambda: desk.session.loaded and desk.current == BLURRED, "it was not found")
        desk.settle()
        desk.ready()
        assert list(strip(desk)) == [BLURRED]
        assert desk.window.filter_bar.field.text() == "reason:technical"
        desk.press("A")
        assert "restores the image from its backup" in desk.message
        desk.press("A")
        assert (BLURRED, "approve", None) in desk.stored()
        assert desk.current is None
        desk.press("Ctrl+R")
        desk.until(lambda: desk.current == WAITING, "it did not go back")
        assert desk.message == "Back to what you looked at before."
        assert desk.window.filter_bar.isHidden()


def test_without_a_technical_reason_there_is_nothing_to_rescue(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(
        '[policy]\nversion = "1"\ntitle = "Short"\n'
        '[[reason]]\ncode = "spam"\nkey = "1"\ntitle = "Spam"\n',
        encoding="utf-8",
    )
    with sit_down(tmp_path, 3, policy=str(policy)) as desk:
        desk.press("Ctrl+R")
        assert "no technical reason" in desk.message
        assert desk.session.view.status is PENDING
