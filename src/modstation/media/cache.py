"""The image cache: what is fetched goes in plain and is stored sealed; it comes out sealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modstation.media.sealing import SealBroken, Sealer
from modstation.store.images import ImageStore, Stored, StoredImage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from modstation.core.language import Sentence

DEFAULT_LIMIT_BYTES: Final = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SealedImage:
    """What a decode worker needs to show one image, and what to warn of before deciding on it."""

    sealed: bytes
    key: bytes
    length: int
    mismatch: str | None


class ImageCache:
    """The cache under one account's API secret; several threads may use one.

    A file that another secret sealed is emptied when it is opened. Fails with ``StoreError``.
    """

    def __init__(
        self, store: ImageStore, *, secret: str, limit_bytes: int = DEFAULT_LIMIT_BYTES
    ) -> None:
        self._store = store
        self._secret = secret
        self._known_sealer: tuple[bytes, Sealer] | None = None
        self._limit_bytes = limit_bytes
        self._protected: frozenset[str] = frozenset()
        self.emptied: Final = not self._adopt()
        """Whether the file held another secret's images, now gone."""

    def begin_anew(self) -> None:
        """Replace a damaged file by an empty one; other processes follow by themselves."""
        self._store.begin_anew()
        self._adopt()

    def _adopt(self) -> bool:
        return self._store.adopt(self._sealer(self._store.salt).check_value)

    def _sealer(self, salt: bytes) -> Sealer:
        # By salt, for the file may be begun anew by this process or another.
        known = self._known_sealer
        if known is None or known[0] != salt:
            known = self._known_sealer = (salt, Sealer(self._secret, salt))
        return known[1]

    def protect(self, asset_keys: Iterable[str]) -> None:
        """From now on never drop these: the current image and its neighbours."""
        self._protected = frozenset(asset_keys)

    def put(
        self,
        asset_key: str,
        rendition: str,
        body: bytes,
        *,
        etag: str | None = None,
        source_length: int | None = None,
        source_revision: str | None = None,
        mismatch: Sentence | None = None,
    ) -> Stored:
        """Seal and keep an image, dropping others to stay within the limit.

        ``etag`` came with the bytes; ``source_length`` and ``source_revision`` are what the listing
        said of the original when they were fetched.
        """
        salt = self._store.salt
        sealed = self._sealer(salt).seal(asset_key, rendition, body)
        image = StoredImage(
            asset_key=asset_key,
            rendition=rendition,
            sealed=sealed.sealed,
            wrapped_key=sealed.wrapped_key,
            length=len(body),
            content_etag=etag,
            source_length=source_length,
            source_revision=source_revision,
            mismatch=mismatch,
        )
        return self._store.put(
            image, limit_bytes=self._limit_bytes, protected=self._protected, salt=salt
        )

    def sealed(
        self, asset_key: str, rendition: str, *, revision: str | None = None
    ) -> SealedImage | None:
        """The image and its own key; None when it is not here, or another secret sealed it.

        With ``revision`` also None when the image was fetched under another one: the upload
        has been replaced, and nobody may decide on the old picture.
        """
        row = self._store.get(asset_key, rendition)
        if row is None or _replaced(row.source_revision, revision):
            return None
        try:
            sealer = self._sealer(self._store.salt)
            key = sealer.unwrap(asset_key, rendition, row.length, row.wrapped_key)
        except SealBroken:
            return None
        return SealedImage(row.sealed, key, row.length, row.mismatch)

    def is_current(self, asset_key: str, rendition: str, *, revision: str | None = None) -> bool:
        """Whether the image is here and its upload was not replaced since."""
        source = self._store.source_revision(asset_key, rendition)
        return source is not None and not _replaced(source.revision, revision)

    def touch(self, asset_keys: Iterable[str]) -> None:
        """Note that these were looked at now, so that they are dropped last."""
        self._store.touch(asset_keys)

    def purge(self, asset_keys: Collection[str], *, never_again: bool = False) -> int:
        """Destroy these images and their keys; with ``never_again`` refuse them from now on."""
        return self._store.purge(asset_keys, never_again=never_again)

    def never_kept(self, asset_keys: Iterable[str]) -> frozenset[str]:
        """Those of ``asset_keys`` that were purged for good."""
        return self._store.never_kept(asset_keys)

    def purge_all(self) -> int:
        """Destroy every image and its key."""
        return self._store.purge_all()

    def size(self) -> int:
        """How many bytes the sealed images take."""
        return self._store.size()

    def close(self) -> None:
        """Close the file."""
        self._store.close()


def _replaced(then: str | None, now: str | None) -> bool:
    return then is not None and now is not None and then != now
