"""``modstation demo``: the whole way of a decision on this machine, with sample photos."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modstation.cli.terminal import DONE, FAILED, Terminal, has_screen, progress, table

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from modstation.app.demo_plan import DemoPlan, DemoResult
    from modstation.cli.demo_service import DemoService
    from modstation.core.accounts import Credentials
    from modstation.core.assets import ModerationStatus

KIND = "manual"
UPLOADS_AT_ONCE = 4
LEAST_COUNT = 1


@dataclass(frozen=True, slots=True)
class Tally:
    """What was wanted beside what the service says.

    ``lost``: public IDs whose decision did not arrive. ``mismatched``: those that stand otherwise
    than wanted, undecided ones that are no longer pending among them.
    """

    wanted: Mapping[str, str]
    lost: tuple[str, ...]
    mismatched: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Every image stands as it should."""
        return not self.lost and not self.mismatched


def tally(
    uploaded: Collection[str],
    decided: Mapping[str, ModerationStatus],
    found: Mapping[str, str],
) -> Tally:
    """Compare, image by image; one that was decided but never uploaded is a mismatch too."""
    wanted = dict.fromkeys(uploaded, "pending")
    wanted.update({public_id: status.value for public_id, status in decided.items()})
    lost, mismatched = [], []
    for public_id, status in wanted.items():
        state = found.get(public_id, "gone")
        if state == status and public_id in uploaded:
            continue
        if public_id in decided and state in {"pending", "gone"}:
            lost.append(public_id)
        else:
            mismatched.append(public_id)
    return Tally(wanted, tuple(lost), tuple(mismatched))


@click.command()
@click.option(
    "--images",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Photos to use instead of the samples.",
)
@click.option(
    "--count",
    type=click.IntRange(min=LEAST_COUNT),
    default=60,
    show_default=True,
    metavar="N",
    help="How many images; the photos are multiplied by crops and tints.",
)
@click.option("--headless", is_flag=True, help="Drive the window without a screen, then check.")
@click.option(
    "--screenshots",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where the driven window's pictures go (default: a new folder among temporary files).",
)
@click.pass_context
def demo(
    ctx: click.Context,
    *,
    images: Path | None,
    count: int,
    headless: bool,
    screenshots: Path | None,
) -> None:
    """Try the station on sample photos: no account and no settings needed.

    It starts a service on this machine, uploads the photos over HTTP and opens the window on
    them. Without a screen it drives the window by real key events instead, through a lost network
    and back. In the end it asks the service how every image stands; exit code 0 only if nothing
    was lost or mismatched. Everything it made is deleted.
    """
    from modstation.cli.demo_service import DemoService

    # Sockets and SQLite keep files open a moment longer on Windows: never a reason to fail.
    with tempfile.TemporaryDirectory(prefix="modstation-demo-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        _say("starting a service on this machine")
        with DemoService(folder / "service") as service:
            terminal = ctx.ensure_object(Terminal)
            terminal.secrets.append(service.credentials.secret)
            _say(f"uploading {count} photos")
            uploaded = _upload(service.credentials, images, count)
            plan = _plan(service, folder / "home", len(uploaded))
            driven = headless or not has_screen()
            result = _drive(plan, screenshots) if driven else _open(plan)
            with progress("Asking the service", len(uploaded)) as bar:
                from modstation.cli.final_states import final_states

                states = final_states(service.credentials, uploaded, progress=bar.update)
    compared = tally(uploaded, result.decided, states)
    _tell(result, compared, states)
    ctx.exit(DONE if compared.whole else FAILED)


def _say(text: str) -> None:
    click.echo(f"demo: {text}", err=True)


def _upload(credentials: Credentials, images: Path | None, count: int) -> list[str]:
    from modstation.core.shipped import resources
    from modstation.media.sample_photos import photo_files, sample_photos
    from modstation.remote.uploader import Uploader

    files = photo_files(images if images is not None else resources() / "demo")
    uploaded = []
    with (
        Uploader(credentials) as uploader,
        ThreadPoolExecutor(UPLOADS_AT_ONCE, "demo-upload") as threads,
        progress("Uploading", count) as bar,
    ):
        tasks = []
        for photo in sample_photos(files, count):
            tasks.append(
                threads.submit(
                    uploader.upload, photo.body, public_id=photo.public_id, moderation=KIND
                )
            )
            uploaded.append(photo.public_id)
            # Shown when done, in order; the pictures are made meanwhile.
            while tasks and tasks[0].done():
                tasks.pop(0).result()
                bar.update(1)
        for task in tasks:
            task.result()
            bar.update(1)
    return uploaded


def _plan(service: DemoService, home: Path, count: int) -> DemoPlan:
    from modstation.app.demo_plan import DemoPlan
    from modstation.app.paths import home_at

    place = home_at(home)
    place.create()
    return DemoPlan(
        credentials=service.credentials,
        home=place,
        screenshots=None,
        service_control=service,
        count=count,
    )


def _drive(plan: DemoPlan, screenshots: Path | None) -> DemoResult:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from dataclasses import replace

    from modstation.ui.demo_driver import drive

    folder = screenshots or Path(tempfile.mkdtemp(prefix="modstation-screenshots-"))
    folder.mkdir(parents=True, exist_ok=True)
    there = set(folder.glob("*.png"))
    _say("driving the window without a screen")
    result = drive(replace(plan, screenshots=folder))
    for picture in sorted(set(folder.glob("*.png")) - there):
        click.echo(f"screenshot: {picture}")
    return result


def _open(plan: DemoPlan) -> DemoResult:
    """Open the window for a person; what they leave unsent is posted after it is closed."""
    from modstation.app.demo_plan import what_was_done
    from modstation.app.one_exchange import exchange
    from modstation.app.settings import Settings
    from modstation.ui.main import run_station

    _say("the window opens; close it to end the demo")
    run_station(plan.home, plan.credentials)
    with exchange(plan.home, plan.credentials, Settings()) as line:
        line.push()
    return what_was_done(plan)


def _tell(result: DemoResult, compared: Tally, states: Mapping[str, str]) -> None:
    wrong = {*compared.lost, *compared.mismatched}
    wanted = Counter(compared.wanted.values())
    right = Counter(
        status for public_id, status in compared.wanted.items() if public_id not in wrong
    )
    click.echo(
        table(
            ("wanted", "images", "so at the service"),
            [(status, wanted[status], right[status]) for status in sorted(wanted)],
        )
    )
    for public_id in sorted(wrong):
        click.echo(
            f"wrong: {public_id} should be {compared.wanted[public_id]},"
            f" is {states.get(public_id, 'gone')}"
        )
    click.echo(
        f"demo: pulled={result.pulled} decided={len(result.decided)} posted={result.posted}"
        f" lost={len(compared.lost)} mismatched={len(compared.mismatched)}"
    )
