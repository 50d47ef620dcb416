"""``modstation serve``: the moderation service."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import urlsplit

import click

from modstation.cli.service_place import place_options, service_folder
from modstation.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modstation.service.access.cloud_settings import CloudSettings
    from modstation.service.providers.webpurify import WebPurifyAccount

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})
_EPILOG = """\b
Read from the environment:
  MODSTATION_PUBLIC_URL        http(s) address the world reaches this service by,
                               for delivery addresses (default: as each caller did)
  MODSTATION_QUOTA             Admin API calls per hour (default: 100000)
  MODSTATION_BLOCK_PENDING     1: deliver nothing that waits for a moderator
  MODSTATION_DELIVER_REJECTED  1: keep delivering what was rejected
  MODSTATION_ALLOW_NETWORKS    hosts and networks, like 10.1.0.0/16, that callers may
                               make the service talk to; otherwise public ones only
  MODSTATION_PURGE_NODES       addresses of caches that are told what to drop, with commas:
                               http://10.1.0.2:6081,http://10.1.0.3:6081
  MODSTATION_METRICS           who may read /metrics: local (default), open, or a token of
                               16 characters or more that has to be shown as Bearer
  MODSTATION_REKOGNITION       1: aws_rek moderation by Amazon Rekognition, with the
                               credentials and region that every AWS program takes
  MODSTATION_WEBPURIFY_KEY     webpurify moderation by this WebPurify account
                               (without it, moderators here decide)
  MODSTATION_WEBPURIFY_SANDBOX 1: its sandbox, which decides without people
  MODSTATION_WEBPURIFY_URL     another endpoint than the usual one
  MODSTATION_ADD_ON_LIMITS     uses a month and cloud, like aws_rek=1000,webpurify=500;
                               uploads above it are not moderated (default: no limit)
Of these BLOCK_PENDING, DELIVER_REJECTED and ADD_ON_LIMITS are what a cloud starts with; from then
on it keeps its own settings.

Keys, Bearer tokens, more clouds and their settings: modstation admin --help."""


class FromEnvironment(TypedDict, total=False):
    """The settings of ServiceSettings that ``serve`` has no option for."""

    public_url: str
    calls_per_hour: int
    new_cloud: CloudSettings
    rekognition: bool
    webpurify: WebPurifyAccount
    allow_networks: tuple[str, ...]
    purge_nodes: tuple[str, ...]
    metrics: str


@click.command(epilog=_EPILOG)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8787,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@place_options
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes that share the port; one for each processor is plenty.",
)
@click.option(
    "--access-log",
    metavar="FILE",
    help="Write a line of JSON for every request to FILE, or to stderr for “-”.",
)
@click.option("--cloud", default="local", show_default=True, help="Name of its cloud.")
@click.pass_context
def serve(
    ctx: click.Context,
    *,
    host: str,
    port: int,
    workers: int,
    data: Path | None,
    database: str | None,
    storage: str | None,
    key_file: Path | None,
    access_log: str | None,
    cloud: str,
) -> None:
    """Run the moderation service that official Cloudinary SDKs work against.

    The first start makes the cloud and its API key. It prints the CLOUDINARY_URL to use, and
    “ready” on a line of its own once it accepts requests.
    """
    from modstation.app.diagnostics import log_to_stderr
    from modstation.app.paths import make_private_folder
    from modstation.core.errors import SettingsError
    from modstation.service.settings import ServiceSettings

    more = from_environment(os.environ)
    terminal = ctx.ensure_object(Terminal)
    folder = make_private_folder(service_folder(terminal, data))
    log_to_stderr()
    try:
        settings = ServiceSettings(
            data=folder,
            host=host,
            port=port,
            database=database,
            storage=storage,
            key_file=key_file,
            access_log=access_log,
            cloud=cloud,
            **more,
        )
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    if workers == 1:
        from modstation.service.running.run import serve as serve_alone

        ctx.exit(serve_alone(settings))
    from modstation.service.running.workers import serve_many

    ctx.exit(serve_many(settings, workers, log_to_stderr))


def from_environment(environment: Mapping[str, str]) -> FromEnvironment:
    """What the MODSTATION_… variables set; raises click.UsageError (exit 2) naming a bad one."""
    from modstation.service.access.cloud_settings import CloudSettings

    found: FromEnvironment = {}
    if url := environment.get("MODSTATION_PUBLIC_URL"):
        found["public_url"] = _address("MODSTATION_PUBLIC_URL", url)
    if quota := environment.get("MODSTATION_QUOTA"):
        if not re.fullmatch(r"[0-9]{1,9}", quota) or int(quota) == 0:
            raise _bad("MODSTATION_QUOTA", quota, "calls per hour, a whole number from 1")
        found["calls_per_hour"] = int(quota)
    if metrics := environment.get("MODSTATION_METRICS"):
        if metrics not in ("local", "open") and not re.fullmatch(r"[\x21-\x7e]{16,}", metrics):
            raise click.UsageError(
                "MODSTATION_METRICS is neither “local” nor “open” nor a token of 16 characters."
            )
        found["metrics"] = metrics
    cloud = CloudSettings()
    if block := environment.get("MODSTATION_BLOCK_PENDING"):
        cloud = replace(cloud, deliver_pending=not _switch("MODSTATION_BLOCK_PENDING", block))
    if deliver := environment.get("MODSTATION_DELIVER_REJECTED"):
        cloud = replace(cloud, deliver_rejected=_switch("MODSTATION_DELIVER_REJECTED", deliver))
    if limits := environment.get("MODSTATION_ADD_ON_LIMITS"):
        cloud = replace(cloud, add_on_limits=_limits(limits))
    if cloud != CloudSettings():
        found["new_cloud"] = cloud
    if allowed := environment.get("MODSTATION_ALLOW_NETWORKS"):
        found["allow_networks"] = _networks(allowed)
    if rekognition := environment.get("MODSTATION_REKOGNITION"):
        found["rekognition"] = _switch("MODSTATION_REKOGNITION", rekognition)
    if key := environment.get("MODSTATION_WEBPURIFY_KEY"):
        found["webpurify"] = _webpurify(key, environment)
    if nodes := environment.get("MODSTATION_PURGE_NODES"):
        found["purge_nodes"] = tuple(
            _address("MODSTATION_PURGE_NODES", node) for node in re.findall(r"[^\s,]+", nodes)
        )
    return found


def _networks(text: str) -> tuple[str, ...]:
    from modstation.core.errors import SettingsError
    from modstation.service.outside.address_guard import AddressGuard

    items = tuple(re.findall(r"[^\s,]+", text))
    try:
        AddressGuard(items)
    except SettingsError as error:
        wanted = "hosts and networks like 10.1.0.0/16"
        raise _bad("MODSTATION_ALLOW_NETWORKS", text, wanted) from error
    return items


def _webpurify(key: str, environment: Mapping[str, str]) -> WebPurifyAccount:
    from modstation.service.providers.webpurify import ENDPOINT, WebPurifyAccount

    endpoint = environment.get("MODSTATION_WEBPURIFY_URL") or ENDPOINT
    sandbox = environment.get("MODSTATION_WEBPURIFY_SANDBOX") or "0"
    return WebPurifyAccount(
        key,
        _address("MODSTATION_WEBPURIFY_URL", endpoint),
        _switch("MODSTATION_WEBPURIFY_SANDBOX", sandbox),
    )


def _limits(text: str) -> dict[str, int]:
    from modstation.service.moderation.add_on_limits import read_limits

    try:
        return read_limits(text)
    except ValueError as error:
        wanted = "kinds and numbers like aws_rek=1000"
        raise _bad("MODSTATION_ADD_ON_LIMITS", text, wanted) from error


def _address(name: str, text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = (
            parts.scheme in ("http", "https")
            and parts.hostname
            and parts.port != 0
            and not (parts.username or parts.password or parts.query or parts.fragment)
            and text.isascii()
            and text.isprintable()
            and " " not in text
        )
    except ValueError:
        usable = False
    if not usable:
        raise _bad(name, text, "an http or https address like https://img.example.com")
    return text


def _switch(name: str, text: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise _bad(name, text, "1 or 0")


def _bad(name: str, value: str, wanted: str) -> click.UsageError:
    return click.UsageError(f"{name} is “{value[:80]}”, which is not {wanted}.")
