"""A moderation service behind httpx's transport seam, with a script of what goes wrong.

    service = ScriptedService(["cat", "dog"])
    service.script(lost_after_acting, method="POST", times=1)
    client = service.client(clock)

It knows nothing of modstation's own wire code: paths and bodies are read by hand.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

import httpx

from modstation.core.accounts import Account, Credentials
from modstation.remote.client import AdminClient

if TYPE_CHECKING:
    from modstation.core.clock import Clock

CLOUD = "testing"
ORIGIN = "http://127.0.0.1:1"
CREDENTIALS = Credentials(Account("test", CLOUD, "key", ORIGIN), "s3cr3t-of-tests")

Act = Callable[[], httpx.Response]
Fault = Callable[[httpx.Request, Act], httpx.Response]


# -- what goes wrong


def never_sent(request: httpx.Request, _act: Act) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


def lost_before_acting(request: httpx.Request, _act: Act) -> httpx.Response:
    raise httpx.ReadTimeout("timed out", request=request)


def lost_after_acting(request: httpx.Request, act: Act) -> httpx.Response:
    act()
    raise httpx.RemoteProtocolError("server disconnected", request=request)


def server_error(_request: httpx.Request, _act: Act) -> httpx.Response:
    return httpx.Response(500, json={"error": {"message": "Internal"}})


def server_error_after_acting(_request: httpx.Request, act: Act) -> httpx.Response:
    act()
    return httpx.Response(500, json={"error": {"message": "Internal"}})


def html_page(_request: httpx.Request, _act: Act) -> httpx.Response:
    return httpx.Response(200, html="<html><body>Log in to the hotel's network</body></html>")


def cut_short(_request: httpx.Request, act: Act) -> httpx.Response:
    body = act().content
    return httpx.Response(200, content=body[: len(body) // 2])


def not_authorized(_request: httpx.Request, _act: Act) -> httpx.Response:
    return httpx.Response(401, json={"error": {"message": "unknown api_key"}})


def refused(_request: httpx.Request, _act: Act) -> httpx.Response:
    return httpx.Response(400, json={"error": {"message": "Invalid value"}})


def throttled(reset: datetime, status: int = 420) -> Fault:
    def fault(_request: httpx.Request, _act: Act) -> httpx.Response:
        return httpx.Response(
            status,
            headers={
                "X-FeatureRateLimit-Limit": "500",
                "X-FeatureRateLimit-Remaining": "0",
                "X-FeatureRateLimit-Reset": format_datetime(reset, usegmt=True),
            },
            json={"error": {"message": "Rate Limit Exceeded."}},
        )

    return fault


def answering(response: Callable[[], httpx.Response]) -> Fault:
    """Answer so without acting."""
    return lambda _request, _act: response()


def changed(edit: Callable[[dict[str, Any]], None]) -> Fault:
    """Act, and change the JSON that is answered."""

    def fault(_request: httpx.Request, act: Act) -> httpx.Response:
        document = json.loads(act().content)
        edit(document)
        return httpx.Response(200, json=document)

    return fault


@dataclass(slots=True)
class _Rule:
    fault: Fault
    method: str | None
    path: str
    times: int | None


@dataclass(slots=True)
class Posted:
    """One change of a status, as it took effect; ``changed`` is false when it was so already."""

    public_id: str
    status: str
    changed: bool


@dataclass(slots=True)
class ScriptedService:
    """Assets by public ID with their status, and everything that was asked."""

    names: list[str] = field(default_factory=list)
    batch: int = 0
    # Leases are offered; what colleagues have, by public ID, and until when.
    claims: bool = False
    elsewhere: dict[str, str] = field(default_factory=dict)
    claimed: list[str] = field(default_factory=list)
    quota: tuple[int, int, datetime] | None = None
    statuses: dict[str, str] = field(init=False)
    posted: list[Posted] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    # Of those that are not "manual".
    kinds: dict[str, str] = field(default_factory=dict)
    contexts: dict[str, dict[str, str]] = field(default_factory=dict)
    most_at_once: int = 0
    _at_once: int = 0
    _rules: list[_Rule] = field(default_factory=list)
    _decided: dict[str, dict[str, Any]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    slow: Callable[[httpx.Request], None] = lambda _request: None

    def __post_init__(self) -> None:
        self.statuses = dict.fromkeys(self.names, "pending")

    def script(
        self, fault: Fault, *, method: str | None = None, path: str = "", times: int | None = 1
    ) -> None:
        """Let ``fault`` answer the next ``times`` requests that fit; None: until ``mend``."""
        with self._lock:
            self._rules.append(_Rule(fault, method, path, times))

    def mend(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._rules.clear()

    def client(self, clock: Clock) -> AdminClient:
        """A client of this service."""
        return AdminClient(CREDENTIALS, clock=clock, transport=httpx.MockTransport(self._stream))

    def changes_of(self, public_id: str) -> int:
        """How often the asset's status really changed."""
        return sum(p.changed for p in self.posted if p.public_id == public_id)

    def asked_for(self, method: str, part: str = "") -> int:
        """How many such requests came."""
        return sum(m == method and part in path for m, path in self.asked)

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode("ascii")
        with self._lock:
            self.asked.append((request.method, path))
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            rule = next((rule for rule in self._rules if _fits(rule, request.method, path)), None)
            if rule is not None and rule.times is not None:
                rule.times -= 1
        try:
            self.slow(request)

            def act() -> httpx.Response:
                with self._lock:
                    return self._act(request, path)

            return act() if rule is None else rule.fault(request, act)
        finally:
            with self._lock:
                self._at_once -= 1

    def _stream(self, request: httpx.Request) -> httpx.Response:
        """The answer as it comes from a network: not read yet."""
        answer = self.handle(request)
        return httpx.Response(
            answer.status_code,
            headers=answer.headers,
            stream=httpx.ByteStream(answer.content),
        )

    # -- what a service does

    def describe(self, name: str) -> dict[str, Any]:
        number = self.names.index(name)
        return {
            "asset_id": hashlib.md5(name.encode()).hexdigest(),
            "public_id": name,
            "resource_type": "image",
            "type": "upload",
            "version": 1_700_000_000 + number,
            "format": "jpg",
            "bytes": 1000 + number,
            "width": 640,
            "height": 480,
            "created_at": f"2025-06-01T12:{number // 60:02}:{number % 60:02}Z",
            "secure_url": f"https://photos.example/image/upload/v1/{name}.jpg",
            "moderation_kind": self.kinds.get(name, "manual"),
            "moderation_status": self.statuses[name],
            **({"context": {"custom": self.contexts[name]}} if name in self.contexts else {}),
        }

    def _act(self, request: httpx.Request, path: str) -> httpx.Response:
        bare, _, query = path.partition("?")
        parts = bare.removeprefix(f"/v1_1/{CLOUD}/").split("/")
        match request.method, parts:
            case "GET", ["ping"]:
                return self._json({"status": "ok"})
            case "GET", ["modstation", "capabilities"] if self.batch or self.claims:
                return self._json(
                    {"batch_decisions": {"max": self.batch}}
                    | ({"claims": {"max": 500}} if self.claims else {})
                )
            case "POST", ["modstation", "claims"] if self.claims:
                return self._claim(json.loads(request.content))
            case "POST", ["modstation", "claims", "release"] if self.claims:
                self.claimed.clear()
                return self._json({"released": 1})
            case "POST", ["modstation", "decisions"] if self.batch:
                return self._decide_many(json.loads(request.content)["decisions"])
            case "GET", ["resources", "image", "moderations", kind, status]:
                return self._list(kind, status, parse_qs(query))
            case "GET", ["resources", "image", "upload", *rest]:
                return self._one(unquote("/".join(rest)), None)
            case "POST", ["resources", "image", "upload", *rest]:
                return self._change(unquote("/".join(rest)), parse_qs(request.content.decode()))
            case "PUT", ["resources", asset_id]:
                found = [n for n in self.names if self.describe(n)["asset_id"] == asset_id]
                form = parse_qs(request.content.decode())
                return self._change(found[0] if found else asset_id, form)
        return self._json({"error": {"message": "Not found"}}, 404)

    def _change(self, name: str, form: dict[str, list[str]]) -> httpx.Response:
        for text in form.get("context", []):
            if name in self.statuses:
                # As a whole: the harshest reading of what an update does.
                self.contexts[name] = dict(pair.split("=", 1) for pair in text.split("|"))
        return self._one(name, form.get("moderation_status", [None])[0])

    def _one(self, name: str, wanted: str | None) -> httpx.Response:
        if name not in self.statuses:
            return self._json({"error": {"message": f"Resource not found - {name}"}}, 404)
        if wanted is not None:
            self._set(name, wanted)
        return self._json(self.describe(name))

    def _set(self, name: str, wanted: str) -> None:
        self.posted.append(Posted(name, wanted, self.statuses[name] != wanted))
        self.statuses[name] = wanted

    def _list(self, kind: str, status: str, query: dict[str, list[str]]) -> httpx.Response:
        size = int(query.get("max_results", ["10"])[0])
        after = int(query.get("next_cursor", ["-1"])[0])
        found = [
            (number, name)
            for number, name in enumerate(self.names)
            if number > after
            and self.statuses[name] == status
            and self.kinds.get(name, "manual") == kind
        ]
        answer: dict[str, Any] = {"resources": [self.describe(name) for _, name in found[:size]]}
        if len(found) > size:
            answer["next_cursor"] = str(found[size - 1][0])
        return self._json(answer)

    def _claim(self, asked: dict[str, Any]) -> httpx.Response:
        names = {self.describe(name)["asset_id"]: name for name in self.names}
        wanted = [asset_id for asset_id in asked["asset_ids"] if asset_id in names]
        gone = [asset_id for asset_id in wanted if self.statuses[names[asset_id]] != "pending"]
        held = [a for a in wanted if names[a] in self.elsewhere and a not in gone]
        mine = [asset_id for asset_id in wanted if asset_id not in {*held, *gone}]
        self.claimed += [names[a] for a in mine if names[a] not in self.claimed]
        return self._json(
            {
                "asset_ids": mine,
                "gone": gone,
                "held": [
                    {"asset_id": a, "name": "kim", "expires_at": self.elsewhere[names[a]]}
                    for a in held
                ],
            }
        )

    def _decide_many(self, decisions: list[dict[str, Any]]) -> httpx.Response:
        results = []
        for decision in decisions:
            name = decision["public_id"]
            known = self._decided.get(decision["decision_id"])
            if known is not None:
                results.append(known | {"outcome": "already_applied"})
                continue
            result = {"decision_id": decision["decision_id"], "updated_at": "2025-06-01T13:00:00Z"}
            if name not in self.statuses:
                result["outcome"] = "not_found"
            elif self.statuses[name] in decision["expected"]:
                self._set(name, decision["status"])
                result |= {"outcome": "applied", "moderation_status": decision["status"]}
                self._decided[decision["decision_id"]] = result
            else:
                result |= {"outcome": "conflict", "moderation_status": self.statuses[name]}
            results.append(result)
        return self._json({"results": results})

    def _json(self, document: dict[str, Any], status: int = 200) -> httpx.Response:
        headers = {"X-Request-Id": "r" * 32}
        if self.quota is not None:
            limit, left, reset = self.quota
            self.quota = (limit, max(0, left - 1), reset)
            headers |= {
                "X-FeatureRateLimit-Limit": str(limit),
                "X-FeatureRateLimit-Remaining": str(max(0, left - 1)),
                "X-FeatureRateLimit-Reset": format_datetime(reset.astimezone(UTC), usegmt=True),
            }
        return httpx.Response(status, json=document, headers=headers)


def _fits(rule: _Rule, method: str, path: str) -> bool:
    return (
        (rule.times is None or rule.times > 0)
        and rule.method in (None, method)
        and rule.path in path
    )
