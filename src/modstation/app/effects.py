"""What a verdict does that somebody may not expect, in one line, before it happens."""

from __future__ import annotations

from modstation.core.decisions import Verdict

_EFFECTS = {
    Verdict.APPROVE: (
        "approved is posted, the service restores the image from its backup and delivers it to"
        " everybody again"
    ),
    Verdict.REJECT: (
        "rejected is posted, the service delivers the image to nobody any more and purges it from"
        " the delivery caches"
    ),
}

OWN_ESCALATION = (
    "You left this image to somebody else; decided by you, it gets no second opinion, and the log"
    " says so."
)


def effects_of(verdict: Verdict, *, reverses: bool) -> str:
    """The line that stands there until the same key is pressed again.

    ``reverses``: the verdict overruled is the moderator's own.
    """
    what = "Reverses your decision" if reverses else "Overrides the decision"
    return f"{what}: {_EFFECTS[verdict]}."
