"""Cloudinary's own command line, unmodified: what a person types against the service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from helpers.live_service import picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.live_service import LiveService
    from helpers.receiver import Receiver

    Cld = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def cld(service: LiveService, tmp_path: Path) -> Cld:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).with_name("cld")), *arguments],
            # A home of its own: the program keeps settings there.
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "LC_ALL": "C.UTF-8",
                "CLOUDINARY_URL": service.cloudinary_url,
            },
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def answer(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr + done.stdout
    return dict(json.loads(done.stdout))


def test_a_person_moderates_from_the_command_line(
    cld: Cld, tmp_path: Path, receiver: Receiver
) -> None:
    (tmp_path / "cat.jpg").write_bytes(picture())
    named = ("public_id=pets/cat", "moderation=manual", "backup=true", "tags=new,soft")
    uploaded = answer(
        cld("uploader", "upload", "cat.jpg", *named, f"notification_url={receiver.url}")
    )
    assert uploaded["moderation"] == [{"kind": "manual", "status": "pending"}]
    assert uploaded["tags"] == ["new", "soft"]

    queue = answer(cld("admin", "resources_by_moderation", "manual", "pending"))
    assert [item["public_id"] for item in queue["resources"]] == ["pets/cat"]
    rejected = answer(cld("admin", "update", "pets/cat", "moderation_status=rejected"))
    assert rejected["moderation_status"] == "rejected"

    found = answer(cld("search", "folder:pets/* AND moderation_status:rejected", "-f", "tags"))
    assert [item["tags"] for item in found["resources"]] == [["new", "soft"]]
    everything = answer(cld("search", "tags=new", "-A", "-F", "-s", "public_id", "asc"))
    assert everything["total_count"] == 1

    deleted = answer(cld("admin", "delete_resources", "pets/cat"))
    assert deleted["deleted"] == {"pets/cat": "deleted"}
    restored = answer(cld("admin", "restore", "pets/cat"))
    assert restored["pets/cat"]["asset_id"] == uploaded["asset_id"]
    answer(cld("admin", "update", "pets/cat", "moderation_status=approved"))
    assert answer(cld("uploader", "destroy", "pets/cat"))["result"] == "ok"

    first = receiver.wait_for(3)[0]
    # As text: what stands as an argument is parsed, and only the very bytes were signed.
    body = ("-o", "body", first.body.decode(), "-O", "timestamp", first.timestamp)
    for signature, verified in ((first.signature, "true"), ("0" * 40, "")):
        verify = ("utils", *body, "-o", "signature", signature, "verify_notification_signature")
        assert cld(*verify).stdout.strip().lower() == verified


def test_a_refusal_is_told_to_the_person(cld: Cld) -> None:
    refused = cld("admin", "resource", "nowhere")
    assert refused.returncode != 0
    assert "Resource not found - nowhere" in refused.stderr + refused.stdout
    wrong = cld("search", "colour:red")
    assert "unknown field colour at character 1" in wrong.stderr + wrong.stdout
