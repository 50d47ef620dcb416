"""The catalogues are complete, and every language writes numbers and counts its own way."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from modstation.app.keymaps import preset_title
from modstation.app.languages import CODES, catalogue, desktop_language, load_language
from modstation.app.paths import home_at
from modstation.app.policies import load_policy
from modstation.app.settings import Settings
from modstation.app.shipped_texts import shipped_texts
from modstation.core.errors import Unreachable
from modstation.core.language import ENGLISH, counted, decimal, later, number, translate, use
from modstation.core.shipped import resources

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parents[3] / "src" / "modstation"
FOREIGN = [code for code in CODES if code != "en"]
MARKS = {"translate", "later", "noted"}


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    use(ENGLISH)


def texts_in_the_code() -> set[tuple[str, str]]:
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            said = [a.value for a in node.args if isinstance(a, ast.Constant)]
            if node.func.id in MARKS and len(said) == 2:
                found.add((said[0], said[1]))
    return found


def known_texts() -> set[tuple[str, str]]:
    return texts_in_the_code() | set(shipped_texts())


def file_of(code: str) -> bytes:
    return (resources() / "languages" / f"modstation_{code}.ts").read_bytes()


@pytest.mark.parametrize("code", FOREIGN)
def test_every_text_of_the_code_has_a_finished_translation(code: str) -> None:
    texts = catalogue(file_of(code))
    missing = known_texts() - texts.keys()
    assert not missing, "run `sh resources/dev.sh words`, then translate what is unfinished"


@pytest.mark.parametrize("code", FOREIGN)
def test_a_catalogue_holds_nothing_unfinished_or_left_over(code: str) -> None:
    states = [node.get("type") for node in ET.fromstring(file_of(code)).iter("translation")]
    assert set(states) == {None}
    assert catalogue(file_of(code)).keys() == known_texts()


@pytest.mark.parametrize("code", FOREIGN)
def test_a_translation_has_the_placeholders_and_forms_of_its_source(code: str) -> None:
    wrong = []
    for (_, source), text in catalogue(file_of(code)).items():
        names = set(re.findall(r"\{[^}]*\}", source))
        forms = text.split("|")
        if (
            len(forms) != len(source.split("|"))
            or any(set(re.findall(r"\{[^}]*\}", form)) - names for form in forms)
            or (len(forms) == 1 and set(re.findall(r"\{[^}]*\}", text)) != names)
        ):
            wrong.append(source)
    assert not wrong


@pytest.mark.parametrize("code", FOREIGN)
def test_the_shipped_policy_and_keymaps_are_translated_whole(code: str) -> None:
    assert set(shipped_texts()) - catalogue(file_of(code)).keys() == set()


def test_the_shipped_policy_speaks_the_language(tmp_path: Path) -> None:
    use(load_language("de"))
    reason = load_policy(home_at(tmp_path), Settings())[0].by_key("1")
    assert reason is not None
    assert (reason.code, reason.title, reason.good[1]) == (
        "nudity",
        "Nacktheit",
        "Eine Marmorstatue",
    )
    assert preset_title("left-hand") == "Linke Hand"


@pytest.mark.parametrize(
    ("environ", "code"),
    [
        ({"LANG": "de_DE.UTF-8"}, "de"),
        ({"LC_ALL": "fr_CA.UTF-8", "LANG": "de_DE"}, "fr"),
        ({"LC_MESSAGES": "es", "LANG": "C"}, "es"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "nl_NL.UTF-8"}, "en"),
        ({"LANG": "German_Germany"}, "de"),
    ],
)
def test_the_desktop_says_the_language(environ: dict[str, str], code: str) -> None:
    assert desktop_language(environ) == code


def test_a_text_without_translation_stays_english() -> None:
    use(load_language("de"))
    assert translate("Nowhere", "Never said") == "Never said"


def test_numbers_follow_the_language() -> None:
    assert (number(1234567), decimal(2.5)) == ("1,234,567", "2.5")
    use(load_language("de"))
    assert (number(1234567), decimal(2.5)) == ("1.234.567", "2,5")


@pytest.mark.parametrize(
    ("code", "none"), [("en", "0 images"), ("de", "0 Bilder"), ("fr", "0 image")]
)
def test_counts_have_the_forms_of_the_language(code: str, none: str) -> None:
    use(load_language(code))
    forms = translate("ListsSheet", "{n} image|{n} images")
    assert counted(0, forms) == none
    assert counted(1, forms) in {"1 image", "1 Bild"}


def test_what_is_made_at_import_is_translated_when_it_is_read() -> None:
    text = later("Errors", "Offline")
    use(load_language("es"))
    assert str(text) == "Sin conexión"
    assert Unreachable("x").title == "Sin conexión"
