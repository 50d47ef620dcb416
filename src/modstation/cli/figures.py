"""``modstation figures``: how the work went, counted from the decisions made here."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING

import click

from modstation.cli.terminal import (
    Terminal,
    account_option,
    json_option,
    pass_terminal,
    progress,
    say_json,
    table,
)

if TYPE_CHECKING:
    from modstation.core.figures import Figures
    from modstation.store.station_store import StationStore

CHUNK = 500


@click.command()
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%d %H:%M"]),
    help="Count from this day or time on (default: today).",
)
@click.option("--actor", metavar="NAME", help="Whose decisions (default: yours).")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv"]),
    default="table",
    show_default=True,
    help="Columns to read, or comma separated values.",
)
@account_option
@json_option
@pass_terminal
def figures(
    terminal: Terminal,
    *,
    since: datetime | None,
    actor: str | None,
    form: str,
    account: str | None,
    as_json: bool,
) -> None:
    """Count decisions, reasons, pace and time from the record on this machine.

    Time at work is how long the decided images were looked at, a minute each at most.
    """
    from modstation.app.session_figures import figures_csv
    from modstation.app.unattended import opened_store
    from modstation.core.clock import SystemClock
    from modstation.core.figures import rows_of

    # A day or a time means the clock of this place; the day begins with its first microsecond.
    begin = (since or datetime.combine(SystemClock().now().astimezone(), time())).astimezone()
    whose = actor or terminal.settings().actor_name
    folder = terminal.home().account(terminal.account(account).name)
    with opened_store(folder) as store:
        counted = _count(store, terminal, whose, begin)
    if as_json:
        rows = rows_of(counted)
        say_json(
            {
                "since": begin.isoformat(),
                "actor": whose,
                **{name: int(value) if value else None for name, of, value in rows if not of},
                "reasons": dict(counted.reasons),
            }
        )
    elif form == "csv":
        click.echo(figures_csv(counted), nl=False)
    else:
        click.echo(table(("figure", "of", "value"), rows_of(counted)))


def _count(store: StationStore, terminal: Terminal, actor: str, begin: datetime) -> Figures:
    from modstation.app.policies import load_policy
    from modstation.app.session_figures import severe_codes
    from modstation.core.figures import Tally

    policy, _ = load_policy(terminal.home(), terminal.settings())
    tally = Tally(severe_codes(policy))
    after = 0
    with progress("Counting", store.log_end()) as bar:
        while rows := store.decisions_after(after, CHUNK):
            for decision in rows:
                if decision.at >= begin and decision.draft.actor == actor:
                    tally.add(decision)
            bar.update(len(rows))
            after = rows[-1].sequence
    return tally.figures(tally.looked_at)
