"""However pixels are wanted, no more pictures are decoded at a time than the settings say."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from helpers.live_service import LiveService, picture
from modstation.service.delivery import images

if TYPE_CHECKING:
    from pathlib import Path


class Meeting:
    """Stands where pixels are decoded, and notices two who are there together."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, patience: float) -> None:
        self._patience = patience
        self.met = False
        self.visits = 0
        self._both = threading.Barrier(2)
        self._really = images._transformed
        monkeypatch.setattr(images, "_transformed", self)

    def __call__(self, *arguments: Any) -> Any:
        self.visits += 1
        try:
            # Whoever is alone gives up waiting for company, and later ones do not wait again.
            self._both.wait(self._patience)
            self.met = True
        except threading.BrokenBarrierError:
            pass
        return self._really(*arguments)


def wanting(live: LiveService, kind: str, number: int) -> None:
    """Want pixels of a picture in one of the ways there are."""
    ways = {
        "eager": {"eager": "w_20"},
        "transformation": {"transformation": "w_20"},
        "format": {"format": "png"},
        "duplicate": {"moderation": "duplicate:0.9"},
    }
    name = f"p{number}"
    if kind in ways:
        live.upload(picture(number), public_id=name, **ways[kind])
    elif kind == "explicit":
        data = {"public_id": name, "type": "upload", "eager": "w_20"}
        live.request("POST", "/image/explicit", data=data).raise_for_status()
    else:
        with httpx.Client(trust_env=False, verify=False) as client:
            url = f"{live.url}/{live.cloud}/image/upload/w_20/{name}.jpg"
            client.get(url).raise_for_status()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("eager", "explicit"),
        ("transformation", "delivery"),
        ("format", "explicit"),
        ("duplicate", "delivery"),
    ],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_pictures_are_decoded_in_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, second: str, workers: int
) -> None:
    with LiveService(tmp_path, rendition_workers=workers) as live:
        live.upload(picture(2), public_id="p2")
        meeting = Meeting(monkeypatch, patience=0.5 if workers == 1 else 20)
        with ThreadPoolExecutor(2) as pool:
            both = [
                pool.submit(wanting, live, kind, 1 + n) for n, kind in enumerate((first, second))
            ]
            for one in both:
                one.result()
        assert meeting.visits == 2
        assert meeting.met == (workers == 2)
