"""A desk for the sync engine: a store, the engine and a scripted service under one clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from helpers.assets import MANUAL_PENDING, REJECT, draft_for, open_store
from helpers.scripted_service import ScriptedService
from modstation.core.clock import CountingIds, ManualClock
from modstation.core.events import Connection, ConnectionChanged, Event
from modstation.core.outbox import OperationState
from modstation.sync.engine import StepReport, SyncEngine
from modstation.sync.settings import SyncSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modstation.core.decisions import Verdict
    from modstation.core.queue import QueueView
    from modstation.store.station_store import StationStore


@dataclass
class Desk:
    """A store, an engine and a service that share one clock."""

    folder: Path
    service: ScriptedService
    settings: SyncSettings = field(default_factory=SyncSettings)
    view: QueueView = MANUAL_PENDING
    clock: ManualClock = field(default_factory=ManualClock)
    ids: CountingIds = field(default_factory=CountingIds)
    events: list[Event] = field(default_factory=list)
    checkpoint: Callable[[str], None] = lambda _name: None

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        self.store: StationStore = open_store(self.folder, clock=self.clock, ids=self.ids)
        self.client = self.service.client(self.clock)
        self.engine = SyncEngine(
            self.store,
            self.client,
            view=self.view,
            clock=self.clock,
            random=Random(1),
            settings=self.settings,
            notify=self.events.append,
            checkpoint=self._reach,
        )

    def _reach(self, name: str) -> None:
        # Looked up late: a test sets it after the desk was made.
        self.checkpoint(name)

    def close(self) -> None:
        self.engine.close()
        self.client.close()
        self.store.close()

    def restart(self) -> None:
        """As after kill -9: nothing is settled on the way out."""
        self.close()
        self.open()

    def pull(self) -> None:
        self.engine.refresh()
        self.until_idle()

    def decide(self, name: str, verdict: Verdict = REJECT, **fields: Any) -> str:
        entry = self.store.entry(f"image/upload/{name}")
        assert entry is not None
        hold = fields.pop("hold", timedelta(0))
        saved = self.store.decide(draft_for(entry.asset, verdict, **fields), hold=hold)
        return saved.operation.operation_id

    def decide_all(self, verdict: Verdict = REJECT) -> None:
        for name in self.service.names:
            self.decide(name, verdict)

    def until_idle(self, most: int = 50) -> StepReport:
        for _ in range(most):
            report = self.engine.step()
            if not report.worked:
                return report
        raise AssertionError("the engine does not come to rest")

    def until_drained(self, most: int = 200) -> None:
        """Let time pass as the engine asks for, until nothing is unsent."""
        for _ in range(most):
            report = self.engine.step()
            counts = self.store.counts()
            if not counts.held + counts.ready + counts.in_flight:
                return
            if not report.worked and report.next_at is not None:
                wait = (report.next_at - self.clock.now()).total_seconds()
                self.clock.advance(max(wait, 0.01))
        raise AssertionError(f"still unsent: {self.store.counts()}")

    def state_of(self, operation_id: str) -> OperationState:
        found = [
            op.state
            for op in self.store.operations(set(OperationState), limit=10_000)
            if op.operation_id == operation_id
        ]
        return found[0]

    def connections(self) -> list[Connection]:
        """Every change of the connection that was told, each once."""
        told = [e.connection for e in self.events if isinstance(e, ConnectionChanged)]
        return [c for number, c in enumerate(told) if number == 0 or told[number - 1] != c]


def service_of(count: int, *, batch: int = 0) -> ScriptedService:
    return ScriptedService([f"p{number}" for number in range(count)], batch=batch)
