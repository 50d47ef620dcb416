"""Workers that are killed, stopped, or lie: the image they were on is decoded or explained."""

from __future__ import annotations

import gc
import os
import queue
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers import hostile_images as images
from helpers.decoding import PATIENCE, Decoding, corners, near, request
from modstation.core.errors import (
    CacheUnreadable,
    DecoderDied,
    DecodeTimeout,
    PictureMissing,
    StoreBusy,
    StoreDamaged,
)
from modstation.media.cache import SealedImage
from modstation.media.channel import Message
from modstation.media.decode_process import DecodeProcess, WorkerGone, _picture
from modstation.media.frames import DecodeFailed, DecodeRequest, Frame

if TYPE_CHECKING:
    from collections.abc import Callable

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def stopped_worker(decoding: Decoding) -> int:
    """A worker that was ready and will not answer any more."""
    decoding.frame(images.jpeg())
    (pid,) = decoding.pool.pids()
    os.kill(pid, signal.SIGSTOP)
    return pid


def under_way(decoding: Decoding) -> bool:
    return bool(decoding.pool._plan._running)


def test_an_image_whose_worker_is_killed_is_decoded_by_the_next_one() -> None:
    with Decoding(workers=1, image_seconds=20.0) as decoding:
        pid = stopped_worker(decoding)
        decoding.pool.want([request(images.jpeg(), generation=7)])
        until(lambda: under_way(decoding))
        os.kill(pid, signal.SIGKILL)
        frame = decoding.next()
        assert isinstance(frame, Frame)
        assert frame.generation == 7
        assert decoding.pool.pids() != [pid]


def test_an_image_that_ends_two_workers_is_given_up_and_the_next_one_is_shown() -> None:
    with Decoding(workers=1, image_seconds=20.0) as decoding:
        killed = {stopped_worker(decoding)}
        decoding.pool.want([request(images.jpeg())])
        until(lambda: under_way(decoding))
        os.kill(min(killed), signal.SIGKILL)
        until(lambda: not killed.issuperset(decoding.pool.pids()))
        (second,) = decoding.pool.pids()
        os.kill(second, signal.SIGKILL)
        result = decoding.next()
        assert isinstance(result, DecodeFailed)
        assert isinstance(result.error, DecoderDied)
        assert near(corners(decoding.frame(images.jpeg()))[0], images.RED)


def test_a_worker_that_hangs_is_ended_and_the_pool_goes_on() -> None:
    with Decoding(workers=1, image_seconds=1.0) as decoding:
        pid = stopped_worker(decoding)
        before = time.monotonic()
        assert isinstance(decoding.error(images.jpeg()), DecodeTimeout)
        assert time.monotonic() - before < 5
        assert not Path(f"/proc/{pid}").exists()
        decoding.frame(images.jpeg())


def test_an_image_that_takes_too_long_is_stopped() -> None:
    with Decoding(workers=1, image_seconds=0.02) as decoding:
        slow = images.noisy_jpeg(5000, 5000)
        assert isinstance(decoding.error(slow, box=(5000, 5000)), DecodeTimeout)


def test_a_worker_killed_while_it_has_nothing_to_do_is_replaced_at_once() -> None:
    with Decoding(workers=2) as decoding:
        decoding.frame(images.jpeg())
        until(lambda: len(decoding.pool.protections()) > 0)
        before = decoding.pool.pids()
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        until(lambda: len(set(decoding.pool.pids()) - set(before)) == 2)
        decoding.frame(images.jpeg())


def test_workers_killed_at_random_lose_no_image() -> None:
    import random

    chance = random.Random(5)
    with Decoding(workers=2, image_seconds=20.0) as decoding:
        body = images.noisy_jpeg(1600, 1200)
        decoding.pool.want([request(body, f"image/upload/{n}") for n in range(30)])
        results = {}
        while len(results) < 30:
            result = decoding.next()
            results[result.asset_key] = result
            if chance.random() < 0.3:
                os.kill(chance.choice(decoding.pool.pids()), signal.SIGKILL)
        assert all(
            isinstance(result, Frame) or isinstance(result.error, DecoderDied)
            for result in results.values()
        )
        decoding.frame(images.jpeg())


def test_closing_in_the_middle_of_an_image_leaves_nothing() -> None:
    decoding = Decoding(workers=2)
    body = images.noisy_jpeg(4000, 3000)
    decoding.pool.want([request(body, f"image/upload/{n}") for n in range(8)])
    decoding.next()
    pids = decoding.pool.pids()
    decoding.pool.close()
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    decoding.pool.want([request(body)])
    decoding.pool.close()


def test_closing_before_the_workers_are_up_leaves_nothing() -> None:
    Decoding(workers=2).pool.close()


@linux_only
def test_the_memory_of_a_frame_goes_with_the_frame_and_nothing_is_on_a_disk() -> None:
    def mapped() -> int:
        return Path("/proc/self/maps").read_text().count("modstation-pixels")

    with Decoding(workers=1) as decoding:
        frames = [decoding.frame(images.jpeg(), generation=n) for n in range(5)]
        assert mapped() == 5
        assert "/memfd:" in Path("/proc/self/maps").read_text()
        assert frames[0].pixels.readonly
        view = frames[0].pixels
        frames.clear()
        gc.collect()
        assert mapped() == 1
        assert len(bytes(view)) == 64 * 32 * 4
        del view
        assert mapped() == 0


@linux_only
def test_workers_end_when_the_station_is_killed_even_in_the_middle_of_an_image() -> None:
    script = """
        import sys, time
        from helpers import hostile_images as images
        from helpers.decoding import Decoding, request
        decoding = Decoding(workers=2, image_seconds=2.0)
        decoding.frame(images.jpeg())
        body = images.noisy_jpeg(3000, 3000)
        decoding.pool.want([request(body, str(n), box=(3000, 3000)) for n in range(50)])
        print(*decoding.pool.pids(), flush=True)
        time.sleep(60)
        """
    station = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    with station:
        assert station.stdout is not None
        pids = station.stdout.readline().split()
        station.kill()
    assert len(pids) == 2
    until(lambda: not any(running(pid) for pid in pids))


def running(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@linux_only
@pytest.mark.parametrize(("cores", "at_once"), [(2, 1), (4, 2)])
def test_while_the_window_moves_one_core_is_left_to_it(cores: int, at_once: int) -> None:
    with Decoding(workers=2, cores=cores, image_seconds=20.0) as decoding:
        decoding.frame(images.jpeg())
        for pid in decoding.pool.pids():
            os.kill(pid, signal.SIGSTOP)
        decoding.pool.give_way(on=True)
        decoding.pool.want([request(images.jpeg(), key=key) for key in "abc"])
        plan = decoding.pool._plan
        until(lambda: len(plan._running) == at_once)
        assert at_once == 2 or plan.take() is None
        decoding.pool.give_way(on=False)
        until(lambda: len(plan._running) == 2)
        for pid in decoding.pool.pids():
            os.kill(pid, signal.SIGCONT)
        assert {decoding.next().asset_key for _ in "abc"} == set("abc")


@linux_only
def test_a_worker_gives_way_to_the_window_once_the_first_image_is_there() -> None:
    with Decoding(workers=1) as decoding:
        (pid,) = decoding.pool.pids()
        ours = os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getpriority(os.PRIO_PROCESS, pid) == ours
        # Linux weighs niceness between the processes of one session only: it must be the window's.
        # A group of its own keeps the terminal's Ctrl+C from it.
        assert os.getsid(pid) == os.getsid(0)
        assert os.getpgid(pid) == pid
        decoding.frame(images.jpeg())
        until(lambda: os.getpriority(os.PRIO_PROCESS, pid) == min(ours + 15, 19))


def test_a_worker_knows_no_secret_and_has_few_files_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDINARY_URL", "cloudinary://key:SECRET@cloud")
    with Decoding(workers=1) as decoding:
        decoding.frame(images.jpeg())
        (pid,) = decoding.pool.pids()
        assert b"SECRET" not in Path(f"/proc/{pid}/environ").read_bytes()
        names = sorted(str(f.readlink()) for f in Path(f"/proc/{pid}/fd").iterdir())
        assert [name.split(":")[0] for name in names] == ["/dev/null"] * 3 + ["socket"]


@linux_only
def test_a_confined_worker_can_open_connect_start_and_kill_nothing() -> None:
    script = """
        import os, signal, socket, subprocess, threading
        from modstation.media.confine import confine
        held = confine(512 * 1024 * 1024)
        def refused(attempt):
            try:
                attempt()
            except OSError as error:
                return error.errno
            return 0
        print(*held, *(refused(attempt) for attempt in (
            lambda: open("/etc/passwd"),
            lambda: open("/tmp/x", "w"),
            lambda: os.mkdir("/tmp/x"),
            lambda: socket.socket(),
            lambda: os.fork(),
            lambda: os.execv("/bin/true", ["true"]),
            lambda: os.kill(os.getppid(), signal.SIGTERM),
        )))
        thread = threading.Thread(target=print, args=("threads work",))
        thread.start()
        thread.join()
        try:
            bytearray(600_000_000)
        except MemoryError:
            print("memory is limited")
        """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True
    )
    if "seccomp" not in run.stdout:
        pytest.skip("this machine has no table of system calls here")
    assert run.stdout.splitlines() == [
        "limits seccomp 1 1 1 1 1 1 1",
        "threads work",
        "memory is limited",
    ]


def test_answers_no_honest_worker_gives_are_refused() -> None:
    honest = {
        "width": 4,
        "height": 4,
        "opaque": True,
        "source_width": 4,
        "source_height": 4,
        "format": "PNG",
        "frames": 1,
        "orientation": 1,
        "durations": [0],
    }
    pixels = bytearray(64)
    assert _picture(Message(honest, pixels), None, 64).width == 4
    lies = [
        *({"width": 5}, {"width": 0}, {"width": -4}, {"width": "4"}, {"width": True}),
        *({"height": 2}, {"format": "EXE"}, {"format": ["PNG"]}, {"orientation": 9}),
        *({"frames": 10**9}, {"source_width": None}, {"durations": []}, {"durations": [0, 0]}),
        *({"durations": [-1]}, {"durations": "00"}, {"durations": [0.5]}),
    ]
    for lie in lies:
        with pytest.raises(WorkerGone):
            _picture(Message(honest | lie, pixels), None, 64)


def test_pixels_come_through_the_socket_where_there_is_no_shared_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("modstation.media.pixel_memory.SHARED", False)
    # The worker decides for itself by its platform: it is told the same by a site module.
    (tmp_path / "sitecustomize.py").write_text(
        "import modstation.media.pixel_memory as memory\nmemory.SHARED = False\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Decoding(workers=1) as decoding:
        frame = decoding.frame(images.jpeg(1200, 800), box=(1200, 800))
        assert near(corners(frame)[3], images.WHITE)
        assert frame.pixels.readonly


def test_a_new_plan_drops_what_waits_and_renews_what_runs() -> None:
    with Decoding(workers=1, image_seconds=20.0) as decoding:
        pid = stopped_worker(decoding)
        first, second, third = (request(images.jpeg(), f"image/upload/{n}") for n in range(3))
        decoding.pool.want([first, second])
        until(lambda: under_way(decoding))
        again = request(images.jpeg(), "image/upload/0", generation=2)
        decoding.pool.want([third, again])
        os.kill(pid, signal.SIGCONT)
        results = [decoding.next(), decoding.next()]
        assert [(r.asset_key[-1], r.generation) for r in results] == [("0", 2), ("2", 1)]
        until(lambda: not under_way(decoding))
        assert decoding.results.empty()


def test_requests_without_bytes_are_loaded_by_the_pool() -> None:
    whole = request(images.jpeg())
    asked_in: list[str] = []

    def load(wanted: DecodeRequest) -> SealedImage | None:
        asked_in.append(threading.current_thread().name)
        if wanted.asset_key != whole.asset_key:
            return None
        return SealedImage(whole.sealed, whole.key, 0, None)

    with Decoding(workers=1, load=load) as decoding:
        decoding.pool.want([DecodeRequest(1, whole.asset_key, "review", (100, 100))])
        assert isinstance(decoding.next(), Frame)
        decoding.pool.want([DecodeRequest(1, "image/upload/gone", "review", (100, 100))])
        result = decoding.next()
        assert isinstance(result, DecodeFailed)
        assert isinstance(result.error, PictureMissing)
    assert asked_in == ["decode-0", "decode-0"]


def test_a_worker_that_cannot_start_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modstation.media.decode_process.sys.executable", "/bin/false")
    with Decoding(workers=1) as decoding:
        error = decoding.error(images.jpeg())
        assert isinstance(error, DecoderDied)
        assert "does not start" in str(error)


def test_a_process_that_is_not_greeted_in_time_is_gone() -> None:
    process = DecodeProcess()
    process._start_deadline = 0.0
    with pytest.raises(WorkerGone):
        process.greet()
    process.close()


def test_a_cache_that_cannot_be_read_costs_this_image_and_no_decode_thread() -> None:
    whole = request(images.jpeg())
    image = SealedImage(whole.sealed, whole.key, len(images.jpeg()), None)
    troubles = [StoreBusy("held"), StoreDamaged("broken")]

    def load(_wanted: DecodeRequest) -> SealedImage:
        if troubles:
            raise troubles.pop()
        return image

    with Decoding(workers=1, load=load) as decoding:
        for generation in (1, 2, 3):
            decoding.pool.want([DecodeRequest(generation, whole.asset_key, "review", (400, 400))])
            result = decoding.next()
            if generation < 3:
                assert isinstance(result, DecodeFailed)
                assert isinstance(result.error, CacheUnreadable)
        assert isinstance(result, Frame)


def test_a_bug_in_a_decode_thread_is_told() -> None:
    crashes: queue.Queue[BaseException] = queue.Queue()

    def load(_wanted: DecodeRequest) -> SealedImage:
        raise ZeroDivisionError

    with Decoding(workers=1, load=load, crashed=crashes.put) as decoding:
        decoding.pool.want([DecodeRequest(1, "image/upload/a", "review", (400, 400))])
        assert isinstance(crashes.get(timeout=PATIENCE), ZeroDivisionError)
