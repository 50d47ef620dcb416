from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from helpers.live_service import picture
from modstation.service.delivery.images import Header, probe, render
from modstation.service.delivery.transformations import parse_transformation
from modstation.service.faults import BadRequest

PIXELS = 50_000_000


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def rendered(content: bytes, segment: str = "w_20", to: str = "png") -> Image.Image:
    made = render(BytesIO(content), parse_transformation([segment]), to, max_pixels=PIXELS)
    return Image.open(BytesIO(made))


@pytest.mark.parametrize(
    ("kind", "name"),
    [("JPEG", "jpg"), ("PNG", "png"), ("GIF", "gif"), ("WEBP", "webp"), ("BMP", "bmp"),
     ("TIFF", "tif"), ("AVIF", "avif")],
)  # fmt: skip
def test_the_format_is_what_the_bytes_say(kind: str, name: str) -> None:
    assert probe(BytesIO(picture(size=(64, 48), kind=kind))) == Header(name, 64, 48)


@pytest.mark.parametrize("content", [b"", b"<svg/>", b"%PDF-1.4", b"\xff\xd8", b"%!PS-Adobe"])
def test_what_is_no_image_is_none(content: bytes) -> None:
    assert probe(BytesIO(content)) is None


def test_a_bomb_is_recognised_without_being_decoded_and_never_transformed() -> None:
    bomb = encoded(Image.new("1", (10_000, 20_000)), "PNG")
    assert probe(BytesIO(bomb)) == Header("png", 10_000, 20_000)
    with pytest.raises(BadRequest, match="Image is too large to transform: 10000x20000"):
        rendered(bomb)


def test_a_truncated_image_is_refused() -> None:
    with pytest.raises(BadRequest, match="Invalid image file"):
        rendered(picture(size=(640, 480))[:4000])


def test_renditions_are_upright_and_carry_no_metadata() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "where I live"
    image = Image.new("RGB", (400, 200), "red")
    image.paste("blue", (0, 0, 100, 200))
    made = rendered(encoded(image, "JPEG", exif=exif), "c_limit,w_100,h_100")
    assert made.size == (50, 100)
    assert made.getpixel((25, 5))[2] > 200
    assert made.getpixel((25, 95))[0] > 200
    assert not dict(made.getexif())


def test_16_bit_greys_keep_their_order() -> None:
    image = Image.new("I;16", (2, 1))
    image.putpixel((1, 0), 65535)
    made = rendered(encoded(image, "PNG"), "w_2,h_1")
    assert (made.getpixel((0, 0)), made.getpixel((1, 0))) == (0, 255)


def test_cmyk_becomes_its_colour() -> None:
    made = rendered(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"))
    assert made.mode == "RGB"
    assert made.getpixel((3, 3))[0] > 200


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I", "F"])
@pytest.mark.parametrize("to", ["jpg", "png", "webp", "gif", "avif"])
def test_every_mode_can_be_shown_in_every_format(mode: str, to: str) -> None:
    kind = "TIFF" if mode in ("I", "F") else "PNG"
    made = rendered(encoded(Image.new(mode, (64, 32)), kind), "c_fill,w_20,h_20", to)
    assert made.size == (20, 20)
