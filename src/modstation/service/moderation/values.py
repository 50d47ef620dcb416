"""What a caller may write as ``moderation`` (reference 2.2): kinds, their options, their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modstation.service.faults import BadRequest
from modstation.service.moderation.rekognition_limits import limits_of
from modstation.service.moderation.shares import NotValid, share

if TYPE_CHECKING:
    from collections.abc import Collection

#: The kinds anyone may name, and what the add-on behind each is called; manual is none.
ADD_ONS = {
    "manual": "",
    "webpurify": "WebPurify's Image Moderation",
    "aws_rek": "Amazon Rekognition AI Moderation",
    "aws_rek_video": "Amazon Rekognition Video Moderation",
    "perception_point": "Perception Point Malware Detection",
    "google_video_moderation": "Google AI Video Moderation",
    "duplicate": "Cloudinary Duplicate Image Detection",
    "metascan": "MetaDefender Anti-Malware Protection",
}
KINDS = frozenset(ADD_ONS)
# WebPurify's is not among the images': whatever is no image it rejects (seed_rules.py).
_ONLY_OF = {
    "aws_rek": "image",
    "duplicate": "image",
    "aws_rek_video": "video",
    "google_video_moderation": "video",
}
_LIKELIHOODS = frozenset({"very_unlikely", "unlikely", "possible", "likely", "very_likely"})
_LONGEST = 2000
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """One moderation a caller asked for: its kind, and the whole value as it was written."""

    kind: str
    value: str

    @property
    def options(self) -> str | None:
        """What stands behind the first colon; None if there is none."""
        _, colon, options = self.value.partition(":")
        return options if colon else None


def read_values(
    requested: str | None, *, resource_type: str, available: Collection[str]
) -> tuple[Asked, ...]:
    """The moderations of a pipe-separated list, in the order they run; none if it is None.

    Raises BadRequest for a value nobody knows, one that is not for this type of asset, and one
    whose add-on this service has not.
    """
    if requested is None:
        return ()
    asked: dict[str, Asked] = {}
    for written in requested[: _LONGEST + 1].split("|"):
        value = written.strip()
        kind, colon, options = value.partition(":")
        try:
            _check(kind, options if colon else None, resource_type)
        except NotValid as error:
            raise _not_valid(value) from error
        if kind not in available:
            raise BadRequest(f"You don't have an active subscription for {ADD_ONS[kind]}")
        if asked.setdefault(kind, Asked(kind, value)).value != value:
            raise _not_valid(value)
    if len(requested) > _LONGEST:
        raise _not_valid(requested)
    # ``manual`` runs last wherever it was written: a person looks at what machines let through.
    return tuple(sorted(asked.values(), key=lambda one: one.kind == "manual"))


def _check(kind: str, options: str | None, resource_type: str) -> None:
    if kind not in KINDS or _ONLY_OF.get(kind, resource_type) != resource_type:
        raise NotValid(kind)
    if kind in ("aws_rek", "aws_rek_video"):
        limits_of(options)
    elif kind == "duplicate":
        share(options or "")
    elif kind == "google_video_moderation":
        if options is not None and options not in _LIKELIHOODS:
            raise NotValid(options)
    elif options is not None:
        raise NotValid(options)


def _not_valid(value: str) -> BadRequest:
    return BadRequest(f"Moderation {value[:_SHOWN]} moderation is not valid")
