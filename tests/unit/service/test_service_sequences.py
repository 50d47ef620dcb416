"""Any sequence of uploads, answers, decisions, deletions and restorations, over real HTTP.

After each step what is delivered, what every queue lists and what the history tells must agree.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from helpers.fake_providers import FakeRekognition, FakeWebPurify
from helpers.live_service import picture
from helpers.moderated_site import Site
from modstation.service.providers.webpurify import WebPurifyAccount

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

KINDS = ("aws_rek", "webpurify", "manual")
STATUSES = ("pending", "queued", "approved", "rejected", "aborted")
RUNS = st.sampled_from(
    (
        "",
        "manual",
        "webpurify",
        "aws_rek",
        "webpurify|manual",
        "aws_rek|webpurify",
        "webpurify|aws_rek|manual",
        "aws_rek|webpurify|manual",
    )
)
REKOGNITION = st.sampled_from(("approves", "rejects", "is away"))
VERDICTS = st.sampled_from(("approved", "rejected"))


def test_delivery_queues_and_history_never_disagree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allow_log: Callable[[str], None]
) -> None:
    allow_log("is away")
    with FakeWebPurify() as webpurify, FakeRekognition() as rekognition:
        for name, value in {
            "AWS_ENDPOINT_URL_REKOGNITION": rekognition.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }.items():
            monkeypatch.setenv(name, value)
        account = WebPurifyAccount(FakeWebPurify.KEY, webpurify.endpoint)
        site = Site(tmp_path, webpurify=account, rekognition=True)
        auth = (site.live.key, site.live.secret)
        with site.live, httpx.Client(auth=auth, trust_env=False, verify=False) as client:
            names = count()
            run_state_machine_as_test(
                lambda: _Asset(site, client, webpurify, rekognition, f"asset-{next(names)}"),
                settings=settings(
                    max_examples=8,
                    stateful_step_count=12,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )


class _Asset(RuleBasedStateMachine):
    """One public ID and all that may happen to it."""

    def __init__(
        self,
        site: Site,
        client: httpx.Client,
        webpurify: FakeWebPurify,
        rekognition: FakeRekognition,
        public_id: str,
    ) -> None:
        super().__init__()
        self.site, self.client = site, client
        self.webpurify, self.rekognition = webpurify, rekognition
        self.public_id = public_id
        self.uploads = 0
        self.versions: list[str] = []
        self.person: str | None = None
        self.asset: dict[str, Any] | None = None

    # -- what may happen

    @rule(run=RUNS, machine=REKOGNITION, backup=st.booleans())
    def upload(self, run: str, machine: str, backup: bool) -> None:
        self._set(machine)
        self.uploads += 1
        answer = self._request(
            "POST",
            "/image/upload",
            data={
                "public_id": self.public_id,
                "backup": str(backup).lower(),
                **({"moderation": run} if run else {}),
            },
            files={"file": ("a.jpg", picture(self.uploads, (64, 64)))},
        )
        self.versions.append(answer["version_id"])
        self.person = None

    @rule(run=RUNS.filter(bool), machine=REKOGNITION)
    def explicit(self, run: str, machine: str) -> None:
        self._set(machine)
        if self.asset is not None:
            data = {"public_id": self.public_id, "type": "upload", "moderation": run}
            self._request("POST", "/image/explicit", data=data)
            self.person = None

    @rule(status=VERDICTS, machine=REKOGNITION)
    def machines_answer(self, status: str, machine: str) -> None:
        self._set(machine)
        words = {"approved": "approved", "rejected": "declined"}
        self.site.work()
        for image in self.webpurify.images.values():
            if image["status"] == "pending":
                image["status"] = words[status]
        self.site.work(60)

    @rule(status=st.sampled_from(("approved", "rejected", "pending")), kind=st.sampled_from(KINDS))
    def person_names_the_moderation(self, status: str, kind: str) -> None:
        known = {one["kind"] for one in (self.asset or {}).get("moderation", ())}
        if kind in known:
            data = {"public_id": self.public_id, "moderation_status": status, "kind": kind}
            self._request("POST", "/resources/update", data=data)
            self.person = status

    @rule(status=st.sampled_from(("approved", "rejected", "pending")))
    def person_decides(self, status: str) -> None:
        if self.asset is not None:
            data = {"moderation_status": status}
            self._request("POST", f"/resources/image/upload/{self.public_id}", data=data)
            self.person = status

    @rule()
    def delete(self) -> None:
        params = {"public_ids[]": self.public_id}
        self._request("DELETE", "/resources/image/upload", params=params)
        self.person = None

    @rule(place=st.integers(0, 5), latest=st.booleans())
    def restore(self, place: int, latest: bool) -> None:
        body: dict[str, Any] = {"public_ids": [self.public_id]}
        if self.versions and not latest:
            body["versions"] = [self.versions[place % len(self.versions)]]
        self._request("POST", "/resources/image/upload/restore", json=body)
        self.person = None

    # -- what must hold

    @invariant()
    def all_tell_the_same(self) -> None:
        self.asset = self._read()
        moderation = (self.asset or {}).get("moderation", [])
        statuses = {one["kind"]: one["status"] for one in moderation}
        whole = _whole(statuses)
        path = f"/{self.site.live.cloud}/image/upload/{self.public_id}.jpg"
        delivered = self.client.get(f"{self.site.live.url}{path}").status_code
        if self.asset is None:
            assert delivered == 404
        else:
            assert self.asset.get("moderation_status") == whole
            assert delivered == (404 if whole == "rejected" else 200)
            self._check_history(statuses)
        if self.person is not None:
            assert whole == self.person, "a machine outranked a person"
        waiting = [status for status in statuses.values() if status == "pending"]
        assert len(waiting) <= 1
        for kind, status in statuses.items():
            assert self._listed(kind, status), f"missing from {kind}/{status}"

    def teardown(self) -> None:
        """Once per sequence every queue, also those that it must not be in."""
        asset = self._read()
        statuses = {one["kind"]: one["status"] for one in (asset or {}).get("moderation", ())}
        for kind in KINDS:
            for status in STATUSES:
                assert self._listed(kind, status) == (statuses.get(kind) == status)
        self._request("DELETE", "/resources/image/upload", params={"public_ids[]": self.public_id})

    def _check_history(self, statuses: dict[str, str]) -> None:
        assert self.asset is not None
        path = f"/modstation/resources/image/upload/{self.public_id}/decisions"
        said = self._request("GET", path, params={"max_results": 100})["decisions"]
        last: dict[str, str] = {}
        for one in reversed(said):
            if one["changed"] and one["version_id"] == self.asset["version_id"]:
                last[one["moderation_kind"]] = one["to_status"]
        for kind, status in statuses.items():
            if status in ("approved", "rejected"):
                assert last.get(kind) == status, f"{kind} is {status}, last said was {last}"

    # -- over the wire

    def _set(self, machine: str) -> None:
        self.rekognition.error = "ThrottlingException" if machine == "is away" else None
        self.rekognition.labels = [("Explicit", 99.0, "")] if machine == "rejects" else []

    def _read(self) -> dict[str, Any] | None:
        path = f"{self.site.live.api}/resources/image/upload/{self.public_id}"
        answer = self.client.get(path)
        if answer.status_code == 404:
            return None
        asset = dict(answer.json())
        return None if asset.get("placeholder") else asset

    def _listed(self, kind: str, status: str) -> bool:
        path = f"/resources/image/moderations/{kind}/{status}"
        found = self._request("GET", path, params={"max_results": 500})["resources"]
        return self.public_id in [item["public_id"] for item in found]

    def _request(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        answer = self.client.request(method, f"{self.site.live.api}{path}", **options)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def _whole(statuses: dict[str, str]) -> str | None:
    """The status of the whole, worked out here once more."""
    found = set(statuses.values())
    if not found:
        return None
    if "rejected" in found:
        return "rejected"
    return "pending" if found & {"pending", "queued"} else "approved"
