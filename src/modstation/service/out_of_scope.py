"""What Cloudinary offers and this service does not: each is refused by name.

A site that calls one of these finds out from the answer, not from a 404 that looks like a
mistake in an address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from modstation.service.calls import admin_call, fault_response
from modstation.service.faults import BadRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from modstation.service.calls import Call

_ANY = ("GET", "POST", "PUT", "PATCH", "DELETE")
_POST = ("POST",)

# (methods, path behind the cloud's name, what it is)
_ADMIN_API: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("GET",), "video/analytics/views", "Processing videos"),
    (_ANY, "transformations{rest:path}", "Administering transformations"),
    (_ANY, "streaming_profiles{rest:path}", "Streaming profiles"),
    (_ANY, "upload_mappings{rest:path}", "Upload mappings"),
    (_ANY, "metadata_rules{rest:path}", "Conditional metadata rules"),
    (_ANY, "resources/related_assets/{rest:path}", "Relating assets"),
    (_ANY, "resources/visual_search", "Searching by picture"),
    (_POST, "resources/{resource_type}/publish_resources", "Publishing assets"),
    (_ANY, "derived_resources{rest:path}", "Keeping derived assets"),
    (("PUT",), "folders/{path:path}", "Moving folders"),
    (("GET", "POST"), "folders/search", "Searching for folders"),
)
_UPLOAD_API: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (_POST, "{resource_type}/text", "Making images of text"),
    (_POST, "{resource_type}/sprite", "Making sprites"),
    (_POST, "{resource_type}/multi", "Joining images into one"),
    (_POST, "{resource_type}/explode", "Taking documents apart into pages"),
    # SDKs make addresses of it that a browser opens.
    (("GET", "POST"), "{resource_type}/generate_archive", "Making archives"),
    (_POST, "{resource_type}/create_slideshow", "Processing videos"),
    (_POST, "video/concat", "Processing videos"),
)


def out_of_scope(api: str) -> list[Route]:
    """The routes that refuse; ``api`` is the path up to the cloud's name.

    Those of the Admin API ask for a key and count, as every call to it does.
    """
    return [
        *(
            Route(f"{api}/{path}", admin_call(_refusing(what)), methods=list(methods))
            for methods, path, what in _ADMIN_API
        ),
        *(
            Route(f"{api}/{path}", _answering(what), methods=list(methods))
            for methods, path, what in _UPLOAD_API
        ),
    ]


def _refusing(what: str) -> Callable[[Call], Awaitable[Response]]:
    async def refuse(_call: Call) -> Response:
        raise _refusal(what)

    return refuse


def _answering(what: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_request: Request) -> Response:
        return fault_response(_refusal(what))

    return answer


def _refusal(what: str) -> BadRequest:
    return BadRequest(f"{what} is not supported by this service")
