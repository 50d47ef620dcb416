"""Skipped, flagged and escalated images in three tabs, and the way back from each; the note."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from modstation.core.language import counted, later, number, translate
from modstation.core.queue import Kept
from modstation.ui.announce import announce
from modstation.ui.dialog_size import size_dialog
from modstation.ui.wording import byte_size, moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QKeyEvent

    from modstation.app.review_session import ReviewSession
    from modstation.core.queue import KeptEntry, QueueEntry

_TABS = {
    Kept.SKIPPED: (
        later("ListsSheet", "Skipped"),
        later("ListsSheet", "Put at the back of the queue: {count}."),
        later("ListsSheet", "Nothing is skipped."),
    ),
    Kept.FLAGGED: (
        later("ListsSheet", "Flagged"),
        later("ListsSheet", "Bookmarks; they change nothing of the queue: {count}."),
        later("ListsSheet", "Nothing is flagged."),
    ),
    Kept.ESCALATED: (
        later("ListsSheet", "Escalated"),
        later("ListsSheet", "Waiting for a second opinion: {count}."),
        later("ListsSheet", "Nothing is escalated."),
    ),
}
_BACK = {
    Kept.SKIPPED: later("ListsSheet", "&Bring back (Enter)"),
    Kept.FLAGGED: later("ListsSheet", "&Look at it (Enter)"),
    Kept.ESCALATED: later("ListsSheet", "&Bring back (Enter)"),
}
_NEAR_END = 10


class ListsSheet(QDialog):
    """The lists in words; Left and Right change the list, Enter brings an image on the stage."""

    def __init__(self, session: ReviewSession, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(translate("ListsSheet", "Skipped, flagged, escalated"))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        size_dialog(self, 640, 460)
        self.lists = session.lists(self._show)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        self.tabs = QTabBar()
        self.tabs.setAccessibleName(translate("ListsSheet", "Lists"))
        self.tabs.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for title, _, _ in _TABS.values():
            self.tabs.addTab(str(title))
        column.addWidget(self.tabs)
        self.words = QLabel(translate("ListsSheet", "Reading…"))
        self.words.setProperty("role", "muted")
        self.words.setWordWrap(True)
        column.addWidget(self.words)
        self.rows = _Rows()
        self.rows.setAccessibleName(translate("ListsSheet", "Images of this list"))
        self.rows.setWordWrap(True)
        self.rows.setSpacing(2)
        column.addWidget(self.rows, 1)
        column.addLayout(self._buttons())
        self.tabs.currentChanged.connect(lambda _: self._choose())
        self.rows.itemActivated.connect(lambda _: self._bring_back())
        self.rows.turned.connect(self._turn)
        self.rows.removed.connect(self._unflag)
        self.rows.currentRowChanged.connect(self._near_end)
        self.rows.setFocus()
        self._choose()

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.back = QPushButton(str(_BACK[Kept.SKIPPED]))
        self.back.clicked.connect(self._bring_back)
        self.remove = QPushButton(translate("ListsSheet", "&Remove flag (Del)"))
        self.remove.clicked.connect(self._unflag)
        close = QPushButton(translate("ListsSheet", "Close (Esc)"))
        close.clicked.connect(self.close)
        for button in (self.back, self.remove, close):
            button.setAutoDefault(False)
        row.addWidget(self.back)
        row.addWidget(self.remove)
        row.addStretch(1)
        row.addWidget(close)
        return row

    def done(self, result: int) -> None:
        """Close; answers that are still to come are not for us."""
        self.lists.close()
        super().done(result)

    # -- inside

    def _turn(self, by: int) -> None:
        self.tabs.setCurrentIndex((self.tabs.currentIndex() + by) % self.tabs.count())

    def _choose(self) -> None:
        kept = list(_TABS)[self.tabs.currentIndex()]
        self.back.setText(str(_BACK[kept]))
        self.remove.setVisible(kept is Kept.FLAGGED)
        self.lists.show(kept)

    def _show(self) -> None:
        lists = self.lists
        for at, (kept, (title, _, _)) in enumerate(_TABS.items()):
            count = lists.counts.get(kept, 0)
            self.tabs.setTabText(at, f"{title} {number(count)}" if count else str(title))
        self.rows.blockSignals(True)
        fresh = lists.rows[self.rows.count() :] if self._same() else self._anew()
        for row in fresh:
            self.rows.addItem(QListWidgetItem(_text(row)))
        self.rows.blockSignals(False)
        if self.rows.currentRow() < 0 and self.rows.count():
            self.rows.setCurrentRow(0)
        _, what, none = _TABS[lists.kept]
        images = counted(
            lists.counts.get(lists.kept, 0), translate("ListsSheet", "{n} image|{n} images")
        )
        told = str(what).format(count=images) if lists.rows else str(none)
        words = lists.problem or told
        if words != self.words.text():
            self.words.setText(words)
            announce(self, words)
        for button in (self.back, self.remove):
            button.setEnabled(bool(lists.rows))

    def _same(self) -> bool:
        """What is shown is the beginning of what is there: only a page was added."""
        shown = [self.rows.item(number).text() for number in range(self.rows.count())]
        return bool(shown) and shown == [_text(row) for row in self.lists.rows[: len(shown)]]

    def _anew(self) -> list[KeptEntry]:
        self.rows.clear()
        return self.lists.rows

    def _near_end(self, number: int) -> None:
        if number >= self.rows.count() - _NEAR_END:
            self.lists.more()

    def _bring_back(self) -> None:
        number = self.rows.currentRow()
        if 0 <= number < len(self.lists.rows):
            self.lists.bring_back(number, self.accept)

    def _unflag(self) -> None:
        number = self.rows.currentRow()
        if self.lists.kept is Kept.FLAGGED and 0 <= number < len(self.lists.rows):
            self.lists.unflag(number)


class _Rows(QListWidget):
    """A list whose sideways arrows turn to another one, and whose Delete removes."""

    turned = Signal(int)
    removed = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Left:
                self.turned.emit(-1)
            case Qt.Key.Key_Right:
                self.turned.emit(1)
            case Qt.Key.Key_Delete:
                self.removed.emit()
            case _:
                super().keyPressEvent(event)


class EscalateDialog(QDialog):
    """Asks why an image goes to somebody else; Enter sends it there, Escape does not."""

    escalated = Signal(object)

    def __init__(self, entry: QueueEntry, note: str, *, current: Callable[[], str | None]) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(translate("ListsSheet", "Escalate"))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        size_dialog(self, 480, 200)
        self._key = entry.key
        self._current = current
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        heading = QLabel(translate("ListsSheet", "Ask for a second opinion"))
        heading.setProperty("role", "heading")
        self.words = QLabel(
            translate(
                "ListsSheet",
                "{name} leaves your queue and stays pending at the service, for somebody"
                " else to decide.",
            ).format(name=entry.asset.ref.public_id)
        )
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setWordWrap(True)
        self.note = QLineEdit(note)
        self.note.setMaxLength(2000)
        self.note.setAccessibleName(translate("ListsSheet", "Why, or what is to be looked at"))
        self.note.setPlaceholderText(translate("ListsSheet", "Why, or what is to be looked at"))
        self.note.returnPressed.connect(self._escalate)
        row = QHBoxLayout()
        self.escalate = QPushButton(translate("ListsSheet", "&Escalate (Enter)"))
        self.escalate.clicked.connect(self._escalate)
        cancel = QPushButton(translate("ListsSheet", "Cancel (Esc)"))
        cancel.clicked.connect(self.close)
        for button in (self.escalate, cancel):
            button.setAutoDefault(False)
        row.addWidget(self.escalate)
        row.addStretch(1)
        row.addWidget(cancel)
        for widget in (heading, self.words, self.note):
            column.addWidget(widget)
        column.addStretch(1)
        column.addLayout(row)
        self.note.setFocus()

    def _escalate(self) -> None:
        if self._current() != self._key:
            self.words.setText(translate("ListsSheet", "Another image is on the stage now."))
            announce(self, self.words.text(), urgent=True)
            return
        # Closed first: the window has the keyboard again when the next image comes.
        self.close()
        self.escalated.emit(self.note.text().strip() or None)


def _text(row: KeptEntry) -> str:
    asset = row.entry.asset
    parts = [asset.status.word]
    if asset.bytes:
        parts.append(byte_size(asset.bytes))
    if row.at is not None:
        parts.append(
            translate("ListsSheet", "since {when} by {actor}").format(
                when=moment(row.at), actor=row.actor or translate("ListsSheet", "you")
            )
        )
    elif row.entry.position.lane > 1:
        parts.append(
            translate("ListsSheet", "skipped {count} times").format(count=row.entry.position.lane)
        )
    note = f"\n“{row.note}”" if row.note else ""
    return f"{asset.ref.public_id}\n{' · '.join(parts)}{note}"
