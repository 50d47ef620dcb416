"""No byte of an uploaded image reaches the toolkit's own image readers, nor its rich text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

UI = Path(__file__).parents[2] / "src" / "modstation" / "ui"
READERS = re.compile(
    r"QImageReader|QMovie|QPictureIO|loadFromData|fromData\b|QImageIOHandler|QBuffer"
    r"|QPixmap\((?:f?[\"']|path|str)|QImage\((?:f?[\"']|path|str)|(?<!QTranslator)\.load\(|QIcon\((?:f?[\"']|path|str)"
)


@pytest.mark.parametrize("module", sorted(UI.glob("*.py")), ids=lambda path: path.name)
def test_no_module_of_the_window_reads_image_files(module: Path) -> None:
    found = [
        f"{number}: {line.strip()}"
        for number, line in enumerate(module.read_text(encoding="utf-8").splitlines(), 1)
        if READERS.search(line)
    ]
    assert not found


def test_the_pattern_finds_what_it_should() -> None:
    for line in ("QPixmap().loadFromData(body)", "QImage.fromData(body)", 'QImage("x.png")'):
        assert READERS.search(line)
    assert not READERS.search("QImage(frame.pixels, frame.width, frame.height, stride, form)")


@pytest.mark.parametrize("module", sorted(UI.glob("*.py")), ids=lambda path: path.name)
def test_no_module_of_the_window_pumps_events(module: Path) -> None:
    """``processEvents`` inside a handler lets a second key in before the first is done."""
    assert "processEvents" not in module.read_text(encoding="utf-8")
