"""Moderations that a call asks for: checked, asked where a machine answers at once, written.

asked = asked_for(service, cloud, parameters.text("moderation"), resource_type)
run = run_of(service, asset, asked, file_name)  # no transaction is open: machines are slow
with service.ledger.write() as connection:
    asset, announce = start(connection, bench, asset, run)
    ...  # what is told before the moderations
    announce()
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modstation.core.clock import from_us
from modstation.service.moderation import add_on_limits
from modstation.service.moderation.answers import take_answer
from modstation.service.moderation.consequences import Consequences
from modstation.service.moderation.machine_jobs import NewJob, replace_jobs
from modstation.service.moderation.seed_rules import rule_against
from modstation.service.moderation.states import APPROVED, PENDING, WAITING, Entry, begin
from modstation.service.moderation.values import Asked, read_values
from modstation.service.providers.asking import Answer, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from modstation.service.assets.stored import Asset
    from modstation.service.moderation.consequences import Bench
    from modstation.service.service import Service

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Run:
    """What was asked for, what was answered at once, and what machines have to answer later."""

    asked: tuple[Asked, ...]
    answers: tuple[tuple[str, Answer], ...]
    later: tuple[tuple[Asked, str | None], ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries it starts with."""
        return begin([one.kind for one in self.asked])


def asked_for(
    service: Service, cloud: str, requested: str | None, resource_type: str
) -> tuple[Asked, ...]:
    """The moderations asked for, less those whose add-on is used up; raises BadRequest."""
    available = service.machines.available
    asked = read_values(requested, resource_type=resource_type, available=available)
    add_ons = {one.kind for one in asked} - {"manual"}
    if not add_ons:
        return asked
    with service.ledger.read() as connection:
        spent = add_on_limits.used_up(connection, cloud, add_ons, service.clock.now())
    return tuple(one for one in asked if one.kind not in spent)


def run_of(
    service: Service, asset: Asset, asked: tuple[Asked, ...], file_name: str | None = None
) -> Run:
    """Ask the machines that answer at once, in order, until one rejects or has to be waited for.

    ``asset`` need not be stored, but its bytes have to be. ``file_name``: as it was submitted.
    """
    answers: list[tuple[str, Answer]] = []
    later: list[tuple[Asked, str | None]] = []
    waiting = False
    for one in asked:
        rule = rule_against(asset, file_name) if one.kind == "webpurify" else None
        answer = None
        if not waiting:
            try:
                answer = service.machines.ask_at_once(asset, one)
            except Refused as refused:
                log.warning("%s cannot judge an upload, people have to: %s", one.kind, refused)
                waiting = True
                continue
        if answer is not None:
            answers.append((one.kind, answer))
            if answer.status != APPROVED:
                break
            continue
        waiting = True
        if rule is not None or service.machines.decides(one.kind):
            later.append((one, rule))
    return Run(asked, tuple(answers), tuple(later))


def start(
    connection: Connection, bench: Bench, asset: Asset, run: Run, *, known: bool
) -> tuple[Asset, Callable[[], None]]:
    """Write a run for a stored asset; the asset as it is then, and what announces its verdicts.

    ``known``: the asset was there before, so that machines may still be at work on it.
    """
    again = asset.moderation != run.entries
    if not (known or again or {one.kind for one in run.asked} - {"manual"}):
        # Nobody but people has a part in it, so its entries are all there is.
        return asset, lambda: None
    consequences = Consequences(connection, bench)
    if again:
        asset = consequences.restarted(asset, run.entries)
    for kind, answer in run.answers:
        asset = take_answer(connection, consequences, asset, kind, answer, now_us=bench.now_us)
    consequences.write(announce=False)
    statuses = {entry.kind: entry.status for entry in asset.moderation}
    jobs = [
        NewJob(one.kind, one.value, statuses[one.kind] == PENDING, rule)
        for one, rule in run.later
        if statuses[one.kind] in WAITING
    ]
    if jobs or known:
        replace_jobs(
            connection,
            asset.cloud,
            asset.asset_id,
            asset.version_id,
            jobs,
            base=bench.base,
            now_us=bench.now_us,
        )
    add_ons = {one.kind for one in run.asked} - {"manual"}
    if add_ons:
        add_on_limits.count(connection, asset.cloud, add_ons, from_us(bench.now_us))
    return asset, consequences.announce
