"""The line under the image: what just happened, why a key did nothing, the offer to reverse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from modstation.app.session_events import Tone
from modstation.core.commands import COMMANDS, reason_command
from modstation.core.decisions import Verdict
from modstation.core.language import number, translate
from modstation.ui.announce import announce
from modstation.ui.buttons import CommandButton, Shape
from modstation.ui.theme import BODY

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QPaintEvent

    from modstation.app.session_events import Message, OverrideExplained, ReversalOffered
    from modstation.ui.theme import Theme

_SHOWN_MS = 6000
# Icon, ground, colour of the words.
_TONES = {
    Tone.INFO: ("information", "window", "text"),
    Tone.DONE: ("approve", "window", "approve_text"),
    Tone.REFUSED: ("warning", "warning", "warning_text"),
    Tone.PROBLEM: ("warning", "problem", "problem_text"),
}


class MessageLine(QWidget):
    """Shows one message for six seconds (a problem until the next one), or the reversal banner.

    Whatever takes the banner's place ends the offer on it: the undo key must never post a verdict
    that does not stand there.
    """

    offer_gone = Signal()

    def __init__(
        self, theme: Theme, *, key_of: Callable[[str], str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._tone = Tone.INFO
        self._offering = False
        row = QHBoxLayout(self)
        self._text = QLabel(self)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        theme.write_in(self._text, BODY)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._text.setWordWrap(True)
        row.addWidget(self._text, 1)
        self.reverse = CommandButton(COMMANDS["undo"], key_of("undo"), theme, Shape.FLAT)
        self.reverse.hide()
        row.addWidget(self.reverse)
        self._key_of = key_of
        self._idle = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SHOWN_MS)
        self._timer.timeout.connect(self.clear)
        self.fit_text()
        self.name_keys()
        self.clear()

    def fit_text(self) -> None:
        """Two lines of words fit in it at this scale, beside the icon."""
        px = self._theme.px
        self.setFixedHeight(max(px(34), 2 * self._text.fontMetrics().lineSpacing()) + 2)
        layout = self.layout()
        assert layout is not None
        layout.setContentsMargins(20 + px(16), 1, 8, 1)

    def name_keys(self) -> None:
        """The keys are others, or are printed otherwise."""
        idle, before = self._idle_text(), self._idle
        self._idle = idle
        if self._text.text() == before:
            self._put(idle, Tone.INFO, spoken=False)

    def _idle_text(self) -> str:
        hints = (
            ("keys-help", translate("MessageLine", "shows every key")),
            ("palette", translate("MessageLine", "finds every command")),
        )
        return " · ".join(f"{key} {what}" for name, what in hints if (key := self._key_of(name)))

    @property
    def text(self) -> str:
        """What stands there."""
        return self._text.text()

    def show_message(self, message: Message) -> None:
        """Show a message; the banner goes."""
        self._end_offer()
        self._put(message.text, message.tone)
        # Where nothing may move by itself, words do not vanish by themselves either.
        if message.tone is Tone.PROBLEM or self._theme.still:
            self._timer.stop()
        else:
            self._timer.start()

    def offer(self, offer: ReversalOffered) -> None:
        """Show the banner: the last decision is posted, the same key posts the other one."""
        self._timer.stop()
        many = len(offer.decision_ids)
        if many > 1:
            label = translate("MessageLine", "Reverse all {many}").format(many=number(many))
        else:
            label = (
                translate("MessageLine", "Approve instead")
                if offer.verdict is Verdict.APPROVE
                else translate("MessageLine", "Reject instead")
            )
        self._put(offer.text, Tone.REFUSED)
        self.reverse.set_label(label)
        self.reverse.show()
        self._offering = True

    def explain(self, explained: OverrideExplained) -> None:
        """Say what overriding does; the key that asked for it, pressed again, does it."""
        self._end_offer()
        self._timer.stop()
        name = explained.verdict.value
        if explained.reason is not None:
            name = reason_command(explained.reason.key)
        self._put(
            translate("MessageLine", "{effects} Press {key} again to do it.").format(
                effects=explained.effects, key=self._key_of(name)
            ),
            Tone.REFUSED,
        )
        self._offering = True

    def clear(self) -> None:
        """Show where help is to be found."""
        self._end_offer()
        self._put(self._idle, Tone.INFO, spoken=False)

    def _end_offer(self) -> None:
        self.reverse.hide()
        if self._offering:
            # First, for it may clear the line.
            self._offering = False
            self.offer_gone.emit()

    def _put(self, text: str, tone: Tone, *, spoken: bool = True) -> None:
        self._tone = tone
        self._text.setText(text)
        palette = self._text.palette()
        idle = not spoken
        colour = self._theme.colour("muted" if idle else _TONES[tone][2])
        palette.setColor(self._text.foregroundRole(), colour)
        self._text.setPalette(palette)
        self._text.setStyleSheet(f"color: {colour.name()}")
        if spoken:
            announce(self, text, urgent=tone in {Tone.REFUSED, Tone.PROBLEM})
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground and the icon of the tone."""
        icon, ground, colour = _TONES[self._tone]
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour(ground))
        idle = self._text.text() == self._idle
        size, ratio = self._theme.px(16), self.devicePixelRatioF()
        mark = self._theme.icon(icon, "muted" if idle else colour, size, ratio)
        painter.drawPixmap(QPointF(12, (self.height() - size) / 2), mark)
        painter.end()
