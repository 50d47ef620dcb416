"""Which pictures we decode, and what we call those we do not. Pure; names of files play no part."""

from __future__ import annotations

from typing import Final

from modstation.core.language import Later, later

ALLOWED_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")
"""Pillow's names. A decode worker opens nothing else, whatever plugins are installed."""

MAX_PIXELS: Final = 100_000_000
"""Above this an image is refused from its header: Pillow would need 400 MB to hold it."""

MAX_BYTES: Final = 64 * 1024 * 1024
"""The largest file that is fetched or decoded."""

MAX_SIDE: Final = 65_535
"""The longest side: what JPEG can name; formats that name more do so to do harm."""

BYTES_PER_PIXEL: Final = 4

MOST_AT_ONCE: Final = 64
"""How many frames of one picture a decode worker is asked for at once."""

MOVING_FORMATS: Final = frozenset({"GIF", "PNG", "WEBP", "AVIF"})
"""Those whose further frames are one picture in motion."""

PAGED_FORMATS: Final = frozenset({"TIFF"})
"""Those whose further frames are pages, each a picture of its own size."""

_BRANDS_AVIF: Final = frozenset({b"avif", b"avis"})
_BRANDS_HEIF: Final = frozenset(
    {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
)

_MAGIC: Final = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
)

_NO_PICTURE: Final = later("Media", "The file is not a picture but {what}.")
_VIDEO: Final = later("Media", "a video")

_FOREIGN: Final = (
    (b"MZ", later("Media", "a Windows program")),
    (b"\x7fELF", later("Media", "a Linux program")),
    (b"\xca\xfe\xba\xbe", later("Media", "a Mac program or Java class")),
    (b"\xcf\xfa\xed\xfe", later("Media", "a Mac program")),
    (b"#!", later("Media", "a script")),
    (b"PK\x03\x04", later("Media", "a ZIP archive or office document")),
    (b"%PDF", later("Media", "a PDF document")),
    (b"%!PS", later("Media", "a PostScript document")),
    (b"8BPS", later("Media", "a Photoshop document")),
    (b"\x1f\x8b", later("Media", "compressed data")),
    (b"ID3", later("Media", "a sound file")),
    (b"\x1aE\xdf\xa3", _VIDEO),
)

_MARKUP: Final = (
    (b"<svg", later("Media", "an SVG drawing")),
    (b"<html", later("Media", "a web page")),
    (b"<!doctype html", later("Media", "a web page")),
)

HEAD_BYTES: Final = 1024
"""How much of a file ``sniff`` and ``describe`` look at."""


def sniff(head: bytes) -> str | None:
    """The allowed format whose first bytes these are, or None."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        # The compatible brands follow the major brand: an AVIF may call itself mif1 first.
        size = min(int.from_bytes(head[:4], "big"), len(head))
        brands = {head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))}
        if brands & _BRANDS_AVIF:
            return "AVIF"
        if brands & _BRANDS_HEIF:
            return "HEIF"
    return None


def describe(head: bytes) -> Later:
    """A sentence for a moderator about bytes that are not one of the allowed formats."""
    if not head:
        return later("Media", "The file is empty.")
    for magic, name in _FOREIGN:
        if head.startswith(magic):
            return _NO_PICTURE.format(what=name)
    text = head[:HEAD_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<"):
        for tag, name in _MARKUP:
            if tag in text:
                return _NO_PICTURE.format(what=name)
        return _NO_PICTURE.format(what=later("Media", "a markup document"))
    if head[4:8] == b"ftyp":
        return _NO_PICTURE.format(what=_VIDEO)
    return later("Media", "The file is not a picture in a format that can be shown here.")


def too_many_pixels(width: int, height: int) -> bool:
    """Whether an image of this size is refused before any of it is decoded."""
    return width * height > MAX_PIXELS or max(width, height) > MAX_SIDE


def fitted(source: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """The largest size of the source's shape inside ``box``, never above 1:1, never below 1."""
    width, height = source
    scale = min(box[0] / width, box[1] / height, 1.0)
    return max(1, round(width * scale)), max(1, round(height * scale))


def turned(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """``size`` as it is after the EXIF orientation: 5 to 8 stand on their side."""
    return (size[1], size[0]) if orientation in {5, 6, 7, 8} else size


def webp_canvas(head: bytes) -> tuple[int, int] | None:
    """The canvas an extended WebP names; None for the simple kinds, whose decoder checks.

    The library makes room for two canvases before it tells their size, so this is read first.
    """
    if head[12:16] != b"VP8X" or len(head) < 30:
        return None
    return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
