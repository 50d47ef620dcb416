"""Near-copies uploaded to the real service are found, decided in one act and taken back singly."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image

from helpers.fingerprint_pictures import flat, waves
from helpers.live_service import LiveService
from helpers.station_desk import StationDesk
from modstation.app.look import Shown
from modstation.core.decisions import Verdict
from modstation.media.frames import Frame
from modstation.store.store_thread import Priority

if TYPE_CHECKING:
    from pathlib import Path

    from modstation.app.group_session import GroupSession


def upload(service: LiveService, name: str, number: int, size: tuple[int, int], kind: str) -> None:
    body = io.BytesIO()
    Image.fromarray(waves(number, (800, 600))).resize(size).save(body, kind, quality=70)
    service.upload(body.getvalue(), public_id=name, moderation="manual")


def missing(desk: StationDesk) -> list[tuple[str, str | None]]:
    """What waits and has no fingerprint yet."""
    found: list[list[tuple[str, str | None]]] = []
    view = desk.session.view
    desk.station._store.submit(
        Priority.REST,
        lambda store: store.likeness.unprinted(view, around=None, limit=9),
        found.append,
    )
    desk.until(lambda: found)
    return found[0]


def group_of(desk: StationDesk, count: int) -> GroupSession:
    """Wait until the current image is known to have so many alike, and see all their pictures."""
    entry = desk.session.current
    assert entry is not None
    known: list[int] = []

    def enough() -> bool:
        desk.station.count_alike(entry.key, known.append)
        return known[-1:] == [count]

    desk.until(enough, "the copies were never found")
    group = desk.station.make_group(entry.key)
    group.read()
    desk.until(lambda: len(group.members) == count)
    group.show((200, 150), [member.key for member in group.members])
    desk.until(lambda: all(isinstance(group.frame(m.key), Frame) for m in group.members))
    group.painted({member.key: Shown.PICTURE for member in group.members})
    return group


def test_the_same_empty_picture_twice_is_no_group(tmp_path: Path, own_home: Path) -> None:
    """Else one act would decide every black frame of a site together."""
    with LiveService(tmp_path) as service:
        body = io.BytesIO()
        Image.fromarray(flat(0)).save(body, "JPEG")
        for name in ("black", "black-again"):
            service.upload(body.getvalue(), public_id=name, moderation="manual")
        upload(service, "copy", 3, (400, 300), "JPEG")
        upload(service, "first", 3, (800, 600), "JPEG")
        with StationDesk(own_home, service.cloudinary_url) as desk:
            desk.has(4)
            desk.shows()
            desk.until(lambda: not missing(desk), "the pictures were never fingerprinted")
            counts: list[int] = []
            for item in desk.session.strip():
                desk.station.count_alike(item.key, counts.append)
            desk.until(lambda: len(counts) == 4)
            assert sorted(counts) == [0, 0, 2, 2]


def test_three_near_copies_are_rejected_in_one_act_and_one_is_taken_back(
    tmp_path: Path, own_home: Path
) -> None:
    with LiveService(tmp_path) as service:
        upload(service, "first", 3, (800, 600), "JPEG")
        upload(service, "smaller", 3, (400, 300), "JPEG")
        upload(service, "other", 8, (800, 600), "JPEG")
        upload(service, "another-format", 3, (640, 480), "PNG")
        with StationDesk(own_home, service.cloudinary_url, hold=300) as desk:
            desk.has(4)
            desk.look_at("first")
            desk.shows()
            group = group_of(desk, 3)
            names = {m.key.rpartition("/")[2] for m in group.ticked}
            assert names == {"first", "smaller", "another-format"}
            group.decide_ticked(Verdict.REJECT)
            desk.until(lambda: not any(member.waits for member in group.members))
            group.choose([m.key.rpartition("/")[2] for m in group.members].index("smaller"))
            desk.until(lambda: group.focused and group.focused.alike.decision_id)
            group.undo()
            desk.until(lambda: [m.key.rpartition("/")[2] for m in group.ticked] == ["smaller"])
            group.close()
            desk.station.post_now()
            desk.drained()
        assert service.statuses() == {
            "first": "rejected",
            "another-format": "rejected",
            "smaller": "pending",
            "other": "pending",
        }
