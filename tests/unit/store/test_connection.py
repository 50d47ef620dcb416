from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from helpers.assets import HOLD, MANUAL_PENDING, draft_for, fill, make_asset, make_assets
from modstation.core.clock import CountingIds, ManualClock
from modstation.core.errors import StoreBusy, StoreDamaged, StoreError, StoreFull, StoreTooNew
from modstation.store import connection
from modstation.store.connection import StoreConnection, open_connection, raise_known
from modstation.store.station_store import StationStore

if TYPE_CHECKING:
    from pathlib import Path

    from modstation.core.clock import Clock


def open_store(folder: Path, *, clock: Clock | None = None) -> StationStore:
    """As the program does: no copy of a database made before."""
    return StationStore.open(
        folder / "station.sqlite3", clock=clock or ManualClock(), ids=CountingIds()
    )


def pragma(store: StationStore, name: str) -> object:
    return store._connection.sql.execute(f"PRAGMA {name}").fetchone()[0]


def test_a_saved_decision_survives_a_power_cut(store: StationStore) -> None:
    assert pragma(store, "journal_mode") == "wal"
    assert pragma(store, "synchronous") == 2
    assert pragma(store, "foreign_keys") == 1


def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    assert (tmp_path / "station.sqlite3").stat().st_mode & 0o077 == 0


def test_opening_a_current_database_does_not_import_sqlite_utils(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    program = (
        "import sys; from pathlib import Path\n"
        "from modstation.store.station_store import StationStore\n"
        "from modstation.core.clock import SystemClock, TimeOrderedIds\n"
        "path = Path(sys.argv[1])\n"
        "StationStore.open(path, clock=SystemClock(), ids=TimeOrderedIds()).close()\n"
        "sys.exit('sqlite_utils' in sys.modules)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "station.sqlite3")]
    assert subprocess.run(command, check=False).returncode == 0


def test_two_programs_may_make_the_same_new_database_at_once(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from modstation.store.connection import open_connection\n"
        "sys.stdin.readline()\n"
        "for number in range(40): open_connection(Path(sys.argv[1]) / str(number)).close()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    programs = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(3)]
    for started in programs:
        assert started.stdin
        started.stdin.write(b"\n")
        started.stdin.flush()
    for started in programs:
        started.communicate()
    assert [started.returncode for started in programs] == [0, 0, 0]


def test_garbage_is_not_opened_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "station.sqlite3"
    path.write_bytes(b"this is no database at all. " * 400)
    with pytest.raises(StoreDamaged):
        open_store(tmp_path)
    assert path.read_bytes().startswith(b"this is no database")


def test_the_database_of_another_program_is_not_opened(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "station.sqlite3")
    other.execute("CREATE TABLE bookmarks (url)")
    other.close()
    with pytest.raises(StoreDamaged, match="another program"):
        open_store(tmp_path)


def test_the_database_of_a_newer_program_is_not_opened(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    newer = sqlite3.connect(tmp_path / "station.sqlite3")
    newer.execute(f"PRAGMA user_version = {connection.SCHEMA_VERSION + 1}")
    newer.close()
    with pytest.raises(StoreTooNew, match="newer"):
        open_store(tmp_path)


def test_a_truncated_database_is_damaged(tmp_path: Path, clock: ManualClock) -> None:
    store = open_store(tmp_path, clock=clock)
    fill(store, make_assets(300), at=clock.now())
    store.close()
    path = tmp_path / "station.sqlite3"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(StoreDamaged):
        damaged(tmp_path)


def damaged(folder: Path) -> None:
    store = open_store(folder)
    try:
        store.window(MANUAL_PENDING, around=None, before=0, after=1000)
        store.drift()
    finally:
        store.close()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(tmp_path / "file")


def test_a_file_that_is_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "station.sqlite3").mkdir()
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(tmp_path)


def test_a_full_disk_takes_the_whole_decision_back(store: StationStore, clock: ManualClock) -> None:
    fill(store, make_assets(3), at=clock.now())
    before = store.counts()
    pragma(store, f"max_page_count = {pragma(store, 'page_count')}")
    long = draft_for(make_asset(1), note="long " * 4000)
    with pytest.raises(StoreFull):
        store.decide(long, hold=HOLD)
    assert store.counts() == before
    assert list(store.iterate_decisions()) == []
    pragma(store, "max_page_count = 1000000")
    store.decide(long, hold=HOLD)


def test_a_database_that_another_program_holds_is_busy(
    store: StationStore, tmp_path: Path, clock: ManualClock
) -> None:
    fill(store, make_assets(1), at=clock.now())
    pragma(store, "busy_timeout = 50")
    other = sqlite3.connect(tmp_path / "station.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StoreBusy):
            store.decide(draft_for(make_asset(1)), hold=HOLD)
        # Reading never waits for a writer.
        assert store.counts().waiting == 1
    finally:
        other.execute("ROLLBACK")
        other.close()
    store.decide(draft_for(make_asset(1)), hold=HOLD)


def test_a_bug_in_our_sql_is_not_an_error_of_the_store(store: StationStore) -> None:
    with pytest.raises(sqlite3.OperationalError), store._connection.writing() as sql:
        sql.execute("SELECT no_such_column FROM assets")
    with pytest.raises(sqlite3.IntegrityError), store._connection.writing() as sql:
        sql.execute("INSERT INTO sync_state (name) VALUES ('without a value')")


@pytest.mark.parametrize(
    ("code", "known"),
    [
        (sqlite3.SQLITE_BUSY, StoreBusy),
        (sqlite3.SQLITE_LOCKED, StoreBusy),
        (sqlite3.SQLITE_FULL, StoreFull),
        (sqlite3.SQLITE_CORRUPT, StoreDamaged),
        (sqlite3.SQLITE_NOTADB, StoreDamaged),
        (sqlite3.SQLITE_READONLY, StoreError),
        (sqlite3.SQLITE_CANTOPEN, StoreError),
        (sqlite3.SQLITE_IOERR | (10 << 8), StoreError),
    ],
)
def test_every_known_trouble_has_its_name(
    tmp_path: Path, code: int, known: type[StoreError]
) -> None:
    error = sqlite3.OperationalError("trouble")
    error.sqlite_errorcode = code
    with pytest.raises(StoreError) as caught:
        raise_known(error, tmp_path)
    assert type(caught.value) is known


def test_whatever_happens_inside_a_transaction_takes_it_back(store: StationStore) -> None:
    def interrupted() -> None:
        with store._connection.writing() as sql:
            sql.execute("INSERT INTO sync_state (name, value) VALUES ('a', 'b')")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert store.get_state("a") is None
    store.put_state("a", "c")


def test_another_program_sees_that_something_changed(
    store: StationStore, tmp_path: Path, clock: ManualClock
) -> None:
    other = open_store(tmp_path, clock=clock)
    seen = other.data_version()
    assert other.data_version() == seen
    store.put_state("a", "b")
    assert other.data_version() != seen
    other.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE decisions SET verdict = 'reject'",
        "DELETE FROM decisions",
        (
            "INSERT INTO decisions SELECT sequence + 1, 'other', at_us, resource_type,"
            " delivery_type, public_id, asset_id, version, kind, action, verdict,"
            " status_seen, expected, actor, reason_code, policy_version, note, reveal, reveal_ms,"
            " dwell_ms, decided_offline, batch_id, refers_to, prev_hash, hash FROM decisions"
        ),
        "UPDATE assets SET public_id = 'other'",
        "UPDATE assets SET key = 'image/upload/other'",
        "UPDATE operations SET target = 'rejected'",
        "UPDATE operations SET state = 'sent'",
        "DELETE FROM operations",
        "UPDATE review_queue SET lane = 7",
        "UPDATE counters SET value = -1",
    ],
)
def test_what_must_never_happen_is_refused_by_the_database_itself(
    store: StationStore, clock: ManualClock, statement: str
) -> None:
    fill(store, make_assets(2), at=clock.now())
    store.decide(draft_for(make_asset(1)), hold=timedelta(0))
    with pytest.raises(sqlite3.IntegrityError), store._connection.writing() as sql:
        sql.execute(statement)


PLANS = {
    "queue_pending": lambda store, at: store.window(MANUAL_PENDING, around=at, before=9, after=9),
    "operations_ready": lambda store, _: store.claim(8, ManualClock().now()),
    "operations_held": lambda store, _: store.release_due(ManualClock().now()),
    "operations_due": lambda store, _: store.next_due(),
}


@pytest.mark.parametrize("index", PLANS)
def test_the_ways_that_must_stay_short_use_their_index(store: StationStore, index: str) -> None:
    fill(store, make_assets(2), at=ManualClock().now())
    entry = store.entry(make_asset(1).key)
    assert entry is not None
    statements: list[str] = []
    store._connection.sql.set_trace_callback(statements.append)
    PLANS[index](store, entry.position)
    store._connection.sql.set_trace_callback(None)
    plans = [
        row[3]
        for statement in statements
        if statement.startswith("SELECT")
        for row in store._connection.sql.execute(f"EXPLAIN QUERY PLAN {statement}")
    ]
    assert any(index in step for step in plans)
    assert not [step for step in plans if "TEMP B-TREE" in step]
    assert not [
        step
        for step in plans
        if step.startswith("SCAN") and index not in step and "subquery" not in step
    ]


def test_a_connection_is_closed_when_opening_fails(tmp_path: Path) -> None:
    path = tmp_path / "station.sqlite3"
    path.write_bytes(b"garbage " * 1000)
    for _ in range(3):
        with pytest.raises(StoreDamaged):
            open_connection(path)
    path.unlink()
    opened = open_connection(path)
    assert isinstance(opened, StoreConnection)
    opened.close()
