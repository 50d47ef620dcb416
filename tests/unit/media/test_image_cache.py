from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modstation.core.clock import ManualClock
from modstation.core.errors import StoreBusy, StoreDamaged, StoreTooNew
from modstation.media.cache import ImageCache
from modstation.media.sealing import open_sealed
from modstation.store.images import ImageStore, StoredImage, open_image_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

BODY = b"\xff\xd8 a photo" * 50


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "images.db"


@pytest.fixture
def store(path: Path, clock: ManualClock) -> Iterator[ImageStore]:
    with ImageStore(path, clock=clock) as opened:
        yield opened


def put(
    store: ImageStore, clock: ManualClock, limit: int = 1000
) -> Callable[..., tuple[bool, tuple[str, ...]]]:
    def one(
        key: str, size: int = 100, protected: tuple[str, ...] = ()
    ) -> tuple[bool, tuple[str, ...]]:
        clock.advance(1)
        image = StoredImage(key, "review", bytes(size - 10), bytes(10), size)
        stored = store.put(image, limit_bytes=limit, protected=protected)
        return stored.kept, stored.evicted

    return one


def here(store: ImageStore, keys: Iterable[str], rendition: str) -> frozenset[str]:
    return frozenset(key for key in keys if store.source_revision(key, rendition) is not None)


def test_an_image_comes_out_as_it_went_in(store: ImageStore, clock: ManualClock) -> None:
    image = StoredImage(
        "image/upload/a",
        "original",
        b"sealed",
        b"key",
        5,
        "tag",
        6,
        "listed",
        "replaced",
        clock.now(),
    )
    assert store.put(image, limit_bytes=1000).kept
    assert store.get("image/upload/a", "original") == image
    assert store.get("image/upload/a", "review") is None
    assert here(store, ["image/upload/a", "b"], "original") == {"image/upload/a"}
    assert (store.size(), store.count()) == (9, 1)


def test_those_unused_for_longest_go_first(store: ImageStore, clock: ManualClock) -> None:
    add = put(store, clock, limit=300)
    add("a"), add("b"), add("c")
    clock.advance(1)
    store.touch(["a"])
    assert add("d") == (True, ("b",))
    assert here(store, "abcd", "review") == {"a", "c", "d"}
    assert store.size() == 300


def test_a_protected_image_is_never_dropped(store: ImageStore, clock: ManualClock) -> None:
    add = put(store, clock, limit=300)
    add("a"), add("b"), add("c")
    assert add("d", protected=("a", "b")) == (True, ("c",))
    assert add("e", protected=("a", "b", "d")) == (False, ())
    assert here(store, "abcde", "review") == {"a", "b", "d"}
    # The current image is kept even when its neighbours have taken all the room.
    assert add("f", protected=("a", "b", "d", "f")) == (True, ())
    assert store.size() == 400


def test_what_alone_exceeds_the_limit_drops_nothing(store: ImageStore, clock: ManualClock) -> None:
    add = put(store, clock, limit=300)
    add("a")
    assert add("b", size=301) == (False, ())
    assert here(store, "ab", "review") == {"a"}


def test_a_second_fetch_replaces_the_first(store: ImageStore, clock: ManualClock) -> None:
    add = put(store, clock, limit=300)
    add("a", size=200)
    assert add("a", size=300) == (True, ())
    assert store.size() == 300


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from("abcdefgh"), st.integers(20, 400), st.sets(st.sampled_from("abc"))
        ),
        max_size=30,
    )
)
def test_the_cache_never_exceeds_its_limit_but_for_what_is_protected(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, set[str]]]
) -> None:
    clock = ManualClock()
    with ImageStore(tmp_path_factory.mktemp("cache") / "images.db", clock=clock) as store:
        add = put(store, clock, limit=500)
        for key, size, protected in steps:
            before = here(store, "abcdefgh", "review")
            kept, evicted = add(key, size, tuple(protected))
            after = here(store, "abcdefgh", "review")
            assert not set(evicted) & protected
            assert protected & before <= after | {key}
            assert (key in after) == kept
            beside = sum(
                image.length for k in protected & after if (image := store.get(k, "review"))
            )
            assert store.size() <= max(500, beside)


def test_a_purged_image_leaves_no_byte_of_its_key_behind(path: Path, clock: ManualClock) -> None:
    with ImageStore(path, clock=clock) as store:
        wrapped, sealed = os.urandom(60), os.urandom(20_000)
        for rendition in ("review", "original"):
            image = StoredImage("image/upload/a", rendition, sealed, wrapped, 1)
            store.put(image, limit_bytes=10**6)
        assert wrapped in everything_in(path)
        assert store.purge(["image/upload/a", "image/upload/b"]) == 2
        left = everything_in(path)
        assert wrapped not in left
        assert sealed[5000:5032] not in left
        assert path.stat().st_size < 60_000


def everything_in(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


def test_an_image_that_may_never_be_kept_is_refused_later_too(
    store: ImageStore, clock: ManualClock
) -> None:
    add = put(store, clock)
    add("a")
    store.purge(["a"], never_again=True)
    assert add("a") == (False, ())
    assert store.count() == 0
    store.purge_all()
    assert add("a") == (False, ())


def test_purging_everything_gives_the_disk_back(path: Path, clock: ManualClock) -> None:
    with ImageStore(path, clock=clock) as store:
        add = put(store, clock, limit=10**7)
        for key in "abcdef":
            add(key, size=500_000)
        assert path.stat().st_size + len(everything_in(path)) > 3_000_000
        assert store.purge_all() == 6
        assert len(everything_in(path)) < 150_000


def test_hundreds_of_names_fit_one_call(store: ImageStore, clock: ManualClock) -> None:
    add = put(store, clock, limit=10**7)
    names = [f"image/upload/{n}" for n in range(450)]
    for name in names:
        add(name)
    assert here(store, names, "review") == frozenset(names)
    store.touch(names)
    assert store.purge(names) == 450


def test_a_changed_secret_empties_the_cache(path: Path, clock: ManualClock) -> None:
    def opened(secret: str) -> ImageCache:
        return ImageCache(ImageStore(path, clock=clock), secret=secret)

    first = opened("old")
    assert not first.emptied
    first.put("image/upload/a", "review", BODY)
    again = opened("old")
    assert not again.emptied
    assert again.sealed("image/upload/a", "review") is not None
    changed = opened("new")
    assert changed.emptied
    assert changed.sealed("image/upload/a", "review") is None
    # Another station that still has the old secret cannot show what comes now.
    changed.put("image/upload/a", "review", BODY)
    assert again.sealed("image/upload/a", "review") is None
    for cache in (first, again, changed):
        cache.close()


def test_nothing_of_an_image_is_in_the_file_in_plain(path: Path, clock: ManualClock) -> None:
    cache = ImageCache(ImageStore(path, clock=clock), secret="secret")
    cache.put("image/upload/a", "review", BODY, etag="x", mismatch="careful")
    sealed = cache.sealed("image/upload/a", "review")
    assert sealed is not None
    assert (sealed.length, sealed.mismatch) == (len(BODY), "careful")
    assert open_sealed("image/upload/a", "review", sealed.sealed, sealed.key) == BODY
    content = everything_in(path)
    assert b"a photo" not in content
    assert sealed.key not in content
    cache.close()


def test_a_picture_whose_upload_was_replaced_is_not_shown(path: Path, clock: ManualClock) -> None:
    cache = ImageCache(ImageStore(path, clock=clock), secret="secret")
    cache.put("image/upload/a", "review", BODY, source_revision="then")
    cache.put("image/upload/b", "review", BODY)
    for revision, here in (("then", True), ("now", False), (None, True)):
        assert cache.is_current("image/upload/a", "review", revision=revision) is here
        assert (cache.sealed("image/upload/a", "review", revision=revision) is not None) is here
    assert cache.is_current("image/upload/b", "review", revision="now")
    assert not cache.is_current("image/upload/c", "review")
    cache.close()


def test_the_images_the_reviewer_is_at_are_protected(path: Path, clock: ManualClock) -> None:
    cache = ImageCache(ImageStore(path, clock=clock), secret="s", limit_bytes=3 * len(BODY))
    cache.protect(["a", "b"])
    assert cache.put("a", "review", BODY).kept
    assert cache.put("b", "review", BODY).kept
    assert not cache.put("c", "review", BODY).kept
    cache.protect(["b", "c"])
    assert cache.put("c", "review", BODY).evicted == ("a",)
    cache.close()


def test_one_process_reads_while_another_writes(path: Path, clock: ManualClock) -> None:
    script = f"""
        from pathlib import Path
        from modstation.core.clock import SystemClock
        from modstation.media.cache import ImageCache
        from modstation.store.images import ImageStore
        cache = ImageCache(ImageStore(Path({str(path)!r}), clock=SystemClock()), secret="s",
                           limit_bytes=2_000_000)
        for n in range(300):
            cache.put(f"image/upload/{{n}}", "review", bytes([n % 256]) * 20_000)
        cache.close()
        """
    writer = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)])
    cache = ImageCache(ImageStore(path, clock=clock), secret="s")
    seen = 0
    while writer.poll() is None or not seen:
        for name in (f"image/upload/{n}" for n in range(300)):
            image = cache.sealed(name, "review")
            if image is not None:
                body = open_sealed(name, "review", image.sealed, image.key)
                assert body == bytes([int(name.rpartition("/")[2]) % 256]) * 20_000
                seen += 1
        cache.touch(["image/upload/1"])
    assert writer.returncode == 0
    assert cache.size() <= 2_000_000
    cache.close()


def test_many_threads_share_one_store(store: ImageStore) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for n in range(40):
                name = f"{number}-{n}"
                store.put(StoredImage(name, "review", bytes(90), bytes(10), 90), limit_bytes=5000)
                store.get(name, "review")
        except BaseException as error:  # noqa: BLE001 - told to the test below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.size() == 5000


def test_a_damaged_or_newer_file_is_begun_anew(path: Path, clock: ManualClock) -> None:
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreDamaged):
        ImageStore(path, clock=clock)
    with open_image_store(path, clock=clock) as store:
        assert store.count() == 0
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StoreTooNew):
        ImageStore(path, clock=clock)
    with open_image_store(path, clock=clock) as store:
        assert store.count() == 0


def test_a_file_of_an_older_layout_loses_its_images_and_keeps_what_may_never_be_kept(
    path: Path, clock: ManualClock
) -> None:
    with ImageStore(path, clock=clock) as store:
        store.purge(["gone"], never_again=True)
    database = sqlite3.connect(path)
    database.execute("ALTER TABLE images RENAME COLUMN source_revision TO source_etag")
    database.execute("PRAGMA user_version = 1")
    database.close()
    with open_image_store(path, clock=clock) as store:
        add = put(store, clock)
        assert add("a") == (True, ())
        assert store.get("a", "review") is not None
        assert add("gone") == (False, ())


def test_a_file_begun_anew_is_followed_by_the_other_process(path: Path, clock: ManualClock) -> None:
    writer = ImageCache(ImageStore(path, clock=clock), secret="s")
    reader = ImageCache(ImageStore(path, clock=clock), secret="s")
    writer.put("image/upload/a", "review", BODY)
    writer.begin_anew()
    assert writer.put("image/upload/b", "review", BODY).kept
    assert reader.sealed("image/upload/a", "review") is None
    image = reader.sealed("image/upload/b", "review")
    assert image is not None
    assert open_sealed("image/upload/b", "review", image.sealed, image.key) == BODY
    writer.close()
    reader.close()


def test_what_was_sealed_for_a_file_that_is_no_more_is_not_kept(
    store: ImageStore, clock: ManualClock
) -> None:
    image = StoredImage("a", "review", bytes(90), bytes(10), 100)
    assert not store.put(image, limit_bytes=1000, salt=b"of another file").kept
    assert store.put(image, limit_bytes=1000, salt=store.salt).kept


def test_a_file_held_by_another_program_is_told_as_busy(
    path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modstation.store.images_file.BUSY_TIMEOUT", 0.05)
    with ImageStore(path, clock=clock) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            store.touch(["a"])
        other.execute("ROLLBACK")
        other.close()
        store.touch(["a"])
