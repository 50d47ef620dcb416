"""The official SDK for Node, unmodified, in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from helpers.live_service import picture

if TYPE_CHECKING:
    from helpers.live_service import LiveService

SDK = Path(sys.prefix) / "node" / "node_modules"
pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
    pytest.mark.skipif(
        not (SDK / "cloudinary").is_dir(),
        reason="Cloudinary's SDK for Node is not there; resources/dev.sh test installs it by npm",
    ),
]


def run(service: LiveService, script: str, *arguments: str) -> dict[str, dict[str, Any]]:
    """What each step of a script said, by its name."""
    environment = {"PATH": os.environ["PATH"], "NODE_PATH": str(SDK)}
    done = subprocess.run(
        ["node", str(Path(__file__).with_name(script)), *arguments],
        env=environment
        | {"CLOUDINARY_URL": service.cloudinary_url, "HOST": urlsplit(service.url).netloc},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {said.pop("step"): said for said in map(json.loads, done.stdout.splitlines())}


def test_a_site_moderates_its_uploads(service: LiveService, tmp_path: Path) -> None:
    photo = tmp_path / "cat.jpg"
    photo.write_bytes(picture())
    said = run(service, "node_journey.js", str(photo))

    uploaded = said["upload"]["answer"]
    assert uploaded["moderation"] == [{"kind": "manual", "status": "pending"}]
    assert uploaded["tags"] == ["new", "a&b"]
    assert uploaded["context"] == {"custom": {"alt": "one=two|three"}}
    [listed] = said["list"]["answer"]["resources"]
    assert listed["public_id"] == "pets/cat"
    assert said["list"]["answer"]["rate_limit_allowed"]
    assert said["reject"]["answer"]["moderation_status"] == "rejected"
    assert said["rejected"]["answer"]["moderation"][0]["status"] == "rejected"
    assert said["approve"]["answer"]["moderation_status"] == "approved"
    [found] = said["search"]["answer"]["resources"]
    assert (found["public_id"], found["context"]) == ("pets/cat", {"alt": "one=two|three"})
    assert said["delete"]["answer"]["deleted"] == {"pets/cat": "deleted"}
    assert said["deleted"]["answer"]["placeholder"] is True
    assert said["restore"]["answer"]["pets/cat"]["asset_id"] == uploaded["asset_id"]
    assert said["restored"]["answer"]["bytes"] == len(picture())
    assert said["destroy"]["answer"] == {"result": "ok"}

    errors = {name: told["error"] for name, told in said.items() if "error" in told}
    assert {name: error["status"] for name, error in errors.items()} == {
        "missing": 404,
        "wrong": 400,
        "expression": 400,
        "stranger": 401,
        "forger": 401,
    }
    assert errors["missing"]["message"] == "Resource not found - nowhere"
    assert errors["expression"]["message"].endswith("unknown field colour at character 1")

    notes = said["notes"]["answer"]
    assert [note["type"] for note in notes[:3]] == ["upload", "moderation", "moderation"]
    assert all(note["verified"] and not note["forged"] for note in notes)


def test_a_site_runs_its_errands(service: LiveService, tmp_path: Path) -> None:
    photo, large = tmp_path / "cat.jpg", tmp_path / "large.bin"
    photo.write_bytes(picture())
    large.write_bytes(bytes(range(256)) * 24_000)
    said = run(service, "node_errands.js", str(photo), str(large))
    answers = {name: told["answer"] for name, told in said.items() if "answer" in told}
    errors = {name: told["error"] for name, told in said.items() if "error" in told}

    # A Node client can tell these from a broken server (reference 1.6).
    assert {name: error["status"] for name, error in errors.items()} == {
        "taken": 400,
        "again": 409,
        "remote": 400,
    }
    assert errors["taken"]["message"] == "to_public_id(pets/a) already exists"
    assert answers["rename"]["public_id"] == "pets/a"
    assert answers["tag"]["public_ids"] == ["pets/a", "b"]
    assert answers["untag"]["public_ids"] == ["b"]
    assert answers["tags"]["tags"] == ["red"]
    assert [item["public_id"] for item in answers["tagged"]["resources"]] == ["pets/a"]
    assert [item["public_id"] for item in answers["described"]["resources"]] == ["b"]
    assert answers["explicit"]["moderation"] == [{"kind": "manual", "status": "pending"}]
    assert len(answers["versions"]["versions"]) == 2
    assert {item["public_id"] for item in answers["named"]["resources"]} == {"pets/a", "b"}
    assert len(answers["moment"]["resources"]) == 2
    assert answers["parts"]["bytes"] == large.stat().st_size
    assert answers["preset"]["message"] == "created"
    assert answers["unsigned"]["public_id"].startswith("guests/")
    assert [preset["name"] for preset in answers["presets"]["presets"]] == ["strangers"]
    assert answers["field"]["external_id"] == "colour"
    [found] = answers["found"]["resources"]
    assert (found["public_id"], found["metadata"]) == ("b", {"colour": "dark red"})
    assert answers["usage"]["resources"] == 4
    assert answers["config"]["settings"]["folder_mode"]
    assert answers["deleted"]["deleted"] == {"pets/a": "deleted"}
    with httpx.Client(trust_env=False, verify=False) as client:
        shown = client.get(answers["address"])
    assert [item["public_id"] for item in shown.json()["resources"]] == ["b"]
