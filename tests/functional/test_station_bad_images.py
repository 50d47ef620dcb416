"""Pictures that cannot be shown, or must not be trusted: a card, and the session goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers import hostile_images
from helpers.live_service import Fault, LiveService
from helpers.station_desk import StationDesk
from modstation.core.errors import ReviewError
from modstation.media.frames import DecodeFailed, Frame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BAD = {
    "corrupt": lambda: hostile_images.jpeg()[:200] + bytes(2000),
    "truncated": lambda: hostile_images.truncated(hostile_images.noisy_jpeg()),
    "huge": hostile_images.png_with_huge_header,
    "giant": hostile_images.webp_with_giant_canvas,
    "program": hostile_images.executable,
    "page": hostile_images.html,
    "drawing": hostile_images.svg,
    "empty": bytes,
}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LiveService]:
    with LiveService(tmp_path) as live:
        yield live


def deliver(service: LiveService, name: str, body: bytes, status: int = 200) -> None:
    """Have these bytes delivered for a photo: the service itself takes no such upload."""
    service.faults.add(
        Fault.REPLACE, method="GET", path=f"/{name}.", times=None, status=status, body=body
    )


def refused_to_approve(desk: StationDesk) -> str:
    with pytest.raises(ReviewError) as refused:
        desk.press_approve()
    return refused.value.code


def test_what_cannot_be_shown_can_be_rejected_or_skipped_but_never_approved(
    service: LiveService, own_home: Path
) -> None:
    for number, (name, make) in enumerate(BAD.items()):
        service.upload(public_id=f"{number}-{name}", moderation="manual")
        service.upload(public_id=f"{number}-fine", moderation="manual")
        deliver(service, f"{number}-{name}", make())
    with StationDesk(own_home, service.cloudinary_url) as desk:
        skipped: set[str] = set()
        seen: dict[str, str] = {}
        wanted: dict[str, str] = {}
        desk.has(2 * len(BAD))
        while (name := desk.shows_anything()) not in skipped:
            if name.endswith("fine"):
                desk.approve()
                wanted[name] = "approved"
                continue
            seen[name] = desk.shows_card()
            assert refused_to_approve(desk) == "cannot-approve-unseen"
            assert desk.current == name
            if len(seen) % 2:
                desk.press_reject()
                wanted[name] = "rejected"
            else:
                desk.session.skip()
                skipped.add(name)
                wanted[name] = "pending"
        assert len(seen) == len(BAD)
        assert all(seen.values()), seen
        desk.drained()
    assert service.statuses() == wanted


def test_a_picture_that_is_not_delivered_has_a_card_too(
    service: LiveService, own_home: Path
) -> None:
    names = service.fill(3)
    deliver(service, names[0], b"gone", 404)
    service.faults.add(Fault.TRUNCATE, method="GET", path=f"/{names[1]}.", times=None)
    with StationDesk(own_home, service.cloudinary_url) as desk:
        assert desk.shows_card()
        assert refused_to_approve(desk) == "cannot-approve-unseen"
        desk.press_reject()
        assert desk.shows_card()
        assert refused_to_approve(desk) == "cannot-approve-unseen"
        desk.press_reject()
        assert isinstance(desk.shows(), Frame)
        desk.approve()
        desk.drained()
    assert [service.status_of(name) for name in names] == ["rejected", "rejected", "approved"]


def test_a_picture_that_is_another_than_the_listed_one_is_shown_with_a_warning(
    service: LiveService, own_home: Path
) -> None:
    service.upload(public_id="a-swapped", moderation="manual")
    service.upload(public_id="b-honest", moderation="manual")
    deliver(service, "a-swapped", hostile_images.jpeg())
    with StationDesk(own_home, service.cloudinary_url) as desk:
        assert isinstance(desk.shows(), Frame)
        warning = desk.station.warning("image/upload/a-swapped")
        assert warning is not None
        assert "not the file that was listed" in warning
        desk.reject()
        assert isinstance(desk.shows(), Frame)
        assert desk.station.warning("image/upload/b-honest") is None
        desk.approve()
        desk.drained()
    assert service.statuses() == {"a-swapped": "rejected", "b-honest": "approved"}


def test_a_picture_that_kills_its_decoder_does_not_kill_the_session(
    service: LiveService, own_home: Path
) -> None:
    service.upload(public_id="a-bomb", moderation="manual")
    fine = service.fill(2)
    deliver(service, "a-bomb", hostile_images.tiff_memory_bomb())
    with StationDesk(own_home, service.cloudinary_url) as desk:
        shown = desk.shows()
        assert isinstance(shown, DecodeFailed)
        assert refused_to_approve(desk) == "cannot-approve-unseen"
        desk.press_reject()
        assert desk.approve(2) == fine
        desk.drained()
    assert service.status_of("a-bomb") == "rejected"
