"""``modstation review``: the window."""

from __future__ import annotations

import click

from modstation.cli.terminal import Terminal, account_option, pass_terminal
from modstation.core.queue import Split


class SplitType(click.ParamType[Split]):
    """``K/N``: share K of N, so that N moderators meet no image twice."""

    name = "K/N"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Split:
        """The share; a wrong one is a usage error in words."""
        if isinstance(value, Split):
            return value
        try:
            return Split.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command()
@account_option
@click.option("--kind", default="manual", show_default=True, help="Moderation kind to review.")
@click.option(
    "--status",
    type=click.Choice(["pending", "approved", "rejected"]),
    default="pending",
    show_default=True,
    help="Review what has this status; the settled ones can be decided again.",
)
@click.option("--offline", is_flag=True, help="Use no network: review what is on this machine.")
@click.option("--split", type=SplitType(), metavar="K/N", help="Review only share K of N.")
@pass_terminal
def review(
    terminal: Terminal,
    *,
    account: str | None = None,
    kind: str = "manual",
    status: str = "pending",
    offline: bool = False,
    split: Split | None = None,
) -> None:
    """Open the review window (what “modstation” alone does)."""
