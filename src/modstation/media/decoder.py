"""The decode workers together: most wanted image first, whatever happens to a worker."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
from typing import TYPE_CHECKING, Final

from modstation.core.errors import (
    CacheUnreadable,
    DecoderDied,
    DecodeTimeout,
    MediaError,
    PictureMissing,
    StoreError,
)
from modstation.core.language import later
from modstation.media.decode_plan import DecodePlan, Job
from modstation.media.decode_process import DecodeProcess, WorkerGone
from modstation.media.formats import BYTES_PER_PIXEL
from modstation.media.frames import DecodeFailed, DecodeRequest, DecodeResult, Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from modstation.media.cache import SealedImage
    from modstation.media.decode_process import Picture

IMAGE_SECONDS: Final = 2.0
# Further frames may take so much longer: every frame before them has to be drawn too.
_FURTHER_FRAMES: Final = 3.0
_TRIES: Final = 2
_STARTS_UNASKED: Final = 3


class DecodePool:
    """Decodes what is wanted in processes that may crash, hang or be killed.

    ``on_result`` is called in the pool's own threads (one a worker), with no lock held; it must
    not wait for the thread that calls ``close``. ``load`` fetches the sealed bytes of a request
    that comes without them, in those threads too; None from it means that they are gone, and a
    ``StoreError`` becomes the image's failure. ``crashed`` gets a bug of these threads.

    Make it before Qt is imported: the workers come up meanwhile. A worker that dies is replaced,
    and the image it was on is tried once more. Fails with OSError when no process can be made.
    """

    def __init__(
        self,
        *,
        on_result: Callable[[DecodeResult], None],
        load: Callable[[DecodeRequest], SealedImage | None] | None = None,
        crashed: Callable[[BaseException], None] | None = None,
        workers: int = 2,
        image_seconds: float = IMAGE_SECONDS,
        cores: int | None = None,
    ) -> None:
        self._plan = DecodePlan()
        self._takes_all = (cores or os.cpu_count() or 1) <= workers
        self._drivers: list[_Driver] = []
        try:
            for number in range(workers):
                driver = _Driver(self._plan, on_result, load, crashed, image_seconds, number)
                self._drivers.append(driver)
        except BaseException:
            self.close()
            raise

    def want(self, requests: Iterable[DecodeRequest]) -> None:
        """Replace the plan: decode these, in this order, and nothing else.

        What is on a worker stays there; if it is wanted still, its result carries the new
        generation. Returns at once.
        """
        if self._plan.replace(requests):
            self._wake()

    def give_way(self, *, on: bool) -> None:
        """Leave a core to whoever paints, where the workers would take them all; or end that."""
        if self._takes_all and self._plan.take_one_at_a_time(on=on):
            self._wake()

    @property
    def idle(self) -> bool:
        """Whether everything that is wanted is decoded."""
        return self._plan.idle

    def pids(self) -> list[int]:
        """The process ids of the workers there are now."""
        return [pid for driver in self._drivers if (pid := driver.pid) is not None]

    def protections(self) -> tuple[str, ...]:
        """What every worker that is ready gave up: ``limits``, ``seccomp``."""
        held = [driver.protections for driver in self._drivers if driver.protections is not None]
        return tuple(name for name in (held[0] if held else ()) if all(name in h for h in held))

    def close(self) -> None:
        """End the workers, even in the middle of an image, and wait for threads and processes."""
        self._plan.close()
        for driver in self._drivers:
            driver.stop()
        for driver in self._drivers:
            driver.join()

    def _wake(self) -> None:
        for driver in self._drivers:
            driver.wake()


class _Driver:
    """One worker and the thread that feeds it; the thread only sleeps in system calls."""

    def __init__(
        self,
        plan: DecodePlan,
        on_result: Callable[[DecodeResult], None],
        load: Callable[[DecodeRequest], SealedImage | None] | None,
        crashed: Callable[[BaseException], None] | None,
        image_seconds: float,
        number: int,
    ) -> None:
        self._plan = plan
        self._on_result = on_result
        self._load = load
        self._crashed = crashed
        self._image_seconds = image_seconds
        self._failed_starts = 0
        # Here and not in the thread: the worker is on its way when the pool is made.
        self._process: DecodeProcess | None = DecodeProcess()
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._thread = threading.Thread(target=self._run, name=f"decode-{number}")
        self._thread.start()

    @property
    def pid(self) -> int | None:
        process = self._process
        return None if process is None else process.pid

    @property
    def protections(self) -> tuple[str, ...] | None:
        process = self._process
        return process.protections if process is not None and process.ready else None

    def wake(self) -> None:
        # A full buffer means that it is awake already; a closed one, that it has ended.
        with contextlib.suppress(OSError):
            self._wake_in.send(b"\0")

    def stop(self) -> None:
        # The plan is closed by now. Whichever the thread does last, setting _process or looking
        # at the plan, one of us sees the other.
        process = self._process
        if process is not None:
            process.kill()
        self.wake()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._plan.closed:
                job = self._plan.take()
                if job is None:
                    self._sleep()
                else:
                    self._work(job)
        except BaseException as error:
            if self._crashed is None:
                raise
            self._crashed(error)
        finally:
            self._drop()
            self._wake_in.close()
            self._wake_out.close()

    def _work(self, job: Job) -> None:
        # A method of its own: nothing of it keeps the pixels while the thread sleeps.
        outcome = self._decode(job.request)
        request = self._plan.finish(job)
        if request is not None:
            self._on_result(_result(request, outcome))

    def _sleep(self) -> None:
        """Until woken, or until the worker is ready, or until it has died and been replaced."""
        if self._process is None and self._failed_starts < _STARTS_UNASKED:
            self._start()
        process = self._process
        ends = [self._wake_out] if process is None else [self._wake_out, process.connection]
        readable, _, _ = select.select(ends, [], [])
        if self._wake_out in readable:
            with contextlib.suppress(BlockingIOError):
                self._wake_out.recv(4096)
        if process is not None and process.connection in readable:
            if process.ended:
                self._drop()
                return
            try:
                process.greet()
                self._failed_starts = 0
            except WorkerGone:
                self._drop()

    def _decode(self, request: DecodeRequest) -> Picture | MediaError:
        sealed, key = request.sealed, request.key
        if not sealed and self._load is not None:
            try:
                found = self._load(request)
            except StoreError as error:
                # The next one may be readable: the thread goes on, or "loading" never ends.
                return CacheUnreadable(f"{error.title}: {error.message}")
            if found is None:
                return PictureMissing(
                    later("Media", "The image is not on this machine; it has to be fetched.")
                )
            sealed, key = found.sealed, found.key
        if self._process is not None and self._process.ended:
            self._drop()  # killed while it had nothing to do: no fault of this image
        further = request.frame > 0 or request.count > 1
        seconds = self._image_seconds * (_FURTHER_FRAMES if further else 1.0)
        for _ in range(_TRIES):
            process = self._process or self._start()
            if process is None or self._plan.closed:
                break
            try:
                process.greet()
                self._failed_starts = 0
                return process.decode(request, sealed, key, seconds=seconds)
            except TimeoutError:
                self._drop()
                return DecodeTimeout(
                    later("Media", "Decoding was stopped after {seconds} seconds.").format(
                        seconds=f"{seconds:g}"
                    )
                )
            except WorkerGone:
                self._drop()
        if self._failed_starts:
            return DecoderDied(later("Media", "The image decoder does not start on this machine."))
        return DecoderDied(later("Media", "The image decoder ended twice on this image."))

    def _start(self) -> DecodeProcess | None:
        try:
            self._process = DecodeProcess()
        except OSError:
            # No memory or no process to be had now; the next image tries again.
            self._failed_starts += 1
        return self._process

    def _drop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            if not process.ready:
                self._failed_starts += 1
            process.close()


def _result(request: DecodeRequest, outcome: Picture | MediaError) -> DecodeResult:
    if isinstance(outcome, MediaError):
        return DecodeFailed(
            generation=request.generation,
            asset_key=request.asset_key,
            rendition=request.rendition,
            box=request.box,
            frame=request.frame,
            error=outcome,
            count=request.count,
        )
    return Frame(
        generation=request.generation,
        asset_key=request.asset_key,
        rendition=request.rendition,
        box=request.box,
        frame=request.frame,
        width=outcome.width,
        height=outcome.height,
        stride=outcome.width * BYTES_PER_PIXEL,
        pixels=outcome.pixels,
        opaque=outcome.opaque,
        source_width=outcome.source_width,
        source_height=outcome.source_height,
        format=outcome.format,
        frames=outcome.frames,
        orientation=outcome.orientation,
        durations=outcome.durations,
    )
