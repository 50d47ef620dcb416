"""What is tidied up, and when: stepped by hand with a clock that stands still."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select, text

from helpers.live_service import LiveService, picture
from modstation.core.clock import to_us
from modstation.service.blobs import BACKUP, ORIGINALS, beside, blob_name
from modstation.service.notifications.lanes import DELIVERED, GIVEN_UP, WAITING
from modstation.service.running import housekeeping
from modstation.service.schema import (
    applied_decisions,
    assets,
    blob_jobs,
    decision_history,
    notifications,
)
from modstation.service.service import Background
from modstation.service.uploads.storing import note_unfinished

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from modstation.core.clock import ManualClock
    from modstation.service.service import Service

DAY = 86_400
BLOB = blob_name("a" * 32, "b" * 32)


def steps(service: Service) -> int:
    """Everything that is due now."""
    done = 0
    while some := service.housekeeper.step(service.clock.now()):
        done += some
    return done


def files(tmp_path: Path) -> list[str]:
    folder = tmp_path / "still" / "blobs"
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*"))


def letters(service: Service, *states: str) -> None:
    now_us = to_us(service.clock.now())
    row: dict[str, Any] = {"cloud": "still", "api_key": "1", "lane": "x", "url": "http://x/"}
    row |= {"body": b"{}", "attempts": 1, "created_us": now_us}
    with service.ledger.write() as connection:
        connection.execute(
            insert(notifications),
            [row | {"state": s, "due_us": now_us if s == WAITING else None} for s in states],
        )


def receipt(service: Service, decision_id: str, *, changed_us: int | None = None) -> None:
    """As a batch decision leaves it; ``changed_us``: the asset's last change, if that is older."""
    now_us = to_us(service.clock.now())
    row: dict[str, Any] = {"cloud": "still", "decision_id": decision_id, "asset_id": "a" * 32}
    named = {"resource_type": "image", "type": "upload", "public_id": "x", "kind": "manual"}
    with service.ledger.write() as connection:
        connection.execute(
            insert(applied_decisions).values(
                **row, status="approved", updated_us=now_us if changed_us is None else changed_us
            )
        )
        connection.execute(
            insert(decision_history).values(
                **row, **named, to_status="approved", changed=True, decided_us=0, received_us=now_us
            )
        )


def kept(service: Service, column: Any) -> list[Any]:
    with service.ledger.read() as connection:
        return list(connection.scalars(select(column).order_by(column)))


def test_the_bytes_of_an_upload_that_died_are_removed_after_an_hour(
    still: Service, clock: ManualClock, tmp_path: Path
) -> None:
    note_unfinished(still, BLOB)
    still.blobs.put(BLOB, b"whole")
    # What a kill leaves of a blob that was being written.
    (tmp_path / "still" / "blobs" / f"{BLOB}#1").write_bytes(b"half")
    clock.advance(3599)
    assert steps(still) == 0
    assert f"{BLOB}#1" in files(tmp_path)
    clock.advance(1)
    assert steps(still) == 1
    assert files(tmp_path) in ([], ["originals"], ["originals", "originals/aa"])


def test_an_upload_that_was_answered_is_never_removed(live: LiveService) -> None:
    first = live.upload(picture(1), public_id="cat")
    live.upload(picture(2), public_id="cat")
    live.upload(picture(3), public_id="cat", overwrite="0")
    assert live.service is not None
    with live.service.ledger.read() as connection:
        jobs = list(connection.scalars(select(blob_jobs.c.blob)))
        (blob,) = connection.scalars(select(assets.c.blob))
    # Those of the picture that was replaced and of the one that was not wanted.
    assert len(jobs) == 2
    assert blob_name(first["asset_id"], first["version_id"]) in jobs
    assert blob not in jobs


def test_bytes_that_were_never_written_whole_leave_nothing(
    still: Service, clock: ManualClock, tmp_path: Path
) -> None:
    note_unfinished(still, BLOB)
    part = tmp_path / "still" / "blobs" / f"{BLOB}#1"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"half")
    clock.advance(3600)
    assert steps(still) == 1
    assert not part.parent.exists()


def removals(service: Service, clock: ManualClock, count: int) -> None:
    for number in range(count):
        note_unfinished(service, blob_name("a" * 32, f"{number:032x}"))
    clock.advance(3600)


def test_slow_storage_makes_the_transactions_short(
    still: Service, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    removals(still, clock, 3)
    monkeypatch.setattr(housekeeping, "_SECONDS_PER_STEP", 0.05)
    monkeypatch.setattr(still.blobs, "remove", lambda *_names: time.sleep(0.1))
    assert [still.housekeeper.step(clock.now()) for _ in range(4)] == [1, 1, 1, 0]


def test_storage_that_is_away_is_left_alone_for_a_while(
    still: Service, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    removals(still, clock, 1)

    def away(*_names: str) -> None:
        raise ConnectionError

    with monkeypatch.context() as outage:
        outage.setattr(still.blobs, "remove", away)
        with pytest.raises(ConnectionError):
            still.housekeeper.step(clock.now())
        clock.advance(29)
        assert still.housekeeper.step(clock.now()) == 0
    clock.advance(1)
    assert still.housekeeper.step(clock.now()) == 1


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_transaction_that_the_database_ended_does_not_end_the_background(
    still: Service, monkeypatch: pytest.MonkeyPatch, allow_log: Callable[[str], None]
) -> None:
    allow_log("background work is put off")
    ended, went_on = threading.Event(), threading.Event()

    def too_slow(_now: datetime) -> int:
        if ended.is_set():
            went_on.set()
            return 0
        ended.set()
        with still.ledger.write() as connection:
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 50"))
            time.sleep(0.5)
            connection.execute(text("SELECT 1"))
        return 1

    monkeypatch.setattr(still.housekeeper, "step", too_slow)
    failed: list[str] = []
    background = Background(still, lambda: failed.append("failed"))
    background.start()
    try:
        assert went_on.wait(20)
    finally:
        background.stop()
    assert failed == []


def test_a_copy_that_a_kill_left_over_is_removed_when_the_job_is_done_again(
    still: Service, clock: ManualClock
) -> None:
    note_unfinished(still, BLOB)
    for area in (ORIGINALS, BACKUP):
        still.blobs.put(beside(BLOB, area), b"x")
    clock.advance(3600)
    steps(still)
    assert still.blobs.names(ORIGINALS) == still.blobs.names(BACKUP) == []


def test_a_copy_made_again_after_a_kill_leaves_no_third_one(still: Service, tmp_path: Path) -> None:
    still.blobs.put(BLOB, b"x")
    for _ in range(2):
        still.blobs.copy(BLOB, beside(BLOB, BACKUP))
    kept_files = [name for name in files(tmp_path) if len(name.split("/")) == 4]
    assert kept_files == sorted([BLOB, beside(BLOB, BACKUP)])


def test_letters_are_forgotten_after_30_days_once_they_are_done(
    still: Service, clock: ManualClock
) -> None:
    letters(still, DELIVERED, WAITING, GIVEN_UP)
    clock.advance(DAY)
    letters(still, DELIVERED)
    clock.advance(29 * DAY)
    assert steps(still) == 0
    assert len(kept(still, notifications.c.id)) == 4
    # Looked for once a day.
    clock.advance(DAY)
    assert steps(still) == 2
    assert kept(still, notifications.c.state) == [DELIVERED, WAITING]


def test_a_great_many_letters_are_forgotten_in_small_transactions(
    still: Service, clock: ManualClock
) -> None:
    letters(still, *[DELIVERED] * 600, WAITING, *[DELIVERED] * 602)
    clock.advance(31 * DAY)
    done = []
    while some := still.housekeeper.step(still.clock.now()):
        done.append(some)
    assert sum(done) == 1202
    assert max(done) <= 500
    assert kept(still, notifications.c.state) == [WAITING]


def test_receipts_are_forgotten_90_days_after_the_decision_came(
    still: Service, clock: ManualClock
) -> None:
    long_ago = to_us(clock.now())
    receipt(still, "old")
    clock.advance(60 * DAY)
    # It changed nothing, so it tells the time of an older change.
    receipt(still, "confirmed", changed_us=long_ago)
    clock.advance(31 * DAY)
    assert steps(still) == 1
    assert kept(still, applied_decisions.c.decision_id) == ["confirmed"]
    clock.advance(60 * DAY)
    assert steps(still) == 1
    assert kept(still, applied_decisions.c.decision_id) == []
    assert kept(still, decision_history.c.decision_id) == ["confirmed", "old"]


@pytest.mark.parametrize("hours", [0, 23])
def test_the_old_is_looked_for_once_a_day(still: Service, clock: ManualClock, hours: int) -> None:
    letters(still, DELIVERED)
    clock.advance(30 * DAY)
    assert steps(still) == 0
    clock.advance(hours * 3600)
    assert steps(still) == 0


def test_an_original_is_found_while_it_comes_back(
    still: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, backup = beside(BLOB, ORIGINALS), beside(BLOB, BACKUP)
    still.blobs.put(backup, b"x")
    looked: list[str] = []
    look = still.blobs.slice

    def slowly(name: str, start: int, end: int) -> bytes:
        if looked == [original]:
            still.blobs.copy(backup, original)
            still.blobs.remove(backup)
        looked.append(name)
        return look(name, start, end)

    monkeypatch.setattr(still.blobs, "slice", slowly)
    assert still.blobs.slice_original(backup, 0, 1) == b"x"
    assert looked == [original, backup, original]
