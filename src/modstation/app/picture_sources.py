"""Where the pictures of an asset are fetched from, and why one of them cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.core.assets import ModerationStatus
from modstation.core.errors import Refused
from modstation.core.events import ImageFailed
from modstation.core.language import later, translate
from modstation.media.fetch import FetchItem
from modstation.remote.delivery import may_move, review_url
from modstation.sync import discovery

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.network_cache import TendedCache
    from modstation.core.assets import Asset, AssetRef
    from modstation.core.events import Event
    from modstation.media.frames import Rendition
    from modstation.store.station_store import StationStore

_NOT_DELIVERED = later(
    "NetworkPrefetch",
    "The service delivers no rejected images, so there is no picture to look"
    " at. It can be skipped; approved elsewhere, it is delivered again.",
)


class PictureSources:
    """Makes fetch items of assets; tells once a process why a picture of an upload does not come.

    ``pixels_url`` addresses what the service shows of a rejected image, if it can. ``edge`` is the
    longest one of a review picture, in pixels.
    """

    def __init__(
        self,
        cache: TendedCache,
        *,
        pixels_url: Callable[[AssetRef, int | None], str],
        edge: int,
        notify: Callable[[Event], None],
    ) -> None:
        self._cache = cache
        self._pixels_url = pixels_url
        self._edge = edge
        self._notify = notify
        self._told: set[tuple[str, str, str | None]] = set()

    def review(self, store: StationStore, asset: Asset) -> FetchItem | None:
        """The picture that is looked at; None, and the reason told, if there is none to fetch."""
        if asset.status is ModerationStatus.REJECTED:
            # A rendition would show one frame of many.
            return self._rejected(store, asset, "review", whole=may_move(asset))
        url, is_original = review_url(asset, self._edge)
        if url is None:
            message = translate("NetworkPrefetch", "The service gives no address for this image.")
            self.tell(asset.key, "review", asset.revision, message, permanent=True)
            return None
        return FetchItem(
            asset.key, "review", url, asset.bytes, asset.etag, is_original, asset.revision
        )

    def _rejected(
        self, store: StationStore, asset: Asset, rendition: Rendition, *, whole: bool
    ) -> FetchItem | None:
        """A rejected image is delivered to nobody; our own service shows it to the account."""
        if self._cache.is_kept(asset.key, rendition, revision=asset.revision):
            return None
        found = discovery.remembered(store)
        if found is None:
            # Nobody has asked the service yet what it can do.
            return None
        if not found.capabilities.rejected_pixels:
            self.tell(asset.key, rendition, asset.revision, str(_NOT_DELIVERED), permanent=True)
            return None
        try:
            url = self._pixels_url(asset.ref, None if whole else self._edge)
        except Refused as error:
            self.tell(asset.key, rendition, asset.revision, error.message, permanent=True)
            return None
        etag = asset.etag if whole else None
        return FetchItem(asset.key, rendition, url, asset.bytes, etag, whole, asset.revision)

    def original(self, store: StationStore, asset: Asset) -> FetchItem | None:
        """The original; None, and the reason told, if there is none to fetch."""
        if asset.status is ModerationStatus.REJECTED:
            return self._rejected(store, asset, "original", whole=True)
        if asset.url is None:
            message = translate("NetworkPrefetch", "The service gives no address for this image.")
            self.tell(asset.key, "original", asset.revision, message, permanent=True)
            return None
        return FetchItem(
            asset.key, "original", asset.url, asset.bytes, asset.etag, True, asset.revision
        )

    def tell(
        self, key: str, rendition: str, revision: str | None, message: str, *, permanent: bool
    ) -> None:
        """Say once in this process why a picture of this upload does not come."""
        if (key, rendition, revision) not in self._told:
            self._told.add((key, rendition, revision))
            self._notify(ImageFailed(key, rendition, message, permanent))

    def told(self, item: FetchItem) -> None:
        """Why this picture does not come was told by others."""
        self._told.add((item.asset_key, item.rendition, item.revision))

    def tell_again(self, key: str, rendition: Rendition) -> None:
        """A picture is asked for anew: why it does not come is told again."""
        self._told = {told for told in self._told if told[:2] != (key, rendition)}
