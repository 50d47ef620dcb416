"""Sample photos for the demo: a few real ones, multiplied by crops and tints.

Our own files or the person's, so Pillow may read them in this process; nothing here is used for
what comes from a service.
"""

from __future__ import annotations

import io
import random
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from PIL import Image, ImageEnhance, ImageOps, UnidentifiedImageError

from modstation.core.errors import NotAnImage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.resources.abc import Traversable

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
# What a phone picture is scaled to by most sites; the variations are made in half a minute.
LONGEST_EDGE = 1600
QUALITY = 85


@dataclass(frozen=True, slots=True)
class SamplePhoto:
    """A photo to upload: its public ID, and the bytes of a file."""

    public_id: str
    body: bytes


def photo_files(folder: Traversable) -> list[Traversable]:
    """The photos in a folder, by name; ``NotAnImage`` if there is none."""
    found = [
        entry
        for entry in folder.iterdir()
        if entry.is_file() and PurePath(entry.name).suffix.lower() in SUFFIXES
    ]
    if not found:
        raise NotAnImage(f"There are no photos (JPEG, PNG or WebP) in {folder}.")
    return sorted(found, key=lambda entry: entry.name)


def sample_photos(
    files: Sequence[Traversable], count: int, *, seed: int = 1
) -> Iterator[SamplePhoto]:
    """Yield ``count`` photos made of ``files``; the same seed gives the same pictures.

    The first round is the files as they are, every further round a crop of each, mirrored and
    tinted by chance. ``NotAnImage`` names a file that cannot be read.
    """
    for number in range(count):
        file = files[number % len(files)]
        stem = PurePath(file.name).stem
        round_number = number // len(files)
        public_id = f"demo/{stem}" if round_number == 0 else f"demo/{stem}-{round_number + 1:03}"
        body = file.read_bytes()
        if round_number:
            chance = random.Random(f"{seed}/{public_id}")  # noqa: S311 - pictures, not keys
            body = _variation(body, file.name, chance)
        yield SamplePhoto(public_id, body)


def _variation(body: bytes, name: str, chance: random.Random) -> bytes:
    try:
        with Image.open(io.BytesIO(body)) as opened:
            opened.draft("RGB", (LONGEST_EDGE, LONGEST_EDGE))
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (UnidentifiedImageError, OSError) as error:
        raise NotAnImage(f"{name} cannot be read as a picture.") from error
    picture.thumbnail((LONGEST_EDGE, LONGEST_EDGE))
    width, height = picture.size
    share = chance.uniform(0.55, 0.95)
    cut_width, cut_height = max(1, int(width * share)), max(1, int(height * share))
    left = chance.randint(0, width - cut_width)
    top = chance.randint(0, height - cut_height)
    picture = picture.crop((left, top, left + cut_width, top + cut_height))
    if chance.random() < 0.5:
        picture = ImageOps.mirror(picture)
    picture = ImageEnhance.Color(picture).enhance(chance.uniform(0.4, 1.5))
    picture = ImageEnhance.Brightness(picture).enhance(chance.uniform(0.8, 1.2))
    tint = Image.new("RGB", picture.size, tuple(chance.randint(0, 255) for _ in range(3)))
    picture = Image.blend(picture, tint, chance.uniform(0.0, 0.18))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
