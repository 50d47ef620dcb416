"""What load balancers, Prometheus and log readers are told – and what nobody is."""

from __future__ import annotations

import json
import re
import time
from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import cloudinary.utils
import httpx
import pytest
from sqlalchemy import text

from helpers.live_service import LiveService, picture
from modstation.core.errors import SettingsError
from modstation.service.access.tokens import create_token
from modstation.service.running.access_log import AccessLog

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "a-token-for-prometheus"


def get(live: LiveService, path: str, **headers: str) -> httpx.Response:
    with httpx.Client(trust_env=False, verify=False, timeout=20) as client:
        return client.get(live.url + path, headers=headers)


def figures(live: LiveService, **headers: str) -> dict[str, float]:
    answer = get(live, "/metrics", **headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = (line for line in answer.text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


# -- alive and ready


def test_a_service_is_alive_and_ready_without_a_key(shared: LiveService) -> None:
    assert get(shared, "/healthz").json() == {"status": "ok"}
    ready = get(shared, "/readyz")
    assert (ready.status_code, ready.json()) == (
        200,
        {"status": "ok", "database": "ok", "storage": "ok"},
    )
    assert ready.headers["cache-control"] == "no-store"


def test_without_its_storage_a_service_is_alive_but_not_ready(
    live: LiveService, tmp_path: Path
) -> None:
    (tmp_path / "service/blobs").rename(tmp_path / "elsewhere")
    assert get(live, "/healthz").status_code == 200
    ready = get(live, "/readyz")
    assert (ready.status_code, ready.json()["storage"]) == (503, "away")


def test_a_database_that_was_migrated_beneath_a_service_makes_it_unready(
    live: LiveService,
) -> None:
    assert live.service is not None
    with live.service.ledger.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    ready = get(live, "/readyz")
    assert (ready.status_code, ready.json()["database"]) == (503, "of another version")


# -- figures


def test_what_happens_is_counted(live: LiveService) -> None:
    before = figures(live)
    live.upload(picture(), public_id="pic", moderation="manual")
    live.upload(picture(1), public_id="other", moderation="manual")
    live.decide("pic", "rejected")
    live.decide("pic", "rejected")
    after = figures(live)

    def grown(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    upload = "/v1_1/{cloud}/{resource_type}/upload"
    asset = "/v1_1/{cloud}/resources/{resource_type}/{type}/{public_id:path}"
    assert grown(f'modstation_requests_total{{method="POST",route="{upload}",status="200"}}') == 2
    assert grown(f'modstation_request_seconds_count{{method="POST",route="{asset}"}}') == 2
    assert grown('modstation_uploads_total{resource_type="image"}') == 2
    assert grown("modstation_uploaded_bytes_total") == len(picture()) + len(picture(1))
    # The second decision changed nothing.
    decided = 'modstation_decisions_total{by="person",kind="manual",status="rejected"}'
    assert grown(decided) == 1
    queue = 'cloud="testing",kind="manual",resource_type="image"'
    assert after[f"modstation_pending_assets{{{queue}}}"] == 1
    assert 0 <= after[f"modstation_oldest_pending_seconds{{{queue}}}"] < 60
    assert after["modstation_waiting_notifications"] == 0


def test_a_stranger_makes_no_figures_of_his_own(shared: LiveService) -> None:
    with httpx.Client(trust_env=False) as client:
        client.request("BREW", f"{shared.url}/v1_1/x/coffee")
        client.get(f"{shared.url}/some/where/else")
    names = " ".join(figures(shared))
    assert "BREW" not in names
    assert "coffee" not in names
    assert 'method="other"' in names


def test_figures_are_for_this_machine_only_unless_it_is_told_otherwise(
    live: LiveService,
) -> None:
    assert get(live, "/metrics").status_code == 200
    # What a proxy on this machine hands on is not from this machine.
    forwarded = get(live, "/metrics", **{"X-Forwarded-For": "203.0.113.5"})
    assert (forwarded.status_code, forwarded.json()["error"]["message"]) == (
        401,
        "Invalid credentials",
    )
    assert live.service is not None
    live.service.settings = replace(live.service.settings, metrics="open")
    assert get(live, "/metrics", **{"X-Forwarded-For": "203.0.113.5"}).status_code == 200
    live.service.settings = replace(live.service.settings, metrics=TOKEN)
    assert get(live, "/metrics").status_code == 401
    assert get(live, "/metrics", Authorization=f"Bearer {TOKEN}x").status_code == 401
    assert get(live, "/metrics", Authorization=f"Bearer {TOKEN}").status_code == 200
    assert TOKEN not in repr(live.service.settings)


# -- access log


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_line_says_who_asked_for_what_and_how_it_ended(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    with LiveService(tmp_path, access_log=str(file)) as live:
        answer = live.request("GET", "/resources/image?max_results=1&prefix=secret-query")
        get(live, "/testing/image/upload/nowhere")
        get(live, "/healthz")
    first, second, third = lines(file)
    assert first == {
        "time": first["time"],
        "request_id": answer.headers["x-request-id"],
        "method": "GET",
        "route": "/v1_1/{cloud}/resources/{resource_type}",
        "path": "/v1_1/testing/resources/image",
        "status": 200,
        "ms": first["ms"],
        "bytes": len(answer.content),
        "cloud": "testing",
        "key": live.key,
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", first["time"])
    assert (second["status"], second["key"], second["cloud"]) == (404, None, "testing")
    assert (third["route"], third["cloud"]) == ("/healthz", None)


def test_a_path_cannot_forge_a_line(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    with LiveService(tmp_path, access_log=str(file)) as live:
        get(live, "/a/image/upload/x%0A%7B%22status%22%3A200%7D%0A%22")
    [line] = lines(file)
    assert line["path"] == '/a/image/upload/x\n{"status":200}\n"'


def test_a_log_that_was_rotated_away_is_begun_anew(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    with LiveService(tmp_path, access_log=str(file)) as live:
        get(live, "/healthz")
        # A line is written after the answer was sent.
        over = time.monotonic() + 10
        while not file.read_text():
            assert time.monotonic() < over
            time.sleep(0.01)
        file.rename(tmp_path / "access.log.1")
        get(live, "/readyz")
    assert [line["path"] for line in lines(tmp_path / "access.log.1")] == ["/healthz"]
    assert [line["path"] for line in lines(file)] == ["/readyz"]


def test_a_log_that_cannot_be_written_is_said_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="The access log cannot be written"):
        AccessLog(str(tmp_path / "no" / "folder" / "access.log"))


def test_no_log_holds_a_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """A day of a site: every way to show a key, right and wrong, and every signed address."""
    file = tmp_path / "access.log"
    secrets: set[str] = set()
    with LiveService(tmp_path, access_log=str(file)) as live:
        secrets.add(live.secret)
        assert live.service is not None
        with live.service.ledger.write() as connection:
            _, token = create_token(connection, live.cloud, note="", now_us=0, expires_us=None)
        secrets |= {token, live.settings.sealing_key.read_text()}
        live.upload(picture(), public_id="open", moderation="manual")
        live.upload(picture(1), public_id="closed", type="authenticated")
        live.decide("open", "rejected")
        for given in (live.secret, "a-wrong-secret"):
            header = "Basic " + b64encode(f"{live.key}:{given}".encode()).decode()
            secrets |= {given, header.removeprefix("Basic ")}
            get(live, f"/v1_1/{live.cloud}/ping", Authorization=header)
        for given in (token, "modstation_a-wrong-token"):
            secrets.add(given)
            get(live, f"/v1_1/{live.cloud}/ping", Authorization=f"Bearer {given}")
        for algorithm, secret in (("sha1", live.secret), ("sha256", "wrong")):
            query = {"timestamp": int(time.time()), "tags": "true"}
            signature = cloudinary.utils.api_sign_request(query, secret, algorithm=algorithm)
            secrets.add(signature)
            shown = {**query, "api_key": live.key, "signature": signature}
            for path, method in (("/resources/image", "GET"), ("/image/upload", "POST")):
                sent = {"params" if method == "GET" else "data": shown}
                httpx.request(method, live.api + path, trust_env=False, **sent)
        for long in (False, True):
            address, _ = cloudinary.utils.cloudinary_url(
                "closed",
                type="authenticated",
                sign_url=True,
                long_url_signature=long,
                secure=False,
                cname=f"127.0.0.1:{live.port}",
                cloud_name=live.cloud,
                api_secret=live.secret,
            )
            assert httpx.get(address, trust_env=False).status_code == 200
            secrets.add(re.search("s--(.+)--", address)[1])  # type: ignore[index]  # it is signed
        found = quote("eyJleHByZXNzaW9uIjoiKiJ9")
        get(live, f"/{live.cloud}/search/{'ab12' * 16}/3600/{found}")
        machine = "cd34" * 10
        get(live, f"/v1_1/{live.cloud}/modstation/moderations/{machine}/picture.jpg")
        get(live, f"/v1_1/{live.cloud}/modstation/moderations/{machine}/decided")
        secrets |= {"ab12" * 16, machine}
    logged = file.read_text()
    assert len(logged.splitlines()) > 12
    # httpx logs what the test itself asked for.
    records = [record for record in caplog.records if not record.name.startswith(("http", "hpack"))]
    everything = logged + "".join(
        record.getMessage() for record in records if record.name != "uvicorn.access"
    )
    everything += "".join(capfd.readouterr())
    assert [secret for secret in secrets if secret in everything] == []
    assert "uthorization" not in everything
