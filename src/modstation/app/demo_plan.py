"""What the demo hands to its driver, and what the driver says it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from modstation.app.unattended import latest_operations, opened_store
from modstation.core.outbox import OperationState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modstation.app.paths import Home
    from modstation.core.accounts import Credentials
    from modstation.core.assets import ModerationStatus


class ServiceControl(Protocol):
    """Takes the service away from the station and gives it back."""

    def pause(self) -> None:
        """Nothing answers at the service's address any more once this returns."""
        ...

    def resume(self) -> None:
        """The service accepts requests again, with all it knew, once this returns."""
        ...


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """A station to be driven: its account, its home, and how many images wait for it.

    ``screenshots``: the folder for pictures of the window, which exists; None: take none.
    """

    credentials: Credentials
    home: Home
    screenshots: Path | None
    service_control: ServiceControl
    count: int


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the driven station did; the demo compares it with what the service says.

    ``decided``: by public ID, the status that the moderator wanted last (an image that was
    decided and undone is not in it). ``pulled``: images that came from the service. ``posted``:
    images whose last decision it acknowledged.
    """

    pulled: int
    decided: Mapping[str, ModerationStatus]
    posted: int


def what_was_done(plan: DemoPlan) -> DemoResult:
    """Read the closed station's database: what came, what was decided last, what was posted."""
    with opened_store(plan.home.account(plan.credentials.account.name)) as store:
        last = latest_operations(store)
        waiting = store.counts().waiting
    return DemoResult(
        pulled=waiting + len(last),
        decided={ref.public_id: operation.target for ref, operation in last.items()},
        posted=sum(operation.state is OperationState.DONE for operation in last.values()),
    )
