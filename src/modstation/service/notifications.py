"""Sending letters: what announcing.py wrote, sent afterwards, tried again (reference 4.1).

A row exists because its change was committed with it; it is removed from the due ones only
after a receiver answered 2xx. Whoever dies in between sends it again: at least once.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
from sqlalchemy import select, update

from modstation.core.clock import to_us
from modstation.service.announcing import DELIVERED, GIVEN_UP, WAITING
from modstation.service.schema import notifications
from modstation.service.signatures import notification_signature

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection

    from modstation.service.credentials import Credentials
    from modstation.service.ledger import Ledger
    from modstation.service.settings import ServiceSettings

log = logging.getLogger(__name__)

_PER_LANE = 20


@dataclass(frozen=True, slots=True)
class _Letter:
    id: int
    cloud: str
    url: str
    body: bytes
    attempts: int


class NotificationSender:
    """Sends what is due. Each receiving host is a lane of its own, so a dead one delays itself.

    ``step`` starts the lanes that have something due and returns at once; ``drain`` waits.
    ``lane_free`` is called when one is done, from its thread.
    One sender runs per database: rows in hand are known in memory only.
    """

    def __init__(
        self,
        ledger: Ledger,
        credentials: Credentials,
        settings: ServiceSettings,
        lane_free: Callable[[], None] = lambda: None,
    ) -> None:
        self._ledger = ledger
        self._credentials = credentials
        self._lane_free = lane_free
        self._delays = settings.notification_delays
        self._client = httpx.Client(
            timeout=settings.notification_timeout,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=settings.notification_workers),
            headers={"User-Agent": "modstation"},
        )
        self._pool = ThreadPoolExecutor(settings.notification_workers, "notify")
        self._lock = threading.Lock()
        self._busy: dict[str, Future[None]] = {}
        self._closing = threading.Event()

    def step(self, now: datetime) -> int:
        """Start sending what is due at ``now``; the number of lanes started."""
        with self._lock:
            for lane, work in list(self._busy.items()):
                if work.done():
                    del self._busy[lane]
                    work.result()
            with self._ledger.read() as connection:
                due = self._due(connection, to_us(now))
            for lane, letters in due.items():
                work = self._pool.submit(self._send_lane, letters, now)
                self._busy[lane] = work
                # More may have become due for this host meanwhile.
                work.add_done_callback(lambda _: self._lane_free())
            return len(due)

    def drain(self) -> None:
        """Wait for the lanes under way; a bug in one of them is raised here."""
        with self._lock:
            work = list(self._busy.values())
        wait(work)
        for lane in work:
            lane.result()

    def close(self) -> None:
        """Finish the letters in hand and stop; what is left stays due for the next start."""
        self._closing.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._client.close()

    def _due(self, connection: Connection, now_us: int) -> dict[str, list[_Letter]]:
        column = notifications.c
        rows = connection.execute(
            select(column.id, column.cloud, column.url, column.body, column.attempts, column.lane)
            .where(column.due_us <= now_us, column.lane.not_in(list(self._busy)))
            .order_by(column.due_us, column.id)
            .limit(1000)
        )
        lanes: dict[str, list[_Letter]] = {}
        for *letter, lane in rows:
            letters = lanes.setdefault(lane, [])
            if len(letters) < _PER_LANE:
                letters.append(_Letter(*letter))
        return lanes

    def _send_lane(self, letters: list[_Letter], now: datetime) -> None:
        for letter in letters:
            if self._closing.is_set():
                return
            status = self._send(letter, now)
            self._settle(letter, status, now)
            if status is None:
                # Nobody is there. The rest stays due and is tried in the next step, so that a
                # dead host holds its thread for one time-out and not for twenty.
                return

    def _send(self, letter: _Letter, now: datetime) -> int | None:
        key = self._credentials.signing_key(letter.cloud)
        secret = key.secret if key else ""
        algorithm = self._credentials.settings_of(letter.cloud).signature_algorithm
        timestamp = int(now.timestamp())
        headers = {
            "Content-Type": "application/json",
            "X-Cld-Timestamp": str(timestamp),
            "X-Cld-Signature": notification_signature(letter.body, timestamp, secret, algorithm),
        }
        try:
            # Streamed and not read: the answer's status is all that matters.
            with self._client.stream(
                "POST", letter.url, content=letter.body, headers=headers
            ) as answer:
                return answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.info("notification %s was not delivered: %s", letter.id, type(error).__name__)
            return None

    def _settle(self, letter: _Letter, status: int | None, now: datetime) -> None:
        if status is not None and 200 <= status < 300:
            state, due_us = DELIVERED, None
        elif letter.attempts < len(self._delays):
            state = WAITING
            due_us = to_us(now) + int(self._delays[letter.attempts] * 1_000_000)
        else:
            state, due_us = GIVEN_UP, None
        with self._ledger.write() as connection:
            connection.execute(
                update(notifications)
                .where(notifications.c.id == letter.id)
                .values(
                    attempts=letter.attempts + 1, state=state, due_us=due_us, last_status=status
                )
            )
