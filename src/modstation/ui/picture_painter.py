"""Paints one picture on the stage: whole or zoomed, turned, covered, with its warning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from modstation.ui.brighten import Brightening
from modstation.ui.cards import paint_pill, paint_strip, strip_height
from modstation.ui.cover import Renderings, Wanted

if TYPE_CHECKING:
    from PySide6.QtCore import QRect
    from PySide6.QtGui import QImage

    from modstation.media.frames import Frame
    from modstation.ui.scene import Picture
    from modstation.ui.theme import Theme
    from modstation.ui.viewport import Viewport

# Above this scale every pixel is a square: one looks for marks, not at a photo.
_SQUARES_FROM = 3.0


@dataclass(frozen=True, slots=True)
class Manner:
    """How pictures are shown; ``strength`` is that of the cover."""

    strength: int
    grey: bool
    covered_text: str
    bright: bool = False


def fit_size(frame: Frame, view: tuple[int, int]) -> tuple[int, int]:
    """The size of a whole image on the stage, in device pixels.

    A frame decoded for this stage is shown as it is; one for another stage size is scaled.
    """
    if frame.box == view:
        return frame.width, frame.height
    width, height = frame.source_width, frame.source_height
    scale = min(1.0, view[0] / width, view[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


class PicturePainter:
    """Keeps what is costly to make between two paints."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._renderings = Renderings()
        self._brightening = Brightening()

    def prepare(self, frame: Frame, manner: Manner, view: tuple[int, int]) -> None:
        """Make the cover of a frame before it is needed."""
        self._renderings.image(frame, Wanted(manner.strength, manner.grey, fit_size(frame, view)))

    def let_go(self) -> None:
        """Keep no picture."""
        self._renderings.clear()
        self._brightening.clear()

    def paint(
        self,
        painter: QPainter,
        area: QRect,
        scene: Picture,
        *,
        frame: Frame,
        view: Viewport,
        manner: Manner,
    ) -> None:
        """Fill ``area`` with the picture; ``frame`` is the best there is for this zoom."""
        fit = fit_size(frame, view.view)
        strength = manner.strength if scene.covered else 0
        image = self._renderings.image(frame, Wanted(strength, manner.grey, fit))
        see_through = not frame.opaque and not scene.covered
        if manner.bright and not scene.covered:
            image = self._brightening.of(image)
        strip = 0.0
        if scene.warning:
            strip = strip_height(scene.warning, self._theme, area.width())
        if view.zoomed or view.quarters:
            smooth = scene.covered or view.effective * view.natural[0] < frame.width * _SQUARES_FROM
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
            self._paint_placed(painter, area, image, view, see_through=see_through)
        else:
            self._paint_whole(painter, area, image, fit, view, strip=strip, see_through=see_through)
        if scene.covered:
            paint_pill(painter, QRectF(area), "covered", manner.covered_text, self._theme)
        if scene.warning:
            place = QRectF(0, 0, area.width(), strip)
            paint_strip(painter, place, "warning", scene.warning, self._theme)

    def _paint_whole(
        self,
        painter: QPainter,
        area: QRect,
        image: QImage,
        size: tuple[int, int],
        view: Viewport,
        *,
        strip: float,
        see_through: bool,
    ) -> None:
        ratio = painter.device().devicePixelRatio()
        # Whole device pixels, or the image would be resampled and lose its sharpness.
        x, y = (view.view[0] - size[0]) // 2 / ratio, (view.view[1] - size[1]) // 2 / ratio
        target = QRectF(x, y, size[0] / ratio, size[1] / ratio)
        if strip > y:
            target = _below(strip, target, area)
        self._paint_ground(painter, QRectF(area), target, see_through=see_through)
        if strip <= y and (image.width(), image.height()) == size:
            image.setDevicePixelRatio(ratio)
            painter.drawImage(QPointF(x, y), image)
            image.setDevicePixelRatio(1)
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(target, image)

    def _paint_placed(
        self,
        painter: QPainter,
        area: QRect,
        image: QImage,
        view: Viewport,
        *,
        see_through: bool,
    ) -> None:
        ratio = painter.device().devicePixelRatio()
        place = view.place()
        target = QRectF(place.x / ratio, place.y / ratio, place.width / ratio, place.height / ratio)
        self._paint_ground(painter, QRectF(area), target, see_through=see_through)
        turned = place.quarters % 2
        width, height = target.width(), target.height()
        if turned:
            width, height = height, width
        painter.save()
        painter.translate(target.center())
        painter.rotate(90 * place.quarters)
        painter.drawImage(QRectF(-width / 2, -height / 2, width, height), image)
        painter.restore()

    def _paint_ground(
        self, painter: QPainter, area: QRectF, target: QRectF, *, see_through: bool
    ) -> None:
        ground = self._theme.colour("stage")
        if see_through:
            painter.fillRect(area, ground)
            painter.fillRect(target, Qt.GlobalColor.lightGray)
            painter.fillRect(target, Qt.BrushStyle.Dense6Pattern)
            return
        # Only what the picture leaves free: painting it all twice costs a millisecond.
        left, right = max(target.left(), 0.0), min(target.right(), area.right())
        top, bottom = max(target.top(), 0.0), min(target.bottom(), area.bottom())
        painter.fillRect(QRectF(0, 0, area.width(), top), ground)
        painter.fillRect(QRectF(0, bottom, area.width(), area.height() - bottom), ground)
        painter.fillRect(QRectF(0, top, left, bottom - top), ground)
        painter.fillRect(QRectF(right, top, area.width() - right, bottom - top), ground)


def _below(strip: float, target: QRectF, area: QRect) -> QRectF:
    """The place for a whole picture under a warning, which must hide nothing of it."""
    room = area.height() - strip
    scale = min(1.0, room / target.height())
    width, height = target.width() * scale, target.height() * scale
    return QRectF((area.width() - width) / 2, strip + (room - height) / 2, width, height)
