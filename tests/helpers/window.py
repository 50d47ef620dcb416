"""The real window on a real database, driven by key events; pictures and network are pretended."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from helpers.assets import MANUAL_PENDING, fill, make_assets, new_database
from modstation.app.deciding import SessionRules
from modstation.app.frame_pipeline import FramePipeline
from modstation.app.keymaps import load_keymap
from modstation.app.mailbox import Mailbox
from modstation.app.paths import home_at
from modstation.app.policies import load_policy
from modstation.app.review_session import ReviewSession
from modstation.app.settings import Settings
from modstation.app.settings_book import SettingsBook
from modstation.app.station import Station
from modstation.app.station_parts import Parts
from modstation.core.accounts import Account
from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.events import Connection, ConnectionChanged
from modstation.core.outbox import Acknowledged
from modstation.core.settling import settle
from modstation.media.frames import DecodeFailed, DecodeRequest, DecodeResult, Frame
from modstation.store.station_store import StationStore
from modstation.store.store_thread import StoreThread
from modstation.ui.bridge import EventBridge
from modstation.ui.key_press import key_event, send_key
from modstation.ui.keys import KeyReader
from modstation.ui.motion import is_still
from modstation.ui.theme import Theme
from modstation.ui.window import StationWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from PySide6.QtGui import QKeyEvent

    from modstation.core.assets import Asset
    from modstation.core.errors import MediaError
    from modstation.core.queue import QueueView

PATIENCE = 10.0
SOURCE = (1280, 960)


def picture_frame(request: DecodeRequest, size: tuple[int, int], bgra: bytes) -> Frame:
    """A frame as the decoder makes it, for pixels that have their size already."""
    width, height = size
    return Frame(
        generation=request.generation,
        asset_key=request.asset_key,
        rendition=request.rendition,
        box=request.box,
        frame=0,
        width=width,
        height=height,
        stride=width * 4,
        pixels=memoryview(bgra),
        opaque=True,
        source_width=SOURCE[0],
        source_height=SOURCE[1],
        format="JPEG",
        frames=1,
        orientation=1,
    )


def flat_picture(request: DecodeRequest) -> Frame:
    """One colour that is the key's own, at the size a photo of 1280 by 960 has in the box."""
    scale = min(1.0, request.box[0] / SOURCE[0], request.box[1] / SOURCE[1])
    size = (max(1, round(SOURCE[0] * scale)), max(1, round(SOURCE[1] * scale)))
    number = sum(request.asset_key.encode())
    colour = bytes((number * 37 % 200 + 40, number * 59 % 200 + 40, number * 83 % 200 + 40, 255))
    return picture_frame(request, size, colour * (size[0] * size[1]))


@dataclass(slots=True)
class PretendedDecoder:
    """Answers every plan at once, through the mailbox like the real pool."""

    mailbox: Mailbox
    picture: Callable[[DecodeRequest], DecodeResult]
    withheld: set[str] = field(default_factory=set)
    broken: dict[str, MediaError] = field(default_factory=dict)
    pipeline: FramePipeline | None = None
    plan: list[DecodeRequest] = field(default_factory=list)
    giving_way: bool = False

    def give_way(self, *, on: bool) -> None:
        self.giving_way = on

    def want(self, requests: Sequence[DecodeRequest]) -> None:
        self.plan = list(requests)
        for request in requests:
            if request.asset_key not in self.withheld:
                self._answer(request)

    def bring(self, key: str) -> None:
        """What was withheld is decoded now."""
        self.withheld.discard(key)
        for request in self.plan:
            if request.asset_key == key:
                self._answer(request)

    def _answer(self, request: DecodeRequest) -> None:
        error = self.broken.get(request.asset_key)
        result: DecodeResult
        if error is not None:
            result = DecodeFailed(
                request.generation,
                request.asset_key,
                request.rendition,
                request.box,
                request.frame,
                error,
            )
        else:
            result = self.picture(request)
        assert self.pipeline is not None
        self.mailbox.post(lambda: self.pipeline.decoded(result))

    def close(self) -> None:
        pass


@dataclass(slots=True)
class PretendedNetwork:
    """Notes what it is asked for."""

    asked: list[tuple[str, object]] = field(default_factory=list)

    def wake(self) -> None:
        self.asked.append(("wake", None))

    def focus(self, keys: Sequence[str]) -> None:
        self.asked.append(("focus", tuple(keys)))

    def change_view(self, view: QueueView) -> None:
        self.asked.append(("view", view))

    def want_original(self, key: str) -> None:
        self.asked.append(("original", key))

    def want_past(self, key: str) -> None:
        self.asked.append(("past", key))

    def purge(self, keys: Sequence[str]) -> None:
        self.asked.append(("purge", tuple(keys)))

    def take_along(self, keys: Sequence[str]) -> None:
        self.asked.append(("take", tuple(keys)))

    def set_offline(self, *, offline: bool) -> None:
        self.asked.append(("offline", offline))

    def close(self) -> None:
        pass


class Desk:
    """A window and what is behind it; use it in a ``with`` or close it."""

    def __init__(
        self,
        folder: Path,
        assets: Sequence[Asset] | int = 12,
        *,
        size: tuple[int, int] = (1280, 800),
        theme: str = "dark",
        picture: Callable[[DecodeRequest], DecodeResult] = flat_picture,
        painted_before: float = 0.0,
        hold: timedelta = timedelta(seconds=10),
        withheld: Sequence[str] = (),
        broken: dict[str, MediaError] | None = None,
        warnings: dict[str, str] | None = None,
        problems: tuple[str, ...] = (),
        connection: Connection = Connection.ONLINE,
        crashed: Callable[[BaseException], None] | None = None,
        **settings: Any,
    ) -> None:
        application = QApplication.instance() or QApplication([])
        assert isinstance(application, QApplication)
        clock, ids = SystemClock(), TimeOrderedIds()
        self.path = folder / "station.sqlite3"
        if isinstance(assets, int):
            assets = make_assets(assets)
        new_database(self.path)
        store = StationStore.open(self.path, clock=clock, ids=ids)
        fill(store, assets, at=datetime.now(UTC))
        store.close()
        home = home_at(folder / "home")
        chosen = Settings(**settings)
        self.mailbox = Mailbox()
        self.network = PretendedNetwork()
        self.destroyed: list[str] = []
        self.free_bytes = 10_000_000_000
        self.decoder = PretendedDecoder(self.mailbox, picture, set(withheld), broken or {})
        self.frames = FramePipeline(on_ready=self._frame_ready, on_thumbnail=self._thumbnail_ready)
        self.decoder.pipeline = self.frames
        self.crashes: list[BaseException] = []
        self.store = StoreThread(
            lambda: StationStore.open(self.path, clock=clock, ids=ids),
            self.mailbox.post,
            crashed or self.crashes.append,
        )
        policy, _ = load_policy(home, chosen)
        keymap, _ = load_keymap(home, chosen)
        self.session = ReviewSession(
            store=self.store,
            frames=self.frames,
            view=MANUAL_PENDING,
            policy=policy,
            rules=SessionRules("mod", hold, painted_before, chosen.protection),
            monotonic=time.monotonic,
            want_images=self.network.focus,
            follow_view=self.network.change_view,
            purge_images=self.network.purge,
            destroy_copies=self.destroyed.extend,
        )
        book = SettingsBook(home, chosen, post=self.mailbox.post)
        self.station = Station(
            Parts(
                account=Account("demo", "demo", "key"),
                settings=book,
                policy=policy,
                keymap=keymap,
                problems=problems,
                mailbox=self.mailbox,
                store=self.store,
                frames=self.frames,
                session=self.session,
                network=self.network,
                pool=self.decoder,
                closing=(self.store, book),
                warning_of=(warnings if warnings is not None else {}).get,
                free_bytes=lambda: self.free_bytes,
            )
        )
        colours = Theme(theme, chosen.text_scale, still=is_still(chosen))
        colours.apply(application)
        self.window = StationWindow(self.station, colours)
        # The layout is the same for every platform the tests run on.
        self.window.reader = self.window.keyboard._reader = KeyReader("linux")
        self.window.resize(*size)
        self.bridge = EventBridge(self.mailbox)
        self.window.show()
        self.window.activateWindow()
        self.connect(connection)
        self.station.start()
        self.until(lambda: self.session.loaded, "the queue was not read")

    # The pipeline is made before the session that it tells.

    def _frame_ready(self, key: str) -> None:
        self.session.frame_ready(key)

    def _thumbnail_ready(self, key: str) -> None:
        self.session.thumbnail_ready(key)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the window, then the station, as the program does."""
        self.window.close()
        self.bridge.close()
        self.station.close()
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QCoreApplication.processEvents()
        assert not self.crashes, self.crashes

    # -- waiting

    def until(self, condition: Callable[[], bool], what: str = "it never happened") -> None:
        """Run the event loop until something is so."""
        if condition():
            return
        loop, timer = QEventLoop(), QTimer()
        end = time.monotonic() + PATIENCE
        timer.timeout.connect(
            lambda: loop.quit() if condition() or time.monotonic() > end else None
        )
        timer.start(2)
        loop.exec()
        timer.stop()
        assert condition(), what

    def settle(self) -> None:
        """Let everything happen that is already under way."""
        done: list[bool] = []
        from modstation.store.store_thread import Priority

        self.store.submit(Priority.REST, lambda _: None, lambda _: done.append(True))
        self.until(lambda: bool(done))
        for _ in range(3):
            QCoreApplication.processEvents()
        if self.window.isVisible():
            self.until(lambda: self.window.catching_up.done, "the panels never followed")

    def ready(self) -> None:
        """Wait until the current image, or why there is none, has been painted."""
        self.until(lambda: self.window.stage.reported, "the image was never painted")

    # -- keys

    def send(self, event: QKeyEvent) -> None:
        """Hand an event to the window as the window system does."""
        send_key(self.window, event)

    def down(self, chord: str, **details: Any) -> None:
        """Press a key and keep it down."""
        self.send(key_event(chord, **details))

    def up(self, chord: str, **details: Any) -> None:
        """Let a key go."""
        self.send(key_event(chord, press=False, **details))

    def press(self, *chords: str, **details: Any) -> None:
        """Press and let go of keys, one after the other; the image is waited for before each."""
        for chord in chords:
            self.down(chord, **details)
            self.up(chord, **details)
            self.settle()

    def type(self, text: str) -> None:
        """Type into whatever has the focus."""
        for char in text:
            name = "Space" if char == " " else char
            self.press(name)

    # -- looking

    @property
    def current(self) -> str | None:
        """The public ID on the stage."""
        entry = self.session.current
        return entry.asset.ref.public_id if entry else None

    @property
    def message(self) -> str:
        """The line under the image."""
        return self.window.message.text

    def stored(self) -> list[tuple[str, str, str | None]]:
        """Every decision that stands in the database: public ID, verdict, reason."""
        self.settle()
        store = StationStore.open(self.path, clock=SystemClock(), ids=TimeOrderedIds())
        try:
            rows = [(d.draft, d.draft.action.value) for d in store.iterate_decisions()]
        finally:
            store.close()
        return [
            (draft.ref.public_id, draft.verdict.value, draft.reason_code)
            for draft, action in rows
            if action == "decide"
        ]

    def post_everything(self) -> None:
        """Do to the outbox what the network process does when the service says yes."""
        self.settle()
        clock = SystemClock()
        store = StationStore.open(self.path, clock=clock, ids=TimeOrderedIds())
        try:
            now = clock.now()
            store.release_due(now)
            for operation in store.claim(100, now):
                transition = settle(operation, Acknowledged(operation.target), now=now)
                store.apply(operation.operation_id, transition, now=now)
        finally:
            store.close()

    def connect(self, connection: Connection, **more: Any) -> None:
        """The network process tells how it stands with the service."""
        self.session.news.take(ConnectionChanged(connection, **more))
