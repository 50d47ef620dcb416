"""When an answer to an update counts: 200, whole, the asset that was meant, the status sent.

Everything else is ``Unknown``: neither success nor failure, to be verified by reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modstation.core.errors import Unknown
from modstation.core.language import later
from modstation.core.outbox import Acknowledged, Observed
from modstation.remote.parsing import JsonObject, parse_asset

if TYPE_CHECKING:
    from modstation.core.assets import Asset, AssetRef, ModerationStatus


@dataclass(frozen=True, slots=True)
class Confirmed:
    """An acknowledged update and the asset as the service now describes it."""

    acknowledged: Acknowledged
    asset: Asset


def confirm(
    answer: JsonObject,
    *,
    ref: AssetRef,
    asset_id: str | None,
    target: ModerationStatus,
    request_id: str | None = None,
) -> Confirmed:
    """Accept an update's answer, or raise ``Unknown`` saying what it failed to name."""
    check_named(answer, ref=ref, asset_id=asset_id, whole=True)
    asset = parse_asset(answer, ref=ref)
    if asset is None:
        raise Unknown(
            later("Acknowledgement", "The answer does not say how the image stands."),
            request_id=request_id,
        )
    if asset.status is not target:
        raise Unknown(
            later("Acknowledgement", "The answer names the status {status}, not {target}.").format(
                status=asset.status.said, target=target.said
            ),
            request_id=request_id,
        )
    when = max((e.updated_at for e in asset.moderation if e.updated_at), default=None)
    return Confirmed(Acknowledged(asset.status, when, request_id), asset)


def observe(asset: Asset) -> Observed:
    """What a reading of the asset says of its moderation."""
    when = max((e.updated_at for e in asset.moderation if e.updated_at), default=None)
    return Observed(asset.status, when, asset_id=asset.asset_id, version=asset.version)


def check_named(
    answer: JsonObject, *, ref: AssetRef, asset_id: str | None, whole: bool = False
) -> None:
    """Raise ``Unknown`` unless the answer speaks of this asset and contradicts it nowhere.

    ``whole``: type and resource type must be there as well, unless the asset ID is.
    """
    named = {
        "public_id": ref.public_id,
        "resource_type": ref.resource_type,
        "type": ref.delivery_type,
    }
    missing = [name for name in named if answer.get(name) is None]
    for name, meant in named.items():
        if name not in missing and answer[name] != meant:
            raise Unknown(
                later("Acknowledgement", "The answer speaks of another image ({name}).").format(
                    name=name
                )
            )
    answered_id = answer.get("asset_id")
    if asset_id is not None and answered_id is not None and answered_id != asset_id:
        raise Unknown(later("Acknowledgement", "The answer speaks of another image (asset_id)."))
    if asset_id is not None and answered_id == asset_id:
        return
    if "public_id" in missing or (whole and missing):
        raise Unknown(later("Acknowledgement", "The answer does not say which image it speaks of."))
