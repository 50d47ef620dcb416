"""One API call: its parameters, who makes it, and the frame every handler runs in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from modstation.service.faults import BadRequest, NotAuthenticated, ServiceFault, Unavailable
from modstation.service.running.retrying import steadily
from modstation.service.settings import MIB
from modstation.service.wire import Bounds, Json, reading

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import TypeAlias

    from starlette.requests import Request
    from starlette.responses import Response

    from modstation.service.access.credentials import Caller
    from modstation.service.service import Service
    from modstation.service.wire import Parameters

    # Says who calls by what is in the body; raises a ServiceFault for who may not.
    Prove: TypeAlias = Callable[[Service, Parameters, str], Caller]

# What a stranger may make the service hold in memory to see whether a signature is right. Files
# do not count: they go to disk, whether they come as such or as a data URI in a multipart body.
_UNPROVEN_TEXT = MIB
# Seconds; a database that is restarted is back by then.
_BACK_SOON = "5"
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler is given. ``base`` is the scheme and host delivery addresses start with."""

    service: Service
    request: Request
    path: Mapping[str, str]
    parameters: Parameters
    caller: Caller
    base: str
    request_id: str


def upload_call(
    handler: Callable[[Call], Awaitable[Response]], not_signed: frozenset[str] = frozenset()
) -> Callable[..., object]:
    """Wrap an Upload API handler: authenticated, not limited in number.

    ``not_signed`` are the parameters that SDKs leave out of this call's signature.
    """

    def prove(service: Service, parameters: Parameters, cloud: str) -> Caller:
        return service.credentials.by_signature(parameters, cloud, not_signed, admin=False)

    return _framed(handler, prove, limited=False)


def proven_call(
    handler: Callable[[Call], Awaitable[Response]], prove: Prove
) -> Callable[..., object]:
    """Wrap an Upload API handler that has a proof of its own in place of a signature."""
    return _framed(handler, prove, limited=False)


def admin_call(handler: Callable[[Call], Awaitable[Response]]) -> Callable[..., object]:
    """Wrap an Admin API handler: authenticated, counted, limit headers on every answer."""
    return _framed(handler, _by_signature, limited=True)


def fault_response(fault: ServiceFault, headers: Mapping[str, str] | None = None) -> Response:
    """The answer that tells a fault, in the body and in ``X-Cld-Error``."""
    message = str(fault)
    told = {"X-Cld-Error": header_text(message), "Cache-Control": "no-store", **(headers or {})}
    if isinstance(fault, Unavailable):
        told["Retry-After"] = _BACK_SOON
    if isinstance(fault, NotAuthenticated):
        told["WWW-Authenticate"] = 'Basic realm="API", Bearer realm="API"'
    return Json({"error": {"message": message}}, status_code=fault.status, headers=told)


def header_text(message: str) -> str:
    """A message as a header may carry it: one line of ASCII."""
    return re.sub(r"[^\x20-\x7e]", "?", message)[:500].strip()


def base_of(request: Request, service: Service) -> str:
    """The scheme and host of delivery addresses: the public ones, else those of this request."""
    if service.settings.public_url:
        return service.settings.public_url.rstrip("/")
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        name, port = request.scope.get("server") or (service.settings.host, service.settings.port)
        host = f"{name}:{port}"
    return f"{request.scope['scheme']}://{host}"


def _by_signature(service: Service, parameters: Parameters, cloud: str) -> Caller:
    return service.credentials.by_signature(parameters, cloud, admin=True)


def _framed(
    handler: Callable[[Call], Awaitable[Response]], prove: Prove, *, limited: bool
) -> Callable[..., object]:
    async def endpoint(request: Request) -> Response:
        service: Service = request.app.state.service
        cloud = request.path_params["cloud"]
        allowance = service.limits.peek(cloud, service.clock.now()) if limited else None
        try:
            settings = service.credentials.known_settings(cloud)
            if settings is None:
                look_up = partial(run_in_threadpool, service.credentials.settings_of, cloud)
                settings = await steadily(look_up)
            hourly = settings.calls_per_hour
            if limited:
                allowance = service.limits.peek(cloud, service.clock.now(), hourly)
            # Whoever shows a key in a header is known before a byte of the body is read. A
            # signature is in the body and signs all of it, so that much has to be read first.
            header = request.headers.get("authorization", "")
            by_header = partial(service.credentials.by_header, header, cloud, admin=limited)
            caller = await steadily(partial(run_in_threadpool, by_header))
            take = partial(service.limits.take, cloud, service.clock.now(), hourly)
            if caller is not None and limited:
                allowance = await steadily(partial(run_in_threadpool, take))
                allowance.check()
            most = settings.upload_bytes or service.settings.upload_bytes
            text = service.settings.text_bytes
            bounds = _bounds(most if not limited else None, text, proven=caller is not None)
            async with reading(request, bounds) as parameters:
                if caller is None:
                    proven = partial(run_in_threadpool, prove, service, parameters, cloud)
                    caller = await steadily(proven)
                    if limited:
                        allowance = await steadily(partial(run_in_threadpool, take))
                        allowance.check()
                # For the access log.
                request.state.caller = caller
                call = Call(
                    service,
                    request,
                    request.path_params,
                    parameters,
                    caller,
                    base_of(request, service),
                    request.scope["state"]["request_id"],
                )
                service.meter.add(caller.cloud, requests=1)
                response = await steadily(partial(handler, call))
        except Unavailable as fault:
            # Without the quota: clients take its end for the time to try again.
            return fault_response(fault)
        except ServiceFault as fault:
            response = fault_response(fault)
        except ClientDisconnect:
            # Killed while it was sending: nothing was done, and nobody is there to be told.
            response = fault_response(BadRequest("The request ended too early"))
        if allowance is not None:
            response.headers.update(allowance.headers)
        return response

    endpoint.__name__ = handler.__name__
    return endpoint


def _bounds(file: int | None, text: int, *, proven: bool) -> Bounds:
    text = text if proven else min(_UNPROVEN_TEXT, text)
    return Bounds(text if file is None else file, text)
