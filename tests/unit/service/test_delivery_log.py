"""Looking up what became of a letter, and sending it once more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, text

from helpers.receiver import Receiver
from modstation.core.clock import to_us
from modstation.service.notifications.announcing import Announcement, announce_all
from modstation.service.notifications.delivery_log import (
    Wanted,
    attempts_of,
    logged_letter,
    logged_letters,
    replay_dead,
    replay_letter,
)
from modstation.service.schema import (
    buffered_messages,
    notification_attempts,
    notifications,
)

if TYPE_CHECKING:
    from helpers.live_service import LiveService
    from modstation.core.clock import ManualClock
    from modstation.service.service import Service

ASSET = "a" * 32


def post(service: Service, *urls: str, asset_id: str | None = None) -> None:
    with service.ledger.write() as connection:
        announce_all(
            connection,
            [Announcement("info", {"number": 1}, asset_id, (url,)) for url in urls],
            cloud=service.owner.cloud,
            api_key=service.owner.api_key,
            now_us=to_us(service.clock.now()),
        )


def send(service: Service) -> None:
    service.sender.step(service.clock.now())
    service.sender.drain()


def give_up(service: Service, clock: ManualClock) -> None:
    for _ in range(4):
        send(service)
        clock.advance(540)


def listed(service: Service, **wanted: Any) -> list[int]:
    with service.ledger.read() as connection:
        found = logged_letters(connection, "still", Wanted(**wanted), limit=10)
    return [letter.id for letter in found]


def test_every_attempt_is_kept_with_its_status_or_the_reason_in_words(
    still: Service, clock: ManualClock
) -> None:
    with Receiver(answers=[503, 200]) as receiver:
        post(still, receiver.url)
        send(still)
        clock.advance(180)
        send(still)
    post(still, "http://10.0.0.1/hook")
    send(still)
    with still.ledger.read() as connection:
        tried = attempts_of(connection, 1)
        [refused] = attempts_of(connection, 2)
        found = logged_letter(connection, "still", 1)
        assert logged_letter(connection, "other", 1) is None
    assert [each.status for each in tried] == [503, 200]
    assert tried[1].at_us - tried[0].at_us == 180_000_000
    assert (refused.status, refused.error) == (None, "Address not allowed - 10.0.0.1")
    assert found is not None
    letter, body = found
    assert (letter.state, letter.attempts, letter.last_status) == ("delivered", 2, 200)
    assert b'"number":1' in body


def test_letters_are_listed_by_state_receiver_asset_and_period(
    still: Service, clock: ManualClock
) -> None:
    start_us = to_us(clock.now())
    with Receiver(answers=[404] * 4) as receiver:
        post(still, receiver.url, asset_id=ASSET)
        give_up(still, clock)
        post(still, receiver.url.replace("hook", "other"))
        send(still)
        post(still, receiver.url)
        assert listed(still) == [3, 2, 1]
        assert listed(still, state="given_up") == [1]
        assert listed(still, state="delivered") == [2]
        assert listed(still, state="waiting") == [3]
        assert listed(still, url=receiver.url) == [3, 1]
        assert listed(still, asset_id=ASSET) == [1]
        assert listed(still, since_us=start_us + 1) == [3, 2]
        assert listed(still, before_us=start_us + 1) == [1]


def test_a_dead_letter_is_sent_again_with_all_its_tries(still: Service, clock: ManualClock) -> None:
    with Receiver(answers=[500] * 5) as receiver:
        post(still, receiver.url)
        give_up(still, clock)
        with still.ledger.write() as connection:
            assert replay_letter(connection, "still", 1, to_us(clock.now()))
            assert not replay_letter(connection, "still", 1, to_us(clock.now()))
        send(still)
        clock.advance(180)
        send(still)
        assert len({note.body for note in receiver.received}) == 1
        assert len(receiver.received) == 6
    assert listed(still, state="delivered") == [1]


def test_the_dead_of_one_receiver_or_period_are_sent_again_together(
    still: Service, clock: ManualClock
) -> None:
    with Receiver(answers=[500] * 12) as receiver:
        other = receiver.url.replace("hook", "other")
        post(still, receiver.url, other, receiver.url)
        give_up(still, clock)
        assert listed(still, state="given_up") == [3, 2, 1]
        now_us = to_us(clock.now())
        with still.ledger.write() as connection:
            assert replay_dead(connection, "other", Wanted(), now_us) == 0
            assert replay_dead(connection, "still", Wanted(since_us=now_us), now_us) == 0
            assert replay_dead(connection, "still", Wanted(url=receiver.url), now_us) == 2
        send(still)
        assert listed(still, state="delivered") == [3, 1]
        with still.ledger.write() as connection:
            assert replay_dead(connection, "still", Wanted(), now_us) == 1


def test_what_is_old_is_forgotten_with_its_attempts(still: Service, clock: ManualClock) -> None:
    with Receiver() as receiver:
        post(still, receiver.url, "poll://nobody-reads-it")
        send(still)
    clock.advance(31 * 86400)
    while still.housekeeper.step(clock.now()):
        pass
    with still.ledger.read() as connection:
        for table in (
            notifications,
            notification_attempts,
            buffered_messages,
        ):
            assert connection.scalar(select(func.count()).select_from(table)) == 0


@pytest.mark.parametrize("state", ["given_up", "waiting", None])
def test_a_list_of_letters_is_read_from_its_index(still: Service, state: str | None) -> None:
    statements: list[str] = []
    with still.ledger.read() as connection:
        if connection.dialect.name != "sqlite":
            pytest.skip("with few rows PostgreSQL reads a table whole, whatever its indexes")
        logged_letters(connection, "still", Wanted(state=state), limit=10)
        condition = {
            "given_up": "AND state = 'given_up'",
            "waiting": "AND due_us IS NOT NULL",
            None: "",
        }[state]
        plan = connection.execute(
            text(
                "EXPLAIN QUERY PLAN SELECT id FROM notifications WHERE cloud = 'still' "
                f"{condition} ORDER BY created_us DESC, id DESC LIMIT 10"
            )
        )
        statements = [row.detail for row in plan]
    assert len(statements) == 1
    assert "USING" in statements[0]
    assert "INDEX notifications_" in statements[0]


def test_a_site_looks_up_and_repeats_its_letters_over_http(live: LiveService) -> None:
    log = "/modstation/notifications"
    with Receiver() as receiver:
        for number in range(3):
            live.upload(public_id=f"dog-{number}", notification_url=receiver.url)
        receiver.wait_for(3)
        first = live.request("GET", log, params={"max_results": 2}).json()
        rest = live.request(
            "GET", log, params={"max_results": 2, "next_cursor": first["next_cursor"]}
        ).json()
        ids = [each["id"] for page in (first, rest) for each in page["notifications"]]
        assert ids == [3, 2, 1]
        assert "next_cursor" not in rest
        # The log says so a moment after the receiver was told.
        while True:
            one = live.request("GET", f"{log}/1").json()
            if one["state"] == "delivered":
                break
        assert one["event_type"] == "upload"
        assert one["body"]["public_id"] == "dog-0"
        assert [each["status"] for each in one["log"]] == [200]
        answer = live.request("POST", f"{log}/1/replay").json()
        assert answer == {"replayed": 1, "more": False}
        assert receiver.wait_for(4)[3].body == receiver.received[0].body
        asked = {"url": receiver.url, "since": "2020-01-01T00:00:00Z", "until": "2100-01-01"}
        assert live.request("POST", f"{log}/replay", json=asked).json()["replayed"] == 0
    for method, path, options in (
        ("GET", log, {"params": {"state": "lost"}}),
        ("GET", log, {"params": {"since": "yesterday"}}),
        ("GET", log, {"params": {"next_cursor": "x"}}),
    ):
        assert live.request(method, path, **options).status_code == 400
    for path in (f"{log}/99", f"{log}/x", f"{log}/{'9' * 40}"):
        assert live.request("GET", path).status_code == 404
