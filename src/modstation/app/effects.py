"""What a verdict does that somebody may not expect, in one line, before it happens."""

from __future__ import annotations

from modstation.core.decisions import Verdict
from modstation.core.language import later, translate

_EFFECTS = {
    Verdict.APPROVE: (
        later(
            "Effects",
            "approved is posted, the service restores the image from its backup and"
            " delivers it to everybody again",
        )
    ),
    Verdict.REJECT: (
        later(
            "Effects",
            "rejected is posted, the service delivers the image to nobody any more"
            " and purges it from the delivery caches",
        )
    ),
}

OWN_ESCALATION = later(
    "Effects",
    "You left this image to somebody else; decided by you, it gets no second"
    " opinion, and the log says so.",
)


def effects_of(verdict: Verdict, *, reverses: bool) -> str:
    """The line that stands there until the same key is pressed again.

    ``reverses``: the verdict overruled is the moderator's own.
    """
    what = (
        translate("Effects", "Reverses your decision: {effects}.")
        if reverses
        else translate("Effects", "Overrides the decision: {effects}.")
    )
    return what.format(effects=_EFFECTS[verdict])
