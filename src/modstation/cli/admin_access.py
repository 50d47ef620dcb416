"""``modstation admin key`` and ``token``: who may call, and changing it while sites go on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from modstation.cli.service_place import with_service
from modstation.cli.terminal import json_option, say_json, table

if TYPE_CHECKING:
    from modstation.service.access.api_keys import ApiKey
    from modstation.service.access.tokens import Token
    from modstation.service.running.administration import Administration

_HOUR_US = 3_600_000_000
#: What a CLOUDINARY_URL names where nobody said how the world reaches the service.
PLACEHOLDER = "https://SERVICE"
#: The end of the help of every command that shows a key.
SHOWS_URL = (
    "The CLOUDINARY_URL it shows names the address in $MODSTATION_PUBLIC_URL; without one, put"
    f" your service's own in the place of {PLACEHOLDER}."
)

cloud_option = click.option(
    "--cloud", metavar="NAME", help="Cloud that is meant (default: the only one there is)."
)


@click.group()
def key() -> None:
    """Make, list, retire, revoke and rotate API keys.

    An active key is accepted. A retired one is not, but delivery addresses that were signed with
    it stay valid. Of a revoked key nothing is accepted, and its secret is destroyed. The oldest
    active key signs notifications.
    """


@key.command("create", epilog=SHOWS_URL)
@cloud_option
@json_option
@with_service()
def create_key(service: Administration, *, cloud: str | None, as_json: bool) -> None:
    """Make another key, which works at once, and show it."""
    from modstation.service.access.api_keys import add_key

    name = service.cloud(cloud)
    with service.ledger.write() as connection:
        made = add_key(connection, service.seal, name, now_us=service.now_us)
    show_key(made, service.now_us, as_json=as_json)


@key.command("list")
@cloud_option
@json_option
@with_service()
def list_keys(service: Administration, *, cloud: str | None, as_json: bool) -> None:
    """List the keys of a cloud with their states; no secret is shown."""
    from modstation.service.access.api_keys import keys_of

    name = service.cloud(cloud)
    with service.ledger.read() as connection:
        keys = keys_of(connection, name)
    if as_json:
        say_json([_key_document(key, service.now_us) for key in keys])
        return
    rows = [
        (key.api_key, key.state(service.now_us), _day(key.created_us), _day(_end(key)))
        for key in keys
    ]
    click.echo(table(("key", "state", "made", "ends or ended"), rows))


@key.command("retire")
@click.argument("api_key")
@cloud_option
@with_service()
def retire(service: Administration, *, api_key: str, cloud: str | None) -> None:
    """Accept no calls with API_KEY any more; addresses signed with it stay valid."""
    from modstation.service.access.api_keys import retire_key

    name = service.cloud(cloud)
    with service.ledger.write() as connection:
        retire_key(connection, name, api_key, at_us=service.now_us)
    click.echo(f"Retired {api_key}.")


@key.command("revoke")
@click.argument("api_key")
@cloud_option
@with_service()
def revoke(service: Administration, *, api_key: str, cloud: str | None) -> None:
    """Accept nothing of API_KEY any more and destroy its secret. There is no way back."""
    from modstation.service.access.api_keys import revoke_key

    name = service.cloud(cloud)
    with service.ledger.write() as connection:
        revoke_key(connection, name, api_key, now_us=service.now_us)
    click.echo(f"Revoked {api_key}.")


@key.command("rotate", epilog=SHOWS_URL)
@click.option(
    "--overlap",
    type=click.FloatRange(0, 24 * 366),
    default=24,
    show_default=True,
    metavar="HOURS",
    help="How long the old keys are accepted beside the new one.",
)
@cloud_option
@json_option
@with_service()
def rotate(service: Administration, *, overlap: float, cloud: str | None, as_json: bool) -> None:
    """Make a new key, show it, and have the old ones retire after the overlap.

    Until then both are accepted and the old one signs notifications, so that sites and receivers
    can change over one by one.
    """
    from modstation.service.access.api_keys import rotate_keys

    name = service.cloud(cloud)
    with service.ledger.write() as connection:
        made = rotate_keys(
            connection,
            service.seal,
            name,
            now_us=service.now_us,
            overlap_us=round(overlap * _HOUR_US),
        )
    show_key(made, service.now_us, as_json=as_json)


@click.group()
def token() -> None:
    """Make, list and revoke Bearer tokens, for programs that need no signatures."""


@token.command("create")
@click.option("--note", default="", help="What it is for, for the list.")
@click.option(
    "--days", type=click.IntRange(1, 3660), help="When it ends (default: when it is revoked)."
)
@cloud_option
@json_option
@with_service()
def create_token_(
    service: Administration, *, note: str, days: int | None, cloud: str | None, as_json: bool
) -> None:
    """Make a token and show it, this once: only its digest is kept."""
    from modstation.service.access.tokens import create_token

    name, now_us = service.cloud(cloud), service.now_us
    expires_us = None if days is None else now_us + days * 24 * _HOUR_US
    with service.ledger.write() as connection:
        made, bearer = create_token(
            connection, name, note=note[:200], now_us=now_us, expires_us=expires_us
        )
    if as_json:
        say_json({**_token_document(made, now_us), "token": bearer})
    else:
        click.echo(f"id      {made.token_id}\ncloud   {made.cloud}\ntoken   {bearer}")


@token.command("list")
@click.option("--cloud", metavar="NAME", help="Only those of this cloud.")
@json_option
@with_service()
def list_tokens(service: Administration, *, cloud: str | None, as_json: bool) -> None:
    """List the tokens, revoked ones too; the tokens themselves are not known any more."""
    from modstation.service.access.tokens import tokens_of

    with service.ledger.read() as connection:
        tokens = tokens_of(connection, cloud)
    documents = [_token_document(made, service.now_us) for made in tokens]
    if as_json:
        say_json(documents)
        return
    rows = [
        (
            made.token_id,
            made.cloud,
            document["state"],
            _day(made.created_us),
            _day(made.revoked_us or made.expires_us),
            made.note,
        )
        for made, document in zip(tokens, documents, strict=True)
    ]
    click.echo(table(("id", "cloud", "state", "made", "ends or ended", "note"), rows))


@token.command("revoke")
@click.argument("token_id")
@with_service()
def revoke_token_(service: Administration, *, token_id: str) -> None:
    """Accept the token TOKEN_ID no more, within seconds and on every replica."""
    from modstation.service.access.tokens import revoke_token

    with service.ledger.write() as connection:
        revoke_token(connection, token_id, now_us=service.now_us)
    click.echo(f"Revoked {token_id}.")


def show_key(made: ApiKey, now_us: int, *, as_json: bool) -> None:
    """Print a key that was just made, its secret and the ``CLOUDINARY_URL`` included."""
    public = (os.environ.get("MODSTATION_PUBLIC_URL") or PLACEHOLDER).rstrip("/")
    address = f"cloudinary://{made.api_key}:{made.secret}@{made.cloud}?upload_prefix={public}"
    if as_json:
        document = _key_document(made, now_us)
        say_json({**document, "secret": made.secret, "cloudinary_url": address})
        return
    click.echo(f"cloud   {made.cloud}\nkey     {made.api_key}\nsecret  {made.secret}")
    click.echo(f"CLOUDINARY_URL={address}")


def _key_document(made: ApiKey, now_us: int) -> dict[str, object]:
    return {
        "api_key": made.api_key,
        "cloud": made.cloud,
        "state": made.state(now_us),
        "created_at": _instant(made.created_us),
        "ends_at": _instant(_end(made)),
    }


def _token_document(made: Token, now_us: int) -> dict[str, object]:
    over = "revoked" if made.revoked_us is not None else "expired"
    return {
        "id": made.token_id,
        "cloud": made.cloud,
        "note": made.note,
        "state": "active" if made.usable(now_us) else over,
        "created_at": _instant(made.created_us),
        "ends_at": _instant(made.revoked_us or made.expires_us),
    }


def _end(made: ApiKey) -> int | None:
    return made.revoked_us or made.retired_us


def _instant(us: int | None) -> str | None:
    from modstation.core.clock import from_us

    return None if us is None else from_us(us).isoformat()


def _day(us: int | None) -> str:
    from modstation.core.clock import from_us

    return "" if us is None else f"{from_us(us):%Y-%m-%d %H:%M}"
