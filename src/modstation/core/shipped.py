"""Where the files are that the program ships with."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


def resources() -> Traversable:
    """The folder of shipped files: inside the wheel, or beside ``src`` in a source tree."""
    package = files("modstation")
    inside = package / "resources"
    if inside.is_dir():
        return inside
    return Path(str(package)).parent.parent / "resources"
