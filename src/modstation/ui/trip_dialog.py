"""Taking images along: how many, what it needs, how far it has got, and how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from modstation.app.offline_trip import TripStage
from modstation.core.language import counted, number, translate
from modstation.core.trip import MOST
from modstation.ui.announce import announce
from modstation.ui.dialog_size import widen_dialog
from modstation.ui.keyed_buttons import keyed_button
from modstation.ui.wording import byte_size

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from modstation.app.station import Station
    from modstation.core.trip import Estimate, TripSummary

_FIRST_OFFER = 200
# A number is typed digit by digit.
_TYPED_MS = 150


class TripDialog(QDialog):
    """One trip, from the question how many to the summary; closing it stops nothing."""

    def __init__(self, station: Station, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(translate("TripDialog", "Work offline"))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        widen_dialog(self, 560)
        self._station = station
        self._trip = station.trip
        self._said: TripStage | None = None
        self._open = True
        self._estimate: Estimate | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        heading = QLabel(translate("TripDialog", "Work offline"))
        heading.setProperty("role", "heading")
        column.addWidget(heading)
        column.addWidget(self._question())
        self.words = QLabel()
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setAccessibleName(translate("TripDialog", "Pictures taken along"))
        column.addWidget(self.words)
        column.addWidget(self.bar)
        column.addStretch(1)
        column.addLayout(self._buttons())
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_TYPED_MS)
        self._timer.timeout.connect(self._measure)
        self.number.valueChanged.connect(lambda _: self._timer.start())
        self._trip.changed = self._show
        self._show()
        self._measure()

    def _question(self) -> QWidget:
        self.question = QWidget()
        rows = QVBoxLayout(self.question)
        rows.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        label = QLabel(
            translate("TripDialog", "&Images to take along, from the start of the queue:")
        )
        self.number = QSpinBox()
        self.number.setRange(1, MOST)
        self.number.setValue(max(1, min(_FIRST_OFFER, self._station.session.counts.waiting)))
        label.setBuddy(self.number)
        label.setWordWrap(True)
        row.addWidget(label, 1)
        row.addWidget(self.number)
        rows.addLayout(row)
        self.leaves = QCheckBox(translate("TripDialog", "Go offline as soon as they are &here"))
        self.leaves.setChecked(True)
        rows.addWidget(self.leaves)
        return self.question

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.take = keyed_button(
            translate("TripDialog", "Take along"),
            "Alt+T",
            translate("TripDialog", "Fetch these pictures now."),
            self._take,
            parent=self,
        )
        self.release = keyed_button(
            translate("TripDialog", "Release"),
            "Alt+R",
            translate(
                "TripDialog",
                "Keep these pictures no longer than others; decisions are not touched.",
            ),
            self._release,
            parent=self,
        )
        close = QPushButton(translate("TripDialog", "Close (Esc)"), self)
        close.setAutoDefault(False)
        close.clicked.connect(self.close)
        row.addWidget(self.take)
        row.addWidget(self.release)
        row.addStretch(1)
        row.addWidget(close)
        return row

    def done(self, result: int) -> None:
        """Close; the trip goes on by itself."""
        self._open = False
        self._timer.stop()
        self._trip.changed = lambda: None
        super().done(result)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter does nothing here."""
        if event.key() not in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            super().keyPressEvent(event)

    # -- inside

    def _measure(self) -> None:
        if self._trip.stage is TripStage.NONE:
            self.take.setEnabled(False)
            self._trip.estimate(self.number.value(), self._measured)

    def _measured(self, estimate: Estimate) -> None:
        if self._open and self._trip.stage is TripStage.NONE:
            self._estimate = estimate
            self.take.setEnabled(estimate.possible and not self._station.offline)
            self._show()

    def _take(self) -> None:
        if self.take.isEnabled():
            self._trip.begin(self.number.value(), leaves=self.leaves.isChecked())
            self._show()

    def _release(self) -> None:
        self._trip.release()
        self._measure()

    def _show(self) -> None:
        trip, asking = self._trip, self._trip.stage is TripStage.NONE
        self.question.setVisible(asking)
        self.take.setVisible(asking)
        self.release.setVisible(not asking)
        self.bar.setVisible(trip.stage is TripStage.TAKING)
        self.bar.setRange(0, max(1, trip.progress.wanted))
        self.bar.setValue(trip.progress.ready + trip.progress.missing)
        self.words.setText(self._text())
        if trip.stage is not self._said:
            # The numbers in it go up all the time; what is said is where it stands.
            self._said = trip.stage
            announce(self, self.words.text())

    def _text(self) -> str:
        trip = self._trip
        if trip.problem:
            return trip.problem
        progress = trip.progress
        missing = ""
        if progress.missing:
            told = translate("TripDialog", "{missing} could not be fetched.")
            missing = " " + told.format(missing=number(progress.missing))
        match trip.stage:
            case TripStage.TAKING:
                forms = translate(
                    "TripDialog", "{ready} of {n} image here.|{ready} of {n} images here."
                )
                return counted(progress.wanted, forms, ready=number(progress.ready)) + missing
            case TripStage.READY | TripStage.AWAY:
                forms = translate(
                    "TripDialog",
                    "{n} image taken along and kept until it is decided and posted, or released."
                    "|{n} images taken along and kept until they are decided and posted, or"
                    " released.",
                )
                return counted(progress.wanted, forms) + missing
            case TripStage.BACK:
                return summary_text(trip.summary)
            case _:
                before = summary_text(trip.summary) + "\n" if trip.summary else ""
                if self._station.offline:
                    return before + translate(
                        "TripDialog", "Images can be taken along while you are online."
                    )
                return before + (
                    estimate_text(self._estimate)
                    if self._estimate
                    else translate("TripDialog", "Measuring…")
                )


def estimate_text(estimate: Estimate) -> str:
    """What it needs and what there is, in one or two sentences."""
    if not estimate.images:
        return translate("TripDialog", "Nothing waits in the queue.")
    needs = counted(
        estimate.images,
        translate("TripDialog", "{n} image needs about {size}|{n} images need about {size}"),
        size=byte_size(estimate.needs),
    )
    if estimate.needs > estimate.cache:
        return translate(
            "TripDialog",
            "{needs}; the image cache may take {size} (setting cache_limit_mb)."
            " There is room for about {fits}.",
        ).format(needs=needs, size=byte_size(estimate.cache), fits=number(estimate.fits))
    text = translate("TripDialog", "{needs}, {size} are free.").format(
        needs=needs, size=byte_size(estimate.free)
    )
    if not estimate.possible:
        room = translate("TripDialog", "There is room for about {fits}.")
        text += " " + room.format(fits=number(estimate.fits))
    return text


def summary_text(summary: TripSummary | None) -> str:
    """How the trip's decisions fared."""
    if summary is None or not summary.decided:
        return translate("TripDialog", "Back online: nothing was decided on the way.")
    parts = [translate("TripDialog", "{count} posted").format(count=number(summary.posted))]
    if summary.waiting:
        parts.append(
            translate("TripDialog", "{waiting} still to post").format(
                waiting=number(summary.waiting)
            )
        )
    parts.append(counted(summary.conflicts, translate("TripDialog", "{n} conflict|{n} conflicts")))
    parts.append(translate("TripDialog", "{count} gone").format(count=number(summary.gone)))
    if summary.stuck:
        parts.append(translate("TripDialog", "{count} stuck").format(count=number(summary.stuck)))
    return translate("TripDialog", "Back online: {what}.").format(what=", ".join(parts))
