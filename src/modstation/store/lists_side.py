"""The store as the reviewer's lists use it: what was skipped, flagged or escalated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.core.clock import to_us
from modstation.store import list_rows, queue_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modstation.core.clock import Clock
    from modstation.core.decisions import Decision, DecisionDraft
    from modstation.core.queue import Kept, KeptEntry, QueueEntry, QueuePosition, QueueView
    from modstation.store.choices import Choices
    from modstation.store.connection import StoreConnection
    from modstation.store.results import Scanned


class ListsSide:
    """Part of ``StationStore``, whose promises hold here too."""

    _connection: StoreConnection
    _clock: Clock
    _choices: Choices

    def unskip(self, key: str, *, wholly: bool = False) -> QueuePosition | None:
        """Take the last skip of an asset back, or all of them, and say where it stands by age.

        None if it is in no queue.
        """
        with self._connection.writing() as sql:
            return queue_rows.unskip(sql, key, wholly=wholly)

    def flag(self, key: str, *, actor: str, note: str | None = None) -> None:
        """Bookmark an asset; that changes nothing of its queue."""
        with self._connection.writing() as sql:
            list_rows.flag(sql, key, actor=actor, note=note, at=self._clock.now())

    def unflag(self, key: str) -> bool:
        """Remove a bookmark; false if there is none."""
        with self._connection.writing() as sql:
            return list_rows.unflag(sql, key)

    def flag_of(self, key: str) -> tuple[bool, str | None]:
        """Whether an asset is bookmarked, and with which note."""
        with self._connection.reading() as sql:
            return list_rows.flag_of(sql, key)

    def escalate(self, draft: DecisionDraft) -> Decision | None:
        """Leave an asset to somebody else: out of every queue here, a row of the log, no post.

        None if it is left already.
        """
        with self._connection.writing():
            return self._choices.escalate(draft)

    def withdraw(self, draft: DecisionDraft, *, undone: bool = False) -> Decision | None:
        """Take an escalated asset back into its queue; None if it is not escalated any more.

        ``undone``: it was a slip. Else it is remembered who had left it, until it is settled.
        """
        with self._connection.writing():
            return self._choices.withdraw(draft, undone=undone)

    def left_by(self, key: str) -> tuple[str, ...]:
        """Who has left an asset to somebody else, whether it is back in its queue or not."""
        with self._connection.reading() as sql:
            return list_rows.left_by(sql, key)

    def waits(self, key: str) -> bool:
        """An asset is in a queue of this station."""
        with self._connection.reading() as sql:
            return queue_rows.position(sql, key) is not None

    def kept(
        self, kept: Kept, *, after: KeptEntry | None = None, limit: int = 50
    ) -> list[KeptEntry]:
        """Rows of a list, those that have been there longest first, after the last one read."""
        with self._connection.reading() as sql:
            return list_rows.read(sql, kept, after=after, limit=limit)

    def kept_counts(self) -> dict[Kept, int]:
        """How long each list is: kept, never counted."""
        with self._connection.reading() as sql:
            return list_rows.counts(sql)

    # -- what fits a filter

    def scan(
        self, view: QueueView, *, after: QueuePosition | None, rows: int, backwards: bool = False
    ) -> Scanned:
        """Look at the next ``rows`` of a view and say which of them fit its filter, in order.

        ``backwards``: at those before ``after``, or at the last ones.
        """
        now_us = to_us(self._clock.now())
        with self._connection.reading() as sql:
            return queue_rows.scan(
                sql, view, after=after, rows=rows, now_us=now_us, backwards=backwards
            )

    def still_fit(self, view: QueueView, keys: Iterable[str]) -> list[QueueEntry]:
        """Those of the entries that are still in the view and fit its filter."""
        now_us = to_us(self._clock.now())
        with self._connection.reading() as sql:
            found = [queue_rows.fits(sql, view, key, now_us=now_us) for key in keys]
        return [entry for entry in found if entry is not None]
