"""A moderator settles a whole screen at a real station, takes it back, and takes one image back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.live_service import LiveService
from helpers.station_desk import StationDesk
from modstation.app.look import Shown
from modstation.core.outbox import OperationState
from modstation.media.frames import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modstation.app.grid_session import GridSession


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LiveService]:
    with LiveService(tmp_path) as live:
        yield live


def show(desk: StationDesk, grid: GridSession, count: int) -> None:
    """Wait for the pictures of that many tiles, and paint them as the window does."""
    desk.until(lambda: len(grid.tiles) == count, "the tiles were not read")
    desk.until(
        lambda: all(isinstance(frame, Frame) for _, _, frame in grid.seen()), "no tile was decoded"
    )
    grid.on_screen.painted({tile.key: Shown.PICTURE for tile, _, _ in grid.seen()}, whole_view=True)


def settle_screen(desk: StationDesk, grid: GridSession, *, reject: set[str]) -> None:
    """Mark some, and confirm that they are rejected and the others approved."""
    grid.tiles.mark(t for t, _, _ in grid.seen() if t.entry.asset.ref.public_id in reject)
    grid.strokes.propose()
    assert grid.strokes.statement is not None
    assert grid.strokes.statement.consequence == "reject 2 marked and approve the other 4 on screen"
    assert not desk.operations(OperationState.HELD), "stated, not done"
    grid.strokes.propose()


def test_a_screen_is_settled_taken_back_and_settled_again_but_for_one_image(
    service: LiveService, own_home: Path
) -> None:
    names = service.fill(6)
    bad = set(names[:2])
    with StationDesk(own_home, service.cloudinary_url, hold=300) as desk:
        desk.has(6)
        grid = desk.station.make_grid()
        grid.resize(1000, 700, 1.0)
        grid.open()
        show(desk, grid, 6)
        settle_screen(desk, grid, reject=bad)
        desk.until(lambda: len(desk.operations(OperationState.HELD)) == 6, "not stored")
        assert len(grid.tiles) == 0

        assert "Taken back: Reject 2, approve 4 images" in desk.undo()
        assert len(desk.operations(OperationState.CANCELLED)) == 6
        show(desk, grid, 6)
        settle_screen(desk, grid, reject=bad)
        desk.until(lambda: len(desk.operations(OperationState.HELD)) == 6, "not stored")

        history = desk.station.history
        history.open(lambda: None)
        desk.until(lambda: history.loaded, "the last decisions were not read")
        places = [item.key.rpartition("/")[2] for item in history.items]
        history.choose(places.index(names[3]))
        history.changes.undo()
        desk.until(lambda: len(desk.operations(OperationState.HELD)) == 5, "not taken back")
        assert grid.tiles[0].entry.asset.ref.public_id == names[3]
        history.close()
        desk.station.post_now()
        desk.drained()
    wanted = dict.fromkeys(names, "approved") | dict.fromkeys(bad, "rejected")
    assert service.statuses() == wanted | {names[3]: "pending"}
    assert all(service.changes_of(name) == (name != names[3]) for name in names)


def test_a_settled_screen_that_is_posted_is_reversed_by_name_in_one_go(
    service: LiveService, own_home: Path
) -> None:
    names = service.fill(6)
    bad = set(names[:2])
    with StationDesk(own_home, service.cloudinary_url) as desk:
        desk.has(6)
        grid = desk.station.make_grid()
        grid.resize(1000, 700, 1.0)
        grid.open()
        show(desk, grid, 6)
        settle_screen(desk, grid, reject=bad)
        desk.until(lambda: len(grid.tiles) == 0)
        desk.drained()
        assert desk.undo() == "offer"
        assert "6 images" in desk.undo()
        desk.drained()
    wanted = dict.fromkeys(names, "rejected") | dict.fromkeys(bad, "approved")
    assert service.statuses() == wanted
