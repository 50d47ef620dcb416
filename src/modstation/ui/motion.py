"""Whether anything may move by itself: the person's wish, or what the desktop asks for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

if TYPE_CHECKING:
    from modstation.app.settings import Settings

MotionWish = Literal["auto", "always", "never"]


def is_still(settings: Settings) -> bool:
    """Nothing may move by itself."""
    return wanted_still(settings.reduce_motion, desktop=desktop_is_still())


def wanted_still(wish: MotionWish, *, desktop: bool) -> bool:
    """What a wish means on a desktop that asks for stillness, or does not."""
    return desktop if wish == "auto" else wish == "always"


def desktop_is_still(platform: str = sys.platform) -> bool:
    """The desktop was told to show no effects; Qt 6.11 passes that on from Windows alone."""
    return platform == "win32" and not QApplication.isEffectEnabled(Qt.UIEffect.UI_General)
