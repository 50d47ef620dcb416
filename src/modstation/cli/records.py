"""``modstation export``, ``verify`` and ``purge``: the decisions that were made here."""

from __future__ import annotations

import csv
import io
import json
import sys
from typing import TYPE_CHECKING

import click

from modstation.cli.terminal import (
    FAILED,
    Terminal,
    account_option,
    json_option,
    pass_terminal,
    progress,
    say_json,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modstation.core.decisions import Decision

CHUNK = 1000
FIELDS = (
    "sequence",
    "decision_id",
    "at",
    "actor",
    "action",
    "verdict",
    "public_id",
    "type",
    "resource_type",
    "asset_id",
    "version",
    "kind",
    "status_seen",
    "reason",
    "policy",
    "note",
    "reveal",
    "reveal_ms",
    "dwell_ms",
    "decided_offline",
    "batch_id",
    "refers_to",
    "prev_hash",
    "hash",
)


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl"]),
    default="csv",
    show_default=True,
    help="Comma separated values, or one JSON object a line.",
)
@account_option
@pass_terminal
def export(terminal: Terminal, *, form: str, account: str | None) -> None:
    """Print every decision made here, oldest first, with its place in the hash chain."""
    from modstation.app.unattended import opened_store

    folder = terminal.home().account(terminal.account(account).name)
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        # A file is read elsewhere: not in the encoding of this machine's terminal.
        sys.stdout.reconfigure(encoding="utf-8", newline="")
    with opened_store(folder) as store, progress("Exporting", store.counts().decided) as bar:
        writer = csv.DictWriter(sys.stdout, FIELDS, lineterminator="\n")
        if form == "csv":
            writer.writeheader()
        for number, decision in enumerate(store.iterate_decisions(), 1):
            row = decision_as_dict(decision)
            if form == "csv":
                writer.writerow({name: _safe_cell(value) for name, value in row.items()})
            else:
                click.echo(json.dumps(row, ensure_ascii=True))
            if number % CHUNK == 0:
                bar.update(CHUNK)


def decision_as_dict(decision: Decision) -> dict[str, object]:
    """A decision under the names of the export."""
    draft = decision.draft
    return {
        "sequence": decision.sequence,
        "decision_id": decision.decision_id,
        "at": decision.at.isoformat(),
        "actor": draft.actor,
        "action": draft.action.value,
        "verdict": draft.verdict.value,
        "public_id": draft.ref.public_id,
        "type": draft.ref.delivery_type,
        "resource_type": draft.ref.resource_type,
        "asset_id": draft.asset_id,
        "version": draft.version,
        "kind": draft.kind,
        "status_seen": draft.status_seen.value,
        "reason": draft.reason_code,
        "policy": draft.policy_version,
        "note": draft.note,
        "reveal": draft.reveal.value,
        "reveal_ms": draft.reveal_ms,
        "dwell_ms": draft.dwell_ms,
        "decided_offline": draft.decided_offline,
        "batch_id": draft.batch_id,
        "refers_to": draft.refers_to,
        "prev_hash": decision.prev_hash,
        "hash": decision.hash,
    }


def _safe_cell(value: object) -> object:
    # A spreadsheet runs a cell that begins like this as a formula; a public ID is anybody's text.
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{value}"
    return value


@click.command()
@account_option
@json_option
@click.pass_context
def verify(ctx: click.Context, *, account: str | None, as_json: bool) -> None:
    """Check that no decision was changed, removed or inserted after it was made.

    Exit code 1 if one was. The chain cannot show that its newest rows were cut off: compare the
    last hash with the one of an earlier export for that.
    """
    from modstation.app.unattended import opened_store
    from modstation.core.decisions import GENESIS_HASH, first_break

    terminal = ctx.ensure_object(Terminal)
    folder = terminal.home().account(terminal.account(account).name)
    with opened_store(folder) as store:
        last = GENESIS_HASH
        count = 0
        with progress("Verifying", store.counts().decided) as bar:

            def counted() -> Iterator[Decision]:
                nonlocal last, count
                for decision in store.iterate_decisions():
                    yield decision
                    last, count = decision.hash, count + 1
                    if count % CHUNK == 0:
                        bar.update(CHUNK)

            broken = first_break(counted())
    if as_json:
        say_json(
            {
                "whole": broken is None,
                "decisions": count,
                "last_hash": last,
                "broken_at": broken.sequence if broken else None,
                "reason": broken.reason if broken else None,
            }
        )
    elif broken is None:
        click.echo(f"All {count} decisions fit together. Last hash: {last}")
    else:
        click.echo(f"Decision {broken.sequence} ({broken.decision_id}): {broken.reason}.")
    if broken is not None:
        ctx.exit(FAILED)


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask first.")
@account_option
@json_option
@pass_terminal
def purge(terminal: Terminal, *, yes: bool, account: str | None, as_json: bool) -> None:
    """Destroy every picture kept on this machine for an account; decisions stay.

    What is still to be reviewed is fetched again when it is looked at.
    """
    from modstation.app.unattended import forget_all_pictures

    chosen = terminal.account(account)
    if not yes:
        click.confirm(f"Destroy every cached picture of “{chosen.name}”?", abort=True, err=True)
    gone = forget_all_pictures(terminal.home().account(chosen.name))
    if as_json:
        say_json({"account": chosen.name, "destroyed": gone})
    else:
        click.echo(f"{gone} pictures of “{chosen.name}” were destroyed.")
