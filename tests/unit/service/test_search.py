"""Pages, counts and limits of a search, over HTTP."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import literal_column, select, text

from helpers.live_service import LiveService, picture
from modstation.service.faults import BadRequest
from modstation.service.running.time_limit import time_limit
from modstation.service.search import searching

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modstation.service.service import Service


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def library(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveService]:
    data = tmp_path_factory.mktemp("library")
    with ExitStack() as stack:
        url = None
        if request.param == "postgresql":
            url = stack.enter_context(request.getfixturevalue("cluster").database())
        live = stack.enter_context(LiveService(data, database=url))
        sizes = [(40, 30), (80, 30), (40, 30), (60, 60), (30, 30)]
        for number, size in enumerate(sizes):
            live.upload(
                picture(number, size, "PNG" if number == 3 else "JPEG"),
                public_id=f"pets/{'abcde'[number]}",
                moderation="manual" if number % 2 else None,
                tags=["all", f"t{number}"],
                context=f"alt=Number {number}",
            )
        live.upload(b"just text", public_id="notes.txt", resource_type="raw")
        live.upload(public_id="gone", tags="all", backup="1")
        live.request("POST", "/image/destroy", data={"public_id": "gone"})
        live.decide("pets/b", "rejected")
        yield live


def find(live: LiveService, expression: str = "", **asked: Any) -> dict[str, Any]:
    answer = live.request("POST", "/resources/search", json={"expression": expression, **asked})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def refusal(live: LiveService, **asked: Any) -> str:
    answer = live.request("POST", "/resources/search", json=asked)
    assert answer.status_code == 400, answer.text
    return str(answer.json()["error"]["message"])


def names(found: dict[str, Any]) -> list[str]:
    return [item["public_id"] for item in found["resources"]]


def test_everything_is_found_newest_first_but_what_was_deleted(library: LiveService) -> None:
    found = find(library)
    assert names(found) == ["notes.txt", "pets/e", "pets/d", "pets/c", "pets/b", "pets/a"]
    assert found["total_count"] == 6
    assert isinstance(found["time"], int)
    assert "next_cursor" not in found
    assert find(library, "gone")["total_count"] == 0


@pytest.mark.parametrize(
    "order",
    [
        [],
        [{"public_id": "asc"}],
        [{"width": "desc"}, {"public_id": "asc"}],
        [{"format": "asc"}, {"width": "desc"}, {"height": "asc"}],
        [{"pixels": "asc"}],
        [{"moderation_status": "desc"}, {"bytes": "asc"}],
    ],
)
def test_pages_of_any_order_show_everything_once(
    library: LiveService, order: list[dict[str, str]]
) -> None:
    whole = names(find(library, sort_by=order))
    seen: list[str] = []
    asked: dict[str, Any] = {"sort_by": order, "max_results": 2}
    while True:
        page = find(library, **asked)
        assert page["total_count"] == 6
        seen += names(page)
        if "next_cursor" not in page:
            break
        asked["next_cursor"] = page["next_cursor"]
    assert seen == whole
    assert len(set(whole)) == 6


def test_what_has_no_width_is_the_smallest(library: LiveService) -> None:
    assert names(find(library, sort_by=[{"width": "asc"}]))[0] == "notes.txt"
    assert names(find(library, sort_by=[{"width": "desc"}, {"height": "desc"}]))[:2] == [
        "pets/b",
        "pets/d",
    ]


def test_an_item_says_what_its_asset_is(library: LiveService) -> None:
    [item] = find(library, "pets/b", with_field=["tags", "context", "metadata"])["resources"]
    assert item["moderation_kind"] == "manual"
    assert item["moderation_status"] == "rejected"
    assert item["context"] == {"alt": "Number 1"}
    assert item["tags"] == ["all", "t1"]
    assert item["metadata"] == {}
    assert (item["filename"], item["folder"], item["aspect_ratio"]) == ("b", "pets", 2.66667)
    plain = find(library, "pets/b")["resources"][0]
    assert not {"tags", "context", "metadata", "moderation"} & set(plain)
    [cut] = find(library, "pets/b", fields=["tags", "width"])["resources"]
    assert set(cut) == {"asset_id", "public_id", "folder", "tags", "width"}


def test_values_and_ranges_are_counted(library: LiveService) -> None:
    ranges = [{"key": "small", "to": 2000}, {"key": "big", "from": 2000}]
    found = find(
        library,
        "resource_type:image",
        max_results=1,
        aggregate=["format", "moderation_status", {"type": "pixels", "ranges": ranges}],
    )
    assert found["aggregations"] == {
        "format": {"jpg": 4, "png": 1},
        "moderation_status": {"pending": 1, "rejected": 1},
        "pixels": {"small": 3, "big": 2},
    }


def test_matches_are_counted_up_to_a_bound(
    library: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MOST_COUNTED", 4)
    first = find(library, max_results=4)
    assert first["total_count"] == 4
    # The rest is there all the same.
    assert len(find(library, max_results=4, next_cursor=first["next_cursor"])["resources"]) == 2


def test_a_cursor_belongs_to_its_expression_and_order(library: LiveService) -> None:
    cursor = find(library, "pets", max_results=2)["next_cursor"]
    assert len(find(library, "pets", max_results=2, next_cursor=cursor)["resources"]) == 2
    for other in (
        {"expression": "all"},
        {"expression": "pets", "sort_by": [{"created_at": "asc"}]},
        {"expression": "pets", "next_cursor": "guess"},
        {"expression": "pets", "next_cursor": cursor[:-4]},
    ):
        message = refusal(library, **({"next_cursor": cursor} | other))
        assert message == "Invalid value for next_cursor"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"expression": "cat AND ("}, "Invalid search expression: it ends too early at"),
        ({"expression": ["a"]}, "Invalid value for parameter expression"),
        ({"expression": "a\x00"}, "Invalid value for parameter expression: control characters"),
        ({"max_results": 501}, "max_results must be between 1 and 500"),
        ({"sort_by": [{"colour": "asc"}]}, "Invalid value colour for parameter sort_by"),
        ({"sort_by": [{"width": "up"}]}, "Invalid value up for parameter sort_by"),
        ({"sort_by": [{"width": "asc"}] * 6}, "sort_by: at most 5 fields"),
        ({"with_field": "colours"}, "Invalid value colours for parameter with_field"),
        ({"aggregate": "public_id"}, "Invalid value public_id for parameter aggregate"),
        ({"aggregate": "bytes"}, "aggregate: bytes needs 1 to 50 ranges"),
        ({"aggregate": {"type": "bytes", "ranges": [{"key": "a", "to": "b"}]}}, "aggregate: a ran"),
    ],
)
def test_what_a_search_cannot_do_is_refused_by_name(
    library: LiveService, asked: dict[str, Any], message: str
) -> None:
    assert refusal(library, **asked).startswith(message)


def test_a_search_that_takes_too_long_is_given_up(still: Service) -> None:
    endless = text(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    )
    with (
        still.ledger.read() as connection,
        pytest.raises(BadRequest, match="The search took too long"),
        time_limit(connection, 0.05),
    ):
        connection.execute(endless.columns(literal_column("i"))).all()
    with still.ledger.read() as connection:
        assert connection.scalar(select(literal_column("1"))) == 1


def test_metadata_is_compared_as_what_it_is(live: LiveService) -> None:
    values = {"values": [{"external_id": "r", "value": "Red"}, {"external_id": "b", "value": "B"}]}
    for field in (
        {"external_id": "price", "type": "integer"},
        {"external_id": "day", "type": "date"},
        {"external_id": "note", "type": "string"},
        {"external_id": "kinds", "type": "set", "datasource": values},
    ):
        answer = live.request(
            "POST", "/metadata_fields", json={"label": field["external_id"]} | field
        )
        assert answer.status_code == 200, answer.text
    live.upload(public_id="x", metadata='price=120|day=2024-05-01|kinds=["r"]|note=zebra 9')
    live.upload(public_id="bare")
    for expression, found in {
        "metadata.price>100": True,
        "metadata.price>=120.5": False,
        "metadata.price:[100 TO 120}": False,
        "metadata.price:[* TO 120]": True,
        "metadata.day>2024-04-30": True,
        "metadata.day<2024-05-01": False,
        "metadata.day:[2024-01-01 TO 2024-05-01]": True,
        "metadata.note>2024-01-01": False,
        "metadata.note<5": False,
        "metadata.kinds=r": True,
        "metadata.kinds=b": False,
        "metadata.price=r": False,
        "metadata.none>1": False,
    }.items():
        assert names(find(live, expression)) == (["x"] if found else []), expression
        other = names(find(live, f"NOT ({expression})"))
        assert ("x" in other) is not found
        assert "bare" in other
    message = refusal(live, expression="metadata.price>cheap")
    assert message.endswith("cheap is neither a number nor a date at character 16")
    assert "without an end" in refusal(live, expression="metadata.price:[* TO *]")
