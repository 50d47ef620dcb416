"""The panel at the right: what is known of the image, the reasons, the note, the decision."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from modstation.app.evidence import evidence
from modstation.core.commands import COMMANDS
from modstation.core.language import number, translate
from modstation.ui.buttons import CommandButton, Shape
from modstation.ui.chain_strip import ChainStrip
from modstation.ui.fact_rows import FactRows
from modstation.ui.foreign_text import breakable, in_tooltip
from modstation.ui.label_bars import LabelBars
from modstation.ui.plain_words import plain_label
from modstation.ui.reason_buttons import ReasonButtons
from modstation.ui.theme import BODY, TITLE
from modstation.ui.wording import clock_text, facts

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QKeyEvent, QPaintEvent, QResizeEvent

    from modstation.app.evidence import Evidence
    from modstation.core.assets import Asset
    from modstation.core.policy import Policy
    from modstation.core.queue import QueueEntry
    from modstation.ui.theme import Theme

# A narrower panel than the usual one cuts the reasons, which stand in two columns there.
WIDTH, NARROW = 320, 280
# Below this height of the panel the reasons stand in two columns, or the evidence has no room.
_LOW = 660
# Below this one there is no room for them: their keys are in the policy and among all keys.
_LOWEST = 380
# Beside the evidence: margins, its own, and the bar that scrolls it.
_BESIDE = 17 + 16 + 8 + 14


class EvidencePanel(QWidget):
    """Shows one entry; its widgets are made once and filled again for every image."""

    note_changed = Signal(str)
    note_left = Signal()

    def __init__(
        self,
        theme: Theme,
        policy: Policy,
        *,
        key_of: Callable[[str], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._key_of = key_of
        self._shown: Asset | None = None
        self._evidence_shown: Evidence | None = None
        self._hide_verdict = False
        self.buttons: dict[str, CommandButton] = {}
        self.setFixedWidth(WIDTH)
        self.setAccessibleName(translate("EvidencePanel", "Evidence and decision"))
        column = QVBoxLayout(self)
        column.setContentsMargins(17, 12, 16, 12)
        column.setSpacing(8)
        self._name = plain_label(theme, TITLE, self, strong=True, selectable=True)
        self._chain = ChainStrip(theme, self)
        self._waiting = plain_label(theme, BODY, self)
        self._place = plain_label(theme, BODY, self, role="muted")
        self._stopped = plain_label(theme, BODY, self, strong=True)
        # Who settled it, when and why; empty for what waits.
        self._decided = plain_label(theme, BODY, self)
        self._decided.hide()
        self._alike = CommandButton(
            COMMANDS["group"], self._key_of("group"), self._theme, Shape.FLAT, parent=self
        )
        self._alike.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.buttons["group"] = self._alike
        self.show_alike(0)
        column.addWidget(self._evidence(), 1)
        column.addWidget(self._alike)
        self._reasons = ReasonButtons(theme, policy, key_of=key_of, owner=self)
        self.buttons.update(self._reasons.buttons)
        column.addLayout(self._reasons)
        column.addLayout(self._note_row())
        column.addLayout(self._decision_buttons())
        self.setTabOrder(self.note, self.buttons["approve"])
        self.fit_text()

    def fit_text(self) -> None:
        """Give way where the height has no room for everything at this scale."""
        px = self._theme.px
        self._reasons.place(columns=2 if self.height() < px(_LOW) else 1)
        for button in self._reasons.buttons.values():
            button.setVisible(self.height() >= px(_LOWEST))
        self._alike.setVisible(self._alike.isEnabled() or self.height() >= px(_LOW))
        self._arrange_labels()

    def _arrange_labels(self) -> None:
        """Put the button under the words where both together are wider than the panel."""
        row = self._labels_row
        parts = (self._labels_title, self.buttons["machine-verdict"])
        needed = sum(part.minimumSizeHint().width() for part in parts)
        across = needed + row.spacing() + _BESIDE <= self.width()
        row.setDirection(row.Direction.LeftToRight if across else row.Direction.TopToBottom)

    # -- what the window tells

    def show_entry(self, entry: QueueEntry | None) -> None:
        """Fill the panel for another image; the note starts empty."""
        self.note.blockSignals(True)
        self.note.clear()
        self.note.blockSignals(False)
        self._shown = entry.asset if entry else None
        self.setEnabled(True)
        self._area.verticalScrollBar().setValue(0)
        self._fill()

    def hide_verdict(self, *, hide: bool) -> None:
        """Show what machines found, or nothing of it until the decision."""
        self._hide_verdict = hide
        self._fill()

    @property
    def verdict_hidden(self) -> bool:
        """What machines found of this image is not to be told yet."""
        return self._evidence_shown is not None and self._evidence_shown.verdict_hidden

    def _fill(self) -> None:
        asset = self._shown
        self.buttons["machine-verdict"].set_label(
            translate("EvidencePanel", "Show")
            if self._hide_verdict
            else translate("EvidencePanel", "Hide")
        )
        if asset is None:
            self._evidence_shown = None
            self._name.setText(translate("EvidencePanel", "No image"))
            self._chain.show_steps(())
            self._waiting.setText("")
            self._bars.show_labels(())
            self._labels_title.setText("")
            self.facts.fill([])
            self._offer(None)
            return
        shown = self._evidence_shown = evidence(asset, hide_verdict=self._hide_verdict)
        self._name.setText(breakable(asset.ref.public_id))
        self._name.setToolTip(in_tooltip(asset.ref.public_id))
        self._chain.show_steps(shown.chain)
        self.tick()
        self._bars.show_labels(shown.labels)
        self.buttons["machine-verdict"].setVisible(shown.machine)
        if shown.verdict_hidden:
            self._labels_title.setText(
                translate("EvidencePanel", "Machine verdict hidden until you decide")
            )
        else:
            self._labels_title.setText(
                translate("EvidencePanel", "Machine labels")
                if shown.labels
                else translate("EvidencePanel", "No machine labels")
            )
        self._arrange_labels()
        self.facts.fill([*facts(asset), *shown.facts])
        self._offer(shown.obstacle)

    def _offer(self, obstacle: str | None) -> None:
        """Offer decisions, or say in the panel and on every button why there is none to make."""
        self._stopped.setText(obstacle or "")
        self._stopped.setVisible(obstacle is not None)
        for name, button in self.buttons.items():
            if COMMANDS[name].decides and name != "skip":
                button.offer(obstacle)

    def name_keys(self) -> None:
        """The keys are others, or are printed otherwise."""
        asked = translate("EvidencePanel", "Note for this decision ({key})").format(
            key=self._key_of("note")
        )
        self.note.setPlaceholderText(asked)
        # A narrow field has no room for all of it.
        self.note.setToolTip(asked)
        self._arrange_labels()

    def show_place(self, text: str) -> None:
        """Say why this image is here now."""
        if text != self._place.text():
            self._place.setText(text)
            self._place.setVisible(bool(text))

    @property
    def place(self) -> str:
        """What stands there of why this image is here."""
        return self._place.text()

    def show_decided(self, text: str) -> None:
        """Say who settled the image that is shown, when and why; an empty text hides the line."""
        self._decided.setText(text)
        self._decided.setVisible(bool(text))

    @property
    def decided(self) -> str:
        """What stands there of who settled the image."""
        return self._decided.text()

    def show_alike(self, count: int) -> None:
        """Say how many images are nearly the same, this one among them."""
        self._alike.set_label(
            translate("EvidencePanel", "{count} alike").format(count=number(count))
            if count > 1
            else translate("EvidencePanel", "None alike")
        )
        self._alike.setEnabled(count > 1)
        self._alike.setVisible(count > 1 or self.height() >= self._theme.px(_LOW))

    def tick(self) -> None:
        """Time has passed."""
        if self._shown is not None and self._evidence_shown is not None:
            text = clock_text(self._shown, self._evidence_shown, now=datetime.now(UTC))
            if text != self._waiting.text():
                self._waiting.setText(text)

    # -- inside

    def _evidence(self) -> QScrollArea:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 4, 8, 0)
        column.setSpacing(6)
        # With large words in a low window not even this much fits at once.
        parts: tuple[QWidget, ...] = (self._name, self._chain, self._waiting)
        for part in (*parts, self._stopped, self._decided, self._place):
            column.addWidget(part)
        self._labels_title = plain_label(self._theme, BODY, self, role="muted")
        self._bars = LabelBars(self._theme)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self._labels_title, 1)
        self.buttons["machine-verdict"] = CommandButton(
            COMMANDS["machine-verdict"],
            self._key_of("machine-verdict"),
            self._theme,
            Shape.FLAT,
            parent=inside,
        )
        row.addWidget(self.buttons["machine-verdict"])
        self._labels_row = row
        column.addLayout(row)
        column.addWidget(self._bars)
        self.facts = FactRows(self._theme, self)
        column.addLayout(self.facts)
        column.addStretch(1)
        area = QScrollArea(self)
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Reached by Tab; there the arrows scroll.
        area.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        area.setMinimumHeight(48)
        self._area = area
        area.setAccessibleName(translate("EvidencePanel", "Evidence"))
        return area

    def _note_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.note = _NoteField(self)
        self.name_keys()
        self.note.setAccessibleName(translate("EvidencePanel", "Note for this decision"))
        self.note.setMaxLength(2000)
        self._theme.write_in(self.note, BODY)
        self.note.textChanged.connect(self.note_changed)
        self.note.left.connect(self.note_left)
        row.addWidget(self.note)
        return row

    def _decision_buttons(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(8)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        for at, name in enumerate(("approve", "reject", "skip", "undo", "flag", "escalate")):
            fill = name if name in {"approve", "reject"} else None
            button = CommandButton(
                COMMANDS[name],
                self._key_of(name),
                self._theme,
                Shape.ACTION,
                fill=fill,
                parent=self,
            )
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            self.buttons[name] = button
            grid.addWidget(button, at // 2, at % 2)
        return grid

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Use the height there is."""
        super().resizeEvent(event)
        self.fit_text()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground and the line at the left."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("panel"))
        painter.fillRect(0, 0, 1, self.height(), self._theme.colour("line"))
        painter.end()


class _NoteField(QLineEdit):
    """A line of text that Escape and Enter leave."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.left.emit()
            return
        super().keyPressEvent(event)
