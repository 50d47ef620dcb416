"""What the commands share: where home is, which account, and how to speak to a terminal."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from modstation.core.queue import parse_kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from modstation.app.accounts import AccountBook
    from modstation.app.paths import Home
    from modstation.app.settings import Settings
    from modstation.core.accounts import Account, Credentials

FC = TypeVar("FC", bound="Callable[..., Any] | click.Command")

DONE = 0
FAILED = 1
# Something has not reached the service, or somebody has to choose between two verdicts.
LEFT_UNSENT = 3


class Progress(Protocol):
    """Counts up while something long goes on."""

    def update(self, n_steps: int) -> None:
        """So many more are done."""
        ...


class _Silent:
    def update(self, n_steps: int) -> None:
        pass


@dataclass(slots=True)
class Terminal:
    """One run of a command. ``secrets`` are kept out of a crash report."""

    chosen_home: Path | None = None
    secrets: list[str] = field(default_factory=list)

    def home(self) -> Home:
        """The home folder that was asked for."""
        from modstation.app.paths import find_home

        return find_home(self.chosen_home)

    def book(self) -> AccountBook:
        """The accounts of this home."""
        from modstation.app.accounts import AccountBook

        return AccountBook(self.home())

    def settings(self) -> Settings:
        """The person's settings; what is wrong with them is said on stderr."""
        from modstation.app.settings_file import load_settings

        settings, problems = load_settings(self.home())
        for problem in problems:
            warn(problem)
        return settings

    def account(self, chosen: str | None) -> Account:
        """The account to work with; ``SettingsError`` if there is none."""
        account = self.book().locate(chosen)
        if account is None:
            raise _no_account()
        return account

    def credentials(self, chosen: str | None) -> Credentials:
        """The account to work with and its secret; ``SettingsError`` if there is none."""
        credentials = self.book().resolve(chosen)
        if credentials is None:
            raise _no_account()
        self.secrets.append(credentials.secret)
        return credentials

    def start_log(self, program: str = "cli") -> None:
        """Log into the home folder from here on."""
        from modstation.app.diagnostics import start_log

        start_log(self.home().log, program, secrets=self.secrets)


def _no_account() -> Exception:
    from modstation.core.errors import SettingsError

    return SettingsError(
        "There is no account yet. Add one with “modstation account add NAME”, or set"
        " CLOUDINARY_URL."
    )


pass_terminal = click.make_pass_decorator(Terminal, ensure=True)

account_option = click.option(
    "--account",
    metavar="NAME",
    help="Account to work with (default: $CLOUDINARY_URL, else the only one there is).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


class _Kinds(click.ParamType[tuple[str, ...]]):
    name = "KIND[,KIND]"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        try:
            return parse_kinds(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def kinds_option(verb: str) -> Callable[[FC], FC]:
    """``--kind``: one moderation kind or several, for a command that does ``verb`` with them."""
    return click.option(
        "--kind",
        "kinds",
        type=_Kinds(),
        metavar=_Kinds.name,
        help=f"Moderation kind to {verb}, or several (default: the setting “kinds”, manual).",
    )


def warn(text: str) -> None:
    """Say something on stderr, where it does not disturb what a machine reads."""
    click.echo(f"modstation: {text}", err=True)


def say_json(value: object) -> None:
    """Print one JSON document; text that is not Unicode is escaped."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=True, default=str))


def printable(text: str) -> str:
    """A text from outside, safe to print: control characters cannot reach the terminal."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "replace").decode("ascii")
        for char in text
    )


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns under their headings, as wide as their widest cell; numbers to the right."""
    cells = [[printable(str(cell)) for cell in row] for row in rows]
    widths = [max([len(title), *(len(row[at]) for row in cells)]) for at, title in enumerate(head)]
    numeric = [
        bool(rows) and all(isinstance(row[at], int) for row in rows) for at in range(len(head))
    ]

    def line(row: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ]
        return "  ".join(padded).rstrip()

    return "\n".join([line(head), line(["-" * width for width in widths]), *map(line, cells)])


@contextmanager
def progress(label: str, length: int | None) -> Iterator[Progress]:
    """A progress bar on stderr; nothing where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield _Silent()
        return
    bar: Any = click.progressbar(
        length=length, label=label, file=sys.stderr, show_pos=True, width=30
    )
    with bar as shown:
        yield shown


class _Counter:
    def __init__(self, label: str) -> None:
        self._label = label
        self._count = 0

    def update(self, n_steps: int) -> None:
        self._count += n_steps
        click.echo(f"\r{self._label} {self._count}", nl=False, err=True)


@contextmanager
def counter(label: str) -> Iterator[Progress]:
    """A number that grows on stderr, for what has no known end; nothing where it is no terminal."""
    if not sys.stderr.isatty():
        yield _Silent()
        return
    try:
        yield _Counter(label)
    finally:
        click.echo(err=True)


def has_screen() -> bool:
    """A window can be opened: any system but a Linux (or BSD) without a display."""
    if sys.platform in {"win32", "darwin"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
