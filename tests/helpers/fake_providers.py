"""The machines behind automatic moderation, played over real HTTP on loopback.

``FakeWebPurify`` speaks WebPurify's wire, ``FakeRekognition`` as much of Amazon Rekognition's as
``detect_moderation_labels`` needs. Both keep what they were asked and answer as told.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlencode

import httpx


class _Fake:
    """A server that hands every POST to ``answer`` and fails on demand."""

    def __init__(self) -> None:
        self.away = 0
        self.lock = threading.Lock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with fake.lock:
                    if fake.away > 0:
                        fake.away -= 1
                        status, kind, said = 502, "text/html", b"<html>Bad gateway</html>"
                    else:
                        status, kind, said = fake.answer(self.path, body)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name for it
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, path: str, body: bytes) -> tuple[int, str, bytes]:
        raise NotImplementedError

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


class FakeWebPurify(_Fake):
    """WebPurify's people: every image waits until ``decide`` names its status."""

    KEY = "0123456789abcdef0123456789abcdef"

    def __init__(self, *, xml_errors: bool = False, fetches: bool = False) -> None:
        self.images: dict[str, dict[str, str]] = {}
        self.calls: list[dict[str, str]] = []
        self.xml_errors = xml_errors
        self.fetches = fetches
        self.pictures: list[httpx.Response] = []
        # Dies after it has taken an image, before it says so.
        self.swallow_answers = 0
        super().__init__()

    @property
    def endpoint(self) -> str:
        return f"{self.url}/services/rest/"

    def answer(self, path: str, body: bytes) -> tuple[int, str, bytes]:
        assert path == "/services/rest/"
        call = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        self.calls.append(call)
        operation = call["method"].rpartition(".")[2]
        if call.get("api_key") != self.KEY:
            return self._error("100", "Invalid API Key")
        if operation == "imgcheck":
            return self._check(call)
        found = self.images.get(call.get("imgid", "")) or next(
            (one for one in self.images.values() if one["custom"] == call.get("customimgid")), None
        )
        if found is None:
            return self._error("105", "Unable to locate image")
        decided = found["status"] != "pending"
        return self._said(
            call,
            imgid=found["imgid"],
            sdate="2026-01-01 01:02:03",
            mdate="2026-01-01 01:04:00" if decided else "",
            status=found["status"],
        )

    def decide(self, status: str, *, place: int = -1) -> dict[str, str]:
        """Let its people decide on an image; the record of it."""
        with self.lock:
            image = list(self.images.values())[place]
            image["status"] = status
        return image

    def call_back(self, image: dict[str, str], *, status: str = "1") -> httpx.Response:
        """Tell the service, as WebPurify does: a GET with the identifiers and a number."""
        query = urlencode({"imgid": image["imgid"], "status": status})
        with httpx.Client(trust_env=False, verify=False) as client:
            return client.get(f"{image['callback']}?{query}")

    def count(self, operation: str) -> int:
        """How often an operation was called."""
        return sum(call["method"].endswith(operation) for call in self.calls)

    def _check(self, call: dict[str, str]) -> tuple[int, str, bytes]:
        if not call.get("imgurl", "").startswith("http"):
            return self._error("103", "Not a valid URL")
        if self.fetches:
            with httpx.Client(trust_env=False, verify=False) as client:
                self.pictures.append(client.get(call["imgurl"]))
        imgid = hashlib.md5(f"{len(self.images)}".encode()).hexdigest()
        self.images[imgid] = {
            "imgid": imgid,
            "custom": call.get("customimgid", ""),
            "imgurl": call["imgurl"],
            "callback": call.get("callback", ""),
            "status": "pending",
        }
        if self.swallow_answers:
            self.swallow_answers -= 1
            return 504, "text/plain", b"Gateway timeout"
        return self._said(call, imgid=imgid, status="pending")

    def _said(self, call: dict[str, str], **words: str) -> tuple[int, str, bytes]:
        said = {
            "@attributes": {"stat": "ok"},
            "method": call["method"],
            "format": "rest",
            **words,
            "api_key": call["api_key"],
        }
        # The colon is theirs.
        return 200, "application/json; charset: utf-8", json.dumps({"rsp": said}).encode()

    def _error(self, code: str, message: str) -> tuple[int, str, bytes]:
        if self.xml_errors:
            text = f'<rsp stat="fail"><err code="{code}" msg="{message}" /></rsp>'
            return 200, "text/xml", text.encode()
        said: dict[str, Any] = {
            "@attributes": {"stat": "fail"},
            "err": {"@attributes": {"code": code, "msg": message}},
        }
        return 200, "application/json; charset: utf-8", json.dumps({"rsp": said}).encode()


class FakeRekognition(_Fake):
    """Rekognition: every picture has the labels of ``labels``, unless ``error`` is set."""

    def __init__(self) -> None:
        self.labels: list[tuple[str, float, str]] = []
        self.error: str | None = None
        self.requests: list[dict[str, Any]] = []
        super().__init__()

    def answer(self, path: str, body: bytes) -> tuple[int, str, bytes]:
        request = json.loads(body)
        request["Image"]["Bytes"] = base64.b64decode(request["Image"]["Bytes"])
        self.requests.append(request)
        kind = "application/x-amz-json-1.1"
        if self.error is not None:
            return 400, kind, json.dumps({"__type": self.error, "Message": "so"}).encode()
        said = {
            "ModerationLabels": [
                {"Confidence": confidence, "Name": name, "ParentName": parent}
                for name, confidence, parent in self.labels
                if confidence >= request.get("MinConfidence", 50)
            ],
            "ModerationModelVersion": "7.0",
            "ContentTypes": [],
        }
        return 200, kind, json.dumps(said).encode()
