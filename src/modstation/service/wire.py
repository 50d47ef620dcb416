"""Reading requests in all the spellings SDKs use, and writing JSON answers (reference 1.5)."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

import anyio
import msgspec
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

from modstation.service.access.signatures import string_to_sign
from modstation.service.faults import BadRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from starlette.types import Message, Receive

_BRACKET = re.compile(r"([^\[\]]+)\[([^\[\]]*)\]")
_TRUE = frozenset({"1", "true", "yes", "t"})
_FALSE = frozenset({"0", "false", "no", "f"})
# What no name or tag needs, and logs, headers and terminals suffer from.
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_MAX_FIELDS = 2000
# No call has documents half as deep, and what walks through one, like the text a signature is
# of, calls itself for every level.
_DEEPEST = 50
# A string that never ends counts as one, so that the time this takes grows with the body only.
_STRINGS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
# Between two pieces of a body; a client that has gone to sleep must not hold a connection.
_IDLE_SECONDS = 60.0
# After that time a body must have come at this pace all along; bytes a second. One that drips
# would hold its connection, and a file half written, for as long as somebody likes.
_SLOWEST = 1024


class Json(Response):
    """A JSON answer."""

    media_type = "application/json; charset=utf-8"

    def render(self, content: Any) -> bytes:
        """The content as JSON."""
        return msgspec.json.encode(content)


class Parameters:
    """Query, form, multipart and JSON body merged into one set of named values."""

    __slots__ = ("_values", "file")

    def __init__(self, values: Mapping[str, object], file: UploadFile | None = None) -> None:
        self._values = dict(values)
        self.file = file

    def signed(self) -> Mapping[str, object]:
        """The values as a signature sees them."""
        return self._values

    def explain_signature(self, given: str) -> str:
        """The refusal of a signature, with what it should have signed."""
        wanted = string_to_sign(self._values, version=2)[:2000]
        return f"Invalid Signature {given[:80]}. String to sign - '{wanted}'."

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def raw(self, name: str) -> object:
        """A value as it came; None if absent."""
        return self._values.get(name)

    def text(self, name: str) -> str | None:
        """A value as text, None if absent or blank; control characters are refused."""
        value = self._values.get(name)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return str(value)
        if value is None or value in ("", []):
            return None
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if not isinstance(value, str):
            raise BadRequest(f"Invalid value for parameter {name}")
        return clean(value, name)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean in any of its spellings."""
        value = self.text(name)
        if value is None:
            return default
        if value.lower() in _TRUE:
            return True
        if value.lower() in _FALSE:
            return False
        raise BadRequest(f"Invalid value {value} for parameter {name}")

    def number(self, name: str, *, default: int, low: int, high: int) -> int:
        """A whole number in ``low..high``."""
        value = self.text(name)
        if value is None:
            return default
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", value):
            raise BadRequest(f"Invalid value {value[:40]} for parameter {name}")
        if not low <= int(value) <= high:
            raise BadRequest(f"{name} must be between {low} and {high}")
        return int(value)

    def names(self, name: str, *, comma: bool = True) -> list[str]:
        """A list: JSON list, repeated or bracketed parameter, or (``comma``) one string."""
        value = self._values.get(name)
        if value is None or value == "":
            return []
        if isinstance(value, str):
            value = value.split(",") if comma else [value]
        if not isinstance(value, list):
            raise BadRequest(f"Invalid value for parameter {name}")
        found = []
        for item in value:
            if isinstance(item, bool) or not isinstance(item, str | int):
                raise BadRequest(f"Invalid value for parameter {name}")
            text = clean(str(item), name).strip()
            if text:
                found.append(text)
        return found

    def pairs(self, name: str) -> dict[str, str]:
        """A mapping: a JSON object, its text, or ``k=v|k2=v2`` with backslash escapes."""
        value = self._values.get(name)
        if value is None or value == "":
            return {}
        if isinstance(value, str):
            text = value.strip()
            value = _json(text.encode()) if text.startswith("{") else _split_pairs(value, name)
        if not isinstance(value, dict):
            raise BadRequest(f"Invalid value for parameter {name}")
        found = {}
        for key, item in value.items():
            if item is None:
                continue
            # A list, an object or a boolean inside a document is kept as its JSON.
            plain = isinstance(item, str | int | float) and not isinstance(item, bool)
            text = str(item) if plain else msgspec.json.encode(item).decode()
            found[clean(key, name)] = clean(text, name, lines=True)
        return found


def clean(text: str, name: str, *, lines: bool = False) -> str:
    """The text, refused if it has control characters (``lines`` lets line breaks and tabs by)."""
    checked = re.sub(r"[\r\n\t]", " ", text) if lines else text
    if _CONTROL.search(checked):
        raise BadRequest(f"Invalid value for parameter {name}: control characters")
    return text


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many bytes a body may have: with files in it, and of that in memory (all else)."""

    body: int
    text: int


@asynccontextmanager
async def reading(request: Request, bounds: Bounds) -> AsyncIterator[Parameters]:
    """The request's parameters; an uploaded file stays open, on disk, for the block.

    Raises BadRequest for a body that is too large, malformed, or JSON but no object.
    """
    values: dict[str, object] = {}
    _merge(values, request.query_params.multi_items())
    if request.method in ("GET", "HEAD"):
        yield Parameters(values)
        return
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        multipart = kind.startswith("multipart")
        limited = Request(
            request.scope, _limited(request, bounds.body if multipart else bounds.text)
        )
        try:
            form = await (_MultiPart(limited, bounds.text).parse() if multipart else limited.form())
        except MultiPartException as error:
            raise BadRequest(error.message) from error
        try:
            file = form.get("file")
            upload = file if isinstance(file, UploadFile) else None
            _merge(values, ((k, v) for k, v in form.multi_items() if isinstance(v, str)))
            yield Parameters(values, upload)
        finally:
            await form.close()
        return
    body = await Request(request.scope, _limited(request, bounds.text)).body()
    if body.strip():
        document = _json(body)
        if not isinstance(document, dict):
            raise BadRequest("Invalid JSON body: an object is expected")
        values.update({name: value for name, value in document.items() if value is not None})
    yield Parameters(values)


class _MultiPart(MultiPartParser):
    """Starlette's parser with a limit on all text together, and ``file`` on disk in any case.

    SDKs send a data URI as a part called ``file`` without a file name; it becomes an
    ``UploadFile`` whose name is None.
    """

    def __init__(self, request: Request, text_bytes: int) -> None:
        super().__init__(
            request.headers,
            request.stream(),
            max_files=1,
            max_fields=_MAX_FIELDS,
            max_part_size=text_bytes,
        )
        self._text_left = text_bytes

    async def parse(self) -> FormData:
        kept: set[int] = set()
        try:
            form = await super().parse()
            kept = {id(v.file) for _, v in form.multi_items() if isinstance(v, UploadFile)}
            return form
        finally:
            # Starlette closes them after faults of its own only, and never one whose part the
            # body breaks off in.
            for file in self._files_to_close_on_error:
                if id(file) not in kept:
                    file.close()

    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        part = self._current_part
        if part.file is None and part.field_name == "file":
            spool = SpooledTemporaryFile(max_size=self.spool_max_size)  # noqa: SIM115 - the form closes it
            self._files_to_close_on_error.append(spool)
            part.file = UploadFile(spool, size=0)  # type: ignore[arg-type]  # as Starlette does

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._current_part.file is None:
            self._text_left -= end - start
            if self._text_left < 0:
                raise MultiPartException(f"Parameters too large. Maximum is {self.max_part_size}.")
        super().on_part_data(data, start, end)


def _json(body: bytes) -> object:
    if too_deep(body):
        raise BadRequest(f"Invalid JSON: nested deeper than {_DEEPEST}")
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadRequest(f"Invalid JSON: {error}") from error


def too_deep(body: bytes) -> bool:
    """Whether brackets nest deeper than they may, without building anything."""
    if body.count(b"{") + body.count(b"[") <= _DEEPEST:
        return False
    brackets = _STRINGS.sub(b"", body).translate(_ONE_KIND, _NOT_BRACKETS)
    for _ in range(_DEEPEST):
        # Takes the innermost level away.
        brackets = brackets.replace(b"[]", b"")
    return b"[]" in brackets


def _merge(values: dict[str, object], items: Iterable[tuple[str, str]]) -> None:
    lists: dict[str, list[tuple[int, str]]] = {}
    for place, (key, value) in enumerate(items):
        bracket = _BRACKET.fullmatch(key)
        if bracket is None:
            name = key
            if name in values and name not in lists:
                previous = values[name]
                lists[name] = [(-1, previous)] if isinstance(previous, str) else []
            if name in lists:
                lists[name].append((place, value))
            else:
                values[name] = value
            continue
        name, index = bracket.groups()
        if not index or (index.isascii() and index.isdigit() and len(index) < 9):
            lists.setdefault(name, []).append((int(index) if index else place, value))
        else:
            inner = values.setdefault(name, {})
            if isinstance(inner, dict):
                inner[index] = value
    for name, found in lists.items():
        values[name] = [value for _, value in sorted(found, key=lambda item: item[0])]


def _split_pairs(text: str, name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in re.split(r"(?<!\\)\|", text):
        if not part:
            continue
        key, equals, value = _partition_unescaped(part)
        if not equals or not key:
            raise BadRequest(f"Invalid value for parameter {name}: {part[:80]}")
        found[_unescape(key)] = _unescape(value)
    return found


def _partition_unescaped(part: str) -> tuple[str, str, str]:
    match = re.search(r"(?<!\\)=", part)
    if match is None:
        return part, "", ""
    return part[: match.start()], "=", part[match.end() :]


def _unescape(text: str) -> str:
    return re.sub(r"\\([=|\\])", r"\1", text)


def _limited(request: Request, limit: int) -> Receive:
    """The request's ``receive``, refusing bodies over ``limit`` bytes before they are stored.

    A body of which nothing arrives for a minute, or too little, is refused too.
    """
    announced = request.headers.get("content-length", "0")
    if announced.isascii() and announced.isdigit() and int(announced) > limit:
        raise BadRequest(f"File size too large. Got {announced}. Maximum is {limit}.")
    receive = request.receive
    total, began = 0, anyio.current_time()

    async def counted() -> Message:
        nonlocal total
        try:
            with anyio.fail_after(_IDLE_SECONDS):
                message = await receive()
        except TimeoutError as error:
            raise BadRequest("The request's body did not arrive in time") from error
        total += len(message.get("body", b""))
        taken = anyio.current_time() - began
        if taken > _IDLE_SECONDS and total < taken * _SLOWEST:
            raise BadRequest("The request's body did not arrive in time")
        if total > limit:
            raise BadRequest(f"File size too large. Got more than {limit}. Maximum is {limit}.")
        return message

    return counted
