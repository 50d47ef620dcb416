"""The near-duplicates of one image: which are ticked, how they differ, and what one act decides.

Like the session it runs on the window's thread and touches memory only; the store answers later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modstation.app.grid_plan import Judge, plan, refuse_in_bulk
from modstation.app.grid_tiles import Tile, TileLook
from modstation.app.session_events import (
    CountsChanged,
    EntriesLeft,
    EntriesReturned,
    Message,
    OverrideExplained,
    PicturePurged,
    ReversalOffered,
    SessionEvent,
    StripChanged,
    Tone,
)
from modstation.core.assets import ModerationStatus
from modstation.core.decisions import Verdict
from modstation.core.errors import ReviewError
from modstation.core.language import translate
from modstation.media.frames import DecodeResult, Frame
from modstation.store.store_thread import Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modstation.app.look import Shown
    from modstation.app.review_session import ReviewSession
    from modstation.app.store_tasks import StoreTasks
    from modstation.core.errors import StoreError
    from modstation.core.likeness import Alike
    from modstation.core.policy import Reason
    from modstation.store.station_store import StationStore


@dataclass(slots=True, eq=False)
class Member(Tile):
    """One picture of the group."""

    alike: Alike

    @property
    def waits(self) -> bool:
        """It can be decided here."""
        return self.alike.waits


def _nobody() -> None:
    return


class GroupSession:
    """The group of the image ``key``; ``on_change`` is told whenever it has to be painted anew.

    Everything that waits is ticked to begin with. Refusals raise ``ReviewError`` with a stable
    ``code`` and change nothing.
    """

    def __init__(
        self,
        session: ReviewSession,
        store: StoreTasks,
        key: str,
        *,
        monotonic: Callable[[], float],
        warning_of: Callable[[str], str | None],
        new_id: Callable[[], str],
    ) -> None:
        self.session = session
        self.key = key
        self.members: list[Member] = []
        # The store has answered: an empty group is one.
        self.loaded = False
        self.on_change: Callable[[], None] = _nobody
        self.say: Callable[[str], None] = lambda _text: None
        self._store = store
        self._monotonic = monotonic
        self._warning_of = warning_of
        self._new_id = new_id
        self._ticked: set[str] = set()
        self._focus = 0
        self._open = True
        self._rules = session.rules
        session.listen(self._hear)

    def close(self) -> None:
        """Leave the group; what is ticked is forgotten."""
        self._open = False
        self.session.stop_listening(self._hear)
        self.drop_offer()
        self.nothing_shown()
        self.session.frames.tiles.close()

    # -- what is shown

    @property
    def focused(self) -> Member | None:
        """The chosen picture."""
        return self.members[self._focus] if self._focus < len(self.members) else None

    @property
    def focus(self) -> int:
        """Where the chosen picture stands."""
        return self._focus

    @property
    def ticked(self) -> list[Member]:
        """The ticked pictures, nearest first."""
        return [member for member in self.members if member.key in self._ticked]

    def is_ticked(self, key: str) -> bool:
        """This picture is ticked."""
        return key in self._ticked

    def frame(self, key: str) -> DecodeResult | None:
        """The picture, its failure, or None while it is not ready."""
        return self.session.frames.tiles.frame(key)

    def show(self, box: tuple[int, int], keys: list[str]) -> None:
        """Have these pictures ready, the most needed first, to fit into ``box`` device pixels."""
        revisions = {member.key: member.entry.asset.revision for member in self.members}
        self.session.pictures.show_tiles(
            box, {key: revisions[key] for key in keys if key in revisions}
        )

    def painted(self, shown: Mapping[str, Shown]) -> None:
        """These are on the screen now, and of the others nothing is."""
        now = self._monotonic()
        for member in self.members:
            what = shown.get(member.key)
            if what is None:
                member.look.gone(now)
            else:
                member.look.painted(what, now)

    def nothing_shown(self) -> None:
        """Nothing of any picture is on the screen any more."""
        self.painted({})

    # -- reading

    def read(self) -> None:
        """Ask the store who belongs to the group, now."""
        key, view = self.key, self.session.view

        def task(store: StationStore) -> list[Alike]:
            return store.likeness.group(key, view)

        self._store.submit(Priority.WINDOW, task, self._taken, self._failed)

    def _taken(self, group: list[Alike]) -> None:
        if not self._open:
            return
        known = {member.key: member for member in self.members}
        waited = {member.key for member in self.members if member.waits}
        chosen = self.focused
        standing = [
            replace(
                alike,
                entry=alike.entry.ordered(self.session.view.order),
                waits=alike.waits and not self.session.is_taken(alike.key),
            )
            for alike in group
        ]
        self.members = [self._member(known.get(alike.key), alike) for alike in standing]
        waiting = {member.key for member in self.members if member.waits}
        # What came, or came back, is ticked; a tick that was taken away stays away.
        self._ticked = (self._ticked & waiting) | (waiting - waited)
        keys = [member.key for member in self.members]
        self._focus = keys.index(chosen.key) if chosen and chosen.key in keys else 0
        self.loaded = True
        self.on_change()

    def _member(self, known: Member | None, alike: Alike) -> Member:
        if known is not None and known.entry.asset.revision == alike.entry.asset.revision:
            known.entry, known.alike = alike.entry, alike
            self._cover_if_warned(known)
            return known
        look = TileLook(protected=self.session.protecting.protects(alike.entry))
        return Member(alike.entry, look, alike)

    def _cover_if_warned(self, member: Member) -> None:
        """Something was learned of a picture that is on the screen uncovered: cover it."""
        if not member.look.protected and self.session.protecting.protects(member.entry):
            member.look = TileLook(protected=True)

    def _failed(self, error: StoreError) -> None:
        self.loaded = True
        self.say(f"{error.title}: {error.message}")
        self.on_change()

    def _hear(self, event: SessionEvent) -> None:
        match event:
            case EntriesLeft(keys=keys):
                # At once: the store's answer comes later, and the same key may come before it.
                for member in self.members:
                    if member.key in keys:
                        member.alike = replace(member.alike, waits=False)
                        self._cover_if_warned(member)
                self._ticked -= keys
                self.on_change()
            case EntriesReturned() | CountsChanged():
                self.read()
            case PicturePurged():
                self.on_change()
            case StripChanged():
                if self.session.rules.protection is not self._rules.protection:
                    self._rules = self.session.rules
                    for member in self.members:
                        member.look = TileLook(
                            protected=self.session.protecting.protects(member.entry)
                        )
                    self.on_change()
            case Message(text=text):
                self.say(text)
            case ReversalOffered():
                self.say(event.text)
            case OverrideExplained(effects=effects):
                text = translate("GroupSession", "{effects} The same key again does it.")
                self.say(text.format(effects=effects))
            case _:
                pass

    # -- choosing and ticking

    def step(self, by: int) -> None:
        """Choose another picture; ``ReviewError`` beyond the last."""
        self.choose(self._focus + by)

    def choose(self, index: int) -> None:
        """Choose a picture by its number."""
        if not 0 <= index < len(self.members):
            raise ReviewError(
                translate("GroupSession", "There is no picture beyond this one."), code="edge"
            )
        self.let_go()
        self._focus = index
        self.on_change()

    def toggle_tick(self) -> None:
        """Tick the chosen picture, or take its tick away; ``ReviewError`` if it is decided."""
        member = self._need_waiting()
        self._ticked ^= {member.key}
        self.on_change()

    def tick_all(self) -> None:
        """Tick everything that waits; if all of it is ticked, nothing."""
        waiting = {member.key for member in self.members if member.waits}
        self._ticked = set() if self._ticked == waiting else waiting
        self.on_change()

    # -- looking

    def peek(self, *, on: bool) -> None:
        """Uncover the chosen picture while a key is held; ``ReviewError`` without a picture."""
        member = self._need_picture() if on else self.focused
        if member is not None and member.look.peek(on=on, now=self._monotonic()):
            self.on_change()

    def let_go(self) -> None:
        """The key that uncovers is held no more."""
        self.peek(on=False)

    def toggle_reveal(self) -> None:
        """Uncover the chosen picture, or cover it again; ``ReviewError`` without a picture."""
        if self._need_picture().look.toggle_latch(self._monotonic()):
            self.on_change()

    def cover_again(self) -> None:
        """Cover what was uncovered."""
        now = self._monotonic()
        for member in self.members:
            if member.look.latched:
                member.look.toggle_latch(now)
        self.let_go()
        self.on_change()

    # -- deciding

    def decide_focused(self, verdict: Verdict, reason: Reason | None = None) -> None:
        """Decide the chosen picture alone, by the rules of the stage."""
        self._refuse_override()
        session, member = self.session, self._need_waiting()
        attempt = self._judge().attempt(member, verdict, reason)
        if session.overriding.allows(session.view, member.entry, verdict, reason):
            session.decide_many([attempt], None)

    def decide_ticked(self, verdict: Verdict, reason: Reason | None = None) -> None:
        """Decide the ticked pictures in one act; who may not be decided so stays, and why is said.

        ``ReviewError`` if nothing is ticked, or if not one of them may be decided so.
        """
        self._refuse_override()
        ticked = self.ticked
        if not ticked:
            raise ReviewError(
                translate("GroupSession", "No image is marked."), code="nothing-marked"
            )
        refuse_in_bulk(reason, len(ticked))
        stroke = plan(self._judge(), [(member, verdict) for member in ticked], reason)
        if not stroke.attempts:
            raise stroke.refusal or ReviewError(
                translate("GroupSession", "There is no picture here."), code="empty"
            )
        many = len(stroke.attempts) > 1
        self.session.decide_many(stroke.attempts, self._new_id() if many else None)
        stays = f" {stroke.remainder[0].upper()}{stroke.remainder[1:]}." if stroke.remainder else ""
        text = (
            translate(
                "GroupSession",
                "{result}; undo takes the chosen one back, on the stage all of them.",
            )
            if many
            else translate("GroupSession", "{result}.")
        ).format(result=stroke.result) + stays
        self.session.tell(Message(text[0].upper() + text[1:], Tone.DONE))

    def reject_with(self, reason: Reason) -> None:
        """Reject with a reason what is ticked, or else the chosen picture."""
        if self._ticked:
            self.decide_ticked(Verdict.REJECT, reason)
        else:
            self.decide_focused(Verdict.REJECT, reason)

    def undo(self) -> None:
        """Take the decision on the chosen picture back alone; if it waits, the last step of all.

        Pressed again while a reversal is offered, it posts the opposite verdict.
        """
        member = self.focused
        if member is not None and not member.waits and self.session.reversal is None:
            self.session.undo_image(member.key)
        else:
            self.session.undo()

    def drop_offer(self) -> None:
        """The offer to reverse is not on the screen any more: the undo key must not take it."""
        if self.session.reversal is not None:
            self.session.drop_reversal()

    def drop_explained(self) -> None:
        """What a verdict means does not stand on the screen any more."""
        self.session.overriding.drop()

    def _refuse_override(self) -> None:
        """What a verdict overrides is explained before; there is no room for that here."""
        view = self.session.view
        if view.status is not ModerationStatus.PENDING:
            raise ReviewError(
                translate(
                    "GroupSession",
                    "What is {status} is overridden on the stage, one image at a time.",
                ).format(status=view.status.word),
                code="override",
            )

    def _judge(self) -> Judge:
        return Judge(
            self.session.rules,
            self.session.policy,
            self._has_picture,
            self._has_more_to_see,
            self.session.overriding.was_left,
            self._monotonic(),
        )

    def _has_more_to_see(self, key: str) -> bool:
        """A warning, or further frames: only the first one was compared and is shown."""
        frame = self.frame(key)
        return self._warning_of(key) is not None or (isinstance(frame, Frame) and frame.frames > 1)

    def _has_picture(self, key: str) -> bool:
        return isinstance(self.frame(key), Frame)

    def _need_focus(self) -> Member:
        member = self.focused
        if member is None:
            raise ReviewError(translate("GroupSession", "There is no picture here."), code="empty")
        return member

    def _need_waiting(self) -> Member:
        member = self._need_focus()
        if not member.waits:
            raise ReviewError(
                translate("GroupSession", "This picture does not wait in this queue."),
                code="not-waiting",
            )
        return member

    def _need_picture(self) -> Member:
        member = self._need_focus()
        if member.look.protected and not self._has_picture(member.key):
            raise ReviewError(
                translate("GroupSession", "There is no picture to uncover yet."), code="no-picture"
            )
        return member
