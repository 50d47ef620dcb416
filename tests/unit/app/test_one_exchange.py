import time
from datetime import timedelta

import pytest

from modstation.app.one_exchange import Exchange, exchange
from modstation.app.paths import home_at
from modstation.app.settings import Settings
from modstation.app.unattended import draft_decision, find_asset, latest_operations, opened_store
from modstation.core.accounts import parse_cloudinary_url
from modstation.core.assets import Asset, AssetRef, ModerationStatus
from modstation.core.clock import SystemClock
from modstation.core.decisions import Verdict
from modstation.core.errors import ReviewError, Throttled
from modstation.core.pacing import Quota
from modstation.core.policy import Policy
from modstation.core.queue import QueueView
from modstation.remote.parsing import Page
from modstation.sync.settings import SyncSettings

CLOCK = SystemClock()
QUEUE = QueueView()
PENDING = ModerationStatus.PENDING
NO_POLICY = Policy(version="none", title="", reasons=())


class Service:
    """A service in memory that counts what it is asked."""

    def __init__(self, *names, quota=None):
        self.assets = {
            AssetRef("image", "upload", name): Asset(
                AssetRef("image", "upload", name), PENDING, kind="manual", created_at=CLOCK.now()
            )
            for name in names
        }
        self.quota = quota
        self.posted = []

    def ping(self):
        pass

    def capabilities(self):
        return None

    def list_assets(self, kind, status, *, cursor=None, limit=500, reasons=False):
        return Page(tuple(self.assets.values()), None)

    def read_asset(self, ref, asset_id=None):
        return self.assets[ref]

    def set_status(self, ref, status, *, asset_id=None, details=None):
        self.posted.append((ref.public_id, status.value))
        raise AssertionError("never reached in these tests")


@pytest.fixture
def store(tmp_path):
    with opened_store(home_at(tmp_path).account("work")) as opened:
        yield opened


def line(store, service, *, view=QUEUE, sleep=lambda _seconds: None):
    return Exchange(store, service, view=view, settings=SyncSettings(), clock=CLOCK, sleep=sleep)


def decide(store, name, verdict=Verdict.APPROVE, hold=0):
    draft = draft_decision(find_asset(store, name), verdict, actor="a", policy=NO_POLICY)
    return store.decide(draft, hold=timedelta(seconds=hold))


def used_up(left):
    return Quota(limit=500, remaining=left, reset_at=CLOCK.now() + timedelta(minutes=30))


def test_a_pull_without_a_call_left_says_when_there_are_some_again(store):
    with pytest.raises(Throttled, match="UTC"):
        line(store, Service("cat", quota=used_up(0))).pull()


def test_a_pull_lists_every_kind_anew_before_it_ends(store):
    service = Service("cat")
    service.listed = []

    def list_assets(kind, status, *, cursor=None, limit=500, reasons=False):
        service.listed.append((kind, cursor))
        if kind == "webpurify" and cursor is None:
            return Page((), "more")
        return Page(tuple(service.assets.values()) if kind == "manual" else (), None)

    service.list_assets = list_assets
    both = QueueView(("manual", "webpurify"))
    for _ in range(2):
        service.listed.clear()
        assert line(store, service, view=both, sleep=time.sleep).pull() == 1
        assert sorted(service.listed, key=str) == [
            ("manual", None),
            ("webpurify", "more"),
            ("webpurify", None),
        ]


def test_a_push_leaves_the_reserve_for_listing_and_says_when_the_rest_goes(store):
    service = Service("cat")
    line(store, service).pull()
    decide(store, "cat")
    service.quota = used_up(20)

    pushed = line(store, service).push()

    assert (pushed.posted, service.posted) == (0, [])
    assert "next hour" in pushed.trouble
    assert store.counts().ready == 1


def test_a_push_with_nothing_to_post_asks_the_service_nothing(store):
    assert line(store, None).push().posted == 0


def test_the_latest_wish_for_every_image_is_known(store):
    line(store, Service("cat", "dog", "owl")).pull()
    decide(store, "cat")
    decide(store, "cat", Verdict.REJECT)
    decide(store, "dog", hold=100)
    store.undo(actor="a")

    wishes = {ref.public_id: last.target.value for ref, last in latest_operations(store).items()}

    assert wishes == {"cat": "rejected"}


def test_two_exchanges_on_one_account_never_run_at_once(tmp_path):
    home, settings = home_at(tmp_path), Settings()
    credentials = parse_cloudinary_url("cloudinary://k:s3cret@c?upload_prefix=http://127.0.0.1:9")

    with (
        exchange(home, credentials, settings),
        pytest.raises(ReviewError, match="station"),
        exchange(home, credentials, settings),
    ):
        pass

    with exchange(home, credentials, settings):
        pass
