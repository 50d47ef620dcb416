"""The sheets one opens by a key: every key, the manual."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QPainter, QTextBlockFormat, QTextCursor
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from modstation.core.commands import COMMANDS
from modstation.core.keymap import group_title
from modstation.core.language import translate
from modstation.core.shipped import resources
from modstation.ui.cards import key_cap_width, paint_key_cap
from modstation.ui.overlay import Overlay
from modstation.ui.theme import BODY, TITLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PySide6.QtGui import QPaintEvent

    from modstation.core.keymap import Keymap
    from modstation.ui.theme import Theme

_PROPORTIONAL = QTextBlockFormat.LineHeightTypes.ProportionalHeight.value


def keys_sheet(
    theme: Theme,
    keymap: Keymap,
    *,
    printed: Callable[[str], str],
    reasons: Mapping[str, str],
    parent: QWidget,
) -> Overlay:
    """Every command with its keys, from the keymap in use; ``reasons`` by command name."""
    inside = QWidget()
    columns = QHBoxLayout(inside)
    columns.setContentsMargins(12, 4, 12, 8)
    columns.setSpacing(32)
    wide = parent.width() >= theme.px(1100)
    groups: list[tuple[str, ...]] = [
        ("Decide", "Move"),
        ("Look", "Grid"),
        ("Panels", "Service", "Window"),
    ]
    if not wide:
        groups = [("Decide", "Move", "Panels"), ("Look", "Grid", "Service", "Window")]
    for names in groups:
        column = QVBoxLayout()
        column.setSpacing(4)
        for group in names:
            title = QLabel(group_title(group))
            theme.write_in(title, TITLE, strong=True)
            title.setContentsMargins(0, 8, 0, 4)
            column.addWidget(title)
            for command in COMMANDS.values():
                if command.group == group:
                    label = reasons.get(command.name, command.label)
                    keys = [printed(key) for key in keymap.keys_for(command.name)]
                    column.addWidget(_KeyRow(theme, keys, label, command.help))
        column.addStretch(1)
        columns.addLayout(column, 1)
    area = QScrollArea()
    area.setWidget(inside)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return Overlay(
        theme,
        translate("Sheets", "Keys · {name} keymap").format(name=keymap.name),
        area,
        widest=theme.px(1120 if wide else 820),
        needed=inside.sizeHint().height(),
        parent=parent,
    )


def help_sheet(theme: Theme, *, parent: QWidget) -> Overlay:
    """The manual that is shipped with the program."""
    text = (resources() / "help" / "station.md").read_text(encoding="utf-8")
    browser = QTextBrowser()
    browser.setOpenLinks(False)
    browser.document().setDefaultStyleSheet(f"a {{ color: {theme.colour('accent').name()}; }}")
    theme.write_in(browser, BODY)
    browser.document().setDocumentMargin(12)
    browser.setMarkdown(text)
    _space_out(browser)
    return Overlay(
        theme,
        translate("Sheets", "Manual"),
        browser,
        widest=theme.px(760),
        needed=theme.px(760),
        parent=parent,
    )


def _space_out(browser: QTextBrowser) -> None:
    """Give headings and paragraphs room; Qt's own Markdown sets them without any."""
    block = browser.document().begin()
    while block.isValid():
        form = block.blockFormat()
        heading = form.headingLevel() > 0
        form.setTopMargin(16 if heading else 4)
        form.setBottomMargin(4)
        form.setLineHeight(120, _PROPORTIONAL)
        QTextCursor(block).setBlockFormat(form)
        block = block.next()


class KeyCaps(QWidget):
    """Keys as they are printed, one beside the other."""

    def __init__(self, theme: Theme, keys: list[str]) -> None:
        super().__init__()
        self._theme = theme
        self._keys = keys
        self.fit_text()

    def fit_text(self) -> None:
        """As large as the keys are at this scale."""
        self.setFixedSize(self.sizeHint())

    def sizeHint(self) -> QSize:
        """As wide as the keys are."""
        widths = [key_cap_width(key, self._theme) + 4 for key in self._keys]
        px = self._theme.px
        return QSize(round(max(sum(widths), px(24))), px(22))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the keys."""
        painter = QPainter(self)
        x = 0.0
        for key in self._keys:
            x += 4 + paint_key_cap(painter, QPointF(x, self.height() / 2), key, self._theme)
        painter.end()


class _KeyRow(QWidget):
    def __init__(self, theme: Theme, keys: list[str], label: str, help_text: str) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        name = QLabel(label)
        name.setTextFormat(Qt.TextFormat.PlainText)
        theme.write_in(name, BODY)
        name.setWordWrap(True)
        name.setToolTip(help_text)
        name.setAccessibleDescription(
            translate("Sheets", "{help} Keys: {keys}.").format(
                help=help_text, keys=", ".join(keys) or translate("Sheets", "none")
            )
        )
        row.addWidget(name, 1)
        row.addWidget(KeyCaps(theme, keys))
