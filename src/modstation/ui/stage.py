"""The stage: one image, painted at once, and the report that it has been painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from modstation.app.look import Shown
from modstation.core.language import translate
from modstation.media.frames import Frame
from modstation.ui.cards import Card, paint_card
from modstation.ui.frame_strip import FrameStrip
from modstation.ui.picture_painter import Manner, PicturePainter
from modstation.ui.scene import Picture, Scene, Words, compose
from modstation.ui.viewport import PAN_STEP, ZOOM_STEP, Viewport

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QMouseEvent, QPaintEvent, QResizeEvent, QShowEvent, QWheelEvent

    from modstation.app.station import Station
    from modstation.media.frames import DecodeResult
    from modstation.ui.theme import Theme

# The listing's size is believed when its shape is that of the picture, within this share.
_SAME_SHAPE = 0.03
_WHEEL_NOTCH = 120


def _nothing_yet() -> Words:
    return Words(
        Card(
            "loading",
            translate("Stage", "Opening the queue"),
            translate("Stage", "Reading what waits on this machine."),
        )
    )


class Stage(QWidget):
    """Shows the session's current image and tells the session once it is on the screen."""

    zoom_changed = Signal()

    def __init__(
        self,
        station: Station,
        theme: Theme,
        *,
        key_of: Callable[[str], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.view = Viewport()
        self._covering = station.covering
        self._covering.listen(self._covering_changed)
        self.bright = False
        # The image whose original was asked for by key.
        self._original: str | None = None
        self._station = station
        self._session = station.session
        self._theme = theme
        self._key_of = key_of
        self._pictures = PicturePainter(theme)
        self._warnings: dict[str, str | None] = {}
        self._scene: Scene = _nothing_yet()
        # The last scene that was told to the session; None while nothing of this image was.
        self._reported: Scene | None = None
        self._drag: QPointF | None = None
        self.frames = FrameStrip(theme, key_of=key_of, parent=self)
        # What the strip takes from the stage's height.
        self._foot = 0
        # Every pixel is painted here, so nothing behind the stage needs to be.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self.setAccessibleName(translate("Stage", "Image"))

    # -- what the session tells

    def show_current(self) -> None:
        """Another entry is current: put it on the screen before anything else happens."""
        self._reported = None
        self._original = None
        self.view.next_image(keep=self._station.settings.sticky_zoom)
        self._warnings.clear()
        self.refresh()

    def refresh(self) -> None:
        """The frame, the cover or the connection changed."""
        scene = compose(
            self._session, hidden=self._covering.hidden, warning=self._warning, key_of=self._key_of
        )
        if scene == self._scene and self._reported is not None:
            return
        if type(scene) is not type(self._scene) or scene.key != self._scene.key:
            # A picture is not on the screen because the card was that stood in its place.
            self._reported = None
            self._session.looking.unpainted()
        self._scene = scene
        self._show_frames()
        if isinstance(scene, Picture):
            self.view.take(self._natural(scene.frame))
        # Synchronously: the way over the event loop costs the moderator a frame.
        self.repaint()
        if isinstance(scene, Picture) and self.view.zoomed:
            self._ask_for_detail(scene)

    def frame_arrived(self, key: str) -> None:
        """A frame of the current image was decoded anew, or failed to be."""
        self._warnings.pop(key, None)
        self.refresh()

    def prepare(self, key: str) -> None:
        """Make what covers an image before it is needed."""
        frame = self._session.frames.frame(key)
        if isinstance(frame, Frame):
            self._pictures.prepare(frame, self._manner(), self.view.view)

    def let_go(self) -> None:
        """Keep nothing that was made of any picture."""
        self._pictures.let_go()
        self.frames.let_go()
        self.refresh()

    def _covering_changed(self) -> None:
        """Everything is to be covered, or covers look different."""
        self.refresh()
        self.update()

    @property
    def hidden(self) -> bool:
        """Every image is covered at once."""
        return self._covering.hidden

    @property
    def grey(self) -> bool:
        """Images are shown without colour."""
        return self._covering.grey

    @property
    def strength(self) -> int:
        """How strong a cover is, from 1 to 10."""
        return self._covering.strength

    @property
    def scene(self) -> Scene:
        """What is on the stage."""
        return self._scene

    @property
    def reported(self) -> bool:
        """The current image, or why there is none, has been painted."""
        return self._reported is not None

    @property
    def spoken(self) -> str:
        """What a screen reader says of the stage."""
        if isinstance(self._scene, Words):
            return self._scene.card.spoken
        name = self._scene.key.split("/", 2)[-1]
        state = (
            translate("Stage", "covered") if self._scene.covered else translate("Stage", "shown")
        )
        return f"{name}, {state}. {self._scene.warning or ''}".strip()

    # -- what the keys do

    def toggle_bright(self) -> bool:
        """Brighten the shadows, or leave them as they are."""
        self.bright = not self.bright
        self.update()
        return self.bright

    def zoom_step(self, steps: int, at: tuple[float, float] | None = None) -> None:
        """Enlarge (positive) or reduce by steps of a quarter, around a point in device pixels."""
        self.view.zoom(ZOOM_STEP**steps, at)
        self._view_changed()

    def zoom_fit(self) -> None:
        """Show the whole image."""
        self.view.show_all()
        self._view_changed()

    def zoom_100(self) -> None:
        """Show every pixel of the image."""
        self.view.full_size()
        self._view_changed()

    def zoom_toggle(self) -> None:
        """Switch between the whole image and every pixel."""
        self.view.toggle()
        self._view_changed()

    def rotate(self, quarters: int) -> None:
        """Turn the image; only on the screen."""
        self.view.rotate(quarters)
        self._view_changed()

    def pan(self, dx: int, dy: int) -> bool:
        """Move a zoomed image by steps; False if all of it is shown."""
        if not self.view.zoomed:
            return False
        width, height = self.view.view
        self.view.pan(dx * width * PAN_STEP, dy * height * PAN_STEP)
        self.update()
        return True

    def _view_changed(self) -> None:
        scene = self._scene
        if isinstance(scene, Picture):
            self._ask_for_detail(scene)
        self.update()
        self.zoom_changed.emit()

    def show_original(self) -> None:
        """Show every pixel of the original as soon as it is here; it is asked for now."""
        if isinstance(self._scene, Picture):
            self._original = self._scene.key
            if not self.view.zoomed:
                self.view.full_size()
            self._view_changed()

    @property
    def original(self) -> DecodeResult | None:
        """The original of the image on the stage, or why it cannot be shown; None till then."""
        detail = self._session.frames.detail_frame(self._original or "")
        return detail if detail is not None and detail.rendition == "original" else None

    def _ask_for_detail(self, scene: Picture) -> None:
        frame = scene.frame
        if scene.key == self._original:
            if self._session.frames.detail(scene.key, "original", frame.frame):
                self._station.want_original(scene.key)
            return
        if self.view.effective * self.view.natural[0] <= frame.width:
            return
        if self.view.natural[0] > frame.source_width:
            if self._session.frames.detail(scene.key, "original", frame.frame):
                self._station.want_original(scene.key)
        elif frame.width < frame.source_width:
            self._session.frames.detail(scene.key, "review", frame.frame)

    # -- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the scene; report the image once all of it has been drawn."""
        painter = QPainter(self)
        scene = self._scene
        if isinstance(scene, Picture):
            self._pictures.paint(
                painter,
                self.rect().adjusted(0, 0, 0, -self._foot),
                scene,
                frame=self._best(scene),
                view=self.view,
                manner=self._manner(),
            )
        else:
            painter.fillRect(self.rect(), self._theme.colour("stage"))
            paint_card(painter, QRectF(self.rect()), scene.card, self._theme)
        painter.end()
        if scene is not self._reported and scene.key is not None:
            handle = self.window().windowHandle()
            if handle is not None and handle.isExposed() and event.rect().contains(self.rect()):
                self._reported = scene
                self._session.looking.painted(scene.key, _shown(scene))

    def _best(self, scene: Picture) -> Frame:
        """Every pixel of the frame that is shown, if it is zoomed and they are there."""
        if self.view.zoomed:
            detail = self._session.frames.detail_frame(scene.key)
            if isinstance(detail, Frame) and detail.frame == scene.frame.frame:
                return detail
        return scene.frame

    def _show_frames(self) -> None:
        """Lay the strip over the foot of the stage when the picture has several frames."""
        scene = self._scene
        reel = self._session.frames.reel(scene.key) if isinstance(scene, Picture) else None
        covered = isinstance(scene, Picture) and scene.covered
        foot = self.frames.show_reel(reel, covered=covered, grey=self.grey)
        if foot != self._foot:
            self._foot = foot
            self._fit_view()

    def _manner(self) -> Manner:
        text = ""
        if isinstance(self._scene, Picture) and self._scene.covered:
            peek, reveal = self._key_of("peek"), self._key_of("reveal")
            text = translate("Stage", "Covered – hold {peek} to look, {reveal} uncovers").format(
                peek=peek, reveal=reveal
            )
        return Manner(self._covering.strength, self._covering.grey, text, self.bright)

    def _warning(self, key: str) -> str | None:
        if key not in self._warnings:
            self._warnings[key] = self._station.warning(key)
        return self._warnings[key]

    def _natural(self, frame: Frame) -> tuple[int, int]:
        """The size of the original, if the listing is to be believed, else of what was decoded."""
        entry = self._session.current
        here = (frame.source_width, frame.source_height)
        original = self.original
        if isinstance(original, Frame) and original.frame == frame.frame:
            return original.source_width, original.source_height
        if entry is None or not entry.asset.width or not entry.asset.height:
            return here
        listed = (entry.asset.width, entry.asset.height)
        if frame.orientation >= 5:
            listed = (listed[1], listed[0])
        shape = listed[0] * here[1] / (listed[1] * here[0])
        return listed if listed[0] > here[0] and abs(shape - 1) < _SAME_SHAPE else here

    # -- the toolkit's events

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ask for frames that fit the new size."""
        super().resizeEvent(event)
        self._fit_frames()

    def showEvent(self, event: QShowEvent) -> None:
        """The screen, and with it the density of pixels, is known now."""
        super().showEvent(event)
        self._fit_frames()

    def _fit_frames(self) -> None:
        ratio = self.devicePixelRatioF()
        box = (round(self.width() * ratio), round(self.height() * ratio))
        self._show_frames()
        self._fit_view()
        # A hidden stage has a size that nobody will see: decoding for it would be in vain.
        if self.isVisible():
            self._session.frames.resize(box)

    def _fit_view(self) -> None:
        ratio = self.devicePixelRatioF()
        height = max(1, self.height() - self._foot)
        self.view.resize((round(self.width() * ratio), round(height * ratio)))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom with Ctrl; without it the wheel does nothing, so nothing happens by accident."""
        steps = event.angleDelta().y() / _WHEEL_NOTCH
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and steps:
            ratio = self.devicePixelRatioF()
            at = (event.position().x() * ratio, event.position().y() * ratio)
            self.zoom_step(1 if steps > 0 else -1, at)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to drag a zoomed image."""
        self._drag = event.position() if self.view.zoomed else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag."""
        if self._drag is not None:
            moved = (self._drag - event.position()) * self.devicePixelRatioF()
            self._drag = event.position()
            self.view.pan(moved.x(), moved.y())
            self.update()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """End dragging."""
        self._drag = None


def _shown(scene: Scene) -> Shown:
    if isinstance(scene, Words):
        return Shown.CARD
    return Shown.COVERED if scene.covered else Shown.PICTURE
