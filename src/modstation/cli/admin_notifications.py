"""``modstation admin notifications``: those that nobody took, and sending them once more."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from modstation.cli.admin_access import cloud_option
from modstation.cli.service_place import with_service
from modstation.cli.terminal import counter, json_option, say_json, table

if TYPE_CHECKING:
    from modstation.service.running.administration import Administration


@click.group()
def notifications() -> None:
    """List the notifications that were given up, and send them once more."""


@notifications.command("dead")
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=100,
    show_default=True,
    help="How many, the latest first.",
)
@click.option("--url", metavar="URL", help="Only those to this receiver.")
@cloud_option
@json_option
@with_service()
def dead(
    service: Administration, *, limit: int, url: str | None, cloud: str | None, as_json: bool
) -> None:
    """List notifications that were given up after their last try."""
    from modstation.core.clock import from_us
    from modstation.service.notifications.delivery_log import Wanted, attempts_of, logged_letters
    from modstation.service.notifications.lanes import GIVEN_UP

    name = service.cloud(cloud)
    with service.ledger.read() as connection:
        wanted = Wanted(state=GIVEN_UP, url=url)
        letters = logged_letters(connection, name, wanted, limit=limit)
        last = {letter.id: attempts_of(connection, letter.id)[-1:] for letter in letters}
    if as_json:
        say_json(
            [
                {
                    **asdict(letter),
                    "created_at": from_us(letter.created_us).isoformat(),
                    "last_error": last[letter.id][0].error if last[letter.id] else None,
                }
                for letter in letters
            ]
        )
        return
    rows = [
        (
            letter.id,
            f"{from_us(letter.created_us):%Y-%m-%d %H:%M}",
            letter.event or "",
            letter.attempts,
            letter.last_status or (last[letter.id][0].error if last[letter.id] else "") or "",
            letter.url,
        )
        for letter in letters
    ]
    click.echo(table(("id", "written", "event", "tries", "said", "to"), rows))


@notifications.command("replay")
@click.argument("ids", type=int, nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="All that were given up.")
@click.option("--url", metavar="URL", help="All that were given up and are to this receiver.")
@cloud_option
@json_option
@with_service()
def replay(
    service: Administration,
    *,
    ids: tuple[int, ...],
    everything: bool,
    url: str | None,
    cloud: str | None,
    as_json: bool,
) -> None:
    """Send notifications once more, with all their tries: those named by ID, or many at once.

    A running service begins within a second.
    """
    from modstation.service.notifications.delivery_log import (
        MOST_REPLAYED,
        Wanted,
        replay_dead,
        replay_letter,
    )

    if bool(ids) == (everything or url is not None):
        raise click.UsageError("Name notifications by ID, or give --all or --url.")
    name, count = service.cloud(cloud), 0
    with counter("To be sent:") as seen:
        if ids:
            with service.ledger.write() as connection:
                count = sum(replay_letter(connection, name, id_, service.now_us) for id_ in ids)
        else:
            more = MOST_REPLAYED
            while more == MOST_REPLAYED:
                with service.ledger.write() as connection:
                    more = replay_dead(connection, name, Wanted(url=url), service.now_us)
                count += more
                seen.update(more)
    if as_json:
        say_json({"replayed": count})
    else:
        click.echo(f"{count} to be sent once more.")
