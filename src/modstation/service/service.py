"""One service put together: what every request handler works with."""

from __future__ import annotations

import logging
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import anyio
from obstore.exceptions import BaseError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from modstation.core.clock import to_us
from modstation.core.errors import ModstationError
from modstation.service.access.clouds import ensure_cloud
from modstation.service.access.credentials import Credentials
from modstation.service.access.limits import RateLimits
from modstation.service.access.sealing import Seal
from modstation.service.blobs import Blobs
from modstation.service.delivery.cache_purging import CachePurger
from modstation.service.delivery.images import Decoder
from modstation.service.delivery.stale_copies import set_nodes
from modstation.service.ledger import Ledger
from modstation.service.moderation.machines import Machines
from modstation.service.notifications.letter_signing import signer_of
from modstation.service.notifications.sender import NotificationSender
from modstation.service.outside.address_guard import AddressGuard
from modstation.service.providers.pictures import Pictures
from modstation.service.running.data_lock import lock_data
from modstation.service.running.housekeeping import Housekeeper
from modstation.service.running.retrying import database_away
from modstation.service.running.usage_meter import UsageMeter
from modstation.service.uploads.upload_tasks import UploadTasks

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.core.clock import Clock, Ids
    from modstation.service.settings import ServiceSettings

log = logging.getLogger(__name__)

_POLL_SECONDS = 1.0
_GATHER_SECONDS = 0.03


class Service:
    """The parts of a running service; ``close`` it when done.

    Raises SettingsError if another service uses the data folder, SettingsError, StoreDamaged or
    StoreTooNew if the database or storage cannot be used. ``lock`` is false for a worker, whose
    parent holds the folder for it.
    """

    def __init__(
        self, settings: ServiceSettings, *, clock: Clock, ids: Ids, lock: bool = True
    ) -> None:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = lock_data(settings) if lock else None
        self._work = threading.Event()
        try:
            self._open(settings, clock, ids)
        except ModstationError:
            self._unlock()
            raise

    def _open(self, settings: ServiceSettings, clock: Clock, ids: Ids) -> None:
        self.settings = settings
        self.clock = clock
        self.ids = ids
        self.guard = AddressGuard(settings.allow_networks)
        self.blobs = Blobs(settings.storage, settings.data / "blobs")
        seal = Seal(settings.sealing_key)
        self.ledger = Ledger(settings.database_url)
        self.credentials = Credentials(self.ledger, seal, clock)
        try:
            with self.ledger.write() as connection:
                self.owner = ensure_cloud(
                    connection, seal, settings.cloud, settings.new_cloud, to_us(clock.now())
                )
        except ModstationError:
            self.ledger.close()
            raise
        self.meter = UsageMeter(self.ledger, clock)
        self.limits = RateLimits(self.ledger, settings.calls_per_hour)
        self.fetchers = anyio.CapacityLimiter(settings.fetch_workers)
        self.renderers = anyio.CapacityLimiter(settings.rendition_workers)
        self.decoder = Decoder(settings.rendition_pixels, settings.rendition_workers)
        # A search may read every asset; more of them at a time would only wait for the same disk.
        self.searchers = anyio.CapacityLimiter(2)
        with self.ledger.write() as connection:
            set_nodes(connection, settings.purge_nodes)
        self.purger = CachePurger(self.ledger, settings, self.wake)
        self.housekeeper = Housekeeper(self.ledger, self.blobs)
        self.sender = NotificationSender(
            self.ledger,
            self.guard,
            partial(signer_of, self.credentials),
            settings,
            clock,
            self.wake,
        )
        pictures = Pictures(self.blobs, self.decoder)
        self.machines = Machines(self.ledger, pictures, settings, clock, self.wake)
        self.tasks = UploadTasks(self)

    def wake(self) -> None:
        """Say that a change was committed that brings work with it."""
        self._work.set()

    def wait_for_work(self) -> None:
        """Return when there may be something to do."""
        if self._work.wait(_POLL_SECONDS):
            # Changes come in bursts; one step for a burst leaves the database to the requests.
            time.sleep(_GATHER_SECONDS)
        self._work.clear()

    def close(self) -> None:
        """Finish what is in hand and let go of everything."""
        self.tasks.close()
        self.machines.close()
        self.sender.close()
        self.meter.close()
        self.purger.close()
        self.ledger.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()


class Background:
    """The thread that asks machines, sends notifications and moves blobs while the service runs.

    A bug in it calls ``on_failure``: a service that takes decisions and tells nobody is worse
    than one that stops and is restarted.
    """

    def __init__(self, service: Service, on_failure: Callable[[], None]) -> None:
        self._service = service
        self._on_failure = on_failure
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="service-background")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the step under way and end."""
        self._stopping.set()
        self._service.wake()
        self._thread.join()

    def _run(self) -> None:
        finished = False
        try:
            while not self._stopping.is_set():
                self._step()
            finished = True
        finally:
            if not finished:
                self._on_failure()

    def _step(self) -> None:
        service = self._service
        now, busy, put_off = service.clock.now(), False, ""
        for part in (
            service.meter,
            service.sender,
            service.housekeeper,
            service.machines,
            service.tasks,
            service.purger,
        ):
            try:
                busy = bool(part.step(now)) or busy
            except (DBAPIError, PoolTimeout, BaseError, OSError) as error:
                if isinstance(error, DBAPIError) and not database_away(error):
                    raise
                # Another process holds the database, or storage is away for the moment: every
                # row is still there, the next step finds it. What needs neither goes on.
                put_off = type(error).__name__
        if put_off:
            log.warning("background work is put off: %s", put_off)
            self._stopping.wait(_POLL_SECONDS)
        elif not busy:
            service.wait_for_work()
