"""Which queues the chooser offers, and what its ticks add up to."""

from __future__ import annotations

import pytest

from modstation.app.queue_choice import QueueChoices
from modstation.core.assets import ModerationStatus
from modstation.core.queue import KNOWN_KINDS, Order, QueueView, Split

PENDING, APPROVED = ModerationStatus.PENDING, ModerationStatus.APPROVED
COUNTED = {("manual", PENDING): 3, ("webpurify", PENDING): 2, ("webpurify", APPROVED): 5}


def row(choices: QueueChoices, kind: str, status: ModerationStatus = PENDING) -> int:
    return next(
        number
        for number, choice in enumerate(choices.rows)
        if (choice.listing.kind, choice.listing.status) == (kind, status)
    )


def test_what_is_here_comes_first_then_what_the_account_may_have() -> None:
    choices = QueueChoices(COUNTED, QueueView(("webpurify",)))
    shown = [(choice.listing.kind, choice.listing.status.value) for choice in choices.rows]
    assert shown[:6] == [
        (kind, status)
        for kind in ("webpurify", "manual")
        for status in ("pending", "approved", "rejected")
    ]
    others = [kind for kind in KNOWN_KINDS if kind not in {"manual", "webpurify"}]
    assert shown[6:] == [(kind, "pending") for kind in others]
    assert [choice.waiting for choice in choices.rows[:3]] == [2, 5, None]


@pytest.mark.parametrize(
    ("ticks", "chosen", "expected"),
    [
        # Nothing ticked anew: the row alone.
        ([], ("webpurify", PENDING), QueueView(("webpurify",))),
        ([], ("manual", APPROVED), QueueView(status=APPROVED)),
        # Ticked: with the others.
        ([("webpurify", PENDING)], ("webpurify", PENDING), QueueView(("manual", "webpurify"))),
        ([("webpurify", PENDING)], ("manual", PENDING), QueueView(("manual", "webpurify"))),
        # Another row is taken alone whatever is ticked.
        ([("webpurify", PENDING)], ("aws_rek", PENDING), QueueView(("aws_rek",))),
        # Ticking another state begins anew.
        (
            [("webpurify", APPROVED), ("manual", APPROVED)],
            ("manual", APPROVED),
            QueueView(("manual", "webpurify"), APPROVED),
        ),
        # Taken away again.
        ([("manual", PENDING), ("webpurify", PENDING)], ("webpurify", PENDING), None),
        ([("webpurify", PENDING)] * 2, ("manual", PENDING), QueueView()),
    ],
)
def test_choosing_a_row_means_all_that_is_ticked_with_it(
    ticks: list[tuple[str, ModerationStatus]],
    chosen: tuple[str, ModerationStatus],
    expected: QueueView | None,
) -> None:
    choices = QueueChoices(COUNTED, QueueView())
    for kind, status in ticks:
        choices.tick(row(choices, kind, status))
    assert choices.view(row(choices, *chosen)) == (expected or QueueView(("webpurify",)))


def test_the_queue_under_review_stays_as_it_is_with_its_order_and_share() -> None:
    now = QueueView(("webpurify", "manual"), split=Split(1, 2), order=Order.UNSURE)
    choices = QueueChoices(COUNTED, now)
    assert choices.view(row(choices, "manual")) is now
    choices.tick(row(choices, "manual"))
    assert choices.view(row(choices, "webpurify")) == QueueView(("webpurify",), split=Split(1, 2))
    assert all(choice.waiting is None for choice in choices.rows)
