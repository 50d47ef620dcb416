"""``modstation serve`` and what it reads from the environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import click
import httpx
import pytest

from helpers.live_service import picture
from modstation.cli.main import run
from modstation.cli.serve import from_environment
from modstation.core.errors import SettingsError
from modstation.service.access.cloud_settings import CloudSettings
from modstation.service.providers.webpurify import WebPurifyAccount
from modstation.service.settings import ServiceSettings

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_not_set_keeps_its_default() -> None:
    assert from_environment({}) == {}
    assert from_environment({"MODSTATION_QUOTA": "", "MODSTATION_BLOCK_PENDING": ""}) == {}
    switched_off = {"MODSTATION_BLOCK_PENDING": "no", "MODSTATION_DELIVER_REJECTED": "off"}
    assert from_environment(switched_off) == {}


@pytest.mark.parametrize(
    ("variable", "value", "setting", "meant"),
    [
        ("PUBLIC_URL", "https://img.example.com", "public_url", "https://img.example.com"),
        ("PUBLIC_URL", "http://[::1]:8080/images/", "public_url", "http://[::1]:8080/images/"),
        ("QUOTA", "500", "calls_per_hour", 500),
        ("BLOCK_PENDING", "1", "new_cloud", CloudSettings(deliver_pending=False)),
        ("DELIVER_REJECTED", "True", "new_cloud", CloudSettings(deliver_rejected=True)),
        ("PURGE_NODES", "http://a:6081, http://b", "purge_nodes", ("http://a:6081", "http://b")),
        ("REKOGNITION", "yes", "rekognition", True),
        ("WEBPURIFY_KEY", "abc", "webpurify", WebPurifyAccount("abc")),
        (
            "ADD_ON_LIMITS",
            "aws_rek=1000, webpurify=0",
            "new_cloud",
            CloudSettings(add_on_limits={"aws_rek": 1000, "webpurify": 0}),
        ),
        ("ALLOW_NETWORKS", "10.1.0.0/16, nas", "allow_networks", ("10.1.0.0/16", "nas")),
    ],
)
def test_a_variable_sets_one_thing(variable: str, value: str, setting: str, meant: object) -> None:
    assert from_environment({f"MODSTATION_{variable}": value}) == {setting: meant}


BAD = [
    ("PUBLIC_URL", "img.example.com"), ("PUBLIC_URL", "ftp://x"), ("PUBLIC_URL", "https://"),
    ("PUBLIC_URL", "https://x:99999"), ("PUBLIC_URL", "https://kim:pw@x"),
    ("PUBLIC_URL", "https://x/?a=b"), ("PUBLIC_URL", "https://x y"), ("PUBLIC_URL", "https://[x"),
    ("PURGE_NODES", "http://a,b"), ("PURGE_NODES", "http://kim:pw@a"),
    ("QUOTA", "many"), ("QUOTA", "0"), ("QUOTA", "-5"), ("QUOTA", "٣"), ("QUOTA", "9" * 5000),
    ("REKOGNITION", "perhaps"), ("ADD_ON_LIMITS", "aws_rek"), ("ADD_ON_LIMITS", "manual=5"),
    ("ADD_ON_LIMITS", "aws_rek=-1"), ("ADD_ON_LIMITS", "nonsense=1"),
    ("ALLOW_NETWORKS", "10.1.0.0/99"), ("ALLOW_NETWORKS", "nas, a b_c!"),
    ("BLOCK_PENDING", "perhaps"), ("DELIVER_REJECTED", "2"),
]  # fmt: skip


@pytest.mark.parametrize(("variable", "value"), BAD)
def test_a_value_that_cannot_be_meant_is_named(variable: str, value: str) -> None:
    with pytest.raises(click.UsageError, match=f"MODSTATION_{variable} is “"):
        from_environment({f"MODSTATION_{variable}": value})


def test_webpurify_is_asked_at_the_address_and_in_the_mode_that_are_set() -> None:
    found = from_environment(
        {
            "MODSTATION_WEBPURIFY_KEY": "abc",
            "MODSTATION_WEBPURIFY_URL": "https://other.example.com/rest/",
            "MODSTATION_WEBPURIFY_SANDBOX": "1",
        }
    )
    account = WebPurifyAccount("abc", "https://other.example.com/rest/", sandbox=True)
    assert found == {"webpurify": account}
    with pytest.raises(click.UsageError, match="MODSTATION_WEBPURIFY_URL is “ftp://x”"):
        from_environment({"MODSTATION_WEBPURIFY_KEY": "a", "MODSTATION_WEBPURIFY_URL": "ftp://x"})


def test_webpurify_without_a_public_address_cannot_fetch_anything(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="so it needs a public address"):
        ServiceSettings(tmp_path, webpurify=WebPurifyAccount("abc"))


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ALLOW_NETWORKS", "10.1.0.0/99", "which is not hosts and networks like 10.1.0.0/16"),
        ("WEBPURIFY_KEY", "abc", "so it needs a public address"),
    ],
)
def test_settings_that_cannot_work_end_with_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    said: str,
) -> None:
    monkeypatch.setenv(f"MODSTATION_{variable}", value)
    assert run(["serve", "--data", str(tmp_path / "data")]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_serving_with_a_bad_variable_ends_with_2_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MODSTATION_QUOTA", "many")
    assert run(["serve", "--data", str(tmp_path / "data")]) == 2
    assert "MODSTATION_QUOTA is “many”, which is not calls per hour" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_the_help_names_every_variable(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "--help"]) == 0
    shown = capsys.readouterr().out
    for name in ("PUBLIC_URL", "QUOTA", "BLOCK_PENDING", "DELIVER_REJECTED"):
        assert f"MODSTATION_{name} " in shown


def test_a_served_service_does_as_the_environment_says(tmp_path: Path) -> None:
    environment = {
        "MODSTATION_PUBLIC_URL": "https://img.example.com/",
        "MODSTATION_QUOTA": "7",
        "MODSTATION_BLOCK_PENDING": "1",
        "MODSTATION_DELIVER_REJECTED": "1",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "modstation", "serve", "--port", "0", "--data", str(tmp_path)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        address = urlsplit(process.stdout.readline().strip().removeprefix("CLOUDINARY_URL="))
        assert process.stdout.readline() == "ready\n"
        (prefix,) = parse_qs(address.query)["upload_prefix"]
        api = f"{prefix}/v1_1/{address.hostname}"
        key = (address.username or "", address.password or "")
        with httpx.Client(auth=key, trust_env=False, verify=False, timeout=20) as client:
            limit = client.get(f"{api}/ping").headers["x-featureratelimit-limit"]
            answer = client.post(
                f"{api}/image/upload",
                data={"public_id": "cat", "moderation": "manual"},
                files={"file": ("cat.jpg", picture())},
            ).json()
            path = urlsplit(answer["url"]).path
            pending = client.get(prefix + path).status_code
            change = {"moderation_status": "rejected"}
            client.post(f"{api}/resources/image/upload/cat", data=change).raise_for_status()
            rejected = client.get(prefix + path).status_code
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 0
    assert limit == "7"
    assert answer["url"].startswith("https://img.example.com/local/image/upload/v")
    assert (pending, rejected) == (404, 200)
