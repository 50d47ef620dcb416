"""What a service is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modstation.core.errors import SettingsError
from modstation.service.access.cloud_settings import CloudSettings
from modstation.service.access.clouds import check_cloud_name

if TYPE_CHECKING:
    from pathlib import Path

    from modstation.service.providers.webpurify import WebPurifyAccount

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Where a service listens, what it stores where, and its limits.

    ``notification_delays`` are the seconds before the second, third and fourth try
    (reference 4.1: three more tries after about 3, 6 and 9 minutes).
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 8787
    database: str | None = None
    storage: str | None = None
    cloud: str = "local"
    # Opens the API secrets; replicas on several machines need the same one. None: in ``data``.
    key_file: Path | None = None
    # How the world reaches this service, for delivery addresses; None: as the caller did.
    public_url: str | None = None
    # A self-hosted service has no plan to protect; the limit only stops a runaway client.
    calls_per_hour: int = 100_000
    upload_bytes: int = 100 * MIB
    # Text fields are held in memory: data URIs, JSON bodies, batches of decisions.
    text_bytes: int = 32 * MIB
    rendition_pixels: int = 120_000_000
    rendition_workers: int = 2
    renditions_per_version: int = 32
    notification_delays: tuple[float, ...] = (180.0, 360.0, 540.0)
    notification_timeout: float = 10.0
    # Receiving hosts written to at once, and letters at once to one that answers quickly.
    notification_lanes: int = 1500
    notification_parallel: int = 4
    # Providers of automatic moderation (machines.py); without one, people decide on webpurify's.
    rekognition: bool = False
    webpurify: WebPurifyAccount | None = None
    # What a cloud starts with; from then on it has settings of its own (cloud_settings.py).
    new_cloud: CloudSettings = field(default_factory=CloudSettings)
    # A remote file arrives within this, or it is not uploaded.
    fetch_seconds: float = 60.0
    fetch_workers: int = 8
    # Seconds after which other replicas take over what one had promised when it died.
    task_lease: float = 20.0
    # Who may read /metrics: ``local``, ``open``, or whoever shows this token (monitoring.py).
    metrics: str = field(default="local", repr=False)
    # A file, or ``-`` for stderr; None: requests are not logged.
    access_log: str | None = None
    # Caches to be told of what is wrong by now: base addresses that take PURGE.
    purge_nodes: tuple[str, ...] = ()
    # Seconds until a cache that does not answer is tried again.
    purge_retry: float = 5.0
    # Hosts and networks that callers may make the service talk to (address_guard.py).
    allow_networks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could not work; raises SettingsError."""
        check_cloud_name(self.cloud)
        if not 0 <= self.port <= 65535:
            raise SettingsError(f"{self.port} is not a port.")
        if self.webpurify is not None and self.public_url is None:
            raise SettingsError(
                "WebPurify fetches images from this service, so it needs a public address."
            )

    @property
    def database_url(self) -> str:
        """The database to use: a SQLite file in the data folder unless told otherwise."""
        return self.database or f"sqlite:///{self.data / 'service.sqlite3'}"

    @property
    def sealing_key(self) -> Path:
        """The file with the key that opens the API secrets."""
        return self.key_file or self.data / "service.key"
