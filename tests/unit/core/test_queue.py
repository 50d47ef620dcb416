from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modstation.core.assets import AssetRef
from modstation.core.queue import QueuePosition, Split, parse_kinds
from modstation.store.asset_rows import share_of


@pytest.mark.parametrize(
    ("text", "split"), [("1/1", Split(1, 1)), ("2/3", Split(2, 3)), (" 3 / 3 ", Split(3, 3))]
)
def test_a_split_is_read_as_people_write_it(text: str, split: Split) -> None:
    assert Split.parse(text) == split


@pytest.mark.parametrize("text", ["", "1", "0/3", "4/3", "-1/3", "a/b", "1/0", "1/3/4", "1,5/3"])
def test_a_wrong_split_is_explained(text: str) -> None:
    with pytest.raises(ValueError, match=r"split|between"):
        Split.parse(text)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("manual", ("manual",)),
        ("manual,webpurify", ("manual", "webpurify")),
        (" webpurify , manual,,webpurify", ("webpurify", "manual")),
    ],
)
def test_kinds_are_read_as_people_write_them(text: str, kinds: tuple[str, ...]) -> None:
    assert parse_kinds(text) == kinds


@given(st.text(), st.integers(1, 12))
def test_every_asset_belongs_to_exactly_one_share(public_id: str, parts: int) -> None:
    key = AssetRef("image", "upload", public_id).key
    owners = [part for part in range(1, parts + 1) if Split(part, parts).covers(key)]
    assert len(owners) == 1
    assert share_of(key) % parts == owners[0] - 1


def test_skipped_entries_come_after_all_others() -> None:
    young, old, skipped = (
        QueuePosition(0, 200, "b"),
        QueuePosition(0, 100, "c"),
        QueuePosition(1, 1, "a"),
    )
    assert sorted([skipped, young, old]) == [old, young, skipped]


@given(st.text(), st.text())
def test_a_key_leads_back_to_its_reference(one: str, other: str) -> None:
    first, second = AssetRef("image", "upload", one), AssetRef("image", "upload", other)
    assert AssetRef.from_key(first.key) == first
    assert (first.key == second.key) == (first == second)
