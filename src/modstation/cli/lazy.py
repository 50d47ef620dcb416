"""A click group that imports a command's module only when that command is asked for."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modstation.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Mapping


class LazyGroup(click.Group):
    """Commands by name, each given as ``module:attribute``; all of them take ``--home``."""

    def __init__(self, *args: Any, lazy: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = dict(lazy or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order they were given, which is that of a day's work."""
        return [*self._lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None if there is none of that name."""
        target = self._lazy.get(cmd_name)
        if target is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = target.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        accept_home(command)
        return command


def accept_home(command: click.Command) -> None:
    """Let a command, and the commands below it, take ``--home`` after its name too."""
    if not any(param.name == "home" for param in command.params):
        command.params.append(home_option())
    if isinstance(command, click.Group):
        for below in command.commands.values():
            accept_home(below)


def home_option() -> click.Option:
    """The option ``--home``; its value goes into the Terminal, not to the command."""

    def keep(ctx: click.Context, _param: click.Parameter, value: Path | None) -> None:
        if value is not None:
            ctx.ensure_object(Terminal).chosen_home = value

    return click.Option(
        ["--home"],
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        expose_value=False,
        callback=keep,
        # The account named in the same line is looked up in this home.
        is_eager=True,
        help="One folder for settings, database, cache and log (default: $MODSTATION_HOME).",
    )
