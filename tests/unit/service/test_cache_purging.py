"""What caches are told, when, and how often: stepped by hand with a clock that stands still."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

import pytest
from sqlalchemy import func, select

from modstation.core.clock import CountingIds, to_us
from modstation.service.access.cloud_settings import change_cloud_settings
from modstation.service.assets import stored
from modstation.service.assets.stored import Asset
from modstation.service.delivery.stale_copies import TAG, note_stale, set_nodes
from modstation.service.moderation.states import Entry
from modstation.service.schema import purges
from modstation.service.service import Service
from modstation.service.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modstation.core.clock import ManualClock


class Node:
    """A cache that takes PURGE and answers with ``status``."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.status = 200
        node = self

        class Handler(BaseHTTPRequestHandler):
            def do_PURGE(self) -> None:
                if node.status == 200:
                    node.told.append(self.headers[TAG])
                self.send_response(node.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name for it
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def nodes() -> Iterator[tuple[Node, Node]]:
    with Node() as one, Node() as two:
        yield one, two


@pytest.fixture
def site(
    tmp_path: Path, clock: ManualClock, database: str | None, nodes: tuple[Node, Node]
) -> Iterator[Service]:
    settings = ServiceSettings(
        tmp_path / "still",
        cloud="still",
        database=database,
        purge_nodes=tuple(node.url for node in nodes),
    )
    service = Service(settings, clock=clock, ids=CountingIds())
    yield service
    service.close()


def an_asset(status: str | None = None, **more: object) -> Asset:
    values: dict[str, object] = {
        "seq": 1, "asset_id": "a" * 32, "cloud": "still", "resource_type": "image",
        "type": "upload", "public_id": "pic", "version": 1, "version_id": "b" * 32,
        "format": "jpg", "width": 1, "height": 1, "bytes": 1, "etag": "c" * 32, "blob": "x",
        "original_filename": "x", "display_name": "x", "asset_folder": "", "tags": (),
        "context": {}, "metadata": {}, "moderation": (Entry("manual", status),) if status else (),
        "moderation_kind": "manual", "moderation_status": status, "notification_url": None,
        "api_key": "1", "backup": False, "withdrawn": False, "created_us": 1, "updated_us": 1,
    }  # fmt: skip
    return Asset(**values | more)  # type: ignore[arg-type]  # values of a dict


def noted(site: Service, *changes: tuple[Asset, Asset | None]) -> int:
    """How many rows these changes write."""
    with site.ledger.write() as connection:
        before = connection.scalar(select(func.count()).select_from(purges))
        note_stale(connection, changes, to_us(site.clock.now()))
        after = connection.scalar(select(func.count()).select_from(purges))
    return int((after or 0) - (before or 0))


def rows(site: Service) -> int:
    with site.ledger.read() as connection:
        return connection.scalar(select(func.count()).select_from(purges)) or 0


def steps(site: Service) -> None:
    for _ in range(4):
        site.purger.step(site.clock.now())
        site.purger.drain()


PENDING, APPROVED, REJECTED = (an_asset(s) for s in ("pending", "approved", "rejected"))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (PENDING, REJECTED, True),
        (APPROVED, REJECTED, True),
        (REJECTED, APPROVED, True),
        (REJECTED, PENDING, True),
        (PENDING, APPROVED, False),
        (APPROVED, PENDING, False),
        (APPROVED, an_asset("approved", tags=("a",), version=9), False),
        (APPROVED, an_asset("approved", version_id="d" * 32), True),
        (APPROVED, an_asset("approved", public_id="other"), True),
        (APPROVED, an_asset("approved", type="private"), True),
        (APPROVED, an_asset("approved", deleted_us=1), True),
        (an_asset("approved", deleted_us=1), APPROVED, True),
        (APPROVED, None, True),
    ],
)
def test_caches_are_told_of_what_makes_a_copy_wrong(
    site: Service, before: Asset, after: Asset | None, told: bool
) -> None:
    assert noted(site, (before, after)) == (2 if told else 0)


def test_a_cloud_that_holds_back_what_is_pending_has_more_to_tell(site: Service) -> None:
    with site.ledger.write() as connection:
        change_cloud_settings(connection, "still", deliver_pending=False)
    assert noted(site, (PENDING, APPROVED)) == 2
    assert noted(site, (PENDING, REJECTED)) == 2


def test_without_caches_nothing_is_written(still: Service) -> None:
    assert noted(still, (APPROVED, REJECTED)) == 0


def test_a_node_is_told_twice_for_what_was_on_its_way(
    site: Service, clock: ManualClock, nodes: tuple[Node, Node]
) -> None:
    noted(site, (APPROVED, REJECTED))
    steps(site)
    assert [node.told for node in nodes] == [["a" * 32]] * 2
    clock.advance(29)
    steps(site)
    assert rows(site) == 2
    clock.advance(1)
    steps(site)
    assert [node.told for node in nodes] == [["a" * 32] * 2] * 2
    assert rows(site) == 0


def test_a_node_that_refuses_is_asked_again_and_delays_nobody(
    site: Service, clock: ManualClock, nodes: tuple[Node, Node]
) -> None:
    one, two = nodes
    one.status = 503
    changes = [(an_asset("approved", asset_id=f"{n:032x}"), None) for n in range(120)]
    noted(site, *changes)
    steps(site)
    assert one.told == []
    assert sorted("|".join(two.told).split("|")) == [f"{n:032x}" for n in range(120)]
    # In few requests: a ban is looked at for every object.
    assert len(two.told) == 3
    one.status = 200
    steps(site)
    assert one.told == []
    clock.advance(5)
    steps(site)
    assert sorted("|".join(one.told).split("|")) == [f"{n:032x}" for n in range(120)]


def test_what_a_killed_replica_had_in_hand_is_told_by_another(
    site: Service, clock: ManualClock, nodes: tuple[Node, Node]
) -> None:
    noted(site, (APPROVED, REJECTED))
    for node in nodes:
        assert len(site.purger._claim(node.url, to_us(clock.now()))) == 1
    steps(site)
    assert nodes[0].told == []
    clock.advance(120)
    steps(site)
    assert nodes[0].told == ["a" * 32]


def test_a_node_that_is_dead_for_a_month_has_nothing_left_to_drop(
    site: Service, clock: ManualClock, nodes: tuple[Node, Node]
) -> None:
    nodes[0].status = 500
    noted(site, (APPROVED, REJECTED))
    clock.advance(31 * 86_400)
    steps(site)
    clock.advance(30)
    steps(site)
    assert rows(site) == 0


def test_a_node_that_is_not_named_any_more_is_forgotten(
    site: Service, nodes: tuple[Node, Node]
) -> None:
    noted(site, (APPROVED, REJECTED))
    with site.ledger.write() as connection:
        set_nodes(connection, [nodes[0].url])
    assert rows(site) == 1
    assert noted(site, (APPROVED, REJECTED)) == 1


def test_every_way_to_change_an_asset_is_noticed(site: Service) -> None:
    with site.ledger.write() as connection:
        asset = stored.add(connection, an_asset("pending", seq=0))
        stored.save_decided(connection, [(asset, an_asset("rejected", seq=asset.seq))])
        stored.save(connection, an_asset("rejected", seq=asset.seq), asset)
        stored.remove(connection, asset, 5)
    assert rows(site) == 6
