"""Who is told of an event, and in which order the letters of one asset stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from sqlalchemy import insert, select

from modstation.core.clock import to_us
from modstation.service.access.cloud_settings import change_cloud_settings
from modstation.service.notifications.announcing import announce
from modstation.service.schema import notifications, triggers

if TYPE_CHECKING:
    from modstation.service.service import Service


def trigger(service: Service, event: str, uri: str, cloud: str = "still") -> None:
    now_us = to_us(service.clock.now())
    with service.ledger.write() as connection:
        connection.execute(
            insert(triggers).values(
                id=service.ids.new(),
                cloud=cloud,
                event_type=event,
                uri=uri,
                uri_type="webhook",
                created_us=now_us,
                updated_us=now_us,
            )
        )


def tell(service: Service, event: str, *urls: str, asset_id: str | None = "a" * 32) -> None:
    with service.ledger.write() as connection:
        announce(
            connection,
            cloud="still",
            api_key="1",
            event=event,
            document={"public_id": "cat"},
            asset_id=asset_id,
            now_us=to_us(service.clock.now()),
            urls=urls,
        )


def told(service: Service) -> list[str]:
    with service.ledger.read() as connection:
        return list(connection.scalars(select(notifications.c.url).order_by(notifications.c.id)))


def test_the_calls_receivers_come_first_then_the_accounts_for_that_event(still: Service) -> None:
    trigger(still, "delete", "http://deletions.example/")
    trigger(still, "all", "http://everything.example/")
    trigger(still, "rename", "http://renames.example/")
    trigger(still, "all", "http://elsewhere.example/", cloud="other")
    tell(still, "delete", "http://call.example/", "http://everything.example/")
    assert told(still) == [
        "http://call.example/",
        "http://everything.example/",
        "http://deletions.example/",
    ]
    with still.ledger.read() as connection:
        bodies = set(connection.scalars(select(notifications.c.body)))
    assert [msgspec.json.decode(body) for body in bodies] == [
        {"public_id": "cat", "notification_type": "delete"}
    ]


def test_an_accounts_own_receivers_are_told_of_everything(still: Service) -> None:
    with still.ledger.write() as connection:
        change_cloud_settings(connection, "still", notification_urls=("http://own.example/",))
    tell(still, "upload")
    tell(still, "delete_folder", asset_id=None)
    assert told(still) == ["http://own.example/"] * 2


def test_thirty_receivers_are_told_and_no_more(still: Service) -> None:
    for number in range(20):
        trigger(still, "upload", f"http://account{number}.example/")
    tell(still, "upload", *(f"http://call{number}.example/" for number in range(15)))
    assert len(told(still)) == 30


def test_an_event_nobody_could_ask_for_is_a_bug(still: Service) -> None:
    with pytest.raises(ValueError, match="no such event"):
        tell(still, "uploaded", "http://call.example/")
