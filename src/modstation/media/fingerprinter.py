"""The fingerprint worker as the station sees it: a few pictures at a time, when nobody waits."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from modstation.core.errors import (
    DecoderDied,
    DecodeTimeout,
    ImageTooLarge,
    MediaError,
    StoreError,
)
from modstation.core.language import later
from modstation.core.likeness import PDQ_BYTES, Fingerprint
from modstation.media.channel import ChannelClosed
from modstation.media.decode_process import DecodeProcess, WorkerGone, told_error
from modstation.media.formats import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modstation.media.cache import SealedImage

IMAGE_SECONDS: Final = 30.0
"""The worker gives way to everything else, so it may take longer than one that decodes."""

_BOX: Final = (512, 512)
_PHASH_BYTES: Final = 8
_MOST_FAILED_STARTS: Final = 3
_TRIES: Final = 2


@dataclass(frozen=True, slots=True)
class Unprinted:
    """A picture to fingerprint; ``revision`` names the upload that is wanted."""

    key: str
    revision: str | None


@dataclass(frozen=True, slots=True)
class Printed:
    """What came of it: no ``fingerprint`` if the picture cannot be decoded.

    ``here`` is false if its bytes are not on this machine: it can be asked for again.
    """

    key: str
    revision: str | None
    fingerprint: Fingerprint | None = None
    here: bool = True


class FingerprintProcess(DecodeProcess):
    """A running fingerprint worker."""

    module = "modstation.media.fingerprint_worker"

    def fingerprint(
        self, key: str, image: SealedImage, *, seconds: float
    ) -> Fingerprint | MediaError:
        """Have one picture fingerprinted.

        TimeoutError after ``seconds`` and WorkerGone both mean that this worker must be ended.
        """
        if len(image.sealed) > MAX_BYTES:
            return ImageTooLarge(
                later("Media", "The file has more than {limit} bytes.").format(limit=MAX_BYTES)
            )
        deadline = time.monotonic() + seconds
        head = {
            "asset_key": key,
            "rendition": "review",
            "key": image.key.hex(),
            "box": _BOX,
            "frame": 0,
            "count": 1,
            "seconds": seconds,
        }
        try:
            self._channel.send(head, image.sealed, deadline=deadline)
            answer = self._channel.receive(body_limit=0, deadline=deadline).head
        except ChannelClosed as error:
            raise WorkerGone from error
        return told_error(answer) if "error" in answer else _checked(answer)


class Fingerprinter:
    """Fingerprints pictures in a process that is started for the first of them.

    ``done`` is called in a thread of this object, once for every ``want``; it must not wait for
    the thread that calls ``close``. ``load`` is asked for the sealed bytes there; None means that
    they are not on this machine. ``crashed`` gets a bug of that thread.
    """

    def __init__(
        self,
        *,
        load: Callable[[Unprinted], SealedImage | None],
        done: Callable[[list[Printed]], None],
        crashed: Callable[[BaseException], None],
    ) -> None:
        self._load = load
        self._done = done
        self._crashed = crashed
        self._changed = threading.Condition()
        self._wanted: list[Unprinted] = []
        self._closing = False
        self._process: FingerprintProcess | None = None
        self._thread: threading.Thread | None = None
        self._failed_starts = 0

    @property
    def pid(self) -> int | None:
        """The process id of the worker, if there is one."""
        process = self._process
        return None if process is None else process.pid

    def want(self, pictures: Sequence[Unprinted]) -> None:
        """Fingerprint these; returns at once. What was wanted before must be done."""
        with self._changed:
            self._wanted = list(pictures)
            if self._thread is None and not self._closing:
                self._thread = threading.Thread(target=self._run, name="fingerprints")
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """End the worker, even in the middle of a picture, and wait for thread and process."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        # Whichever the thread does last, setting _process or looking at _closing, one of us sees
        # the other.
        process, thread = self._process, self._thread
        if process is not None:
            process.kill()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        try:
            while wanted := self._next():
                printed = []
                for picture in wanted:
                    if self._closing:
                        return
                    printed.append(self._print(picture))
                self._done(printed)
        except BaseException as error:  # noqa: BLE001 - a bug: told, never swallowed
            self._crashed(error)
        finally:
            self._drop()

    def _next(self) -> list[Unprinted]:
        with self._changed:
            while not self._wanted and not self._closing:
                self._changed.wait()
            wanted, self._wanted = self._wanted, []
            return [] if self._closing else wanted

    def _print(self, picture: Unprinted) -> Printed:
        image = None
        if self._failed_starts < _MOST_FAILED_STARTS:
            with contextlib.suppress(StoreError):
                image = self._load(picture)
        if image is None:
            return Printed(picture.key, picture.revision, here=False)
        made = self._made(picture.key, image)
        if made is None:
            return Printed(picture.key, picture.revision, here=False)
        found = made if isinstance(made, Fingerprint) else None
        return Printed(picture.key, picture.revision, found)

    def _made(self, key: str, image: SealedImage) -> Fingerprint | MediaError | None:
        """The fingerprint, or why there is none; None if that says nothing about the picture."""
        error: MediaError | None = None
        for _ in range(_TRIES):
            try:
                return self._running().fingerprint(key, image, seconds=IMAGE_SECONDS)
            except TimeoutError:
                self._drop()
                return DecodeTimeout(later("Media", "The fingerprint of this image took too long."))
            except (OSError, WorkerGone):
                started = self._process is not None and self._process.ready
                self._failed_starts += not started
                self._drop()
                if self._closing or not started:
                    return None
                error = DecoderDied(
                    later("Media", "The fingerprint worker ended twice on this image.")
                )
        return error

    def _running(self) -> FingerprintProcess:
        if self._process is not None and self._process.ended:
            self._drop()  # killed while it had nothing to do: no fault of this picture
        if self._process is None:
            self._process = FingerprintProcess()
            if self._closing:
                self._process.kill()
        self._process.greet()
        self._failed_starts = 0
        return self._process

    def _drop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.close()


def _checked(answer: dict[str, Any]) -> Fingerprint:
    """The answer as a fingerprint, or WorkerGone: what hostile bytes took over may lie."""
    try:
        pdq, phash = bytes.fromhex(answer["pdq"]), bytes.fromhex(answer["phash"])
        quality = answer["quality"]
    except (KeyError, TypeError, ValueError) as error:
        raise WorkerGone from error
    if len(pdq) != PDQ_BYTES or len(phash) != _PHASH_BYTES:
        raise WorkerGone
    if type(quality) is not int or not 0 <= quality <= 100:
        raise WorkerGone
    return Fingerprint(pdq, quality, phash)
