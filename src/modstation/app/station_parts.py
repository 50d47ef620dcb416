"""What a station is made of, and what it asks of each part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from modstation.app.frame_pipeline import Decoder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modstation.app.fingerprinting import Fingerprinting
    from modstation.app.frame_pipeline import FramePipeline
    from modstation.app.mailbox import Mailbox
    from modstation.app.review_session import ReviewSession
    from modstation.app.settings_book import SettingsBook
    from modstation.app.store_tasks import StoreTasks
    from modstation.core.accounts import Account
    from modstation.core.keymap import Keymap
    from modstation.core.policy import Policy
    from modstation.core.queue import QueueView


class Closable(Protocol):
    """Something that ends."""

    def close(self) -> None:
        """End it, and wait until it has ended."""
        ...


class Network(Closable, Protocol):
    """The network process, seen from here: ``app.network_link.NetworkLink`` in the program."""

    def wake(self) -> None:
        """Look at the outbox and the queue now."""
        ...

    def focus(self, keys: Sequence[str]) -> None:
        """Fetch these pictures first, in this order."""
        ...

    def change_view(self, view: QueueView) -> None:
        """List, and fetch ahead for, another view."""
        ...

    def want_original(self, key: str) -> None:
        """Fetch the original of one image."""
        ...

    def want_past(self, key: str) -> None:
        """Ask the service who decided on an image."""
        ...

    def purge(self, keys: Sequence[str]) -> None:
        """End the fetching of these pictures, and never keep them again."""
        ...

    def take_along(self, keys: Sequence[str]) -> None:
        """Fetch exactly these pictures too, and keep them until others are named, or none."""
        ...

    def set_offline(self, *, offline: bool) -> None:
        """Use no network, or use it again."""
        ...


class Pool(Closable, Decoder, Protocol):
    """The decode processes: ``media.decoder.DecodePool`` in the program."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a station is made of; ``app.bootstrap`` puts it together.

    ``warning_of`` gives the warning stored with an image whose bytes differ from the listing.
    """

    account: Account
    settings: SettingsBook
    policy: Policy
    keymap: Keymap
    problems: tuple[str, ...]
    mailbox: Mailbox
    store: StoreTasks
    frames: FramePipeline
    session: ReviewSession
    network: Network
    pool: Pool
    closing: tuple[Closable, ...]
    warning_of: Callable[[str], str | None]
    free_bytes: Callable[[], int]
    fingerprinting: Fingerprinting | None = None
