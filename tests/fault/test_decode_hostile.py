"""Whatever bytes come, the worker gives the right pixels or the right error, and goes on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from helpers import hostile_images as images
from helpers.decoding import Decoding, corners, near, pixel
from modstation.core.errors import DecodeTimeout, ImageDamaged, ImageTooLarge, NotAnImage

if TYPE_CHECKING:
    from collections.abc import Iterator

QUARTERS = [images.RED, images.GREEN, images.BLUE, images.WHITE]


@pytest.fixture(scope="module")
def decoding() -> Iterator[Decoding]:
    # Slow machines are not what is tested here.
    with Decoding(workers=1, image_seconds=20.0) as running:
        yield running


@pytest.mark.parametrize("kind", list(images.every_format()))
def test_every_format_on_the_list_is_shown_by_a_confined_worker(
    decoding: Decoding, kind: str
) -> None:
    frame = decoding.frame(images.every_format()[kind])
    assert (frame.format, frame.width, frame.height) == (kind, 64, 32)
    assert frame.opaque
    for got, wanted in zip(corners(frame), QUARTERS, strict=True):
        assert near(got, wanted), (kind, got, wanted)
    assert pixel(frame, 0, 0)[3] == 255


def test_heic_is_shown_when_its_extra_is_installed(decoding: Decoding) -> None:
    heif = pytest.importorskip("pillow_heif", reason="needs the heif extra")
    heif.register_heif_opener()
    frame = decoding.frame(images.saved(images.quarters(), "HEIF", quality=100))
    assert frame.format == "HEIF"
    assert near(corners(frame)[0], images.RED, 20)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stands_upright_whatever_its_exif_says(
    decoding: Decoding, orientation: int
) -> None:
    frame = decoding.frame(images.exif_rotated_jpeg(orientation))
    assert (frame.width, frame.height) == (64, 32)
    assert (frame.source_width, frame.source_height) == (64, 32)
    assert frame.orientation == orientation
    for got, wanted in zip(corners(frame), QUARTERS, strict=True):
        assert near(got, wanted, 12)


def test_a_turned_tiff_is_turned_once(decoding: Decoding) -> None:
    lying = images.quarters().transpose(Image.Transpose.ROTATE_90)
    frame = decoding.frame(images.saved(lying, "TIFF", tiffinfo={0x0112: 6}), box=(32, 32))
    assert (frame.width, frame.height, frame.orientation) == (32, 16, 6)
    assert (frame.source_width, frame.source_height) == (64, 32)
    assert near(corners(frame)[0], images.RED)


def test_cmyk_photos_have_their_own_colours_not_the_negative(decoding: Decoding) -> None:
    frame = decoding.frame(images.cmyk_jpeg())
    for got, wanted in zip(corners(frame), QUARTERS, strict=True):
        assert near(got, wanted, 12)


def test_sixteen_bit_pictures_keep_their_tones(decoding: Decoding) -> None:
    colour = decoding.frame(images.png_16_bit_rgb((0x8000, 0x4000, 0xFFFF)))
    assert near(pixel(colour, 1, 1), (128, 64, 255), 1)
    grey = decoding.frame(images.png_16_bit_grey((0, 0x4000, 0x8000, 0xFFFF)))
    assert [pixel(grey, x, 0)[0] for x in range(4)] == [0, 64, 128, 255]


def test_wide_grey_scales_are_stretched_to_what_can_be_seen(decoding: Decoding) -> None:
    sheet = Image.new("F", (2, 1))
    sheet.putpixel((1, 0), 1.0)
    frame = decoding.frame(images.saved(sheet, "TIFF"))
    assert [pixel(frame, x, 0)[0] for x in range(2)] == [0, 255]
    sheet = Image.new("I", (2, 1), -500_000)
    sheet.putpixel((1, 0), 500_000)
    frame = decoding.frame(images.saved(sheet, "TIFF"))
    assert [pixel(frame, x, 0)[0] for x in range(2)] == [0, 255]


def test_transparency_comes_premultiplied(decoding: Decoding) -> None:
    half = decoding.frame(images.saved(Image.new("RGBA", (8, 8), (200, 100, 0, 128)), "PNG"))
    assert not half.opaque
    assert near(pixel(half, 2, 2), (100, 50, 0, 128), 1)
    grey = decoding.frame(images.saved(Image.new("LA", (8, 8), (200, 128)), "PNG"))
    assert near(pixel(grey, 2, 2), (100, 100, 100, 128), 1)
    solid = decoding.frame(images.saved(Image.new("RGBA", (8, 8), (200, 100, 0, 255)), "PNG"))
    assert solid.opaque


def test_palette_pictures_with_a_see_through_colour_are_see_through(decoding: Decoding) -> None:
    picture = Image.new("P", (8, 8), 1)
    picture.putpalette([0, 0, 0, 250, 10, 20])
    frame = decoding.frame(images.saved(picture, "PNG", transparency=1))
    assert not frame.opaque
    assert pixel(frame, 2, 2) == (0, 0, 0, 0)
    assert near(pixel(decoding.frame(images.saved(picture, "PNG")), 2, 2), (250, 10, 20, 255), 0)


def test_a_colour_profile_is_obeyed_even_when_it_calls_itself_srgb(decoding: Decoding) -> None:
    profile = images.swapped_channels_profile()
    picture = Image.new("RGB", (8, 8), images.RED)
    frame = decoding.frame(images.saved(picture, "PNG", icc_profile=profile))
    assert near(pixel(frame, 2, 2), images.BLUE, 20)


def test_a_broken_colour_profile_counts_as_none(decoding: Decoding) -> None:
    frame = decoding.frame(images.jpeg(icc_profile=b"not a profile"))
    assert near(corners(frame)[0], images.RED)


def test_the_first_frame_of_an_animation_is_shown_and_the_others_counted(
    decoding: Decoding,
) -> None:
    body = images.animated_gif(3)
    first = decoding.frame(body)
    assert (first.frames, near(pixel(first, 3, 3), images.RED)) == (3, True)
    third = decoding.frame(body, frame=2)
    assert near(pixel(third, 3, 3), images.BLUE)
    beyond = decoding.frame(body, frame=99)
    assert near(pixel(beyond, 3, 3), images.BLUE)


def test_an_image_is_made_smaller_to_fit_and_never_larger(decoding: Decoding) -> None:
    large = decoding.frame(images.jpeg(2000, 1000), box=(500, 500))
    assert (large.width, large.height) == (500, 250)
    assert (large.source_width, large.source_height) == (2000, 1000)
    small = decoding.frame(images.jpeg(64, 32), box=(5000, 5000))
    assert (small.width, small.height) == (64, 32)
    sliver = decoding.frame(images.saved(Image.new("RGB", (3000, 1)), "PNG"), box=(100, 100))
    assert (sliver.width, sliver.height) == (100, 1)


@pytest.mark.parametrize("part", [0.02, 0.3, 0.9])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_a_file_cut_short_is_an_error_card_and_never_half_a_picture(
    decoding: Decoding, kind: str, part: float
) -> None:
    noise = Image.effect_noise((320, 240), 80).convert("RGB")
    body = images.truncated(images.saved(noise, kind), part)
    assert isinstance(decoding.error(body), ImageDamaged)


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"", NotAnImage, "empty"),
        (b"\xff", NotAnImage, "format"),
        (images.executable(), NotAnImage, "Windows program"),
        (images.svg(), NotAnImage, "SVG"),
        (images.html(), NotAnImage, "web page"),
        (b"%PDF-1.7\n", NotAnImage, "PDF"),
        (b"P6 8 8 255\n" + bytes(192), NotAnImage, "format"),
        (images.png_with_huge_header(), ImageTooLarge, "60,000 × 60,000"),
        (images.gif_with_giant_canvas(), ImageTooLarge, "65,535"),
        (images.webp_with_giant_canvas(), ImageTooLarge, "16,384"),
        (images.jpeg()[:30] + bytes(500), ImageDamaged, "JPEG"),
        (b"\x89PNG\r\n\x1a\n" + b"\xff" * 400, ImageDamaged, "PNG"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else str(value[:12]),
)
def test_disguised_oversized_and_broken_files_are_named(
    decoding: Decoding, body: bytes, kind: type[Exception], words: str
) -> None:
    error = decoding.error(body)
    assert type(error) is kind
    assert words in str(error)
    assert near(corners(decoding.frame(images.jpeg()))[0], images.RED)


def test_a_frame_larger_than_its_canvas_is_refused(decoding: Decoding) -> None:
    assert type(decoding.error(images.gif_frame_outside_canvas())) is ImageTooLarge


@pytest.mark.parametrize("bomb", ["png_zlib_bomb", "png_profile_bomb"])
def test_what_unpacks_to_much_more_than_its_picture_is_not_unpacked(
    decoding: Decoding, bomb: str
) -> None:
    result = decoding.decode(getattr(images, bomb)())
    (pid,) = decoding.pool.pids()
    assert peak_memory(pid) < 200_000_000
    assert getattr(result, "width", None) == 16 or isinstance(result.error, ImageDamaged)


def test_a_memory_bomb_ends_as_an_error_inside_its_limit() -> None:
    with Decoding(workers=1, image_seconds=20.0) as decoding:
        decoding.frame(images.jpeg())
        (pid,) = decoding.pool.pids()
        assert isinstance(decoding.error(images.tiff_memory_bomb()), ImageTooLarge)
        assert decoding.pool.pids() == [pid]
        assert peak_memory(pid) < 700_000_000
        decoding.frame(images.jpeg())


def test_bytes_sealed_for_another_image_are_not_shown(decoding: Decoding) -> None:
    from dataclasses import replace

    from helpers.decoding import request

    wrong = replace(request(images.jpeg()), asset_key="image/upload/b")
    decoding.pool.want([wrong])
    result = decoding.next()
    assert isinstance(result.error, ImageDamaged)


@pytest.mark.parametrize("seed", range(40))
def test_flipped_bytes_never_end_the_worker(decoding: Decoding, seed: int) -> None:
    import random

    chance = random.Random(seed)
    body = bytearray(chance.choice(list(images.every_format().values())))
    for _ in range(chance.randint(1, 20)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    pids = decoding.pool.pids()
    result = decoding.decode(bytes(body))
    known = (NotAnImage, ImageDamaged, ImageTooLarge, DecodeTimeout)
    assert hasattr(result, "pixels") or isinstance(result.error, known)
    assert decoding.pool.pids() == pids


def peak_memory(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (peak,) = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return int(peak) * 1024
