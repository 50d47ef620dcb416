"""The window in another language; that all of it is translated, test_room_for_words tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QAbstractButton

from helpers.pseudo_language import Pseudo
from modstation.app.languages import load_language
from modstation.core.language import ENGLISH, Language, use

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from helpers.window import Desk


@pytest.fixture
def pseudo() -> Iterator[None]:
    use(Language("en", Pseudo()))
    yield
    use(ENGLISH)


@pytest.fixture
def german() -> Iterator[None]:
    use(load_language("de"))
    yield
    use(ENGLISH)


def test_every_command_and_error_has_another_name(pseudo: None) -> None:
    from modstation.core.commands import COMMANDS

    for command in COMMANDS.values():
        assert command.label.startswith("⟦")
        assert command.help.startswith("⟦")
        assert command.group_title.startswith("⟦")


def test_the_window_speaks_german(german: None, sit_down: Callable[..., Desk]) -> None:
    desk = sit_down(5)
    desk.ready()
    buttons = {b.text() for b in desk.window.findChildren(QAbstractButton)}
    assert any(text.startswith("Freigeben") for text in buttons)
    assert any(text.startswith("Ablehnen") for text in buttons)
    desk.press("A")
    assert "entschieden" in desk.window.status.texts["decided"]
