"""What the content of an uploaded file says: kind, format, size, digest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import IO

from modstation.service.delivery.images import probe, reads_heif
from modstation.service.faults import BadRequest
from modstation.service.uploads.gif_frames import count_frames

# Still pictures in the container that videos use; those that Pillow cannot read here.
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_PICTURE_BRANDS = _HEIF_BRANDS | {b"avif", b"avis"}
# Where PDF's and SVG's marks are looked for: before them stand junk, declarations and comments.
_DOCUMENT_HEAD = 1024
_VIDEO_MAGIC = (b"\x1a\x45\xdf\xa3", b"OggS", b"FLV\x01")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the content itself says."""

    size: int
    etag: str
    resource_type: str
    format: str | None
    width: int | None
    height: int | None
    pages: int = 1


def facts_of(content: IO[bytes], asked: str) -> Facts:
    """Read a file once through; raises BadRequest if it is not of the resource type asked for."""
    digest = hashlib.md5(usedforsecurity=False)
    size = 0
    content.seek(0)
    while chunk := content.read(1 << 20):
        digest.update(chunk)
        size += len(chunk)
    content.seek(0)
    header = probe(content) if asked in ("image", "auto") else None
    if header is not None:
        pages = count_frames(content) if header.format == "gif" else 1
        content.seek(0)
        return Facts(
            size,
            digest.hexdigest(),
            "image",
            header.format,
            header.width,
            header.height,
            pages,
        )
    if asked == "image" or (asked == "auto" and _is_picture(content)):
        raise BadRequest(_refusal(content))
    video = _video_format(content)
    if asked == "video" and video is None:
        raise BadRequest("Unsupported video format or file")
    if video is not None and asked != "raw":
        return Facts(size, digest.hexdigest(), "video", video, None, None)
    return Facts(size, digest.hexdigest(), "raw", None, None, None)


def _refusal(content: IO[bytes]) -> str:
    """Why a file is no image here, naming its format where it is one elsewhere."""
    content.seek(0)
    head = content.read(_DOCUMENT_HEAD)
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS and not reads_heif():
        return "Unsupported image format: heic (this service lacks the extra heif, pillow-heif)"
    if b"%PDF-" in head:
        return "Unsupported image format: pdf"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and b"<svg" in head:
        return "Unsupported image format: svg"
    return "Invalid image file"


def _is_picture(content: IO[bytes]) -> bool:
    content.seek(0)
    head = content.read(12)
    return head[4:8] == b"ftyp" and head[8:12] in _PICTURE_BRANDS


def _video_format(content: IO[bytes]) -> str | None:
    if _is_picture(content):
        return None
    content.seek(0)
    head = content.read(12)
    if head[4:8] == b"ftyp":
        return "mov" if head[8:10] == b"qt" else "mp4"
    for magic, name in zip(_VIDEO_MAGIC, ("webm", "ogv", "flv"), strict=True):
        if head.startswith(magic):
            return name
    return None
