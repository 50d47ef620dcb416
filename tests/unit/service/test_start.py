"""What a service says when it cannot start, and what it makes when it does."""

from __future__ import annotations

import socket
import sqlite3
import sys
from typing import TYPE_CHECKING

import pytest

from modstation.core.clock import CountingIds, ManualClock
from modstation.core.errors import SettingsError, StoreDamaged, StoreTooNew
from modstation.service.running.run import bind, cloudinary_url, serve
from modstation.service.service import Service
from modstation.service.settings import ServiceSettings

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.postgres import Cluster


def start(settings: ServiceSettings) -> Service:
    return Service(settings, clock=ManualClock(), ids=CountingIds())


def started(settings: ServiceSettings) -> str:
    service = start(settings)
    service.close()
    return cloudinary_url(service.owner, settings.host, 8787)


def test_the_same_cloud_keeps_its_key_and_another_gets_its_own(tmp_path: Path) -> None:
    first = started(ServiceSettings(tmp_path, cloud="one"))
    assert first.endswith("@one?upload_prefix=http://127.0.0.1:8787")
    assert started(ServiceSettings(tmp_path, cloud="two")) != first
    assert started(ServiceSettings(tmp_path, cloud="one")) == first


@pytest.mark.parametrize(
    ("host", "shown"),
    [("0.0.0.0", "http://127.0.0.1:8787"), ("::", "http://[::1]:8787"), ("::1", "http://[::1]:8787")],
)  # fmt: skip
def test_the_address_shown_is_one_that_can_be_reached(
    tmp_path: Path, host: str, shown: str
) -> None:
    assert started(ServiceSettings(tmp_path, host=host)).endswith(f"upload_prefix={shown}")


def test_a_file_that_is_no_database_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "service.sqlite3").write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreDamaged):
        start(ServiceSettings(tmp_path))
    # Nothing stays locked behind a failed start.
    (tmp_path / "service.sqlite3").unlink()
    start(ServiceSettings(tmp_path)).close()


def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    started(ServiceSettings(tmp_path))
    connection = sqlite3.connect(tmp_path / "service.sqlite3")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreTooNew):
        start(ServiceSettings(tmp_path))


def test_a_replaced_key_file_is_explained(tmp_path: Path) -> None:
    started(ServiceSettings(tmp_path))
    (tmp_path / "service.key").unlink()
    with pytest.raises(SettingsError, match=r"service\.key does not open"):
        start(ServiceSettings(tmp_path))


@pytest.mark.parametrize("cloud", ["one", "two"])
def test_a_replica_without_the_others_key_is_refused_whatever_its_cloud(
    tmp_path: Path, cluster: Cluster, cloud: str
) -> None:
    with cluster.database() as url:
        started(ServiceSettings(tmp_path / "first", cloud="one", database=url))
        with pytest.raises(SettingsError, match="not the file that the other replicas have"):
            start(ServiceSettings(tmp_path / "second", cloud=cloud, database=url))
        key = tmp_path / "first" / "service.key"
        started(ServiceSettings(tmp_path / "third", cloud=cloud, database=url, key_file=key))


def test_a_data_folder_has_one_service(tmp_path: Path) -> None:
    service = start(ServiceSettings(tmp_path))
    with pytest.raises(SettingsError, match="Another service is using"):
        start(ServiceSettings(tmp_path))
    service.close()


def test_a_port_that_is_taken_is_explained(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"Cannot listen on 127.0.0.1 port {port}"):
            serve(ServiceSettings(tmp_path, port=port))


def test_answers_are_not_held_back_by_nagle() -> None:
    with bind("127.0.0.1", 0) as listener:
        # asyncio sets TCP_NODELAY only on sockets that name their protocol.
        assert listener.proto == socket.IPPROTO_TCP


@pytest.mark.parametrize(
    "options",
    [{"cloud": "a/b"}, {"cloud": ""}, {"cloud": "v1_1"}, {"port": 70_000}, {"database": "nonsense"},
     {"database": "oracle+nothing://x"}, {"storage": "gopher://x"}],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(tmp_path: Path, options: dict[str, object]) -> None:
    with pytest.raises(SettingsError) as refused:
        start(ServiceSettings(tmp_path, **options))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_without_its_driver_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SettingsError, match=r"pip install 'modstation\[postgres\]'") as refused:
        start(ServiceSettings(tmp_path, database=f"{scheme}://kim:hidden@db/modstation"))
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_postgresql_that_is_not_there_is_explained(tmp_path: Path, scheme: str) -> None:
    pytest.importorskip("psycopg", reason="the postgres extra is not installed")
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    address = f"{scheme}://kim:hidden@127.0.0.1:{port}/modstation"
    with pytest.raises(SettingsError, match="The database cannot be reached") as refused:
        start(ServiceSettings(tmp_path, database=address))
    assert "hidden" not in str(refused.value)
    assert "\n" not in str(refused.value)
