"""Every text for a moderator goes through the catalogues, as ``lupdate`` can read it."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from helpers.source_trees import SOURCE, called, calls_in, tree_of
from modstation.core import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

# The commands of the terminal speak English, and so does what only they use.
ENGLISH = {
    *("app/one_exchange.py", "app/self_check.py", "app/unattended.py", "media/sample_photos.py"),
}
# They look up what stands in the shipped files, or are the look-up itself.
LOOK_UPS = {"app/shipped_texts.py", "core/language.py"}
MARKS = {"translate", "later", "noted"}
SETTERS = {
    *("setText", "setToolTip", "setWindowTitle", "setAccessibleName", "setAccessibleDescription"),
    *("setPlaceholderText", "setStatusTip", "setTitle", "setInformativeText", "setLabelText"),
    *("setPrefix", "setSuffix", "setSpecialValueText", "addItem", "addTab", "addAction", "addRow"),
    *("announce", "Message", "show_message", "say", "_say", "say_in", "drawText"),
    *("plain_words", "plain_label"),
    *("QLabel", "QPushButton", "QCheckBox", "QRadioButton", "QGroupBox", "QToolButton", "QAction"),
}
# What is the same in every language, and the tones in which something is said.
NO_WORDS = {"modstation", "cloudinary://key:secret@cloud", "problem", "muted", "done"}
KNOWN_ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
# No word of them is for a moderator: drawings, the demo's own complaints, the crash report.
WORDLESS = {"ui/icons.py", "ui/demo_driver.py", "app/diagnostics.py"}
LOGGING = {"debug", "info", "warning", "error", "exception"}
WORDS = re.compile(r"[a-z]{2}[.,]? [a-z]{2}")
LETTERS = re.compile(r"[^\W\d_]{2}")
MARKUP = re.compile(r"<[^>]*>|&\w+;")


def calls(*layers: str) -> Iterator[tuple[str, str, ast.Call]]:
    """Where, what and how: every call by a plain name or as a method, without the terminal's."""
    for layer in layers:
        for path in sorted((SOURCE / layer).rglob("*.py")):
            module = path.relative_to(SOURCE).as_posix()
            if module in ENGLISH:
                continue
            for name, node in calls_in(path):
                yield f"{module}:{node.lineno}", name, node


def said(node: ast.AST) -> Iterator[ast.Constant]:
    """Texts of more than one word below a node that go through nothing the rule allows."""
    match node:
        case ast.Constant(value=str(text)):
            if WORDS.search(MARKUP.sub("", text)):
                yield node
        case ast.Expr(value=ast.Constant()):
            pass  # a docstring
        case ast.Call() if called(node) in MARKS | LOGGING:
            pass
        case ast.Raise(exc=ast.Call() as error) if called(error) not in KNOWN_ERRORS:
            pass  # a bug, if ever
        case ast.ClassDef():
            for part in node.body:
                if not isinstance(part, ast.Assign):  # a value of an enumeration
                    yield from said(part)
        case _:
            for part in ast.iter_child_nodes(node):
                yield from said(part)


def literal(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def readable(call: ast.Call, *, notes: bool) -> bool:
    """What ``lupdate`` reads; ``notes``: the texts of that module may be ``noted`` elsewhere."""
    if len(call.args) != 2 or call.keywords or not literal(call.args[0]):
        return False
    return literal(call.args[1]) or (notes and not isinstance(call.args[1], ast.JoinedStr))


def plain_words(node: ast.expr) -> bool:
    """A literal with words in it, whole, put together or in an f-string."""
    match node:
        case ast.Constant(value=str(text)):
            return text not in NO_WORDS and bool(LETTERS.search(MARKUP.sub("", text)))
        case ast.JoinedStr(values=parts):
            return any(plain_words(part) for part in parts)
        case ast.BinOp(left=left, right=right):
            return plain_words(left) or plain_words(right)
        case ast.IfExp(body=body, orelse=orelse):
            return plain_words(body) or plain_words(orelse)
        case ast.BoolOp(values=parts):
            return any(plain_words(part) for part in parts)
        case ast.Call(func=ast.Attribute(value=value, attr="format" | "join")):
            return plain_words(value)
        case _:
            return False


LAYERS = ("core", "store", "remote", "sync", "media", "app", "ui")


def test_a_text_is_looked_up_by_two_literals() -> None:
    found = list(calls(*LAYERS))
    noting = {where.split(":")[0] for where, name, _ in found if name == "noted"}
    wrong = []
    for where, name, call in found:
        module = where.split(":")[0]
        if name not in MARKS or module in LOOK_UPS or isinstance(call.func, ast.Attribute):
            continue
        if not readable(call, notes=name == "translate" and module in noting):
            wrong.append(where)
    assert wrong == [], "lupdate reads two literals only; values are put in afterwards, by name"


def test_what_is_counted_was_translated() -> None:
    wrong = [
        where
        for where, name, call in calls(*LAYERS)
        if name == "counted" and plain_words(call.args[1])
    ]
    assert not wrong


def test_a_widget_gets_no_plain_english() -> None:
    wrong = [
        where
        for where, name, call in calls("ui")
        if name in SETTERS
        and any(
            map(
                plain_words,
                (*call.args, *(word.value for word in call.keywords if word.arg == "text")),
            )
        )
    ]
    assert wrong == [], "translate(context, text) makes it a text of the catalogues"


def test_no_sentence_of_the_window_is_plain_english() -> None:
    wrong = []
    for layer in ("ui", "app"):
        for path in sorted((SOURCE / layer).rglob("*.py")):
            module = path.relative_to(SOURCE).as_posix()
            if module not in ENGLISH | WORDLESS:
                found = said(tree_of(path))
                wrong += [f"{module}:{node.lineno} {node.value!r}" for node in found]
    assert wrong == []


def test_a_key_is_named_with_a_word_of_the_catalogues() -> None:
    wrong = [
        f"{path.name}:{node.lineno}"
        for path in sorted((SOURCE / "ui").glob("*.py"))
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Tuple)
        and any(isinstance(part, ast.Call) and "key_of" in ast.unparse(part) for part in node.elts)
        and any(map(plain_words, node.elts))
    ]
    assert wrong == []


def test_a_setting_is_described_in_words_of_the_catalogues() -> None:
    wrong = [
        where
        for where, name, call in calls("app")
        if name == "_describe"
        and any(
            map(
                plain_words,
                [*call.args, *(k.value for k in call.keywords if k.arg in {"title", "group"})],
            )
        )
    ]
    assert wrong == []


def test_a_known_error_is_worded_in_the_language_in_use() -> None:
    wrong = [
        where
        for where, name, call in calls(*LAYERS)
        if name in KNOWN_ERRORS and any(map(plain_words, call.args[:1]))
    ]
    assert wrong == [], "it is for a moderator's eyes (core/errors.py)"


@pytest.mark.parametrize(
    "text",
    [
        'f"{count} images"',
        '"undo"',
        '"Held: " + count',
        '"a" if x else "Reject"',
        '"{n} kept".format(n=1)',
    ],
)
def test_the_rule_knows_plain_words(text: str) -> None:
    assert plain_words(ast.parse(text, mode="eval").body)
