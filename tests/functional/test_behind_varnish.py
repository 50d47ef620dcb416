"""The service behind a real Varnish: what is cached, and what a change takes out of the cache."""

from __future__ import annotations

import itertools
import socket
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import func, select

from helpers import varnish
from helpers.live_service import LiveService, picture
from helpers.varnish import Varnish
from modstation.service.schema import purges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(bool(varnish.missing()), reason=varnish.missing())

ONE, TWO = picture(1), picture(2)
PIC = "image/upload/pic.jpg"


class Site:
    """A service, the cache in front of it, and a visitor who asks the cache."""

    def __init__(self, live: LiveService, cache: Varnish) -> None:
        self.live, self.cache = live, cache
        self._client = httpx.Client(trust_env=False, verify=False)

    def get(self, path: str = PIC, **headers: str) -> httpx.Response:
        return self._client.get(f"{self.cache.url}/{self.live.cloud}/{path}", headers=headers)

    def cached(self, path: str = PIC, **headers: str) -> bool:
        """Whether the cache answers without asking the service."""
        self.get(path, **headers)
        return " " in self.get(path, **headers).headers["x-varnish"]

    def shown(self, path: str) -> bytes | None:
        """What is delivered there; None: nothing."""
        answer = self.get(path)
        assert answer.status_code in (200, 404)
        return answer.content if answer.status_code == 200 else None

    def purge(self, node: str, tag: str) -> int:
        return self._client.request("PURGE", node, headers={"X-Modstation-Asset": tag}).status_code

    def soon(self, said: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not said():
            assert time.monotonic() < deadline, "the cache was not told"
            time.sleep(0.02)

    def waiting(self, node: str) -> int:
        """What a node has not been told once."""
        assert self.live.service is not None
        with self.live.service.ledger.read() as connection:
            return connection.scalar(
                select(func.count())
                .select_from(purges)
                .where(purges.c.node == node, ~purges.c.again)
            )

    def close(self) -> None:
        self._client.close()


def dead_node() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with (
        Varnish(tmp_path) as cache,
        LiveService(tmp_path, purge_nodes=(dead_node(), cache.url), purge_retry=0.2) as live,
    ):
        cache.start(live.port)
        site = Site(live, cache)
        yield site
        site.close()


def test_a_rejected_picture_is_gone_from_the_cache_and_back_when_it_is_approved(
    site: Site,
) -> None:
    version = site.live.upload(ONE, public_id="pic", moderation="manual")["version"]
    paths = [PIC, f"image/upload/v{version}/pic.jpg", "image/upload/w_20,f_auto/pic"]
    assert all(site.cached(path) for path in paths)
    site.live.decide("pic", "rejected")
    site.soon(lambda: all(site.get(path).status_code == 404 for path in paths))
    # A refusal is cached too; so approval has to take it out.
    site.soon(site.cached)
    approved = site.live.decide("pic", "approved")
    site.soon(lambda: all(site.get(path).status_code == 200 for path in paths))
    assert site.get(f"image/upload/v{approved['version']}/pic.jpg").content == ONE
    # For the caches alone.
    assert "x-modstation-asset" not in site.get().headers


def test_whatever_changes_a_picture_takes_it_out_of_the_cache(site: Site) -> None:
    live, names = site.live, ("overwritten", "deleted", "restored", "renamed")
    versions: dict[str, list[dict[str, Any]]] = {
        name: [live.upload(content, public_id=name, backup="1") for content in (ONE, TWO)]
        for name in names
    }
    paths = {
        name: [f"image/upload/{name}.jpg", f"image/upload/v{two['version']}/{name}.jpg"]
        for name, (_, two) in versions.items()
    }
    for path in itertools.chain(*paths.values()):
        site.soon(lambda path=path: site.get(path).content == TWO and site.cached(path))
    live.upload(ONE, public_id="overwritten", invalidate="1")
    live.request("DELETE", "/resources/image/upload", params={"public_ids[]": "deleted"})
    body: dict[str, Any] = {"public_ids": ["restored"]}
    body["versions"] = [versions["restored"][0]["version_id"]]
    live.request("POST", "/resources/image/upload/restore", json=body)
    moved = {"from_public_id": "renamed", "to_public_id": "other"}
    assert live.request("POST", "/image/rename", data=moved).status_code == 200
    for name, shown in zip(names, (ONE, None, ONE, None), strict=True):
        for path in paths[name]:
            site.soon(lambda path=path, shown=shown: site.shown(path) == shown)


def test_a_picture_that_stood_in_for_another_goes_with_either(site: Site) -> None:
    site.live.upload(ONE, public_id="none")
    site.live.upload(TWO, public_id="pic", moderation="manual")
    site.live.decide("pic", "rejected")
    path = "image/upload/d_none.jpg/pic.jpg"
    site.soon(lambda: site.get(path).content == ONE)
    site.soon(lambda: site.cached(path))
    site.live.decide("pic", "approved")
    site.soon(lambda: site.get(path).content == TWO)
    site.live.decide("pic", "rejected")
    site.soon(lambda: site.get(path).content == ONE)
    site.live.decide("none", "rejected")
    site.soon(lambda: site.get(path).status_code == 404)


def test_a_node_that_was_dead_is_told_everything_when_it_is_back(site: Site) -> None:
    live, node = site.live, site.cache.url
    names = live.fill(12)
    assert site.get(f"image/upload/{names[0]}.jpg").status_code == 200
    site.cache.stop()
    for name in names:
        live.decide(name, "rejected")
    assert site.waiting(node) == 12
    site.cache.start(live.port)
    site.soon(lambda: site.waiting(node) == 0)
    # The other one is dead still, and delays nobody.
    dead = next(n for n in live.settings.purge_nodes if n != node)
    assert site.waiting(dead) == 12


def test_what_a_visitor_sends_along_does_not_split_or_open_the_cache(site: Site) -> None:
    live = site.live
    live.upload(ONE, public_id="pic")
    assert site.cached()
    for path, headers in (
        (f"{PIC}?_=1", {}),
        (PIC, {"cookie": "a=b"}),
        (PIC, {"authorization": live.authorization}),
    ):
        assert " " in site.get(path, **headers).headers["x-varnish"]
    assert site.get("image/upload/f_auto/pic", accept="image/webp,*/*").headers[
        "content-type"
    ] == "image/webp"  # fmt: skip
    assert site.get("image/upload/f_auto/pic").headers["content-type"] == "image/jpeg"
    part = site.get(range="bytes=0-9")
    assert (part.status_code, part.content) == (206, ONE[:10])
    ping = f"{site.cache.url}/v1_1/{live.cloud}/ping"
    with httpx.Client(trust_env=False, verify=False) as client:
        assert client.get(ping, auth=(live.key, live.secret)).status_code == 200
        assert client.get(ping).status_code == 401
        # The service takes every request that comes through for one of this machine.
        assert client.get(f"{site.cache.url}/metrics").status_code == 404
    for tag in ("", ".*", "a" * 32 + "|", '" || obj.status == 200'):
        assert site.purge(site.cache.url, tag) == 400
    assert site.cached()
