"""Parameters that would change what is stored or answered, and that this service cannot honour.

They are refused by name: a site that asks for a PNG and silently gets its JPEG finds out in
production. Parameters that only ask for more words in the answer (``colors``, ``faces``,
``phash``, ``image_metadata``), for what happens anyway (``invalidate``) or that have nothing to
act on here (``callback``) are let by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modstation.service.delivery.images import same_format
from modstation.service.faults import BadRequest

if TYPE_CHECKING:
    from modstation.service.wire import Parameters

_ON_ANY_CHANGE = (
    "access_control",
    "auto_tagging",
    "auto_transcription",
    "auto_chaptering",
    "background_removal",
    "categorization",
    "custom_coordinates",
    "detection",
    "face_coordinates",
    "headers",
    "ocr",
    "quality_override",
    "raw_convert",
    "regions",
    "similarity_search",
    "visual_search",
)
_ON_UPLOAD = (
    "eval",
    "on_success",
    "responsive_breakpoints",
    "unique_display_name",
    *_ON_ANY_CHANGE,
)
# Honoured where a file comes with them.
_UPLOADS_ONLY = (
    "async",
    "discard_original_filename",
    "public_id_prefix",
    "transformation",
    "upload_preset",
    "use_asset_folder_as_public_id_prefix",
)
_OFF = frozenset({"", "0", "false", "no", "none", "[]", "{}"})


def refuse_unsupported_upload(parameters: Parameters) -> None:
    """Raise BadRequest that names a parameter of an upload which could not be honoured."""
    if _asked(parameters, "access_mode") and parameters.text("access_mode") != "public":
        _refuse(parameters, "access_mode")
    for name in _ON_UPLOAD:
        if _asked(parameters, name):
            _refuse(parameters, name)


def refuse_unsupported_explicit(parameters: Parameters) -> None:
    """Raise BadRequest that names a parameter of ``explicit`` which could not be honoured."""
    refuse_unsupported_upload(parameters)
    for name in _UPLOADS_ONLY:
        if _asked(parameters, name):
            _refuse(parameters, name)


def refuse_unsupported_update(parameters: Parameters) -> None:
    """Raise BadRequest that names a parameter of an update which could not be honoured."""
    for name in _ON_ANY_CHANGE:
        if _asked(parameters, name):
            _refuse(parameters, name)


def refuse_other_format(parameters: Parameters, stored: str | None) -> None:
    """Raise BadRequest if ``format`` asks for another one than the file has."""
    wanted = parameters.text("format")
    if wanted is not None and same_format(wanted) != stored:
        raise BadRequest(
            f"Image file format {wanted[:40]} not allowed: files are stored as they are (format)"
        )


def _asked(parameters: Parameters, name: str) -> bool:
    value = parameters.raw(name)
    # Switched off is as good as absent; some SDKs send every switch.
    return str(value).lower() not in _OFF if value else False


def _refuse(parameters: Parameters, name: str) -> None:
    value = str(parameters.raw(name))[:40]
    raise BadRequest(
        f"Invalid value {value} for parameter {name}: this service does not support it"
    )
