"""Image files: plain ones of every kind, and those that somebody made to do harm.

Each builder gives the bytes of one file. ``quarters`` is the picture that shows whether a file
was turned or its colours were swapped: red, green / blue, white.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageCms

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def quarters(width: int = 64, height: int = 32) -> Image.Image:
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    body = io.BytesIO()
    image.save(body, kind, **options)
    return body.getvalue()


def jpeg(width: int = 64, height: int = 32, **options: Any) -> bytes:
    return saved(quarters(width, height), "JPEG", quality=95, subsampling=0, **options)


def exif_rotated_jpeg(orientation: int) -> bytes:
    """``quarters()`` once it has been turned the way the file asks for."""
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = quarters()
    if orientation in back:
        image = image.transpose(back[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(image, "JPEG", quality=95, subsampling=0, exif=exif)


def cmyk_jpeg() -> bytes:
    return saved(quarters().convert("CMYK"), "JPEG", quality=95, subsampling=0)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *more: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = png_chunk(b"IHDR", header) + b"".join(more)
    body += png_chunk(b"IDAT", zlib.compress(rows, 9)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def png_16_bit_rgb(colour: tuple[int, int, int]) -> bytes:
    row = b"\0" + struct.pack(">HHH", *colour) * 4
    return png(4, 4, 16, 2, row * 4)


def png_16_bit_grey(levels: tuple[int, ...]) -> bytes:
    return png(len(levels), 1, 16, 0, b"\0" + struct.pack(f">{len(levels)}H", *levels))


def png_with_huge_header() -> bytes:
    """A few bytes that say they are 60,000 × 60,000 pixels."""
    return png(60_000, 60_000, 8, 6, b"\0")


def png_zlib_bomb() -> bytes:
    """A small picture whose one data chunk unpacks to 200 MB."""
    return png(16, 16, 8, 2, bytes(200_000_000))


def png_profile_bomb() -> bytes:
    """A small picture whose colour profile unpacks to 100 MB."""
    profile = b"bomb\0\0" + zlib.compress(bytes(100_000_000), 9)
    rows = (b"\0" + bytes(RED) * 16) * 16
    return png(16, 16, 8, 2, rows, png_chunk(b"iCCP", profile))


def tiff_memory_bomb() -> bytes:
    """Under the pixel limit, small as a file, and 360 MB for every copy that decoding makes."""
    image = Image.new("F", (10_000, 9_000))
    return saved(image, "TIFF", compression="tiff_adobe_deflate")


def truncated(body: bytes, part: float = 0.5) -> bytes:
    return body[: int(len(body) * part)]


def noisy_jpeg(width: int = 640, height: int = 480) -> bytes:
    return saved(Image.effect_noise((width, height), 80).convert("RGB"), "JPEG", quality=90)


def executable() -> bytes:
    return b"MZ\x90\x00\x03\x00\x00\x00" + bytes(200) + b"This program cannot be run in DOS mode."


def svg() -> bytes:
    return (
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">'
        b'<image href="file:///etc/passwd"/></svg>'
    )


def html() -> bytes:
    return b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"


def animated_gif(frames: int = 3) -> bytes:
    colours = (RED, GREEN, BLUE, WHITE)
    pictures = [Image.new("RGB", (20, 10), colours[number % 4]) for number in range(frames)]
    return saved(pictures[0], "GIF", save_all=True, append_images=pictures[1:], duration=50)


def gif_with_giant_canvas() -> bytes:
    small = animated_gif(1)
    return small[:6] + struct.pack("<HH", 65_535, 65_535) + small[10:]


def gif_frame_outside_canvas() -> bytes:
    """A canvas of 20 × 10 with one frame that says it is 65,535 pixels wide and high."""
    small = bytearray(animated_gif(1))
    at = small.index(b",\0\0\0\0")
    small[at + 5 : at + 9] = struct.pack("<HH", 65_535, 65_535)
    return bytes(small)


def webp_with_giant_canvas() -> bytes:
    side = (16_383).to_bytes(3, "little")
    extended = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + side + side
    return b"RIFF" + struct.pack("<I", 4 + len(extended)) + b"WEBP" + extended


def swapped_channels_profile() -> bytes:
    """A valid profile that calls itself sRGB and exchanges red and blue."""
    honest = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    count = struct.unpack(">I", honest[128:132])[0]
    table = bytearray(honest)
    entries = {bytes(honest[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i for i in range(count)}
    red, blue = entries[b"rXYZ"], entries[b"bXYZ"]
    table[red + 4 : red + 12], table[blue + 4 : blue + 12] = (
        honest[blue + 4 : blue + 12],
        honest[red + 4 : red + 12],
    )
    return bytes(table)


def every_format() -> dict[str, bytes]:
    """``quarters()`` in each format on the list that this Pillow can write."""
    picture = quarters()
    return {
        "JPEG": jpeg(),
        "PNG": saved(picture, "PNG"),
        "WEBP": saved(picture, "WEBP", lossless=True),
        "GIF": saved(picture, "GIF"),
        "BMP": saved(picture, "BMP"),
        "TIFF": saved(picture, "TIFF", compression="tiff_lzw"),
        "AVIF": saved(picture, "AVIF", quality=95, subsampling="4:4:4"),
    }
