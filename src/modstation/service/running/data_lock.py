"""One service per data folder: a second one on the same files is a mistake."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from modstation.core.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from modstation.service.settings import ServiceSettings


class DataLock:
    """Held until released or until the process dies; raises SettingsError if someone has it.

    An exclusive lock on an empty database: the one file lock that the standard library has on
    every system, and that the system lets go of when a process is killed.
    """

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(
            file, timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            self._connection.close()
            raise SettingsError(f"Another service is using {file.parent}.") from error

    def release(self) -> None:
        """Let go."""
        self._connection.close()


def lock_data(settings: ServiceSettings) -> DataLock | None:
    """Take the data folder of a service, if its database is a file; raises SettingsError.

    A server's database is there to be shared; a file in a folder was hardly meant to be.
    """
    if not settings.database_url.startswith("sqlite"):
        return None
    return DataLock(settings.data / "service.lock")
