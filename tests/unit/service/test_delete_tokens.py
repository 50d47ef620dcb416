"""Whoever uploaded a file may take it back for ten minutes; nobody else may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
from sqlalchemy import select

from helpers.live_service import LiveService, picture
from helpers.receiver import Receiver
from modstation.core.clock import ManualClock
from modstation.service.schema import delete_tokens, notifications

if TYPE_CHECKING:
    from pathlib import Path


def take_back(live: LiveService, token: str, **other: str) -> httpx.Response:
    with httpx.Client(trust_env=False, verify=False) as client:
        return client.post(f"{live.api}/delete_by_token", json={"token": token} | other)


def test_a_token_works_once_and_for_its_own_file(live: LiveService) -> None:
    token = live.upload(public_id="a", return_delete_token="1")["delete_token"]
    assert "delete_token" not in live.upload(public_id="b")
    live.upload(picture(1), public_id="a")
    assert take_back(live, token).json() == {"result": "not found"}
    assert set(live.statuses()) == {"a", "b"}
    second = live.upload(picture(2), public_id="a", return_delete_token="true")["delete_token"]
    renamed = live.request(
        "POST", "/image/rename", data={"from_public_id": "a", "to_public_id": "c"}
    )
    assert renamed.status_code == 200
    assert take_back(live, second).json() == {"result": "ok"}
    assert set(live.statuses()) == {"b"}
    assert take_back(live, second).status_code == 400


def test_a_token_is_of_no_use_after_ten_minutes_and_forgotten_then(tmp_path: Path) -> None:
    clock = ManualClock()
    with LiveService(tmp_path, clock=clock) as live:
        first = live.upload(public_id="a", return_delete_token="1")["delete_token"]
        clock.advance(599)
        last = live.upload(public_id="b", return_delete_token="1")["delete_token"]
        clock.advance(2)
        assert take_back(live, first).status_code == 400
        assert take_back(live, last).json() == {"result": "ok"}
        live.upload(public_id="c", return_delete_token="1")
        assert live.service is not None
        with live.service.ledger.read() as connection:
            assert len(connection.execute(select(delete_tokens.c.digest)).all()) == 1


def test_a_token_is_nowhere_in_the_database(live: LiveService) -> None:
    with Receiver() as receiver:
        uploaded = live.upload(
            public_id="a", return_delete_token="1", notification_url=receiver.url
        )
        receiver.wait_for(1)
        assert uploaded["delete_token"].encode() not in receiver.received[0].body
    assert live.service is not None
    with live.service.ledger.read() as connection:
        for table in (delete_tokens, notifications):
            for row in connection.execute(select(table)):
                assert uploaded["delete_token"] not in str(tuple(row))


def test_a_token_of_one_cloud_is_unknown_in_another(live: LiveService) -> None:
    token = live.upload(public_id="a", return_delete_token="1")["delete_token"]
    with httpx.Client(trust_env=False, verify=False) as client:
        answer = client.post(f"{live.url}/v1_1/other/delete_by_token", data={"token": token})
    assert answer.status_code == 400
    assert set(live.statuses()) == {"a"}
