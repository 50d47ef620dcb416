"""``modstation review``: the window."""

from __future__ import annotations

import os

import click

from modstation.cli.terminal import Terminal, account_option, has_screen, kinds_option
from modstation.core.assets import ModerationStatus
from modstation.core.errors import AccountUnclear, ReviewError
from modstation.core.queue import QueueView, Split


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
@kinds_option("review")
@click.option(
    "--status",
    type=click.Choice(["pending", "approved", "rejected"]),
    default="pending",
    show_default=True,
    help="Review what has this status; the settled ones can be decided again.",
)
@click.option("--offline", is_flag=True, help="Use no network: review what is on this machine.")
@click.option("--split", type=SplitType(), metavar="K/N", help="Review only share K of N.")
@click.pass_context
def review(
    ctx: click.Context,
    *,
    account: str | None = None,
    kinds: tuple[str, ...] | None = None,
    status: str = "pending",
    offline: bool = False,
    split: Split | None = None,
) -> None:
    """Open the review window (what “modstation” alone does)."""
    from modstation.app.settings_file import load_settings

    terminal = ctx.ensure_object(Terminal)
    if not has_screen() and not os.environ.get("QT_QPA_PLATFORM"):
        raise ReviewError(
            "There is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set). “modstation"
            " demo --headless” shows that everything works; pull, decide and push need no screen.",
            code="no_screen",
        )
    home = terminal.home()
    home.create()
    unclear: AccountUnclear | None = None
    try:
        credentials = terminal.book().resolve(account)
    except AccountUnclear as error:
        # The window asks which, or says what is missing where it can be given.
        credentials, unclear = None, error
    if credentials is not None:
        terminal.secrets.append(credentials.secret)
    terminal.start_log("station")
    # The window tells what is wrong with the settings.
    kinds = kinds or load_settings(home)[0].queue_kinds
    view = QueueView(kinds, status=ModerationStatus(status), split=split)
    # The first import of Qt on this path; the station's other processes start before it.
    from modstation.ui.main import run_station

    ctx.exit(run_station(home, credentials, unclear=unclear, view=view, offline=offline))
