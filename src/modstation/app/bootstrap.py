"""Puts a station together: the one place that knows every concrete class."""

from __future__ import annotations

import shutil
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

from modstation.app.deciding import SessionRules
from modstation.app.fingerprinting import Fingerprinting
from modstation.app.frame_pipeline import FramePipeline
from modstation.app.keymaps import keep_keymap, load_keymap
from modstation.app.languages import load_language
from modstation.app.mailbox import Mailbox
from modstation.app.network_link import NetworkLink
from modstation.app.network_messages import NetworkSpec
from modstation.app.paths import make_private_folder
from modstation.app.picture_warnings import PictureWarnings
from modstation.app.policies import keep_policy, load_policy
from modstation.app.review_session import ReviewSession
from modstation.app.settings_book import SettingsBook
from modstation.app.settings_file import load_settings
from modstation.app.station import SCREEN_EDGE, Station
from modstation.app.station_parts import Parts
from modstation.core.clock import SystemClock, TimeOrderedIds
from modstation.core.events import ImageCached
from modstation.core.language import use
from modstation.core.queue import QueueView
from modstation.media.cache import ImageCache, SealedImage
from modstation.media.decoder import DecodePool
from modstation.media.fingerprinter import Fingerprinter
from modstation.store.images import open_image_store
from modstation.store.station_store import StationStore
from modstation.store.store_thread import StoreThread

if TYPE_CHECKING:
    from modstation.app.paths import Home
    from modstation.core.accounts import Credentials
    from modstation.core.events import Event
    from modstation.media.fingerprinter import Printed
    from modstation.media.frames import DecodeRequest, DecodeResult

PENDING = QueueView()


@dataclass(frozen=True, slots=True)
class StationSpec:
    """Which station to open; ``painted_before`` and ``hold`` replace the settings if given."""

    home: Home
    credentials: Credentials
    view: QueueView = PENDING
    offline: bool = False
    hold: timedelta | None = None
    painted_before: float | None = None


def open_station(spec: StationSpec) -> Station:
    """Start a station's processes and threads; call it before Qt is imported, so that all come up
    together.

    ``StoreError`` and ``SettingsError`` if its data folder cannot be used. Settings, policy or
    keys that cannot be read do not stop it: the station's ``problems`` say so.
    """
    settings, problems = load_settings(spec.home)
    use(load_language(settings.language))
    if problems:
        # Once more, now that it is known in which language to say so.
        problems = load_settings(spec.home)[1]
    policy, policy_problems = load_policy(spec.home, settings, settings_wrong=bool(problems))
    if not problems and not policy_problems:
        policy_problems = keep_policy(spec.home, settings)
    keymap, keymap_problems = load_keymap(spec.home, settings)
    if not problems and not keymap_problems:
        keymap_problems = keep_keymap(spec.home, settings)
    clock, ids = SystemClock(), TimeOrderedIds()
    folder = spec.home.account(spec.credentials.account.name)
    make_private_folder(folder.path)
    mailbox = Mailbox()
    book = SettingsBook(spec.home, settings, tuple(problems), post=mailbox.post)

    def crashed(error: BaseException) -> None:
        def again() -> NoReturn:
            raise error

        # On the window's thread, where the crash handler is.
        mailbox.post(again)

    # Here, not in its thread: a damaged or too new database is told before any window opens.
    with closing(StationStore.open(folder.station_db, clock=clock, ids=ids)) as first_look:
        screen_edge = first_look.get_state(SCREEN_EDGE)
    cache = ImageCache(
        open_image_store(folder.images_db, clock=clock),
        secret=spec.credentials.secret,
        limit_bytes=settings.cache_limit_mb * 1024 * 1024,
    )
    warnings = PictureWarnings()

    def frame_ready(key: str) -> None:
        session.frame_ready(key)

    def thumbnail_ready(key: str) -> None:
        session.thumbnail_ready(key)

    frames = FramePipeline(on_ready=frame_ready, on_thumbnail=thumbnail_ready)

    def load(request: DecodeRequest) -> SealedImage | None:
        key, rendition = request.asset_key, request.rendition
        # An upload that was replaced under the same public ID must not be decided on its old
        # picture.
        found = cache.sealed(key, rendition, revision=request.revision)
        if found is None:
            mailbox.post(lambda: frames.missing(key, rendition))
        else:
            warnings.note(key, rendition, found.mismatch)
        return found

    def decoded(result: DecodeResult) -> None:
        mailbox.post(lambda: frames.decoded(result))

    def take(event: Event) -> None:
        session.news.take(event)
        if isinstance(event, ImageCached):
            fingerprinting.image_cached(event.key)

    def told(event: Event) -> None:
        mailbox.post(lambda: take(event))

    def printed(results: list[Printed]) -> None:
        mailbox.post(lambda: fingerprinting.printed(results))

    view = spec.view.in_order(settings.order)
    pool = DecodePool(on_result=decoded, load=load, crashed=crashed)
    network = NetworkLink(
        NetworkSpec.of(
            credentials=spec.credentials,
            folder=folder,
            log=spec.home.log,
            view=view,
            settings=settings,
            screen_edge=int(screen_edge) if screen_edge else None,
            offline=spec.offline,
        ),
        on_event=told,
        crashed=crashed,
    )
    network.start()
    store = StoreThread(
        lambda: StationStore.open(folder.station_db, clock=clock, ids=ids),
        mailbox.post,
        crashed,
    )
    rules = SessionRules(
        actor=settings.actor_name,
        hold=timedelta(seconds=settings.hold_seconds) if spec.hold is None else spec.hold,
        painted_before=(
            settings.painted_ms / 1000 if spec.painted_before is None else spec.painted_before
        ),
        protection=settings.protection,
    )
    session = ReviewSession(
        store=store,
        frames=frames,
        view=view,
        policy=policy,
        rules=rules,
        monotonic=time.monotonic,
        want_images=network.focus,
        follow_view=network.change_view,
        purge_images=network.purge,
        destroy_copies=lambda keys: cache.purge(keys, never_again=True),
    )
    fingerprinter = Fingerprinter(
        load=lambda picture: cache.sealed(picture.key, "review", revision=picture.revision),
        done=printed,
        crashed=crashed,
    )
    fingerprinting = Fingerprinting(store, fingerprinter, session, idle=lambda: pool.idle)
    station = Station(
        Parts(
            account=spec.credentials.account,
            settings=book,
            policy=policy,
            keymap=keymap,
            problems=(*problems, *policy_problems, *keymap_problems),
            mailbox=mailbox,
            store=store,
            frames=frames,
            session=session,
            network=network,
            pool=pool,
            # Decisions first: what was accepted is on the disk. The network process then settles
            # what is in its hands and ends; what is held or ready still is posted after the next
            # start, so the window asks before it closes.
            closing=(store, network, pool, fingerprinter, cache, book),
            warning_of=warnings.of,
            free_bytes=lambda: shutil.disk_usage(folder.path).free,
            fingerprinting=fingerprinting,
        )
    )
    station.offline = spec.offline
    return station
