"""How the station stands with the service, and until when it leaves it alone.

Pauses are the engine's, not the rows': an outage must not push hundreds of decisions into their
own long back-off. The pause is kept in the database, so a restart does not hammer a service that
asked for patience.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

from modstation.core.clock import from_us, to_us
from modstation.core.errors import MayNotPost, NotAuthorized, RemoteError, Throttled, Unreachable
from modstation.core.events import Connection, ConnectionChanged
from modstation.core.settling import (
    MAY_NOT_POST_PAUSE,
    NOT_AUTHORIZED_PAUSE,
    THROTTLED_WITHOUT_RESET,
    backoff,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from random import Random

    from modstation.core.clock import Clock
    from modstation.core.events import Event
    from modstation.core.pacing import Quota

STATE = "standing"
_PROBED = frozenset(
    {
        Connection.OFFLINE,
        Connection.TROUBLE,
        Connection.NOT_AUTHORIZED,
        Connection.MAY_NOT_POST,
    }
)
_UNPROVEN = frozenset({Connection.STARTING, Connection.THROTTLED})


class StateStore(Protocol):
    """Keeps small values by name."""

    def put_state(self, name: str, value: str) -> None:
        """Keep a value."""
        ...

    def get_state(self, name: str) -> str | None:
        """The value kept under a name."""
        ...


class Standing:
    """The connection as the engine sees it.

    ``until``: nothing is sent before. ``probing``: the next thing sent is a ping, so that a
    service that is still down costs no operation an attempt.
    """

    def __init__(
        self,
        store: StateStore,
        *,
        clock: Clock,
        random: Random,
        notify: Callable[[Event], None],
        quota: Callable[[], Quota | None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._random = random
        self._notify = notify
        self._quota = quota
        self.connection = Connection.STARTING
        self.until: datetime | None = None
        self._pauses = 0
        self._remark = ""
        self._last_told: ConnectionChanged | None = None
        self._restore()

    @property
    def probing(self) -> bool:
        """A ping goes first."""
        return self._pauses > 0 or self.connection in _PROBED

    @property
    def unproven(self) -> bool:
        """Nothing has been heard of the service since the start, or since a pause it asked for."""
        return self.connection in _UNPROVEN

    def blocked(self, now: datetime) -> bool:
        """Nothing may be sent now."""
        return self.until is not None and now < self.until

    def works(self) -> None:
        """The service did what a service does: the trouble, if there was any, is over."""
        if self._pauses:
            self._pauses = 0
            self._save("")
        self.answered()

    def answered(self) -> None:
        """A ping was answered; the length of the next pause is only forgotten by ``works``."""
        self._become(Connection.ONLINE, None, self._remark)

    def remark(self, text: str) -> None:
        """Say with every *online* what the service refuses although it works; empty: nothing."""
        if text != self._remark:
            self._remark = text
            if self.connection is Connection.ONLINE:
                self._announce(self.connection, text, None)

    def failed(self, error: RemoteError) -> None:
        """Pause because of ``error``, as long as its class asks for."""
        now = self._clock.now()
        match error:
            case Throttled(retry_at=retry_at):
                self._pause(Connection.THROTTLED, error, retry_at or now + THROTTLED_WITHOUT_RESET)
            case MayNotPost():
                self._pause(Connection.MAY_NOT_POST, error, now + MAY_NOT_POST_PAUSE)
            case NotAuthorized():
                self._pause(Connection.NOT_AUTHORIZED, error, now + NOT_AUTHORIZED_PAUSE)
            case _:
                self._pauses += 1
                connection = (
                    Connection.OFFLINE if isinstance(error, Unreachable) else Connection.TROUBLE
                )
                wait = backoff(self._pauses, self._random.random())
                self._pause(connection, error, now + wait)

    def view_refused(self, message: str) -> None:
        """The service answers but does not know this queue; posting goes on."""
        self._become(Connection.TROUBLE, None, message)

    def retry_now(self) -> None:
        """Cut a pause short because a person asked; not the one the service asked for."""
        if self.connection in _PROBED:
            self.until = None

    def choose_offline(self, *, offline: bool) -> None:
        """Take the moderator's word for being offline, or take it back."""
        self.until = None
        self._become(Connection.OFFLINE_CHOSEN if offline else Connection.STARTING, None)

    def tell(self) -> None:
        """Say how things stand, if that or the quota has changed since it was last said."""
        told = self._last_told
        if told is None or (self._quota() != told.quota and told.connection is self.connection):
            self._announce(self.connection, told.message if told else "", self.until)

    def _pause(self, connection: Connection, error: RemoteError, until: datetime) -> None:
        self._become(connection, until, error.message)
        self._save(error.message)

    def _become(self, connection: Connection, until: datetime | None, message: str = "") -> None:
        changed = connection is not self.connection or until != self.until
        self.connection, self.until = connection, until
        if changed:
            self._announce(connection, message, until)

    def _announce(self, connection: Connection, message: str, until: datetime | None) -> None:
        self._last_told = ConnectionChanged(connection, message, until, self._quota())
        self._notify(self._last_told)

    def _save(self, message: str) -> None:
        until = to_us(self.until) if self.until else None
        kept = {
            "connection": self.connection.value,
            "until_us": until,
            "pauses": self._pauses,
            "message": message,
        }
        self._store.put_state(STATE, json.dumps(kept))

    def _restore(self) -> None:
        kept = json.loads(self._store.get_state(STATE) or "{}")
        self._pauses = kept.get("pauses", 0)
        until = from_us(kept["until_us"]) if kept.get("until_us") else None
        # A person who starts the program wants to know at once whether the network is back; a
        # used-up quota is no matter of trying.
        throttled = kept.get("connection") == Connection.THROTTLED.value
        if throttled and until is not None and until > self._clock.now():
            self.connection, self.until = Connection.THROTTLED, until
