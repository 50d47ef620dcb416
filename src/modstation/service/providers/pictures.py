"""Stored pictures in the form machines take: small enough, upright, in a format they read."""

from __future__ import annotations

from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from modstation.service.blobs import BlobGone
from modstation.service.delivery.transformations import Box, Transformation
from modstation.service.faults import BadRequest
from modstation.service.providers.asking import Away, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modstation.service.assets.stored import Asset
    from modstation.service.blobs import Blobs
    from modstation.service.delivery.images import Decoder

_LEAST_SIDE = 80


class Pictures:
    """Reads originals, wherever they are kept at the moment."""

    def __init__(self, blobs: Blobs, decoder: Decoder) -> None:
        self._blobs = blobs
        self._decoder = decoder

    def jpeg(self, asset: Asset, longest: int, most_bytes: int) -> bytes:
        """The picture within ``longest`` pixels a side, its shorter side 80 at least if it can be.

        Raises Refused if it cannot be decoded, Away if its bytes are not there.
        """
        content = self._rendered(asset, _box(asset, longest))
        while len(content) > most_bytes:
            longest //= 2
            content = self._rendered(asset, Box("limit", longest, longest))
        return content

    def rgb(self, asset: Asset, longest: int) -> tuple[int, int, bytes]:
        """Width, height and bytes of the picture's pixels; Refused or Away like ``jpeg``."""
        with self._opened(asset) as file:
            return self._decoder.rgb_within(file, longest)

    def _rendered(self, asset: Asset, box: Box) -> bytes:
        wanted = Transformation((box,), asked=True)
        with self._opened(asset) as file:
            return self._decoder.render(file, wanted, "jpg")

    @contextmanager
    def _opened(self, asset: Asset) -> Iterator[IO[bytes]]:
        try:
            with self._blobs.open_original(asset.blob, asset.bytes) as file:
                yield file
        except BadRequest as error:
            raise Refused(str(error)) from error
        except BlobGone as error:
            raise Away("its bytes are being moved") from error


def _box(asset: Asset, longest: int) -> Box:
    shorter, longer = sorted((asset.width or longest, asset.height or longest))
    if shorter < _LEAST_SIDE:
        # ``fit`` enlarges, too.
        side = min(longest, -(-_LEAST_SIDE * longer // max(1, shorter)))
        return Box("fit", side, side)
    return Box("limit", longest, longest)
