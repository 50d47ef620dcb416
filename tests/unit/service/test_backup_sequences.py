"""No sequence of uploads, decisions, deletions and restores leaves delivery, lists, history and
storage in disagreement, loses bytes, or leaves some behind.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from helpers.live_service import picture
from modstation.core.clock import ManualClock, TimeOrderedIds
from modstation.service.app import application
from modstation.service.service import Service
from modstation.service.settings import ServiceSettings

NAMES = st.sampled_from(["cat", "folder/dog"])
PICTURES = [picture(number, (16, 16)) for number in range(6)]
# Longer than any grace.
HOURS = 2 * 3600
API = "/v1_1/sequences"


@dataclass
class Version:
    """One upload: what it shows, the verdict on it, and whether it stays when it is replaced."""

    content: bytes
    status: str | None
    backup: bool
    number: int

    @property
    def stays(self) -> bool:
        return self.backup or self.status == "rejected"


@dataclass
class Model:
    """What one name should be: the version it has, and those before that are kept."""

    asset_id: str
    current: str
    versions: dict[str, Version] = field(default_factory=dict)
    deleted: bool = False

    @property
    def now(self) -> Version:
        return self.versions[self.current]

    @property
    def kept(self) -> dict[str, Version]:
        return {name: v for name, v in self.versions.items() if name != self.current}

    @property
    def shown(self) -> bytes | None:
        return None if self.deleted or self.now.status == "rejected" else self.now.content

    def set_aside(self) -> None:
        if not (self.now.stays or self.deleted):
            del self.versions[self.current]


class Sequences(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        place = ServiceSettings(Path(self._folder.name), cloud="sequences")
        self.service = Service(place, clock=self.clock, ids=TimeOrderedIds())
        owner = self.service.owner
        # Without its lifespan: the housekeeper runs when a rule says so.
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(application(self.service)), base_url="http://service"
        )
        self.loop = asyncio.Runner()
        self.auth = (owner.api_key, owner.secret)
        self.models: dict[str, Model] = {}
        self.known: dict[str, list[str]] = {}

    def teardown(self) -> None:
        try:
            self.tidied_up()
        finally:
            self.loop.close()
            self.service.close()
            self._folder.cleanup()

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.loop.run(self.client.request(method, path, **more))

    def call(self, method: str, path: str, **more: Any) -> Any:
        return self.request(method, f"{API}{path}", auth=self.auth, **more).json()

    # -- what callers do

    @rule(
        name=NAMES,
        number=st.sampled_from(range(6)),
        backup=st.booleans(),
        moderated=st.booleans(),
    )
    def upload(self, name: str, number: int, backup: bool, moderated: bool) -> None:
        data = {"public_id": name, "backup": str(backup).lower()}
        if moderated:
            data["moderation"] = "manual"
        answer = self.call(
            "POST", "/image/upload", data=data, files={"file": ("x.jpg", PICTURES[number])}
        )
        model = self.models.get(name)
        version_id, version = answer["version_id"], answer["version"]
        if model is None:
            model = self.models[name] = Model(answer["asset_id"], version_id)
        else:
            assert answer["asset_id"] == model.asset_id
            assert version > model.now.number
            assert answer.get("overwritten", False) is not model.deleted
            model.set_aside()
        status = "pending" if moderated else None
        model.versions[version_id] = Version(PICTURES[number], status, backup, version)
        model.current, model.deleted = version_id, False
        self.known.setdefault(name, []).append(version_id)

    @rule(name=NAMES, status=st.sampled_from(["approved", "rejected", "pending"]))
    def decide(self, name: str, status: str) -> None:
        model = self.models.get(name)
        answer = self.call(
            "POST", f"/resources/image/upload/{name}", data={"moderation_status": status}
        )
        if model is None or model.deleted:
            assert "error" in answer
            return
        assert answer["moderation_status"] == status
        model.now.status, model.now.number = status, answer["version"]

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        model = self.models.get(name)
        result = self.call("POST", "/image/destroy", data={"public_id": name})["result"]
        if model is None or model.deleted:
            assert result == "not found"
            return
        assert result == "ok"
        if not model.now.stays:
            self.drop_current(name, model)
        model.deleted = True

    @rule(name=NAMES, place=st.integers(0, 5) | st.none())
    def restore(self, name: str, place: int | None) -> None:
        known = self.known.get(name, [])
        version_id = known[place % len(known)] if known and place is not None else None
        body: dict[str, Any] = {"public_ids": [name]}
        if version_id is not None:
            body["versions"] = [version_id]
        answer = self.call("POST", "/resources/image/upload/restore", json=body)[name]
        model = self.models.get(name)
        wanted = version_id or (self.newest_restorable(model) if model else "")
        version = model.versions.get(wanted) if model else None
        own = model is not None and wanted == model.current
        if version is None or (own and not (version.stays or model.deleted)):
            assert answer == {"error": "no_backup"}
            return
        assert answer["version"] > model.now.number
        if not own:
            model.set_aside()
            version.backup = True
        elif not model.deleted and version.status == "rejected":
            version.status = "pending"
        model.current, model.deleted = wanted, False
        version.number = answer["version"]
        assert answer["version_id"] == wanted
        assert answer.get("moderation_status") == version.status

    @staticmethod
    def newest_restorable(model: Model) -> str:
        """What is restored if no version is named; nothing if there is none."""
        if model.deleted or model.now.stays:
            return model.current
        kept = model.kept
        return max(kept, key=lambda name: kept[name].number) if kept else ""

    @precondition(lambda self: self.models)
    @rule(name=NAMES, places=st.lists(st.integers(0, 5), min_size=1, max_size=3))
    def remove_backups(self, name: str, places: list[int]) -> None:
        model, known = self.models.get(name), self.known.get(name, [])
        if model is None:
            return
        wanted = list(dict.fromkeys(known[place % len(known)] for place in places))
        answer = self.call(
            "DELETE", f"/resources/backup/{model.asset_id}", json={"version_ids": wanted}
        )
        gone = set(answer["deleted_version_ids"])
        failed = {failure["version_id"] for failure in answer.get("failures", [])}
        assert gone | failed == set(wanted)
        expected = {version_id for version_id in wanted if version_id in model.kept}
        for version_id in expected:
            del model.versions[version_id]
        if model.current in wanted:
            if model.deleted:
                expected.add(model.current)
                self.drop_current(name, model)
            elif model.now.backup and model.now.status != "rejected":
                expected.add(model.current)
                model.now.backup = False
        assert gone == expected

    @rule(seconds=st.sampled_from([0, 1, 61]))
    def housekeeping(self, seconds: int) -> None:
        self.clock.advance(seconds)
        while self.service.housekeeper.step(self.clock.now()):
            pass

    def drop_current(self, name: str, model: Model) -> None:
        """What is deleted is the newest version that is left, or nothing."""
        del model.versions[model.current]
        if not model.versions:
            del self.models[name]
            return
        model.current = max(model.versions, key=lambda name: model.versions[name].number)
        model.now.backup = True
        answer = self.call("GET", f"/resources/{model.asset_id}")
        assert answer["version_id"] == model.current
        model.now.number = answer["version"]

    # -- what must be true of all of it

    @invariant()
    def delivered_is_what_the_state_says(self) -> None:
        for name in ("cat", "folder/dog"):
            answer = self.request("GET", f"/sequences/image/upload/{name}.jpg")
            model = self.models.get(name)
            expected = model.shown if model else None
            assert (answer.content if answer.status_code == 200 else None) == expected, name

    @rule()
    def lists_and_history_say_the_same(self) -> None:
        live = {name: model for name, model in self.models.items() if not model.deleted}
        listed = self.call("GET", "/resources/image/upload")["resources"]
        assert {item["public_id"]: item.get("moderation_status") for item in listed} == {
            name: model.now.status for name, model in live.items()
        }
        for status in ("pending", "approved", "rejected"):
            queue = self.call("GET", f"/resources/image/moderations/manual/{status}")["resources"]
            assert {item["public_id"] for item in queue} == {
                name for name, model in live.items() if model.now.status == status
            }
        for name, model in self.models.items():
            answer = self.call("GET", f"/resources/{model.asset_id}?versions=true")
            assert answer.get("placeholder", False) is model.deleted
            *kept, own = answer["versions"]
            assert [version["version_id"] for version in kept] == sorted(
                model.kept, key=lambda name: model.kept[name].number
            )
            assert own["version_id"] == model.current
            assert own["restorable"] is (model.now.stays or model.deleted)
            if model.deleted:
                continue
            path = f"/modstation/resources/image/upload/{name}/decisions?max_results=100"
            of_this = [
                decision["to_status"]
                for decision in self.call("GET", path)["decisions"]
                if decision["version_id"] == model.current
            ]
            if of_this:
                assert of_this[0] == model.now.status

    def tidied_up(self) -> None:
        self.housekeeping(HOURS)
        blobs = self.service.blobs
        names = [*blobs.names("originals"), *blobs.names("backup")]
        expected: list[tuple[str, bytes]] = []
        for model in self.models.values():
            for version_id, version in model.versions.items():
                public = version_id == model.current and model.shown is not None
                expected.append(("originals" if public else "backup", version.content))
        found = [(name.partition("/")[0], blobs.get(name)) for name in names]
        assert sorted(found) == sorted(expected)
        self.delivered_is_what_the_state_says()
        self.lists_and_history_say_the_same()


TestSequences = Sequences.TestCase
TestSequences.settings = settings(
    max_examples=8,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
