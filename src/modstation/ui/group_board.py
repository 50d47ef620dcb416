"""The pictures of a group, side by side with what differs; reports which were painted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QScrollBar, QWidget

from modstation.app.frame_pipeline import THUMBNAIL_BOX
from modstation.app.frame_reel import CELL_BOX
from modstation.app.look import Shown
from modstation.core.language import translate
from modstation.media.frames import DecodeFailed, Frame
from modstation.ui.cards import Card, paint_card
from modstation.ui.group_words import file_facts, likeness, standing
from modstation.ui.theme import BODY, SMALL
from modstation.ui.tile_pictures import TilePictures

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent

    from modstation.app.covering import Covering
    from modstation.app.group_session import GroupSession, Member
    from modstation.ui.theme import Theme

_GAP = 12
_NARROWEST, _WIDEST = 216, 400
_CAPTION = 68
_LINE = 16
_BOX = 20
PICTURE_BYTES = 48 * 1024 * 1024


class GroupBoard(QAbstractScrollArea):
    """Paints the members in rows; arrows, ticks and verdicts come from ``on_key``.

    ``on_key`` gets a key event and whether it was pressed; it says whether it meant anything.
    """

    def __init__(
        self,
        group: GroupSession,
        covering: Covering,
        theme: Theme,
        *,
        on_key: Callable[[QKeyEvent, bool], bool],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._group = group
        self._covering = covering
        self._theme = theme
        self._on_key = on_key
        self._pictures = TilePictures()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(translate("GroupBoard", "Images that are alike"))
        self._bar = QScrollBar(Qt.Orientation.Vertical, self)
        self._bar.setAccessibleName(translate("GroupBoard", "Scroll the group"))
        self.setVerticalScrollBar(self._bar)

    # -- layout

    @property
    def _caption(self) -> int:
        return self._theme.px(_CAPTION)

    @property
    def columns(self) -> int:
        """Pictures in a row."""
        count = len(self._group.members)
        fit = max(1, (self.viewport().width() - _GAP) // (_NARROWEST + _GAP))
        # As large as they may be while all of them are seen.
        for columns in range(1, min(fit, count) + 1):
            if self._height_in(columns) <= self.viewport().height():
                return columns
        return max(1, min(fit, count))

    def _height_in(self, columns: int) -> int:
        rows = -(-len(self._group.members) // columns)
        return _GAP + rows * (self._cell_in(columns)[1] + self._caption + _GAP)

    def _cell_in(self, columns: int) -> tuple[int, int]:
        room = (self.viewport().width() - _GAP) // columns - _GAP
        width = max(64, min(_WIDEST, room))
        return width, width * 3 // 4

    def _cell(self) -> tuple[int, int]:
        return self._cell_in(self.columns)

    def _place(self, index: int) -> QRect:
        """Where the picture of a member is; its caption stands below."""
        row, column = divmod(index, self.columns)
        width, height = self._cell()
        left = (self.viewport().width() - self.columns * (width + _GAP) + _GAP) // 2
        top = _GAP + row * (height + self._caption + _GAP) - self._bar.value()
        return QRect(left + column * (width + _GAP), top, width, height)

    def _seen(self) -> list[tuple[int, Member]]:
        inside = self.viewport().rect()
        return [
            (index, member)
            for index, member in enumerate(self._group.members)
            if self._place(index).intersects(inside)
        ]

    def refresh(self) -> None:
        """The group, what is chosen in it, or how pictures are covered has changed."""
        total = self._height_in(self.columns)
        bar = self._bar
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(self._caption)
        bar.setRange(0, max(0, total - self.viewport().height()))
        self._bring_focus()
        self._ask()
        self.setAccessibleDescription(self.spoken)
        self.viewport().update()

    def _bring_focus(self) -> None:
        if self._group.focused is None:
            return
        bar, place = self._bar, self._place(self._group.focus)
        below = place.bottom() + self._caption + _GAP - self.viewport().height()
        if place.top() < _GAP:
            bar.setValue(bar.value() + place.top() - _GAP)
        elif below > 0:
            bar.setValue(bar.value() + below)

    def _ask(self) -> None:
        """Have the pictures decoded: those that are seen first, then the rest."""
        width, height = picture_box(
            self._cell(), self.devicePixelRatioF(), len(self._group.members)
        )
        # Results are told apart by their size: never that of the stage or of the filmstrip.
        stage = self._group.session.frames.stage_box
        while (width, height) in {stage, THUMBNAIL_BOX, CELL_BOX}:
            width -= 1
        first = [member.key for _, member in self._seen()]
        rest = [m.key for m in self._group.members if m.key not in set(first)]
        self._group.show((width, height), [*first, *rest])

    def let_go(self) -> None:
        """Keep nothing that was made of any picture."""
        self._pictures.clear()
        self.viewport().update()

    @property
    def loaded(self) -> bool:
        """Every picture that is seen is there, or why it is not."""
        return self._group.loaded and all(
            self._shown(member) is not None for _, member in self._seen()
        )

    @property
    def spoken(self) -> str:
        """What a screen reader says of the group."""
        member = self._group.focused
        if member is None:
            return translate("GroupBoard", "No image.")
        own = member.key == self._group.key
        words = [member.entry.asset.ref.public_id, likeness(member.alike, itself=own)]
        words.append(standing(member.alike, now=datetime.now(UTC))[1])
        if member.waits:
            words.append(
                translate("GroupBoard", "marked")
                if self._group.is_ticked(member.key)
                else translate("GroupBoard", "not marked")
            )
        words.append(
            translate("GroupBoard", "covered")
            if member.look.covered
            else translate("GroupBoard", "shown")
        )
        ticked = len(self._group.ticked)
        return translate("GroupBoard", "{image}. {ticked} of {members} marked.").format(
            image=", ".join(words), ticked=ticked, members=len(self._group.members)
        )

    # -- painting

    def _shown(self, member: Member) -> Shown | None:
        """What of a picture is on the screen once it is painted; None: nothing that counts."""
        if self._covering.hidden:
            return None
        result = self._group.frame(member.key)
        if isinstance(result, Frame):
            return Shown.COVERED if member.look.covered else Shown.PICTURE
        session = self._group.session
        failed = isinstance(result, DecodeFailed) or session.news.problem(member.key) is not None
        return Shown.CARD if failed else None

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the members that are seen; report those whose whole picture was drawn."""
        viewport = self.viewport()
        painter = QPainter(viewport)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(event.rect(), self._theme.colour("stage"))
        if self._covering.hidden:
            card = Card(
                "cover-all",
                translate("GroupBoard", "Everything is covered"),
                translate("GroupBoard", "Nothing can be decided now."),
            )
            paint_card(painter, QRectF(viewport.rect()), card, self._theme)
        shown: dict[str, Shown] = {}
        for index, member in [] if self._covering.hidden else self._seen():
            place = self._place(index)
            self._paint_picture(painter, place, member)
            self._paint_marks(painter, place, member, chosen=index == self._group.focus)
            self._paint_caption(painter, place, member)
            what = self._shown(member)
            if what is not None and viewport.rect().contains(place):
                shown[member.key] = what
        painter.end()
        handle = self.window().windowHandle()
        if handle is not None and handle.isExposed() and self.isActiveWindow():
            self._group.painted(shown)

    def _paint_picture(self, painter: QPainter, place: QRect, member: Member) -> None:
        painter.fillRect(place, self._theme.colour("panel"))
        result = self._group.frame(member.key)
        if not isinstance(result, Frame):
            icon = "warning" if self._shown(member) is Shown.CARD else "loading"
            at = QPointF(place.center().x() - 11, place.center().y() - 11)
            painter.drawPixmap(at, self._theme.icon(icon, "muted", 22, self.devicePixelRatioF()))
            return
        strength = self._covering.strength if member.look.covered else 0
        grey = self._covering.grey
        image = self._pictures.ready(result, strength=strength, grey=grey)
        if image is None:
            self._pictures.make(result, strength=strength, grey=grey)
            image = self._pictures.ready(result, strength=strength, grey=grey)
        assert image is not None
        scale = min(place.width() / result.width, place.height() / result.height)
        scale = min(scale, 1.0 / self.devicePixelRatioF())
        width, height = result.width * scale, result.height * scale
        middle = QRectF(place).center()
        target = QRectF(middle.x() - width / 2, middle.y() - height / 2, width, height)
        if not result.opaque and not member.look.covered:
            painter.fillRect(target, Qt.GlobalColor.lightGray)
        painter.drawImage(target, image)

    def _paint_marks(
        self, painter: QPainter, place: QRect, member: Member, *, chosen: bool
    ) -> None:
        theme, ratio = self._theme, self.devicePixelRatioF()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        ticked = self._group.is_ticked(member.key)
        if ticked:
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.drawRect(QRectF(place).adjusted(1, 1, -1, -1))
        if chosen:
            painter.setPen(QPen(theme.colour("text"), 3))
            painter.drawRoundedRect(QRectF(place).adjusted(-2.5, -2.5, 2.5, 2.5), 4, 4)
        if member.waits:
            box = QRectF(place.left() + 8, place.top() + 8, _BOX, _BOX)
            painter.setPen(QPen(theme.colour("outline"), 1.5))
            painter.setBrush(theme.colour("window"))
            painter.drawRoundedRect(box, 4, 4)
            if ticked:
                mark = theme.icon("approve", "accent", 16, ratio)
                painter.drawPixmap(box.topLeft() + QPointF(2, 2), mark)
        if member.look.covered:
            ground = QRectF(place.right() - 27, place.bottom() - 27, 22, 22)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("window"))
            painter.drawRoundedRect(ground, 4, 4)
            mark = theme.icon("covered", "text", 16, ratio)
            painter.drawPixmap(ground.topLeft() + QPointF(3, 3), mark)

    def _paint_caption(self, painter: QPainter, place: QRect, member: Member) -> None:
        theme = self._theme
        left, width, top = place.left(), place.width(), place.bottom() + 5
        row, size = theme.px(_LINE), theme.px(12)
        painter.setFont(theme.font(BODY, strong=True))
        painter.setPen(theme.colour("text"))
        name = painter.fontMetrics().elidedText(
            _plain(member.entry.asset.ref.public_id), Qt.TextElideMode.ElideMiddle, width
        )
        self._line(painter, left, top, width, name)
        painter.setFont(self._theme.font(SMALL))
        painter.setPen(theme.colour("muted"))
        own = member.key == self._group.key
        self._line(painter, left, top + row, width, likeness(member.alike, itself=own))
        self._paint_facts(painter, left, top + 2 * row, width, member)
        icon, words, colour = standing(member.alike, now=datetime.now(UTC))
        ratio = self.devicePixelRatioF()
        at = QPointF(left, top + 3 * row + (row - size) / 2)
        painter.drawPixmap(at, theme.icon(icon, colour, size, ratio))
        painter.setFont(self._theme.font(SMALL))
        painter.setPen(theme.colour(colour))
        self._line(painter, left + size + 4, top + 3 * row, width - size - 4, words)

    def _paint_facts(
        self, painter: QPainter, left: int, top: int, width: int, member: Member
    ) -> None:
        """What differs from the image one came from stands out."""
        own = next((m for m in self._group.members if m.key == self._group.key), member)
        at = left
        for number, fact in enumerate(file_facts(member.entry.asset, own.entry.asset)):
            if number:
                painter.setFont(self._theme.font(SMALL))
                painter.setPen(self._theme.colour("muted"))
                self._line(painter, at, top, left + width - at, " · ")
                at += painter.fontMetrics().horizontalAdvance(" · ")
            painter.setFont(self._theme.font(SMALL, strong=fact.differs))
            painter.setPen(self._theme.colour("warning_text" if fact.differs else "muted"))
            text = f"≠ {fact.text}" if fact.differs else fact.text
            self._line(painter, at, top, left + width - at, text)
            at += painter.fontMetrics().horizontalAdvance(text)

    def _line(self, painter: QPainter, left: int, top: int, width: int, text: str) -> None:
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, width)
        painter.drawText(
            QRectF(left, top, width, self._theme.px(_LINE)), Qt.AlignmentFlag.AlignVCenter, shown
        )

    # -- the toolkit's events

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the pictures out anew."""
        super().resizeEvent(event)
        self.refresh()

    def scrollContentsBy(self, _dx: int, _dy: int) -> None:
        """Paint everything: captions are cheap, and what was painted is reported."""
        self.viewport().update()

    def changeEvent(self, event: QEvent) -> None:
        """While another window is in front nobody looks."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange:
            if self.isActiveWindow():
                self.viewport().update()
            else:
                self._group.nothing_shown()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys mean what they mean on the stage."""
        if not self._on_key(event, True):
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """The end of a peek."""
        if not self._on_key(event, False):
            event.ignore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the picture that was clicked; a click into its box ticks it."""
        for index, _member in self._seen():
            place = self._place(index)
            if place.contains(event.position().toPoint()) and not self._covering.hidden:
                self._group.choose(index)
                box = QRect(place.left(), place.top(), _BOX + 16, _BOX + 16)
                if box.contains(event.position().toPoint()) and self._group.members[index].waits:
                    self._group.toggle_tick()
                return


def picture_box(cell: tuple[int, int], ratio: float, count: int) -> tuple[int, int]:
    """The device pixels that a picture gets in a cell of logical ones.

    All ``count`` pictures are kept: in a large group on a fine screen they are smaller.
    """
    width, height = (round(length * ratio) for length in cell)
    most = PICTURE_BYTES // (4 * max(1, count))
    shrink = min(1.0, (most / (width * height)) ** 0.5)
    return int(width * shrink), int(height * shrink)


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
