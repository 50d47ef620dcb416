"""Tiles are decoded in the order they are needed, and kept within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.window import flat_picture
from modstation.app.tile_frames import TileFrames

if TYPE_CHECKING:
    from modstation.media.frames import DecodeRequest

BOX = (64, 48)
ONE = 64 * 48 * 4


def wanted(*keys: str) -> dict[str, str | None]:
    return dict.fromkeys(keys, "v1")


def decode(frames: TileFrames, request: DecodeRequest) -> None:
    frames.take(flat_picture(request))


def test_nothing_is_decoded_while_no_sheet_is_open() -> None:
    frames = TileFrames(lambda: None)
    assert frames.requests(()) == []


def test_what_is_seen_first_is_asked_for_first_and_not_again_when_it_is_here() -> None:
    asked: list[int] = []
    frames = TileFrames(lambda: asked.append(1))
    frames.show(BOX, wanted("b", "a", "c"))
    requests = frames.requests({("c", "review")})
    assert [request.asset_key for request in requests] == ["b", "a"]
    decode(frames, requests[0])
    assert [request.asset_key for request in frames.requests(())] == ["a", "c"]
    frames.show(BOX, wanted("b", "a", "c"))
    assert len(asked) == 1


def test_far_tiles_are_let_go_and_those_that_are_seen_never() -> None:
    frames = TileFrames(lambda: None, byte_limit=2 * ONE)
    for keys in (("a", "b"), ("c", "d", "e")):
        frames.show(BOX, wanted(*keys))
        for request in frames.requests(()):
            decode(frames, request)
    assert frames.frame("a") is None
    assert frames.frame("b") is None
    assert all(frames.frame(key) is not None for key in "cde")


def test_another_upload_or_another_size_is_decoded_anew_and_late_results_are_dropped() -> None:
    frames = TileFrames(lambda: None)
    frames.show(BOX, wanted("a"))
    [old] = frames.requests(())
    frames.show(BOX, {"a": "v2"})
    decode(frames, old)
    assert frames.frame("a") is None
    [new] = frames.requests(())
    assert new.revision == "v2"
    decode(frames, new)
    frames.show((128, 96), {"a": "v2"})
    assert frames.frame("a") is not None, "something to paint meanwhile"
    assert len(frames.requests(())) == 1


def test_a_closed_sheet_keeps_no_pixels() -> None:
    frames = TileFrames(lambda: None)
    frames.show(BOX, wanted("a"))
    decode(frames, frames.requests(())[0])
    frames.close()
    assert frames.frame("a") is None
    assert frames.requests(()) == []
