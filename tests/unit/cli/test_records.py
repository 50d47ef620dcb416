import csv
import io
import json
import sqlite3

from modstation.core.decisions import GENESIS_HASH


def decide_all(desk):
    desk("decide", "album/cat", "approve")
    desk("decide", "dog", "reject", "--note", "=HYPERLINK(1)")


def test_every_decision_is_exported_with_its_chain(desk):
    decide_all(desk)

    lines = [json.loads(line) for line in desk("export", "--format", "jsonl").out.splitlines()]
    rows = list(csv.DictReader(io.StringIO(desk("export").out)))

    assert [line["public_id"] for line in lines] == ["album/cat", "dog"]
    assert [row["verdict"] for row in rows] == ["approve", "reject"]
    assert lines[0]["prev_hash"] == GENESIS_HASH
    assert lines[1]["prev_hash"] == lines[0]["hash"] == rows[0]["hash"]


def test_a_spreadsheet_cannot_run_what_a_person_wrote(desk):
    decide_all(desk)

    rows = list(csv.DictReader(io.StringIO(desk("export").out)))

    assert rows[1]["note"] == "'=HYPERLINK(1)"


def test_an_untouched_log_is_whole(desk):
    decide_all(desk)

    told = json.loads(desk("verify", "--json").out)

    assert told["whole"] is True
    assert told["decisions"] == 2
    assert told["last_hash"] in desk("verify").out


def test_a_changed_decision_is_found(desk):
    decide_all(desk)
    connection = sqlite3.connect(desk.home.account("work").station_db)
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'decisions'"
    ).fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("UPDATE decisions SET verdict = 'reject' WHERE verdict = 'approve'")
    connection.commit()
    connection.close()

    ran = desk("verify")

    assert ran.code == 1
    assert "changed" in ran.out


def test_purge_destroys_pictures_and_keeps_decisions(desk, keep_picture, kept_pictures):
    decide_all(desk)
    keep_picture("image/upload/dog")

    assert desk("purge").code == 1
    assert kept_pictures() == 1
    assert json.loads(desk("purge", "--yes", "--json").out)["destroyed"] == 1
    assert kept_pictures() == 0
    assert json.loads(desk("verify", "--json").out)["decisions"] == 2


def test_purging_an_account_without_pictures_is_no_error(desk):
    assert desk("purge", "--yes").code == 0
