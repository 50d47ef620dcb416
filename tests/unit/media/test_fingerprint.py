"""PDQ and pHash are the ones that everybody else computes, and survive what uploads go through.

The answers in frozen_fingerprints.json are those of pdqhash 0.2.8 and ImageHash 4.3.2, made by
tests/helpers/freeze_fingerprints.py: the first has no wheel and needs a compiler, the second
brings SciPy along.
"""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from helpers.fingerprint_pictures import flat, pictures, waves
from modstation.core.likeness import LEAST_QUALITY, MATCH_DISTANCE, distance
from modstation.media.fingerprint import fingerprint, fingerprint_of
from modstation.media.picture import decode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from modstation.core.likeness import Fingerprint

ORACLE: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "frozen_fingerprints.json").read_text(encoding="utf-8")
)
TELLING = [name for name, answer in ORACLE.items() if answer["quality"] >= LEAST_QUALITY]
SAMPLES = Path(__file__).parents[3] / "resources" / "demo"
PHOTOS = sorted(path.name for path in SAMPLES.glob("*.jpg"))


@cache
def drawn() -> dict[str, NDArray[np.uint8]]:
    """The pictures of the frozen answers, made when a test asks for them."""
    return dict(pictures())


def decoded(image: Image.Image, form: str, **options: Any) -> Fingerprint:
    """The fingerprint of an uploaded file, by the way that it takes in the worker."""
    body = io.BytesIO()
    image.save(body, form, **options)
    return fingerprint(decode(body.getvalue(), (512, 512)))


@pytest.mark.parametrize("name", ORACLE)
def test_the_quality_is_that_of_pdqhash(name: str) -> None:
    assert fingerprint_of(drawn()[name]).quality == ORACLE[name]["quality"]


@pytest.mark.parametrize("name", TELLING)
def test_the_hashes_are_those_of_pdqhash_and_imagehash(name: str) -> None:
    made = fingerprint_of(drawn()[name])
    assert made.pdq.hex() == ORACLE[name]["pdq"]
    assert made.phash.hex() == ORACLE[name]["phash"]


def test_distances_are_those_between_the_hashes_of_the_packages() -> None:
    made = {name: fingerprint_of(drawn()[name]) for name in TELLING}
    for left in TELLING:
        for right in TELLING:
            for field in ("pdq", "phash"):
                oracle = [bytes.fromhex(ORACLE[name][field]) for name in (left, right)]
                ours = [getattr(made[name], field) for name in (left, right)]
                assert distance(*ours) == distance(*oracle)


@cache
def photo(name: str) -> tuple[Image.Image, Fingerprint]:
    """A photograph of the sample queue, 800 pixels large, and its fingerprint.

    Nobody promises of made patterns that they stay like themselves; some do not.
    """
    with Image.open(SAMPLES / name) as image:
        image.thumbnail((800, 800))
        small = image.convert("RGB")
    return small, decoded(small, "PNG", compress_level=1)


@pytest.mark.parametrize("scale", [0.2, 0.6, 1.5])
@pytest.mark.parametrize("name", PHOTOS)
def test_a_photo_made_smaller_or_larger_stays_like_itself(name: str, scale: float) -> None:
    image, before = photo(name)
    size = (round(image.width * scale), round(image.height * scale))
    after = decoded(image.resize(size), "PNG", compress_level=1)
    assert distance(before.pdq, after.pdq) <= MATCH_DISTANCE
    assert before.tells
    assert after.tells


@pytest.mark.parametrize("quality", [25, 60, 95])
@pytest.mark.parametrize("name", PHOTOS)
def test_a_photo_saved_again_as_jpeg_stays_like_itself(name: str, quality: int) -> None:
    image, before = photo(name)
    assert distance(before.pdq, decoded(image, "JPEG", quality=quality).pdq) <= MATCH_DISTANCE


def test_different_pictures_are_far_apart() -> None:
    made = [fingerprint_of(waves(number, (320, 240))).pdq for number in range(12)]
    near = [distance(a, b) for n, a in enumerate(made) for b in made[:n]]
    assert min(near) > MATCH_DISTANCE


@pytest.mark.parametrize("level", [0, 127, 255])
def test_a_picture_with_nothing_in_it_tells_nothing(level: int) -> None:
    assert not fingerprint_of(flat(level)).tells


@pytest.mark.parametrize("quality", [30, 95])
@pytest.mark.parametrize("name", ["dark frame", "faint shade", "thin border", "one small dot"])
def test_no_upload_with_hardly_anything_in_it_tells_anything(name: str, quality: int) -> None:
    picture = flat(20, (800, 600)).astype(np.int16)
    match name:
        case "dark frame":
            picture += np.random.default_rng(5).integers(-6, 7, picture.shape, dtype=np.int16)
        case "faint shade":
            picture += np.linspace(0, 25, 600, dtype=np.int16)[:, None, None]
        case "thin border":
            picture[:4], picture[-4:] = 60, 60
        case "one small dot":
            picture[300:312, 400:412] = 255
    image = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    assert not decoded(image, "JPEG", quality=quality).tells


def test_marks_on_a_transparent_picture_are_seen_whatever_their_colour() -> None:
    for level in (0, 255):
        rgba = np.zeros((384, 512, 4), dtype=np.uint8)
        rgba[..., :3] = level
        rgba[..., 3] = waves(3, (512, 384))[..., 0]
        assert decoded(Image.fromarray(rgba, "RGBA"), "PNG").tells
