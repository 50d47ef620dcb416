"""Telling caches to drop what is wrong by now: ``PURGE`` to every node until it has answered.

Each node has rows and a thread of its own, so one that is dead delays nobody else, and is told
everything when it is back. Rows are claimed by lease (leases.py); telling a node twice does no
harm.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
from sqlalchemy import delete, select, update

from modstation.core.clock import to_us
from modstation.service.delivery.stale_copies import TAG
from modstation.service.leases import claim_due, still_claimed
from modstation.service.schema import purges

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row

    from modstation.service.ledger import Ledger
    from modstation.service.settings import ServiceSettings

log = logging.getLogger(__name__)

_PER_CLAIM = 500
# 33 bytes each, in one header.
_PER_REQUEST = 50
_TIMEOUT = 5.0
_LEASE_US = 120_000_000
# An answer that was on its way while its asset changed may reach a cache after the purge, so each
# is sent a second time once every such answer has arrived.
_AGAIN_US = 30_000_000
# No copy is kept longer than that by any cache.
_KEPT = timedelta(days=30)


class CachePurger:
    """Sends what is due, a thread for each node; ``step`` starts it and returns at once."""

    def __init__(
        self, ledger: Ledger, settings: ServiceSettings, node_free: Callable[[], None]
    ) -> None:
        self._ledger = ledger
        self._nodes = settings.purge_nodes
        self._retry = timedelta(seconds=settings.purge_retry)
        self._node_free = node_free
        self._busy: dict[str, Future[bool]] = {}
        # When a node that did not answer is tried again: by this replica, each has its own.
        self._resting: dict[str, datetime] = {}
        self._pool = ThreadPoolExecutor(max(1, len(self._nodes)), "purge")
        self._client = httpx.Client(timeout=_TIMEOUT, trust_env=False, follow_redirects=False)

    def step(self, now: datetime) -> int:
        """Start telling the nodes that are free what is due; how many of them have something."""
        started = 0
        for node in self._nodes:
            if node in self._busy:
                if not self._busy[node].done():
                    continue
                if not self._busy.pop(node).result():
                    self._resting[node] = now + self._retry
            if now < self._resting.get(node, now):
                continue
            rows = self._claim(node, to_us(now))
            if rows:
                started += 1
                work = self._pool.submit(self._tell, node, rows, now)
                self._busy[node] = work
                work.add_done_callback(lambda _: self._node_free())
        return started

    def drain(self) -> None:
        """Wait for what is under way; a bug in it is raised here."""
        wait(list(self._busy.values()))
        for work in self._busy.values():
            work.result()

    def close(self) -> None:
        """Finish the requests in hand and stop; what is left stays due."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._client.close()

    def _claim(self, node: str, now_us: int) -> list[Row[tuple[object, ...]]]:
        due = [purges.c.node == node, purges.c.due_us <= now_us]
        with self._ledger.read() as connection:
            # Nothing to do is the rule, and looking takes no turn as a writer.
            if connection.scalar(select(purges.c.id).where(*due).limit(1)) is None:
                return []
        with self._ledger.write() as connection:
            return claim_due(
                connection,
                purges,
                now_us=now_us,
                lease_us=_LEASE_US,
                limit=_PER_CLAIM,
                where=due[:1],
            )

    def _tell(self, node: str, rows: Sequence[Row[tuple[object, ...]]], now: datetime) -> bool:
        """Whether the node took all of it; what it did not take is due again after a while."""
        for first in range(0, len(rows), _PER_REQUEST):
            part = rows[first : first + _PER_REQUEST]
            if not self._purge(node, sorted({row.asset_id for row in part})):
                self._put_off(rows[first:], now)
                return False
            self._settle(part, now)
        return True

    def _purge(self, node: str, asset_ids: list[str]) -> bool:
        try:
            answer = self._client.request("PURGE", node, headers={TAG: "|".join(asset_ids)})
        except httpx.HTTPError as error:
            log.info("cache %s was not told: %s", node, type(error).__name__)
            return False
        if not answer.is_success:
            log.info("cache %s was not told: it answered %s", node, answer.status_code)
        return answer.is_success

    def _settle(self, rows: Sequence[Row[tuple[object, ...]]], now: datetime) -> None:
        first = [row.id for row in rows if not row.again]
        second = [row.id for row in rows if row.again]
        with self._ledger.write() as connection:
            if first:
                connection.execute(
                    update(purges)
                    .where(_in_hand(first, now))
                    .values(again=True, due_us=to_us(now) + _AGAIN_US)
                )
            if second:
                connection.execute(delete(purges).where(_in_hand(second, now)))

    def _put_off(self, rows: Sequence[Row[tuple[object, ...]]], now: datetime) -> None:
        ids = _in_hand([row.id for row in rows], now)
        with self._ledger.write() as connection:
            connection.execute(delete(purges).where(ids, purges.c.created_us < to_us(now - _KEPT)))
            connection.execute(update(purges).where(ids).values(due_us=to_us(now + self._retry)))


def _in_hand(ids: Sequence[int], now: datetime) -> ColumnElement[bool]:
    return still_claimed(purges, ids, to_us(now) + _LEASE_US)
