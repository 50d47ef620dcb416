from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any

import pytest

from helpers.assets import HOLD, draft_for, fill, make_assets, open_store
from modstation.core.clock import CountingIds, ManualClock
from modstation.core.errors import StoreBusy, StoreDamaged, StoreError
from modstation.store.store_thread import Priority, StoreThread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from modstation.store.station_store import StationStore


class Mailbox:
    """Carries answers to the test's own thread, as the window's loop does."""

    def __init__(self) -> None:
        self.letters: queue.Queue[Callable[[], None]] = queue.Queue()
        self.crashes: list[BaseException] = []

    def read(self, count: int) -> None:
        for _ in range(count):
            self.letters.get(timeout=10)()


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def thread(tmp_path: Path, mailbox: Mailbox) -> Iterator[StoreThread]:
    clock = ManualClock()
    with_assets = open_store(tmp_path, clock=clock)
    fill(with_assets, make_assets(9), at=clock.now())
    with_assets.close()
    started = StoreThread(
        lambda: open_store(tmp_path, clock=clock, ids=CountingIds()),
        mailbox.letters.put,
        mailbox.crashes.append,
    )
    yield started
    started.close()
    assert not [one for one in threading.enumerate() if one.name == "store"]


def hold_up(thread: StoreThread) -> threading.Event:
    """Keep the thread busy until the event is set, so that tasks wait beside each other."""
    started, go_on = threading.Event(), threading.Event()

    def wait(_: StationStore) -> None:
        started.set()
        assert go_on.wait(10)

    thread.submit(Priority.REST, wait)
    assert started.wait(10)
    return go_on


def test_an_answer_comes_back_to_the_thread_that_wants_it(
    thread: StoreThread, mailbox: Mailbox
) -> None:
    ran_in: list[str] = []
    got: list[Any] = []
    here = threading.current_thread().name

    def task(store: StationStore) -> int:
        ran_in.append(threading.current_thread().name)
        return store.counts().waiting

    def done(waiting: int) -> None:
        got.append((waiting, threading.current_thread().name))

    thread.submit(Priority.WINDOW, task, done)
    mailbox.read(1)
    assert ran_in == ["store"]
    assert got == [(9, here)]


def test_decisions_go_before_the_window_and_the_window_before_the_rest(
    thread: StoreThread, mailbox: Mailbox
) -> None:
    order: list[str] = []
    go_on = hold_up(thread)
    for name, priority in [
        ("rest", Priority.REST),
        ("window", Priority.WINDOW),
        ("first decision", Priority.DECIDE),
        ("second decision", Priority.DECIDE),
    ]:
        thread.submit(priority, lambda _, name=name: name, order.append)
    go_on.set()
    mailbox.read(4)
    assert order == ["first decision", "second decision", "window", "rest"]


def test_a_known_error_goes_to_the_task_that_met_it(thread: StoreThread, mailbox: Mailbox) -> None:
    failed: list[StoreError] = []

    def busy(_: StationStore) -> None:
        raise StoreBusy("held by another")

    thread.submit(Priority.DECIDE, busy, pytest.fail, failed.append)
    mailbox.read(1)
    assert [error.message for error in failed] == ["held by another"]
    assert mailbox.crashes == []


def test_a_bug_goes_to_the_crash_handler_and_the_thread_goes_on(
    thread: StoreThread, mailbox: Mailbox
) -> None:
    got: list[int] = []

    def bug(_: StationStore) -> None:
        raise ZeroDivisionError

    thread.submit(Priority.DECIDE, bug, pytest.fail, pytest.fail)
    thread.submit(Priority.DECIDE, lambda store: store.counts().waiting, got.append)
    mailbox.read(2)
    assert [type(crash) for crash in mailbox.crashes] == [ZeroDivisionError]
    assert got == [9]


def test_closing_finishes_what_was_accepted(thread: StoreThread, tmp_path: Path) -> None:
    go_on = hold_up(thread)
    for asset in make_assets(9):
        draft = draft_for(asset)
        thread.submit(Priority.DECIDE, lambda store, d=draft: store.decide(d, hold=HOLD))
    go_on.set()
    thread.close()
    store = open_store(tmp_path)
    assert store.counts().held == 9
    store.close()


def test_closing_in_a_hurry_still_finishes_the_decisions(
    thread: StoreThread, tmp_path: Path
) -> None:
    go_on = hold_up(thread)
    [first, *_] = make_assets(1)
    thread.submit(Priority.REST, lambda store: store.put_state("rest", "done"))
    thread.submit(Priority.DECIDE, lambda store: store.decide(draft_for(first), hold=HOLD))
    closer = threading.Thread(target=thread.close, kwargs={"drain": False})
    closer.start()
    go_on.set()
    closer.join(10)
    store = open_store(tmp_path)
    assert store.counts().held == 1
    store.close()


def test_nothing_is_accepted_after_closing(thread: StoreThread) -> None:
    thread.close()
    with pytest.raises(RuntimeError, match="closed"):
        thread.submit(Priority.DECIDE, lambda store: store.counts())


def test_every_task_hears_that_the_store_cannot_be_opened(tmp_path: Path, mailbox: Mailbox) -> None:
    (tmp_path / "station.sqlite3").write_bytes(b"garbage " * 1000)
    failed: list[StoreError] = []
    thread = StoreThread(lambda: open_store(tmp_path), mailbox.letters.put, mailbox.crashes.append)
    for _ in range(2):
        thread.submit(Priority.WINDOW, lambda store: store.counts(), pytest.fail, failed.append)
    mailbox.read(2)
    assert [type(error) for error in failed] == [StoreDamaged, StoreDamaged]

    (tmp_path / "station.sqlite3").unlink()
    waiting: list[int] = []
    thread.submit(Priority.WINDOW, lambda store: store.counts().waiting, waiting.append)
    mailbox.read(1)
    assert waiting == [0]
    thread.close()
