"""The sender, stepped by hand with a clock that stands still."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from helpers.receiver import Receiver
from modstation.core.clock import CountingIds, to_us
from modstation.service.access.api_keys import rotate_keys
from modstation.service.access.cloud_settings import change_cloud_settings
from modstation.service.access.sealing import Seal
from modstation.service.notifications.announcing import Announcement, announce_all
from modstation.service.notifications.lanes import Standing, claim_lanes, close_lanes, open_lanes
from modstation.service.notifications.letter_post import Answer, LetterPost
from modstation.service.notifications.letter_signing import signer_of
from modstation.service.notifications.sender import NotificationSender
from modstation.service.outside.address_guard import AddressGuard
from modstation.service.running.metrics import NOTIFICATION_ATTEMPTS
from modstation.service.schema import notification_attempts, notification_lanes, notifications
from modstation.service.service import Service

if TYPE_CHECKING:
    from modstation.core.clock import ManualClock


def post(service: Service, url: str, *numbers: int, asset_id: str | None = None) -> None:
    with service.ledger.write() as connection:
        announce_all(
            connection,
            [Announcement("info", {"number": number}, asset_id, (url,)) for number in numbers],
            cloud=service.owner.cloud,
            api_key=service.owner.api_key,
            now_us=to_us(service.clock.now()),
        )


def numbers(receiver: Receiver) -> list[int]:
    return [note.document["number"] for note in receiver.received]


def states(service: Service) -> list[tuple[str, int]]:
    column = notifications.c
    with service.ledger.read() as connection:
        rows = connection.execute(select(column.state, column.attempts).order_by(column.id))
        return [(state, attempts) for state, attempts in rows]


def step(service: Service) -> int:
    started = service.sender.step(service.clock.now())
    service.sender.drain()
    return started


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_receiver_that_takes_it_is_told_once(still: Service) -> None:
    with Receiver() as receiver:
        post(still, receiver.url, 1, 2)
        assert step(still) == 1
        assert step(still) == 0
        assert [note.document["number"] for note in receiver.received] == [1, 2]
    assert states(still) == [("delivered", 1), ("delivered", 1)]


def test_a_refusal_is_tried_again_after_3_6_and_9_minutes_and_then_given_up(
    still: Service, clock: ManualClock
) -> None:
    with Receiver(answers=[500, 404, 302, 503]) as receiver:
        post(still, receiver.url, 1)
        tried = []
        for minute in range(40):
            before = len(receiver.received)
            step(still)
            if len(receiver.received) > before:
                tried.append(minute)
            clock.advance(60)
        assert tried == [0, 3, 9, 18]
        assert states(still) == [("given_up", 4)]


def test_a_retry_is_signed_with_its_own_time_over_the_same_bytes(
    still: Service, clock: ManualClock
) -> None:
    with Receiver(answers=[500]) as receiver:
        post(still, receiver.url, 1)
        step(still)
        clock.advance(180)
        step(still)
        first, second = receiver.received
        assert first.body == second.body
        assert int(second.timestamp) - int(first.timestamp) == 180
        assert first.signature != second.signature


def test_a_dead_receiver_delays_nobody_else(still: Service) -> None:
    dead = f"http://127.0.0.1:{closed_port()}/hook"
    # Accepts connections and never answers.
    with Receiver() as receiver, socket.create_server(("127.0.0.1", 0)) as silent:
        post(still, dead, *range(30))
        post(still, f"http://127.0.0.1:{silent.getsockname()[1]}/hook", *range(30))
        post(still, receiver.url, 99)
        still.sender.step(still.clock.now())
        assert receiver.wait_for(1, seconds=1)[0].document["number"] == 99
        # The silent one is still waiting for its answer; nobody else is held up by that.
        post(still, receiver.url, 100)
        for _attempt in range(50):
            still.sender.step(still.clock.now())
            # Its lane may still be noting down that the first one was delivered.
            if receiver.has(2, seconds=0.02):
                break
        assert receiver.received[1].document["number"] == 100
        # It resets its callers, which spares the wait for their time-outs.
        silent.close()
        still.sender.drain()


def test_a_poisonous_notification_does_not_hold_up_the_next(still: Service) -> None:
    with Receiver(answers=[500, 200]) as receiver:
        post(still, receiver.url, 1, 2)
        step(still)
        assert len(receiver.received) == 2
    assert states(still) == [("waiting", 1), ("delivered", 1)]


def test_what_was_not_sent_is_sent_after_a_restart(still: Service, clock: ManualClock) -> None:
    with Receiver(answers=[500]) as receiver:
        post(still, receiver.url, 1)
        step(still)
        still.close()
        again = Service(still.settings, clock=clock, ids=CountingIds(1000))
        try:
            assert step(again) == 0
            clock.advance(180)
            assert step(again) == 1
        finally:
            again.close()
        assert [note.document["number"] for note in receiver.received] == [1, 1]


def test_a_notification_is_signed_by_the_oldest_active_key_as_the_cloud_wants_it(
    still: Service, clock: ManualClock
) -> None:
    seal, cloud = Seal(still.settings.sealing_key), still.owner.cloud

    def signed(algorithm: str, secret: str) -> bool:
        note = receiver.received[-1]
        expected = hashlib.new(algorithm, note.body + f"{note.timestamp}{secret}".encode())
        return expected.hexdigest() == note.signature

    with Receiver() as receiver:
        post(still, receiver.url, 1)
        step(still)
        assert signed("sha1", still.owner.secret)
        with still.ledger.write() as connection:
            change_cloud_settings(connection, cloud, signature_algorithm="sha256")
            now_us = to_us(clock.now())
            new = rotate_keys(connection, seal, cloud, now_us=now_us, overlap_us=60_000_000)
        clock.advance(30)
        post(still, receiver.url, 2)
        step(still)
        assert signed("sha256", still.owner.secret)
        clock.advance(31)
        post(still, receiver.url, 3)
        step(still)
        assert signed("sha256", new.secret)


def test_letters_of_an_asset_wait_for_its_earlier_one_and_those_of_others_do_not(
    still: Service, clock: ManualClock
) -> None:
    with Receiver(answers=[500]) as receiver:
        post(still, receiver.url, 1, asset_id="a" * 32)
        step(still)
        post(still, receiver.url, 2, asset_id="a" * 32)
        post(still, receiver.url, 3, asset_id="b" * 32)
        for _ in range(3):
            step(still)
        assert numbers(receiver) == [1, 3]
        post(still, receiver.url, 4, asset_id="a" * 32)
        step(still)
        clock.advance(180)
        step(still)
        assert numbers(receiver) == [1, 3, 1, 2, 4]
    assert {state for state, _ in states(still)} == {"delivered"}


def test_what_follows_a_letter_that_was_given_up_is_sent(
    still: Service, clock: ManualClock
) -> None:
    with Receiver(answers=[500] * 4) as receiver:
        post(still, receiver.url, 1, 2, asset_id="a" * 32)
        for _ in range(4):
            step(still)
            clock.advance(540)
        step(still)
        assert numbers(receiver) == [1, 1, 1, 1, 2]
    assert states(still) == [("given_up", 4), ("delivered", 1)]


def test_one_asset_is_told_in_order_to_each_receiver_by_itself(still: Service) -> None:
    with Receiver(answers=[500]) as slow, Receiver() as well:
        post(still, slow.url, 1, asset_id="a" * 32)
        step(still)
        post(still, slow.url, 2, asset_id="a" * 32)
        post(still, well.url, 2, asset_id="a" * 32)
        step(still)
        assert numbers(slow) == [1]
        assert numbers(well) == [2]


def test_a_dead_host_is_tried_once_for_all_and_left_alone_longer_every_time(
    still: Service, clock: ManualClock
) -> None:
    post(still, f"http://127.0.0.1:{closed_port()}/hook", *range(50))
    step(still)
    # One knock at the door.
    assert states(still) == [("waiting", 1), *[("waiting", 0)] * 49]
    assert step(still) == 0
    clock.advance(5)
    assert step(still) == 1
    assert states(still) == [("waiting", 1)] * 50
    for _ in range(100):
        clock.advance(30)
        step(still)
    assert states(still) == [("given_up", 4)] * 50


def test_a_host_that_is_back_gets_everything(still: Service, clock: ManualClock) -> None:
    port = closed_port()
    post(still, f"http://127.0.0.1:{port}/hook", *range(50))
    step(still)
    with Receiver(port=port) as receiver:
        clock.advance(5)
        step(still)
        assert len(receiver.received) == 49
        clock.advance(180)
        step(still)
        assert sorted(numbers(receiver)) == [*range(50)]


def test_a_receiver_that_says_nothing_does_not_make_its_host_dead(still: Service) -> None:
    with Receiver() as receiver:
        receiver.silent_paths.add("/silent")
        post(still, receiver.url.replace("/hook", "/silent"), *range(10))
        post(still, receiver.url, *range(100, 110))
        step(still)
        assert sorted(n for n in numbers(receiver) if n >= 100) == [*range(100, 110)]
        assert states(still) == [("waiting", 1)] * 10 + [("delivered", 1)] * 10


def test_a_redirect_is_a_refusal_and_not_followed(still: Service) -> None:
    with Receiver(answers=[307]) as receiver, Receiver() as elsewhere:
        receiver.location = elsewhere.url
        post(still, receiver.url, 1)
        step(still)
        assert elsewhere.received == []
    assert states(still) == [("waiting", 1)]


def test_an_address_that_is_not_public_is_given_up_at_once(still: Service) -> None:
    for host in ("10.0.0.1", "[::1]", "169.254.169.254", "127.1", "[fe80::1]"):
        post(still, f"http://{host}/hook", 1)
    step(still)
    assert {state for state, _ in states(still)} == {"given_up"}
    with still.ledger.read() as connection:
        said = set(connection.scalars(select(notification_attempts.c.error)))
    assert "Address not allowed - 10.0.0.1" in said


def test_the_addresses_of_a_name_are_looked_at_too() -> None:
    async def sent() -> Answer:
        post = LetterPost(AddressGuard(), timeout=5)
        try:
            return await post.send("http://localhost:1/hook", b"{}", {})
        finally:
            await post.close()

    assert asyncio.run(sent()) == Answer(None, "Address not allowed - localhost", refused=True)


def test_an_answer_is_not_read(still: Service) -> None:
    with Receiver() as receiver:
        receiver.endless = True
        post(still, receiver.url, 1)
        step(still)
    assert states(still) == [("delivered", 1)]


def test_the_letters_of_a_killed_replica_are_sent_by_another(
    still: Service, clock: ManualClock
) -> None:
    with Receiver() as receiver:
        post(still, receiver.url, 1)
        with still.ledger.write() as connection:
            # Claimed, and then nothing more is heard of whoever claimed it.
            assert claim_lanes(
                connection,
                now_us=to_us(clock.now()),
                lease_us=6_000_000,
                limit=1,
                standing=Standing.UNKNOWN,
            )
        assert step(still) == 0
        clock.advance(6)
        assert step(still) == 1
        assert numbers(receiver) == [1]


def test_two_replicas_share_the_work_and_keep_the_order(still: Service, clock: ManualClock) -> None:
    senders = [still.sender] + [
        NotificationSender(
            still.ledger,
            still.guard,
            partial(signer_of, still.credentials),
            still.settings,
            clock,
        )
        for _ in range(2)
    ]
    with Receiver() as receiver:
        paths = [receiver.url.replace("hook", f"hook-{n}") for n in range(3)]
        for number in range(60):
            post(still, paths[number % 3], number, asset_id=f"{number % 5:032}")

        def work(sender: NotificationSender) -> None:
            while not receiver.has(60, seconds=0):
                sender.step(clock.now())
                sender.drain()

        with ThreadPoolExecutor(len(senders)) as replicas:
            for done in [replicas.submit(work, sender) for sender in senders]:
                done.result()
        for sender in senders[1:]:
            sender.close()
    assert sorted(numbers(receiver)) == [*range(60)]
    for url in paths:
        for asset in range(5):
            told = [
                note.document["number"]
                for note in receiver.received
                if url.endswith(note.path) and note.document["number"] % 5 == asset
            ]
            assert told == sorted(told)


def test_a_lane_nobody_writes_to_any_more_is_forgotten(still: Service, clock: ManualClock) -> None:
    dead = f"http://127.0.0.1:{closed_port()}/hook"
    with Receiver() as receiver:
        post(still, receiver.url, 1)
        post(still, dead, 1)
        step(still)
        clock.advance(60)
        with still.ledger.write() as connection:
            assert close_lanes(connection, to_us(clock.now()), 10) == 1
        # The one that has something to send stays, the other comes back when it is needed.
        post(still, receiver.url, 2)
        clock.advance(180)
        step(still)
        assert numbers(receiver) == [1, 2]
    assert ("waiting", 2) in states(still)


def test_silent_hosts_leave_room_for_new_ones_and_both_for_those_that_answer(
    still: Service, clock: ManualClock
) -> None:
    still.close()
    narrow = replace(still.settings, notification_lanes=8, notification_timeout=60.0)
    service = Service(narrow, clock=clock, ids=CountingIds(1000))
    # Takes connections on every loopback address and says nothing.
    with socket.create_server(("0.0.0.0", 0)) as silent:
        port = silent.getsockname()[1]
        for kind, standing, started in (
            (1, {"failures": 1, "prompt": False}, 4),
            (2, {"failures": 0, "prompt": False}, 2),
            (3, {"failures": 0, "prompt": True}, 2),
        ):
            hosts = [f"127.0.{kind}.{number}:{port}" for number in range(10)]
            with service.ledger.write() as connection:
                open_lanes(connection, hosts, to_us(clock.now()))
                named = notification_lanes.c.lane.in_(hosts)
                connection.execute(update(notification_lanes).where(named).values(standing))
            for host in hosts:
                post(service, f"http://{host}/hook", 1)
            assert service.sender.step(clock.now()) == started
        service.close()


def test_a_stop_does_not_wait_for_whoever_says_nothing(still: Service, clock: ManualClock) -> None:
    still.close()
    patient = replace(still.settings, notification_timeout=60.0)
    with Receiver() as receiver, Receiver() as silent:
        silent.silent_paths.add("/hook")
        first = Service(patient, clock=clock, ids=CountingIds(1000))
        post(first, silent.url, 1)
        post(first, receiver.url, 2)
        first.sender.step(clock.now())
        receiver.wait_for(1)
        first.close()
        silent.silent_paths.clear()
        again = Service(patient, clock=clock, ids=CountingIds(2000))
        try:
            # Nobody answered, so it does not count as tried; and it is in nobody's hands.
            assert states(again) == [("waiting", 0), ("delivered", 1)]
            step(again)
            assert numbers(silent) == [1]
        finally:
            again.close()


def test_every_try_is_counted_by_what_came_of_it(still: Service) -> None:
    def counted() -> list[float]:
        values = (NOTIFICATION_ATTEMPTS.labels(outcome) for outcome in ("delivered", "failed"))
        return [sample.value for value in values for sample in value.collect()[0].samples[:1]]

    before = counted()
    with Receiver([500]) as receiver:
        post(still, receiver.url, 1)
        step(still)
        post(still, receiver.url, 2)
        step(still)
    assert [now - then for now, then in zip(counted(), before, strict=True)] == [1, 1]
