"""What is known of one asset, ready to be shown: chain, clocks, labels, facts, and what stops."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from modstation.core.assets import ModerationStatus, obstacle
from modstation.core.language import translate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from modstation.core.assets import Asset, MachineLabel

# Where the one who uploaded is told: fields of the answer, then what sites call it in their own.
_UPLOADER_PARTS = ("custom_id", "external_id", "access_key")
_UPLOADER_NAMES = frozenset(
    {"uploader", "uploaded_by", "user", "user_id", "userid", "username", "author", "owner"}
)
_PRIVATE_TYPES = frozenset({"private", "authenticated"})


class StepState(StrEnum):
    """What the chain says of one moderation, by icon and by word."""

    APPROVED = "approved"
    REJECTED = "rejected"
    PENDING = "pending"
    QUEUED = "queued"
    ABORTED = "aborted"
    OVERRIDDEN = "overridden"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class ChainStep:
    """One moderation of the chain; ``current`` is the one that is reviewed here."""

    kind: str
    state: StepState
    current: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """One asset as the panel shows it.

    ``waiting_since`` is when this moderation's turn came, ``public_since`` when everybody could
    see the image; None where it is not so or not known. ``machine``: a machine has spoken.
    ``obstacle`` says why it cannot be decided. ``facts`` are names and values, foreign text as it
    came.
    """

    chain: tuple[ChainStep, ...]
    labels: tuple[MachineLabel, ...]
    machine: bool
    verdict_hidden: bool
    waiting_since: datetime | None
    public_since: datetime | None
    obstacle: str | None
    facts: tuple[tuple[str, str], ...]


def evidence(asset: Asset, *, hide_verdict: bool) -> Evidence:
    """Work out what is shown of an asset; ``hide_verdict``: nothing that a machine found."""
    machine = any(
        entry.kind != "manual" and (entry.status.settled or entry.labels)
        for entry in asset.moderation
    )
    hidden = hide_verdict and machine
    return Evidence(
        chain=_chain(asset, hidden=hidden),
        labels=() if hidden else asset.labels,
        machine=machine,
        verdict_hidden=hidden,
        waiting_since=None if asset.status.settled else _turn(asset),
        public_since=_public_since(asset),
        obstacle=obstacle(asset),
        facts=_facts(asset),
    )


def _chain(asset: Asset, *, hidden: bool) -> tuple[ChainStep, ...]:
    kind = asset.kind or "manual"
    if not asset.moderation:
        return (ChainStep(kind, StepState(asset.status.value), current=True),)
    return tuple(
        ChainStep(
            entry.kind,
            StepState.HIDDEN
            if hidden and entry.kind != "manual" and entry.status.settled
            else StepState(entry.status.value),
            current=entry.kind == kind,
        )
        for entry in asset.moderation
    )


def _turn(asset: Asset) -> datetime | None:
    """When the moderation before this one had answered, else when the asset was uploaded."""
    turn = asset.created_at
    for entry in asset.moderation:
        if entry.kind == asset.kind:
            break
        turn = entry.updated_at or turn
    return turn


def _public_since(asset: Asset) -> datetime | None:
    if asset.ref.delivery_type in _PRIVATE_TYPES or asset.status is ModerationStatus.REJECTED:
        return None
    return asset.created_at


def _facts(asset: Asset) -> tuple[tuple[str, str], ...]:
    """Uploader, tags, context and metadata, out of the answer as it came."""
    try:
        raw = json.loads(asset.raw)
    except ValueError:
        raw = {}
    if not isinstance(raw, dict):
        raw = {}
    context = _pairs(raw.get("context"))
    metadata = _pairs(raw.get("metadata"))
    rows = []
    uploader = _uploader(raw, (*context, *metadata))
    if uploader:
        rows.append((translate("Evidence", "Uploader"), uploader))
    if asset.tags:
        rows.append((translate("Evidence", "Tags"), ", ".join(asset.tags)))
    folder = raw.get("asset_folder")
    if isinstance(folder, str) and folder:
        rows.append((translate("Evidence", "Folder"), folder))
    rows += [(name, value) for name, value in context if value]
    rows += [(name, value) for name, value in metadata if value]
    return tuple(rows)


def _pairs(value: Any) -> list[tuple[str, str]]:
    """The fields of ``context`` (in ``custom`` or flat) or ``metadata`` as text."""
    if not isinstance(value, dict):
        return []
    custom = value.get("custom")
    fields: Mapping[str, Any] = custom if isinstance(custom, dict) else value
    return [(name, _text(field)) for name, field in fields.items()]


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value)
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _uploader(raw: Mapping[str, Any], fields: tuple[tuple[str, str], ...]) -> str:
    """Who uploaded it: ``uploaded_by`` or ``created_by`` of the answer, else a field so named."""
    for name in ("uploaded_by", "created_by"):
        told = raw.get(name)
        if isinstance(told, str) and told:
            return told
        if isinstance(told, dict):
            parts = (told.get(part) for part in _UPLOADER_PARTS)
            found = next((part for part in parts if isinstance(part, str) and part), "")
            if found:
                return found
    return next((value for name, value in fields if name.lower() in _UPLOADER_NAMES), "")
