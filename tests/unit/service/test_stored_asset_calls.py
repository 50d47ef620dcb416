"""The calls on stored assets, in every spelling, in any order, and with any nonsense in them."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from helpers.live_service import LiveService, picture
from modstation.service.assets import stored
from modstation.service.assets.word_index import value_digest
from modstation.service.schema import asset_context, asset_tags, folders
from modstation.service.schema import assets as table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

JSON = {"Content-Type": "application/json"}


def post(live: LiveService, path: str, **options: Any) -> dict[str, Any]:
    answer = live.request("POST", path, **options)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize(
    "spelled",
    [
        {"data": {"command": "add", "tag": "x,y", "public_ids[]": ["a", "b"]}},
        {"data": {"command": "add", "tag[]": ["x", "y"], "public_ids": ["a", "b"]}},
        {"data": {"command": "add", "tag[0]": "x", "tag[1]": "y", "public_ids[]": ["a", "b"]}},
        {"json": {"command": "add", "tags": ["x", "y"], "public_ids": ["a", "b"]}},
        {"json": {"command": "add", "tag": "x,y", "tags": None, "public_ids": ["a", "b"]}},
        {"params": {"command": "add", "tag": "x,y", "public_ids[]": ["a", "b"]}},
        {
            "data": {"command": "add", "tag": "x,y", "public_ids[]": ["a", "b"]},
            "files": {"unused": ("", b"")},
        },
    ],
)
def test_lists_are_read_in_every_spelling(shared: LiveService, spelled: dict[str, Any]) -> None:
    for name in ("a", "b"):
        shared.upload(public_id=name, tags="old")
    answer = post(shared, "/image/tags", **spelled)
    assert answer == {"public_ids": ["a", "b"]}
    assert shared.asset("a")["tags"] == shared.asset("b")["tags"] == ["old", "x", "y"]


@pytest.mark.parametrize(
    "given_context",
    [
        {"data": {"context": "k=1|l=a\\=b\\|c"}},
        {"json": {"context": {"k": 1, "l": "a=b|c"}}},
        {"json": {"context": "k=1|l=a\\=b\\|c"}},
        {"data": {"context[k]": "1", "context[l]": "a=b|c"}},
        {"params": {"context": "k=1|l=a\\=b\\|c"}},
    ],
)
def test_pairs_are_read_in_every_spelling(
    shared: LiveService, given_context: dict[str, Any]
) -> None:
    shared.upload(public_id="a")
    named = {"command": "add", "public_ids[]": "a"}
    if "json" in given_context:
        given_context = {"json": given_context["json"] | {"command": "add", "public_ids": ["a"]}}
    else:
        given_context = {"params": {**given_context.get("params", {}), **named}} | {
            key: value for key, value in given_context.items() if key != "params"
        }
    post(shared, "/image/context", **given_context)
    assert shared.asset("a")["context"] == {"custom": {"k": "1", "l": "a=b|c"}}


@pytest.mark.parametrize("true", ["1", "true", True])
def test_flags_are_read_in_every_spelling(shared: LiveService, true: object) -> None:
    for name in ("from", "to"):
        shared.upload(public_id=name)
    names = {"from_public_id": "from", "to_public_id": "to"}
    for false in ("0", "false", False, None):
        answer = shared.request("POST", "/image/rename", json=names | {"overwrite": false})
        assert answer.json()["error"]["message"] == "to_public_id(to) already exists"
    assert post(shared, "/image/rename", json=names | {"overwrite": true})["public_id"] == "to"


def test_a_large_metadata_call_is_refused_and_a_thousand_assets_are_enough(
    shared: LiveService,
) -> None:
    shared.upload(public_id="last")
    many = [f"p{number}" for number in range(1000)]
    call = {"command": "add", "tag": "t", "public_ids": [*many, "last"]}
    assert post(shared, "/image/tags", json=call) == {"public_ids": []}
    assert post(shared, "/image/tags", json=call | {"public_ids": [*many[1:], "last"]}) == {
        "public_ids": ["last"]
    }
    tags = {"command": "add", "tag": [f"t{n}" for n in range(1001)], "public_ids": ["last"]}
    answer = shared.request("POST", "/image/tags", json=tags)
    assert answer.json()["error"]["message"] == "tags: at most 1000 per asset"


NAMES = st.sampled_from(["a", "b", "c", "f/d"])
WORDS = st.lists(st.sampled_from(["t", "u v", "ä"]), min_size=1, max_size=3, unique=True)
PAIRS = st.dictionaries(st.sampled_from(["k", "l"]), st.sampled_from(["", "1", "ö"]), min_size=1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("upload"), NAMES, WORDS, PAIRS),
        st.tuples(st.just("tags"), st.lists(NAMES, min_size=1), WORDS, st.sampled_from(
            ["add", "remove", "replace", "remove_all", "set_exclusive"])),
        st.tuples(st.just("context"), st.lists(NAMES, min_size=1), PAIRS, st.sampled_from(
            ["add", "remove_all"])),
        st.tuples(st.just("rename"), NAMES, NAMES, st.booleans()),
        st.tuples(st.just("delete"), NAMES),
        st.tuples(st.just("delete_by_tag"), st.sampled_from(["t", "ä"])),
        st.tuples(st.just("restore"), NAMES),
        st.tuples(st.just("explicit"), NAMES, WORDS),
        st.tuples(st.just("update"), NAMES, PAIRS),
    ),
    max_size=12,
)  # fmt: skip


class Site:
    """Does one step after the other over one connection."""

    def __init__(self, live: LiveService, client: httpx.Client) -> None:
        self.live, self.client = live, client

    def __call__(self, method: str, path: str, **options: Any) -> None:
        answer = self.client.request(method, f"{self.live.api}{path}", **options)
        assert answer.status_code in (200, 400, 404), answer.text

    def do(self, kind: str, *of: Any) -> None:
        match kind, of:
            case "upload", (name, words, pairs):
                context = "|".join(f"{key}={value}" for key, value in pairs.items())
                self("POST", "/image/upload", files={"file": ("x.jpg", picture())}, data={
                    "public_id": name, "tags": words, "context": context,
                    "backup": "1" if name < "c" else "0"})  # fmt: skip
            case "tags", (names, words, command):
                call = {"command": command, "tag": words, "public_ids": names}
                self("POST", "/image/tags", json=call)
            case "context", (names, pairs, command):
                call = {"command": command, "context": pairs, "public_ids": names}
                self("POST", "/image/context", json=call)
            case "rename", (name, other, overwrite):
                call = {"from_public_id": name, "to_public_id": other, "overwrite": overwrite}
                self("POST", "/image/rename", json=call)
            case "delete", (name,):
                self("POST", "/image/destroy", json={"public_id": name})
            case "delete_by_tag", (tag,):
                self("DELETE", f"/resources/image/tags/{tag}")
            case "delete_folder", (path,):
                self("DELETE", f"/folders/{path}")
            case "restore", (name,):
                self("POST", "/resources/image/upload/restore", json={"public_ids": [name]})
            case "explicit", (name, words):
                self("POST", "/image/explicit", json={"public_id": name, "tags": words})
            case "update", (name, pairs):
                call = {"public_id": name, "context": pairs}
                self("POST", "/resources/update", json=call)


@pytest.fixture
def site(live: LiveService) -> Iterator[Site]:
    with httpx.Client(
        auth=(live.key, live.secret), trust_env=False, verify=False, timeout=30
    ) as client:
        yield Site(live, client)


@given(STEPS)
@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_indexes_say_what_the_assets_say_after_any_calls(
    site: Site, steps: list[tuple[Any, ...]]
) -> None:
    for step in steps:
        site.do(*step)
    agree(site.live)


def agree(live: LiveService) -> None:
    """Assert that indexes and folders are what the rows of the assets say."""
    assert live.service is not None
    with live.service.ledger.read() as connection:
        kept = stored.find_numbered(connection, connection.scalars(select(table.c.seq)).all())
        tagged = connection.execute(select(asset_tags.c.asset_seq, asset_tags.c.tag)).all()
        column = asset_context.c
        pairs = connection.execute(select(column.asset_seq, column.key, column.value_digest)).all()
        paths = set(connection.scalars(select(folders.c.path)))
    assert sorted(map(tuple, tagged)) == sorted((a.seq, tag) for a in kept for tag in a.tags)
    assert sorted(map(tuple, pairs)) == sorted(
        (a.seq, key, value_digest(value)) for a in kept for key, value in a.context.items()
    )
    assert {a.asset_folder for a in kept if a.asset_folder} <= paths


def test_callers_who_meet_at_the_same_assets_all_get_an_answer(live: LiveService) -> None:
    def visit(number: int) -> None:
        dice = random.Random(number)
        with httpx.Client(
            auth=(live.key, live.secret), trust_env=False, verify=False, timeout=60
        ) as client:
            site = Site(live, client)
            for _ in range(12):
                site.do(*meeting(dice))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(visit, range(4)))
    agree(live)


def meeting(dice: random.Random) -> tuple[Any, ...]:
    """One of the steps that take several assets, or whole folders, at once."""
    name, other = dice.choices(["a", "b", "f/d"], k=2)
    words = dice.choices(["t", "u v"], k=dice.randint(1, 2))
    return dice.choice(
        [
            ("upload", name, words, {"k": "1"}),
            ("tags", [name, other], words, dice.choice(["add", "replace", "set_exclusive"])),
            ("context", [name, other], {"k": "1", "l": ""}, "add"),
            ("rename", name, other, True),
            ("delete_by_tag", "t"),
            ("delete_folder", "f"),
        ]
    )


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(["a", "add", "upload", "string", "enum", "1=2|3", "[", "{", "x" * 300]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=5) | st.sampled_from(["type", "values"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
PARAMETERS = (
    "command", "tag", "tags", "public_ids", "context", "metadata", "type", "from_public_id",
    "to_public_id", "to_type", "overwrite", "public_id", "moderation", "notification_url", "token",
    "external_id", "label", "mandatory", "default_value", "validation", "restrictions",
    "datasource", "values", "external_ids", "order_by", "direction", "asset_folder", "backup",
)  # fmt: skip
ROUTES = (
    ("POST", "/image/tags"), ("POST", "/image/context"), ("POST", "/image/metadata"),
    ("POST", "/image/rename"), ("POST", "/image/explicit"), ("POST", "/delete_by_token"),
    ("DELETE", "/resources/image/tags/t"), ("POST", "/metadata_fields"),
    ("PUT", "/metadata_fields/there"), ("PUT", "/metadata_fields/order"),
    ("PUT", "/metadata_fields/there/datasource"), ("DELETE", "/metadata_fields/there/datasource"),
    ("POST", "/metadata_fields/there/datasource_restore"),
    ("POST", "/metadata_fields/there/datasource/order"), ("POST", "/folders/some/where"),
    ("DELETE", "/folders/some"), ("POST", "/resources/update"),
)  # fmt: skip


@pytest.fixture
def visited(site: Site) -> Callable[..., httpx.Response]:
    site.do("upload", "a", ["t"], {"k": "1"})
    values = [{"external_id": "one", "value": "One"}]
    fields = {"external_id": "there", "label": "There", "type": "set"}
    site("POST", "/metadata_fields", json=fields | {"datasource": {"values": values}})

    def visit(method: str, path: str, **options: Any) -> httpx.Response:
        return site.client.request(method, f"{site.live.api}{path}", **options)

    return visit


@given(
    st.sampled_from(ROUTES),
    st.dictionaries(st.sampled_from(PARAMETERS), ANYTHING, max_size=6),
    st.sampled_from(["public_ids", "values", None]),
)
@settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_nonsense_is_refused_and_never_breaks_anything(
    visited: Callable[..., httpx.Response],
    route: tuple[str, str],
    parameters: dict[str, Any],
    certain: str | None,
) -> None:
    if certain == "public_ids":
        parameters = {"public_ids": ["a"], "public_id": "a", "command": "add"} | parameters
    elif certain == "values":
        parameters = {"label": "L", "type": "set", "values": [{"value": "v"}]} | parameters
    answer = visited(*route, content=json.dumps(parameters).encode(), headers=JSON)
    assert answer.status_code in (200, 400, 404), (route, parameters, answer.text)
    if answer.status_code != 200:
        assert answer.json()["error"]["message"]


ADDRESSES = (
    "/tags/image?prefix=%00",
    "/tags/image?next_cursor=x",
    "/tags/x",
    "/resources/image/tags/%00",
    "/resources/image/tags/%ff",
    "/resources/image/context",
    "/resources/image/context?key=%00",
    "/resources/by_asset_folder",
    "/resources/by_asset_folder?asset_folder=%ff",
    "/folders/%00",
    "/folders/%ff",
    "/folders?next_cursor=x",
    "/folders?max_results=0",
    "/metadata_fields/%00",
)


def test_addresses_with_nonsense_are_refused(live: LiveService) -> None:
    for path in ADDRESSES:
        answer = live.request("GET", path)
        assert answer.status_code in (200, 400, 404), (path, answer.text)


def test_documents_in_a_form_that_nest_too_deeply_are_refused(shared: LiveService) -> None:
    shared.upload(picture(), public_id="nested")
    deep = "[" * 100_000 + "]" * 100_000
    decision = {"moderation_status": "approved", "modstation_decision": f'{{"x":{deep}}}'}
    answer = shared.request("POST", "/resources/image/upload/nested", data=decision)
    assert (answer.status_code, "nested too deeply" in answer.text) == (400, True)
    field = {"type": "string", "label": "x", "external_id": "x", "validation": f'{{"x":{deep}}}'}
    answer = shared.request("POST", "/metadata_fields", data=field)
    assert answer.status_code == 400
    body = f'{{"public_ids":{deep[99_400:100_600]}}}'.encode()
    headers = {"Content-Type": "application/json"}
    answer = shared.request("POST", "/image/upload", content=body, headers=headers)
    assert (answer.status_code, "nested deeper" in answer.text) == (400, True)
