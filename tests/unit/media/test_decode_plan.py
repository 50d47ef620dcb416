from __future__ import annotations

from modstation.media.decode_plan import DecodePlan
from modstation.media.frames import DecodeRequest


def want(key: str, generation: int = 1, box: tuple[int, int] = (10, 10)) -> DecodeRequest:
    return DecodeRequest(generation, key, "review", box)


def test_the_most_wanted_is_taken_first_and_once() -> None:
    plan = DecodePlan()
    assert plan.replace([want("a"), want("b"), want("a")]) == 2
    jobs = [plan.take(), plan.take(), plan.take()]
    assert [job.request.asset_key for job in jobs if job] == ["a", "b"]


def test_while_the_window_moves_no_second_worker_begins() -> None:
    plan = DecodePlan()
    plan.replace([want("a"), want("b")])
    assert plan.take_one_at_a_time(on=True) == 2
    first = plan.take()
    assert first is not None
    assert plan.take() is None
    plan.finish(first)
    assert plan.take() is not None
    plan.replace([want("c")])
    assert plan.take() is None
    plan.take_one_at_a_time(on=False)
    assert plan.take() is not None


def test_it_is_idle_when_nothing_waits_and_nothing_runs() -> None:
    plan = DecodePlan()
    assert plan.idle
    plan.replace([want("a")])
    assert not plan.idle
    job = plan.take()
    assert job is not None
    assert not plan.idle
    plan.finish(job)
    assert plan.idle


def test_a_new_plan_drops_what_waits() -> None:
    plan = DecodePlan()
    plan.replace([want("a"), want("b")])
    plan.replace([want("c")])
    job = plan.take()
    assert job is not None
    assert job.request.asset_key == "c"
    assert plan.take() is None


def test_what_runs_is_not_begun_again_and_takes_the_new_generation() -> None:
    plan = DecodePlan()
    plan.replace([want("a", 1)])
    job = plan.take()
    assert job is not None
    assert plan.replace([want("b", 2), want("a", 2)]) == 1
    assert plan.finish(job) == want("a", 2)


def test_what_runs_unwanted_keeps_its_own_generation() -> None:
    plan = DecodePlan()
    plan.replace([want("a", 1)])
    job = plan.take()
    assert job is not None
    plan.replace([want("b", 2)])
    assert plan.finish(job) == want("a", 1)


def test_another_size_of_the_same_image_is_another_picture() -> None:
    plan = DecodePlan()
    plan.replace([want("a")])
    plan.take()
    assert plan.replace([want("a", box=(20, 20))]) == 1


def test_a_finished_picture_can_be_wanted_again() -> None:
    plan = DecodePlan()
    plan.replace([want("a")])
    job = plan.take()
    assert job is not None
    plan.finish(job)
    assert plan.replace([want("a")]) == 1


def test_a_closed_plan_wants_nothing_and_tells_nothing() -> None:
    plan = DecodePlan()
    plan.replace([want("a"), want("b")])
    job = plan.take()
    assert job is not None
    plan.close()
    assert plan.closed
    assert plan.finish(job) is None
    assert plan.take() is None
    assert plan.replace([want("c")]) == 0
