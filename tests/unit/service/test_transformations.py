from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modstation.service.delivery.transformations import (
    Box,
    looks_like_transformation,
    parse_transformation,
)
from modstation.service.faults import BadRequest


@pytest.mark.parametrize(
    ("segment", "size", "result"),
    [
        ("c_limit,w_100,h_100", (400, 200), (100, 50)),
        ("c_limit,w_100,h_100", (40, 20), (40, 20)),
        ("c_fit,w_100,h_100", (40, 20), (100, 50)),
        ("c_fill,w_100,h_100", (400, 200), (100, 100)),
        ("c_thumb,w_30,h_90", (400, 200), (30, 90)),
        ("c_fill,w_30", (400, 200), (30, 15)),
        ("w_100", (400, 200), (100, 50)),
        ("h_100", (400, 200), (200, 100)),
        ("w_10,h_90", (400, 200), (10, 90)),
        ("c_scale,w_10", (1, 1000), (10, 10000)),
        ("c_limit,w_50,dpr_2.0", (400, 200), (100, 50)),
    ],
)
def test_sizes(segment: str, size: tuple[int, int], result: tuple[int, int]) -> None:
    (box,) = parse_transformation([segment]).boxes
    assert box.target(size) == result


@given(
    st.sampled_from(["scale", "fit", "limit", "fill", "thumb"]),
    st.one_of(st.none(), st.integers(1, 10_000)),
    st.integers(1, 10_000),
    st.tuples(st.integers(1, 65_535), st.integers(1, 65_535)),
)
def test_a_result_is_never_empty_and_never_larger_than_what_it_is_cut_from(
    crop: str, width: int | None, height: int, size: tuple[int, int]
) -> None:
    box = Box(crop, width, height)
    target, cover = box.target(size), box.cover(size)
    assert all(1 <= side <= 10_000 for side in (*target, *cover))
    if crop in ("fit", "limit"):
        assert target[1] <= height
        assert width is None or target[0] <= width
    assert target[0] <= cover[0] or cover[0] == 10_000
    assert target[1] <= cover[1] or cover[1] == 10_000


@pytest.mark.parametrize(
    ("segment", "message"),
    [
        ("w_abc", "Invalid width in transformation: abc"),
        ("w_-1", "Invalid width in transformation: -1"),
        ("h_0", "Invalid height in transformation: 0"),
        ("h_10001", "Invalid height in transformation: 10001"),
        ("c_crop,w_1", "Invalid crop in transformation: crop"),
        ("q_0", "Invalid quality in transformation: 0"),
        ("f_exe", "Invalid format in transformation: exe"),
        ("g_face", "Invalid gravity in transformation: face"),
        ("e_sepia", "Invalid effect in transformation: sepia"),
        ("l_other", "Invalid overlay in transformation: other"),
        ("dpr_0", "Invalid dpr in transformation: 0"),
        ("w_9999,dpr_3.0", "Invalid dpr in transformation: 3.0"),
    ],
)
def test_what_we_cannot_do_is_refused_by_name(segment: str, message: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        parse_transformation([segment])
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("segment", "looks"),
    [("w_100,c_fit", True), ("q_auto", True), ("my_folder", False), ("w_", False), ("v1", False)],
)
def test_a_transformation_is_told_from_a_folder(segment: str, looks: bool) -> None:
    assert looks_like_transformation(segment) is looks


def test_two_spellings_of_a_rendition_are_one_in_the_cache() -> None:
    one = parse_transformation(["w_10,h_20,c_fit,q_auto"])
    other = parse_transformation(["q_80,c_fit,h_20,w_10"])
    assert one.canonical == other.canonical
