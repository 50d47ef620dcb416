"""A desk for every test of the window; it is closed when the test ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from helpers.window import Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication


@pytest.fixture
def sit_down(tmp_path: Path, qapp: QApplication) -> Iterator[Callable[..., Desk]]:
    """``sit_down(assets, **options)``: a window on a new database."""
    desks: list[Desk] = []

    def make(*args: Any, **options: Any) -> Desk:
        folder = tmp_path / f"desk-{len(desks)}"
        folder.mkdir()
        desks.append(Desk(folder, *args, **options))
        return desks[-1]

    yield make
    for desk in desks:
        desk.close()


@pytest.fixture
def desk(sit_down: Callable[..., Desk]) -> Desk:
    """A window with twelve photos, the first one on the screen."""
    desk = sit_down(12)
    desk.ready()
    return desk
