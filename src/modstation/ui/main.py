"""Opens the window; Qt is imported only after the station's other processes are on their way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.app.bootstrap import StationSpec, open_station
from modstation.core.queue import QueueView

if TYPE_CHECKING:
    from modstation.app.paths import Home
    from modstation.core.accounts import Credentials
    from modstation.core.errors import AccountUnclear

_PENDING = QueueView()


def run_station(
    home: Home,
    credentials: Credentials | None,
    *,
    unclear: AccountUnclear | None = None,
    view: QueueView = _PENDING,
    offline: bool = False,
) -> int:
    """Review until the window is closed, and return the exit code.

    Without credentials an account is asked for first; ``unclear`` says why none was taken.
    ``StoreError`` and ``SettingsError`` if the data folder cannot be used.
    """
    station = None
    if credentials is not None:
        station = open_station(StationSpec(home, credentials, view=view, offline=offline))
    from modstation.ui.application import Application

    application = Application(home, view=view, offline=offline)
    if credentials is not None:
        application.keep_secret(credentials.secret)
    return application.run(station, unclear=unclear)
