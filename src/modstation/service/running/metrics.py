"""What a service counts of itself, for Prometheus.

Counters belong to the process, and with several workers prometheus_client adds them up through
files in $PROMETHEUS_MULTIPROC_DIR. What waits is read from the database when it is asked for, up
to ten thousand: an index gives that many at once, and more than that is many anyhow.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import func, literal, select

from modstation.core.clock import to_us
from modstation.service.moderation.states import PENDING
from modstation.service.schema import clouds, moderation_entries, notifications

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client.core import Metric
    from sqlalchemy import ColumnElement, Connection, Table

    from modstation.core.clock import Clock
    from modstation.service.ledger import Ledger

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_MOST_COUNTED = 10_000
_MOST_CLOUDS = 20

REQUESTS = Counter(
    "modstation_requests", "Requests answered, by route template.", ("method", "route", "status")
)
REQUEST_SECONDS = Histogram(
    "modstation_request_seconds",
    "From a request's first line to the end of its answer.",
    ("method", "route"),
    buckets=_SECONDS,
)
UPLOADS = Counter("modstation_uploads", "Files stored.", ("resource_type",))
UPLOADED_BYTES = Counter("modstation_uploaded_bytes", "Bytes of files stored.")
DECISIONS = Counter(
    "modstation_decisions",
    "Moderation statuses that somebody (person) or something (machine) changed.",
    ("kind", "status", "by"),
)
NOTIFICATION_ATTEMPTS = Counter(
    "modstation_notification_attempts", "Notifications sent, by what came of it.", ("outcome",)
)


def exposition(ledger: Ledger, clock: Clock) -> bytes:
    """Everything, in Prometheus' text format."""
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # untyped there
    waiting = CollectorRegistry()
    waiting.register(_Waiting(ledger, clock))
    return generate_latest(registry) + generate_latest(waiting)


class _Waiting(Collector):
    """What the database says of work that is still to be done."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._now_us = to_us(clock.now())

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering asks the database nothing."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Read it, in one transaction."""
        with self._ledger.read() as connection:
            yield from self._notifications(connection)
            yield from self._assets(connection)

    def _notifications(self, connection: Connection) -> Iterable[Metric]:
        waiting = notifications.c.due_us.is_not(None)
        yield GaugeMetricFamily(
            "modstation_waiting_notifications",
            f"Notifications to be sent or tried again, counted up to {_MOST_COUNTED}.",
            value=_count(connection, notifications, waiting),
        )

    def _assets(self, connection: Connection) -> Iterable[Metric]:
        labels = ("cloud", "resource_type", "kind")
        depth = GaugeMetricFamily(
            "modstation_pending_assets",
            f"Assets whose moderation of this kind waits, counted up to {_MOST_COUNTED}.",
            labels=labels,
        )
        age = GaugeMetricFamily(
            "modstation_oldest_pending_seconds",
            "How long the first of them has been stored.",
            labels=labels,
        )
        entry = moderation_entries.c
        for cloud, resource_type, kind in _queues(connection):
            in_queue = (
                (entry.cloud == cloud)
                & (entry.resource_type == resource_type)
                & (entry.kind == kind)
                & (entry.status == PENDING)
            )
            count = _count(connection, moderation_entries, in_queue)
            oldest = connection.scalar(select(func.min(entry.created_us)).where(in_queue))
            depth.add_metric((cloud, resource_type, kind), count)
            if oldest is not None:
                seconds = max(0, self._now_us - oldest) / 1_000_000
                age.add_metric((cloud, resource_type, kind), seconds)
        yield depth
        yield age


def _queues(connection: Connection) -> Iterable[tuple[str, str, str]]:
    """The queues there are, found by stepping along the index from one to the next."""
    entry = moderation_entries.c
    names = connection.scalars(select(clouds.c.name).order_by(clouds.c.name).limit(_MOST_CLOUDS))
    for cloud in names.all():
        after_type = ""
        while resource_type := connection.scalar(
            select(func.min(entry.resource_type)).where(
                entry.cloud == cloud, entry.resource_type > after_type
            )
        ):
            after_type, after_kind = resource_type, ""
            while kind := connection.scalar(
                select(func.min(entry.kind)).where(
                    entry.cloud == cloud,
                    entry.resource_type == resource_type,
                    entry.kind > after_kind,
                )
            ):
                after_kind = kind
                yield cloud, resource_type, kind


def _count(connection: Connection, table: Table, condition: ColumnElement[bool]) -> int:
    some = select(literal(1)).select_from(table).where(condition).limit(_MOST_COUNTED).subquery()
    found: int = connection.scalar(select(func.count()).select_from(some)) or 0
    return found
