"""``modstation doctor``: is everything here that a station needs, and if not, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from modstation.cli.terminal import (
    FAILED,
    Terminal,
    account_option,
    json_option,
    printable,
    progress,
    say_json,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modstation.cli.checks import Finding


@click.command()
@account_option
@json_option
@click.pass_context
def doctor(ctx: click.Context, *, account: str | None, as_json: bool) -> None:
    """Check this installation, the account and the way to the service.

    Every line is “ok”, “note” or “problem”; a problem says what to do. Exit code 1 if there is any.
    """
    from modstation.cli.checks import Level, checks

    terminal = ctx.ensure_object(Terminal)
    planned = checks(terminal, account)
    findings: list[Finding] = []
    with progress("Checking", len(planned)) as bar:
        for check in planned:
            findings += check()
            bar.update(1)
    if as_json:
        say_json([finding.as_dict() for finding in findings])
    else:
        _print(findings)
    if any(finding.level is Level.PROBLEM for finding in findings):
        ctx.exit(FAILED)


def _print(findings: Sequence[Finding]) -> None:
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        click.echo(f"{finding.level.value:<8} {finding.what:<{width}}  {printable(finding.says)}")
        if finding.advice:
            click.echo(f"{'':<8} {'':<{width}}  → {printable(finding.advice)}")
