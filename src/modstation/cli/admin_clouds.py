"""``modstation admin cloud``: make clouds, list them, change their settings."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

import click

from modstation.cli.admin_access import SHOWS_URL, show_key
from modstation.cli.service_place import with_service
from modstation.cli.terminal import json_option, say_json, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from modstation.service.running.administration import Administration

FC = TypeVar("FC", bound="Callable[..., Any]")

_SETTINGS = (
    click.option(
        "--pending",
        type=click.Choice(("deliver", "block")),
        help="Whether what waits for a decision is delivered.",
    ),
    click.option(
        "--rejected",
        type=click.Choice(("withdraw", "deliver")),
        help="Whether what is rejected from now on is withdrawn.",
    ),
    click.option(
        "--signature",
        type=click.Choice(("sha1", "sha256")),
        help="The digest that signs notifications.",
    ),
    click.option(
        "--notification-url",
        "urls",
        metavar="URL",
        multiple=True,
        help="Address told of every event; may be given several times, “none” for no address.",
    ),
    click.option(
        "--calls-per-hour",
        type=click.IntRange(0, 1_000_000_000),
        help="Admin API calls an hour; 0 for the service's own limit.",
    ),
    click.option(
        "--upload-bytes",
        type=click.IntRange(0, 1 << 40),
        help="The largest file; 0 for the service's own limit.",
    ),
    click.option(
        "--add-on-limits",
        metavar="KIND=N,…",
        help="Automatic moderations a month, like aws_rek=1000; “none” for no limits.",
    ),
)


def setting_options(command: FC) -> FC:
    """One option for each setting of a cloud."""
    for option in reversed(_SETTINGS):
        command = option(command)
    return command


@click.group()
def cloud() -> None:
    """Make clouds, list them, and change what holds for one of them."""


@cloud.command("create", epilog=SHOWS_URL)
@click.argument("name")
@setting_options
@json_option
@with_service(make=True)
def create(service: Administration, *, name: str, as_json: bool, **settings: Any) -> None:
    """Make the cloud NAME and its first API key, and show the key."""
    from dataclasses import replace

    from modstation.service.access.cloud_settings import CloudSettings
    from modstation.service.access.clouds import create_cloud

    chosen = replace(CloudSettings(), **_changes(**settings))
    with service.ledger.write() as connection:
        key = create_cloud(connection, service.seal, name, chosen, service.now_us)
    show_key(key, service.now_us, as_json=as_json)


@cloud.command("list")
@json_option
@with_service()
def list_(service: Administration, *, as_json: bool) -> None:
    """List the clouds and their settings."""
    from modstation.core.clock import from_us
    from modstation.service.access.clouds import all_clouds

    with service.ledger.read() as connection:
        clouds = all_clouds(connection)
    if as_json:
        say_json(
            [
                {
                    "name": cloud.name,
                    "created_at": from_us(cloud.created_us).isoformat(),
                    **asdict(cloud.settings),
                }
                for cloud in clouds
            ]
        )
        return
    rows = [
        (
            cloud.name,
            f"{from_us(cloud.created_us):%Y-%m-%d}",
            "deliver" if cloud.settings.deliver_pending else "block",
            "deliver" if cloud.settings.deliver_rejected else "withdraw",
            cloud.settings.signature_algorithm,
            cloud.settings.calls_per_hour or "default",
            cloud.settings.upload_bytes or "default",
            " ".join(cloud.settings.notification_urls),
        )
        for cloud in clouds
    ]
    head = ("name", "since", "pending", "rejected", "digest", "calls/h", "bytes", "told")
    click.echo(table(head, rows))


@cloud.command("set")
@click.argument("name", required=False)
@setting_options
@json_option
@with_service()
def set_(service: Administration, *, name: str | None, as_json: bool, **settings: Any) -> None:
    """Change settings of the cloud NAME and leave the others as they are.

    Without NAME it is the only cloud there is. They hold for the next request; what was withdrawn
    stays so until it is approved.
    """
    from modstation.service.access.cloud_settings import change_cloud_settings

    changes = _changes(**settings)
    if not changes:
        raise click.UsageError("Nothing to change: give at least one setting.")
    with service.ledger.write() as connection:
        after = change_cloud_settings(connection, service.cloud(name), **changes)
    if as_json:
        say_json(asdict(after))
    else:
        click.echo("Changed.")


def _changes(
    *,
    pending: str | None,
    rejected: str | None,
    signature: str | None,
    urls: tuple[str, ...],
    calls_per_hour: int | None,
    upload_bytes: int | None,
    add_on_limits: str | None,
) -> dict[str, Any]:
    """The settings that were named, as CloudSettings has them; raises BadRequest for an address."""
    from modstation.service.moderation.add_on_limits import read_limits
    from modstation.service.notifications.destinations import check_url

    changes: dict[str, Any] = {}
    if pending is not None:
        changes["deliver_pending"] = pending == "deliver"
    if rejected is not None:
        changes["deliver_rejected"] = rejected == "deliver"
    if signature is not None:
        changes["signature_algorithm"] = signature
    if urls:
        kept = [url for url in urls if url != "none"]
        # Which networks the service is let into is said to the service, not here.
        changes["notification_urls"] = tuple(url for url in kept if check_url(None, url))
    if calls_per_hour is not None:
        changes["calls_per_hour"] = calls_per_hour or None
    if upload_bytes is not None:
        changes["upload_bytes"] = upload_bytes or None
    if add_on_limits is not None:
        try:
            changes["add_on_limits"] = {} if add_on_limits == "none" else read_limits(add_on_limits)
        except ValueError as error:
            raise click.BadParameter("kinds and numbers like aws_rek=1000 are meant") from error
    return changes
