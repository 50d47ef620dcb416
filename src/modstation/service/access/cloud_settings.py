"""What the owner of a cloud chose: kept with its row, so that every replica does the same."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from sqlalchemy import select, update

from modstation.core.errors import SettingsError
from modstation.service.moderation.states import PENDING, REJECTED
from modstation.service.schema import clouds

if TYPE_CHECKING:
    from sqlalchemy import Connection

SignatureAlgorithm = Literal["sha1", "sha256"]


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """The settings of one cloud; the defaults are Cloudinary's as the seeds tell them.

    ``notification_urls`` are the account's own, told of every event beside those of an upload
    (reference 2.3). ``calls_per_hour`` and ``upload_bytes`` replace the service's limits.
    """

    deliver_pending: bool = True
    deliver_rejected: bool = False
    signature_algorithm: SignatureAlgorithm = "sha1"
    notification_urls: tuple[str, ...] = ()
    calls_per_hour: int | None = None
    upload_bytes: int | None = None
    # Uses a month by kind of moderation (add_on_limits.py); one that is not named has no limit.
    add_on_limits: dict[str, int] = field(default_factory=dict)

    def delivers(self, moderation_status: str | None) -> bool:
        """Whether an asset of this status may be handed out (reference 6)."""
        if moderation_status == PENDING:
            return self.deliver_pending
        return moderation_status != REJECTED or self.deliver_rejected


def cloud_settings(connection: Connection, cloud: str) -> CloudSettings:
    """The settings of a cloud as this transaction sees them; defaults where none were chosen."""
    return read_settings(connection.scalar(select(clouds.c.settings).where(clouds.c.name == cloud)))


def read_settings(stored: str | None) -> CloudSettings:
    """The settings a row of ``clouds`` holds as JSON; what a newer version added is passed over."""
    return CloudSettings() if stored is None else msgspec.json.decode(stored, type=CloudSettings)


def stored_settings(settings: CloudSettings) -> str:
    """The settings as a row of ``clouds`` holds them."""
    return msgspec.json.encode(settings).decode()


def change_cloud_settings(connection: Connection, cloud: str, **changes: Any) -> CloudSettings:
    """Set some settings of a cloud, leave the others; SettingsError if there is no such cloud."""
    row = connection.execute(
        select(clouds.c.settings).where(clouds.c.name == cloud).with_for_update()
    ).first()
    if row is None:
        raise SettingsError(f"There is no cloud “{cloud}”.")
    settings = replace(read_settings(row.settings), **changes)
    connection.execute(
        update(clouds).where(clouds.c.name == cloud).values(settings=stored_settings(settings))
    )
    return settings
