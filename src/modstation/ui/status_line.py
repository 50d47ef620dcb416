"""The line at the bottom: connection, outbox, and how the work goes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from modstation.core.commands import COMMANDS
from modstation.core.language import counted, number, translate
from modstation.ui.buttons import CommandButton, Shape
from modstation.ui.theme import BODY
from modstation.ui.wording import CONNECTION_WORDS, moment, outbox_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from modstation.app.station import Station
    from modstation.ui.theme import Theme

_WIDE_FROM = 1000
# Margins, and the gaps between the figures at the right.
_AROUND = 36
_BUTTONS = ("offline", "refresh", "outbox", "post-now", "accounts")


class StatusLine(QWidget):
    """Reads the station when it is told to; offline is a state one sees here, not a dialog."""

    def __init__(
        self,
        station: Station,
        theme: Theme,
        *,
        key_of: Callable[[str], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._station = station
        self._theme = theme
        # What the width was last shared out among.
        self._fits: tuple[int, ...] = ()
        self.setAccessibleName(translate("StatusLine", "Status"))
        self.buttons = {
            name: CommandButton(COMMANDS[name], key_of(name), theme, Shape.FLAT, parent=self)
            for name in _BUTTONS
        }
        self.buttons["accounts"].set_label(station.account.name)
        for button in self.buttons.values():
            button.setSizePolicy(button.sizePolicy().Policy.Fixed, button.sizePolicy().Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 12, 4)
        row.setSpacing(8)
        self._mark = QLabel(self)
        self._connection = self._text()
        self._outbox = self._text()
        self._waiting, self._decided, self._pace = self._text(), self._text(), self._text()
        self._clock = self._text()
        for widget in (
            self._mark,
            self._connection,
            self.buttons["offline"],
            self.buttons["refresh"],
            self._outbox,
            self.buttons["outbox"],
            self.buttons["post-now"],
        ):
            row.addWidget(widget)
        row.addStretch(1)
        for widget in (self._waiting, self._decided, self._pace, self.buttons["accounts"]):
            row.addWidget(widget)
            row.addSpacing(4)
        row.addWidget(self._clock)
        self.fit_text()

    def fit_text(self) -> None:
        """As high as its words and buttons are at this scale."""
        self.setFixedHeight(self._theme.px(26) + 10)
        self.refresh()

    def _text(self) -> QLabel:
        label = QLabel(self)
        label.setTextFormat(Qt.TextFormat.PlainText)
        self._theme.write_in(label, BODY)
        return label

    @property
    def texts(self) -> dict[str, str]:
        """What stands there, by what it speaks of."""
        return {
            "connection": self._connection.text(),
            "outbox": self._outbox.text(),
            "waiting": self._waiting.text(),
            "decided": self._decided.text(),
            "pace": self._pace.text(),
            "clock": self._clock.text(),
        }

    def refresh(self) -> None:
        """Say how things stand now."""
        session, now = self._station.session, datetime.now(UTC)
        change = session.connection
        icon, word, colour = CONNECTION_WORDS[change.connection]
        ratio = self.devicePixelRatioF()
        self._mark.setPixmap(self._theme.icon(icon, colour, self._theme.px(16), ratio))
        tip = change.message
        if change.until:
            tip = (
                translate("StatusLine", "{tip} Tried again at {when}.")
                .format(tip=tip, when=moment(change.until))
                .strip()
            )
        _set(self._connection, str(word))
        self._connection.setToolTip(tip)
        self._connection.setAccessibleDescription(tip)
        offline = self.buttons["offline"]
        offline.set_label(
            translate("StatusLine", "Go online")
            if self._station.offline
            else COMMANDS["offline"].label
        )
        counts = session.counts
        _set(self._outbox, outbox_text(counts, change, now=now))
        pace = session.pace()
        _set(
            self._waiting,
            translate("StatusLine", "{count} left").format(count=number(counts.waiting)),
        )
        _set(
            self._decided,
            translate("StatusLine", "{count} decided").format(count=number(pace.decided)),
        )
        rate = None if pace.per_hour is None else round(pace.per_hour)
        short = translate("StatusLine", "{count}/h")
        _set(self._pace, "" if rate is None else short.format(count=number(rate)))
        self._pace.setAccessibleName(
            ""
            if rate is None
            else counted(rate, translate("StatusLine", "{n} image an hour|{n} images an hour"))
        )
        _set(self._clock, f"{now.astimezone():%H:%M}")
        self._give_way()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window the buttons are worth more than these."""
        super().resizeEvent(event)
        self._give_way()

    def _give_way(self) -> None:
        held = bool(self._station.session.counts.held)
        words = (*self.texts.values(), *(button.text() for button in self.buttons.values()))
        # Measuring takes half a millisecond: only when a word became longer or shorter.
        fits = (self.width(), self._theme.text_scale, held, *map(len, words))
        if fits == self._fits:
            return
        self._fits = fits
        wide = self.width() >= self._theme.px(_WIDE_FROM)
        # What gives way first stands first.
        wanted: dict[QWidget, bool] = {
            self._clock: wide,
            self._decided: wide,
            self._pace: wide and bool(self._pace.text()),
            self.buttons["accounts"]: True,
            self._waiting: True,
            self.buttons["refresh"]: True,
            self.buttons["post-now"]: held,
            self.buttons["outbox"]: True,
            self.buttons["offline"]: True,
        }
        widths = {
            widget: widget.sizeHint().width() + 8 for widget, there in wanted.items() if there
        }
        always = (self._mark, self._connection, self._outbox)
        room = self.width() - _AROUND - sum(widget.sizeHint().width() + 8 for widget in always)
        for widget, there in wanted.items():
            if there and sum(widths.values()) > room:
                del widths[widget]
            widget.setVisible(widget in widths)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground and the line above."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("window"))
        painter.fillRect(0, 0, self.width(), 1, self._theme.colour("line"))
        painter.end()


def _set(label: QLabel, text: str) -> None:
    # Setting the same text again would still lay the whole line out anew.
    if label.text() != text:
        label.setText(text)
