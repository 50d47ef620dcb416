"""The fingerprint worker: confined like a decoder, told apart from a picture it cannot read."""

from __future__ import annotations

import io
import os
import queue
import signal
import sys
from typing import Self

import pytest
from PIL import Image

from helpers.decoding import PATIENCE, SEALER
from helpers.fingerprint_pictures import waves
from modstation.core.errors import StoreBusy
from modstation.core.likeness import MATCH_DISTANCE, distance
from modstation.media.cache import SealedImage
from modstation.media.decode_process import WorkerGone
from modstation.media.fingerprint import fingerprint_of
from modstation.media.fingerprinter import Fingerprinter, Printed, Unprinted, _checked


def photo(number: int) -> bytes:
    body = io.BytesIO()
    Image.fromarray(waves(number, (512, 384))).save(body, "PNG")
    return body.getvalue()


class Printing:
    """A real worker on sealed pictures by key."""

    def __init__(self, pictures: dict[str, bytes]) -> None:
        self.pictures = pictures
        self.results: queue.Queue[list[Printed]] = queue.Queue()
        self.crashes: list[BaseException] = []
        self.worker = Fingerprinter(
            load=self._load, done=self.results.put, crashed=self.crashes.append
        )

    def _load(self, picture: Unprinted) -> SealedImage | None:
        body = self.pictures.get(picture.key)
        if body is None:
            return None
        if body == b"busy":
            raise StoreBusy("Another program is using it.")
        sealed = SEALER.seal(picture.key, "review", body)
        key = SEALER.unwrap(picture.key, "review", len(body), sealed.wrapped_key)
        return SealedImage(sealed.sealed, key, len(body), None)

    def print(self, *keys: str) -> list[Printed]:
        self.worker.want([Unprinted(key, "v1") for key in keys])
        return self.results.get(timeout=PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.worker.close()
        assert not self.crashes


def test_pictures_are_fingerprinted_in_a_process_that_starts_with_the_first() -> None:
    with Printing({"a": photo(1), "b": b"no picture at all", "c": b"busy"}) as printing:
        assert printing.worker.pid is None
        first, second, third, fourth = printing.print("a", "b", "c", "gone")
        assert first.fingerprint is not None
        ours = fingerprint_of(waves(1, (512, 384)))
        assert distance(first.fingerprint.pdq, ours.pdq) <= MATCH_DISTANCE
        assert (second.fingerprint, second.here) == (None, True)
        assert (third.here, fourth.here) == (False, False)
        assert printing.worker.pid is not None


def test_a_worker_that_was_killed_is_replaced() -> None:
    with Printing({"a": photo(1)}) as printing:
        [before] = printing.print("a")
        pid = printing.worker.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        [after] = printing.print("a")
        assert after == before
        assert printing.worker.pid != pid


def test_closing_ends_a_worker_in_the_middle_of_its_work() -> None:
    with Printing({"a": photo(1)}) as printing:
        printing.print("a")
        assert printing.worker.pid is not None
        os.kill(printing.worker.pid, signal.SIGSTOP)
        printing.worker.want([Unprinted("a", "v1")])
    assert printing.worker.pid is None


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")
def test_the_worker_is_confined_like_a_decoder_and_weighs_on_nobody() -> None:
    with Printing({"a": photo(1)}) as printing:
        printing.print("a")
        process = printing.worker._process
        assert process is not None
        assert process.protections == ("limits", "seccomp")
        ours = os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getpriority(os.PRIO_PROCESS, process.pid) > ours


@pytest.mark.parametrize(
    "lie",
    [
        {},
        {"pdq": "00", "quality": 90, "phash": "00" * 8},
        {"pdq": "00" * 32, "quality": 101, "phash": "00" * 8},
        {"pdq": "00" * 32, "quality": True, "phash": "00" * 8},
        {"pdq": "xx" * 32, "quality": 90, "phash": "00" * 8},
        {"pdq": "00" * 32, "quality": 90, "phash": None},
    ],
)
def test_a_worker_that_lies_is_not_believed(lie: dict[str, object]) -> None:
    with pytest.raises(WorkerGone):
        _checked(lie)
