"""What the stage shows when it shows no picture: a heading, a sentence, and the keys that work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from modstation.ui.theme import BODY, HEADLINE, SMALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QFont

    from modstation.ui.theme import Theme

_WIDEST = 520
_PAD = 24.0
# How high a key cap is.
_CAP = 18
_WRAP = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignHCenter
_LINES = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignVCenter)


@dataclass(frozen=True, slots=True)
class Card:
    """One card; ``keys`` are pairs of key and what it does."""

    icon: str
    heading: str
    text: str
    keys: tuple[tuple[str, str], ...] = ()
    problem: bool = False

    @property
    def spoken(self) -> str:
        """The card for a screen reader."""
        return f"{self.heading}. {self.text}"


def paint_card(painter: QPainter, area: QRectF, card: Card, theme: Theme) -> None:
    """Draw a card in the middle of an area."""
    line = theme.px(28)
    width = min(float(theme.px(_WIDEST)), area.width() - 32)
    inner = width - 2 * _PAD
    heading_font, text_font = theme.font(HEADLINE, strong=True), theme.font(BODY)
    heading_height = _text_height(heading_font, card.heading, inner)
    text_height = _text_height(text_font, card.text, inner)
    rows = _key_rows(card.keys, theme, inner)
    icon = theme.px(32)
    height = _PAD + icon + 16 + heading_height + 8 + text_height + _PAD
    if rows:
        height += 12 + len(rows) * line
    box = QRectF(0, 0, width, height)
    box.moveCenter(area.center())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.colour("line"), 1))
    painter.setBrush(theme.colour("panel"))
    painter.drawRoundedRect(box, 8, 8)
    ratio = painter.device().devicePixelRatio()
    mark = theme.icon(card.icon, "reject_text" if card.problem else "muted", icon, ratio)
    y = box.top() + _PAD
    painter.drawPixmap(QPointF(box.center().x() - icon / 2, y), mark)
    y += icon + 16
    painter.setFont(heading_font)
    painter.setPen(theme.colour("text"))
    painter.drawText(QRectF(box.left() + _PAD, y, inner, heading_height), _WRAP, card.heading)
    y += heading_height + 8
    painter.setFont(text_font)
    painter.setPen(theme.colour("muted"))
    painter.drawText(QRectF(box.left() + _PAD, y, inner, text_height), _WRAP, card.text)
    y += text_height + 12
    for row in rows:
        _paint_keys(painter, QPointF(box.center().x(), y + line / 2), row, theme)
        y += line


def paint_key_cap(painter: QPainter, at: QPointF, key: str, theme: Theme) -> float:
    """Draw a key cap with its left middle at a point; returns how wide it is."""
    small = theme.font(SMALL, strong=True)
    width, height = key_cap_width(key, theme), theme.px(_CAP)
    cap = QRectF(at.x(), at.y() - height / 2, width, height)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.colour("outline"), 1))
    painter.setBrush(theme.colour("cap"))
    painter.drawRoundedRect(cap.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
    painter.setFont(small)
    painter.setPen(theme.colour("cap_text"))
    painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, key)
    return width


def key_cap_width(key: str, theme: Theme) -> float:
    """How wide a key cap is."""
    text = QFontMetricsF(theme.font(SMALL, strong=True)).horizontalAdvance(key)
    return max(theme.px(_CAP) + 2, text + 10)


def paint_strip(painter: QPainter, area: QRectF, icon: str, text: str, theme: Theme) -> None:
    """Draw a warning over the whole width of an area."""
    painter.fillRect(area, theme.colour("warning"))
    painter.fillRect(
        QRectF(area.left(), area.bottom() - 2, area.width(), 2), theme.colour("warning_text")
    )
    ratio, icon_size = painter.device().devicePixelRatio(), theme.px(16)
    painter.drawPixmap(
        QPointF(area.left() + 12, area.center().y() - icon_size / 2),
        theme.icon(icon, "warning_text", icon_size, ratio),
    )
    painter.setFont(theme.font(BODY, strong=True))
    painter.setPen(theme.colour("warning_text"))
    painter.drawText(
        area.adjusted(20 + icon_size, 0, -12, 0),
        Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap,
        text,
    )


def strip_height(text: str, theme: Theme, width: float) -> float:
    """How high a warning must be to hold its text."""
    words = _text_height(theme.font(BODY, strong=True), text, width - 32 - theme.px(16))
    return max(float(theme.px(32)), words + 12)


def paint_pill(painter: QPainter, area: QRectF, icon: str, text: str, theme: Theme) -> None:
    """Draw a short text on a dark pill in the middle of an area."""
    font = theme.font(BODY, strong=True)
    size = theme.px(16)
    # One pixel more than the words, or rounding would break them into two lines.
    width = min(QFontMetricsF(font).horizontalAdvance(text) + 37 + size, area.width() - 16)
    inner = width - 34 - size
    lines = QFontMetricsF(font).boundingRect(QRectF(0, 0, inner, 4000), _LINES, text)
    pill = QRectF(0, 0, width, max(theme.px(36), lines.height() + theme.px(16)))
    pill.moveCenter(area.center())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.colour("outline"), 1))
    painter.setBrush(theme.colour("panel", 235))
    round_by = min(pill.height() / 2, theme.px(18))
    painter.drawRoundedRect(pill, round_by, round_by)
    ratio = painter.device().devicePixelRatio()
    painter.drawPixmap(
        QPointF(pill.left() + 14, pill.center().y() - size / 2),
        theme.icon(icon, "text", size, ratio),
    )
    painter.setFont(font)
    painter.setPen(theme.colour("text"))
    painter.drawText(pill.adjusted(20 + size, 0, -14, 0), _LINES, text)


def _text_height(font: QFont, text: str, width: float) -> float:
    return QFontMetricsF(font).boundingRect(QRectF(0, 0, width, 4000), int(_WRAP), text).height()


def _key_rows(
    keys: Sequence[tuple[str, str]], theme: Theme, width: float
) -> list[list[tuple[str, str]]]:
    rows: list[list[tuple[str, str]]] = []
    used = width
    for pair in keys:
        needed = _pair_width(pair, theme) + 16
        if used + needed > width:
            rows.append([])
            used = 0
        rows[-1].append(pair)
        used += needed
    return rows


def _pair_width(pair: tuple[str, str], theme: Theme) -> float:
    text = QFontMetricsF(theme.font(BODY)).horizontalAdvance(pair[1])
    return key_cap_width(pair[0], theme) + 6 + text


def _paint_keys(
    painter: QPainter,
    middle: QPointF,
    row: Sequence[tuple[str, str]],
    theme: Theme,
) -> None:
    total = sum(_pair_width(pair, theme) for pair in row) + 16 * (len(row) - 1)
    x, y, half = middle.x() - total / 2, middle.y(), theme.px(12)
    for key, text in row:
        x += paint_key_cap(painter, QPointF(x, y), key, theme) + 6
        painter.setFont(theme.font(BODY))
        painter.setPen(theme.colour("text"))
        width = QFontMetricsF(painter.font()).horizontalAdvance(text)
        painter.drawText(
            QRectF(x, y - half, width + 2, 2 * half), Qt.AlignmentFlag.AlignVCenter, text
        )
        x += width + 16
