from __future__ import annotations

import threading

import pytest

from modstation.app.mailbox import Mailbox


def test_calls_run_in_the_order_they_were_posted() -> None:
    box, seen = Mailbox(), []
    for number in range(3):
        box.post(lambda number=number: seen.append(number))
    assert box.drain() == 3
    assert seen == [0, 1, 2]


def test_the_owner_is_woken_once_for_any_number_of_calls() -> None:
    box, wakes = Mailbox(), []
    box.bind(lambda: wakes.append(1))
    box.post(lambda: None)
    box.post(lambda: None)
    assert wakes == [1]
    box.drain()
    box.post(lambda: None)
    assert wakes == [1, 1]


def test_calls_posted_before_the_window_exists_are_kept() -> None:
    box, wakes, seen = Mailbox(), [], []
    box.post(lambda: seen.append("early"))
    box.bind(lambda: wakes.append(1))
    assert wakes == [1]
    box.drain()
    assert seen == ["early"]


def test_one_failing_call_does_not_swallow_the_ones_behind_it() -> None:
    box, seen = Mailbox(), []
    box.post(lambda: seen.append(1 // 0))
    box.post(lambda: seen.append("second"))
    with pytest.raises(ZeroDivisionError):
        box.drain()
    box.drain()
    assert seen == ["second"]


def test_many_threads_may_post_at_once() -> None:
    box, seen = Mailbox(), []

    def post() -> None:
        for _ in range(500):
            box.post(lambda: seen.append(1))

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    box.drain()
    assert len(seen) == 2000
