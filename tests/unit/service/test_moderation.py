from __future__ import annotations

import pytest

from modstation.service.faults import BadRequest
from modstation.service.moderation.states import Entry, decide, overall


def entries(text: str) -> tuple[Entry, ...]:
    """``kind:status kind:status`` as entries."""
    return tuple(Entry(*part.split(":")) for part in text.split())


def written(given: tuple[Entry, ...]) -> str:
    return " ".join(f"{entry.kind}:{entry.status}" for entry in given)


@pytest.mark.parametrize(
    ("before", "status", "after", "kind", "whole"),
    [
        ("", "rejected", "manual:rejected", "manual", "rejected"),
        ("manual:pending", "approved", "manual:approved", "manual", "approved"),
        ("manual:pending", "rejected", "manual:rejected", "manual", "rejected"),
        ("manual:approved", "rejected", "manual:rejected", "manual", "rejected"),
        ("manual:rejected", "pending", "manual:pending", "manual", "pending"),
        ("webpurify:rejected", "approved", "webpurify:approved", "webpurify", "approved"),
        (
            "webpurify:pending manual:queued",
            "rejected",
            "webpurify:rejected manual:aborted",
            "webpurify",
            "rejected",
        ),
        (
            "webpurify:pending manual:queued",
            "approved",
            "webpurify:approved manual:aborted",
            "webpurify",
            "approved",
        ),
        (
            "webpurify:approved manual:pending",
            "rejected",
            "webpurify:approved manual:rejected",
            "manual",
            "rejected",
        ),
        (
            "webpurify:rejected manual:aborted",
            "approved",
            "webpurify:approved manual:aborted",
            "webpurify",
            "approved",
        ),
        (
            "webpurify:approved manual:approved",
            "rejected",
            "webpurify:approved manual:rejected",
            "manual",
            "rejected",
        ),
    ],
)
def test_a_persons_decision_outranks_everything(
    before: str, status: str, after: str, kind: str, whole: str
) -> None:
    changed, decided = decide(entries(before), status, now_us=7)
    assert written(changed) == after
    assert decided == kind
    assert overall(changed) == whole
    assert next(entry for entry in changed if entry.kind == kind).updated_us == 7


def test_an_override_keeps_what_the_machine_said() -> None:
    machine = Entry("webpurify", "rejected", 5, "rejected")
    (after,), _ = decide((machine,), "approved", now_us=7)
    assert after == Entry("webpurify", "approved", 7, "rejected")


def test_the_kind_that_is_meant_can_be_named() -> None:
    both = entries("webpurify:approved manual:pending")
    assert written(decide(both, "rejected", now_us=1, kind="webpurify")[0]) == (
        "webpurify:rejected manual:aborted"
    )
    with pytest.raises(BadRequest, match="Resource has no aws_rek moderation"):
        decide(both, "rejected", now_us=1, kind="aws_rek")


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ("", None),
        ("a:approved b:rejected", "rejected"),
        ("a:approved b:queued", "pending"),
        ("a:approved b:aborted", "approved"),
    ],
)
def test_the_whole_is_the_worst_of_its_parts(given: str, whole: str | None) -> None:
    assert overall(entries(given)) == whole
