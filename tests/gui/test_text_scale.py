"""Larger text has larger places: nothing is cut off, nothing lies over another thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QScrollArea, QWidget

from modstation.app.settings_file import load_settings
from modstation.ui.buttons import CommandButton, Shape
from modstation.ui.settings_dialog import SettingsDialog
from modstation.ui.theme import BODY, SMALL, Theme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from helpers.window import Desk

SCALES = (80, 100, 125, 150, 175, 200)


@pytest.fixture(autouse=True)
def usual_size_afterwards(qapp: QApplication) -> Iterator[None]:
    """Fonts belong to the application, which other tests use too."""
    yield
    Theme("dark").apply(qapp)


def shown(root: QWidget, kind: type[QWidget] = QWidget) -> list[QWidget]:
    return [widget for widget in root.findChildren(kind) if widget.isVisibleTo(root)]


def over_one_another(root: QWidget) -> list[str]:
    """Pairs of visible siblings that share pixels, and what leaves its parent."""
    found = []
    for parent in [root, *shown(root)]:
        if isinstance(parent, QScrollArea):
            continue
        children = [
            child
            for child in parent.findChildren(
                QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly
            )
            if child.isVisibleTo(root) and not child.isWindow()
        ]
        for number, child in enumerate(children):
            name = f"{type(child).__name__} {child.accessibleName()!r}"
            for other in children[number + 1 :]:
                both = child.geometry() & other.geometry()
                if not both.isEmpty():
                    found.append(f"{name} and {type(other).__name__} {other.accessibleName()!r}")
            # What is scrolled is larger than what it is seen through.
            if isinstance(parent.parentWidget(), QScrollArea):
                continue
            if not QRect(0, 0, parent.width(), parent.height()).contains(child.geometry()):
                found.append(f"{name} leaves {type(parent).__name__}")
    return found


def cut_off(root: QWidget) -> list[str]:
    """Labels and push buttons that are smaller than their words."""
    found = []
    for label in shown(root, QLabel):
        assert isinstance(label, QLabel)
        needed = label.sizeHint().height()
        if label.wordWrap():
            needed = label.heightForWidth(label.width())
        elif label.width() < label.sizeHint().width():
            found.append(label.text())
        if label.text() and label.height() < needed:
            found.append(label.text())
    for button in shown(root, QPushButton):
        assert isinstance(button, QPushButton)
        if button.width() < button.minimumSizeHint().width():
            found.append(button.text())
    return found


@pytest.mark.parametrize("scale", SCALES)
def test_every_button_asks_for_the_room_of_its_words(
    sit_down: Callable[..., Desk], scale: int
) -> None:
    desk = sit_down(3, text_scale=scale)
    desk.ready()
    theme = desk.window.theme
    line = QFontMetrics(theme.font(BODY)).height()
    for button in desk.window.findChildren(CommandButton):
        hint, words = button.sizeHint(), button._key or "x"
        if button._shape is Shape.TOOL:
            key = QFontMetrics(theme.font(SMALL))
            assert hint.width() >= key.horizontalAdvance(words), button.command
            assert hint.height() >= theme.px(18) + key.height(), button.command
        else:
            width = QFontMetrics(theme.font(BODY)).horizontalAdvance(button._label)
            assert hint.width() > width, button.command
            assert hint.height() >= line, button.command


@pytest.mark.parametrize("scale", SCALES)
def test_every_button_in_the_window_has_the_room_it_asks_for(
    sit_down: Callable[..., Desk], scale: int
) -> None:
    desk = sit_down(3, text_scale=scale)
    desk.ready()
    desk.settle()
    for button in desk.window.findChildren(CommandButton):
        if button.isVisible():
            assert button.height() >= button.sizeHint().height(), button.command
            assert button.width() >= button.minimumSizeHint().width(), button.command


@pytest.mark.parametrize("size", [(1280, 800), (1600, 1000)])
@pytest.mark.parametrize("scale", [80, 100, 125, 150])
def test_nothing_is_cut_off_or_lies_over_another_thing(
    sit_down: Callable[..., Desk], scale: int, size: tuple[int, int]
) -> None:
    desk = sit_down(12, size=size, text_scale=scale)
    desk.ready()
    desk.press("A", "X")
    assert over_one_another(desk.window) == []
    assert cut_off(desk.window) == []


def test_at_twice_the_size_one_can_still_work(sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(5, text_scale=200)
    desk.ready()
    window = desk.window
    assert window.stage.width() > window.width() / 2
    assert window.stage.height() > window.height() / 2
    for name in ("approve", "reject", "undo"):
        assert window.evidence.buttons[name].isVisible()
    for name in ("palette", "keys-help"):
        assert window.toolbar.buttons[name].isVisible()
    assert over_one_another(window) == []
    desk.press("A", "1")
    assert [verdict for _, verdict, _ in desk.stored()] == ["approve", "reject"]


def test_the_size_is_chosen_by_keys_and_counts_at_once(desk: Desk) -> None:
    window = desk.window
    before = window.toolbar.height(), window.message.height(), window.filmstrip.height()
    desk.press("Ctrl+,")
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, SettingsDialog)
    field = dialog.fields["text_scale"]
    assert isinstance(field, QLineEdit)
    desk.until(dialog.isActiveWindow)
    for _ in range(len(dialog.fields)):
        if not field.hasFocus():
            QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert field.hasFocus()
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(field, "150")
    QTest.keyClick(field, Qt.Key.Key_Return)
    desk.settle()
    after = window.toolbar.height(), window.message.height(), window.filmstrip.height()
    assert all(new > old for new, old in zip(after, before, strict=True))
    assert window.evidence.buttons["approve"].height() == 60
    assert QApplication.font().pixelSize() == 20
    desk.station.settings_book.close()
    assert load_settings(desk.station.settings_book.home)[0].text_scale == 150


def test_a_size_outside_its_limits_is_refused(desk: Desk) -> None:
    desk.press("Ctrl+,")
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, SettingsDialog)
    field = dialog.fields["text_scale"]
    assert isinstance(field, QLineEdit)
    field.setText("300")
    assert "80" in dialog.note("text_scale")
    assert not dialog.save.isEnabled()
    dialog.reject()


@pytest.mark.parametrize("scale", [100, 150])
@pytest.mark.parametrize("key", ["?", "H", "Ctrl+K", "Ctrl+H"])
def test_a_sheet_has_room_for_its_words(
    sit_down: Callable[..., Desk], key: str, scale: int
) -> None:
    desk = sit_down(3, text_scale=scale)
    desk.ready()
    desk.press(key)
    assert desk.window.sheet is not None
    assert over_one_another(desk.window.sheet) == []
    desk.press("Esc")


@pytest.mark.parametrize("scale", [100, 150])
@pytest.mark.parametrize(
    "key", ["Ctrl+,", "Ctrl+Shift+K", "F9", "L", "F6", "E", "Ctrl+Shift+O", "Ctrl+Shift+X"]
)
def test_a_dialog_has_room_for_its_words(
    sit_down: Callable[..., Desk], key: str, scale: int
) -> None:
    desk = sit_down(3, text_scale=scale)
    desk.ready()
    desk.press(key)
    dialog = QApplication.activeModalWidget()
    assert dialog is not None
    desk.settle()
    assert over_one_another(dialog) == []
    assert cut_off(dialog) == []
    assert dialog.width() <= desk.window.width()
    assert dialog.height() <= desk.window.height()
    dialog.close()
