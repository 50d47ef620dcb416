from __future__ import annotations

from modstation.app.queue_window import QueueWindow, StripState
from modstation.core.assets import Asset, AssetRef, ModerationStatus
from modstation.core.queue import QueueEntry, QueuePosition


def entry(number: int, lane: int = 0) -> QueueEntry:
    ref = AssetRef("image", "upload", f"photo-{number:03}")
    asset = Asset(ref=ref, status=ModerationStatus.PENDING, kind="manual")
    return QueueEntry(QueuePosition(lane, number, ref.key), asset, "manual")


def window(count: int) -> QueueWindow:
    made = QueueWindow(lambda _entry: False)
    made.merge([entry(number) for number in range(count)])
    return made


def public_id(made: QueueWindow) -> str | None:
    return made.current.asset.ref.public_id if made.current else None


def test_taking_the_current_entry_brings_the_next_one_up() -> None:
    made = window(3)
    made.take_current(StripState.APPROVED)
    assert public_id(made) == "photo-001"


def test_taking_the_last_entry_leaves_the_one_before_it() -> None:
    made = window(3)
    made.move_to(2)
    made.take_current(StripState.REJECTED)
    assert public_id(made) == "photo-001"


def test_taking_the_only_entry_leaves_nothing() -> None:
    made = window(1)
    made.take_current(StripState.APPROVED)
    assert made.current is None
    assert made.focus() is None


def test_an_older_answer_of_the_store_does_not_bring_a_decided_entry_back() -> None:
    made = window(3)
    made.take_current(StripState.APPROVED)
    made.merge([entry(number) for number in range(3)])
    assert made.index_of(entry(0).key) is None
    assert public_id(made) == "photo-001"


def test_an_entry_that_is_put_back_stands_at_its_old_place_and_on_the_stage() -> None:
    made = window(4)
    made.move_to(1)
    taken = made.current
    assert taken is not None
    made.take_current(StripState.REJECTED)
    made.put_back(taken)
    assert public_id(made) == "photo-001"
    assert [item.state for item in made.strip(3, 3)] == [
        StripState.WAITING,
        StripState.CURRENT,
        StripState.WAITING,
        StripState.WAITING,
    ]


def test_a_skip_that_is_taken_back_leaves_the_back_of_the_queue_too() -> None:
    made = window(4)
    skipped = made.take_current(StripState.SKIPPED)
    made.release(skipped.key)
    made.merge([entry(1), entry(2), entry(3), entry(0, lane=1)])
    made.put_back(skipped)
    assert public_id(made) == "photo-000"
    assert [one.position.lane for one in made.entries] == [0, 0, 0, 0]


def test_the_image_on_the_stage_stays_when_somebody_else_settles_it() -> None:
    made = window(3)
    made.merge([entry(1), entry(2)])
    assert public_id(made) == "photo-000"


def test_the_cursor_stays_on_its_image_when_older_ones_arrive() -> None:
    made = QueueWindow(lambda _entry: False)
    made.merge([entry(5), entry(6)])
    made.merge([entry(1), entry(2), entry(5), entry(6)])
    assert public_id(made) == "photo-005"


def test_nothing_lies_beyond_the_edges() -> None:
    made = window(2)
    assert not made.step(-1)
    assert made.step(1)
    assert not made.step(1)


def test_the_filmstrip_shows_what_was_just_decided_before_what_comes() -> None:
    made = window(4)
    made.take_current(StripState.APPROVED)
    made.take_current(StripState.REJECTED)
    assert [(item.key[-3:], item.state) for item in made.strip(2, 1)] == [
        ("000", StripState.APPROVED),
        ("001", StripState.REJECTED),
        ("002", StripState.CURRENT),
        ("003", StripState.WAITING),
    ]


def test_the_nearest_pictures_are_wanted_first_forward_then_back() -> None:
    made = window(20)
    made.move_to(5)
    focus = made.focus()
    assert focus is not None
    assert [key[-3:] for key in focus.in_order()] == [
        "005", "006", "007", "008", "009", "010", "011", "012", "013", "004", "003",
    ]  # fmt: skip
