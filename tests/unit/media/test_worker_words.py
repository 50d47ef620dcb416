"""What a decode worker says, which has no catalogue, is read in the moderator's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modstation.app.languages import load_language
from modstation.core.errors import ImageDamaged, ImageTooLarge, MediaError, NotAnImage
from modstation.core.language import ENGLISH, use
from modstation.media.decode_process import WorkerGone, told_error
from modstation.media.decode_worker import failure
from modstation.media.formats import describe
from modstation.media.picture import decode

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    use(ENGLISH)


def heard(error: MediaError, language: str) -> str:
    use(ENGLISH)
    head = failure(error)
    use(load_language(language))
    return told_error(head).message


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "The file is not a picture but a PDF document."),
        ("de", "Die Datei ist kein Bild, sondern ein PDF-Dokument."),
        ("fr", "Le fichier n’est pas une image mais un document PDF."),
        ("es", "El archivo no es una imagen, sino un documento PDF."),
    ],
)
def test_what_a_file_is_instead_of_a_picture(language: str, words: str) -> None:
    assert heard(NotAnImage(describe(b"%PDF-1.7")), language) == words


def test_a_picture_that_is_cut_short() -> None:
    with pytest.raises(ImageDamaged) as damaged:
        decode(b"GIF89a\x01\x00", (10, 10))
    assert "GIF-Datei ist beschädigt" in heard(damaged.value, "de")


def test_what_a_worker_taken_over_says_stays_on_one_line_and_is_cut() -> None:
    lies = {"error": ImageTooLarge.__name__, "message": "a\nb\u202e" + "x" * 5000}
    message = told_error(lies).message
    assert message.startswith("a b x")
    assert len(message) <= 1000
    packed = '["Media", "{a}\\n{a.__class__}", {"a": "b\\u202e"}]'
    assert told_error(lies | {"message": packed}).message == "b  {a.__class__}"
    with pytest.raises(WorkerGone):
        told_error({"error": "SystemExit", "message": ""})
