"""What a person may do with rows of the outbox: read them, post, try again, give up, settle."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from modstation.core.outbox import OperationState
from modstation.store.store_thread import Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from modstation.app.review_session import ReviewSession
    from modstation.app.store_tasks import StoreTasks
    from modstation.core.decisions import Action
    from modstation.core.errors import StoreError
    from modstation.core.outbox import Operation
    from modstation.store.station_store import StationStore

T = TypeVar("T")

NEEDS_A_PERSON = frozenset({OperationState.PARKED, OperationState.CONFLICTED})
UNSENT = frozenset(
    {OperationState.HELD, OperationState.READY, OperationState.IN_FLIGHT, *NEEDS_A_PERSON}
)


class OutboxVerbs:
    """The outbox behind one session; ``wake`` lets the network process look at it now.

    ``done`` is called after the store has answered and the session was told.
    """

    def __init__(
        self, store: StoreTasks, session: ReviewSession, *, wake: Callable[[], None]
    ) -> None:
        self._store = store
        self._session = session
        self._wake = wake

    def read(
        self,
        states: Collection[OperationState],
        done: Callable[[list[Operation]], None],
        failed: Callable[[StoreError], None],
    ) -> None:
        """Read rows of the outbox, oldest first, at most 200."""
        self._store.submit(Priority.REST, lambda store: store.operations(states), done, failed)

    def page(
        self,
        read: Callable[[StationStore], T],
        done: Callable[[T], None],
        failed: Callable[[StoreError], None],
    ) -> None:
        """Read a page of the outbox; ``read`` is a short task for the store thread."""
        self._store.submit(Priority.REST, read, done, failed)

    def post_one(
        self, operation_id: str, done: Callable[[], None], failed: Callable[[StoreError], None]
    ) -> None:
        """Post one held or waiting row now."""
        self._store.submit(
            Priority.REST, lambda store: store.post_now(operation_id), self._posting(done), failed
        )

    def retry(
        self, operation_id: str, done: Callable[[], None], failed: Callable[[StoreError], None]
    ) -> None:
        """Try a parked row again."""
        self._store.submit(
            Priority.REST,
            lambda store: store.retry_parked(operation_id),
            self._posting(done),
            failed,
        )

    def give_up(
        self,
        operation: Operation,
        done: Callable[[], None],
        failed: Callable[[StoreError], None],
        *,
        note: str | None = None,
    ) -> None:
        """Post a decision never; its image goes back to the queue its status names.

        ``note`` says why, in the record.
        """
        actor = self._session.rules.actor

        def after(_: object) -> None:
            self._session.conflict_settled(operation.ref.key)
            done()

        self._store.submit(
            Priority.REST,
            lambda store: store.drop(operation.operation_id, actor=actor, note=note),
            after,
            failed,
        )

    def resolve_conflict(
        self,
        operation: Operation,
        action: Action,
        done: Callable[[], None],
        failed: Callable[[StoreError], None],
    ) -> None:
        """Settle a conflict: keep mine, accept theirs, or look at the image again."""
        actor, hold = self._session.rules.actor, self._session.rules.hold

        def after(_: object) -> None:
            self._session.conflict_settled(operation.ref.key)
            self._wake()
            done()

        self._store.submit(
            Priority.REST,
            lambda store: store.resolve_conflict(
                operation.operation_id, action, actor=actor, hold=hold
            ),
            after,
            failed,
        )

    def _posting(self, done: Callable[[], None]) -> Callable[[object], None]:
        def after(_: object) -> None:
            self._wake()
            self._session.reload()
            done()

        return after
