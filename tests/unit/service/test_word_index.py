"""Whatever is done to assets, they are found by exactly the words that stand on them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select

from modstation.service.assets import stored
from modstation.service.assets.asset_lists import Window
from modstation.service.assets.stored import Asset
from modstation.service.assets.word_index import value_digest
from modstation.service.assets.word_lists import list_tagged
from modstation.service.schema import asset_context, asset_tags, metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

WORDS = st.sampled_from(["a", "b", "ä", "c d"])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "words", "rename", "delete", "restore", "overwrite", "remove"]),
        st.integers(0, 3),
        st.lists(WORDS, unique=True, max_size=3),
        st.dictionaries(WORDS, WORDS, max_size=3),
    ),
    max_size=14,
)


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        metadata.create_all(connection)
        yield connection
    engine.dispose()


def fresh(number: int, tags: list[str], context: dict[str, str]) -> Asset:
    return Asset(
        0, f"{number:032x}", "cloud", "image", "upload", f"p{number}", 1, "1" * 32, "jpg", 1, 1, 1,
        "e" * 32, "blob", "p", "p", "", tuple(tags), context, {}, (), None, None, None, "key",
        True, False, number, number,
    )  # fmt: skip


def take(connection: Connection, step: str, number: int, after: Asset, serial: int) -> None:
    """One change, if there is something it can be done to."""
    before = stored.find_by_id(connection, "cloud", f"{number:032x}", locked=True)
    if before is None:
        if step == "add":
            stored.add(connection, after)
        return
    after = replace(after, seq=before.seq, public_id=before.public_id)
    if step == "words" and not before.deleted:
        stored.save_described(connection, [after])
    elif step == "rename":
        stored.save(connection, before, replace(before, public_id=f"q{serial}"))
    elif step == "delete":
        stored.save(connection, before, replace(before, deleted_us=1))
    elif step == "restore":
        stored.save(connection, before, replace(before, deleted_us=None))
    elif step == "overwrite":
        stored.save(connection, before, after)
    elif step == "remove":
        stored.remove(connection, before, 1)


@given(STEPS)
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_index_is_what_the_assets_rows_say(
    connection: Connection, steps: list[tuple[str, int, list[str], dict[str, str]]]
) -> None:
    work = connection.begin_nested() if connection.in_transaction() else connection.begin()
    for serial, (step, number, tags, context) in enumerate(steps):
        take(connection, step, number, fresh(number, tags, context), serial)
    every = [
        found
        for number in range(4)
        if (found := stored.find_by_id(connection, "cloud", f"{number:032x}")) is not None
    ]
    live = [asset for asset in every if not asset.deleted]
    tagged = connection.execute(select(asset_tags.c.asset_seq, asset_tags.c.tag)).all()
    assert sorted(map(tuple, tagged)) == sorted((a.seq, tag) for a in live for tag in a.tags)
    column = asset_context.c
    described = connection.execute(select(column.asset_seq, column.key, column.value_digest)).all()
    assert sorted(map(tuple, described)) == sorted(
        (a.seq, key, value_digest(value)) for a in live for key, value in a.context.items()
    )
    for tag in ("a", "b", "ä", "c d"):
        page = list_tagged(connection, "cloud", "image", tag, Window(10, None, ascending=True))
        assert list(page.assets) == [asset for asset in live if tag in asset.tags]
    work.rollback()


def test_a_context_key_longer_than_the_limit_of_today_is_kept_but_not_found_by(
    connection: Connection,
) -> None:
    asset = stored.add(connection, fresh(1, [], {"k" * 256: "v", "short": "v"}))
    keys = connection.scalars(select(asset_context.c.key)).all()
    assert keys == ["short"]
    assert stored.find_numbered(connection, [asset.seq]) == [asset]
