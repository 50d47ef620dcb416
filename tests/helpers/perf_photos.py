"""Photographs of a given size, made from the shipped ones: as heavy to decode as a camera's.

Enlarging alone gives soft pictures that decode too fast, so grain is laid over them; a coloured
square in the middle, another one for each photo, tells an observer of the screen what is shown.
"""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageChops, ImageOps

RESOURCES = Path(__file__).parents[2] / "resources" / "demo"
MARK = 96
TWELVE_MEGAPIXELS = (4000, 3000)
SMALL = (1280, 960)
COLOURS = (
    *((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255), (0, 255, 255)),
    *((255, 128, 0), (128, 0, 255), (0, 128, 255), (255, 255, 255), (0, 0, 0), (128, 128, 128)),
)


def photos(size: tuple[int, int], count: int = len(COLOURS)) -> list[bytes]:
    """``count`` different JPEGs of ``size``, neighbours with different marks."""
    sources = sorted(RESOURCES.glob("*.jpg"))
    grain = _grain(size)
    made = []
    for number in range(count):
        with Image.open(sources[number % len(sources)]) as source:
            photo = ImageOps.fit(source.convert("RGB"), size, Image.Resampling.BICUBIC)
        photo = ImageChops.add(photo, grain, 1, -128)
        mark = MARK * size[0] // SMALL[0]
        place = ((size[0] - mark) // 2, (size[1] - mark) // 2)
        photo.paste(COLOURS[number % len(COLOURS)], (*place, place[0] + mark, place[1] + mark))
        body = io.BytesIO()
        photo.save(body, "JPEG", quality=88, subsampling="4:2:0")
        made.append(body.getvalue())
    return made


def _grain(size: tuple[int, int]) -> Image.Image:
    tile = Image.effect_noise((512, 512), 10)
    sheet = Image.new("L", size)
    for left in range(0, size[0], 512):
        for top in range(0, size[1], 512):
            sheet.paste(tile, (left, top))
    return Image.merge("RGB", (sheet, sheet, sheet))
