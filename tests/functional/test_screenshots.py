"""The pictures of the window: which there are, and that they can be taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from helpers.screenshots import README, ROOT, SHOTS, SHOWN, SIZES, THEMES, take
from modstation.core.commands import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication


def test_every_command_that_asks_for_more_has_its_picture() -> None:
    asks = {name for name, command in COMMANDS.items() if command.label.endswith("…")}
    shown = {command for shot in SHOTS for command in shot.commands}
    assert asks <= shown
    assert shown <= {*COMMANDS}


def test_the_readme_shows_what_the_program_takes_and_all_of_it() -> None:
    names = {f"{shot.name}{size}-{theme}" for shot in SHOTS for size in SIZES for theme in THEMES}
    assert {*README} <= names
    assert {path.stem for path in SHOWN.iterdir()} == {*README}
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"(resources/screenshots/{name}.png)" in text for name in README)


def test_a_picture_is_taken_of_the_real_window(tmp_path: Path, qapp: QApplication) -> None:
    assert take(tmp_path, wanted="stage-small-light".__eq__) == 1
    [path] = tmp_path.glob("*.png")
    assert path.name == "stage-small-light.png"
    with Image.open(path) as picture:
        assert picture.size == SIZES["-small"]
        assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 1000
