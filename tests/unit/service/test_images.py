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


def animation(kind: str, *, background: tuple[int, ...] = (255, 255, 255, 0)) -> bytes:
    """Three frames with a square that moves to the right, and how long each is shown."""
    frames = [Image.new("RGBA", (60, 40), background) for _ in range(3)]
    for place, frame in enumerate(frames):
        frame.paste((200, 0, 0, 255), (20 * place, 10, 20 * place + 20, 30))
    timing = {"duration": [100, 200, 300], "loop": 0, "disposal": 2}
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], **timing)


def seen(image: Image.Image, place: tuple[int, int]) -> list[tuple[int, ...]]:
    """What every frame shows at one place."""
    found = []
    for number in range(image.n_frames):
        image.seek(number)
        found.append(image.convert("RGBA").getpixel(place))
    return found


@pytest.mark.parametrize("background", [(255, 255, 255, 0), (0, 0, 255, 255)])
@pytest.mark.parametrize("source", ["GIF", "WEBP"])
@pytest.mark.parametrize("to", ["gif", "webp"])
def test_an_animation_stays_one(source: str, to: str, background: tuple[int, ...]) -> None:
    content = animation(source, background=background)
    made = rendered(content, "c_limit,w_30,q_auto", to)
    assert (made.size, made.n_frames, made.info["loop"]) == ((30, 20), 3, 0)
    timing = []
    for number in range(3):
        made.seek(number)
        made.load()
        timing.append(made.info["duration"])
    assert timing == [100, 200, 300]
    for frame in range(3):
        shown = seen(made, (10 * frame + 5, 10))
        assert [colour[0] > 150 and colour[3] > 0 for colour in shown] == [
            number == frame for number in range(3)
        ]


@pytest.mark.parametrize("to", ["jpg", "png", "avif"])
def test_an_animation_is_its_first_frame_in_other_formats(to: str) -> None:
    made = rendered(animation("GIF"), to=to)
    assert getattr(made, "n_frames", 1) == 1


def test_how_often_a_gif_plays_is_kept() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green")]
    for loop, as_webp in ((None, 1), (2, 3)):
        more = {} if loop is None else {"loop": loop}
        content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], **more)
        assert rendered(content, to="gif").info.get("loop") == loop
        webp = rendered(content, to="webp")
        assert webp.info["loop"] == as_webp
        back = encoded(webp, "WEBP", save_all=True, loop=as_webp)
        assert rendered(back, to="gif").info.get("loop") == loop


def test_too_many_pixels_in_all_frames_leave_the_first_one() -> None:
    content = animation("GIF")
    for most, frames in ((60 * 40 * 3, 3), (60 * 40 * 3 - 1, 1)):
        made = render(BytesIO(content), parse_transformation(["w_20"]), "gif", max_pixels=most)
        assert Image.open(BytesIO(made)).n_frames == frames
    assert rendered(content, "w_6000", "webp").n_frames == 1


def test_an_animation_that_is_cut_short_shows_what_there_is() -> None:
    content = animation("GIF")
    assert 1 <= rendered(content[: len(content) * 2 // 3], to="gif").n_frames < 3
