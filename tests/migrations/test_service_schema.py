"""A service's database of every release opens, and becomes what a new one is."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, select

from modstation.core.errors import StoreTooNew
from modstation.service.assets.stored import find_by_id
from modstation.service.ledger import Ledger
from modstation.service.schema import assets, metadata
from modstation.service.search.words import search_text

if TYPE_CHECKING:
    from collections.abc import Iterable

FROZEN = sorted((Path(__file__).parent / "frozen").glob("service-*.sqlite3"))


def opened(file: Path) -> None:
    Ledger(f"sqlite:///{file}").close()


def differences(file: Path) -> list[object]:
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    return list(found)


def rows(file: Path, table: str) -> Iterable[object]:
    connection = sqlite3.connect(file)
    found = connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
    connection.close()
    return found


def test_there_is_a_frozen_database_to_open() -> None:
    assert [file.stem for file in FROZEN] == ["service-1"]


@pytest.mark.parametrize("frozen", FROZEN, ids=lambda file: file.stem)
def test_a_database_of_an_earlier_release_becomes_what_a_new_one_is(
    tmp_path: Path, frozen: Path
) -> None:
    file = Path(shutil.copy(frozen, tmp_path / "service.sqlite3"))
    opened(file)
    assert differences(file) == []
    # A second start finds nothing to do.
    opened(file)


def test_nothing_of_the_first_release_is_lost(tmp_path: Path) -> None:
    [frozen] = [file for file in FROZEN if file.stem == "service-1"]
    file = Path(shutil.copy(frozen, tmp_path / "service.sqlite3"))
    opened(file)
    connection = sqlite3.connect(file)
    counted = {
        table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for table in ("assets", "moderation_entries", "decision_history", "notifications")
    }
    statuses = dict(connection.execute("SELECT public_id, moderation_status FROM assets"))
    connection.close()
    assert counted == {
        "assets": 5,
        "moderation_entries": 5,
        "decision_history": 2,
        "notifications": 6,
    }
    assert statuses == {
        "waits": "pending",
        "holidays/approved": "approved",
        "rejected": "rejected",
        "deleted": "pending",
        "notes.txt": None,
    }


def test_a_database_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "service.sqlite3"
    opened(file)
    connection = sqlite3.connect(file)
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = rows(file, "alembic_version")
    with pytest.raises(StoreTooNew):
        opened(file)
    assert rows(file, "alembic_version") == before


def test_assets_of_the_first_release_can_be_searched(tmp_path: Path) -> None:
    [frozen] = [file for file in FROZEN if file.stem == "service-1"]
    file = Path(shutil.copy(frozen, tmp_path / "service.sqlite3"))
    ledger = Ledger(f"sqlite:///{file}")
    with ledger.read() as connection:
        found = connection.execute(
            select(assets.c.cloud, assets.c.asset_id, assets.c.search_text)
        ).all()
        for cloud, asset_id, text in found:
            asset = find_by_id(connection, cloud, asset_id)
            assert asset is not None
            assert text == search_text(asset)
    ledger.close()
    assert found
