"""The language of search expressions: text in, tree out (reference 3.5).

Lucene's, with differences no Lucene parser knows: ``=``, ``>`` and ``<`` follow a field without a
colon, ``!`` negates, a quoted value may end in a wildcard, and an instant needs no quotes.
A tree says nothing about fields; ``search/conditions.py`` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from modstation.service.faults import BadRequest
from modstation.service.search.words import words

LONGEST = 10_000
# SQLite refuses expressions deeper than 1,000, and a chain of ORs is as deep as it is long.
_MOST_TERMS = 250
_DEEPEST = 30

_OPERATORS = (":>=", ":<=", ":>", ":<", ">=", "<=", ">", "<", ":", "=")
_BREAKS = frozenset('()[]{}"')
_RESERVED = frozenset("^~?")


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it was written; ``prefix`` if a wildcard ended it, ``at`` counts from 1."""

    text: str
    at: int
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """One field compared with one value; without a field, every text of the asset."""

    field: str | None
    operator: str
    value: Value
    at: int


@dataclass(frozen=True, slots=True)
class Between:
    """A field within a range; an end that is None is open, an ``_out`` end does not belong."""

    field: str
    low: Value | None
    high: Value | None
    low_out: bool
    high_out: bool
    at: int


@dataclass(frozen=True, slots=True)
class Not:
    """What does not match ``term``."""

    term: Tree


@dataclass(frozen=True, slots=True)
class Every:
    """What matches all terms; without terms, everything."""

    terms: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """What matches at least one term."""

    terms: tuple[Tree, ...]


Tree = Compared | Between | Not | Every | Some


def parse(expression: str) -> Tree:
    """The tree of an expression; a blank one matches everything.

    Terms that stand side by side must all match. Raises BadRequest that names the place for
    what is malformed, too long or too deep.
    """
    if len(expression) > LONGEST:
        raise BadRequest(f"Search expression is too long: more than {LONGEST} characters")
    return _Reader(expression).tree()


def refuse(what: str, at: int) -> NoReturn:
    """Raise the refusal of an expression; ``at`` counts from 1."""
    raise BadRequest(f"Invalid search expression: {what} at character {at}")


@dataclass(frozen=True, slots=True)
class _Subject:
    """The field and operator that stand before a group of values."""

    field: str
    operator: str
    at: int


class _Reader:
    """Recursive descent over one expression."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._terms = 0
        self._depth = 0

    def tree(self) -> Tree:
        self._skip()
        if self._ended():
            return Every(())
        tree = self._some(None)
        if not self._ended():
            self._unexpected()
        return tree

    def _some(self, subject: _Subject | None) -> Tree:
        terms = [self._every(subject)]
        while self._keyword("OR"):
            terms.append(self._every(subject))
        return terms[0] if len(terms) == 1 else Some(tuple(terms))

    def _every(self, subject: _Subject | None) -> Tree:
        terms = [self._signed(subject)]
        while True:
            if self._keyword("AND"):
                terms.append(self._signed(subject))
                continue
            self._skip()
            if self._ended() or self._peek() == ")" or self._sees("OR"):
                break
            terms.append(self._signed(subject))
        return terms[0] if len(terms) == 1 else Every(tuple(terms))

    def _signed(self, subject: _Subject | None) -> Tree:
        self._skip()
        self._depth += 1
        if self._depth > _DEEPEST:
            refuse(f"more than {_DEEPEST} levels", self._at + 1)
        term: Tree
        if self._keyword("NOT") or self._sign("-!"):
            term = Not(self._signed(subject))
        elif self._sign("+"):
            term = self._signed(subject)
        elif self._peek() == "(":
            term = self._group(subject)
        else:
            term = self._value_of(subject) if subject else self._term()
        self._depth -= 1
        return term

    def _group(self, subject: _Subject | None) -> Tree:
        opened = self._at + 1
        self._at += 1
        tree = self._some(subject)
        self._skip()
        if self._peek() != ")":
            refuse("a parenthesis that is never closed", opened)
        self._at += 1
        return tree

    def _term(self) -> Tree:
        start = self._at
        if self._peek() == '"':
            return self._test(None, ":", self._quoted(), start)
        name = self._word(stops=":=<>")
        end = self._at
        self._skip()
        operator = next((o for o in _OPERATORS if self._text.startswith(o, self._at)), None)
        if operator is None or name.prefix:
            self._at = end
            if name.text in ("AND", "OR", "NOT"):
                refuse(f"unexpected {name.text}", start + 1)
            return self._test(None, ":", name, start)
        self._at += len(operator)
        operator = operator.lstrip(":") or ":"
        self._skip()
        subject = _Subject(name.text, operator, start + 1)
        if operator in (":", "="):
            if self._peek() == "(":
                return self._group(subject)
            if self._peek() in ("[", "{"):
                return self._between(subject)
        return self._value_of(subject)

    def _value_of(self, subject: _Subject) -> Tree:
        return self._test(subject.field, subject.operator, self._value(), subject.at - 1)

    def _test(self, field: str | None, operator: str, value: Value, start: int) -> Tree:
        # A term without a field is a test for each of its words.
        self._count(start, len(words(value.text)) if field is None else 1)
        if field is None and value.prefix and not value.text:
            return Every(())
        return Compared(field, operator, value, start + 1)

    def _between(self, subject: _Subject) -> Tree:
        self._count(self._at)
        low_out = self._peek() == "{"
        self._at += 1
        low = self._bound()
        if not self._keyword("TO"):
            refuse("a range without TO", self._at + 1)
        high = self._bound()
        self._skip()
        if self._peek() not in ("]", "}"):
            refuse("a range that is never closed", subject.at)
        high_out = self._peek() == "}"
        self._at += 1
        return Between(subject.field, low, high, low_out, high_out, subject.at)

    def _bound(self) -> Value | None:
        self._skip()
        value = self._value()
        if not value.prefix:
            return value
        if value.text:
            refuse("a wildcard in a range", value.at)
        return None

    def _value(self) -> Value:
        return self._quoted() if self._peek() == '"' else self._word()

    def _quoted(self) -> Value:
        start = self._at
        self._at += 1
        found: list[str] = []
        prefix = False
        while self._peek() != '"':
            if self._ended():
                refuse("a quote that is never closed", start + 1)
            if prefix:
                refuse("a wildcard that ends no value", self._at)
            if self._peek() == "*":
                prefix = True
                self._at += 1
            else:
                found.append(self._character())
        self._at += 1
        return Value("".join(found), start + 1, prefix)

    def _word(self, stops: str = "") -> Value:
        start = self._at
        found: list[str] = []
        prefix = False
        while not self._ended():
            character = self._peek()
            if character.isspace() or character in _BREAKS or character in stops:
                break
            if prefix:
                refuse("a wildcard that ends no value", self._at)
            if character in _RESERVED:
                refuse(f"{character} that is not escaped", self._at + 1)
            if character == "*":
                prefix = True
                self._at += 1
            else:
                found.append(self._character())
        if self._at == start:
            self._unexpected()
        return Value("".join(found), start + 1, prefix)

    def _character(self) -> str:
        if self._peek() == "\\":
            self._at += 1
            if self._ended():
                self._unexpected()
        self._at += 1
        return self._text[self._at - 1]

    def _sign(self, signs: str) -> bool:
        character = self._peek()
        if not character or character not in signs:
            return False
        self._at += 1
        return True

    def _keyword(self, word: str) -> bool:
        self._skip()
        if not self._sees(word):
            return False
        self._at += len(word)
        return True

    def _sees(self, word: str) -> bool:
        after = self._text[self._at + len(word) : self._at + len(word) + 1]
        return self._text.startswith(word, self._at) and (
            not after or after.isspace() or after in _BREAKS
        )

    def _skip(self) -> None:
        while self._peek().isspace():
            self._at += 1

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _ended(self) -> bool:
        return self._at >= len(self._text)

    def _count(self, start: int, tests: int = 1) -> None:
        self._terms += max(1, tests)
        if self._terms > _MOST_TERMS:
            refuse(f"more than {_MOST_TERMS} terms", start + 1)

    def _unexpected(self) -> NoReturn:
        if self._ended():
            refuse("it ends too early", len(self._text) + 1)
        refuse(f"unexpected {self._peek()}", self._at + 1)
