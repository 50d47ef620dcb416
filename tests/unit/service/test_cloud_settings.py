"""The settings of a cloud: chosen once, the same for every process, also for one that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy import update

from helpers.live_service import LiveService
from modstation.core.errors import SettingsError
from modstation.service.access.cloud_settings import (
    CloudSettings,
    change_cloud_settings,
    cloud_settings,
    read_settings,
    stored_settings,
)
from modstation.service.schema import clouds

if TYPE_CHECKING:
    from pathlib import Path

    from modstation.service.service import Service


def change(service: Service | None, cloud: str, **changes: object) -> CloudSettings:
    assert service is not None
    with service.ledger.write() as connection:
        return change_cloud_settings(connection, cloud, **changes)


def delivered(live: LiveService, public_id: str) -> int:
    address = f"{live.url}/{live.cloud}/image/upload/{public_id}"
    return httpx.get(address, trust_env=False).status_code


def test_a_change_counts_for_the_next_request(live: LiveService) -> None:
    live.upload(public_id="pic", moderation="manual")
    assert delivered(live, "pic") == 200
    change(live.service, live.cloud, deliver_pending=False)
    assert delivered(live, "pic") == 404
    change(live.service, live.cloud, deliver_rejected=True)
    live.decide("pic", "rejected")
    assert delivered(live, "pic") == 200
    # What was left deliverable is hidden as soon as the cloud does not want it any more.
    change(live.service, live.cloud, deliver_rejected=False)
    assert delivered(live, "pic") == 404


def test_only_what_is_named_changes(still: Service) -> None:
    change(still, "still", signature_algorithm="sha256", calls_per_hour=10)
    after = change(still, "still", notification_urls=("https://a.example/",))
    with still.ledger.read() as connection:
        assert cloud_settings(connection, "still") == after
    assert after == CloudSettings(
        signature_algorithm="sha256", calls_per_hour=10, notification_urls=("https://a.example/",)
    )


def test_a_start_leaves_what_was_chosen_before(tmp_path: Path) -> None:
    with LiveService(tmp_path, new_cloud=CloudSettings(deliver_pending=False)) as live:
        live.upload(public_id="pic", moderation="manual")
        assert delivered(live, "pic") == 404
    with LiveService(tmp_path) as live:
        assert delivered(live, "pic") == 404


def test_a_cloud_from_before_there_were_settings_takes_those_of_the_start(
    tmp_path: Path,
) -> None:
    with LiveService(tmp_path) as live:
        assert live.service is not None
        live.upload(public_id="pic", moderation="manual")
        with live.service.ledger.write() as connection:
            connection.execute(update(clouds).values(settings=None))
        assert delivered(live, "pic") == 200
    with LiveService(tmp_path, new_cloud=CloudSettings(deliver_pending=False)) as live:
        assert delivered(live, "pic") == 404


def test_a_cloud_that_is_not_there_is_named(still: Service) -> None:
    with pytest.raises(SettingsError, match="no cloud “other”"):
        change(still, "other", deliver_pending=False)


def test_settings_of_a_newer_version_are_read() -> None:
    assert read_settings('{"deliver_pending": false, "later": 1}') == CloudSettings(
        deliver_pending=False
    )
    assert read_settings(None) == read_settings(stored_settings(CloudSettings()))
