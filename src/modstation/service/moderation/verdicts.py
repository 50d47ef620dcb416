"""People's decisions, one or many.

A decision is applied at most once: the receipt of its ``decision_id`` is written in the caller's
transaction with everything else it brings about (consequences.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from modstation.service.assets.stored import find_live
from modstation.service.moderation.consequences import Consequences, Said
from modstation.service.moderation.states import PENDING, REJECTED, decide
from modstation.service.schema import applied_decisions, decision_history

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from modstation.service.assets.stored import Asset
    from modstation.service.moderation.consequences import Bench

APPLIED = "applied"
ALREADY_APPLIED = "already_applied"
CONFLICT = "conflict"
NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person decided about one asset.

    The asset is named by ``asset_id`` or by type and public ID. ``expected``: apply only if the
    asset's status is one of these. ``version``: the picture that was looked at.
    """

    status: str
    resource_type: str
    type: str
    public_id: str
    asset_id: str | None = None
    decision_id: str | None = None
    expected: frozenset[str] | None = None
    version: int | None = None
    kind: str | None = None
    reason: str | None = None
    note: str | None = None
    actor: str | None = None
    decided_us: int | None = None
    notification_url: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a verdict; ``asset`` is None if there is none, or for a repeated one."""

    result: str
    asset: Asset | None
    status: str | None
    updated_us: int | None
    actor: str | None


def apply_verdicts(
    connection: Connection, bench: Bench, verdicts: Sequence[Verdict]
) -> list[Outcome]:
    """Apply verdicts in order, all in this transaction, and say what became of each.

    A ``decision_id`` that was applied before is answered as it was then, whatever the asset's
    state is now. Raises BadRequest for a ``kind`` the asset does not have.
    """
    return _Session(connection, bench).run(verdicts)


class _Session:
    """One transaction's worth of verdicts; statements are gathered and sent together."""

    def __init__(self, connection: Connection, bench: Bench) -> None:
        self.connection = connection
        self.bench = bench
        self.consequences = Consequences(connection, bench)
        self.found: dict[int, Asset] = {}
        self.receipts: dict[str, dict[str, Any]] = {}
        self.new_receipts: list[dict[str, Any]] = []
        self.actors: dict[str, str | None] = {}

    def run(self, verdicts: Sequence[Verdict]) -> list[Outcome]:
        # The assets first: once they are this transaction's, what another replica applied of
        # the same verdicts is committed and seen.
        by_id, by_name = self._load_assets(verdicts)
        self._load_receipts(verdicts)
        outcomes = []
        for verdict in verdicts:
            receipt = self.receipts.get(verdict.decision_id or "")
            seq = (
                by_id.get(verdict.asset_id)
                if verdict.asset_id
                else by_name.get((verdict.resource_type, verdict.type, verdict.public_id))
            )
            asset = None if seq is None else self.found[seq]
            outcomes.append(self._one(verdict, receipt, asset))
        self._write()
        return outcomes

    def _load_receipts(self, verdicts: Sequence[Verdict]) -> None:
        ids = [verdict.decision_id for verdict in verdicts if verdict.decision_id]
        if not ids:
            return
        rows = self.connection.execute(
            select(applied_decisions).where(
                applied_decisions.c.cloud == self.bench.cloud,
                applied_decisions.c.decision_id.in_(ids),
            )
        ).mappings()
        self.receipts = {row["decision_id"]: dict(row) for row in rows}

    def _load_assets(
        self, verdicts: Sequence[Verdict]
    ) -> tuple[dict[str, int], dict[tuple[str, str, str], int]]:
        cloud = self.bench.cloud
        ids = {verdict.asset_id for verdict in verdicts if verdict.asset_id}
        names = {(v.resource_type, v.type, v.public_id) for v in verdicts if not v.asset_id}
        found = find_live(self.connection, cloud, asset_ids=ids, names=names, locked=True)
        self.found = {asset.seq: asset for asset in found}
        return (
            {asset.asset_id: asset.seq for asset in found},
            {(asset.resource_type, asset.type, asset.public_id): asset.seq for asset in found},
        )

    def _one(
        self, verdict: Verdict, receipt: dict[str, Any] | None, asset: Asset | None
    ) -> Outcome:
        if receipt is not None:
            same = receipt["status"] == verdict.status and (
                asset is None or receipt["asset_id"] == asset.asset_id
            )
            # One identifier for two different decisions is a fault of the sender.
            result = ALREADY_APPLIED if same else CONFLICT
            return Outcome(
                result, asset, receipt["status"], receipt["updated_us"], receipt["actor"]
            )
        if asset is None:
            return Outcome(NOT_FOUND, None, None, None, None)
        if _unexpected(verdict, asset):
            actor = self._last_actor(asset)
            return Outcome(CONFLICT, asset, asset.moderation_status, _updated_us(asset), actor)
        asset = self._decide(verdict, asset)
        updated_us = _updated_us(asset)
        if verdict.decision_id:
            receipt = {
                "cloud": self.bench.cloud,
                "decision_id": verdict.decision_id,
                "asset_id": asset.asset_id,
                "status": verdict.status,
                "updated_us": updated_us,
                "actor": verdict.actor,
            }
            self.receipts[verdict.decision_id] = receipt
            self.new_receipts.append(receipt)
        return Outcome(APPLIED, asset, asset.moderation_status, updated_us, verdict.actor)

    def _decide(self, verdict: Verdict, asset: Asset) -> Asset:
        now_us = self.bench.now_us
        entries, kind = decide(asset.moderation, verdict.status, now_us=now_us, kind=verdict.kind)
        said = Said(
            verdict.status,
            decision_id=verdict.decision_id,
            actor=verdict.actor,
            reason=verdict.reason,
            note=verdict.note,
            decided_us=verdict.decided_us,
            notification_url=verdict.notification_url,
        )
        self.actors[asset.asset_id] = verdict.actor
        after = self.consequences.said(asset, entries, kind, said)
        self.found[asset.seq] = after
        return after

    def _last_actor(self, asset: Asset) -> str | None:
        if asset.asset_id in self.actors:
            return self.actors[asset.asset_id]
        return self.connection.scalar(
            select(decision_history.c.actor)
            .where(decision_history.c.asset_id == asset.asset_id, decision_history.c.changed)
            .order_by(decision_history.c.id.desc())
            .limit(1)
        )

    def _write(self) -> None:
        if self.new_receipts:
            self.connection.execute(insert(applied_decisions), self.new_receipts)
        self.consequences.write()


def _unexpected(verdict: Verdict, asset: Asset) -> bool:
    """Whether the asset is not what the verdict is about any more."""
    status = asset.moderation_status
    if verdict.expected is not None and (status or "") not in verdict.expected:
        return True
    # A pending or rejected asset of another version is another picture, which nobody has looked
    # at: rejecting makes no version. Of an approved one it is the same picture, put back from its
    # backup.
    return status in (PENDING, REJECTED) and verdict.version not in (None, asset.version)


def _updated_us(asset: Asset) -> int:
    """When the asset's moderation last changed."""
    times = [entry.updated_us for entry in asset.moderation if entry.updated_us is not None]
    return max(times, default=asset.updated_us)
