"""``modstation admin backup`` and ``check``: copy a service's data, and see whether it is whole."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modstation.cli.service_place import with_service
from modstation.cli.terminal import (
    FAILED,
    counter,
    json_option,
    printable,
    progress,
    say_json,
    warn,
)

if TYPE_CHECKING:
    from modstation.service.running.administration import Administration

_MOST_SHOWN = 100


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@json_option
@with_service()
def backup(service: Administration, *, folder: Path, as_json: bool) -> None:
    """Copy a service's database, images and key to DIR while it serves.

    DIR is then a data folder: “modstation serve --data DIR” starts on it. A second copy into the
    same DIR takes only what is new. Exit code 1 if an image was not there to be copied.
    """
    from modstation.service.running.safe_copy import copy_service

    with counter("Images looked at:") as seen:
        copied = copy_service(service, folder.absolute(), done=seen.update)
    if as_json:
        say_json({"folder": str(folder), "copied": copied.blobs, "missing": copied.missing})
    else:
        click.echo(f"Copied the database and {copied.blobs} new images to {folder}.")
        for name in copied.missing[:_MOST_SHOWN]:
            click.echo(f"missing  {printable(name)}")
    warn("service.key is in the copy: whoever has the folder can read every API secret in it.")
    if copied.missing:
        click.get_current_context().exit(FAILED)


@click.command()
@click.option("--quick", is_flag=True, help="Compare sizes, and read no image.")
@json_option
@with_service()
def check(service: Administration, *, quick: bool, as_json: bool) -> None:
    """Check that a service's data is whole; nothing is changed.

    Every image is there and is the one that was uploaded, every row of a queue agrees with its
    asset, and no row speaks of what is not there. Exit code 1 if anything is found.
    """
    from modstation.service.running.integrity import check_integrity, count_checks

    steps = count_checks(service)
    with progress("Checking", steps) as bar:
        findings = list(check_integrity(service, read_bytes=not quick, done=bar.update))
    if as_json:
        say_json({"checked": steps, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings[:_MOST_SHOWN]:
            click.echo(f"{finding.where}  {printable(finding.subject)}: {printable(finding.says)}")
        if len(findings) > _MOST_SHOWN:
            click.echo(f"and {len(findings) - _MOST_SHOWN} more (--json lists all)")
        click.echo(f"{steps} assets and backups checked, {len(findings)} problems found.")
    if findings:
        click.get_current_context().exit(FAILED)
