"""The entry point ``modstation``: finds the command, and turns errors into words and exit codes."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import click

from modstation.cli.lazy import LazyGroup, home_option
from modstation.cli.terminal import DONE, FAILED, Terminal, warn
from modstation.core.errors import ModstationError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "review": "modstation.cli.review:review",
    "demo": "modstation.cli.demo:demo",
    "serve": "modstation.cli.serve:serve",
    "admin": "modstation.cli.admin:admin",
    "pull": "modstation.cli.exchange:pull",
    "push": "modstation.cli.exchange:push",
    "status": "modstation.cli.desk:status",
    "decide": "modstation.cli.desk:decide",
    "drop": "modstation.cli.desk:drop",
    "export": "modstation.cli.records:export",
    "figures": "modstation.cli.figures:figures",
    "verify": "modstation.cli.records:verify",
    "purge": "modstation.cli.records:purge",
    "account": "modstation.cli.accounts:account",
    "keys": "modstation.cli.keys:keys",
    "doctor": "modstation.cli.doctor:doctor",
}


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    invoke_without_command=True,
    params=[home_option()],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 3 something is unsent or in conflict.",
)
@click.version_option(package_name="modstation", message="modstation %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Review images by keyboard and post the decisions.

    Without a command the review window opens.
    """
    if ctx.invoked_subcommand is None:
        command = cli.get_command(ctx, "review")
        assert command is not None
        ctx.invoke(command)


def run(arguments: Sequence[str]) -> int:
    """Do what the command line says and return the exit code."""
    terminal = Terminal()
    try:
        code = cli.main(
            args=list(arguments), prog_name="modstation", obj=terminal, standalone_mode=False
        )
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        warn("stopped")
        return FAILED
    except ModstationError as error:
        click.echo(f"{error.title}: {_hide(error.message, terminal)}", err=True)
        return FAILED
    except Exception as error:  # noqa: BLE001 - a bug: the report is all a developer will get
        return _report(error, terminal)
    return code if isinstance(code, int) else DONE


def _hide(text: str, terminal: Terminal) -> str:
    from modstation.app.diagnostics import redact

    return redact(text, terminal.secrets)


def _report(error: Exception, terminal: Terminal) -> int:
    from modstation.app.diagnostics import crash_report, write_crash_report
    from modstation.core.clock import SystemClock

    try:
        path = write_crash_report(terminal.home().log, error, secrets=terminal.secrets)
    except ModstationError as unwritten:
        # Nowhere to write it: then it must be seen here.
        click.echo(crash_report(error, secrets=terminal.secrets, clock=SystemClock()), err=True)
        warn(f"this is a bug; its report could not be written: {unwritten.message}")
        return FAILED
    warn(f"this is a bug in modstation ({type(error).__name__}). The report is in {path}")
    return FAILED


def main() -> None:
    """Run the command line of this process."""
    for stream in (sys.stdout, sys.stderr):
        # A public ID is anybody's text; a terminal of few characters must not end the program.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))
