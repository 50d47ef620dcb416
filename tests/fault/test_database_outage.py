"""The database goes away under a running service, and comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from helpers import postgres
from helpers.live_service import LiveService, picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def own_cluster() -> Iterator[postgres.Cluster]:
    """A server that this test may stop."""
    if reason := postgres.missing():
        pytest.skip(reason)
    with postgres.Cluster(durable=True) as cluster:
        yield cluster


def test_a_restart_of_the_database_costs_no_request_and_an_outage_is_told_as_one(
    tmp_path: Path, own_cluster: postgres.Cluster, allow_log: Callable[[str], None]
) -> None:
    allow_log("the database is away|background work is put off")
    with own_cluster.database() as url, LiveService(tmp_path, database=url) as live:
        live.fill(3)
        own_cluster.stop()
        own_cluster.start()
        # The connections of the pool are all broken; nobody notices.
        assert live.upload(picture(9), public_id="after")["public_id"] == "after"
        assert live.decide("photo-0000", "rejected")["moderation_status"] == "rejected"
        own_cluster.stop()
        file = {"file": ("x.jpg", picture())}
        for told in (
            live.request("GET", "/resources/image"),
            live.request("POST", "/image/upload", files=file),
            httpx.get(f"{live.url}/{live.cloud}/image/upload/after.jpg", trust_env=False),
        ):
            assert told.status_code == 429
            assert "cannot reach its database" in told.json()["error"]["message"]
            assert told.headers["retry-after"] == "5"
            # The end of the hour would be taken for the time to try again.
            assert "x-featureratelimit-reset" not in told.headers
        own_cluster.start()
        assert live.status_of("photo-0001") == "pending"
        assert live.decide("photo-0001", "approved")["moderation_status"] == "approved"
        # A crash of the server loses nothing that was answered.
        assert live.status_of("photo-0000") == "rejected"
