"""The ASGI application: which address is answered by what."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import anyio
from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.routing import Route

from modstation.service import account
from modstation.service.assets import (
    amendments,
    explicit,
    field_calls,
    folder_calls,
    listings,
    many_assets,
    removals,
    renaming,
    restoring,
    word_lists,
)
from modstation.service.assets.many_assets import NOT_SIGNED
from modstation.service.calls import admin_call, fault_response, proven_call, upload_call
from modstation.service.cross_origin import CrossOrigin, preflight
from modstation.service.delivery import delivering
from modstation.service.faults import BadRequest, NotFound, ServiceFault
from modstation.service.moderation import claiming, extensions, machine_addresses, past_decisions
from modstation.service.notifications import delivery_logbook, pull_buffer, triggers
from modstation.service.out_of_scope import out_of_scope
from modstation.service.running import monitoring
from modstation.service.running.access_log import AccessLog, Observed
from modstation.service.running.retrying import steadily
from modstation.service.search import searching
from modstation.service.service import Background, Service
from modstation.service.uploads import delete_tokens, preset_calls, uploading
from modstation.service.uploads.presets import prove_upload
from modstation.service.wire import Json, clean

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from modstation.core.clock import Clock, Ids
    from modstation.service.calls import Call
    from modstation.service.settings import ServiceSettings


_MOST_DRAINED = 4 << 20
_DRAIN_SECONDS = 2


class _AssetId(Convertor[str]):
    """A single segment of 32 hex digits after ``/resources/`` is an asset's identifier."""

    regex = "[0-9a-f]{32}"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("asset_id", _AssetId())


def create_app(
    settings: ServiceSettings,
    *,
    clock: Clock,
    ids: Ids,
    on_failure: Callable[[], None] = lambda: None,
    lock: bool = True,
) -> RequestIds:
    """Put a service and its application together; the app's shutdown closes the service.

    Raises SettingsError, StoreDamaged or StoreTooNew (service.py).
    """
    service = Service(settings, clock=clock, ids=ids, lock=lock)
    return application(service, on_failure=on_failure)


def application(service: Service, *, on_failure: Callable[[], None] = lambda: None) -> RequestIds:
    """The application of a service that is put together already."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        background = Background(service, on_failure)
        background.start()
        try:
            yield
        finally:
            background.stop()
            service.close()
            if access_log is not None:
                access_log.close()

    routes = _routes()
    access_log = AccessLog(service.settings.access_log) if service.settings.access_log else None
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={HTTPException: _http_fault, Exception: _bug},
    )
    app.router.redirect_slashes = False
    app.state.service = service
    # Within what observes: what is refused at the door is logged, too.
    observed = Observed(CrossOrigin(_Door(app)), routes, access_log, service.clock)
    return RequestIds(observed, service)


class RequestIds:
    """Gives every request an identifier and every answer its ``X-Request-Id``."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = self.service.ids.new()
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}

        body = _Body(scope, receive)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                await body.drain()
                message["headers"] = [
                    *message.get("headers", []),
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        await self.app(scope, body.receive, send_with_id)


class _Door:
    """Lets in what may be looked at."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = (_refusal(scope) or preflight(scope)) if scope["type"] == "http" else None
        await (answer or self._app)(scope, receive, send)


def _refusal(scope: Scope) -> Response | None:
    """What is refused whatever it is for; None for all that may be looked at."""
    names = {name for name, _ in scope["headers"]}
    if {b"content-length", b"transfer-encoding"} <= names:
        # Two lengths of one body are read in two ways: what a proxy before the service takes for
        # the rest of it would be the next request here.
        fault = BadRequest("Content-Length and Transfer-Encoding exclude each other")
        return fault_response(fault, {"Connection": "close"})
    try:
        clean(scope["path"], "path")
    except BadRequest as fault:
        # No name has control characters, and PostgreSQL takes no NUL to look one up.
        return fault_response(fault)
    return None


class _Body:
    """A request's body, of which a refusal may leave a part unread.

    A connection that is closed on unread bytes is reset, and the reset can overtake the answer.
    So what is left is read before the answer starts, as long as it is little and comes soon.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        names = {name for name, _ in scope["headers"]}
        self._receive = receive
        self._open = bool(names & {b"content-length", b"transfer-encoding"})
        if b"expect" in names:
            # Reading would ask the client to send what it was kind enough to ask about.
            self._open = False

    async def receive(self) -> Message:
        message = await self._receive()
        if not message.get("more_body", False):
            self._open = False
        return message

    async def drain(self) -> None:
        left = _MOST_DRAINED
        with anyio.move_on_after(_DRAIN_SECONDS):
            while self._open and left > 0:
                left -= len((await self.receive()).get("body", b""))


def _routes() -> list[Route]:
    api, asset = "/v1_1/{cloud}", "/resources/{resource_type}/{type}"
    return [
        Route("/healthz", monitoring.healthz, methods=["GET"]),
        Route("/readyz", monitoring.readyz, methods=["GET"]),
        Route("/metrics", monitoring.metrics, methods=["GET"]),
        *_of_notifications(api),
        *_of_stored_assets(api),
        *out_of_scope(api),
        *_folders(f"{api}/folders"),
        *(
            Route(f"{api}{path}", proven_call(uploading.upload, prove_upload), methods=["POST"])
            for path in ("/upload", "/{resource_type}/upload", "/{resource_type}/upload_chunked")
        ),
        _admin("GET", f"{api}/upload_presets", preset_calls.presets),
        _admin("POST", f"{api}/upload_presets", preset_calls.create),
        _admin("GET", f"{api}/upload_presets/{{name}}", preset_calls.preset),
        _admin("PUT", f"{api}/upload_presets/{{name}}", preset_calls.change),
        _admin("DELETE", f"{api}/upload_presets/{{name}}", preset_calls.remove),
        _upload("POST", f"{api}/{{resource_type}}/destroy", removals.destroy),
        _admin("GET", f"{api}/ping", account.ping),
        _admin("GET", f"{api}/usage", account.usage),
        _admin("GET", f"{api}/usage/{{date}}", account.usage),
        _admin("GET", f"{api}/config", account.config),
        _admin("GET", f"{api}/modstation/capabilities", extensions.capabilities),
        _admin("POST", f"{api}/modstation/decisions", extensions.decisions),
        _admin("GET", f"{api}/modstation/claims", claiming.held),
        _admin("POST", f"{api}/modstation/claims", claiming.take),
        _admin("POST", f"{api}/modstation/claims/renew", claiming.renew),
        _admin("POST", f"{api}/modstation/claims/release", claiming.release),
        _upload("GET", f"{api}/modstation{asset}/{{public_id:path}}/pixels", extensions.pixels),
        _admin(
            "GET",
            f"{api}/modstation{asset}/{{public_id:path}}/decisions",
            past_decisions.past_decisions,
        ),
        _admin("GET", f"{api}/resources", listings.resource_types),
        _admin("DELETE", f"{api}/resources", amendments.delete_by_ids),
        _admin("POST", f"{api}/resources/search", searching.search),
        _admin("POST", f"{api}/resources/update", amendments.update_by_body),
        _admin("POST", f"{api}/resources/restore", restoring.restore_by_ids),
        _admin("DELETE", f"{api}/resources/backup/{{asset_id}}", restoring.remove_backups),
        _upload("GET", f"{api}/download_backup", restoring.download_backup),
        _admin("GET", f"{api}/resources/by_asset_ids", listings.by_asset_ids),
        _admin("GET", f"{api}/resources/{{asset_id:asset_id}}", listings.resource_by_id),
        _admin("PUT", f"{api}/resources/{{asset_id:asset_id}}", amendments.update_by_id),
        _admin("GET", f"{api}/resources/{{resource_type}}", listings.resources),
        _admin(
            "GET",
            f"{api}/resources/{{resource_type}}/moderations/{{kind}}/{{status}}",
            listings.queue,
        ),
        _admin("GET", f"{api}{asset}", listings.resources),
        _admin("DELETE", f"{api}{asset}", amendments.delete),
        _admin("GET", f"{api}{asset}/{{public_id:path}}", listings.resource),
        _admin("POST", f"{api}{asset}/{{public_id:path}}", amendments.update),
        _public(f"{api}/modstation/moderations/{{token}}/decided", machine_addresses.decided),
        _public(f"{api}/modstation/moderations/{{token}}/{{name}}", machine_addresses.picture),
        # Before deliveries, which would take an endpoint that is not there for a missing file.
        Route("/v1_1/{rest:path}", _not_offered),
        _public("/{cloud}/search/{signature}/{lifetime}/{query}", searching.search_by_url),
        _public("/{cloud}/search/{signature}/{lifetime}/{query}/{cursor}", searching.search_by_url),
        _public("/{cloud}/{resource_type}/{type}/{rest:path}", delivering.deliver),
    ]


def _of_notifications(api: str) -> list[Route]:
    """Who is told what, and the buffer of those who come for it."""
    buffer, log = "/v2/notifications/{cloud}/messages", f"{api}/modstation/notifications"
    return [
        _admin("GET", f"{api}/triggers", triggers.listed),
        _admin("POST", f"{api}/triggers", triggers.create),
        _admin("PUT", f"{api}/triggers/{{id}}", triggers.update),
        _admin("DELETE", f"{api}/triggers/{{id}}", triggers.delete),
        _admin("GET", log, delivery_logbook.listed),
        _admin("POST", f"{log}/replay", delivery_logbook.replay),
        _admin("GET", f"{log}/{{id}}", delivery_logbook.one),
        _admin("POST", f"{log}/{{id}}/replay", delivery_logbook.replay_one),
        _admin("GET", buffer, pull_buffer.messages),
        _admin("POST", f"{buffer}/ack", pull_buffer.acknowledge),
        Route("/v2/{rest:path}", _not_offered),
    ]


def _of_stored_assets(api: str) -> list[Route]:
    """What is written on stored assets, and the lists by it.

    They come before the routes in whose variable parts their names would fit.
    """
    listed = f"{api}/resources/{{resource_type}}"
    return [
        Route(
            f"{api}/delete_by_token",
            proven_call(delete_tokens.delete_by_token, delete_tokens.holder_of_token),
            methods=["POST"],
        ),
        _upload("POST", f"{api}/asset/destroy", removals.destroy_by_id),
        _upload("POST", f"{api}/{{resource_type}}/explicit", explicit.explicit),
        _upload("POST", f"{api}/{{resource_type}}/rename", renaming.rename),
        _upload("POST", f"{api}/{{resource_type}}/tags", many_assets.tags, NOT_SIGNED),
        _upload("POST", f"{api}/{{resource_type}}/context", many_assets.context, NOT_SIGNED),
        _upload("POST", f"{api}/{{resource_type}}/metadata", many_assets.metadata, NOT_SIGNED),
        *_metadata_fields(f"{api}/metadata_fields"),
        _admin("GET", f"{api}/tags/{{resource_type}}", word_lists.tags_in_use),
        _admin("GET", f"{api}/resources/by_asset_folder", word_lists.by_asset_folder),
        _admin("GET", f"{listed}/tags/{{tag:path}}", word_lists.by_tag),
        _admin("DELETE", f"{listed}/tags/{{tag:path}}", amendments.delete_by_tag),
        _admin("GET", f"{listed}/context", word_lists.by_context),
    ]


def _folders(folders: str) -> list[Route]:
    one = f"{folders}/{{path:path}}"
    return [
        _admin("GET", folders, folder_calls.root_folders),
        _admin("GET", one, folder_calls.subfolders),
        _admin("POST", one, folder_calls.create),
        _admin("DELETE", one, folder_calls.remove),
    ]


def _metadata_fields(fields: str) -> list[Route]:
    one = f"{fields}/{{external_id}}"
    return [
        _admin("GET", fields, field_calls.fields),
        _admin("POST", fields, field_calls.add),
        _admin("PUT", f"{fields}/order", field_calls.reorder),
        _admin("GET", one, field_calls.field),
        _admin("PUT", one, field_calls.update_field),
        _admin("DELETE", one, field_calls.remove),
        _admin("PUT", f"{one}/datasource", field_calls.update_datasource),
        _admin("DELETE", f"{one}/datasource", field_calls.delete_entries),
        _admin("POST", f"{one}/datasource_restore", field_calls.restore_entries),
        _admin("POST", f"{one}/datasource/order", field_calls.order_entries),
    ]


def _upload(
    method: str,
    path: str,
    handler: Callable[[Call], Awaitable[Response]],
    not_signed: frozenset[str] = frozenset(),
) -> Route:
    return Route(path, upload_call(handler, not_signed), methods=[method])


def _admin(method: str, path: str, handler: Callable[[Call], Awaitable[Response]]) -> Route:
    return Route(path, admin_call(handler), methods=[method])


async def _http_fault(request: Request, error: Exception) -> Response:
    """What Starlette refuses, in the shape every other refusal has."""
    assert isinstance(error, HTTPException)
    fault: ServiceFault
    if error.status_code in (404, 405):
        fault = NotFound(_invalid_endpoint(request))
    else:
        fault = BadRequest(error.detail)
    return fault_response(fault)


def _public(path: str, handler: Callable[[Request], Awaitable[Response]]) -> Route:
    """What needs no key: the address itself says who may see it."""

    async def endpoint(request: Request) -> Response:
        try:
            return await steadily(partial(handler, request))
        except ServiceFault as fault:
            return fault_response(fault)

    return Route(path, endpoint, methods=["GET"])


async def _not_offered(request: Request) -> Response:
    return fault_response(NotFound(_invalid_endpoint(request)))


def _invalid_endpoint(request: Request) -> str:
    return (
        f"Invalid endpoint: {request.method} {request.url.path[:200]} "
        "is not offered by this service"
    )


async def _bug(_request: Request, _error: Exception) -> Response:
    """The answer to a bug of ours; Starlette raises it on, and the server logs it."""
    return Json({"error": {"message": "Internal server error"}}, status_code=500)
