"""Which images are shown covered until the moderator asks to see them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modstation.core.assets import Asset

# Rekognition's confidence runs from 0 to 100; Cloudinary's own default threshold is 0.5.
DEFAULT_LABEL_THRESHOLD = 50.0


class Protection(StrEnum):
    """The person's choice; ``auto`` covers what a machine or the policy warns of."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"

    @property
    def rank(self) -> int:
        """How much is covered, as a number to compare by."""
        return (Protection.NEVER, Protection.AUTO, Protection.ALWAYS).index(self)


@dataclass(frozen=True, slots=True)
class Floor:
    """What an organisation asks for at least: a person may cover more, never less.

    ``blur`` is the weakest cover from 1 to 10; ``greyscale``: no image is shown in colour.
    """

    protection: Protection = Protection.NEVER
    blur: int = 1
    greyscale: bool = False

    def raised_to(self, other: Floor) -> Floor:
        """The floor that keeps to both."""
        return Floor(
            self.protection_of(other.protection),
            self.blur_of(other.blur),
            self.greyscale_of(other.greyscale),
        )

    def protection_of(self, chosen: Protection) -> Protection:
        """What counts for a person who chose that."""
        return max(self.protection, chosen, key=lambda one: one.rank)

    def blur_of(self, chosen: int) -> int:
        """The strength that counts for a person who chose that."""
        return max(self.blur, chosen)

    def greyscale_of(self, chosen: bool) -> bool:  # noqa: FBT001 - the setting's own value
        """Whether images are shown without colour to a person who chose that."""
        return self.greyscale or chosen


NO_FLOOR = Floor()


def is_protected(
    asset: Asset,
    choice: Protection,
    *,
    policy_protects: bool = False,
    thresholds: Mapping[str, float] | None = None,
) -> bool:
    """Say whether the image starts covered.

    ``thresholds`` (label name in lower case → 0..100) may raise or lower the default of 50.
    """
    if choice is Protection.ALWAYS:
        return True
    if choice is Protection.NEVER:
        return False
    if policy_protects:
        return True
    known = thresholds or {}
    return any(
        label.confidence > known.get(label.name.lower(), label.threshold or DEFAULT_LABEL_THRESHOLD)
        for label in asset.labels
    )
