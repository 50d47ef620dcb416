"""What the engine needs of the moderation service: ``remote.client.AdminClient`` in the program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modstation.core.assets import Asset, AssetRef, ModerationStatus
    from modstation.core.outbox import Operation
    from modstation.core.pacing import Quota
    from modstation.remote.acknowledgement import Confirmed
    from modstation.remote.batch import BatchItem, Capabilities
    from modstation.remote.claims import Claimed
    from modstation.remote.parsing import Page


class ModerationService(Protocol):
    """The service; every method raises ``RemoteError`` and may be called by any thread."""

    @property
    def quota(self) -> Quota | None:
        """The account's quota as the last answer told it."""
        ...

    def ping(self) -> None:
        """Return when the service answers."""
        ...

    def list_assets(
        self,
        kind: str,
        status: ModerationStatus,
        *,
        cursor: str | None = None,
        limit: int = 500,
        reasons: bool = False,
    ) -> Page:
        """One page of the queue, oldest first; ``reasons``: with what they were rejected for."""
        ...

    def read_asset(self, ref: AssetRef, asset_id: str | None = None) -> Asset:
        """One asset as it stands now."""
        ...

    def set_status(
        self,
        ref: AssetRef,
        status: ModerationStatus,
        *,
        asset_id: str | None = None,
        details: str | None = None,
    ) -> Confirmed:
        """Set the status of one asset; ``details`` of the decision, where they are taken."""
        ...

    def write_context(
        self, ref: AssetRef, context: Mapping[str, str], *, asset_id: str | None = None
    ) -> None:
        """Let an asset's context be this."""
        ...

    def capabilities(self) -> Capabilities | None:
        """What the service offers beyond Cloudinary's API."""
        ...

    def claim(self, asset_ids: Sequence[str], *, holder: str, name: str, seconds: int) -> Claimed:
        """Lease assets to this station; those it has are prolonged."""
        ...

    def release_claims(self, holder: str) -> None:
        """Give back all that this station has leased."""
        ...

    def post_decisions(self, operations: Sequence[Operation]) -> list[BatchItem]:
        """Post many decisions in one request."""
        ...
