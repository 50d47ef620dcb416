"""The check that ``modstation admin check`` makes, on either database and while things change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sqlalchemy import delete, update

from helpers.live_service import LiveService, picture
from modstation.core.clock import SystemClock
from modstation.service.access.clouds import ensure_cloud
from modstation.service.access.sealing import Seal
from modstation.service.ledger import Ledger
from modstation.service.running.administration import administer
from modstation.service.running.integrity import check_integrity, count_checks
from modstation.service.schema import api_keys, assets, clouds, moderation_entries
from modstation.service.settings import ServiceSettings

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from modstation.service.running.integrity import Finding


def checked(live: LiveService) -> tuple[int, list[Finding]]:
    told: list[int] = []
    with administer(live.settings, SystemClock()) as place:
        findings = list(check_integrity(place, read_bytes=True, done=told.append))
        assert sum(told) == count_checks(place)
    return sum(told), findings


def test_what_a_day_leaves_behind_is_whole(live: LiveService) -> None:
    live.fill(3, moderation="manual")
    live.upload(picture(1), public_id="twice", tags="a,b", context="k=v", backup="1")
    live.upload(picture(2), public_id="twice", tags="b", backup="1")
    live.decide("photo-0000", "rejected")
    live.decide("photo-0001", "approved")
    names = {"public_ids": ["photo-0000", "photo-0002"]}
    live.request("DELETE", "/resources/image/upload", params=names).raise_for_status()
    # The third photo had no backup, so nothing is left of it; the older version of “twice” is.
    assert checked(live) == (4, [])


def test_what_was_broken_is_found(live: LiveService) -> None:
    live.fill(3, moderation="manual")
    assert live.service is not None
    with live.service.ledger.write() as connection:
        connection.execute(delete(moderation_entries).where(moderation_entries.c.asset_seq == 1))
        connection.execute(update(assets).where(assets.c.seq == 2).values(etag="0" * 32))
    count, findings = checked(live)
    assert count == 3
    assert [(finding.subject, finding.says) for finding in findings] == [
        (
            "testing/image/upload/photo-0000",
            "its queue rows say nothing, its moderation says manual pending",
        ),
        ("testing/image/upload/photo-0001", "its file is not the one that was uploaded"),
    ]


def test_services_that_start_together_on_nothing_agree_on_one_cloud_and_one_key(
    tmp_path: Path, database: str | None
) -> None:
    settings = ServiceSettings(tmp_path, database=database)
    seal = Seal(tmp_path / "service.key")

    def start(_: int) -> str:
        ledger = Ledger(settings.database_url)
        try:
            with ledger.write() as connection:
                return ensure_cloud(connection, seal, "local", settings.new_cloud, 1).secret
        finally:
            ledger.close()

    with ThreadPoolExecutor(4) as pool:
        begun: list[Future[str]] = [pool.submit(start, number) for number in range(4)]
        secrets = {start.result() for start in begun}
    assert len(secrets) == 1
    ledger = Ledger(settings.database_url)
    with ledger.read() as connection:
        assert len(connection.execute(api_keys.select()).all()) == 1
        assert len(connection.execute(clouds.select()).all()) == 1
    ledger.close()
