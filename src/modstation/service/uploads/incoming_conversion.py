"""``transformation`` and ``format`` of an upload: what is stored in the place of what came."""

from __future__ import annotations

from io import BytesIO
from typing import IO, TYPE_CHECKING

from modstation.service.delivery.images import WRITABLE, same_format
from modstation.service.delivery.transformations import parse_transformation
from modstation.service.faults import BadRequest
from modstation.service.uploads.file_facts import facts_of

if TYPE_CHECKING:
    from modstation.service.delivery.images import Decoder
    from modstation.service.delivery.transformations import Transformation
    from modstation.service.uploads.file_facts import Facts
    from modstation.service.wire import Parameters


def incoming_transformation(parameters: Parameters) -> Transformation:
    """The transformation an upload asks for; raises BadRequest for one that cannot be made."""
    text = parameters.text("transformation")
    transformation = parse_transformation(text.split("/") if text else [])
    if transformation.default is not None:
        raise BadRequest("Invalid default image in transformation of an upload")
    return transformation


def converted(
    parameters: Parameters, content: IO[bytes], facts: Facts, decoder: Decoder
) -> tuple[IO[bytes], Facts]:
    """The content to store, and its facts: those given unless the upload asks for a change.

    Raises BadRequest for a change that cannot be made.
    """
    transformation = incoming_transformation(parameters)
    written = transformation.format
    wanted = parameters.text("format") or (None if written == "auto" else written)
    to_format = facts.format if wanted is None else same_format(wanted)
    if not transformation.asked and to_format == facts.format:
        return content, facts
    if facts.resource_type != "image":
        raise BadRequest(
            f"Image file format {to_format} not allowed: this file is no image (format)"
        )
    if facts.pages > 1:
        raise BadRequest("An animated image is stored as it is (transformation, format)")
    if to_format not in WRITABLE:
        raise BadRequest(f"Image file format {to_format} not allowed: it is not written (format)")
    content.seek(0)
    made = BytesIO(decoder.render(content, transformation, to_format))
    return made, facts_of(made, "image")
