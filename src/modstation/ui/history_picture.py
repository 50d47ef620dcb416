"""The picture beside the history: painted like the stage, reported to the history's own look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from modstation.app.look import Shown
from modstation.core.language import translate
from modstation.media.frames import DecodeFailed, Frame
from modstation.ui.cards import Card, paint_card
from modstation.ui.picture_painter import Manner, PicturePainter
from modstation.ui.scene import Picture, Scene, Words
from modstation.ui.viewport import Viewport

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from modstation.app.history import History
    from modstation.ui.stage import Stage
    from modstation.ui.theme import Theme


def _covered() -> Words:
    return Words(
        Card(
            "cover-all",
            translate("HistoryPicture", "Everything is covered"),
            translate("HistoryPicture", "Nothing can be changed meanwhile."),
        )
    )


def _empty() -> Words:
    return Words(
        Card(
            "empty",
            translate("HistoryPicture", "No decision yet"),
            translate("HistoryPicture", "What you decide is listed here."),
        )
    )


def _loading() -> Words:
    return Words(
        Card(
            "loading",
            translate("HistoryPicture", "Loading the image"),
            translate("HistoryPicture", "It comes from this machine or the service."),
        )
    )


class HistoryPicture(QWidget):
    """Shows the chosen decision's picture, covered if it has to be, as strongly as the stage."""

    def __init__(
        self,
        history: History,
        stage: Stage,
        theme: Theme,
        *,
        key_of: Callable[[str], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._history = history
        self._stage = stage
        self._theme = theme
        self._key_of = key_of
        self._pictures = PicturePainter(theme)
        self._view = Viewport()
        self.setMinimumSize(160, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(translate("HistoryPicture", "Image of the decision"))

    def refresh(self) -> None:
        """Something of it changed."""
        scene = self.scene()
        if isinstance(scene, Words):
            self.setAccessibleDescription(scene.card.spoken)
        else:
            self.setAccessibleDescription(
                translate("HistoryPicture", "covered")
                if scene.covered
                else translate("HistoryPicture", "shown")
            )
        self.update()

    def let_go(self) -> None:
        """Keep nothing that was made of any picture."""
        self._pictures.let_go()
        self.refresh()

    def scene(self) -> Scene:
        """What there is to see now."""
        history = self._history
        item, frame = history.chosen, history.frame()
        if self._stage.hidden:
            return _covered()
        if item is None:
            return _empty() if history.loaded else _loading()
        problem = history.problem()
        if isinstance(frame, Frame):
            return Picture(item.key, frame, history.look.covered, None)
        if isinstance(frame, DecodeFailed):
            text = f"{frame.error.title}: {frame.error.message}"
            return Words(
                Card("warning", translate("HistoryPicture", "No picture"), text, problem=True),
                item.key,
            )
        if problem is not None:
            return Words(
                Card("warning", translate("HistoryPicture", "No picture"), problem, problem=True),
                item.key,
            )
        return _loading()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it; report what was drawn to the history."""
        scene, item = self.scene(), self._history.chosen
        painter = QPainter(self)
        if isinstance(scene, Picture):
            frame = scene.frame
            self._view.natural = (frame.source_width, frame.source_height)
            text = translate("HistoryPicture", "{key} uncovers").format(key=self._key_of("reveal"))
            text = text if scene.covered else ""
            manner = Manner(self._stage.strength, self._stage.grey, text)
            self._pictures.paint(
                painter, self.rect(), scene, frame=frame, view=self._view, manner=manner
            )
        else:
            painter.fillRect(self.rect(), self._theme.colour("stage"))
            paint_card(painter, QRectF(self.rect()), scene.card, self._theme)
        painter.end()
        if item is not None and scene.key is not None:
            shown = Shown.CARD
            if isinstance(scene, Picture):
                shown = Shown.COVERED if scene.covered else Shown.PICTURE
            self._history.painted(item.decision_id, shown)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The whole picture is always shown."""
        super().resizeEvent(event)
        ratio = self.devicePixelRatioF()
        self._view.resize((round(self.width() * ratio), round(self.height() * ratio)))
