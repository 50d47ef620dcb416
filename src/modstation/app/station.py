"""The station: everything the window talks to, and nothing else it needs to know."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from modstation.app.covering import Covering
from modstation.app.deciding import OFFLINE
from modstation.app.keymaps import load_keymap
from modstation.app.offline_trip import OfflineTrip
from modstation.app.outbox_verbs import OutboxVerbs
from modstation.app.session_events import KeymapChanged, Message, Tone
from modstation.app.session_figures import SessionFigures
from modstation.core.clock import TimeOrderedIds
from modstation.store.store_thread import Priority

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.grid_session import GridSession
    from modstation.app.group_session import GroupSession
    from modstation.app.history import History
    from modstation.app.queue_choice import QueueChoices
    from modstation.app.settings import Settings
    from modstation.app.station_parts import Parts
    from modstation.core.decisions import Decision
    from modstation.core.errors import StoreError
    from modstation.core.keymap import Keymap
    from modstation.store.station_store import StationStore

T = TypeVar("T")

# The name under which the store remembers how large a picture has to be to fill the screen.
SCREEN_EDGE = "screen_edge"


class Station:
    """One reviewer's desk on one account; all methods run on the window's thread."""

    def __init__(self, parts: Parts) -> None:
        self.account = parts.account
        self.settings_book = parts.settings
        self.policy = parts.policy
        self.keymap = parts.keymap
        # Sentences to show once, in one place: settings, policy or keys that could not be read.
        self.problems = parts.problems
        self.mailbox = parts.mailbox
        self.frames = parts.frames
        self.session = parts.session
        self.covering = Covering(
            parts.policy.floor,
            blur=self.settings.blur,
            greyscale=self.settings.greyscale,
            remember=self._remember,
        )
        self.offline = False
        self._store = parts.store
        self._network = parts.network
        self._pool = parts.pool
        self._closing = parts.closing
        self._warning_of = parts.warning_of
        self._data_version: int | None = None
        self._history: History | None = None
        self.trip = OfflineTrip(
            parts.store,
            parts.session,
            take=parts.network.take_along,
            set_offline=lambda offline: self.set_offline(offline=offline),
            free_bytes=parts.free_bytes,
            cache_bytes=lambda: self.settings.cache_limit_mb * 1024 * 1024,
        )
        self.figures = SessionFigures(
            parts.store,
            actor=parts.session.rules.actor,
            policy=parts.policy,
            monotonic=time.monotonic,
        )
        # What waits to be posted, is stuck or in conflict.
        self.outbox = OutboxVerbs(parts.store, parts.session, wake=parts.network.wake)
        self._fingerprinting = parts.fingerprinting
        self.settings_book.listen(self._settings_changed)

    @property
    def settings(self) -> Settings:
        """The settings that count now; ``settings_book`` changes them."""
        return self.settings_book.current

    @property
    def hold(self) -> timedelta:
        """How long a decision is held before it is posted."""
        return self.session.rules.hold

    def start(self) -> None:
        """Begin to decode and load the first entries."""
        self.frames.attach(self._pool)
        # Before the first entries are read: what another process stores after that is a change.
        self._look_for_changes(Priority.WINDOW)
        self.session.start()
        self.figures.start()
        self.trip.start()

    def close(self) -> None:
        """End every process and thread; what was decided is on the disk before this returns."""
        self.mailbox.bind(None)
        for part in self._closing:
            part.close()

    # -- network

    def refresh(self) -> None:
        """Ask the service for new images now."""
        self._network.wake()
        self.session.look_everywhere()

    def post_now(self) -> None:
        """Post what is still held for undo."""
        self.session.post_now()
        self._network.wake()

    def set_offline(self, *, offline: bool) -> None:
        """Work without the network until this is taken back."""
        self.offline = offline
        self._network.set_offline(offline=offline)

    def want_original(self, key: str) -> None:
        """Fetch the original of an image, for zooming in."""
        self._network.want_original(key)

    def warning(self, key: str) -> str | None:
        """What must be said before this image is decided: its bytes differ from the listing."""
        return self._warning_of(key)

    def note_screen(self, edge: int) -> None:
        """Remember the longer side of the screen in pixels: pictures of the next run fit it."""
        self._rest(
            lambda store: store.put_state(SCREEN_EDGE, str(edge)),
            lambda _: None,
            lambda _error: None,
        )

    # -- settings

    def _settings_changed(self, before: Settings, after: Settings) -> None:
        """Let what the session reads of the settings count at once.

        Only what was changed: the demo and tests hold decisions for a time of their own.
        """
        rules = self.session.rules
        if before.actor != after.actor:
            rules = replace(rules, actor=after.actor_name)
        if before.hold_seconds != after.hold_seconds:
            rules = replace(rules, hold=timedelta(seconds=after.hold_seconds))
        if before.painted_ms != after.painted_ms:
            rules = replace(rules, painted_before=after.painted_ms / 1000)
        if before.protection != after.protection:
            rules = replace(rules, protection=after.protection)
        self.session.use_rules(rules)
        if before.order != after.order:
            self.session.change_view(self.session.view.in_order(after.order))
        if (before.blur, before.greyscale) != (after.blur, after.greyscale):
            self.covering.choose(blur=after.blur, greyscale=after.greyscale)
        if (before.keymap, before.letter_keys) != (after.keymap, after.letter_keys):
            keymap, problems = load_keymap(self.settings_book.home, after)
            for problem in problems:
                self.session.tell(Message(problem, Tone.PROBLEM))
            if not problems:
                self.use_keymap(keymap)

    def use_keymap(self, keymap: Keymap) -> None:
        """Let other keys count from now on."""
        self.keymap = keymap
        self.session.tell(KeymapChanged())

    def _remember(self, name: str, value: int) -> None:
        # A file with faults is the moderator's to mend: no key writes over it.
        if not self.settings_book.problems:
            self.settings_book.change(**{name: value})

    def make_grid(self) -> GridSession:
        """The contact sheet on this station's queue; made when it is first opened."""
        from modstation.app.grid_session import GridSession

        return GridSession(
            self.session,
            self._store,
            monotonic=time.monotonic,
            warning_of=self._warning_of,
            new_id=TimeOrderedIds().new,
        )

    # -- near-duplicates

    def listen_for_alike(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` whenever more is known of which images are alike."""
        if self._fingerprinting is not None:
            self._fingerprinting.on_kept = listener

    def count_alike(self, key: str, done: Callable[[int], None]) -> None:
        """Say how many images are nearly the same as this one, itself among them."""
        self._rest(lambda store: store.likeness.count(key), done, lambda _error: done(0))

    def make_group(self, key: str) -> GroupSession:
        """The near-duplicates of an image."""
        # Not at the top: the first image needs no group.
        from modstation.app.group_session import GroupSession

        return GroupSession(
            self.session,
            self._store,
            key,
            monotonic=time.monotonic,
            warning_of=self._warning_of,
            new_id=TimeOrderedIds().new,
        )

    # -- the history

    @property
    def history(self) -> History:
        """The reviewer's last decisions; made when they are first asked for."""
        if self._history is None:
            # Not at the top: the first image needs no history.
            from modstation.app.history import History

            self._history = History(self._store, self.session, monotonic=time.monotonic)
        return self._history

    # -- other queues

    def queues(
        self, done: Callable[[QueueChoices], None], failed: Callable[[StoreError], None]
    ) -> None:
        """Read which queues there are, with how much of each is stored here."""
        # Not at the top: the first image needs no other queue.
        from modstation.app.queue_choice import QueueChoices

        self._rest(
            lambda store: store.queues(),
            lambda counted: done(QueueChoices(counted, self.session.view)),
            failed,
        )

    def last_posted(
        self,
        key: str,
        done: Callable[[Decision | None], None],
        failed: Callable[[StoreError], None],
    ) -> None:
        """Read the decision of this machine that was posted last for an image, if there is one."""
        self._rest(lambda store: store.last_posted(key), done, failed)

    def ask_past(self, key: str) -> None:
        """Ask the service who decided on an image; what it tells comes as ``PastDecisionsTold``."""
        if not self.offline and self.session.connection.connection not in OFFLINE:
            self._network.want_past(key)

    # -- the clock

    def tick(self) -> None:
        """Once a second: look for what came without telling (another program, a crossed answer)."""
        # Before the decoders are asked anew for what was missing: it waits until they are idle.
        if self._fingerprinting is not None:
            self._fingerprinting.tick()
        self.frames.look_again()
        self._look_for_changes(Priority.REST)

    def _look_for_changes(self, priority: Priority) -> None:
        def seen(version: int) -> None:
            if self._data_version not in {None, version}:
                self.session.reload()
            self._data_version = version

        self._store.submit(priority, lambda store: store.data_version(), seen, lambda _error: None)

    def _rest(
        self,
        task: Callable[[StationStore], T],
        done: Callable[[T], None],
        failed: Callable[[StoreError], None],
    ) -> None:
        self._store.submit(Priority.REST, task, done, failed)
