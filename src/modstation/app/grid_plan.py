"""What one stroke would decide: who is decided how, who stays and why, and that in one sentence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modstation.app.deciding import Attempt
from modstation.core.decisions import Verdict
from modstation.core.errors import ReviewError
from modstation.core.language import counted, later, number, translate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from modstation.app.deciding import SessionRules
    from modstation.app.grid_tiles import Tile
    from modstation.core.policy import Policy, Reason
    from modstation.core.queue import QueueEntry

# What is said of those that stay, by the code of the refusal.
_STAYS = {
    "needs-reveal": later("GridPlan", "covered"),
    "not-painted": later("GridPlan", "not shown long enough"),
    "cannot-approve-unseen": later("GridPlan", "without a picture"),
    "queued": later("GridPlan", "still with an earlier moderation"),
    "needs-reason": later("GridPlan", "without a reason"),
    "escalated": later("GridPlan", "left to somebody else before"),
    "needs-look": later("GridPlan", "with more to see than a tile shows"),
}
LEFT_BEFORE = later(
    "GridPlan", "You left this image to somebody else before: decide it on the stage."
)
_STAYS_SOMEHOW = later("GridPlan", "not decidable")
_DONE = {
    Verdict.REJECT: later("GridPlan", "{count} rejected"),
    Verdict.APPROVE: later("GridPlan", "{count} approved"),
}


@dataclass(frozen=True, slots=True)
class Judge:
    """The rules of one moment; ``shown`` says whether there is a picture of an image, ``more``
    whether a tile does not tell all of it: a warning, or further frames; ``left`` whether the
    moderator had left it to somebody else.
    """

    rules: SessionRules
    policy: Policy
    shown: Callable[[str], bool]
    more: Callable[[str], bool]
    left: Callable[[QueueEntry], bool]
    now: float

    def attempt(self, tile: Tile, verdict: Verdict, reason: Reason | None) -> Attempt:
        """A verdict on a tile; ``ReviewError`` as on the stage, and ``needs-look``."""
        shown = self.shown(tile.key)
        attempt = Attempt(tile.entry, verdict, reason, tile.look, shown, self.now)
        attempt.refuse(self.rules, self.policy)
        if verdict is Verdict.APPROVE and self.more(tile.key):
            raise ReviewError(
                translate(
                    "GridPlan",
                    "There is more to this image than a tile shows: approve it on the stage.",
                ),
                code="needs-look",
            )
        return attempt


@dataclass(frozen=True, slots=True)
class Stroke:
    """Attempts that count, and how many images stay for which reason."""

    attempts: tuple[Attempt, ...]
    stays: Counter[str] = field(default_factory=Counter)
    refusal: ReviewError | None = None

    @property
    def consequence(self) -> str:
        """What will be done: “reject 3 marked and approve 21 on screen”."""
        counts = Counter(attempt.verdict for attempt in self.attempts)
        marked, rest = counts[Verdict.REJECT], counts[Verdict.APPROVE]
        if marked and rest:
            text = translate(
                "GridPlan", "reject {marked} marked and approve the other {rest} on screen"
            )
        elif marked:
            text = translate("GridPlan", "reject {marked} marked")
        elif rest:
            text = translate("GridPlan", "approve {rest} on screen")
        else:
            return ""
        return text.format(marked=number(marked), rest=number(rest))

    @property
    def result(self) -> str:
        """What was done: “3 rejected, 21 approved”."""
        counts = Counter(attempt.verdict for attempt in self.attempts)
        return ", ".join(
            str(word).format(count=number(counts[v])) for v, word in _DONE.items() if counts[v]
        )

    @property
    def remainder(self) -> str:
        """Who stays and why, or nothing: “2 stay: 1 covered, 1 without a picture”."""
        total = self.stays.total()
        if not total:
            return ""
        words = ", ".join(
            f"{number(n)} {_STAYS.get(code, _STAYS_SOMEHOW)}"
            for code, n in self.stays.most_common()
        )
        return counted(total, translate("GridPlan", "{n} stays: {why}|{n} stay: {why}"), why=words)


def plan(
    judge: Judge, wanted: Iterable[tuple[Tile, Verdict]], reason: Reason | None = None
) -> Stroke:
    """Sort those that may be decided so from those that stay as they are."""
    attempts: list[Attempt] = []
    stays: Counter[str] = Counter()
    refusal: ReviewError | None = None
    for tile, verdict in wanted:
        if judge.left(tile.entry):
            stays["escalated"] += 1
            refusal = refusal or ReviewError(str(LEFT_BEFORE), code="escalated")
            continue
        try:
            attempts.append(
                judge.attempt(tile, verdict, reason if verdict is Verdict.REJECT else None)
            )
        except ReviewError as refused:
            stays[refused.code] += 1
            refusal = refusal or refused
    return Stroke(tuple(attempts), stays, refusal)


def refuse_in_bulk(reason: Reason | None, count: int) -> None:
    """Raise ``ReviewError`` if so many at a time may not be given that reason."""
    if reason is None or count < 2:
        return
    if reason.purge or reason.escalate or not reason.bulk:
        raise ReviewError(
            translate("GridPlan", "“{title}” is given to one image at a time.").format(
                title=reason.title
            ),
            code="one-at-a-time",
        )
