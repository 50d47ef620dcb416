"""Which images are shown covered until the moderator asks to see them."""

from __future__ import annotations

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
