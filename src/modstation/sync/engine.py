"""The sync engine: plain synchronous steps, run by the network process, the CLI or a test.

One ``step``: settle what a crash left in flight, release what has been held long enough, push,
then pull one page. It returns when it should be called again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modstation.core.errors import NotAuthorized, RemoteError, Throttled, Unknown, Unreachable
from modstation.core.events import Connection, QueueChanged
from modstation.core.pacing import listing_allowed
from modstation.remote.batch import Capabilities
from modstation.sync import discovery
from modstation.sync.claimer import Claimer
from modstation.sync.pull import Puller
from modstation.sync.push import Pusher
from modstation.sync.reason_writer import ReasonWriter
from modstation.sync.settings import SyncSettings
from modstation.sync.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from random import Random

    from modstation.core.assets import Asset
    from modstation.core.clock import Clock
    from modstation.core.events import Event
    from modstation.core.queue import QueueView
    from modstation.store.station_store import StationStore
    from modstation.sync.remote_port import ModerationService


@dataclass(frozen=True, slots=True)
class StepReport:
    """What a step did; ``next_at`` is when another makes sense, None: when something happens."""

    worked: bool
    next_at: datetime | None
    connection: Connection
    posted: int = 0
    pulled: int = 0


def no_checkpoint(_name: str) -> None:
    """The program's own choice: nothing happens between two lines."""


class SyncEngine:
    """Push before pull, on one store and one account.

    All methods run on the thread that opened ``store``, except ``stop`` and ``interrupt``.
    Raises ``StoreError``; ``RemoteError`` never leaves it.
    """

    def __init__(
        self,
        store: StationStore,
        client: ModerationService,
        *,
        view: QueueView,
        clock: Clock,
        random: Random,
        settings: SyncSettings | None = None,
        notify: Callable[[Event], None],
        checkpoint: Callable[[str], None] = no_checkpoint,
    ) -> None:
        self._store = store
        self._client = client
        self._view = view
        self._clock = clock
        self._settings = settings or SyncSettings()
        self._notify = notify
        self._recovered = False
        self._stopping = False
        self._interrupted = False
        self._key_is_good = False
        self._capabilities: Capabilities | None = None
        self._standing = Standing(
            store, clock=clock, random=random, notify=notify, quota=lambda: client.quota
        )
        self._pusher = Pusher(
            store,
            client,
            self._standing,
            clock=clock,
            random=random,
            settings=self._settings,
            notify=notify,
            checkpoint=checkpoint,
        )
        self._reasons = ReasonWriter(
            store, client, self._standing, clock=clock, checkpoint=checkpoint
        )
        self._claimer = Claimer(
            store,
            client,
            self._standing,
            view=view,
            clock=clock,
            settings=self._settings,
            notify=notify,
        )
        self._puller = Puller(
            store,
            client,
            self._standing,
            view=view,
            clock=clock,
            settings=self._settings,
            checkpoint=checkpoint,
            before_storing=self._claim_first,
        )

    @property
    def connection(self) -> Connection:
        """How things stand with the service."""
        return self._standing.connection

    # -- what others ask for

    def refresh(self) -> None:
        """A person wants news now: list soon, and do not sit out a pause of our own making."""
        self._puller.ask()
        self._claimer.ask()
        self._store.hasten_forbidden(self._clock.now())
        self._standing.retry_now()

    def change_view(self, view: QueueView) -> None:
        """List and count another view from now on; a pass that is under way is kept for later."""
        self._view = view
        self._puller.change_view(view)
        self._claimer.change_view(view)

    def listed(self) -> bool:
        """Since ``refresh`` every list was read to its end, or as far as this machine keeps it."""
        return self._puller.listed(self._clock.now())

    def set_offline(self, *, offline: bool) -> None:
        """Use no network until this is taken back."""
        if offline is not (self.connection is Connection.OFFLINE_CHOSEN):
            self._standing.choose_offline(offline=offline)

    def interrupt(self) -> None:
        """End the step under way, or else the next one, once its requests are answered.

        Any thread may ask.
        """
        self._interrupted = True

    def stop(self) -> None:
        """Send nothing new from now on; any thread may ask."""
        self._stopping = True

    def give_back(self) -> None:
        """Let colleagues have at once what this station has leased and not decided."""
        if self.connection is Connection.ONLINE:
            self._claimer.give_back()

    def close(self) -> None:
        """End the worker threads."""
        self.stop()
        self._pusher.close()

    # -- steps

    def step(self) -> StepReport:
        """Do what is due now, one round of it."""
        released = self._prepare()
        if self._usable():
            posted, settled = self._push()
            written = self._write_reasons()
            pulled = self._pull()
            moved = self._claim()
            self._prove()
        else:
            posted = settled = written = 0
            moved = self._claimer.run_out()
            pulled = None
        self._interrupted = False
        if released or settled or moved or pulled is not None:
            self._notify(QueueChanged(self._store.counts(self._view), self._view))
        self._standing.tell()
        return StepReport(
            worked=bool(settled or written or pulled is not None),
            next_at=self.next_at(),
            connection=self.connection,
            posted=posted,
            pulled=pulled or 0,
        )

    def push_once(self) -> StepReport:
        """Push one round and pull nothing."""
        self._prepare()
        usable = self._usable()
        posted, settled = self._push() if usable else (0, 0)
        written = self._write_reasons() if usable else 0
        self._interrupted = False
        return StepReport(bool(settled or written), self.next_at(), self.connection, posted=posted)

    def pull_once(self) -> StepReport:
        """Pull one page if one is due and push nothing."""
        self._prepare()
        pulled = self._pull() if self._usable() else None
        self._interrupted = False
        return StepReport(pulled is not None, self.next_at(), self.connection, pulled=pulled or 0)

    def next_at(self) -> datetime | None:
        """When ``step`` has something to do again, as things are now."""
        now = self._clock.now()
        due = self._store.next_due()
        if self.connection is Connection.OFFLINE_CHOSEN:
            # What colleagues had comes back all the same.
            return self._claimer.next_at(now, most=0)
        if self._standing.blocked(now):
            return self._standing.until
        if self._unproven(now):
            return now
        if due is not None and self._pusher.not_before is not None:
            due = max(due, self._pusher.not_before)
        reason = self._reasons.next_at(now) if self._settings.write_reasons else None
        known = self._capabilities or Capabilities()
        claim = self._claimer.next_at(now, most=known.claims)
        asked = (due, reason, claim, self._puller.next_at(now))
        moments = [moment for moment in asked if moment is not None]
        return min(moments, default=None)

    def _prepare(self) -> int:
        now = self._clock.now()
        if not self._recovered:
            self._store.recover_in_flight(now)
            self._recovered = True
        return self._store.release_due(now)

    def _usable(self) -> bool:
        """Something may be sent now; after trouble a ping finds out."""
        if self._stopping or self.connection is Connection.OFFLINE_CHOSEN:
            return False
        if self._standing.blocked(self._clock.now()):
            return False
        self._key_is_good = False
        if self._standing.probing:
            if not self._ping():
                return False
            self._key_is_good = True
        return self._discover()

    def _prove(self) -> None:
        """Ask whether the service is there, if nothing that was due has shown it."""
        if self._unproven(self._clock.now()) and not (self._stopping or self._interrupted):
            self._ping()

    def _unproven(self, now: datetime) -> bool:
        return self._standing.unproven and listing_allowed(self._client.quota, now=now)

    def _ping(self) -> bool:
        try:
            self._client.ping()
        except RemoteError as error:
            self._standing.failed(error)
            return False
        self._standing.answered()
        return True

    def _push(self) -> tuple[int, int]:
        due = self._store.next_due()
        if due is None or due > self._clock.now():
            return 0, 0
        done = self._pusher.run(
            self._capabilities or Capabilities(),
            probing=self._standing.probing,
            key_is_good=self._key_is_good,
            stopping=lambda: self._stopping or self._interrupted,
        )
        if self._pusher.extension_gone:
            self._pusher.extension_gone = False
            self._capabilities = None
            discovery.forget(self._store)
        return done

    def _write_reasons(self) -> int:
        """Write reasons once no decision is due: they are worth less than any."""
        now = self._clock.now()
        due = self._store.next_due()
        if not self._settings.write_reasons or (due is not None and due <= now):
            return 0
        if self._standing.blocked(now):
            return 0
        return self._reasons.run(stopping=lambda: self._stopping or self._interrupted)

    def _pull(self) -> int | None:
        if self._stopping or self._interrupted or self._standing.blocked(self._clock.now()):
            return None
        known = self._capabilities or Capabilities()
        return self._puller.run(reasons=known.listed_reasons)

    def _claim_first(self, arriving: Sequence[Asset]) -> Sequence[Asset]:
        return self._claimer.run_first(arriving, most=(self._capabilities or Capabilities()).claims)

    def _claim(self) -> int:
        if self._stopping or self._interrupted or self._standing.blocked(self._clock.now()):
            return 0
        return self._claimer.run(most=(self._capabilities or Capabilities()).claims)

    # -- what the service can do

    def _discover(self) -> bool:
        if self._capabilities is not None:
            return True
        kept = discovery.remembered(self._store)
        now = self._clock.now()
        if kept is not None and kept.until > now:
            self._capabilities = kept.capabilities
            return True
        try:
            found = self._client.capabilities() or Capabilities()
        except (Unreachable, Unknown, NotAuthorized, Throttled) as error:
            self._standing.failed(error)
            return False
        except RemoteError:
            # An odd refusal of an address nobody promised: work without the extension.
            found = Capabilities()
        self._capabilities = found
        until = now + self._settings.capabilities_kept
        discovery.remember(self._store, discovery.Discovered(found, until))
        return True
