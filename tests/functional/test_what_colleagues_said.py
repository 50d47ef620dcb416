"""Reasons pass between stations by way of the service: colleagues' come in, one's own go out."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import httpx
import pytest

from helpers.assets import draft_for, open_store
from helpers.live_service import Fault, LiveService
from modstation.app.paths import home_at
from modstation.app.policies import load_policy
from modstation.app.rescue import RESCUED
from modstation.app.settings import Settings
from modstation.core.accounts import parse_cloudinary_url
from modstation.core.assets import ModerationStatus
from modstation.core.clock import ManualClock, SystemClock, TimeOrderedIds
from modstation.core.decisions import Verdict
from modstation.core.filtering import parse_filter
from modstation.core.queue import QueueEntry, QueueView
from modstation.remote.client import AdminClient
from modstation.sync.engine import SyncEngine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modstation.core.policy import Policy
    from modstation.store.station_store import StationStore

REJECTED = QueueView(status=ModerationStatus.REJECTED)


class Watched(httpx.HTTPTransport):
    """A real connection, and what was sent over it."""

    def __init__(self) -> None:
        super().__init__(verify=False)
        self.sent: list[tuple[str, str]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.content.decode()
        self.sent.append((request.method, f"{request.url.raw_path.decode()} {body}"))
        return super().handle_request(request)


class Station:
    """A station's store and engine, stepped by the test, on the real service."""

    def __init__(self, folder: Path, url: str, view: QueueView) -> None:
        # The test lets time pass, or a second attempt would have to be waited for.
        clock = ManualClock(SystemClock().now())
        self.clock = clock
        self.wire = Watched()
        self.store: StationStore = open_store(folder, clock=clock, ids=TimeOrderedIds())
        self.client = AdminClient(parse_cloudinary_url(url), clock=clock, transport=self.wire)
        self.engine = SyncEngine(
            self.store,
            self.client,
            view=view,
            clock=clock,
            random=Random(1),
            notify=lambda _event: None,
        )

    def close(self) -> None:
        self.engine.close()
        self.client.close()
        self.store.close()

    def sync(self) -> None:
        self.clock.advance(5)
        self.engine.refresh()
        while self.engine.step().worked:
            pass

    def entries(self, view: QueueView) -> dict[str, QueueEntry]:
        found = self.store.scan(view, after=None, rows=500).entries
        return {entry.asset.ref.public_id: entry for entry in found}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LiveService]:
    with LiveService(tmp_path) as live:
        yield live


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    found, problems = load_policy(home_at(tmp_path_factory.mktemp("policy")), Settings())
    assert not problems
    return found


@pytest.fixture
def rejected(tmp_path: Path, service: LiveService) -> Iterator[Station]:
    station = Station(tmp_path, service.cloudinary_url, REJECTED)
    yield station
    station.close()


@pytest.fixture
def pending(tmp_path: Path, service: LiveService) -> Iterator[Station]:
    station = Station(tmp_path, service.cloudinary_url, QueueView())
    yield station
    station.close()


def colleague(service: LiveService, name: str, status: str, reason: str | None = None) -> None:
    """Decide as another station does."""
    number = len(service.decisions())
    item = {"decision_id": f"theirs-{number}", "public_id": name, "status": status, "actor": "kim"}
    if reason:
        item["reason"] = reason
    answer = service.request("POST", "/modstation/decisions", json={"decisions": [item]})
    assert answer.json()["results"][0]["outcome"] == "applied", answer.text


def test_the_rescue_finds_what_a_colleague_rejected_for_its_form(
    service: LiveService, rejected: Station, policy: Policy
) -> None:
    blurred, nude, unsaid = service.fill(3)
    colleague(service, blurred, "rejected", "quality")
    colleague(service, nude, "rejected", "nudity")
    colleague(service, unsaid, "rejected")
    rejected.sync()
    only = parse_filter(RESCUED, technical=policy.technical)
    rescued = QueueView(status=ModerationStatus.REJECTED, filter=only)
    assert list(rejected.entries(rescued)) == [blurred]
    found = rejected.entries(REJECTED)
    covered = {name: policy.warns_of(entry) for name, entry in found.items()}
    assert covered == {blurred: False, nude: True, unsaid: True}


def test_what_a_colleague_rejected_for_a_covering_reason_stays_covered_when_it_waits_again(
    service: LiveService, pending: Station, policy: Policy
) -> None:
    nude, fine = service.fill(2)
    pending.sync()
    assert not any(policy.warns_of(entry) for entry in pending.entries(QueueView()).values())
    colleague(service, nude, "rejected", "nudity")
    service.decide(nude, "pending")
    pending.sync()
    found = pending.entries(QueueView())
    assert {name: policy.warns_of(entry) for name, entry in found.items()} == {
        nude: True,
        fine: False,
    }


def test_the_reason_of_before_is_not_the_reason_of_an_own_rejection(
    service: LiveService, rejected: Station, policy: Policy
) -> None:
    (name,) = service.fill(1)
    colleague(service, name, "rejected", "quality")
    rejected.sync()
    asset = rejected.entries(REJECTED)[name].asset
    for verdict, reason in ((Verdict.APPROVE, None), (Verdict.REJECT, "nudity")):
        draft = draft_for(asset, verdict, reason_code=reason, expected=frozenset(ModerationStatus))
        rejected.store.decide(draft, hold=timedelta(0))
        rejected.engine.push_once()
    assert service.status_of(name) == "rejected"
    only = parse_filter(RESCUED, technical=policy.technical)
    assert rejected.entries(QueueView(status=ModerationStatus.REJECTED, filter=only)) == {}


def test_one_post_by_itself_says_to_our_service_what_a_batch_says(
    service: LiveService, pending: Station
) -> None:
    (name,) = service.fill(1)
    pending.sync()
    asset = pending.entries(QueueView())[name].asset
    saved = pending.store.decide(
        draft_for(asset, Verdict.REJECT, reason_code="quality", note="blur & <noise>\nonly"),
        hold=timedelta(0),
    )
    # What poisons a batch is sent alone in the end; and of that the answer is lost, too.
    service.faults.add(Fault.ERROR_BEFORE, path="/modstation/decisions", times=2)
    service.faults.add(Fault.DROP_AFTER, method="POST", path="/resources/")
    while pending.store.counts().unsent:
        pending.clock.advance(60)
        pending.engine.push_once()
    assert len(service.faults.requests("POST", "/resources/")) == 1
    (row,) = [row for row in service.decisions(name) if row.changed]
    assert (row.decision_id, row.reason, row.note, row.actor) == (
        saved.decision.decision_id,
        "quality",
        "blur & <noise>\nonly",
        "mod",
    )


def test_a_note_that_the_service_does_not_take_costs_no_verdict(
    service: LiveService, pending: Station
) -> None:
    (name,) = service.fill(1)
    pending.sync()
    asset = pending.entries(QueueView())[name].asset
    # As a soft line break is copied out of a word processor.
    draft = draft_for(asset, Verdict.REJECT, note="a face\x0bblurred")
    pending.store.decide(draft, hold=timedelta(0))
    pending.sync()
    assert pending.store.counts().unsent == 0
    assert service.status_of(name) == "rejected"


def test_nothing_extra_is_said_to_cloudinary(service: LiveService, pending: Station) -> None:
    (name,) = service.fill(1)
    service.without_extension()
    pending.sync()
    asset = pending.entries(QueueView())[name].asset
    draft = draft_for(asset, Verdict.REJECT, reason_code="quality", note="blur")
    pending.store.decide(draft, hold=timedelta(0))
    pending.engine.push_once()
    assert service.status_of(name) == "rejected"
    posts = [what for method, what in pending.wire.sent if method == "POST"]
    assert [parse_qs(what.partition(" ")[2]) for what in posts] == [
        {"moderation_status": ["rejected"]}
    ]
    asked = [what for _, what in pending.wire.sent if "capabilities" not in what]
    assert not any("modstation" in what for what in asked)
