"""What machines are asked: rows written with the upload, claimed by any replica until answered.

A job is due once its moderation's turn has come. Whoever claims it puts its due time off by a
lease; a claimant that dies lets the lease run out, and another one goes on from what the row
says. A job whose asset is gone, or holds another picture by now, is dropped when it is claimed.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, tuple_, update

from modstation.service.leases import claim_due, still_claimed
from modstation.service.schema import moderation_jobs

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection, Row

_JOB = moderation_jobs.c
#: Longer than any provider is waited for.
LEASE_US = 120_000_000


@dataclass(frozen=True, slots=True)
class NewJob:
    """A moderation that a machine is to settle; ``due`` unless an earlier one runs first."""

    kind: str
    value: str
    due: bool
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One claimed job, as its row was; it is in hand until ``until_us``."""

    id: int
    cloud: str
    asset_id: str
    version_id: str
    kind: str
    value: str
    rule: str | None
    base: str
    token: str
    ticket: str | None
    attempts: int
    until_us: int

    @property
    def reference(self) -> str:
        """Our name for it at the provider's: the same at every attempt, and no secret."""
        return hashlib.sha256(self.token.encode()).hexdigest()[:32]


def replace_jobs(
    connection: Connection,
    cloud: str,
    asset_id: str,
    version_id: str,
    jobs: Sequence[NewJob],
    *,
    base: str,
    now_us: int,
) -> None:
    """Write the jobs of a new run; those of an earlier run of this asset have no say any more."""
    connection.execute(delete(moderation_jobs).where(_JOB.asset_id == asset_id))
    rows = [
        {
            "cloud": cloud,
            "asset_id": asset_id,
            "version_id": version_id,
            "kind": job.kind,
            "value": job.value,
            "rule": job.rule,
            "base": base,
            "token": secrets.token_urlsafe(32),
            "attempts": 0,
            "due_us": now_us if job.due else None,
            "created_us": now_us,
        }
        for job in jobs
    ]
    if rows:
        connection.execute(insert(moderation_jobs), rows)


def begin(connection: Connection, turns: Collection[tuple[str, str]], now_us: int) -> None:
    """Make the jobs of these (asset ID, kind) due: their turn has come."""
    if turns:
        connection.execute(
            update(moderation_jobs)
            .where(tuple_(_JOB.asset_id, _JOB.kind).in_(list(turns)), _JOB.due_us.is_(None))
            .values(due_us=now_us)
        )


def drop_queued(connection: Connection, asset_ids: Collection[str]) -> None:
    """Drop the jobs of these assets whose turn had not come."""
    if asset_ids:
        connection.execute(
            delete(moderation_jobs).where(_JOB.asset_id.in_(list(asset_ids)), _JOB.due_us.is_(None))
        )


def any_due(connection: Connection, now_us: int) -> bool:
    """Whether there is anything to claim."""
    due = select(_JOB.id).where(_JOB.due_us <= now_us).limit(1)
    return connection.scalar(due) is not None


def claim(connection: Connection, now_us: int, most: int) -> list[Job]:
    """Take up to ``most`` due jobs for the length of a lease, the longest due first."""
    rows = claim_due(connection, moderation_jobs, now_us=now_us, lease_us=LEASE_US, limit=most)
    if rows:
        # Counted now: an attempt that ends in a kill was one, too.
        connection.execute(
            update(moderation_jobs)
            .where(_JOB.id.in_([row.id for row in rows]))
            .values(attempts=_JOB.attempts + 1)
        )
    return [_job(row, now_us + LEASE_US) for row in rows]


def put_off(connection: Connection, job: Job, due_us: int, *, ticket: str | None) -> None:
    """Try again at ``due_us``, unless somebody else has the job by now."""
    connection.execute(
        update(moderation_jobs)
        .where(still_claimed(moderation_jobs, [job.id], job.until_us))
        .values(due_us=due_us, ticket=ticket)
    )


def finish(connection: Connection, job: Job) -> bool:
    """Remove a job; false if somebody else has it by now, whose answer then counts."""
    done = connection.execute(
        delete(moderation_jobs).where(still_claimed(moderation_jobs, [job.id], job.until_us))
    )
    return bool(done.rowcount)


def drop_all(connection: Connection, asset_id: str) -> None:
    """Remove the jobs of an asset that is gone."""
    connection.execute(delete(moderation_jobs).where(_JOB.asset_id == asset_id))


def of_token(connection: Connection, cloud: str, token: str) -> tuple[str, str] | None:
    """The asset and version a provider may see with this token."""
    row = connection.execute(
        select(_JOB.asset_id, _JOB.version_id).where(_JOB.token == token, _JOB.cloud == cloud)
    ).first()
    return None if row is None else (row.asset_id, row.version_id)


def ask_now(connection: Connection, cloud: str, token: str, now_us: int) -> None:
    """A provider says that it has decided: ask it at once instead of at the next turn."""
    connection.execute(
        update(moderation_jobs)
        .where(
            _JOB.token == token,
            _JOB.cloud == cloud,
            _JOB.ticket.is_not(None),
        )
        .values(due_us=now_us)
    )


def _job(row: Row[Any], until_us: int) -> Job:
    return Job(
        row.id,
        row.cloud,
        row.asset_id,
        row.version_id,
        row.kind,
        row.value,
        row.rule,
        row.base,
        row.token,
        row.ticket,
        row.attempts,
        until_us,
    )
