"""The database finds what a plain reading of the expression finds, whatever the assets say."""

from __future__ import annotations

import unicodedata
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, select

from modstation.core.clock import to_us
from modstation.service.assets import stored
from modstation.service.assets.stored import Asset
from modstation.service.faults import BadRequest
from modstation.service.moderation.states import Entry
from modstation.service.schema import metadata
from modstation.service.search.conditions import condition, is_looked_up
from modstation.service.search.language import (
    Between,
    Compared,
    Every,
    Not,
    Some,
    Tree,
    Value,
    parse,
)
from modstation.service.search.order import keys_of, live

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    if request.param == "sqlite":
        with _tables_in("sqlite://") as opened:
            yield opened
        return
    with (
        request.getfixturevalue("cluster").database() as url,
        _tables_in(url.replace("postgresql:", "postgresql+psycopg:", 1)) as opened,
    ):
        yield opened


@contextmanager
def _tables_in(url: str) -> Iterator[Connection]:
    engine = create_engine(url)
    with engine.connect() as opened:
        metadata.create_all(opened)
        opened.commit()
        yield opened
    engine.dispose()


# -- assets and expressions of few letters, so that they meet

pieces = st.sampled_from(
    ["a", "b", "ab", "A", "é", "É", "ß", "1", "-", "_", " ", "%", "'", "|", ":"]
)
values = st.lists(pieces, min_size=1, max_size=4).map(lambda found: "".join(found).strip() or "a")
names = st.lists(st.one_of(pieces, st.just("/")), min_size=1, max_size=6).map("".join)
keys = st.sampled_from(["a", "b", "a b", "é", "k:"])
pairs = st.dictionaries(keys, values, max_size=2)
statuses = st.sampled_from([None, "pending", "approved", "rejected"])
moments = st.sampled_from([NOW, NOW - HOUR, NOW - DAY, NOW - 2 * DAY + HOUR])


@st.composite
def kept(draw: st.DrawFn, number: int = 0) -> Asset:
    picture = draw(st.booleans())
    status = draw(statuses)
    kind = draw(st.sampled_from(["manual", "webpurify"]))
    return Asset(
        seq=0,
        asset_id=f"{number:032x}",
        cloud="c",
        resource_type=draw(st.sampled_from(["image", "raw"])),
        type=draw(st.sampled_from(["upload", "private"])),
        public_id=f"{draw(names)}{number}",
        version=number,
        version_id=f"{number:032x}",
        format=draw(st.sampled_from(["jpg", "png"])) if picture else None,
        width=draw(st.sampled_from([1, 16, 160, 2**31 - 1])) if picture else None,
        height=draw(st.sampled_from([1, 9, 90, 2**31 - 1])) if picture else None,
        bytes=draw(st.sampled_from([0, 999, 1000, 1500, 2_000_000])),
        etag="0" * 32,
        blob="",
        original_filename="",
        display_name=draw(values),
        asset_folder=draw(names).strip("/"),
        tags=tuple(dict.fromkeys(draw(st.lists(values, max_size=3)))),
        context=draw(pairs),
        metadata=draw(pairs),
        moderation=(Entry(kind, status),) if status else (),
        moderation_kind=kind if status else None,
        moderation_status=status,
        notification_url=None,
        api_key="k",
        backup=draw(st.booleans()),
        withdrawn=status == "rejected",
        created_us=to_us(draw(moments)),
        updated_us=to_us(draw(moments)),
    )


libraries = st.integers(1, 6).flatmap(
    lambda count: st.tuples(*(kept(number=number) for number in range(count)))
)


def _value(text: st.SearchStrategy[str], *, prefix: bool = False) -> st.SearchStrategy[Value]:
    ends = st.booleans() if prefix else st.just(False)
    return st.builds(lambda written, end: Value(written, 0, end), text, ends)


texts = ["public_id", "filename", "display_name", "tags", "context.a", "context.a b", "metadata.é"]
numbers = {
    "width": ["0", "16", "160", "16.5", "-1", "99999999999"],
    "pixels": ["144", "14400", "1"],
    "bytes": ["0", "1k", "1.5kb", "1000", "2mb", "999.5"],
    "aspect_ratio": ["16:9", "1", "0.5", "1.7778", "1/2"],
    "created_at": ["1d", "now", "2026-05-03", "2026-05-04T12:00:00Z", "1h", "now-2d"],
    "updated_at": ["1w", "2026-05-04", "1777896000"],
}
signs = st.sampled_from([":", "=", ">", "<", ">=", "<="])
leaves = st.one_of(
    st.builds(
        lambda field, sign, value: Compared(field, sign, value, 0),
        st.sampled_from(texts),
        st.sampled_from([":", "="]),
        _value(values, prefix=True),
    ),
    st.builds(
        lambda field, value: Compared(field, ":", value, 0),
        st.sampled_from(["folder", "asset_folder", "public_id"]),
        _value(names, prefix=True),
    ),
    st.builds(
        lambda value: Compared(None, ":", value, 0), _value(st.sampled_from("ab1é"), prefix=True)
    ),
    st.builds(
        lambda name, key: Compared(name, ":", Value(key, 0), 0),
        st.sampled_from(["context", "metadata"]),
        keys,
    ),
    st.sampled_from(
        [
            Compared(field, ":", Value(text, 0), 0)
            for field, text in [
                ("resource_type", "raw"),
                ("type", "upload"),
                ("format", "JPG"),
                ("moderation_status", "approved"),
                ("moderation_kind", "manual"),
                ("backup", "true"),
                ("backup", "false"),
                ("status", "active"),
            ]
        ]
    ),
    st.sampled_from(
        [
            Compared(field, ":", Value("", 0, prefix=True), 0)
            for field in ("tags", "context", "context.a", "format", "width", "moderation_status")
        ]
    ),
    st.sampled_from(sorted(numbers)).flatmap(
        lambda field: st.builds(
            lambda sign, text: Compared(field, sign, Value(text, 0), 0),
            signs,
            st.sampled_from(numbers[field]),
        )
    ),
    st.sampled_from(sorted(numbers)).flatmap(
        lambda field: st.builds(
            lambda low, high, low_out, high_out: Between(
                field,
                None if low is None else Value(low, 0),
                None if high is None else Value(high, 0),
                low_out,
                high_out,
                0,
            ),
            st.sampled_from([None, *numbers[field]]),
            st.sampled_from([None, *numbers[field]]),
            st.booleans(),
            st.booleans(),
        )
    ),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(Every, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Some, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=5,
)


# -- the tree as text


def _quoted(value: Value) -> str:
    text = value.text.replace("\\", "\\\\").replace('"', '\\"').replace("*", "\\*")
    return f'"{text}{"*" if value.prefix else ""}"'


def _written(tree: Tree) -> str:
    match tree:
        case Compared(None, _, value):
            return _quoted(value)
        case Compared(field, sign, value):
            return f"{str(field).replace(' ', chr(92) + ' ')}{sign}{_quoted(value)}"
        case Between(field, low, high, low_out, high_out):
            ends = f"{_quoted(low) if low else '*'} TO {_quoted(high) if high else '*'}"
            return f"{field}:{'{' if low_out else '['}{ends}{'}' if high_out else ']'}"
        case Not(term):
            return f"NOT ({_written(term)})"
        case Every(terms):
            return " AND ".join(f"({_written(term)})" for term in terms)
        case Some(terms):
            return " OR ".join(f"({_written(term)})" for term in terms)


# -- the same, in plain Python


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c if c.isalnum() else " " for c in folded).split()


def _has_run(text: str, value: Value) -> bool:
    found, wanted = _words(text), _words(value.text)
    for start in range(len(found) - len(wanted) + 1):
        run = found[start : start + len(wanted)]
        if run == wanted:
            return True
        open_end = value.prefix and value.text[-1].isalnum()
        if open_end and run[:-1] == wanted[:-1] and run[-1].startswith(wanted[-1]):
            return True
    return False


def _texts(asset: Asset, field: str) -> list[str]:
    name, _, key = field.partition(".")
    match name:
        case "filename":
            return [asset.public_id.split("/")[-1]]
        case "tags":
            return list(asset.tags)
        case "context" | "metadata":
            found: dict[str, str] = getattr(asset, name)
            return [found[key]] if key in found else []
        case _:
            return [getattr(asset, name)]


def _amount(field: str, asset: Asset) -> Fraction | None:
    if field == "created_at":
        return Fraction(asset.created_us)
    if field == "updated_at":
        return Fraction(asset.updated_us)
    if field == "bytes":
        return Fraction(asset.bytes)
    if asset.width is None or asset.height is None:
        return None
    if field == "width":
        return Fraction(asset.width)
    return (
        Fraction(asset.width, asset.height)
        if field == "aspect_ratio"
        else Fraction(asset.width * asset.height)
    )


WRITTEN = {
    "1k": 1000, "1.5kb": 1500, "2mb": 2_000_000, "16:9": Fraction(16, 9), "1/2": Fraction(1, 2),
}  # fmt: skip
INSTANTS = {
    "1d": (NOW - DAY, None), "now": (NOW, None), "1h": (NOW - HOUR, None),
    "now-2d": (NOW - 2 * DAY, None), "1w": (NOW - 7 * DAY, None),
    "2026-05-03": (datetime(2026, 5, 3, tzinfo=UTC), DAY),
    "2026-05-04": (datetime(2026, 5, 4, tzinfo=UTC), DAY),
    "2026-05-04T12:00:00Z": (NOW, timedelta(seconds=1)),
    "1777896000": (NOW, timedelta(seconds=1)),
}  # fmt: skip


def _ends(field: str, text: str) -> tuple[Fraction, Fraction]:
    """The first and the last of what a value stands for."""
    if field.endswith("_at"):
        start, length = INSTANTS[text]
        first = to_us(start)
        return Fraction(first), Fraction(to_us(start + length) - 1 if length else first)
    exact = Fraction(WRITTEN.get(text, 0)) if text in WRITTEN else Fraction(text)
    return exact, exact


def _amounts(field: str, sign: str, text: str, asset: Asset) -> bool:
    mine = _amount(field, asset)
    if mine is None:
        return False
    first, last = _ends(field, text)
    match sign:
        case ">":
            return mine > last
        case ">=":
            return mine >= first
        case "<":
            return mine < first
        case "<=":
            return mine <= last
    return first <= mine <= last


def _folder(asset: Asset, value: Value) -> bool:
    if not value.prefix:
        return _in(asset, value.text.strip("/"))
    if not value.text:
        return "/" in asset.public_id
    below = asset.public_id[len(value.text.rstrip("/")) :]
    return asset.public_id.startswith(value.text) and "/" in below


def _in(asset: Asset, folder: str) -> bool:
    if not folder:
        return "/" not in asset.public_id
    rest = asset.public_id.removeprefix(f"{folder}/")
    return rest != asset.public_id and "/" not in rest


def _asset_folder(asset: Asset, value: Value) -> bool:
    mine = asset.asset_folder
    if not value.prefix:
        return mine == value.text.strip("/")
    if not value.text:
        return bool(mine)
    return mine.startswith(value.text) or (value.text.endswith("/") and mine == value.text[:-1])


def _is_there(asset: Asset, field: str) -> bool:
    name, _, key = field.partition(".")
    found: Any = getattr(asset, name)
    return key in found if key else found not in ((), {}, None)


def _text_matches(asset: Asset, test: Compared) -> bool:
    assert test.field
    value = test.value
    mine = _texts(asset, test.field)
    if not _words(value.text) or (test.operator == "=" and not value.prefix):
        exact = value.text in mine
        if test.field == "public_id" and value.prefix:
            return asset.public_id.startswith(value.text)
        return exact
    if test.field == "public_id" and value.prefix:
        one_word = len(_words(value.text)) == 1 and value.text[-1].isalnum()
        started = asset.public_id.startswith(value.text)
        return started or (one_word and _has_run(asset.public_id, value))
    return any(_has_run(text, value) for text in mine)


def _matches(tree: Tree, asset: Asset) -> bool:
    match tree:
        case Every(terms):
            return all(_matches(term, asset) for term in terms)
        case Some(terms):
            return any(_matches(term, asset) for term in terms)
        case Not(term):
            return not _matches(term, asset)
        case Between(field, low, high, low_out, high_out):
            return (
                _amount(field, asset) is not None
                and (low is None or _amounts(field, ">" if low_out else ">=", low.text, asset))
                and (high is None or _amounts(field, "<" if high_out else "<=", high.text, asset))
            )
        case Compared(None, _, value):
            everything = [asset.public_id, asset.display_name, asset.asset_folder, *asset.tags]
            everything += [*asset.context.values(), *asset.metadata.values()]
            return any(_has_run(text, value) for text in everything)
        case Compared("folder", _, value):
            return _folder(asset, value)
        case Compared("asset_folder", _, value):
            return _asset_folder(asset, value)
        case Compared("backup", _, value):
            return (asset.backup or asset.withdrawn) == (value.text == "true")
        case Compared("status"):
            return True
        case Compared(field, _, Value("", prefix=True)):
            return _is_there(asset, str(field))
        case Compared("context" | "metadata" as name, _, value):
            return value.text in getattr(asset, name)
        case Compared(field, sign, value) if field in numbers:
            return _amounts(field, sign, value.text, asset)
        case Compared(field) if field in texts:
            return _text_matches(asset, tree)
        case Compared(field, _, value):
            return getattr(asset, str(field)) == value.text.lower()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(library=libraries, tree=trees)
def test_the_database_finds_what_the_expression_says(
    connection: Connection, library: tuple[Asset, ...], tree: Tree
) -> None:
    expression = _written(tree)
    wanted = {asset.asset_id for asset in library if _matches(tree, asset)}
    with connection.begin() as transaction:
        for asset in library:
            stored.add(connection, asset)
        found = connection.scalars(
            select(stored.assets.c.asset_id).where(condition(parse(expression), cloud="c", now=NOW))
        )
        assert set(found) == wanted, expression
        transaction.rollback()


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("colour:red", "unknown field colour at character 1"),
        ("cat AND contxt.alt:x", "unknown field contxt.alt at character 9"),
        ("tags>a", "tags has no order and cannot be compared by > at character 1"),
        ("tags:[a TO b]", "tags is no field with an order at character 1"),
        ("width>wide", "wide is no number at character 7"),
        ("bytes>1tb", "1tb is no number at character 7"),
        ("created_at>yesterday", "yesterday is no point in time at character 12"),
        ("created_at>999999y", "999999y is no point in time at character 12"),
        ("aspect_ratio=1:0", "1:0 is no aspect ratio at character 14"),
        ("width:1*", "a wildcard that stands for no value at character 7"),
        ("backup:perhaps", "perhaps is neither true nor false at character 8"),
        ('"!"', "a term without letters or digits at character 1"),
    ],
)
def test_what_a_field_cannot_be_asked_is_refused_at_its_place(expression: str, fault: str) -> None:
    with pytest.raises(BadRequest) as refused:
        condition(parse(expression), cloud="c", now=NOW)
    assert str(refused.value) == f"Invalid search expression: {fault}"


@pytest.mark.parametrize(
    ("expression", "looked_up"),
    [
        ("", False),
        ("cat", False),
        ("public_id=a/b", True),
        ("public_id:a/*", True),
        ("public_id:a*", False),
        ("public_id:*", False),
        ("tags=a", True),
        ("tags:a", False),
        ("tags=*", False),
        ("context.a=b", True),
        ("metadata.a=b", False),
        ("asset_id:0", True),
        ("cat AND tags=a", True),
        ("cat OR tags=a", False),
        ("tags=(a OR b)", True),
        ("NOT tags=a", False),
        ("width>1", False),
    ],
)
def test_what_an_index_finds_is_known(expression: str, *, looked_up: bool) -> None:
    assert is_looked_up(parse(expression)) is looked_up


def test_a_few_assets_are_found_by_their_index_and_then_sorted() -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as opened:
        metadata.create_all(opened)
        for expression, read in (
            ("public_id=a", "public_id=?"),
            ("public_id:a/*", "public_id>?"),
            ("tags=a", "tagged_assets"),
            ("width>1", "assets_by_age"),
        ):
            tree, newest = parse(expression), (("created_at", False),)
            few = is_looked_up(tree)
            keys = keys_of(newest, few=few)
            query = (
                select(stored.assets.c.seq)
                .where(
                    stored.assets.c.cloud == "c",
                    live(few=few),
                    condition(tree, cloud="c", now=NOW),
                )
                .order_by(*(key.desc() for key, _ in keys))
            )
            text = str(query.compile(engine, compile_kwargs={"literal_binds": True}))
            plan = opened.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
            assert read in " ".join(row[3] for row in plan), expression
    engine.dispose()
