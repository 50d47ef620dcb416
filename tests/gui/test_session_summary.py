"""The summary of a session: on a key, before closing, as charts and as a file."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from modstation.core.figures import Figures
from modstation.ui.session_dialog import SessionDialog, line_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from helpers.window import Desk


def opened(desk: Desk) -> SessionDialog:
    dialog = desk.window.findChild(SessionDialog)
    assert isinstance(dialog, SessionDialog)
    return dialog


def post_everything(desk: Desk) -> None:
    """Post what was decided, and have it counted."""
    desk.post_everything()
    desk.session.reload()


def words(dialog: SessionDialog) -> str:
    return dialog._inside.accessibleName()


def test_f9_sums_up_what_was_decided_in_this_session(desk: Desk) -> None:
    desk.press("A", "1", "X", "U")
    desk.press("F9")
    dialog = opened(desk)
    desk.until(lambda: "Decided: 2: 1 approved, 1 rejected" in words(dialog))
    assert "Reason: Nudity: 1" in words(dialog)
    assert "Taken back: 1" in words(dialog)
    assert "Median per image" in words(dialog)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert desk.window.isVisible()
    desk.press("A")
    assert len(desk.stored()) == 4


def test_charts_are_drawn_only_when_they_are_asked_for(desk: Desk) -> None:
    desk.press("A", "1", "2", "2", "F9")
    dialog = opened(desk)
    desk.until(lambda: "Reason" in words(dialog))
    assert dialog.charts is None
    QTest.keyClick(dialog, Qt.Key.Key_C, Qt.KeyboardModifier.AltModifier)
    assert dialog.charts is not None
    assert "Adult sexual content 2, Nudity 1" in dialog.charts.accessibleName()
    dialog.close()


def test_the_figures_are_saved_as_csv_by_key(desk: Desk, tmp_path: Path) -> None:
    desk.press("A", "A", "F9")
    dialog = opened(desk)
    desk.until(lambda: "2 approved" in words(dialog))
    QTest.keyClick(dialog, Qt.Key.Key_S, Qt.KeyboardModifier.AltModifier)
    ask = dialog.findChild(QFileDialog)
    assert isinstance(ask, QFileDialog)
    path = tmp_path / "mine.csv"
    ask.fileSelected.emit(str(path))
    ask.close()
    desk.until(lambda: "Saved to" in dialog.answer.text())
    assert "approved,,2" in path.read_text().splitlines()
    dialog.save_to(str(tmp_path))
    desk.until(lambda: "cannot be written" in dialog.answer.text())
    dialog.close()


@pytest.mark.parametrize("stays", [True, False])
def test_before_closing_the_session_is_summed_up(
    sit_down: Callable[..., Desk], *, stays: bool
) -> None:
    desk = sit_down(6, hold=timedelta(seconds=60))
    desk.ready()
    desk.press("A")
    desk.session.post_now()
    desk.until(lambda: desk.session.counts.ready == 1)
    post_everything(desk)
    desk.until(lambda: not desk.session.counts.unsent)
    desk.press("Ctrl+Q")
    dialog = opened(desk)
    assert desk.window.isVisible()
    if stays:
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        assert desk.window.isVisible()
    else:
        QTest.keyClick(dialog, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
        assert not desk.window.isVisible()


def test_a_break_is_suggested_in_the_line_and_stops_nothing(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(6, break_minutes=0, break_severe=1)
    desk.ready()
    desk.press("3")
    desk.until(lambda: "severe image" in desk.message, "no break was suggested")
    desk.press("A")
    assert len(desk.stored()) == 2


def test_one_sentence_for_the_question_before_closing() -> None:
    assert line_of(Figures()) == ""
    figures = Figures(approved=30, active=timedelta(minutes=6))
    assert line_of(figures) == "This session: 30 decisions in 6 min, 300 an hour."
