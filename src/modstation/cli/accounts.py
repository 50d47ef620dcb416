"""``modstation account``: add, list, test and remove accounts, and say which is the default."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from modstation.cli.terminal import Terminal, json_option, pass_terminal, say_json, table, warn

if TYPE_CHECKING:
    from modstation.core.accounts import Credentials


@click.group()
def account() -> None:
    """Add, list, test or remove an account, or make one the default."""


@account.command("add")
@click.argument("name")
@click.argument("url", required=False)
@pass_terminal
def add(terminal: Terminal, name: str, url: str | None) -> None:
    """Add the account NAME with its CLOUDINARY_URL.

    Without URL it is asked for without echo, or read from standard input: then the secret does
    not stay in the shell's history. The secret goes into the keyring, never into a file.
    """
    from modstation.app.accounts import Kept
    from modstation.core.accounts import parse_cloudinary_url

    credentials = parse_cloudinary_url(url or _ask_url(), name=name)
    terminal.secrets.append(credentials.secret)
    kept = terminal.book().add(credentials)
    click.echo(f"Account “{name}”: cloud {credentials.account.cloud}.")
    if kept is Kept.IN_KEYRING:
        click.echo("The secret is in the keyring.")
        return
    warn(
        "no keyring works here, so the secret could not be kept (it is never written to a file)."
        " Set CLOUDINARY_URL where you run modstation, or set up a keyring and add the account"
        " again."
    )


def _ask_url() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("CLOUDINARY_URL", hide_input=True, err=True))
    return sys.stdin.readline().strip()


@account.command("list")
@json_option
@pass_terminal
def list_(terminal: Terminal, *, as_json: bool) -> None:
    """List the accounts; no secret is shown."""
    book = terminal.book()
    accounts, default = book.accounts(), book.default
    if as_json:
        say_json(
            [
                {
                    "name": a.name,
                    "cloud": a.cloud,
                    "api_key": a.api_key,
                    "api_base": a.api_base,
                    "default": a.name == default,
                }
                for a in accounts
            ]
        )
    elif accounts:
        rows = [
            (a.name, a.cloud, a.api_key, a.api_base, "default" if a.name == default else "")
            for a in accounts
        ]
        click.echo(table(("name", "cloud", "key", "service", ""), rows))
    else:
        click.echo("No accounts yet. Add one: modstation account add NAME")


@account.command("default")
@click.argument("name")
@pass_terminal
def default(terminal: Terminal, name: str) -> None:
    """Take the account NAME wherever none is named."""
    terminal.book().set_default(name)
    click.echo(f"“{name}” is taken where no account is named.")


@account.command("test")
@click.argument("name", required=False)
@pass_terminal
def test(terminal: Terminal, name: str | None) -> None:
    """Ask the service whether it accepts key and secret."""
    credentials = terminal.credentials(name)
    terminal.start_log()
    ping(credentials)
    place = credentials.account
    click.echo(f"“{place.name}” works: {place.api_base} accepts the key for {place.cloud}.")


@account.command("remove")
@click.argument("name")
@pass_terminal
def remove(terminal: Terminal, name: str) -> None:
    """Forget an account and its secret; its decisions stay in its folder."""
    terminal.book().remove(name)
    click.echo(f"“{name}” is forgotten. Its folder stays: {terminal.home().account(name).path}")


def ping(credentials: Credentials) -> None:
    """Ask the service whether it is there and takes the key; ``RemoteError`` says what is not."""
    from modstation.app.self_check import check_connection

    check_connection(credentials)
