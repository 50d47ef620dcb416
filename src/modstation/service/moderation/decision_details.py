"""What a moderator's decision says beside the verdict, in a batch and in an update alike."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec reads the annotation
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import msgspec

from modstation.core.clock import to_us
from modstation.service.faults import BadRequest
from modstation.service.wire import clean

if TYPE_CHECKING:
    from modstation.service.wire import Parameters

Short: TypeAlias = Annotated[str, msgspec.Meta(max_length=255)]
DecisionId: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]

# The parameter of an update that no other client of the Admin API sends: a JSON object.
OF_AN_UPDATE = "modstation_decision"


class Details(msgspec.Struct):
    """Which decision it is, by whom, when and why."""

    decision_id: DecisionId
    reason: Short | None = None
    note: Annotated[str, msgspec.Meta(max_length=4000)] | None = None
    actor: Short | None = None
    decided_at: datetime | None = None

    def for_verdict(self, parameter: str) -> dict[str, Any]:
        """As ``Verdict`` takes it; BadRequest for what must not be stored."""
        for name in ("decision_id", "reason", "note", "actor"):
            # What one moderator writes is shown to others, and PostgreSQL takes no NUL.
            clean(getattr(self, name) or "", parameter, lines=name == "note")
        if self.decided_at is not None and self.decided_at.tzinfo is None:
            raise BadRequest(
                f"Invalid value for parameter {parameter}: decided_at has no time zone"
            )
        return {
            "decision_id": self.decision_id,
            "reason": self.reason,
            "note": self.note,
            "actor": self.actor,
            "decided_us": None if self.decided_at is None else to_us(self.decided_at),
        }


def details_of_update(parameters: Parameters) -> dict[str, Any]:
    """What an update says of its decision, as ``Verdict`` takes it; nothing if it says nothing.

    Raises BadRequest for what is malformed.
    """
    sent = parameters.raw(OF_AN_UPDATE)
    if sent is None:
        return {}
    try:
        if isinstance(sent, str):
            details = msgspec.json.decode(sent, type=Details)
        else:
            details = msgspec.convert(sent, Details)
    except msgspec.MsgspecError as error:
        raise BadRequest(f"Invalid value for parameter {OF_AN_UPDATE}: {error}") from error
    return details.for_verdict(OF_AN_UPDATE)
