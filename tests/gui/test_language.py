"""The window in another language: every text that is seen passes through the catalogue."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QLabel, QPushButton, QRadioButton

from modstation.app.languages import load_language
from modstation.core.language import ENGLISH, Language, use
from modstation.ui.buttons import CommandButton

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtWidgets import QWidget

    from helpers.window import Desk

# Data, and what is the same in every language: public IDs, kinds, keys, clocks, account, sign.
DATA = re.compile(
    r"^$|photo|cats?/|manual|[\d.:, /×–·+-]+$|modstation|demo|^test|^(EN|JPEG)|^[^A-Za-z]*$",
    re.IGNORECASE,
)


class Pseudo:
    """Every text a third longer, with accents, in brackets; placeholders and forms stay."""

    def get(self, key: tuple[str, str], default: str, /) -> str:
        return "|".join(_longer(form) for form in default.split("|"))


def _longer(text: str) -> str:
    accents = str.maketrans("aeiouAEIOU", "åéîøüÅÉÎØÜ")
    parts = re.split(r"(\{[^}]*\})", text)
    spoken = "".join(p if p.startswith("{") else p.translate(accents) for p in parts)
    return f"⟦{spoken}{'~' * (len(text) * 35 // 100)}⟧"


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


def texts_of(window: QWidget) -> list[tuple[QWidget, str]]:
    kinds = (QLabel, QPushButton, QCheckBox, QRadioButton, CommandButton)
    return [
        (widget, widget.text())
        for kind in kinds
        for widget in window.findChildren(kind)
        if widget.isVisible()
    ]


def untranslated(window: QWidget) -> list[str]:
    plain = {re.sub(r"<[^>]*>", "", text) for _, text in texts_of(window)}
    return sorted(text for text in plain if "⟦" not in text and not DATA.search(text))


def test_every_visible_text_of_the_window_goes_through_the_catalogue(
    pseudo: None, sit_down: Callable[..., Desk]
) -> None:
    desk = sit_down(5)
    desk.ready()
    desk.window.resize(1280, 800)
    assert untranslated(desk.window) == []


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
