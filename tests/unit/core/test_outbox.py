from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from modstation.core.assets import AssetRef, ModerationStatus
from modstation.core.outbox import Operation, OperationState, can_undo_silently

NOW = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
S = OperationState
SENDING = Operation(
    operation_id="1",
    decision_id="1",
    ref=AssetRef("image", "upload", "cat"),
    target=ModerationStatus.APPROVED,
    state=S.IN_FLIGHT,
    due_at=NOW,
    decided_at=NOW,
)


@pytest.mark.parametrize(
    ("state", "sent", "silent"),
    [
        (S.HELD, False, True),
        (S.READY, False, True),
        (S.READY, True, False),
        (S.IN_FLIGHT, False, False),
        (S.IN_FLIGHT, True, False),
        (S.DONE, True, False),
        (S.PARKED, False, True),
        (S.PARKED, True, False),
        (S.CONFLICTED, False, True),
        (S.CONFLICTED, True, True),
        (S.CANCELLED, False, False),
    ],
)
def test_undo_is_silent_only_while_nothing_is_in_effect(
    state: OperationState, sent: bool, silent: bool
) -> None:
    assert can_undo_silently(replace(SENDING, state=state, sent=sent)) is silent
