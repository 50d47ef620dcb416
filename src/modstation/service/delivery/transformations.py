"""The transformations of a delivery URL that a thumbnail or review client needs (reference 6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modstation.service.faults import BadRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

_CROPS = frozenset({"scale", "fit", "limit", "fill", "thumb"})
_GRAVITIES = frozenset({"auto", "center"})
_AUTO_QUALITIES = {"auto": 80, "auto:best": 90, "auto:good": 80, "auto:eco": 70, "auto:low": 55}
_FORMATS = frozenset({"auto", "jpg", "jpeg", "png", "webp", "gif", "avif"})
_MAX_SIDE = 10_000
# What neither ends a component nor nests another one.
_PLAIN = re.compile(r"[A-Za-z0-9._:-]{1,200}")
#: Resizing steps one address may chain.
MAX_STEPS = 8

#: Every component Cloudinary knows, so that a transformation is told from a folder's name.
_NAMES = {
    "a": "angle",
    "ac": "audio codec",
    "af": "audio frequency",
    "ar": "aspect ratio",
    "b": "background",
    "bo": "border",
    "br": "bit rate",
    "c": "crop",
    "co": "color",
    "cs": "color space",
    "d": "default image",
    "dl": "delay",
    "dn": "density",
    "dpr": "dpr",
    "du": "duration",
    "e": "effect",
    "eo": "end offset",
    "f": "format",
    "fl": "flags",
    "fn": "custom function",
    "fps": "fps",
    "g": "gravity",
    "h": "height",
    "if": "condition",
    "ki": "keyframe interval",
    "l": "overlay",
    "o": "opacity",
    "p": "prefix",
    "pg": "page",
    "q": "quality",
    "r": "radius",
    "so": "start offset",
    "sp": "streaming profile",
    "t": "named transformation",
    "u": "underlay",
    "vc": "video codec",
    "vs": "video sampling",
    "w": "width",
    "x": "x",
    "y": "y",
    "z": "zoom",
}


@dataclass(frozen=True, slots=True)
class Box:
    """One resizing step, in pixels; at least one side is given."""

    crop: str
    width: int | None
    height: int | None

    def target(self, size: tuple[int, int]) -> tuple[int, int]:
        """The size of the result for an image of ``size``."""
        if self.crop in ("fill", "thumb") and self.width and self.height:
            return self.width, self.height
        return self.cover(size)

    def cover(self, size: tuple[int, int]) -> tuple[int, int]:
        """The size to resize to before anything is cut off."""
        width, height = max(1, size[0]), max(1, size[1])
        across = self.width / width if self.width else None
        down = self.height / height if self.height else None
        if self.crop == "scale" and self.width and self.height:
            return self.width, self.height
        ratios = [ratio for ratio in (across, down) if ratio is not None]
        ratio = max(ratios) if self.crop in ("fill", "thumb") else min(ratios)
        if self.crop == "limit":
            ratio = min(ratio, 1.0)
        # Rounding must not leave a filled box one pixel short.
        return (
            self._side(width * ratio, self.width if ratio == across else None),
            self._side(height * ratio, self.height if ratio == down else None),
        )

    @staticmethod
    def _side(length: float, exact: int | None) -> int:
        return exact or min(_MAX_SIDE, max(1, round(length)))


@dataclass(frozen=True, slots=True)
class Transformation:
    """What a delivery URL asks for; ``format`` is None for "as the extension says".

    ``default`` names the image to hand out instead of one that is not there, as ``d_`` spells it.
    """

    boxes: tuple[Box, ...] = ()
    quality: int = 80
    format: str | None = None
    asked: bool = False
    default: str | None = None

    @property
    def canonical(self) -> str:
        """One text for all spellings of the same rendition."""
        steps = [f"{box.crop},{box.width},{box.height}" for box in self.boxes]
        return "/".join([*steps, f"q{self.quality}"])


def looks_like_transformation(segment: str) -> bool:
    """Whether a path segment could be a transformation and not a folder's name."""
    parts = segment.split(",")
    return all(
        underscore and value and name in _NAMES
        for name, underscore, value in (part.partition("_") for part in parts)
    )


def parse_transformation(segments: list[str]) -> Transformation:
    """Read chained transformations; raises BadRequest naming the component that is wrong."""
    if len(segments) > MAX_STEPS:
        raise BadRequest(f"Invalid transformation: more than {MAX_STEPS} steps")
    boxes: list[Box] = []
    quality, to_format, default = 80, None, None
    for segment in segments:
        step = _Step(segment)
        quality = step.quality or quality
        to_format = step.format or to_format
        default = step.default or default
        box = step.box()
        if box is not None:
            boxes.append(box)
    asked = any(part.partition("_")[0] != "d" for s in segments for part in s.split(","))
    return Transformation(tuple(boxes), quality, to_format, asked=asked, default=default)


def spelled_out(text: str) -> list[dict[str, str | int]]:
    """A transformation as the Admin API tells it: a list of steps, components by their names."""
    steps = []
    for segment in text.split("/"):
        pairs = (part.partition("_") for part in segment.split(","))
        steps.append(
            {
                _NAMES.get(name, name).replace(" ", "_"): int(value)
                if re.fullmatch(r"[0-9]{1,9}", value)
                else value
                for name, _, value in pairs
            }
        )
    return steps


def in_letters(step: Mapping[str, object]) -> str:
    """One step whose components are named in full, as an address has it; raises BadRequest."""
    short = {name.replace(" ", "_"): letter for letter, name in _NAMES.items()}
    short["fetch_format"] = short.pop("format")
    parts = []
    for name, value in step.items():
        if name not in short or isinstance(value, bool) or not _PLAIN.fullmatch(str(value)):
            raise BadRequest(
                f"Invalid {name[:40]} in transformation: expected are named components with "
                'plain values, as in {"width":100,"crop":"scale"}, or w_100,c_scale'
            )
        parts.append(f"{short[name]}_{value}")
    return ",".join(sorted(parts))


class _Step:
    """One segment's components."""

    def __init__(self, segment: str) -> None:
        self.segment = segment
        self.crop = "scale"
        self.sides: dict[str, int] = {}
        self.dpr = 1.0
        self.quality: int | None = None
        self.format: str | None = None
        self.default: str | None = None
        for part in segment.split(","):
            name, _, value = part.partition("_")
            self._read(name, value)

    def box(self) -> Box | None:
        width, height = self.sides.get("w"), self.sides.get("h")
        if width is None and height is None:
            return None
        scaled = [side and max(1, round(side * self.dpr)) for side in (width, height)]
        if any(side and side > _MAX_SIDE for side in scaled):
            raise self._fault("dpr", str(self.dpr))
        return Box(self.crop, scaled[0], scaled[1])

    def _read(self, name: str, value: str) -> None:
        if name in ("w", "h") and value == "auto":
            return
        if name in ("w", "h"):
            if not re.fullmatch(r"[0-9]{1,5}", value) or not 1 <= int(value) <= _MAX_SIDE:
                raise self._fault(name, value)
            self.sides[name] = int(value)
        elif name == "c" and value in _CROPS:
            self.crop = value
        elif name == "q" and value in _AUTO_QUALITIES:
            self.quality = _AUTO_QUALITIES[value]
        elif name == "q" and re.fullmatch(r"[0-9]{1,3}", value) and 1 <= int(value) <= 100:
            self.quality = int(value)
        elif name == "f" and value in _FORMATS:
            self.format = "jpg" if value == "jpeg" else value
        elif name == "dpr" and re.fullmatch(r"[0-9](\.[0-9]{1,2})?|auto", value):
            self.dpr = 1.0 if value == "auto" else float(value)
            if not self.dpr:
                raise self._fault(name, value)
        elif name == "d":
            self.default = value
        elif not ((name == "g" and value in _GRAVITIES) or (name == "a" and value == "exif")):
            raise self._fault(name, value)

    def _fault(self, name: str, value: str) -> BadRequest:
        return BadRequest(f"Invalid {_NAMES.get(name, name)} in transformation: {value}")
