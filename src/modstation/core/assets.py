"""An asset: one uploaded image, as the moderation service describes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from modstation.core.language import later, translate

if TYPE_CHECKING:
    from datetime import datetime

    from modstation.core.language import Later


class ModerationStatus(StrEnum):
    """What the service says of an asset (reference, Cloudinary §3.6)."""

    QUEUED = "queued"
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    ABORTED = "aborted"
    # Only in one SDK's enumeration: read, never sent.
    OVERRIDDEN = "overridden"

    @property
    def word(self) -> str:
        """The state as a moderator reads it."""
        return str(self.said)

    @property
    def said(self) -> Later:
        """The same word, for a sentence that is kept."""
        return _STATUS_WORDS[self]

    @property
    def settled(self) -> bool:
        """Nobody has to decide any more."""
        return self in {
            ModerationStatus.APPROVED,
            ModerationStatus.REJECTED,
            ModerationStatus.OVERRIDDEN,
        }


_STATUS_WORDS = {
    ModerationStatus.QUEUED: later("Assets", "queued"),
    ModerationStatus.PENDING: later("Assets", "pending"),
    ModerationStatus.APPROVED: later("Assets", "approved"),
    ModerationStatus.REJECTED: later("Assets", "rejected"),
    ModerationStatus.ABORTED: later("Assets", "aborted"),
    ModerationStatus.OVERRIDDEN: later("Assets", "overridden"),
}


@dataclass(frozen=True, slots=True, order=True)
class AssetRef:
    """What names an asset: resource type, delivery type and public ID, none of them trusted."""

    resource_type: str
    delivery_type: str
    public_id: str

    @property
    def key(self) -> str:
        """One string that is equal exactly when the three parts are (types contain no slash)."""
        return f"{self.resource_type}/{self.delivery_type}/{self.public_id}"

    @classmethod
    def from_key(cls, key: str) -> AssetRef:
        """The reference that ``key`` was made from; ``ValueError`` if it is no such key."""
        resource_type, delivery_type, public_id = key.split("/", 2)
        return cls(resource_type, delivery_type, public_id)


@dataclass(frozen=True, slots=True)
class MachineLabel:
    """One label of an automatic moderation; ``confidence`` and ``threshold`` run from 0 to 100."""

    name: str
    confidence: float
    parent: str = ""
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class ModerationEntry:
    """One link of the moderation chain of an asset."""

    kind: str
    status: ModerationStatus
    updated_at: datetime | None = None
    labels: tuple[MachineLabel, ...] = ()


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset as the service last described it.

    ``bytes``, ``width`` and ``height`` (pixels) are those of the original; ``url`` is where its
    original is delivered; ``raw`` is the service's JSON object, whole, as text. Any field but
    ``ref`` may be missing in an answer (reference, Cloudinary §3.1).
    """

    ref: AssetRef
    status: ModerationStatus
    kind: str | None = None
    asset_id: str | None = None
    version: int | None = None
    format: str | None = None
    bytes: int | None = None
    width: int | None = None
    height: int | None = None
    created_at: datetime | None = None
    etag: str | None = None
    url: str | None = None
    tags: tuple[str, ...] = ()
    moderation: tuple[ModerationEntry, ...] = ()
    # What it was ever given as a reason, and that of the state it has: told by our service alone.
    reasons: tuple[str, ...] = ()
    reason: str | None = None
    raw: str = "{}"

    @property
    def key(self) -> str:
        """The key of ``ref``."""
        return self.ref.key

    @property
    def revision(self) -> str | None:
        """Names this upload: what is uploaded anew under the same public ID has another one.

        By the version, because listings of Cloudinary tell no etag; the etag where there is none.
        """
        return self.etag if self.version is None else f"v{self.version}"

    @property
    def labels(self) -> tuple[MachineLabel, ...]:
        """Every machine label of the chain, strongest first."""
        found = [label for entry in self.moderation for label in entry.labels]
        return tuple(sorted(found, key=lambda label: -label.confidence))


def obstacle(asset: Asset) -> str | None:
    """Why nobody can decide an asset now, in words; None when it can be decided."""
    if asset.status.settled:
        # Also where its own moderation never came to its turn: a settled image may be overridden.
        return None
    entry = next((entry for entry in asset.moderation if entry.kind == asset.kind), None)
    statuses = {asset.status} if entry is None else {asset.status, entry.status}
    if ModerationStatus.ABORTED in statuses:
        rejected = [e.kind for e in asset.moderation if e.status is ModerationStatus.REJECTED]
        by = rejected[0] if rejected else translate("Assets", "an earlier moderation")
        return translate(
            "Assets", "Aborted: {by} rejected this image, so its turn here never came."
        ).format(by=by)
    if ModerationStatus.QUEUED in statuses:
        before = [e.kind for e in asset.moderation if e.status is ModerationStatus.PENDING]
        by = before[0] if before else translate("Assets", "an earlier moderation")
        return translate(
            "Assets", "Queued: this image still waits for {by}; it cannot be decided yet."
        ).format(by=by)
    return None
