"""Zoom, pan and rotation are numbers: tables say what they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modstation.ui.viewport import MOST, Viewport


def photo(**more: object) -> Viewport:
    return Viewport(natural=(4000, 3000), view=(1000, 600), **more)


def test_a_large_image_is_fitted() -> None:
    assert photo().fit == pytest.approx(0.2)
    place = photo().place()
    assert (place.x, place.y, place.width, place.height) == (100, 0, 800, 600)


def test_a_small_image_is_never_enlarged_by_itself() -> None:
    view = Viewport(natural=(100, 50), view=(1000, 600))
    assert view.fit == 1.0
    assert view.place().width == 100


def test_a_turned_image_is_fitted_the_other_way() -> None:
    view = photo(quarters=1)
    assert view.fit == pytest.approx(600 / 4000)
    assert (view.place().width, view.place().height) == pytest.approx((450, 600))


def test_zooming_out_ends_at_the_whole_image() -> None:
    view = photo()
    view.zoom(1.25)
    assert view.zoomed
    view.zoom(1 / 1.25)
    assert not view.zoomed
    view.zoom(1 / 1.25)
    assert not view.zoomed


def test_zooming_in_has_an_end() -> None:
    view = photo()
    for _ in range(100):
        view.zoom(1.25)
    assert view.effective == MOST


def test_zooming_keeps_the_point_under_the_pointer() -> None:
    view = photo()
    view.full_size()
    before = view.place()
    at = (600.0, 350.0)
    share = ((at[0] - before.x) / before.width, (at[1] - before.y) / before.height)
    view.zoom(2.0, at)
    after = view.place()
    assert (after.x + share[0] * after.width) == pytest.approx(at[0], abs=1)
    assert (after.y + share[1] * after.height) == pytest.approx(at[1], abs=1)


def test_four_quarters_are_none() -> None:
    view = photo()
    view.full_size()
    view.pan(300, -200)
    before = view.centre
    for _ in range(4):
        view.rotate(1)
    assert view.quarters == 0
    assert view.centre == pytest.approx(before)


_STEPS = st.one_of(
    st.tuples(st.just("zoom"), st.floats(0.5, 2.0), st.floats(0, 1000)),
    st.tuples(st.just("pan"), st.floats(-3000, 3000), st.floats(-3000, 3000)),
    st.tuples(st.just("rotate"), st.integers(-1, 1), st.just(0)),
    st.tuples(st.just("toggle"), st.just(0), st.just(0)),
)


@given(
    natural=st.tuples(st.integers(1, 20000), st.integers(1, 20000)),
    view=st.tuples(st.integers(100, 4000), st.integers(100, 3000)),
    steps=st.lists(_STEPS, max_size=30),
)
def test_the_stage_never_shows_less_of_the_image_than_it_could(
    natural: tuple[int, int], view: tuple[int, int], steps: list[tuple[str, float, float]]
) -> None:
    port = Viewport(natural=natural, view=view)
    for what, one, two in steps:
        match what:
            case "zoom":
                port.zoom(one, (two, two))
            case "pan":
                port.pan(one, two)
            case "rotate":
                port.rotate(int(one))
            case _:
                port.toggle()
        place = port.place()
        for start, size, room in (
            (place.x, place.width, view[0]),
            (place.y, place.height, view[1]),
        ):
            if size >= room:
                assert start <= 1
                assert start + size >= room - 1
            else:
                assert start == pytest.approx((room - size) / 2, abs=1)
