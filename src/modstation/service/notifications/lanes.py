"""Which receiver is written to next, and by whom: lanes claimed from the database.

A lane is a host. One replica at a time sends to it: a claim makes the lane free again only
later, so whoever dies with it loses nothing. A lane whose host did not answer is left alone for
a while, longer every time; the letters due for it in that moment count as tried, so that a dead
host costs one connection and not one for every letter. Letters of one strand (an asset and a
receiver) stand in line behind the earliest that is not done with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, case, delete, exists, func, insert, null, select, update

from modstation.service.ledger import upsert
from modstation.service.schema import notification_attempts, notification_lanes, notifications

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection

WAITING = "waiting"
DELIVERED = "delivered"
GIVEN_UP = "given_up"

SECOND_US = 1_000_000
_LETTERS_PER_CLAIM = 200
_LEFT_ALONE_US = 5 * SECOND_US
_LONGEST_ALONE_US = 60 * SECOND_US
# One statement's worth of letters that are moved without being sent.
_PER_STATEMENT = 1000

_letter, _lane = notifications.c, notification_lanes.c


class Standing(Enum):
    """What is known of a host: whoever answers well must not wait for those who do not."""

    PROMPT = "it answered quickly when it was last written to"
    UNKNOWN = "it is new, or slow"
    SILENT = "nobody answered when it was last written to"


_OF_STANDING = {
    Standing.PROMPT: _lane.prompt.is_(True),
    Standing.UNKNOWN: and_(_lane.prompt.is_(False), _lane.failures == 0),
    Standing.SILENT: and_(_lane.prompt.is_(False), _lane.failures > 0),
}


@dataclass(frozen=True, slots=True)
class Letter:
    """One notification to be sent, with how often that was tried before."""

    id: int
    cloud: str
    url: str
    body: bytes
    attempts: int
    strand: str | None


@dataclass(frozen=True, slots=True)
class ClaimedLane:
    """Letters of one host, in this process's hands until ``until_us``.

    ``failures`` are visits in a row that nobody answered; ``prompt`` as in Standing.
    """

    lane: str
    until_us: int
    failures: int
    prompt: bool
    letters: tuple[Letter, ...]

    @property
    def standing(self) -> Standing:
        """What was known of the host when the lane was claimed."""
        if self.prompt:
            return Standing.PROMPT
        return Standing.SILENT if self.failures else Standing.UNKNOWN


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of sending one letter: an HTTP status or the reason, in words, there is none.

    ``final``: trying again would be refused again.
    """

    letter: Letter
    at_us: int
    milliseconds: int
    status: int | None = None
    error: str | None = None
    final: bool = False

    @property
    def delivered(self) -> bool:
        """Whether the receiver took it: any 2xx."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class LaneResult:
    """What a visit to a lane came to.

    ``silent`` are the receivers that said nothing, and why; ``dead``: all of them did.
    """

    lane: ClaimedLane
    attempts: tuple[Attempt, ...]
    prompt: bool
    silent: Mapping[str, str] = field(default_factory=dict)
    dead: bool = False


def open_lanes(connection: Connection, lanes: Collection[str], now_us: int) -> None:
    """Have these lanes there for letters that are about to be written in this transaction."""
    wanted = sorted(lanes)
    new = upsert(connection, notification_lanes).on_conflict_do_nothing()
    rows = [
        {"lane": lane, "ready_us": now_us, "failures": 0, "prompt": False, "opened_us": now_us}
        for lane in wanted
    ]
    while True:
        connection.execute(new, rows)
        if connection.dialect.name == "sqlite":
            return
        # Senders remove lanes nobody has written to for long: these they must not now.
        kept = connection.scalars(
            select(_lane.lane)
            .where(_lane.lane.in_(wanted))
            .order_by(_lane.lane)
            .with_for_update(read=True, key_share=True)
        ).all()
        if len(kept) == len(wanted):
            return


def something_due(connection: Connection, now_us: int) -> bool:
    """Whether there is a lane to claim; asked often, and no writer waits for it."""
    due = exists().where(_letter.lane == _lane.lane, _letter.due_us <= now_us)
    query = select(_lane.lane).where(_lane.ready_us <= now_us, due).limit(1)
    return connection.execute(query).first() is not None


def claim_lanes(
    connection: Connection, *, now_us: int, lease_us: int, limit: int, standing: Standing
) -> list[ClaimedLane]:
    """Take up to ``limit`` lanes of a standing that have something due, the longest waiting first.

    Lanes that another replica is claiming at this moment are passed over.
    """
    due = exists().where(_letter.lane == _lane.lane, _letter.due_us <= now_us)
    rows = connection.execute(
        select(_lane.lane, _lane.failures, _lane.prompt)
        .where(_lane.ready_us <= now_us, _OF_STANDING[standing], due)
        .order_by(_lane.ready_us, _lane.lane)
        .limit(limit)
        # Not FOR UPDATE: that would pass over every lane somebody is writing a letter to.
        .with_for_update(skip_locked=True, key_share=True, of=notification_lanes)
    ).all()
    until_us = now_us + lease_us
    if rows:
        connection.execute(
            update(notification_lanes)
            .where(_lane.lane.in_([row.lane for row in rows]))
            .values(ready_us=until_us)
        )
    return [
        ClaimedLane(
            row.lane, until_us, row.failures, row.prompt, _letters(connection, row.lane, now_us)
        )
        for row in rows
    ]


def settle_lanes(
    connection: Connection,
    results: Sequence[LaneResult],
    *,
    now_us: int,
    delays_us: Sequence[int],
) -> None:
    """Write down what visits came to: letters, the log of attempts, and when to visit again.

    ``delays_us`` stand between the first try and the second, and so on; who has failed once more
    than there are delays is given up.
    """
    attempts = [attempt for result in results for attempt in result.attempts]
    if attempts:
        connection.execute(_SETTLE, [_settled(each, now_us, delays_us) for each in attempts])
        connection.execute(
            insert(notification_attempts),
            [
                {
                    "notification_id": each.letter.id,
                    "at_us": each.at_us,
                    "status": each.status,
                    "error": each.error,
                    "milliseconds": each.milliseconds,
                }
                for each in attempts
            ],
        )
    for result in sorted(results, key=lambda result: result.lane.lane):
        failures, alone_us = 0 if result.attempts else result.lane.failures, 0
        if result.dead:
            failures = result.lane.failures + 1
            alone_us = min(_LEFT_ALONE_US << min(failures - 1, 10), _LONGEST_ALONE_US)
        mine = connection.execute(
            update(notification_lanes)
            # A lane whose claim has run out may be in other hands by now.
            .where(_lane.lane == result.lane.lane, _lane.ready_us == result.lane.until_us)
            .values(ready_us=now_us + alone_us, failures=failures, prompt=result.prompt)
        ).rowcount
        if not mine:
            continue
        if result.dead and failures > 1:
            # Not at its first failure: a receiver that starts anew is back in a moment.
            reason = next(iter(result.silent.values()))
            _fail_rest(connection, _letter.lane == result.lane.lane, reason, now_us, delays_us)
        elif not result.dead:
            for url, reason in result.silent.items():
                these = and_(_letter.lane == result.lane.lane, _letter.url == url)
                _fail_rest(connection, these, reason, now_us, delays_us)


def close_lanes(connection: Connection, before_us: int, limit: int) -> int:
    """Remove lanes opened and used before that time which have no letter to send; how many."""
    idle = connection.scalars(
        select(_lane.lane)
        .where(_lane.ready_us < before_us, _lane.opened_us < before_us)
        .where(~exists().where(_letter.lane == _lane.lane, _letter.due_us.is_not(None)))
        .order_by(_lane.lane)
        .limit(limit)
        .with_for_update(skip_locked=True, of=notification_lanes)
    ).all()
    # Asked again now that they are held: a letter may have come in between.
    busy = connection.scalars(
        select(_letter.lane).where(_letter.lane.in_(idle), _letter.due_us.is_not(None)).distinct()
    ).all()
    gone = sorted({*idle} - {*busy})
    connection.execute(delete(notification_lanes).where(_lane.lane.in_(gone)))
    return len(gone)


_SETTLE = (
    update(notifications)
    # A letter that others have sent meanwhile has more attempts.
    .where(_letter.id == bindparam("at"), _letter.attempts == bindparam("before"))
    .values(
        attempts=bindparam("attempts"),
        state=bindparam("state"),
        due_us=bindparam("due_us"),
        last_status=bindparam("last_status"),
    )
)


def _settled(attempt: Attempt, now_us: int, delays_us: Sequence[int]) -> dict[str, Any]:
    before = attempt.letter.attempts
    state, due_us = WAITING, None
    if attempt.delivered:
        state = DELIVERED
    elif attempt.final or before >= len(delays_us):
        state = GIVEN_UP
    else:
        due_us = now_us + delays_us[before]
    return {
        "at": attempt.letter.id,
        "before": before,
        "attempts": before + 1,
        "state": state,
        "due_us": due_us,
        "last_status": attempt.status,
    }


def _fail_rest(
    connection: Connection,
    these: ColumnElement[bool],
    reason: str,
    now_us: int,
    delays_us: Sequence[int],
) -> None:
    """Count this try for everything that was due to somebody who is not there."""
    tries = len(delays_us)
    again: ColumnElement[Any] = null()
    if tries:
        again = case(
            {count: now_us + delay for count, delay in enumerate(delays_us)}, value=_letter.attempts
        )
    after = 0
    while True:
        ids = connection.scalars(
            select(_letter.id)
            .where(these, _letter.due_us <= now_us, _letter.id > after)
            .order_by(_letter.id)
            .limit(_PER_STATEMENT)
        ).all()
        if not ids:
            return
        after = ids[-1]
        tried = {"at_us": now_us, "status": None, "error": reason, "milliseconds": 0}
        connection.execute(
            insert(notification_attempts), [{"notification_id": id_, **tried} for id_ in ids]
        )
        connection.execute(
            update(notifications)
            .where(_letter.id.in_(ids))
            .values(
                attempts=_letter.attempts + 1,
                due_us=again,
                state=case((_letter.attempts >= tries, GIVEN_UP), else_=WAITING),
                last_status=None,
            )
        )


def _letters(connection: Connection, lane: str, now_us: int) -> tuple[Letter, ...]:
    """The next letters of a lane, none of them overtaking one of its own strand."""
    rows = connection.execute(
        select(
            _letter.id, _letter.cloud, _letter.url, _letter.body, _letter.attempts, _letter.strand
        )
        .where(_letter.lane == lane, _letter.due_us <= now_us)
        .order_by(_letter.due_us, _letter.id)
        .limit(_LETTERS_PER_CLAIM)
    ).all()
    letters = [Letter(*row) for row in rows]
    ahead: dict[str | None, int] = dict(_in_the_way(connection, letters))
    return tuple(
        sorted(
            (each for each in letters if each.id < ahead.get(each.strand, each.id + 1)),
            key=lambda each: each.id,
        )
    )


def _in_the_way(connection: Connection, letters: Sequence[Letter]) -> list[tuple[str, int]]:
    """The earliest letter of each strand that is waiting and not among these.

    What stands behind it is made due with it: it is not looked at again before that.
    """
    strands = {letter.strand for letter in letters if letter.strand is not None}
    if not strands:
        return []
    first = (
        select(func.min(_letter.id).label("id"))
        .where(
            _letter.strand.in_(strands),
            _letter.due_us.is_not(None),
            _letter.id.not_in([letter.id for letter in letters]),
        )
        .group_by(_letter.strand)
        .subquery()
    )
    found = [
        (row.strand, row.id, row.due_us)
        for row in connection.execute(
            select(_letter.strand, _letter.id, _letter.due_us).join(first, first.c.id == _letter.id)
        )
    ]
    latest: dict[str | None, int] = {}
    for letter in letters:
        latest[letter.strand] = max(letter.id, latest.get(letter.strand, 0))
    for strand, id_, due_us in found:
        if latest[strand] > id_:
            connection.execute(
                update(notifications)
                .where(_letter.strand == strand, _letter.id > id_, _letter.due_us < due_us)
                .values(due_us=due_us)
            )
    return [(strand, id_) for strand, id_, _due_us in found]
