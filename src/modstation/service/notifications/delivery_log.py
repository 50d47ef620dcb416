"""What became of every letter, and sending some once more.

A letter is kept with each attempt for 30 days after it was delivered or given up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, literal, select, tuple_, update

from modstation.service.notifications.lanes import DELIVERED, GIVEN_UP, WAITING, open_lanes
from modstation.service.schema import buffered_messages, notification_attempts, notifications

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection

#: One transaction's worth of letters that are sent again.
MOST_REPLAYED = 1000
STATES = frozenset({WAITING, DELIVERED, GIVEN_UP})

_row, _attempt = notifications.c, notification_attempts.c
_SUMMARY = (
    _row.id,
    _row.event,
    _row.asset_id,
    _row.url,
    _row.state,
    _row.attempts,
    _row.last_status,
    _row.due_us,
    _row.created_us,
)
# Written into the statement: neither database uses an index of a part of the rows for a value it
# does not know when it plans.
_DEAD = _row.state == literal(GIVEN_UP, literal_execute=True)


@dataclass(frozen=True, slots=True)
class LoggedLetter:
    """A letter without its body; ``event`` is None if the first release wrote it."""

    id: int
    event: str | None
    asset_id: str | None
    url: str
    state: str
    attempts: int
    last_status: int | None
    due_us: int | None
    created_us: int


@dataclass(frozen=True, slots=True)
class LoggedAttempt:
    """One time a letter was tried: an HTTP status, or in words why there was none."""

    at_us: int
    status: int | None
    error: str | None
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters are meant: those of a state, an asset, a receiver, a period; None: of any."""

    state: str | None = None
    asset_id: str | None = None
    url: str | None = None
    since_us: int | None = None
    before_us: int | None = None


def logged_letters(
    connection: Connection,
    cloud: str,
    wanted: Wanted,
    *,
    limit: int,
    after: tuple[int, int] | None = None,
) -> list[LoggedLetter]:
    """The latest letters first; ``after`` is the ``created_us`` and ``id`` of the last one seen."""
    key = tuple_(_row.created_us, _row.id)
    query = select(*_SUMMARY).where(*_conditions(cloud, wanted))
    if after is not None:
        query = query.where(key < tuple_(*after))
    rows = connection.execute(query.order_by(_row.created_us.desc(), _row.id.desc()).limit(limit))
    return [LoggedLetter(*row) for row in rows]


def logged_letter(
    connection: Connection, cloud: str, id_: int
) -> tuple[LoggedLetter, bytes] | None:
    """One letter and the bytes that are sent; None if there is none."""
    row = connection.execute(
        select(*_SUMMARY, _row.body).where(_row.cloud == cloud, _row.id == id_)
    ).first()
    return None if row is None else (LoggedLetter(*row[:-1]), row.body)


def attempts_of(connection: Connection, id_: int) -> list[LoggedAttempt]:
    """Every time a letter was tried, the earliest first."""
    rows = connection.execute(
        select(_attempt.at_us, _attempt.status, _attempt.error, _attempt.milliseconds)
        .where(_attempt.notification_id == id_)
        .order_by(_attempt.id)
    )
    return [LoggedAttempt(*row) for row in rows]


def replay_letter(connection: Connection, cloud: str, id_: int, now_us: int) -> bool:
    """Send a letter once more, with all its tries; False if there is none or it is waiting."""
    return _replay(connection, [_row.cloud == cloud, _row.id == id_], 1, now_us) == 1


def replay_dead(connection: Connection, cloud: str, wanted: Wanted, now_us: int) -> int:
    """Send letters once more that were given up, the oldest first; how many, 1,000 at most.

    Call it again while it answers that many. Wake the service after the commit.
    """
    these = [*_conditions(cloud, wanted), _DEAD]
    return _replay(connection, these, MOST_REPLAYED, now_us)


def forget_letters(connection: Connection, ids: Sequence[int]) -> None:
    """Remove letters and the attempts at them."""
    connection.execute(delete(notification_attempts).where(_attempt.notification_id.in_(ids)))
    connection.execute(delete(notifications).where(_row.id.in_(ids)))


def forget_messages(connection: Connection, before_us: int, limit: int) -> int:
    """Remove messages of the pull buffer that nobody came for; how many."""
    message = buffered_messages.c
    ids = connection.scalars(
        select(message.id).where(message.created_us < before_us).limit(limit)
    ).all()
    connection.execute(delete(buffered_messages).where(message.id.in_(ids)))
    return len(ids)


def _conditions(cloud: str, wanted: Wanted) -> list[ColumnElement[bool]]:
    found = [_row.cloud == cloud]
    if wanted.state == GIVEN_UP:
        found.append(_DEAD)
    elif wanted.state == WAITING:
        found.append(_row.due_us.is_not(None))
    elif wanted.state is not None:
        found.append(_row.state == wanted.state)
    if wanted.asset_id is not None:
        found.append(_row.asset_id == wanted.asset_id)
    if wanted.url is not None:
        found.append(_row.url == wanted.url)
    if wanted.since_us is not None:
        found.append(_row.created_us >= wanted.since_us)
    if wanted.before_us is not None:
        found.append(_row.created_us < wanted.before_us)
    return found


def _replay(
    connection: Connection, these: Sequence[ColumnElement[bool]], limit: int, now_us: int
) -> int:
    # What is waiting is left alone: it may be in somebody's hands, and its tries count.
    rows = connection.execute(
        select(_row.id, _row.lane)
        .where(*these, _row.due_us.is_(None))
        .order_by(_row.created_us, _row.id)
        .limit(limit)
        .with_for_update()
    ).all()
    if rows:
        open_lanes(connection, {row.lane for row in rows}, now_us)
        connection.execute(
            update(notifications)
            .where(_row.id.in_([row.id for row in rows]))
            .values(state=WAITING, attempts=0, due_us=now_us)
        )
    return len(rows)
