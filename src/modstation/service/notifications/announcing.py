"""Telling the world what happened: letters written with the change they tell of (reference 4).

A letter exists because its change was committed with it; who is told is decided in the same
moment. Sending is another matter (notifications/sender.py).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import insert, select

from modstation.service.access.cloud_settings import cloud_settings
from modstation.service.notifications.destinations import (
    MOST_URLS,
    address_in_buffer,
    is_poll,
    lane_of,
)
from modstation.service.notifications.lanes import WAITING, open_lanes
from modstation.service.schema import buffered_messages, notifications, triggers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

ALL = "all"
#: What a trigger may be set to (reference 4.2).
EVENT_TYPES = frozenset(
    {
        ALL,
        "access_control_changed",
        "bulk_refresh_auto_fetch",
        "create_folder",
        "delete",
        "delete_by_token",
        "delete_folder",
        "eager",
        "error",
        "explode",
        "generate_archive",
        "info",
        "invalidate_custom_cdn",
        "moderation",
        "moderation_summary",
        "move",
        "move_or_rename_asset_folder",
        "multi",
        "publish",
        "rename",
        "report",
        "resource_context_changed",
        "resource_display_name_changed",
        "resource_metadata_changed",
        "resource_tags_changed",
        "restore_asset_version",
        "sprite",
        "upload",
    }
)


@dataclass(frozen=True, slots=True)
class Announcement:
    """One event of one asset (None: of no asset alone), told to ``urls`` and to the account's.

    ``batch_id`` is where those who read from ``poll://*`` find it.
    """

    event: str
    document: Mapping[str, Any]
    asset_id: str | None
    urls: tuple[str, ...] = ()
    batch_id: str | None = None


def announce(
    connection: Connection,
    *,
    cloud: str,
    api_key: str,
    event: str,
    document: Mapping[str, Any],
    asset_id: str | None,
    now_us: int,
    urls: Iterable[str] = (),
    batch_id: str | None = None,
) -> None:
    """Write one event's letters, to be sent once this transaction commits.

    ``urls`` are the call's own receivers, told before the account's; 30 in all, each once.
    ``notification_type`` is added to the document. Wake the service after the commit.
    """
    announcement = Announcement(event, document, asset_id, tuple(urls), batch_id)
    announce_all(connection, [announcement], cloud=cloud, api_key=api_key, now_us=now_us)


def announce_all(
    connection: Connection,
    announcements: Sequence[Announcement],
    *,
    cloud: str,
    api_key: str,
    now_us: int,
) -> None:
    """Write the letters of several events of one account, in order."""
    if not announcements:
        return
    account = _account_urls(connection, cloud, {each.event for each in announcements})
    letters: list[dict[str, Any]] = []
    buffered: list[dict[str, Any]] = []
    for each in announcements:
        urls = list(dict.fromkeys((*each.urls, *account[each.event])))[:MOST_URLS]
        if not urls:
            continue
        body = msgspec.json.encode({**each.document, "notification_type": each.event})
        buffered += [
            {
                "cloud": cloud,
                "address": address,
                "body": body,
                "visible_us": now_us,
                "created_us": now_us,
            }
            for url in urls
            if is_poll(url) and (address := address_in_buffer(url, each.batch_id)) is not None
        ]
        letters += [
            {
                "cloud": cloud,
                "api_key": api_key,
                "event": each.event,
                "asset_id": each.asset_id,
                "strand": _strand(each.asset_id, url),
                "lane": lane_of(url),
                "url": url,
                "body": body,
                "attempts": 0,
                "due_us": now_us,
                "state": WAITING,
                "created_us": now_us,
            }
            for url in urls
            if not is_poll(url)
        ]
    if buffered:
        connection.execute(insert(buffered_messages), buffered)
    if letters:
        open_lanes(connection, {letter["lane"] for letter in letters}, now_us)
        connection.execute(insert(notifications), letters)


def _account_urls(connection: Connection, cloud: str, events: set[str]) -> dict[str, list[str]]:
    """The account's receivers of each of these events: its own of all, then its triggers'."""
    unknown = events - EVENT_TYPES
    if unknown:
        raise ValueError(f"no such event: {', '.join(sorted(unknown))}")
    rows = connection.execute(
        select(triggers.c.event_type, triggers.c.uri)
        .where(triggers.c.cloud == cloud, triggers.c.event_type.in_([*sorted(events), ALL]))
        .order_by(triggers.c.created_us, triggers.c.id)
    ).all()
    always = cloud_settings(connection, cloud).notification_urls
    return {
        event: [*always, *(uri for kind, uri in rows if kind in (event, ALL))] for event in events
    }


def _strand(asset_id: str | None, url: str) -> str | None:
    """What names the letters that must keep their order: those of one asset to one receiver."""
    if asset_id is None:
        return None
    return hashlib.sha256(f"{asset_id}\n{url}".encode()).hexdigest()[:32]
