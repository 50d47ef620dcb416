"""What the panel says of an asset, worked out without a window."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from helpers.assets import FIRST_CREATED, make_asset
from modstation.app.evidence import ChainStep, StepState, evidence
from modstation.core.assets import (
    AssetRef,
    MachineLabel,
    ModerationEntry,
    ModerationStatus,
    obstacle,
)

NUDITY = MachineLabel("Nudity", 91.0, threshold=60.0)
LATER = FIRST_CREATED + timedelta(minutes=5)


def entry(kind: str, status: str, **fields: Any) -> ModerationEntry:
    return ModerationEntry(kind, ModerationStatus(status), **fields)


CHAIN = (
    entry("aws_rek", "approved", updated_at=LATER, labels=(NUDITY,)),
    entry("webpurify", "pending"),
    entry("manual", "queued"),
)


def test_the_chain_names_every_step_and_which_one_is_ours() -> None:
    shown = evidence(make_asset(moderation=CHAIN), hide_verdict=False)
    assert shown.chain == (
        ChainStep("aws_rek", StepState.APPROVED),
        ChainStep("webpurify", StepState.PENDING),
        ChainStep("manual", StepState.QUEUED, current=True),
    )


def test_without_a_chain_the_status_is_the_chain() -> None:
    shown = evidence(make_asset(moderation=(), kind=None), hide_verdict=False)
    assert shown.chain == (ChainStep("manual", StepState.PENDING, current=True),)


def test_a_hidden_verdict_hides_labels_and_outcome_of_machines_alone() -> None:
    asset = make_asset(moderation=CHAIN)
    shown = evidence(asset, hide_verdict=True)
    assert (shown.verdict_hidden, shown.labels) == (True, ())
    assert [step.state for step in shown.chain] == [
        StepState.HIDDEN,
        StepState.PENDING,
        StepState.QUEUED,
    ]
    assert evidence(asset, hide_verdict=False).labels == (NUDITY,)


def test_where_no_machine_spoke_nothing_is_called_hidden() -> None:
    assert not evidence(make_asset(), hide_verdict=True).verdict_hidden


def test_waiting_begins_when_the_moderation_before_had_answered() -> None:
    chain = (entry("aws_rek", "approved", updated_at=LATER), entry("manual", "pending"))
    shown = evidence(make_asset(1, moderation=chain), hide_verdict=False)
    assert shown.waiting_since == LATER
    assert shown.public_since == FIRST_CREATED + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("fields", "public", "waits"),
    [
        ({}, True, True),
        ({"status": ModerationStatus.REJECTED}, False, False),
        ({"status": ModerationStatus.APPROVED}, True, False),
    ],
)
def test_what_is_delivered_is_public_and_what_is_settled_does_not_wait(
    fields: dict[str, Any], public: bool, waits: bool
) -> None:
    shown = evidence(make_asset(**fields), hide_verdict=False)
    assert (shown.public_since is not None, shown.waiting_since is not None) == (public, waits)


def test_a_private_image_is_not_public() -> None:
    asset = make_asset()
    private = type(asset)(
        AssetRef("image", "authenticated", "a"), asset.status, created_at=FIRST_CREATED
    )
    assert evidence(private, hide_verdict=False).public_since is None


@pytest.mark.parametrize(
    ("raw", "facts"),
    [
        ({}, []),
        ({"context": {"custom": {"caption": "Lake"}}}, [("caption", "Lake")]),
        ({"context": {"caption": "Lake"}}, [("caption", "Lake")]),
        ({"context": {"custom": {"User": "u-1"}}}, [("Uploader", "u-1"), ("User", "u-1")]),
        ({"metadata": {"colours": ["red", "blue"]}}, [("colours", "red, blue")]),
        ({"metadata": {"stock": 12, "empty": ""}}, [("stock", "12")]),
        ({"uploaded_by": {"custom_id": "eva", "access_key": "1"}}, [("Uploader", "eva")]),
        ({"created_by": {"access_key": "12"}}, [("Uploader", "12")]),
        ({"uploaded_by": "eva"}, [("Uploader", "eva")]),
        ({"asset_folder": "shop"}, [("Folder", "shop")]),
        ({"context": 7, "metadata": [1], "uploaded_by": {"custom_id": 7}}, []),
        ([], []),
    ],
)
def test_facts_are_read_out_of_whatever_the_service_answered(
    raw: object, facts: list[tuple[str, str]]
) -> None:
    asset = make_asset(raw=json.dumps(raw))
    assert list(evidence(asset, hide_verdict=False).facts) == facts


@pytest.mark.parametrize(
    ("asset", "words"),
    [
        (make_asset(), None),
        (make_asset(moderation=CHAIN, status=ModerationStatus.QUEUED), "waits for webpurify"),
        # The service's overall word is older than the chain.
        (make_asset(moderation=CHAIN), "waits for webpurify"),
        (make_asset(moderation=(), status=ModerationStatus.QUEUED), "an earlier moderation"),
        (
            make_asset(
                moderation=(entry("aws_rek", "rejected"), entry("manual", "aborted")),
                status=ModerationStatus.ABORTED,
            ),
            "aws_rek rejected this image",
        ),
        (
            make_asset(
                moderation=(entry("aws_rek", "rejected"), entry("manual", "aborted")),
                status=ModerationStatus.REJECTED,
            ),
            None,
        ),
    ],
)
def test_an_image_that_is_not_at_its_turn_says_whom_it_waits_for(
    asset: Any, words: str | None
) -> None:
    told = obstacle(asset)
    assert (told is None) if words is None else (told is not None and words in told)
