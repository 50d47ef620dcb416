"""What a cloud used, by day: requests, renditions made, bytes delivered (reference 3.5).

Counted in the process and added to the day's row every ten seconds: a write for each delivery
would be dearer than the delivery. What a killed process had not added yet is lost.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from modstation.service.schema import usage_days

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import Connection

    from modstation.core.clock import Clock
    from modstation.service.ledger import Ledger

log = logging.getLogger(__name__)

_EVERY = timedelta(seconds=10)
_DAYS = 30
_KINDS = ("requests", "transformations", "bandwidth")
# SQLAlchemy has an upsert for each dialect; they are spelled the same.
_ADD = text(
    "INSERT INTO usage_days (cloud, day, requests, transformations, bandwidth) "
    "VALUES (:cloud, :day, :requests, :transformations, :bandwidth) "
    "ON CONFLICT (cloud, day) DO UPDATE SET "
    + ", ".join(f"{kind} = usage_days.{kind} + excluded.{kind}" for kind in _KINDS)
)


@dataclass(frozen=True, slots=True)
class Used:
    """What was used in a month."""

    requests: int
    transformations: int
    bandwidth: int


class UsageMeter:
    """Counts what the requests of this process use; safe to use from many threads."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lock = threading.Lock()
        self._counted: dict[tuple[str, str], Counter[str]] = {}
        self._written = clock.now()

    def add(
        self, cloud: str, *, requests: int = 0, transformations: int = 0, bandwidth: int = 0
    ) -> None:
        """Count something a cloud used now; the cloud must be one there is."""
        key = (cloud, self._clock.now().date().isoformat())
        counted = {
            "requests": requests,
            "transformations": transformations,
            "bandwidth": bandwidth,
        }
        with self._lock:
            self._counted.setdefault(key, Counter()).update(counted)

    def step(self, now: datetime) -> None:
        """Write down what was counted if that was a while ago."""
        if not timedelta(0) <= now - self._written < _EVERY:
            self.write()

    def close(self) -> None:
        """Write down what is left; without the database it is lost."""
        try:
            self.write()
        except OperationalError as error:
            log.warning("the last usage was not written down: %s", type(error).__name__)

    def write(self) -> None:
        """Add what was counted to the days' rows; if that fails it is counted still."""
        with self._lock:
            taken, self._counted = self._counted, {}
            self._written = self._clock.now()
        done = not taken
        try:
            if taken:
                # In one order, so that two replicas cannot wait for each other.
                rows = [
                    {"cloud": cloud, "day": day, **counted}
                    for (cloud, day), counted in sorted(taken.items())
                ]
                with self._ledger.write() as connection:
                    connection.execute(_ADD, rows)
                done = True
        finally:
            if not done:
                with self._lock:
                    for key, counted in taken.items():
                        self._counted.setdefault(key, Counter()).update(counted)


def used(connection: Connection, cloud: str, until: date) -> Used:
    """What a cloud used in the thirty days up to and with ``until``."""
    row = connection.execute(
        select(*(func.coalesce(func.sum(usage_days.c[kind]), 0) for kind in _KINDS)).where(
            usage_days.c.cloud == cloud,
            usage_days.c.day > (until - timedelta(days=_DAYS)).isoformat(),
            usage_days.c.day <= until.isoformat(),
        )
    ).one()
    return Used(*(int(count) for count in row))
