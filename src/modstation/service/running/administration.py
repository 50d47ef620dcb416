"""A service opened from beside, by whoever runs it: while it serves, or while it stands still.

Nothing here goes through a running service; its replicas read what was changed from the database.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modstation.core.clock import to_us
from modstation.core.errors import SettingsError
from modstation.service.access.clouds import all_clouds
from modstation.service.access.sealing import Seal
from modstation.service.blobs import Blobs
from modstation.service.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modstation.core.clock import Clock
    from modstation.service.settings import ServiceSettings


@dataclass(frozen=True, slots=True)
class Administration:
    """What the commands of ``modstation admin`` work with."""

    settings: ServiceSettings
    ledger: Ledger
    seal: Seal
    blobs: Blobs
    clock: Clock

    @property
    def now_us(self) -> int:
        """The time, as the database keeps it."""
        return to_us(self.clock.now())

    def cloud(self, name: str | None) -> str:
        """The cloud that is meant; raises SettingsError if it must be named or is not there."""
        with self.ledger.read() as connection:
            names = [cloud.name for cloud in all_clouds(connection)]
        if name is None and len(names) == 1:
            return names[0]
        if name is None:
            raise SettingsError(f"Name one of the clouds with --cloud: {', '.join(names)}.")
        if name not in names:
            raise SettingsError(f"There is no cloud “{name}”.")
        return name


@contextmanager
def administer(
    settings: ServiceSettings, clock: Clock, *, make: bool = False
) -> Iterator[Administration]:
    """Open a service's database, key and storage.

    Raises SettingsError if there is no service yet, unless ``make`` says that this begins one.
    """
    file = settings.data / "service.sqlite3"
    if not make and not (settings.database or file.exists()):
        raise SettingsError(f"There is no service in {settings.data} yet.")
    if not make and not settings.sealing_key.exists():
        raise SettingsError(f"The service's key {settings.sealing_key} is not there.")
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    ledger = Ledger(settings.database_url)
    try:
        yield Administration(
            settings,
            ledger,
            Seal(settings.sealing_key),
            Blobs(settings.storage, settings.data / "blobs"),
            clock,
        )
    finally:
        ledger.close()
