"""What a moderator's decision says beside the verdict, in a batch and in an update alike."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import msgspec

from modstation.core.clock import to_us
from modstation.service.faults import BadRequest
from modstation.service.wire import clean, too_deep

if TYPE_CHECKING:
    from modstation.service.wire import Parameters

Short: TypeAlias = Annotated[str, msgspec.Meta(max_length=255)]
DecisionId: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]

# The parameter of an update that no other client of the Admin API sends: a JSON object.
OF_AN_UPDATE = "modstation_decision"
# The last moment that can be told again.
_LATEST_US = to_us(datetime.max.replace(tzinfo=UTC))


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
        return {
            "decision_id": self.decision_id,
            "reason": self.reason,
            "note": self.note,
            "actor": self.actor,
            "decided_us": self._decided_us(parameter),
        }

    def _decided_us(self, parameter: str) -> int | None:
        moment = self.decided_at
        if moment is None:
            return None
        if moment.tzinfo is None:
            raise BadRequest(
                f"Invalid value for parameter {parameter}: decided_at has no time zone"
            )
        # Compared in UTC: a time zone can move the first and the last day out of the calendar.
        if not 0 <= to_us(moment) <= _LATEST_US:
            raise BadRequest(f"Invalid value for parameter {parameter}: decided_at is no such time")
        return to_us(moment)


def details_of_update(parameters: Parameters) -> dict[str, Any]:
    """What an update says of its decision, as ``Verdict`` takes it; nothing if it says nothing.

    Raises BadRequest for what is malformed.
    """
    sent = parameters.raw(OF_AN_UPDATE)
    if sent is None:
        return {}
    if isinstance(sent, str) and too_deep(sent.encode()):
        raise BadRequest(f"Invalid value for parameter {OF_AN_UPDATE}: nested too deeply")
    try:
        if isinstance(sent, str):
            details = msgspec.json.decode(sent, type=Details)
        else:
            details = msgspec.convert(sent, Details)
    except msgspec.MsgspecError as error:
        raise BadRequest(f"Invalid value for parameter {OF_AN_UPDATE}: {error}") from error
    return details.for_verdict(OF_AN_UPDATE)
