"""Every database that a release has written opens, with everything in it.

A frozen file is checked against plain values, not against today's code: both would drift together.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from helpers.assets import HOLD, MANUAL_PENDING, draft_for, make_asset
from modstation.core.clock import Clock, CountingIds, Ids, ManualClock, TimeOrderedIds
from modstation.core.outbox import OperationState
from modstation.core.queue import Kept
from modstation.store import connection, migrations
from modstation.store.migrations import m001_first_schema
from modstation.store.station_store import StationStore, Undone

FROZEN = sorted(
    (Path(__file__).parent / "frozen").glob("station-*.sqlite3"),
    key=lambda path: int(path.stem.rpartition("-")[2]),
)


def open_store(folder: Path, *, clock: Clock | None = None, ids: Ids | None = None) -> StationStore:
    """The database of a folder, each of its steps taken here: no copy of a finished one."""
    return StationStore.open(
        folder / "station.sqlite3", clock=clock or ManualClock(), ids=ids or CountingIds()
    )


@pytest.fixture(params=FROZEN, ids=lambda path: path.stem)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    shutil.copy(request.param, tmp_path / "station.sqlite3")
    return tmp_path


def test_there_is_a_frozen_database_of_every_schema() -> None:
    names = [path.stem for path in FROZEN]
    wanted = [f"station-{number}" for number in range(1, connection.SCHEMA_VERSION + 1)]
    assert names == wanted


def test_a_frozen_database_opens_with_everything_in_it(folder: Path) -> None:
    store = open_store(folder)
    entries = store.window(MANUAL_PENDING, around=None, before=0, after=100)
    names = [entry.asset.ref.public_id for entry in entries]
    # Since the third schema one of them waits for a second opinion.
    escalated = [row.entry.asset.ref.public_id for row in store.kept(Kept.ESCALATED)]
    numbers = [7, 9, 10, *([] if escalated else [11]), 12, 8]
    assert names == [f"photos/{number:04d}" for number in numbers]
    assert entries[0].asset == make_asset(7)
    states = {
        row.ref.public_id[-2:]: row.state.value for row in store.operations(list(OperationState))
    }
    assert states == {
        "01": "done",
        "02": "parked",
        "03": "conflicted",
        "04": "in_flight",
        "05": "ready",
        "06": "held",
        "07": "cancelled",
    }
    notes = [decision.draft.note for decision in store.iterate_decisions()]
    assert [note for note in notes if note] == [
        "naïve “note”",
        *(["is that a toy?"] if escalated else []),
    ]
    assert [row.entry.asset.ref.public_id for row in store.kept(Kept.SKIPPED)] == ["photos/0008"]
    flagged = [(row.entry.asset.ref.public_id, row.note) for row in store.kept(Kept.FLAGGED)]
    assert flagged == ([("photos/0010", "ask the author")] if escalated else [])
    assert store.get_state("quota") == '{"limit": 500}'
    assert len(store.problems([make_asset(9).key])) == 1
    assert store.list_state(MANUAL_PENDING.listings[0]).complete
    store.close()


def test_what_a_frozen_database_says_is_still_said(folder: Path) -> None:
    store = open_store(folder, ids=TimeOrderedIds())
    why = {row.ref.public_id[-2:]: row.last_error for row in store.operations(list(OperationState))}
    assert why["02"] == "The service said no."
    assert why["03"] == "The service says approved."
    assert why["07"] == "Taken back."
    [problem] = store.problems([make_asset(9).key]).values()
    assert problem.message == "timed out"
    undone = store.undo(actor="mod")
    assert isinstance(undone, Undone)
    assert undone.step.label == "Approve photos/0006"
    store.close()


def test_a_frozen_database_is_sound(folder: Path) -> None:
    store = open_store(folder)
    assert store.verify_chain() is None
    assert store.drift() == []
    store.close()


def test_a_frozen_database_can_be_worked_with(folder: Path) -> None:
    clock = ManualClock()
    clock.advance(3600)
    store = open_store(folder, clock=clock, ids=TimeOrderedIds())
    assert isinstance(store.undo(actor="mod"), Undone)
    store.decide(draft_for(make_asset(10)), hold=HOLD)
    [recovered] = store.recover_in_flight(clock.now())
    assert recovered.ref == make_asset(4).ref
    assert len(store.claim(8, clock.now())) == 2
    assert store.verify_chain() is None
    assert store.drift() == []
    store.close()


def schema(path: Path) -> list[str]:
    sql = sqlite3.connect(path)
    rows = sql.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
    statements = [re.sub(r"\s+", " ", row[0]) for row in rows]
    sql.close()
    return statements


def test_a_database_that_was_brought_up_to_date_is_like_a_new_one(
    folder: Path, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    open_store(new).close()
    open_store(folder).close()
    assert schema(folder / "station.sqlite3") == schema(new / "station.sqlite3")


def test_steps_and_version_go_together() -> None:
    pending = migrations.station_schema.pending(Database(memory=True))
    assert len(pending) == connection.SCHEMA_VERSION
    assert m001_first_schema.APPLICATION_ID == connection.APPLICATION_ID


def test_a_step_imports_nothing_that_could_change_under_it() -> None:
    steps = Path(migrations.__file__).parent.glob("*.py")
    imported = {
        name
        for step in steps
        for name in re.findall(r"(?m)^\s*(?:from|import) (modstation\S*)", step.read_text("utf-8"))
    }
    assert imported
    assert {name for name in imported if not name.startswith(migrations.__name__)} == set()


def test_a_step_that_fails_leaves_the_database_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Database) -> None:
        raise sqlite3.OperationalError("halfway")

    path = tmp_path / "station.sqlite3"
    steps = migrations.station_schema._migrations
    monkeypatch.setattr(
        migrations.station_schema,
        "_migrations",
        [*steps, type(steps[0])("m999_broken", broken)],
    )
    with pytest.raises(sqlite3.OperationalError, match="halfway"):
        open_store(tmp_path)
    assert schema(path) == []
    monkeypatch.undo()
    open_store(tmp_path).close()
