"""Reading the queue from the service, a page at a time, oldest first, its lists in turn."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from modstation.core.assets import ModerationStatus
from modstation.core.clock import to_us
from modstation.core.errors import Refused, RemoteError, Unknown
from modstation.core.language import translate
from modstation.core.pacing import listing_allowed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modstation.core.assets import Asset
    from modstation.core.clock import Clock
    from modstation.core.queue import Listing, QueueView
    from modstation.store.results import ListState
    from modstation.store.station_store import StationStore
    from modstation.sync.remote_port import ModerationService
    from modstation.sync.settings import SyncSettings
    from modstation.sync.standing import Standing

# The share of an hour's calls that looking for new images may take.
LISTING_SHARE = 0.3
# However often a person asks: no two passes begin closer together than this.
LEAST_BETWEEN_PASSES = timedelta(seconds=2)


class Puller:
    """Pulls the lists of one view: a page of one, then a page of the next."""

    def __init__(
        self,
        store: StationStore,
        client: ModerationService,
        standing: Standing,
        *,
        view: QueueView,
        clock: Clock,
        settings: SyncSettings,
        checkpoint: Callable[[str], None],
        before_storing: Callable[[Sequence[Asset]], Sequence[Asset]],
    ) -> None:
        self._standing = standing
        self._clock = clock

        def pass_over(listing: Listing, share: float) -> ListPass:
            return ListPass(
                store,
                client,
                standing,
                listing=listing,
                share=share,
                clock=clock,
                settings=settings,
                checkpoint=checkpoint,
                before_storing=before_storing,
            )

        self._pass_over = pass_over
        self._passes = self._begin(view)

    def ask(self) -> None:
        """Begin the next pass over every list as soon as may be."""
        for one in self._passes:
            one.ask()

    def change_view(self, view: QueueView) -> None:
        """List another view, as soon as may be; its passes go on where they stood."""
        self._passes = self._begin(view)
        self.ask()

    def listed(self, now: datetime) -> bool:
        """Since ``ask`` every list was read to its end, or as far as this machine keeps it."""
        return all(one.ended or one.next_at(now) is None for one in self._passes)

    def next_at(self, now: datetime) -> datetime | None:
        """When the next page is due; None: not before something waiting has been decided."""
        moments = [one.next_at(now) for one in self._passes]
        return min((moment for moment in moments if moment is not None), default=None)

    def run(self, *, reasons: bool) -> int | None:
        """Pull one page if one is due; how many assets it held, or None if there was none.

        ``reasons``: the service tells what each was rejected for, whoever did it.
        """
        pulled = None
        for _ in range(len(self._passes)):
            pulled = self._passes[0].run(reasons=reasons)
            self._passes.rotate(-1)
            if pulled is not None or self._standing.blocked(self._clock.now()):
                break
        self._tell_refused()
        return pulled

    def _tell_refused(self) -> None:
        """A list that the service refuses is no trouble as long as there are others."""
        refused = [one.refusal for one in self._passes if one.refusal]
        if len(self._passes) > 1:
            self._standing.remark(" ".join(sorted(refused)))
        elif refused and self._passes[0].just_refused:
            self._standing.view_refused(refused[0])

    def _begin(self, view: QueueView) -> deque[ListPass]:
        share = LISTING_SHARE / len(view.listings)
        return deque(self._pass_over(listing, share) for listing in view.listings)


class ListPass:
    """Walks passes over one list; the cursor is saved with its page, so a pass goes on where it
    stood when the program ended. ``share``: of an hour's calls, that this list may take.
    ``before_storing`` says what of a page that waits for a decision is to be stored.
    """

    def __init__(
        self,
        store: StationStore,
        client: ModerationService,
        standing: Standing,
        *,
        listing: Listing,
        share: float,
        clock: Clock,
        settings: SyncSettings,
        checkpoint: Callable[[str], None],
        before_storing: Callable[[Sequence[Asset]], Sequence[Asset]],
    ) -> None:
        # What the service said against listing it at all, in words, and that it was a moment ago.
        self.refusal, self.just_refused = "", False
        # A pass came to its end since somebody asked.
        self.ended = False
        self._store = store
        self._client = client
        self._standing = standing
        self._listing = listing
        self._share = share
        self._clock = clock
        self._settings = settings
        self._checkpoint = checkpoint
        self._before_storing = before_storing
        self._asked = False
        self._restart = False
        self._restart_refused = False
        self._pages = 1
        self._not_before: datetime | None = None

    def ask(self) -> None:
        """Begin the next pass as soon as may be."""
        self._asked, self.ended = True, False
        self._not_before = None

    def next_at(self, now: datetime) -> datetime | None:
        """When the next page is due; None: not before something waiting has been decided."""
        state = self._store.list_state(self._listing)
        if state.backlog >= self._settings.backlog_limit:
            return None
        due, quota = self._due(state, now), self._client.quota
        if quota is not None and not listing_allowed(quota, now=now):
            return max(due, quota.reset_at)
        return due

    def run(self, *, reasons: bool) -> int | None:
        """Pull one page if one is due; how many assets it held, or None if there was none."""
        now = self._clock.now()
        self.just_refused = False
        due = self.next_at(now)
        if due is None or due > now:
            return None
        state = self._store.list_state(self._listing)
        first = self._restart or state.complete or state.pass_id is None
        cursor = None if first else state.cursor
        pass_id = f"{to_us(now):x}" if first or state.pass_id is None else state.pass_id
        try:
            page = self._client.list_assets(
                self._listing.kind,
                self._listing.status,
                cursor=cursor,
                limit=self._settings.page,
                reasons=reasons,
            )
            if page.next_cursor is not None and page.next_cursor == cursor:
                raise Unknown(translate("Pull", "The listing does not get any further."))
        except Refused as error:
            return self._refused(error, cursor)
        except RemoteError as error:
            self._standing.failed(error)
            return None
        if first:
            self._asked, self._restart, self._pages = False, False, 0
        self._pages += 1
        self._not_before, self.refusal = None, ""
        if page.next_cursor is None:
            self._restart_refused, self.ended = False, True
        self._standing.works()
        self._checkpoint("page-received")
        arrived: Sequence[Asset] = page.assets
        if self._listing.status is ModerationStatus.PENDING:
            arrived = self._before_storing(arrived)
        self._store.apply_page(
            self._listing,
            arrived,
            cursor=page.next_cursor,
            pass_id=pass_id,
            listed_at=now,
            first=first,
            last=page.next_cursor is None,
        )
        self._checkpoint("page-stored")
        return len(page.assets)

    def _due(self, state: ListState, now: datetime) -> datetime:
        if self._not_before is not None and self._not_before > now:
            return self._not_before
        begun = state.started_at
        if self._restart or state.pass_id is None or begun is None or not state.complete:
            return now
        if self._asked:
            return begun + LEAST_BETWEEN_PASSES
        return begun + self._interval()

    def _interval(self) -> timedelta:
        """Between two passes: as set, but longer where the quota is small and the queue long."""
        quota = self._client.quota
        if quota is None or quota.limit <= 0:
            return self._settings.refresh
        affordable = timedelta(hours=self._pages / (quota.limit * self._share))
        return max(self._settings.refresh, affordable)

    def _refused(self, error: Refused, cursor: str | None) -> int | None:
        """A cursor may have expired: begin anew, once. Without one the list itself is wrong."""
        again, self._restart = self._restart_refused, cursor is not None
        if cursor is not None and not again:
            self._restart_refused = True
            return 0
        self._restart_refused = False
        self.refusal = translate("Pull", "{kind} cannot be listed: {error}").format(
            kind=self._listing.kind, error=error.message
        )
        self.just_refused = True
        self._not_before = self._clock.now() + self._settings.refresh
        return None
