"""Pictures whose fingerprints are known: made from numbers, equal on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SIZES = ((512, 512), (512, 341), (301, 512), (97, 130), (64, 64), (500, 40))


def waves(number: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture with soft shapes that are the number's own, as (height, width, 3) bytes."""
    width, height = size
    rows, columns = np.mgrid[0:height, 0:width]
    y, x = rows / height, columns / width
    layers = []
    for layer in range(3):
        total = np.zeros((height, width))
        for wave in range(1, 7):
            turn = number * 2.399963 + layer * 1.3 + wave * 0.7
            across, down = wave * np.cos(turn) * 2.1, wave * np.sin(turn * 1.7) * 1.9
            total += np.sin(2 * np.pi * (across * x + down * y) + turn * 3.1) / wave
        layers.append(total)
    stacked = np.stack(layers, axis=-1)
    low, high = stacked.min(), stacked.max()
    return np.asarray((stacked - low) / (high - low) * 255).astype(np.uint8)


def flat(level: int, size: tuple[int, int] = (300, 200)) -> NDArray[np.uint8]:
    """A picture with nothing in it."""
    return np.full((size[1], size[0], 3), level, dtype=np.uint8)


def pictures() -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Every picture of the frozen answers, by name."""
    for number, size in enumerate(SIZES * 3):
        yield f"waves-{number}", waves(number, size)
    gradient = np.linspace(0, 255, 400, dtype=np.uint8)
    yield "gradient", np.repeat(np.tile(gradient, (300, 1))[..., None], 3, axis=-1)
    yield "flat-0", flat(0)
    yield "flat-200", flat(200)
