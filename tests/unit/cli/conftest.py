import json
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from helpers.keyrings import WorkingKeyring
from helpers.live_service import LiveService
from modstation.app.paths import Home, home_at
from modstation.app.unattended import opened_store
from modstation.cli.main import run
from modstation.core.assets import Asset, AssetRef, ModerationStatus
from modstation.core.clock import SystemClock
from modstation.core.queue import QueueView
from modstation.media.cache import ImageCache
from modstation.store.images import open_image_store

SECRET = "s3cr3t-that-must-not-show"
URL = f"cloudinary://key1:{SECRET}@gallery?upload_prefix=http://127.0.0.1:9"


@dataclass
class Ran:
    code: int
    out: str
    err: str


@dataclass
class Shell:
    home: Home
    capsys: pytest.CaptureFixture

    def __call__(self, *arguments: str) -> Ran:
        self.capsys.readouterr()
        code = run(arguments)
        captured = self.capsys.readouterr()
        assert SECRET not in captured.out + captured.err
        return Ran(code, captured.out, captured.err)


@pytest.fixture
def shell(tmp_path, monkeypatch, capsys):
    """The command line with a home of its own, a working keyring and no network."""
    home = home_at(tmp_path / "home")
    monkeypatch.setenv("MODSTATION_HOME", str(home.config))
    monkeypatch.delenv("CLOUDINARY_URL", raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "helpers.keyrings.WorkingKeyring")
    monkeypatch.setattr(WorkingKeyring, "kept", {})
    monkeypatch.setenv("COLUMNS", "120")
    return Shell(home, capsys)


@pytest.fixture
def desk(shell):
    """The same with an account on which two images wait."""
    assert shell("account", "add", "work", URL).code == 0
    fill(shell.home, "work", ["album/cat", "dog"])
    return shell


@pytest.fixture
def refill(desk):
    def refill(public_ids, types=("upload",)):
        fill(desk.home, "work", public_ids, types=types)

    return refill


@pytest.fixture
def keep_picture(desk):
    def keep(key):
        with closing(picture_cache(desk.home)) as cache:
            cache.put(key, "review", b"picture")

    return keep


@pytest.fixture
def kept_pictures(desk):
    def count():
        with open_image_store(desk.home.account("work").images_db, clock=SystemClock()) as images:
            return images.count()

    return count


def picture_cache(home: Home) -> ImageCache:
    return ImageCache(
        open_image_store(home.account("work").images_db, clock=SystemClock()),
        secret=SECRET,
        limit_bytes=1_000_000,
    )


def fill(home: Home, account: str, public_ids, *, types=("upload",)) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assets = [
        Asset(
            ref=AssetRef("image", delivery, public_id),
            status=ModerationStatus.PENDING,
            kind="manual",
            created_at=now,
        )
        for public_id in public_ids
        for delivery in types
    ]
    with opened_store(home.account(account)) as store:
        store.apply_page(
            QueueView().listings[0],
            assets,
            cursor=None,
            pass_id="1",
            listed_at=now,
            first=True,
            last=True,
        )


@pytest.fixture
def place(shell, tmp_path):
    """Runs ``modstation admin`` on a folder of its own; ``say`` wants an answer in JSON."""

    def admin(*arguments):
        return shell("admin", *arguments, "--data", str(tmp_path / "service"))

    def say(*arguments, code=0):
        ran = admin(*arguments, "--json")
        assert ran.code == code, ran.err
        return json.loads(ran.out)

    admin.say = say
    return admin


@pytest.fixture
def running(place, tmp_path):
    with LiveService(tmp_path) as live:
        yield live
