"""Every frame of a file comes out of the real worker, in batches, however the file is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.decoding import Decoding, near
from helpers.moving_images import SIZE, colour_of, middle, moving, pages
from modstation.core.errors import ImageDamaged

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def decoding() -> Iterator[Decoding]:
    with Decoding(workers=1, image_seconds=20.0) as pool:
        yield pool


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_a_batch_holds_each_frame_by_itself(decoding: Decoding, kind: str) -> None:
    batch = decoding.frame(moving(kind, 5), frame=1, count=3)
    assert (batch.frames, batch.count, batch.byte_count) == (5, 3, SIZE[0] * SIZE[1] * 4 * 3)
    singles = batch.single()
    assert [frame.frame for frame in singles] == [1, 2, 3]
    for frame in singles:
        assert near(middle(frame), colour_of(frame.frame), 12)
        assert frame.byte_count == SIZE[0] * SIZE[1] * 4


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_a_frame_says_how_long_it_stays(decoding: Decoding, kind: str) -> None:
    batch = decoding.frame(moving(kind, 3, milliseconds=120), count=3)
    assert batch.durations == (120, 120, 120)


def test_a_batch_ends_with_the_file(decoding: Decoding) -> None:
    assert decoding.frame(moving("GIF", 4), frame=2, count=32).count == 2


def test_a_batch_ends_where_a_page_has_another_size(decoding: Decoding) -> None:
    body = pages([(120, 80), (120, 80), (80, 120)])
    assert decoding.frame(body, count=3).count == 2
    last = decoding.frame(body, frame=2, count=3)
    assert (last.count, last.frames, last.source_width, last.source_height) == (1, 3, 80, 120)


def test_a_batch_ends_before_a_damaged_frame_which_then_says_what_is_wrong(
    decoding: Decoding,
) -> None:
    body = pages([(400, 400), (400, 400)])
    # Uncompressed pages: the second one's rows are cut off, its description is not.
    broken = _without_pixels_of_second_page(body)
    assert decoding.frame(broken, count=2).count == 1
    assert isinstance(decoding.error(broken, frame=1), ImageDamaged)


def test_frames_are_made_smaller_together(decoding: Decoding) -> None:
    batch = decoding.frame(moving("GIF", 3, size=(400, 300)), box=(40, 40), count=3)
    assert (batch.width, batch.height, batch.count) == (40, 30, 3)
    assert [near(middle(frame), colour_of(frame.frame), 12) for frame in batch.single()] == [
        True
    ] * 3


def _without_pixels_of_second_page(body: bytes) -> bytes:
    """The second page's strips point beyond the end of the file."""
    from io import BytesIO

    from PIL import Image

    with Image.open(BytesIO(body)) as image:
        image.seek(1)
        offsets = image.tag_v2[273]
    start = offsets[0]
    place = body.rfind(start.to_bytes(4, "little"))
    assert place > 0
    return body[:place] + (len(body) + 10**6).to_bytes(4, "little") + body[place + 4 :]
