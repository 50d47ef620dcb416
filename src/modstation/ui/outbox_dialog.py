"""The outbox: every decision that is not posted, why, and what may be done with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from modstation.app.outbox_tray import Offer, OutboxTray
from modstation.core.decisions import Action
from modstation.core.language import later, translate
from modstation.core.outbox import OperationState
from modstation.ui.announce import announce
from modstation.ui.conflict_view import ConflictView
from modstation.ui.dialog_size import size_dialog
from modstation.ui.keyed_buttons import keyed_button
from modstation.ui.outbox_words import mine_text, row_text, summary, theirs_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.app.station import Station

_SECOND_MS = 1000
# Alt is no letter alone: those mean something else at the image.
_OFFERS = (
    (
        Offer.RETRY,
        later("OutboxDialog", "Try again"),
        "Alt+R",
        later("OutboxDialog", "Post this decision once more."),
    ),
    (
        Offer.POST_NOW,
        later("OutboxDialog", "Post this one"),
        "Alt+P",
        later("OutboxDialog", "Post this decision now."),
    ),
    (
        Offer.DROP,
        later("OutboxDialog", "Drop…"),
        "Del",
        later("OutboxDialog", "Never post this decision; the image may come back."),
    ),
    (
        Offer.KEEP_MINE,
        later("OutboxDialog", "Keep mine"),
        "Alt+K",
        later("OutboxDialog", "Post your verdict over the other one."),
    ),
    (
        Offer.ACCEPT_THEIRS,
        later("OutboxDialog", "Accept theirs"),
        "Alt+T",
        later("OutboxDialog", "Leave the image as the other one decided."),
    ),
    (
        Offer.LOOK_AGAIN,
        later("OutboxDialog", "Look again"),
        "Alt+L",
        later("OutboxDialog", "Bring the image back into the queue."),
    ),
)


class OutboxDialog(QDialog):
    """Rows that are not posted yet, those that need a person first."""

    def __init__(self, station: Station, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(translate("OutboxDialog", "Outbox"))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        size_dialog(self, 860, 620)
        self._station = station
        self._shown: tuple[str, ...] = ()
        self._build()
        self.tray = OutboxTray(station, self._show)
        self._timer = QTimer(self)
        self._timer.setInterval(_SECOND_MS)
        self._timer.timeout.connect(self.tray.read)
        self._timer.start()
        self._show()
        self.rows.setFocus()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(10)
        heading = QLabel(translate("OutboxDialog", "Outbox"))
        heading.setProperty("role", "heading")
        self.summary = QLabel(translate("OutboxDialog", "Reading…"))
        self.summary.setProperty("role", "muted")
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setWordWrap(True)
        self.rows = QListWidget()
        self.rows.setAccessibleName(translate("OutboxDialog", "Decisions that are not posted"))
        self.rows.setWordWrap(True)
        self.rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rows.setSpacing(2)
        self.rows.currentRowChanged.connect(self._chosen)
        self.rows.installEventFilter(self)
        self.sides = ConflictView()
        for widget in (heading, self.summary):
            column.addWidget(widget)
        column.addWidget(self.rows, 1)
        column.addWidget(self.sides)
        column.addWidget(self._drop_row())
        column.addLayout(self._offer_row())
        column.addLayout(self._page_row())

    def _offer_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.offers: dict[Offer, QPushButton] = {}
        for offer, label, key, tip in _OFFERS:
            act = self._ask_why if offer is Offer.DROP else self._acting(offer)
            self.offers[offer] = keyed_button(str(label), key, str(tip), act, parent=self)
            row.addWidget(self.offers[offer])
        row.addStretch(1)
        self.retry, self.give_up = self.offers[Offer.RETRY], self.offers[Offer.DROP]
        self.choices = {
            Action.KEEP_MINE: self.offers[Offer.KEEP_MINE],
            Action.ACCEPT_THEIRS: self.offers[Offer.ACCEPT_THEIRS],
            Action.LOOK_AGAIN: self.offers[Offer.LOOK_AGAIN],
        }
        return row

    def _drop_row(self) -> QWidget:
        self.dropping = QWidget()
        row = QHBoxLayout(self.dropping)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.note = QLineEdit()
        self.note.setPlaceholderText(
            translate("OutboxDialog", "Why it is dropped; kept in the record")
        )
        self.note.setAccessibleName(translate("OutboxDialog", "Why it is dropped"))
        row.addWidget(self.note, 1)
        self.drop = keyed_button(
            translate("OutboxDialog", "Drop it"),
            "Alt+D",
            translate("OutboxDialog", "It is never posted."),
            self._drop,
            parent=self,
        )
        row.addWidget(self.drop)
        self.dropping.hide()
        return self.dropping

    def _page_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        tip = translate("OutboxDialog", "Ask the service again, whatever stopped the outbox.")
        self.try_all = keyed_button(
            translate("OutboxDialog", "Try all now"), "F5", tip, self._try_all, parent=self
        )
        tip = translate("OutboxDialog", "Post what is held for undo.")
        self.post_all = keyed_button(
            translate("OutboxDialog", "Post held"), "Ctrl+S", tip, self._post_held, parent=self
        )
        self.back = keyed_button(
            translate("OutboxDialog", "Page before"),
            "Ctrl+PgUp",
            "",
            self._page_before,
            parent=self,
        )
        self.page = QLabel()
        self.on = keyed_button(
            translate("OutboxDialog", "Next page"), "Ctrl+PgDown", "", self._next_page, parent=self
        )
        close = QPushButton(translate("OutboxDialog", "Close (Esc)"))
        close.setAutoDefault(False)
        close.clicked.connect(self.close)
        for widget in (self.try_all, self.post_all, self.back, self.page, self.on):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(close)
        return row

    def done(self, result: int) -> None:
        """Close; answers that are still to come are not for us."""
        self._timer.stop()
        self.tray.close()
        super().done(result)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter decides nothing here either; Escape leaves the question before the dialog."""
        if event.key() == Qt.Key.Key_Escape and self.dropping.isVisible():
            self._stop_asking()
        elif event.key() not in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Down on the last row goes on to the next page, Up on the first one back."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            last = self.rows.currentRow() == self.rows.count() - 1
            if event.key() == Qt.Key.Key_Down and last and self.tray.more:
                self.tray.next_page()
                return True
            if event.key() == Qt.Key.Key_Up and self.rows.currentRow() == 0 and self.tray.page > 1:
                self.tray.previous_page()
                return True
        return super().eventFilter(watched, event)

    # -- inside

    def _acting(self, offer: Offer) -> Callable[[], None]:
        return lambda: self.tray.act(offer)

    def _ask_why(self) -> None:
        self.note.clear()
        self.dropping.show()
        self.note.setFocus()

    def _stop_asking(self) -> None:
        self.dropping.hide()
        self.rows.setFocus()

    def _post_held(self) -> None:
        self._station.post_now()

    def _page_before(self) -> None:
        self.tray.previous_page()

    def _next_page(self) -> None:
        self.tray.next_page()

    def _drop(self) -> None:
        self.tray.act(Offer.DROP, note=self.note.text().strip() or None)
        self._stop_asking()

    def _try_all(self) -> None:
        self._station.refresh()
        self.tray.read()

    def _chosen(self, index: int) -> None:
        self.tray.choose(index)
        self.dropping.hide()
        self._offer()

    def _show(self) -> None:
        tray, now = self.tray, datetime.now(UTC)
        texts = [row_text(row, self._station.policy, now=now) for row in tray.rows]
        names = tuple(row.row_id for row in tray.rows)
        # The list would tell of rows that come and go in between as if they had been chosen.
        self.rows.blockSignals(True)
        if names != self._shown:
            if self.tray.in_hand is None or self.tray.in_hand.row_id not in self._shown:
                self.dropping.hide()
            self._shown = names
            self.rows.clear()
            for text in texts:
                self.rows.addItem(QListWidgetItem(text))
        for number, text in enumerate(texts):
            item = self.rows.item(number)
            if item.text() != text:
                item.setText(text)
        if self.rows.currentRow() != tray.index:
            self.rows.setCurrentRow(tray.index)
        self.rows.blockSignals(False)
        self._say()
        self._offer()

    def _say(self) -> None:
        tray, session = self.tray, self._station.session
        if tray.problem:
            if tray.problem != self.summary.text():
                announce(self, tray.problem, urgent=True)
            self.summary.setText(tray.problem)
        elif tray.loaded:
            self.summary.setText(summary(session.counts, session.connection, retry_key="F5"))
        self.try_all.setVisible(bool(session.counts.on_the_way))
        self.post_all.setVisible(bool(session.counts.held))
        paged = tray.more or tray.page > 1
        for widget in (self.back, self.page, self.on):
            widget.setVisible(paged)
        self.back.setEnabled(tray.page > 1)
        self.on.setEnabled(tray.more)
        self.page.setText(translate("OutboxDialog", "Page {page}").format(page=tray.page))

    def _offer(self) -> None:
        row, offered = self.tray.in_hand, self.tray.offers
        for offer, button in self.offers.items():
            button.setVisible(offer in offered)
        conflict = row is not None and row.operation.state is OperationState.CONFLICTED
        self.sides.setVisible(conflict)
        if row is not None and conflict:
            self.sides.compare(mine_text(row, self._station.policy), theirs_text(row))
