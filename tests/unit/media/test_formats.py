from __future__ import annotations

import pytest

from helpers import hostile_images as images
from modstation.media import formats


@pytest.mark.parametrize(("kind", "body"), images.every_format().items())
def test_formats_are_known_by_their_content(kind: str, body: bytes) -> None:
    assert formats.sniff(body[: formats.HEAD_BYTES]) == kind


@pytest.mark.parametrize(
    ("brand", "kind"),
    [(b"heic", "HEIF"), (b"avis", "AVIF"), (b"mp42", None), (b"qt  ", None)],
)
def test_iso_files_are_told_apart_by_their_brands(brand: bytes, kind: str | None) -> None:
    assert formats.sniff(b"\0\0\0\x10ftyp" + brand + bytes(4)) == kind


def test_a_compatible_brand_counts_as_well() -> None:
    assert formats.sniff(b"\0\0\0\x18ftypmif1\0\0\0\0miafavif") == "AVIF"


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "empty"),
        (b"MZ\x90", "Windows program"),
        (b"\xef\xbb\xbf  <SVG xmlns=''>", "SVG"),
        (b"<!DOCTYPE HTML><p>", "web page"),
        (b"<?xml version='1.0'?><a/>", "markup"),
        (b"\0\0\0\x18ftypmp42", "video"),
        (b"anything", "format"),
    ],
)
def test_other_files_are_described_in_words(head: bytes, words: str) -> None:
    assert words in str(formats.describe(head))


@pytest.mark.parametrize(
    ("size", "refused"),
    [
        ((10_000, 10_000), False),
        ((10_001, 10_000), True),
        ((65_535, 1), False),
        ((65_536, 1), True),
    ],
)
def test_the_pixel_limit_is_a_hundred_megapixels(size: tuple[int, int], refused: bool) -> None:
    assert formats.too_many_pixels(*size) is refused


@pytest.mark.parametrize(
    ("source", "box", "size"),
    [
        ((4000, 3000), (1600, 1000), (1333, 1000)),
        ((100, 50), (1600, 1000), (100, 50)),
        ((3000, 1), (100, 100), (100, 1)),
        ((1, 3000), (100, 100), (1, 100)),
        ((10, 10), (1, 1), (1, 1)),
    ],
)
def test_pictures_are_fitted_and_never_enlarged(
    source: tuple[int, int], box: tuple[int, int], size: tuple[int, int]
) -> None:
    assert formats.fitted(source, box) == size


def test_only_orientations_five_to_eight_change_places() -> None:
    assert [formats.turned((2, 1), n) for n in range(1, 9)] == [(2, 1)] * 4 + [(1, 2)] * 4
