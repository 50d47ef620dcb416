"""Where tiles lie: every size of window, every offset."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modstation.app.grid_layout import GAP, SIZES, Layout

layouts = st.builds(
    Layout,
    width=st.integers(160, 4000),
    height=st.integers(120, 2200),
    count=st.integers(1, 2000),
    lead=st.just(0),
    size=st.integers(0, len(SIZES) - 1),
)


@given(layouts, st.data())
def test_a_tile_that_was_brought_is_seen_from_edge_to_edge(
    layout: Layout, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, layout.count - 1))
    offset = layout.bring(index, data.draw(st.integers(0, layout.last_offset)))
    box = layout.box(index, offset)
    assert box.y >= 0
    assert box.y + box.height <= layout.height
    assert index in layout.whole(offset)
    assert layout.bring(index, offset) == offset


@given(layouts, st.data())
def test_whole_tiles_are_those_that_lie_inside_and_visible_ones_touch_the_view(
    layout: Layout, data: st.DataObject
) -> None:
    offset = data.draw(st.integers(0, layout.last_offset))
    whole, visible = set(layout.whole(offset)), set(layout.visible(offset))
    assert whole <= visible
    near = range(max(0, min(visible) - 50), min(layout.count, max(visible) + 50))
    for index in near:
        box = layout.box(index, offset)
        inside = box.y >= 0 and box.y + box.height <= layout.height
        touches = box.y < layout.height and box.y + box.height > 0
        assert inside == (index in whole)
        if touches:
            assert index in visible


@given(layouts)
def test_tiles_do_not_overlap_and_fill_the_width(layout: Layout) -> None:
    boxes = [layout.box(n, 0) for n in range(min(layout.columns, layout.count))]
    assert boxes[0].x >= 0
    assert boxes[-1].x + boxes[-1].width <= layout.width
    for left, right in itertools.pairwise(boxes):
        assert left.x + left.width + GAP == right.x


@pytest.mark.parametrize(
    ("index", "dx", "dy", "to"),
    [
        (0, 1, 0, 1),
        (0, -1, 0, None),
        (0, 0, 1, 4),
        (3, 0, -1, None),
        (5, 0, 1, 9),
        # The last row has two tiles: below the third column lies the last of them.
        (6, 0, 1, 9),
        (8, 0, 1, None),
        (9, 1, 0, None),
    ],
)
def test_arrows_step_from_tile_to_tile(index: int, dx: int, dy: int, to: int | None) -> None:
    layout = Layout(width=4 * 200, height=600, count=10, size=2)
    assert layout.columns == 4
    assert layout.step(index, dx, dy) == to


def test_a_point_is_in_a_tile_or_between_them() -> None:
    layout = Layout(width=800, height=600, count=10)
    box = layout.box(5, 40)
    assert layout.at(box.x + 1, box.y + 1, 40) == 5
    assert layout.at(box.x - 1, box.y + 1, 40) is None


def test_cells_at_the_beginning_keep_every_tile_in_its_column() -> None:
    layout = Layout(width=800, height=600, count=10, lead=3)
    plain = Layout(width=800, height=600, count=10)
    assert layout.box(0, 0).x == plain.box(3, 0).x
    assert layout.box(1, 0) == plain.box(4, 0)
    assert next(iter(layout.visible(0))) == 0
