"""What was rejected for its form is approved after all: by keys alone, on the real service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from helpers.live_service import LiveService
from helpers.live_window import LiveWindow
from modstation.app.outbox_verbs import UNSENT
from modstation.core.assets import ModerationStatus
from modstation.core.errors import ReviewError
from modstation.ui.queues_sheet import QueuesSheet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from modstation.core.outbox import Operation

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LiveService]:
    with LiveService(tmp_path) as live:
        yield live


def delivered(service: LiveService, name: str) -> int:
    """What everybody gets who asks for the image."""
    return httpx.get(service.asset(name)["secure_url"], timeout=30).status_code


def post(desk: LiveWindow) -> None:
    """Post now, and wait until the service has everything."""
    desk.press("Ctrl+S")
    answers: list[list[Operation]] = []

    def posted() -> bool:
        if answers and not answers[-1]:
            return True
        desk.station.outbox.read(UNSENT, answers.append, lambda error: pytest.fail(str(error)))
        return False

    desk.until(posted, "it was not posted")


def review_rejected(desk: LiveWindow) -> None:
    """Choose the queue of the rejected by its row."""
    desk.press("Ctrl+L")
    sheet = desk.window.sheet
    assert isinstance(sheet, QueuesSheet)
    desk.until(lambda: sheet.rows.count() > 0, "the queues were not read")
    words = [sheet.rows.item(row).text() for row in range(sheet.rows.count())]
    wanted = next(number for number, text in enumerate(words) if "rejected" in text)
    while sheet.rows.currentRow() < wanted:
        desk.press("J")
    desk.press("Enter")
    desk.until(lambda: desk.session.view.status is ModerationStatus.REJECTED)


def test_a_technical_rejection_is_rescued_and_delivered_again(
    service: LiveService, own_home: Path, qapp: QApplication
) -> None:
    blurred, nude, fine = service.fill(3)
    with LiveWindow(own_home, service.cloudinary_url) as desk:
        for name, key in ((blurred, "0"), (nude, "1"), (fine, "A")):
            desk.until(lambda name=name: desk.current == name, f"{name} did not come")
            desk.seen()
            desk.press(key)
        post(desk)
        assert [service.status_of(name) for name in (blurred, nude, fine)] == [
            "rejected",
            "rejected",
            "approved",
        ]
        assert [delivered(service, name) for name in (blurred, nude, fine)] == [404, 404, 200]

        review_rejected(desk)
        desk.until(lambda: desk.session.counts.waiting == 2, "not both are here")
        desk.press("Ctrl+R")
        desk.until(lambda: desk.current == blurred, "it was not found")
        desk.at_rest()
        desk.until(lambda: desk.session.looked == (2, True), "not all was looked through")
        with pytest.raises(ReviewError, match="last image"):
            desk.session.next()
        desk.seen()
        assert not desk.session.looking.covered
        desk.press("A")
        assert "restores the image from its backup" in desk.message
        desk.read()
        assert service.status_of(blurred) == "rejected", "it was only explained"
        desk.press("A")
        desk.until(lambda: desk.current is None, "it is still there")
        post(desk)
    assert service.status_of(blurred) == "approved"
    assert [delivered(service, name) for name in (blurred, nude)] == [200, 404]
    rows = [row for row in service.decisions(blurred) if row.changed]
    assert [(row.to_status, row.reason) for row in rows] == [
        ("rejected", "quality"),
        ("approved", None),
    ]
