"""What an upload asks for, apart from its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modstation.service.assets.asset_names import RESOURCE_TYPES
from modstation.service.assets.listings import check_value
from modstation.service.uploads.presets import with_preset
from modstation.service.uploads.unsupported import refuse_unsupported_upload

if TYPE_CHECKING:
    from modstation.service.access.credentials import Caller
    from modstation.service.calls import Call
    from modstation.service.wire import Parameters

_ASKABLE = RESOURCE_TYPES | {"auto"}


@dataclass(frozen=True, slots=True)
class Order:
    """One upload's parameters, for whom, and what its answer needs to know of the request.

    ``resource_type`` is the one asked for: image, video, raw or auto; ``most_bytes`` is what the
    cloud lets a file have.
    """

    parameters: Parameters
    caller: Caller
    resource_type: str
    base: str
    request_id: str
    most_bytes: int


def order_of(call: Call) -> Order:
    """The order of an upload call, presets included.

    Raises BadRequest for one that could not be honoured.
    """
    service, parameters = call.service, call.parameters
    resource_type = call.path.get("resource_type", "auto")
    check_value("resource_type", resource_type, _ASKABLE)
    if "upload_preset" in parameters:
        with service.ledger.read() as connection:
            parameters = with_preset(connection, call.caller, parameters)
    refuse_unsupported_upload(parameters)
    most = service.credentials.settings_of(call.caller.cloud).upload_bytes
    return Order(
        parameters,
        call.caller,
        resource_type,
        call.base,
        call.request_id,
        most or service.settings.upload_bytes,
    )
