"""What a change of a moderation status brings about, whoever made it.

People's decisions (verdicts.py) and machines' answers (answers.py) come together here. All of it
is written in the caller's transaction: the asset and its queue entries, the history, what
receivers are told, the job that moves the original to the backup area or back, and the start of
the moderation that is next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from modstation.service.access.cloud_settings import cloud_settings
from modstation.service.assets.representations import moderation_notification, moderation_summary
from modstation.service.assets.stored import save_decided
from modstation.service.ledger import after_commit
from modstation.service.moderation import machine_jobs
from modstation.service.moderation.claims import end_claims
from modstation.service.moderation.states import (
    ABORTED,
    PENDING,
    QUEUED,
    REJECTED,
    WAITING,
    leading_kind,
    overall,
)
from modstation.service.notifications.announcing import Announcement, announce_all
from modstation.service.running.metrics import DECISIONS
from modstation.service.schema import blob_jobs, decision_history

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from modstation.service.assets.stored import Asset
    from modstation.service.moderation.states import Entry


@dataclass(frozen=True, slots=True)
class Bench:
    """What deciding needs to know beside the decision; ``base`` is the host for addresses."""

    cloud: str
    api_key: str
    base: str
    now_us: int


@dataclass(frozen=True, slots=True)
class Said:
    """Who said what of one entry of an asset, and why; ``automatic``: a machine did."""

    status: str
    automatic: bool = False
    decision_id: str | None = None
    actor: str | None = None
    reason: str | None = None
    note: str | None = None
    decided_us: int | None = None
    notification_url: str | None = None


class Consequences:
    """One transaction's worth of changes; statements are gathered and sent together."""

    def __init__(self, connection: Connection, bench: Bench) -> None:
        self._connection = connection
        self._bench = bench
        self._settings = cloud_settings(connection, bench.cloud)
        self._before: dict[int, Asset] = {}
        self._after: dict[int, Asset] = {}
        self._history: list[dict[str, Any]] = []
        self._moves: list[dict[str, Any]] = []
        self._announcements: list[Announcement] = []
        self._begun: list[tuple[str, str]] = []
        self._spared: set[str] = set()

    def restarted(self, asset: Asset, entries: tuple[Entry, ...]) -> Asset:
        """The asset with the entries of a new run, which starts all over."""
        kind = entries[0].kind if entries else None
        if kind is not None:
            previous = next((one.status for one in asset.moderation if one.kind == kind), None)
            self._remember(asset, kind, previous, Said(PENDING), changed=True)
        return self._keep(asset, self._moderated(asset, entries, kind))

    def said(self, asset: Asset, entries: tuple[Entry, ...], kind: str, said: Said) -> Asset:
        """The asset with its entries as they are after something was said of ``kind``."""
        entry = next(entry for entry in entries if entry.kind == kind)
        previous = next((one.status for one in asset.moderation if one.kind == kind), None)
        changed = entries != asset.moderation
        self._remember(asset, kind, previous, said, changed=changed)
        if not changed:
            # The same verdict again, or a machine's too late: recorded, but nobody is told.
            return asset
        after = self._keep(asset, self._moderated(asset, entries, leading_kind(entries, kind)))
        self._note_machines(asset, after)
        if said.status != PENDING:
            # Put back into its queue it is not decided, so there is nothing to act on.
            self._tell(asset, after, entry, said)
        return after

    def write(self, *, announce: bool = True) -> None:
        """Send what was gathered; ``announce`` is false for callers that tell later."""
        changed = {seq: new for seq, new in self._after.items() if new is not self._before[seq]}
        save_decided(
            self._connection, [(self._before[seq], asset) for seq, asset in changed.items()]
        )
        if changed:
            end_claims(self._connection, changed)
        for table, rows in ((decision_history, self._history), (blob_jobs, self._moves)):
            if rows:
                self._connection.execute(insert(table), rows)
        if self._history:
            after_commit(self._connection, self._count)
        machine_jobs.begin(self._connection, self._begun, self._bench.now_us)
        machine_jobs.drop_queued(self._connection, self._spared)
        if announce:
            self.announce()

    def _count(self) -> None:
        for row in self._history:
            if row["changed"]:
                by = "machine" if row["automatic"] else "person"
                DECISIONS.labels(row["kind"], row["to_status"], by).inc()

    def announce(self) -> None:
        """Write the letters; once."""
        announce_all(
            self._connection,
            self._announcements,
            cloud=self._bench.cloud,
            api_key=self._bench.api_key,
            now_us=self._bench.now_us,
        )
        self._announcements = []

    def _keep(self, before: Asset, after: Asset) -> Asset:
        self._before.setdefault(before.seq, before)
        self._after[before.seq] = after
        return after

    def _moderated(self, asset: Asset, entries: tuple[Entry, ...], kind: str | None) -> Asset:
        now_us = self._bench.now_us
        status = overall(entries)
        after = replace(
            asset,
            moderation=entries,
            moderation_kind=kind,
            moderation_status=status,
            updated_us=now_us,
        )
        withdraw = status == REJECTED and not self._settings.deliver_rejected
        if withdraw != asset.withdrawn:
            self._moves.append({"asset_id": asset.asset_id, "blob": None, "due_us": now_us})
            after = replace(after, withdrawn=withdraw)
            if not withdraw:
                after = replace(after, version=max(now_us // 1_000_000, asset.version + 1))
        return after

    def _note_machines(self, before: Asset, after: Asset) -> None:
        """Which machine is to begin now, and which assets have some that need not any more."""
        old = {entry.kind: entry.status for entry in before.moderation}
        for entry in after.moderation:
            if old.get(entry.kind) != QUEUED or entry.kind == "manual":
                continue
            if entry.status == PENDING and not entry.held:
                self._begun.append((after.asset_id, entry.kind))
            elif entry.status == ABORTED:
                self._spared.add(after.asset_id)

    def _tell(self, before: Asset, after: Asset, entry: Entry, said: Said) -> None:
        urls = tuple(
            sorted({url for url in (before.notification_url, said.notification_url) if url})
        )
        base = self._bench.base
        document = moderation_notification(after, entry, base=base)
        self._announcements.append(
            Announcement("moderation", document, after.asset_id, urls, after.batch_id)
        )
        if len(after.moderation) > 1 and _waits(before.moderation) and not _waits(after.moderation):
            document = moderation_summary(after, base=base)
            self._announcements.append(
                Announcement("moderation_summary", document, after.asset_id, urls, after.batch_id)
            )

    def _remember(
        self, asset: Asset, kind: str, previous: str | None, said: Said, *, changed: bool
    ) -> None:
        self._history.append(
            {
                "cloud": asset.cloud,
                "asset_id": asset.asset_id,
                "resource_type": asset.resource_type,
                "type": asset.type,
                "public_id": asset.public_id,
                "kind": kind,
                "from_status": previous,
                "to_status": said.status,
                "changed": changed,
                "decision_id": said.decision_id,
                "actor": said.actor,
                "reason": said.reason,
                "note": said.note,
                "decided_us": said.decided_us or self._bench.now_us,
                "received_us": self._bench.now_us,
                "automatic": said.automatic,
                "version_id": asset.version_id,
            }
        )


def _waits(entries: Iterable[Entry]) -> bool:
    return any(entry.status in WAITING for entry in entries)
