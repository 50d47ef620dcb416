"""Every order of deciding, undoing, posting, losing answers, crashing and listing again."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from helpers.assets import AT_ONCE, HOLD, MANUAL_PENDING, PENDING, draft_for, open_store
from helpers.outbox_world import PHOTOS, STATUSES, Choices, Flight, Mishap, Service, Snapshot
from modstation.core.clock import CountingIds, ManualClock
from modstation.core.decisions import Action, Verdict
from modstation.core.outbox import Acknowledged, Failed, Observed, Operation, OperationState
from modstation.core.queue import Kept, Order
from modstation.core.settling import compare, needs_reading, settle
from modstation.store.station_store import NeedsReversal, StationStore, Undone

if TYPE_CHECKING:
    from datetime import timedelta

    from modstation.core.assets import Asset

KEYS = sorted(PHOTOS)
OPEN = {
    OperationState.HELD,
    OperationState.READY,
    OperationState.IN_FLIGHT,
    OperationState.PARKED,
    OperationState.CONFLICTED,
}
verdicts = st.sampled_from([Verdict.APPROVE, Verdict.REJECT])
holds = st.sampled_from([AT_ONCE, AT_ONCE, HOLD])


@functools.cache
def empty_database() -> Path:
    """Made once: the schema takes longer than a whole run of the machine."""
    folder = Path(tempfile.mkdtemp(prefix="outbox-empty-"))
    atexit.register(shutil.rmtree, folder)
    open_store(folder).close()
    return folder / "station.sqlite3"


resolutions = st.sampled_from([Action.KEEP_MINE, Action.ACCEPT_THEIRS, Action.LOOK_AGAIN])
# The interesting ones more often.
mishaps = st.sampled_from([*Mishap, Mishap.NONE, Mishap.ANSWER_LOST, Mishap.ANSWER_LOST])


class OutboxMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="outbox-"))
        shutil.copy(empty_database(), self.folder)
        self.clock, self.ids = ManualClock(), CountingIds()
        self.store = self.open()
        self.service = Service(dict.fromkeys(KEYS, PENDING))
        self.choices = Choices()
        self.flights: list[Flight] = []
        self.snapshots: list[Snapshot] = []
        self.lanes = dict.fromkeys(KEYS, 0)
        self.second_looks: set[str] = set()
        self.flags: set[str] = set()
        self.passes = 0
        self.alone, self.keys = False, KEYS
        self.rows: dict[str, Operation] = {}

    def teardown(self) -> None:
        try:
            self.drain()
            assert self.store.verify_chain() is None
        finally:
            self.store.close()
            shutil.rmtree(self.folder)

    def open(self) -> StationStore:
        store = open_store(self.folder, clock=self.clock, ids=self.ids)
        # No power cut is played here, and thousands of commits are.
        store._connection.sql.execute("PRAGMA synchronous = OFF")
        return store

    # -- three hands: what each may do now is drawn from, so that no step is wasted

    @rule(data=st.data())
    def the_moderator(self, data: st.DataObject) -> None:
        draw = data.draw
        acts = ["decide", "decide", "decide", "undo", "undo", "skip", "post_now"]
        acts += ["unskip", "flag", "unflag", "escalate", "withdraw", "look"]
        acts += ["change_ones_mind"] * (4 if self.flights else 0)
        acts += ["redo", "redo"] if self.choices.redo else []
        acts += ["reverse"] if self.choices.undo else []
        acts += ["settle_a_conflict"] * (3 if self.any_in(OperationState.CONFLICTED) else 0)
        acts += ["clear_a_parked_row"] * (2 if self.any_in(OperationState.PARKED) else 0)
        match draw(st.sampled_from(acts), label="act"):
            case "decide":
                self.decide(
                    draw(st.sampled_from(self.keys)),
                    draw(verdicts),
                    draw(holds),
                    offline=draw(st.booleans()),
                )
            case "undo":
                self.undo()
            case "skip":
                self.skip(draw(st.sampled_from(self.keys)))
            case "unskip":
                self.unskip(draw(st.sampled_from(self.keys)), wholly=draw(st.booleans()))
            case "flag":
                self.flag(draw(st.sampled_from(self.keys)))
            case "unflag":
                self.unflag(draw(st.sampled_from(self.keys)))
            case "escalate":
                self.escalate(draw(st.sampled_from(self.keys)))
            case "withdraw":
                self.withdraw(draw(st.sampled_from(self.keys)))
            case "look":
                self.look_at_lists_and_orders()
            case "post_now":
                self.store.release_held()
            case "change_ones_mind":
                self.change_ones_mind(draw(holds))
            case "redo":
                self.redo(draw(holds))
            case "reverse":
                self.reverse(draw(holds))
            case "settle_a_conflict":
                self.settle_a_conflict(draw(resolutions), draw(holds))
            case "clear_a_parked_row":
                self.clear_a_parked_row(drop=draw(st.booleans()))

    @precondition(lambda self: self.flights or self.can_claim())
    @rule(data=st.data())
    def the_engine(self, data: st.DataObject) -> None:
        acts = ["settle"] * (6 if any(flight.mishap for flight in self.flights) else 0)
        acts += ["send"] * (6 if any(flight.mishap is None for flight in self.flights) else 0)
        acts += ["claim"] * (3 if self.can_claim() else 0)
        acts += ["post"] if self.can_claim() and not self.flights else []
        acts += ["is_killed"]
        match data.draw(st.sampled_from(acts), label="act"):
            case "claim":
                self.claim(data.draw(st.integers(1, 2)))
            case "post":
                self.post(data.draw(mishaps))
            case "send":
                self.send(data.draw(mishaps))
            case "settle":
                self.settle()
            case "is_killed":
                self.is_killed()

    @rule(data=st.data())
    def the_world(self, data: st.DataObject) -> None:
        acts = ["time_passes"] * 3 + ["snapshot", "snapshot", "read_one_asset"]
        acts += ["apply_snapshot"] * (4 if self.snapshots else 0)
        acts += [] if self.alone else ["somebody_else_sets"]
        match data.draw(st.sampled_from(acts), label="act"):
            case "time_passes":
                self.clock.advance(data.draw(st.sampled_from([1, 11, 45, 400])))
            case "snapshot":
                self.take_snapshot()
            case "apply_snapshot":
                self.apply_snapshot()
            case "read_one_asset":
                self.store.upsert_asset(self.seen(data.draw(st.sampled_from(self.keys))))
            case "somebody_else_sets":
                key = data.draw(st.sampled_from(self.keys))
                self.service.statuses[key] = data.draw(st.sampled_from(STATUSES))
                self.service.foreign.add(key)

    # -- the service and its listings

    @initialize(alone=st.booleans(), photos=st.integers(1, len(KEYS)))
    def first_listing(self, *, alone: bool, photos: int) -> None:
        # Alone, nothing may ever look like a conflict; one photo, and everything meets there.
        self.alone, self.keys = alone, KEYS[:photos]
        self.take_snapshot()
        self.apply_snapshot()

    def take_snapshot(self) -> None:
        listed = [
            replace(PHOTOS[key], status=status)
            for key, status in self.service.statuses.items()
            if status is PENDING
        ]
        self.snapshots.append(Snapshot(self.clock.now(), listed))

    def apply_snapshot(self) -> None:
        snapshot = self.snapshots.pop(0)
        self.passes += 1
        self.store.apply_page(
            MANUAL_PENDING.listings[0],
            snapshot.assets,
            cursor=None,
            pass_id=f"pass-{self.passes}",
            listed_at=snapshot.at,
            first=True,
            last=True,
        )

    # -- the moderator

    def decide(self, key: str, verdict: Verdict, hold: timedelta, *, offline: bool) -> None:
        entry = self.store.entry(key)
        assert entry is not None
        draft = draft_for(entry.asset, verdict, decided_offline=offline)
        self.choices.choose(self.store.decide(draft, hold=hold).operation)
        assert key not in self.escalated()

    def change_ones_mind(self, hold: timedelta) -> None:
        operation = self.flights[-1].operation
        approved = operation.target is Verdict.APPROVE.status
        verdict = Verdict.REJECT if approved else Verdict.APPROVE
        self.decide(operation.ref.key, verdict, hold, offline=False)

    def undo(self) -> None:
        answer = self.store.undo(actor="mod")
        if isinstance(answer, Undone):
            assert answer.step.key == answer.key
            assert self.choices.take_back() == (answer.key, answer.step.decision_id)
        elif isinstance(answer, NeedsReversal):
            assert self.choices.undo[-1] == (answer.step.key, answer.step.decision_id)
        else:
            assert self.choices.undo == []

    def redo(self, hold: timedelta) -> None:
        [saved] = self.store.redo(actor="mod", hold=hold)
        assert self.choices.redo[-1][1] == saved.decision.draft.refers_to
        self.choices.choose(saved.operation, redone=True)

    def reverse(self, hold: timedelta) -> None:
        _key, decision_id = self.choices.undo[-1]
        saved = self.store.reverse(decision_id, actor="mod", hold=hold)
        self.choices.choose(saved.operation)

    def skip(self, key: str) -> None:
        self.lanes[key] += 1
        assert self.store.skip(key, MANUAL_PENDING).lane == self.lanes[key]

    def unskip(self, key: str, *, wholly: bool) -> None:
        self.lanes[key] = 0 if wholly else max(0, self.lanes[key] - 1)
        position = self.store.unskip(key, wholly=wholly)
        assert position is None or position.lane == self.lanes[key]

    def flag(self, key: str) -> None:
        self.store.flag(key, actor="mod", note="look")
        self.flags.add(key)

    def unflag(self, key: str) -> None:
        assert self.store.unflag(key) == (key in self.flags)
        self.flags.discard(key)

    def escalate(self, key: str) -> None:
        left = key in self.escalated()
        row = self.store.escalate(draft_for(PHOTOS[key], note="what is it?"))
        assert (row is None) == left

    def withdraw(self, key: str) -> None:
        left = key in self.escalated()
        row = self.store.withdraw(draft_for(PHOTOS[key]))
        assert (row is not None) == left

    def look_at_lists_and_orders(self) -> None:
        entries = self.store.window(MANUAL_PENDING, around=None, before=0, after=100)
        assert {row.entry.key for row in self.store.kept(Kept.FLAGGED)} == self.flags
        skipped = [row.entry.key for row in self.store.kept(Kept.SKIPPED)]
        # What is settled may be skipped too, in its own queue.
        assert {entry.key for entry in entries if entry.position.lane} <= set(skipped)
        assert not set(skipped) & {entry.key for entry in entries if not entry.position.lane}
        assert self.store.kept_counts() == {
            Kept.SKIPPED: len(skipped),
            Kept.FLAGGED: len(self.flags),
            Kept.ESCALATED: len(self.escalated()),
        }
        for order in Order:
            view = replace(MANUAL_PENDING, order=order)
            ordered = self.store.window(view, around=None, before=0, after=100)
            assert ordered == sorted(
                (entry.ordered(order) for entry in entries), key=lambda entry: entry.position
            )

    def escalated(self) -> set[str]:
        return {row.entry.key for row in self.store.kept(Kept.ESCALATED)}

    def settle_a_conflict(self, action: Action, hold: timedelta) -> None:
        for row in self.store.operations({OperationState.CONFLICTED}, limit=1):
            key = row.ref.key
            settled = self.store.resolve_conflict(row.operation_id, action, actor="mod", hold=hold)
            if settled is None:
                assert (action, row.theirs) == (Action.ACCEPT_THEIRS, PENDING)
                continue
            if action is Action.KEEP_MINE:
                [again] = [o for o in self.store.operations(OPEN) if o.ref.key == key]
                self.choices.choose(again)
                continue
            self.choices.give_up(key)
            if action is Action.LOOK_AGAIN:
                self.second_looks.add(key)

    def clear_a_parked_row(self, *, drop: bool) -> None:
        for row in self.store.operations({OperationState.PARKED}, limit=1):
            if drop:
                assert self.store.drop(row.operation_id, actor="mod")
                self.choices.give_up(row.ref.key)
            else:
                assert self.store.retry_parked(row.operation_id)

    # -- the engine: claim, send, settle, with anything in between

    def claim(self, limit: int) -> None:
        now = self.clock.now()
        self.store.release_due(now)
        claimed = self.store.claim(limit, now)
        rejections = [row.target.value == "rejected" for row in claimed]
        assert rejections == sorted(rejections, reverse=True)
        for row in claimed:
            assert row.decision_id == self.choices.newest(row.ref.key)
            self.flights.append(Flight(row))

    def send(self, mishap: Mishap) -> None:
        flight = next(flight for flight in self.flights if flight.mishap is None)
        operation, now = flight.operation, self.clock.now()
        if needs_reading(operation, now=now):
            asset = self.seen(operation.ref.key)
            decided = compare(operation, Observed(asset.status))
            if decided is not None:
                self.flights.remove(flight)
                self.settled(self.store.apply(operation.operation_id, decided, now=now))
                return
        self.service.post(operation, mishap)
        flight.mishap = mishap

    def settle(self) -> None:
        flight = next(flight for flight in self.flights if flight.mishap)
        self.flights.remove(flight)
        operation, now, mishap = flight.operation, self.clock.now(), flight.mishap
        assert mishap is not None
        outcome = Acknowledged(operation.target) if mishap is Mishap.NONE else Failed(mishap.error)
        transition = settle(operation, outcome, now=now)
        self.settled(self.store.apply(operation.operation_id, transition, now=now))

    def post(self, mishap: Mishap) -> None:
        self.claim(1)
        if self.flights:
            self.send(mishap)
        if self.flights:
            self.settle()

    def is_killed(self) -> None:
        self.flights.clear()
        self.store.close()
        self.store = self.open()
        for row in self.store.recover_in_flight(self.clock.now()):
            assert row.verify or row.state is OperationState.CANCELLED

    def can_claim(self) -> bool:
        now = self.clock.now()
        flying = {flight.operation.ref.key for flight in self.flights}
        waiting = {OperationState.HELD, OperationState.READY}
        return any(
            row.state in waiting and row.due_at <= now and row.ref.key not in flying
            for row in self.rows.values()
        )

    def settled(self, operation: Operation) -> None:
        if operation.state is OperationState.DONE:
            self.lanes[operation.ref.key] = 0
            self.second_looks.discard(operation.ref.key)

    def seen(self, key: str) -> Asset:
        return replace(PHOTOS[key], status=self.service.statuses[key])

    # -- what holds at every moment

    @invariant()
    def everything_agrees(self) -> None:
        rows = self.store.operations(list(OperationState))
        self.rows = {row.decision_id: row for row in rows}
        self.one_choice_waits_and_one_flies()
        self.no_decision_is_lost()
        self.the_counters_are_a_recount()
        self.the_queue_is_what_the_rule_says()
        assert self.store.drift() == []

    def one_choice_waits_and_one_flies(self) -> None:
        rows = [row for row in self.rows.values() if row.state in OPEN]
        flying = [row.ref.key for row in rows if row.state is OperationState.IN_FLIGHT]
        waiting = [row.ref.key for row in rows if row.state is not OperationState.IN_FLIGHT]
        assert len(flying) == len(set(flying))
        assert len(waiting) == len(set(waiting))

    def no_decision_is_lost(self) -> None:
        newest = {self.choices.newest(key) for key in KEYS}
        assert set(self.choices.targets) == set(self.rows)
        for decision, row in self.rows.items():
            if row.state is OperationState.CANCELLED:
                assert decision not in newest
            if decision in newest:
                assert not row.superseded or row.state is OperationState.DONE

    def the_counters_are_a_recount(self) -> None:
        counts = self.store.counts(MANUAL_PENDING)
        states = [row.state for row in self.rows.values()]
        for state in OPEN | {OperationState.DONE}:
            assert getattr(counts, state.value) == states.count(state)

    def the_queue_is_what_the_rule_says(self) -> None:
        decided = {row.ref.key for row in self.rows.values() if row.state in OPEN}
        gone = {row.ref.key for row in self.rows.values() if row.error_code == "gone"}
        entries = self.store.window(MANUAL_PENDING, around=None, before=0, after=100)
        positions = [entry.position for entry in entries]
        assert positions == sorted(positions)
        assert self.store.counts(MANUAL_PENDING).waiting == len(entries)
        escalated = self.escalated()
        for entry in entries:
            assert entry.key not in decided | escalated
            assert entry.position.lane == self.lanes[entry.key]
            assert entry.asset.status is PENDING or entry.key in self.second_looks
            if entry.key not in self.service.foreign | self.choices.given_up:
                # Nothing that we posted comes back by a list that is older than its answer.
                assert self.service.statuses[entry.key] is PENDING
        assert self.second_looks - decided - gone - escalated <= {entry.key for entry in entries}
        untouched = set(KEYS) - self.service.foreign - set(self.choices.ever) - gone - escalated
        assert untouched <= {entry.key for entry in entries}

    def any_in(self, state: OperationState) -> bool:
        return any(row.state is state for row in self.rows.values())

    # -- and at the end, once the service answers everything

    def drain(self) -> None:
        for flight in list(self.flights):
            if flight.mishap is None:
                flight.mishap = Mishap.UNREACHABLE
        while self.flights:
            self.settle()
        for row in self.store.operations({OperationState.PARKED}):
            self.store.retry_parked(row.operation_id)
        for _ in range(20):
            self.clock.advance(400)
            self.claim(9)
            if not self.flights:
                break
            for _ in list(self.flights):
                self.send(Mishap.NONE)
                if any(flight.mishap for flight in self.flights):
                    self.settle()
        self.the_end_is_what_the_moderator_wanted()

    def the_end_is_what_the_moderator_wanted(self) -> None:
        rows = self.store.operations(list(OperationState))
        assert not [row for row in rows if row.state.live or row.state is OperationState.PARKED]
        conflicted = {row.ref.key for row in rows if row.state is OperationState.CONFLICTED}
        # What we did ourselves is never taken for somebody else's doing.
        assert conflicted <= self.service.foreign | self.choices.given_up
        for key in set(KEYS) - self.service.foreign - self.choices.given_up:
            newest = self.choices.newest(key)
            wanted = self.choices.targets[newest] if newest else PENDING
            assert self.service.statuses[key] is wanted


TestOutbox = OutboxMachine.TestCase
TestOutbox.settings = settings(
    max_examples=120,
    stateful_step_count=35,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
