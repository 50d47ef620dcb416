"""Any sequence of events over the table alone: what must hold after each of them."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from modstation.service.moderation.states import (
    TABLE,
    Entry,
    Event,
    State,
    answered,
    begin,
    decide,
    overall,
)

MACHINES = ("duplicate", "aws_rek", "webpurify")
KINDS = st.sampled_from((*MACHINES, "manual"))
VERDICTS = st.sampled_from(("approved", "rejected"))
RUNS = st.lists(st.sampled_from(MACHINES), unique=True).flatmap(
    lambda kinds: st.sampled_from(((*kinds, "manual"), tuple(kinds)))
)


def test_the_table_knows_every_state_and_event() -> None:
    assert set(TABLE) == {(state, event) for state in State for event in Event}


class Moderations(RuleBasedStateMachine):
    """One asset's entries, beside them what was last said of each by whom."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: tuple[Entry, ...] = ()
        self.now = 0
        self.person: str | None = None
        self.said: dict[str, str] = {}

    @initialize(kinds=RUNS)
    def upload(self, kinds: tuple[str, ...]) -> None:
        self._begin(kinds)

    @rule(kinds=RUNS)
    def upload_again_or_explicit(self, kinds: tuple[str, ...]) -> None:
        self._begin(kinds)

    def _begin(self, kinds: tuple[str, ...]) -> None:
        self.entries, self.person, self.said = begin(kinds), None, {}

    @rule(kind=KINDS, status=VERDICTS)
    def machine_answers(self, kind: str, status: str) -> None:
        self.now += 1
        before = self.entries
        waited = next((e for e in before if e.kind == kind), Entry(kind, "none"))
        counts = waited.status == "pending" and not waited.held
        self.entries = answered(before, kind, status, response="words", now_us=self.now)
        if not counts:
            assert self.entries == before
            return
        self.said[kind] = status
        assert next(e for e in self.entries if e.kind == kind) == Entry(
            kind, status, self.now, "words"
        )

    @rule(
        status=st.sampled_from(("approved", "rejected", "pending")), named=st.booleans(), kind=KINDS
    )
    def person_decides(self, status: str, named: bool, kind: str) -> None:
        self.now += 1
        known = {entry.kind for entry in self.entries}
        wanted = kind if named and kind in known else None
        before = self.entries
        responses = {entry.kind: entry.response for entry in before}
        self.entries, decided = decide(before, status, now_us=self.now, kind=wanted)
        assert wanted in (None, decided)
        # A decision is about the whole asset, and what a machine said stays beside it.
        assert overall(self.entries) == status
        assert all(entry.response == responses.get(entry.kind) for entry in self.entries)
        self.said[decided] = status
        if self.entries != before:
            self.person = status

    @invariant()
    def one_entry_is_being_decided_if_any_waits(self) -> None:
        statuses = [entry.status for entry in self.entries]
        assert statuses.count("pending") <= 1
        assert "queued" not in statuses or "pending" in statuses

    @invariant()
    def nothing_waits_behind_a_rejection(self) -> None:
        if overall(self.entries) == "rejected":
            assert {entry.status for entry in self.entries} <= {"rejected", "approved", "aborted"}

    @invariant()
    def an_approval_was_said_by_someone(self) -> None:
        for entry in self.entries:
            if entry.status in ("approved", "rejected"):
                assert self.said[entry.kind] == entry.status
                assert entry.updated_us is not None

    @invariant()
    def a_person_is_never_outranked(self) -> None:
        if self.person is not None:
            assert overall(self.entries) == self.person

    @invariant()
    def manual_stays_last(self) -> None:
        kinds = [entry.kind for entry in self.entries]
        assert "manual" not in kinds[:-1]


Moderations.TestCase.settings = settings(max_examples=80, stateful_step_count=25, deadline=None)
TestModerations = Moderations.TestCase
