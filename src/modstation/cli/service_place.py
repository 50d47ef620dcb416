"""Where a service keeps its data: the options that name it, and opening it from beside."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from modstation.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable

FC = TypeVar("FC", bound="Callable[..., Any]")

_OPTIONS = (
    click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help="Folder of its database and images (default: service in the home folder).",
    ),
    click.option(
        "--database",
        metavar="URL",
        envvar="MODSTATION_DATABASE",
        help="Database instead of a file in --data (default: $MODSTATION_DATABASE).",
    ),
    click.option(
        "--storage",
        metavar="URL",
        envvar="MODSTATION_STORAGE",
        help="Where images are kept instead of in --data (default: $MODSTATION_STORAGE).",
    ),
    click.option(
        "--key-file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        envvar="MODSTATION_KEY_FILE",
        help="The key that opens the API secrets (default: $MODSTATION_KEY_FILE, else"
        " service.key in --data).",
    ),
)


def place_options(command: FC) -> FC:
    """``--data``, ``--database``, ``--storage`` and ``--key-file``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def service_folder(terminal: Terminal, data: Path | None) -> Path:
    """The folder that is meant, absolute; it may not be there yet."""
    return (data or terminal.home().data / "service").absolute()


def with_service(*, make: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Call a command with the Administration of the service its options name."""

    def wrap(command: Callable[..., None]) -> Callable[..., None]:
        def opened(
            ctx: click.Context,
            /,
            *,
            data: Path | None,
            database: str | None,
            storage: str | None,
            key_file: Path | None,
            **rest: Any,
        ) -> None:
            from modstation.core.clock import SystemClock
            from modstation.service.running.administration import administer
            from modstation.service.settings import ServiceSettings

            settings = ServiceSettings(
                service_folder(ctx.ensure_object(Terminal), data),
                database=database,
                storage=storage,
                key_file=key_file,
            )
            with administer(settings, SystemClock(), make=make) as administration:
                command(administration, **rest)

        functools.update_wrapper(opened, command)
        return place_options(click.pass_context(opened))

    return wrap
