"""``modstation status``, ``decide`` and ``drop``: one account's desk, without the network."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from modstation.cli.terminal import (
    LEFT_UNSENT,
    Terminal,
    account_option,
    json_option,
    kinds_option,
    pass_terminal,
    printable,
    say_json,
    table,
    warn,
)

if TYPE_CHECKING:
    from modstation.core.outbox import Operation
    from modstation.core.policy import Reason
    from modstation.core.queue import Counts, QueueEntry

MOST_SHOWN = 20
# One window of the queue: a terminal is no place to read more.
MOST_NEXT = 200


@click.command()
@kinds_option("count")
@click.option(
    "--status",
    "of_status",
    type=click.Choice(["pending", "approved", "rejected"]),
    default="pending",
    show_default=True,
    help="Count what waits with this status.",
)
@click.option(
    "--next",
    "upcoming",
    type=click.IntRange(0, MOST_NEXT),
    default=0,
    metavar="N",
    help="List the public IDs of the next N that wait, too.",
)
@account_option
@json_option
@click.pass_context
def status(
    ctx: click.Context,
    *,
    kinds: tuple[str, ...] | None,
    of_status: str,
    upcoming: int,
    account: str | None,
    as_json: bool,
) -> None:
    """Say what waits, what is decided and what is still unsent.

    Exit code 3 if a decision has not reached the service, or is in conflict.
    """
    from modstation.app.unattended import opened_store
    from modstation.core.assets import ModerationStatus
    from modstation.core.outbox import OperationState
    from modstation.core.queue import QueueView

    terminal = ctx.ensure_object(Terminal)
    chosen = terminal.account(account)
    folder = terminal.home().account(chosen.name)
    with opened_store(folder) as store:
        view = QueueView(kinds or terminal.settings().queue_kinds, ModerationStatus(of_status))
        counts = store.counts(view)
        waiting = store.window(view, around=None, before=0, after=upcoming)
        stuck = store.operations(
            {OperationState.PARKED, OperationState.CONFLICTED}, limit=MOST_SHOWN
        )
    if as_json:
        say_json(
            {
                "account": chosen.name,
                "cloud": chosen.cloud,
                "api_base": chosen.api_base,
                "folder": str(folder.path),
                "kind": ",".join(view.kinds),
                "status": of_status,
                **counts_as_dict(counts),
                "next": [entry.asset.ref.public_id for entry in waiting],
                "stuck": [operation_as_dict(operation) for operation in stuck],
            }
        )
    else:
        click.echo(f"{chosen.name}: cloud {printable(chosen.cloud)} at {chosen.api_base}")
        click.echo(_counts_in_words(counts))
        if waiting:
            rows = [(entry.asset.ref.public_id, entry.asset.created_at or "") for entry in waiting]
            click.echo(table(("next", "uploaded"), rows))
        if stuck:
            head = ("image", "wanted", "stands", "why", "id")
            click.echo(table(head, [_why(row) for row in stuck]))
    if counts.unsent:
        ctx.exit(LEFT_UNSENT)


def counts_as_dict(counts: Counts) -> dict[str, int]:
    """The counters by their names, ``unsent`` among them."""
    return {
        "waiting": counts.waiting,
        "decided": counts.decided,
        "held": counts.held,
        "ready": counts.ready,
        "in_flight": counts.in_flight,
        "done": counts.done,
        "parked": counts.parked,
        "conflicted": counts.conflicted,
        "unsent": counts.unsent,
    }


def _counts_in_words(counts: Counts) -> str:
    return table(
        ("waiting", "decided", "held", "to post", "posted", "stuck", "in conflict"),
        [
            (
                counts.waiting,
                counts.decided,
                counts.held,
                counts.ready + counts.in_flight,
                counts.done,
                counts.parked,
                counts.conflicted,
            )
        ],
    )


def operation_as_dict(operation: Operation) -> dict[str, object]:
    """What a machine may want to know of a row of the outbox."""
    return {
        "operation_id": operation.operation_id,
        "public_id": operation.ref.public_id,
        "type": operation.ref.delivery_type,
        "resource_type": operation.ref.resource_type,
        "target": operation.target.value,
        "state": operation.state.value,
        "theirs": operation.theirs.value if operation.theirs else None,
        "attempts": operation.attempts,
        "error": operation.last_error,
    }


def _why(operation: Operation) -> tuple[str, str, str, str, str]:
    theirs = f"the service says {operation.theirs.value}" if operation.theirs else ""
    return (
        operation.ref.public_id,
        operation.target.value,
        operation.state.value,
        operation.last_error or theirs,
        operation.operation_id,
    )


@click.command()
@click.argument("public_id")
@click.argument("verdict", type=click.Choice(["approve", "reject"]))
@click.option("--reason", metavar="CODE", help="Reason of a rejection, as the policy names it.")
@click.option("--note", metavar="TEXT", help="A note that is kept with the decision.")
@click.option("--type", "delivery_type", metavar="TYPE", help="Delivery type, if several fit.")
@click.option("--resource-type", metavar="TYPE", help="Resource type, if several fit.")
@click.option("--yes", is_flag=True, help="Answer yes where a decision wants to be confirmed.")
@account_option
@json_option
@pass_terminal
def decide(
    terminal: Terminal,
    *,
    public_id: str,
    verdict: str,
    reason: str | None,
    note: str | None,
    delivery_type: str | None,
    resource_type: str | None,
    yes: bool,
    account: str | None,
    as_json: bool,
) -> None:
    """Approve or reject one image that was pulled; “push” then posts it.

    PUBLIC_ID stands as the service knows it, folders included. The service is asked before
    anything is posted: if somebody else settled the image meanwhile, that is a conflict.
    """
    from modstation.app.policies import load_policy
    from modstation.app.unattended import (
        chosen_reason,
        draft_decision,
        find_asset,
        forget_pictures,
        opened_store,
    )
    from modstation.core.decisions import Verdict

    home, settings = terminal.home(), terminal.settings()
    policy, problems = load_policy(home, settings)
    for problem in problems:
        warn(problem)
    wanted = Verdict(verdict)
    why = chosen_reason(policy, wanted, reason)
    folder = home.account(terminal.account(account).name)
    with opened_store(folder) as store:
        entry = find_asset(
            store, public_id, resource_type=resource_type, delivery_type=delivery_type
        )
        if why is not None and why.escalate and not yes:
            click.confirm(f"Reject “{printable(public_id)}” as “{why.title}”?", abort=True)
        if not yes and settings.actor_name in store.left_by(entry.key):
            click.confirm(
                f"You left “{printable(public_id)}” to somebody else; decided by you, it gets no"
                " second opinion. Decide it?",
                abort=True,
            )
        draft = draft_decision(
            entry, wanted, actor=settings.actor_name, policy=policy, reason=why, note=note
        )
        # No undo window: who types a public ID has thought about it.
        saved = store.decide(draft, hold=timedelta(0))
    if why is not None and why.purge:
        forget_pictures(folder, [entry.key])
    if as_json:
        say_json(
            {
                "decision_id": saved.decision.decision_id,
                **operation_as_dict(saved.operation),
                **counts_as_dict(saved.counts),
            }
        )
    else:
        click.echo(_what_happens(entry, wanted.status.value, why))


def _what_happens(entry: QueueEntry, target: str, reason: Reason | None) -> str:
    public_id = printable(entry.asset.ref.public_id)
    because = f" ({reason.title})" if reason else ""
    text = (
        f"“{public_id}” was {entry.asset.status.value}; it will be {target}{because}. An open"
        " station posts that by itself; otherwise: modstation push"
    )
    if reason is not None and reason.escalate and reason.rule:
        text += f"\n{reason.rule}"
    return text


@click.command()
@click.argument("decision_id", metavar="ID")
@click.option("--note", metavar="TEXT", help="Why; it is kept with the record.")
@account_option
@json_option
@pass_terminal
def drop(
    terminal: Terminal, *, decision_id: str, note: str | None, account: str | None, as_json: bool
) -> None:
    """Give up one decision that was not posted; the image waits again if it is still there.

    ID is what “status” shows for it. What may have been posted already cannot be dropped.
    """
    from modstation.app.unattended import opened_store
    from modstation.core.errors import ReviewError

    actor = terminal.settings().actor_name
    folder = terminal.home().account(terminal.account(account).name)
    with opened_store(folder) as store:
        if not store.drop(decision_id, actor=actor, note=note):
            raise ReviewError(
                f"There is no unsent decision “{decision_id}”. It may be posted already, or be on"
                " its way; “modstation status” shows what is stuck.",
                code="not_unsent",
            )
        counts = store.counts()
    if as_json:
        say_json({"dropped": decision_id, **counts_as_dict(counts)})
    else:
        click.echo(f"Dropped; {counts.unsent} left unsent.")
