"""``modstation pull`` and ``modstation push``: one exchange with the service, then an end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from modstation.cli.desk import counts_as_dict
from modstation.cli.terminal import (
    LEFT_UNSENT,
    Terminal,
    account_option,
    counter,
    json_option,
    kinds_option,
    progress,
    say_json,
    warn,
)

if TYPE_CHECKING:
    from modstation.core.queue import Counts


@click.command()
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Pull about N at most.")
@kinds_option("pull")
@click.option(
    "--status",
    type=click.Choice(["pending", "approved", "rejected"]),
    default="pending",
    show_default=True,
    help="Pull what has this status.",
)
@account_option
@json_option
@click.pass_context
def pull(
    ctx: click.Context,
    *,
    limit: int | None,
    kinds: tuple[str, ...] | None,
    status: str,
    account: str | None,
    as_json: bool,
) -> None:
    """Fetch what waits for a decision, so that it can be reviewed offline."""
    from modstation.app.one_exchange import exchange
    from modstation.core.assets import ModerationStatus
    from modstation.core.queue import QueueView

    terminal = ctx.ensure_object(Terminal)
    credentials = terminal.credentials(account)
    terminal.start_log()
    settings = terminal.settings()
    view = QueueView(kinds or settings.queue_kinds, ModerationStatus(status))
    with exchange(terminal.home(), credentials, settings, view=view) as line:
        with counter("Pulled") as bar:
            pulled = line.pull(limit=limit, progress=bar.update)
        counts = line.counts()
    _tell(as_json, {"pulled": pulled}, counts, f"Pulled {pulled}; {counts.waiting} wait.")


@click.command()
@account_option
@json_option
@click.pass_context
def push(ctx: click.Context, *, account: str | None, as_json: bool) -> None:
    """Post every decision that is still unsent, those held for undo included.

    Exit code 3 if some are left: unreachable, refused, or in conflict with somebody else's.
    """
    from modstation.app.one_exchange import STATION_OPEN, Pushed, exchange
    from modstation.app.unattended import opened_store
    from modstation.core.errors import ReviewError

    terminal = ctx.ensure_object(Terminal)
    credentials = terminal.credentials(account)
    terminal.start_log()
    home = terminal.home()
    try:
        with exchange(home, credentials, terminal.settings()) as line:
            with progress("Posting", line.counts().unsent) as bar:
                pushed = line.push(progress=bar.update)
            counts = line.counts()
    except ReviewError as error:
        if error.code != STATION_OPEN:
            raise
        pushed = Pushed(0, error.message)
        with opened_store(home.account(credentials.account.name)) as store:
            counts = store.counts()
    _tell(
        as_json,
        {"posted": pushed.posted, "trouble": pushed.trouble},
        counts,
        f"Posted {pushed.posted}; {counts.unsent} left.",
    )
    if pushed.trouble and not as_json:
        warn(pushed.trouble)
    if counts.unsent:
        ctx.exit(LEFT_UNSENT)


def _tell(as_json: bool, done: dict[str, object], counts: Counts, words: str) -> None:
    if as_json:
        say_json({**done, **counts_as_dict(counts)})
    else:
        click.echo(words)
