"""What hides a picture: a mosaic too coarse to recognise, and the picture without colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter

if TYPE_CHECKING:
    from PySide6.QtGui import QPainterPath

    from modstation.app.covering import Covering
    from modstation.media.frames import Frame

# Cells along the longer edge for the strengths 1 to 10.
_CELLS = (64, 48, 36, 28, 22, 18, 14, 11, 8, 5)
STRONGEST = len(_CELLS)
# A quick first step down to this edge; the smooth one costs by the pixels it starts from.
_COARSE_EDGE = 320
_KEPT = 6


def wrap(frame: Frame) -> QImage:
    """A QImage over the frame's own pixels, not copied: keep the frame as long as the image."""
    form = QImage.Format.Format_RGB32 if frame.opaque else QImage.Format.Format_ARGB32_Premultiplied
    return QImage(frame.pixels, frame.width, frame.height, frame.stride, form)


def mosaic(image: QImage, strength: int, size: QSize) -> QImage:
    """The image at ``size`` with nothing in it finer than its cells."""
    cells = _CELLS[min(max(strength, 1), STRONGEST) - 1]
    keep, fast = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.FastTransformation
    smooth = Qt.TransformationMode.SmoothTransformation
    small = image
    if max(image.width(), image.height()) > _COARSE_EDGE:
        small = image.scaled(_COARSE_EDGE, _COARSE_EDGE, keep, fast)
    tiny = small.scaled(cells, cells, keep, smooth)
    if image.hasAlphaChannel():
        # Edges of a cut-out would show its outline.
        solid = QImage(tiny.size(), QImage.Format.Format_RGB32)
        solid.fill(Qt.GlobalColor.gray)
        painter = QPainter(solid)
        painter.drawImage(0, 0, tiny)
        painter.end()
        tiny = solid
    # Through a middle size: rounder than one bilinear step.
    middle = tiny.scaled(tiny.size() * 4, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
    return middle.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)


def without_colour(image: QImage) -> QImage:
    """The image in grey; transparency is kept."""
    if image.hasAlphaChannel():
        grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
        result = grey.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
        result.setAlphaChannel(image.convertToFormat(QImage.Format.Format_Alpha8))
        return result
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    return grey.convertToFormat(QImage.Format.Format_RGB32)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a frame is to be shown: ``strength`` 0 is uncovered."""

    strength: int
    grey: bool
    size: tuple[int, int]


class Renderings:
    """Frames made ready for painting, the last few kept; of plain ones, which cost nothing, one."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._most = kept
        self._kept: dict[tuple[int, Wanted], tuple[Frame, QImage]] = {}
        self._plain: tuple[Frame, QImage] | None = None

    def image(self, frame: Frame, wanted: Wanted) -> QImage:
        """The frame as it is to be shown, made now if it was not prepared."""
        if not wanted.strength and not wanted.grey:
            if self._plain is None or self._plain[0] is not frame:
                self._plain = (frame, wrap(frame))
            return self._plain[1]
        asked = (id(frame), wanted)
        found = self._kept.get(asked)
        # The frame is kept with its image, so an id is never that of another frame.
        if found is not None:
            return found[1]
        image = wrap(frame)
        if wanted.strength:
            image = mosaic(image, wanted.strength, QSize(*wanted.size))
        if wanted.grey:
            image = without_colour(image)
        self._kept[asked] = (frame, image)
        while len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]
        return image

    def clear(self) -> None:
        """Let go of every frame."""
        self._plain = None
        self._kept.clear()


class SmallPictures:
    """Paints the small pictures of a view, such as the filmstrip, covered as all must be.

    ``least``: the weakest cover of this view, for a small picture is made out in fewer cells.
    ``kept``: how many renderings are kept, more than the view shows at a time.
    """

    def __init__(self, covering: Covering, *, kept: int, least: int = 1) -> None:
        self._covering = covering
        self._least = least
        self._renderings = Renderings(kept)

    def image(self, frame: Frame, *, covered: bool) -> QImage:
        """The frame as it may be shown; never call it while everything is hidden."""
        strength = max(self._covering.strength, self._least) if covered else 0
        size = (frame.width, frame.height)
        return self._renderings.image(frame, Wanted(strength, self._covering.grey, size))

    def fill(
        self, painter: QPainter, frame: Frame, cell: QRectF, shape: QPainterPath, *, covered: bool
    ) -> None:
        """Fill a cell with the middle of the picture, cut to a shape."""
        scale = max(cell.width() / frame.width, cell.height() / frame.height)
        width, height = cell.width() / scale, cell.height() / scale
        source = QRectF((frame.width - width) / 2, (frame.height - height) / 2, width, height)
        painter.save()
        painter.setClipPath(shape)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(cell, self.image(frame, covered=covered), source)
        painter.restore()

    def clear(self) -> None:
        """Let go of every frame."""
        self._renderings.clear()
