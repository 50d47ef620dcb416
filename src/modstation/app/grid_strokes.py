"""What one stroke does to the tiles of the contact sheet, and the statement before it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from modstation.app.grid_plan import Judge, Stroke, plan, refuse_in_bulk
from modstation.app.overriding import refuse_override_in_bulk
from modstation.app.session_events import Message, Tone
from modstation.core.decisions import Verdict
from modstation.core.errors import ReviewError
from modstation.core.language import translate
from modstation.media.frames import Frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.grid_layout import Layout
    from modstation.app.grid_tiles import GridTiles, Tile
    from modstation.app.review_session import ReviewSession
    from modstation.core.policy import Reason
    from modstation.core.queue import QueueEntry


class Sheet(Protocol):
    """The tiles that are decided on: ``GridSession``."""

    session: ReviewSession
    tiles: GridTiles
    layout: Layout
    offset: int
    on_change: Callable[[], None]

    def need_focus(self) -> Tile:
        """The tile that keys act on; ``ReviewError`` if there is none."""
        ...

    def has_picture(self, key: str) -> bool:
        """The tile of an asset can be painted."""
        ...


class GridStrokes:
    """Decides one tile, the marked ones, or all that are on screen.

    Refusals raise ``ReviewError`` with a stable ``code`` and change nothing.
    """

    def __init__(
        self,
        sheet: Sheet,
        *,
        monotonic: Callable[[], float],
        warning_of: Callable[[str], str | None],
        new_id: Callable[[], str],
    ) -> None:
        # What Ctrl+Enter is about to do; it stands on the screen until it is confirmed.
        self.statement: Stroke | None = None
        self._stated_at = 0.0
        self._sheet = sheet
        self._monotonic = monotonic
        self._warning_of = warning_of
        self._new_id = new_id

    def decide_focused(self, verdict: Verdict, reason: Reason | None = None) -> None:
        """Decide one tile, by the rules of the stage."""
        tile = self._sheet.need_focus()
        attempt = self._judge().attempt(tile, verdict, reason)
        session = self._sheet.session
        if session.overriding.allows(session.view, tile.entry, verdict, reason):
            session.decide_many([attempt], None)

    def decide_marked(self, verdict: Verdict, reason: Reason | None = None) -> None:
        """Decide the marked tiles; those that may not be decided so stay, and why is said."""
        marked = self._need_marked()
        refuse_override_in_bulk(self._sheet.session.view)
        refuse_in_bulk(reason, len(marked))
        self._carry_out(plan(self._judge(), [(tile, verdict) for tile in marked], reason))

    def reject_with(self, reason: Reason) -> None:
        """Reject with a reason what is marked, or else the focused tile."""
        if self._sheet.tiles.marked:
            self.decide_marked(Verdict.REJECT, reason)
        else:
            self.decide_focused(Verdict.REJECT, reason)

    def propose(self) -> None:
        """State what would be done: the marked rejected, the rest that is on screen approved.

        Asked again while the statement stands, do it. The rest are the tiles seen from edge to
        edge; what of them may not be approved stays.
        """
        if self.statement is not None:
            self.confirm()
            return
        refuse_override_in_bulk(self._sheet.session.view)
        marked = self._sheet.tiles.marked
        rest = [
            tile
            for index in self._sheet.layout.whole(self._sheet.offset)
            if not self._sheet.tiles.is_marked((tile := self._sheet.tiles[index]).key)
        ]
        judge = self._judge()
        rejections = plan(judge, [(tile, Verdict.REJECT) for tile in marked])
        if rejections.refusal is not None and rejections.refusal.code == "needs-reason":
            raise rejections.refusal
        approvals = plan(judge, [(tile, Verdict.APPROVE) for tile in rest])
        stroke = Stroke(
            (*rejections.attempts, *approvals.attempts),
            rejections.stays + approvals.stays,
            rejections.refusal or approvals.refusal,
        )
        if not stroke.attempts:
            raise stroke.refusal or ReviewError(
                translate("GridStrokes", "There is no image on screen."), code="empty"
            )
        self.statement, self._stated_at = stroke, self._monotonic()
        self._sheet.on_change()

    def confirm(self) -> None:
        """Do what was stated; ``ReviewError`` if it stands there too short, or if it is no longer
        so: then it is dropped.
        """
        stroke = self.statement
        if stroke is None:
            raise ReviewError(
                translate("GridStrokes", "Nothing is to be confirmed."), code="nothing-stated"
            )
        if self._monotonic() - self._stated_at < self._sheet.session.rules.painted_before:
            raise ReviewError(
                translate("GridStrokes", "Read first what would be done."), code="not-painted"
            )
        if not all(self._still_so(one.entry) for one in stroke.attempts):
            self.drop()
            raise ReviewError(
                translate("GridStrokes", "Nothing done: the queue has just changed."),
                code="changed",
            )
        self._carry_out(stroke)

    def cancel(self) -> bool:
        """Do not do what was stated; False if nothing was."""
        stated = self.statement is not None
        self.drop()
        return stated

    def drop(self) -> None:
        """What was stated is no longer so, or nobody looks at it any more."""
        if self.statement is not None:
            self.statement = None
            self._sheet.on_change()

    def _carry_out(self, stroke: Stroke) -> None:
        if not stroke.attempts:
            assert stroke.refusal is not None
            raise stroke.refusal
        self.statement = None
        many = len(stroke.attempts) > 1
        self._sheet.session.decide_many(stroke.attempts, self._new_id() if many else None)
        stays = f" {stroke.remainder[0].upper()}{stroke.remainder[1:]}." if stroke.remainder else ""
        text = (
            translate("GridStrokes", "{result}; undo takes all of them back.")
            if many
            else translate("GridStrokes", "{result}; undo takes it back.")
        ).format(result=stroke.result) + stays
        self._sheet.session.tell(Message(text[0].upper() + text[1:], Tone.DONE))

    def _still_so(self, entry: QueueEntry) -> bool:
        index = self._sheet.tiles.index(entry.key)
        if index is not None:
            return self._sheet.tiles[index].entry.asset.revision == entry.asset.revision
        return self._sheet.tiles.is_marked(entry.key)

    def _judge(self) -> Judge:
        return Judge(
            self._sheet.session.rules,
            self._sheet.session.policy,
            self._sheet.has_picture,
            self._has_more_to_see,
            self._sheet.session.overriding.was_left,
            self._monotonic(),
        )

    def _has_more_to_see(self, key: str) -> bool:
        frame = self._sheet.session.frames.tiles.frame(key)
        return self._warning_of(key) is not None or (isinstance(frame, Frame) and frame.frames > 1)

    def _need_marked(self) -> list[Tile]:
        marked = self._sheet.tiles.marked
        if not marked:
            raise ReviewError(translate("GridStrokes", "No tile is marked."), code="nothing-marked")
        return marked
