"""Every error modstation knows, in one tree.

An error is either *known*, and stands here, or a *bug*, and reaches the crash handler.
``title`` is a heading, ``str(error)`` a sentence; both are for a moderator's eyes.

    ModstationError
     ├── StoreError                the local database
     │    ├── StoreBusy            another program holds it longer than we wait
     │    ├── StoreFull            the disk is full
     │    ├── StoreDamaged         it is corrupt, or not one of ours
     │    └── StoreTooNew          a newer modstation wrote it
     ├── RemoteError               the moderation service or the way to it
     │    ├── Unreachable          nothing was sent: no route, refused, no name, TLS
     │    ├── Unknown              sent, but no answer that can be trusted
     │    ├── Throttled            the hourly quota is used up until ``retry_at``
     │    ├── NotAuthorized        the key or the secret is wrong
     │    │    └── MayNotPost      the key is right, but may decide nothing
     │    ├── AssetGone            the service has no such asset
     │    ├── Refused              the service understood and said no
     │    └── UnsafeAddress        we refuse to send there
     ├── MediaError                bytes that are not a picture we can show
     │    ├── NotAnImage           not one of the formats on the list
     │    ├── ImageDamaged         truncated or corrupt
     │    ├── ImageTooLarge        more bytes or pixels than we decode
     │    ├── DecodeTimeout        the decoder ran out of its time
     │    ├── DecoderDied          the decoder ran out of memory or crashed
     │    ├── CacheUnreadable      they lie in an image cache that cannot be read now
     │    └── PictureMissing       they are not on this machine (yet)
     ├── ReviewError               a review action that cannot be done now
     └── SettingsError             a settings, policy, keymap or account problem
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from modstation.core.language import Later, later

if TYPE_CHECKING:
    from datetime import datetime

    from modstation.core.language import Sentence


class ModstationError(Exception):
    """Something went wrong that we know how to explain."""

    title: ClassVar[Later] = later("Errors", "Something went wrong")

    @property
    def message(self) -> str:
        """The sentence for people."""
        return str(self)

    @property
    def wording(self) -> Sentence:
        """The same to be kept or sent on: as far as it can be, in the language of its reader."""
        said = self.args[0] if self.args else ""
        return said if isinstance(said, Later) else str(self)


# -- store


class StoreError(ModstationError):
    """The local database could not be used."""

    title = later("Errors", "Local database")


class StoreBusy(StoreError):
    """Another program holds the database longer than we wait."""

    title = later("Errors", "Local database is busy")


class StoreFull(StoreError):
    """The disk is full."""

    title = later("Errors", "Disk is full")


class StoreDamaged(StoreError):
    """The database file is corrupt, or is not one of ours."""

    title = later("Errors", "Local database is damaged")


class StoreTooNew(StoreError):
    """A newer modstation wrote this database."""

    title = later("Errors", "Local database is from a newer version")


# -- remote


class RemoteError(ModstationError):
    """The moderation service, or the way to it, failed.

    ``ambiguous``: the request may have had its effect. ``http_status`` and ``request_id``
    are kept for the log when there was an answer.
    """

    title = later("Errors", "Moderation service")
    ambiguous: ClassVar[bool] = False

    def __init__(
        self,
        message: Sentence,
        *,
        http_status: int | None = None,
        request_id: str | None = None,
        retry_at: datetime | None = None,
    ) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.request_id = request_id
        self.retry_at = retry_at


class Unreachable(RemoteError):
    """Nothing was sent: refused, no route, no such name, no TLS."""

    title = later("Errors", "Offline")


class Unknown(RemoteError):
    """The request was sent and no answer came that can be trusted."""

    title = later("Errors", "No clear answer")
    ambiguous = True


class Throttled(RemoteError):
    """The account's hourly quota is used up until ``retry_at``."""

    title = later("Errors", "Hourly quota used up")


class NotAuthorized(RemoteError):
    """The service does not accept the account's key or secret."""

    title = later("Errors", "Key or secret not accepted")


class MayNotPost(NotAuthorized):
    """The service takes the account's key, but no decision that is made with it."""

    title = later("Errors", "Posting refused")


class AssetGone(RemoteError):
    """The service has no such asset (any more)."""

    title = later("Errors", "Image is gone")


class Refused(RemoteError):
    """The service understood the request and said no; sending it again will not help."""

    title = later("Errors", "Refused by the service")


class UnsafeAddress(RemoteError):
    """We refuse to send credentials or requests to this address."""

    title = later("Errors", "Address not allowed")


# -- media


class MediaError(ModstationError):
    """These bytes are not a picture we can show."""

    title = later("Errors", "Image cannot be shown")


class NotAnImage(MediaError):
    """The content is not one of the formats on the list, whatever its name says."""

    title = later("Errors", "Not an image")


class ImageDamaged(MediaError):
    """The image is truncated or corrupt."""

    title = later("Errors", "Image is damaged")


class ImageTooLarge(MediaError):
    """The image has more bytes or pixels than we decode."""

    title = later("Errors", "Image is too large")


class DecodeTimeout(MediaError):
    """Decoding took longer than it may."""

    title = later("Errors", "Image takes too long to decode")


class DecoderDied(MediaError):
    """The decoder ran out of memory or crashed on this image."""

    title = later("Errors", "Image crashed the decoder")


class CacheUnreadable(MediaError):
    """The image cache on this machine cannot be read now: busy, damaged, or its disk fails."""

    title = later("Errors", "Image cache cannot be read")


class PictureMissing(MediaError):
    """The picture is not on this machine, or not any more: no fault of its bytes."""

    title = later("Errors", "Image is not here")


# -- review and settings


class ReviewError(ModstationError):
    """A review action that cannot be done now; ``code`` is stable, the sentence is not."""

    title = later("Errors", "Not possible now")

    def __init__(self, message: Sentence, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class SettingsError(ModstationError):
    """A settings, policy, keymap or account problem."""

    title = later("Errors", "Settings")


class AccountUnclear(SettingsError):
    """There are accounts, but none that can simply be opened: somebody has to choose."""


class SeveralAccounts(AccountUnclear):
    """None was named, and none of them is the default."""


class SecretUnknown(AccountUnclear):
    """The keyring does not know the secret of ``account`` (any more)."""

    def __init__(self, message: Sentence, *, account: str) -> None:
        super().__init__(message)
        self.account = account
