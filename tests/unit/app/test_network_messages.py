"""What goes through the pipe comes out the same, one line each, whatever is in it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from modstation.app.network_lock import NetworkLock
from modstation.app.network_messages import (
    USUAL_EDGE,
    VIEW,
    NetworkSpec,
    event_line,
    line,
    parse_event,
    parse_spec,
    spec_line,
    view_message,
    view_of,
)
from modstation.app.paths import AccountFolder
from modstation.app.settings import Settings
from modstation.core.accounts import Account, Credentials
from modstation.core.assets import ModerationStatus
from modstation.core.decisions import PastDecision
from modstation.core.events import (
    ConflictFound,
    Connection,
    ConnectionChanged,
    Event,
    ImageCached,
    ImageFailed,
    ImageProgress,
    PastDecisionsTold,
    QueueChanged,
)
from modstation.core.pacing import Quota
from modstation.core.queue import Counts, QueueView, Split

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 1, 1, 12, 30, 15, 250, tzinfo=UTC)
KEY = "image/upload/böse\n\u2028{\"}'\0"


@pytest.mark.parametrize(
    "event",
    [
        QueueChanged(Counts(1, 2, 3, 4, 5, 6, 7, 8), QueueView()),
        QueueChanged(Counts(1), QueueView(("k",), ModerationStatus.REJECTED, Split(2, 3))),
        ConnectionChanged(Connection.ONLINE),
        ConnectionChanged(Connection.THROTTLED, "späť", NOW, Quota(500, 0, NOW)),
        ImageCached(KEY, "review"),
        ImageProgress(KEY, "original", 4096, None),
        ImageFailed(KEY, "original", "no\nroom", permanent=True),
        ConflictFound(KEY, "approved", "rejected"),
        PastDecisionsTold(KEY, ()),
        PastDecisionsTold(
            KEY,
            (
                PastDecision(ModerationStatus.REJECTED, NOW, "kim", "nudity", "ďalší"),
                PastDecision(ModerationStatus.QUEUED, changed=False),
            ),
        ),
    ],
    ids=lambda event: type(event).__name__,
)
def test_events_arrive_as_they_were_sent(event: Event) -> None:
    sent = event_line(event)
    assert sent.count(b"\n") == 1
    assert parse_event(sent) == event


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"event":"party"}', b'{"event":"cached"}'])
def test_what_is_no_event_is_refused(text: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        parse_event(text)


def spec_of(
    tmp_path: Path, *, settings: Settings | None = None, screen_edge: int | None = None
) -> NetworkSpec:
    return NetworkSpec.of(
        credentials=Credentials(Account("a", "cloud", "key", "https://x.example"), "s3cr3t\n{"),
        folder=AccountFolder(tmp_path),
        log=tmp_path / "log",
        view=QueueView(("webpurify",), ModerationStatus.REJECTED, Split(2, 3)),
        settings=settings or Settings(),
        screen_edge=screen_edge,
        offline=True,
    )


def test_the_specification_arrives_whole_and_keeps_its_secret_to_itself(tmp_path: Path) -> None:
    spec = spec_of(tmp_path)
    sent = spec_line(spec)
    assert sent.count(b"\n") == 1
    assert parse_spec(sent) == spec
    assert spec.credentials.secret == "s3cr3t\n{"
    assert "s3cr3t" not in repr(spec)


def test_settings_reach_the_network_process(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, settings=replace_settings(review_edge=0))
    assert spec.review_edge == USUAL_EDGE
    spec = spec_of(
        tmp_path,
        settings=replace_settings(
            review_edge=2560, cache_limit_mb=64, refresh_seconds=30, backlog_limit=1000
        ),
    )
    assert (spec.review_edge, spec.cache_bytes) == (2560, 64 * 1024 * 1024)
    assert (spec.refresh_seconds, spec.backlog_limit) == (30.0, 1000)


def test_pictures_are_fetched_for_the_screen_of_the_last_window(tmp_path: Path) -> None:
    assert spec_of(tmp_path, screen_edge=3840).review_edge == 3840
    chosen = spec_of(tmp_path, settings=replace_settings(review_edge=1280), screen_edge=3840)
    assert chosen.review_edge == 1280


def replace_settings(**changes: int) -> Settings:
    return Settings(**changes)


@pytest.mark.parametrize("text", [b"", b"null", b"{}", b"[1]", b'{"account":{}}'])
def test_a_process_started_by_hand_is_told_nothing_and_ends(text: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        parse_spec(text)


@pytest.mark.parametrize(
    "view",
    [QueueView(), QueueView(("aws_rek", "manual"), ModerationStatus.REJECTED, Split(2, 3))],
)
def test_another_view_arrives_as_it_was_chosen(view: QueueView) -> None:
    sent = json.loads(line(view_message(view)))
    assert view_of(sent[VIEW]) == view


def test_a_view_without_a_share_stays_one(tmp_path: Path) -> None:
    spec = replace(spec_of(tmp_path), view=QueueView())
    assert parse_spec(spec_line(spec)).view == QueueView()


def test_a_message_is_plain_ascii() -> None:
    assert line({"focus": ["ž\n"]}) == b'{"focus":["\\u017e\\n"]}\n'


def test_only_one_holds_the_lock_of_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "network.lock"
    first, second = NetworkLock(path), NetworkLock(path)
    assert first.acquire()
    assert first.acquire()
    assert not second.acquire()
    assert not second.held
    first.release()
    assert second.acquire()
    second.release()
    second.release()
