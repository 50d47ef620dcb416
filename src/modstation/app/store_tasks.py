"""How the session and the station hand work to the thread that owns the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.core.errors import StoreError
    from modstation.store.station_store import StationStore
    from modstation.store.store_thread import Priority

T = TypeVar("T")


class StoreTasks(Protocol):
    """What runs tasks on the database: ``store.store_thread.StoreThread`` in the program."""

    def submit(
        self,
        priority: Priority,
        task: Callable[[StationStore], T],
        done: Callable[[T], None] = ...,
        failed: Callable[[StoreError], None] = ...,
    ) -> None:
        """Run ``task`` later; exactly one of ``done`` and ``failed`` is called afterwards."""
        ...
