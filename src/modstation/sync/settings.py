"""What the sync engine may be told: how much at a time, how often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class SyncSettings:
    """How the engine works.

    ``refresh``: between two passes over the queue. ``backlog_limit``: assets waiting on this
    machine above which no more are pulled. ``in_flight``: updates under way at once, one per
    asset. ``round``: the most operations of one push before the queue gets its turn.
    ``write_reasons``: the reason of a rejection goes into the asset's context, one call each.
    ``actor``: the moderator's name, for colleagues to see. ``claim_ahead``: how many entries are
    leased ahead of the moderator, where the service offers that, each time for ``lease``.
    ``failures``: unclear answers in a row, on different operations, that mean the service itself
    is in trouble.
    """

    refresh: timedelta = timedelta(seconds=60)
    backlog_limit: int = 2_000_000
    page: int = 500
    in_flight: int = 8
    round: int = 1000
    failures: int = 3
    write_reasons: bool = False
    actor: str = ""
    claim_ahead: int = 100
    lease: timedelta = timedelta(minutes=10)
    capabilities_kept: timedelta = timedelta(days=1)
