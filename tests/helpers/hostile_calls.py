"""Calls nobody sane would make, to every route the service has.

Routes come from the application's own table and names of parameters from its source, so that what
is added is called too. Half of what is sent is sensible: nonsense alone would never get past the
first check.
"""

from __future__ import annotations

import base64
import hashlib
import inspect
import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import cloudinary.utils

import modstation.service
from helpers.live_service import picture
from modstation.service import app

if TYPE_CHECKING:
    import random

    from starlette.routing import Route

    from helpers.live_service import LiveService

INJECTED = "x-injected"
NASTY = [
    "", " ", "a", "null", "1", "0", "-1", "9" * 30, "true", "false", "\x00", "a\nb", "\r\n\r\n",
    f"a\r\n{INJECTED}: 1", f"\x85{INJECTED}: 1", "%", "%00", "%0d%0a", "..", "../..", "..\\..",
    "/etc/passwd", "....//....//", "file:///etc/passwd", "é" * 200, "\u202e", "\ufeff",
    "\U0001f600", "{}", "[]", "[[[", "{\"a\":{}}", "a=b|c", "=|=", "a\\|b=c", "' OR 1=1 --", "*",
    "$(id)", "{{7*7}}", "http://", "http://[", "http://127.0.0.1:1/x", "http://127.0.0.1:99999/",
    "ftp://127.0.0.1/",
    "data:;base64,", "data:image/png;base64,!!!", "asc", "1e9", "NaN", "-0", "0x10", "1_000",
    "2020-01-01", "31-02-2020", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00",
    "poll://*", "poll://x", "a" * 300, "a," * 600, "AND", "(" * 50, "tags:", "width>1 OR (",
]  # fmt: skip
SENSIBLE: dict[str, list[str]] = {
    "cloud": ["testing"],
    "resource_type": ["image", "image", "raw", "video"],
    "type": ["upload", "upload", "authenticated", "private"],
    "public_id": ["p0", "p1", "p2", "a/b", "gone"],
    "from_public_id": ["p0", "p1"],
    "to_public_id": ["p2", "p9", "a/c"],
    "public_ids": ["p0", "p1", "gone"],
    "rest": ["p0", "v1/p0.jpg", "w_50,c_fill,h_50/p1.png", "fl_attachment/p0", "w_10/e_blur/p0"],
    "kind": ["manual", "webpurify"],
    "moderation": ["manual", "webpurify", "webpurify|manual"],
    "status": ["pending", "approved", "rejected"],
    "moderation_status": ["pending", "approved", "rejected"],
    "tag": ["red", "blue"],
    "tags": ["red,blue", "red"],
    "context": ["alt=x|b=c"],
    "metadata": ["k=v"],
    "key": ["alt"],
    "date": ["01-01-2026"],
    "command": ["add", "remove", "replace", "remove_all", "set_exclusive"],
    "max_results": ["2", "500"],
    "direction": ["asc", "desc"],
    "expression": ["tags:red", "NOT format:jpg", "width>1", ""],
    "sort_by": ["public_id"],
    "aggregate": ["format"],
    "with_field": ["tags"],
    "fields": ["tags,url"],
    "file": ["data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="],
    "overwrite": ["true", "false"],
    "backup": ["true"],
    "seconds": ["60"],
    "limit": ["5"],
    "name": ["n1", "n2"],
    "wait_seconds": ["0"],
    "max_messages": ["5"],
    "channel": ["c1"],
    "unsigned": ["true", "false"],
    "upload_preset": ["n1"],
    "holder": ["me"],
    "kinds": ["manual"],
    "version_id": ["0" * 32],
    "external_id": ["e1"],
    "label": ["Label"],
    "event_type": ["all", "moderation", "upload"],
    "uri": ["http://127.0.0.1:1/hook"],
    "transformation": ["w_10"],
    "eager": ["w_10,c_scale"],
}
JSON_VALUES: list[Any] = [
    None, True, 0, 1.5, -(2**70), 2**70, "x", [], {}, [None], [1, [2]], {"a": {"b": 1}}, [[]], [{}],
    [{"public_id": "asc"}], {"type": "bytes", "ranges": [{"key": "a"}]},
    [{"decision_id": "a", "status": "approved", "public_id": "p0"}], [{"asset_id": 5}],
    [{"decision_id": "d", "status": "rejected", "asset_id": "0" * 32, "decided_at": "x"}],
]  # fmt: skip
BODIES = [
    b"", b"null", b"[]", b"3", b"{", b'"x"', b'{"a":' + b"[" * 50_000, b"\xff\xfe{\x00",
    b"\x1f\x8b", b'{"public_id":"\\ud800"}', b'{"public_id":"\\u0000"}', b'{"a":1,"a":2}',
    b"a=%ff&b=%", b"&&&==", b"--x\r\n",
    b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n',
    b"\x00" * 1000,
]  # fmt: skip
BODY_TYPES = [
    "application/json", "application/json; charset=utf-16", "text/plain", "multipart/form-data",
    "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "x/y; q=\"", "",
]  # fmt: skip
FILES = [
    b"", b"<html>", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a", b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff", b"\x00\x00\x00\x18ftypmp42", b"%PDF-1.4", b"PK\x03\x04", b"MZ",
    b"RIFF\x00WEBP",
]  # fmt: skip
FILE_NAMES = ["a.jpg", "../../x", "", "\\x\\y.PNG", "." * 300, "a\r\nb.jpg", "/etc/passwd", "CON"]
_READS = re.compile(r'parameters\.\w+\(\s*"([a-z_]+)"|"([a-z_]+)" in parameters')


@dataclass(frozen=True)
class Call:
    """One request as httpx takes it, and the route it was made for."""

    route: str
    method: str
    path: str
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path[:300]} {str(self.options)[:500]} (for {self.route})"


class HostileCalls:
    """Makes calls at random to each route in turn."""

    def __init__(self, live: LiveService, chance: random.Random) -> None:
        self._live = live
        self._chance = chance
        self.routes: list[Route] = app._routes()
        source = Path(modstation.service.__file__).parent
        self.names = sorted({n for file in source.rglob("*.py") for n in _read_in(file)})
        self._of_route = [_read_by(route) or self.names for route in self.routes]
        self._near = self.names
        self._sound = True
        self.asset_ids = [live.asset(name)["asset_id"] for name in ("p0", "p1")]

    def next(self, number: int) -> Call:
        """A call to the route whose turn it is."""
        route = self.routes[number % len(self.routes)]
        self._near = self._of_route[number % len(self.routes)]
        methods = sorted(route.methods or {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
        method = self._chance.choice(methods)
        if self._chance.random() < 0.05:
            method = self._chance.choice(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "TRACE"])
        # Every other call is one that should work but for a value or two.
        self._sound = self._chance.random() < 0.5
        path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda hit: self._segment(hit[1]), route.path)
        if "/search/" in path and self._sound:
            path = self._signed_search()
        if self._sound:
            options = self._sound_options(method)
        else:
            options = {} if method in ("GET", "HEAD") else self._body()
            if self._chance.random() < 0.7:
                options["params"] = [(name, text[:300]) for name, text in self._fields()]
        return Call(route.path, method, path, self._identified(options))

    def _sound_options(self, method: str) -> dict[str, Any]:
        chance = self._chance
        fields = {name: self._text(name) for name in self._near if chance.random() < 0.6}
        if method in ("GET", "HEAD", "DELETE"):
            return {"params": fields}
        match chance.randrange(4):
            case 0:
                return {"json": fields}
            case 1:
                fields.pop("file", None)
                file = picture(chance.randrange(9), (8, 8))
                return {"data": fields, "files": {"file": ("a.jpg", file)}, "headers": {}}
            case _:
                return {"data": fields}

    def _signed_search(self) -> str:
        """A search's address as a key holder would sign it, whatever it asks."""
        asked = {"expression": self._text("expression"), "sort_by": [{"public_id": "asc"}]}
        text = json.dumps(self._chance.choice([asked, asked, [], self._text("expression")]))
        query = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        signed = f"60{query}{self._live.secret}".encode()
        return f"/{self._live.cloud}/search/{hashlib.sha256(signed).hexdigest()}/60/{query}"

    def _segment(self, name: str) -> str:
        if name == "asset_id":
            return self._chance.choice([*self.asset_ids, "0" * 32])
        if self._chance.random() < (0.95 if self._sound else 0.6) and name in SENSIBLE:
            return quote(self._chance.choice(SENSIBLE[name]), safe="/,")
        return quote(self._chance.choice(NASTY), safe=self._chance.choice(["", "/."])) or "x"

    def _text(self, name: str) -> str:
        if self._chance.random() < (0.9 if self._sound else 0.4):
            if name.startswith("asset_id"):
                return self._chance.choice(self.asset_ids)
            if name in SENSIBLE:
                return self._chance.choice(SENSIBLE[name])
        return self._chance.choice(NASTY)

    def _fields(self) -> list[tuple[str, str]]:
        # Mostly what this route's own module reads, so that more than the first check is met.
        known = self._near if self._chance.random() < 0.8 else self.names
        names = self._chance.choices(known, k=self._chance.randrange(8))
        spelled = []
        for name in names:
            twice = self._chance.choice([1, 1, 1, 2])
            suffix = self._chance.choice([*[""] * 10, "[]", "[0]", "[x]", "[", "[][a]"])
            spelled += [(name + suffix, self._text(name))] * twice
        return spelled

    def _body(self) -> dict[str, Any]:
        chance = self._chance
        fields = self._fields()
        match chance.randrange(6):
            case 0:
                return {"json": {name: text for name, text in fields}}  # noqa: C416 - last one counts
            case 1:
                names = [*chance.choices(self.names, k=3), *chance.choices(self._near, k=3)]
                return {"json": {name: chance.choice(JSON_VALUES) for name in names}}
            case 2:
                return {"content": urlencode(fields), "headers": {"content-type": BODY_TYPES[5]}}
            case 3:
                parts: list[Any] = [(name, (None, text.encode())) for name, text in fields]
                file = chance.choice([*FILES, picture(chance.randrange(9), (8, 8))])
                given = (chance.choice(FILE_NAMES), file, chance.choice(["image/jpeg", "a/b"]))
                return {"files": [*parts, ("file", given)]}
            case 4:
                signed = {n: t for n, t in fields if "[" not in n and t and n.isidentifier()}
                signed["timestamp"] = str(int(time.time()))
                return {"data": signed | self._signature(signed)}
        kind = chance.choice(BODY_TYPES)
        return {"content": chance.choice(BODIES), "headers": {"content-type": kind}}

    def _signature(self, signed: dict[str, str]) -> dict[str, str]:
        plain = {name: text for name, text in signed.items() if name not in ("file", "type_")}
        signature = cloudinary.utils.api_sign_request(plain, self._live.secret)
        return {"api_key": self._live.key, "signature": signature}

    def _identified(self, options: dict[str, Any]) -> dict[str, Any]:
        headers = {"authorization": self._live.authorization} | options.pop("headers", {})
        match self._chance.randrange(20 if self._sound else 8):
            case 0:
                del headers["authorization"]
            case 1:
                wrong = [
                    "Basic",
                    "Basic !!!",
                    "Basic YTpi",
                    "Bearer x",
                    "Digest x",
                    "\x7f",
                    "Basic /w==",
                ]
                headers["authorization"] = self._chance.choice(wrong)
            case 2:
                headers |= self._odd_headers()
        if "signature" in options.get("data", ()):
            headers.pop("authorization", None)
        return options | {"headers": headers}

    def _odd_headers(self) -> dict[str, str]:
        return self._chance.choice(
            [
                {"host": "evil.example"}, {"host": "a b"}, {"host": ""}, {"range": "bytes=a-b"},
                {"range": "bytes=-5"}, {"content-range": "bytes 0-1/9", "x-unique-upload-id": "u"},
                {"content-range": "bytes 9-1/-1"}, {"if-none-match": "*"},
                {"expect": "100-continue"},
                {"if-modified-since": "x"}, {"x-forwarded-for": "a"}, {"content-encoding": "gzip"},
                {"accept": "\x7f"}, {"if-range": "x"}, {"x-upload-part-number": "-1"},
            ]
        )  # fmt: skip


def _read_in(file: Path) -> set[str]:
    """The parameters a module reads."""
    return {name for hit in _READS.findall(file.read_text("utf-8")) for name in hit if name}


def _read_by(route: Route) -> list[str]:
    """The parameters the module of a route's handler reads."""
    cells = getattr(route.endpoint, "__closure__", None) or ()
    files = (
        inspect.getsourcefile(c.cell_contents) for c in cells if inspect.isfunction(c.cell_contents)
    )
    return sorted({name for file in files if file for name in _read_in(Path(file))})


def told_wrongly(call: Call, status: int, headers: dict[str, str], body: bytes) -> str | None:
    """What is wrong with an answer; None if nothing is."""
    if INJECTED in headers:
        return "a header was injected"
    if "x-request-id" not in headers:
        return "there is no x-request-id"
    if status >= 500:
        return f"it is a {status}"
    if call.path.startswith("/v1_1/") and call.method != "HEAD" and status >= 400:
        if status not in (400, 401, 404, 409, 416):
            return f"it is a {status}"
        try:
            message = json.loads(body)["error"]["message"]
        except (ValueError, KeyError, TypeError):
            return f"its body is no refusal: {body[:200]!r}"
        if not message or not headers.get("x-cld-error"):
            return "it does not say why"
    return None
