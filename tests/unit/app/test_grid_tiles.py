"""The entries of the sheet: what the store says, what was taken meanwhile, what is marked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpers.assets import make_asset
from modstation.app.grid_tiles import MOST_MARKED, GridTiles, TileLook
from modstation.app.look import Shown
from modstation.core.queue import QueueEntry, QueuePosition


def entry(number: int, *, version: int = 1) -> QueueEntry:
    asset = make_asset(number, version=version)
    return QueueEntry(QueuePosition(0, number, asset.key), asset, "manual")


def entries(*numbers: int) -> list[QueueEntry]:
    return [entry(number) for number in numbers]


@pytest.fixture
def taken() -> set[str]:
    return set()


@pytest.fixture
def tiles(taken: set[str]) -> GridTiles:
    tiles = GridTiles(lambda _: False, taken.__contains__)
    tiles.merge(entries(3, 4, 5), None, None, keep=None)
    return tiles


def numbers(tiles: GridTiles) -> list[int]:
    return [tiles[n].entry.position.rank for n in range(len(tiles))]


def test_pages_before_and_after_are_put_in_their_places(tiles: GridTiles) -> None:
    first, last = tiles[0].entry.position, tiles[2].entry.position
    assert tiles.merge(entries(1, 2), None, first, keep=tiles[0].key) == 2
    assert tiles.merge(entries(5, 6, 7), last, None, keep=None) == 0
    assert numbers(tiles) == [1, 2, 3, 4, 5, 6, 7]


def test_what_is_settled_elsewhere_leaves_but_not_under_the_moderators_key(
    tiles: GridTiles,
) -> None:
    tiles.mark([tiles[0], tiles[1]])
    tiles.merge(entries(5), None, None, keep=entry(4).key)
    assert numbers(tiles) == [4, 5]
    assert [tile.key for tile in tiles.marked] == [entry(4).key]


def test_what_was_decided_does_not_come_back_by_an_old_answer(
    tiles: GridTiles, taken: set[str]
) -> None:
    taken.add(entry(4).key)
    tiles.take({entry(4).key})
    tiles.merge(entries(3, 4, 5), None, None, keep=None)
    assert numbers(tiles) == [3, 5]
    taken.clear()
    tiles.put_back(entries(4))
    assert numbers(tiles) == [3, 4, 5]


def test_another_picture_under_the_same_name_was_neither_seen_nor_marked(
    tiles: GridTiles,
) -> None:
    tile = tiles[1]
    tile.look.painted(Shown.PICTURE, 1.0)
    tiles.mark([tile])
    tiles.merge([entry(3), entry(4, version=2), entry(5)], None, None, keep=tile.key)
    assert tiles.marked == []
    assert tiles[1].look.painted_for(9.0) is None


def test_a_mark_outlives_the_tile_that_was_let_go(tiles: GridTiles) -> None:
    tiles.mark([tiles[0]])
    tiles.drop_first(1)
    assert len(tiles.marked) == 1
    marked = tiles.marked[0]
    tiles.merge(entries(3, 4, 5), None, None, keep=None)
    assert tiles[0] is marked


def test_no_more_are_marked_than_one_transaction_holds(tiles: GridTiles) -> None:
    tiles.merge(entries(*range(1, 300)), None, None, keep=None)
    assert tiles.mark([tiles[0]])
    assert not tiles.mark(tiles[n] for n in range(MOST_MARKED + 1))
    assert len(tiles.marked) == 1


def test_a_look_remembers_how_long_it_was_on_the_screen() -> None:
    look = TileLook(protected=False)
    assert look.painted_for(5.0) is None
    look.painted(Shown.PICTURE, 5.0)
    look.gone(6.0)
    assert look.painted_for(20.0) == 1.0
    look.painted(Shown.PICTURE, 21.0)
    assert look.painted_for(21.5) == 1.0
    assert look.painted_for(24.0) == 3.0


def test_entries_outside_of_what_is_in_memory_are_not_put_back_there(tiles: GridTiles) -> None:
    tiles.at_start = tiles.at_end = False
    tiles.put_back(entries(1, 9))
    assert numbers(tiles) == [3, 4, 5]
    tiles.at_start = tiles.at_end = True
    tiles.put_back([replace(one) for one in entries(1, 9)])
    assert numbers(tiles) == [1, 3, 4, 5, 9]
