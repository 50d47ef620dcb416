"""Counting the frames of an animation that somebody uploaded, whatever they uploaded."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from helpers.live_service import picture
from modstation.service.uploads.gif_frames import count_frames

if TYPE_CHECKING:
    from helpers.live_service import LiveService


def animation(frames: int) -> bytes:
    pictures = [Image.new("P", (40, 30), number) for number in range(frames)]
    for number, image in enumerate(pictures):
        image.putpalette([number * 7 % 256] * 768)
    out = BytesIO()
    pictures[0].save(out, "GIF", save_all=True, append_images=pictures[1:], comment=b"x" * 900)
    return out.getvalue()


@pytest.mark.parametrize("frames", [1, 2, 7, 30])
def test_as_many_frames_are_counted_as_pillow_finds(frames: int) -> None:
    content = animation(frames)
    with Image.open(BytesIO(content)) as image:
        assert getattr(image, "n_frames", 1) == frames
    assert count_frames(BytesIO(content)) == frames


def test_a_file_that_is_cut_short_has_the_frames_that_were_found() -> None:
    content = animation(7)
    counts = [count_frames(BytesIO(content[:end])) for end in range(len(content))]
    assert counts[0] == 1
    assert counts == sorted(counts)
    assert counts[-1] == 7


def test_a_file_of_nothing_but_blocks_is_not_followed_for_ever() -> None:
    head = b"GIF89a" + bytes(7)
    image = b"\x2c" + bytes(9) + b"\x02"
    many = head + (image + b"\x00") * 1000
    assert count_frames(BytesIO(many)) == 1000
    assert count_frames(BytesIO(many), most=50) == 50
    data = b"\x01\x00" * 1000
    assert count_frames(BytesIO(head + image + data), most=50) == 1


@given(st.binary(max_size=300))
def test_whatever_follows_a_head_is_counted_without_a_fault(rest: bytes) -> None:
    file = BytesIO(b"GIF89a" + rest)
    assert count_frames(file) >= 1
    assert file.tell() == 0


def test_the_answer_to_an_upload_tells_the_frames(shared: LiveService) -> None:
    assert shared.upload(animation(7), public_id="moving")["pages"] == 7
    assert shared.upload(picture(1), public_id="still")["pages"] == 1
    kept = shared.upload(animation(3), public_id="moving", overwrite="false")
    assert kept["existing"] is True
    assert "pages" not in kept
