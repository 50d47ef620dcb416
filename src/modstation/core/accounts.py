"""An account: where the moderation service is and which cloud and key are ours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from modstation.core.errors import SettingsError
from modstation.core.language import translate

CLOUDINARY_API = "https://api.cloudinary.com"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Account:
    """An account without its secret.

    ``api_base`` is the origin of the Upload and Admin API. ``allow_http``: plain http may be used
    although the host is not this machine.
    """

    name: str
    cloud: str
    api_key: str
    api_base: str = CLOUDINARY_API
    allow_http: bool = False


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account and its secret; the secret never shows in a ``repr``."""

    account: Account
    secret: str

    def __repr__(self) -> str:
        return f"Credentials(account={self.account!r}, secret='…')"


def is_loopback(host: str) -> bool:
    """The host is this machine (all of 127.0.0.0/8, ::1, localhost)."""
    return host in _LOOPBACK or bool(re.fullmatch(r"127(\.\d{1,3}){3}", host))


def check_name(name: str) -> str:
    """Return the account name if it can be a folder's name; ``SettingsError`` otherwise."""
    if not _NAME.fullmatch(name):
        raise SettingsError(
            translate(
                "Accounts",
                "“{name}” cannot be an account name: use letters, digits, dot, dash and"
                " underscore.",
            ).format(name=name)
        )
    return name


def parse_cloudinary_url(url: str, *, name: str | None = None) -> Credentials:
    """Read ``cloudinary://key:secret@cloud?upload_prefix=https://host``.

    ``SettingsError`` says which part is missing; it never repeats the secret. Plain http is
    accepted for this machine only, elsewhere it takes ``allow_http=true``.
    """
    parts = urlsplit(url.strip())
    if parts.scheme != "cloudinary":
        raise SettingsError(translate("Accounts", "The address must begin with cloudinary://"))
    cloud = parts.netloc.rpartition("@")[2]
    if not cloud or "@" not in parts.netloc:
        raise SettingsError(
            translate("Accounts", "The address must read cloudinary://key:secret@cloud")
        )
    key, colon, secret = parts.netloc.rpartition("@")[0].partition(":")
    if not key or not colon or not secret:
        raise SettingsError(
            translate(
                "Accounts",
                "The address must hold a key and a secret: cloudinary://key:secret@cloud",
            )
        )
    options = parse_qs(parts.query)
    base = options.get("upload_prefix", [CLOUDINARY_API])[-1].rstrip("/")
    origin = urlsplit(base)
    if origin.scheme not in {"http", "https"} or not origin.hostname:
        raise SettingsError(
            translate(
                "Accounts", "upload_prefix must be an http or https address, not “{base}”."
            ).format(base=base)
        )
    allow_http = options.get("allow_http", ["false"])[-1].lower() in {"1", "true", "yes"}
    account = Account(
        name=check_name(name or unquote(cloud)),
        cloud=unquote(cloud),
        api_key=unquote(key),
        api_base=base,
        allow_http=allow_http,
    )
    check_transport(account)
    return Credentials(account, unquote(secret))


def check_transport(account: Account) -> None:
    """Refuse (``SettingsError``) to send a secret over plain http to another machine."""
    origin = urlsplit(account.api_base)
    if (
        origin.scheme == "http"
        and not account.allow_http
        and not is_loopback(origin.hostname or "")
    ):
        raise SettingsError(
            translate(
                "Accounts",
                "{hostname} is reached over plain http, which shows the secret to"
                " everyone on the way. Use https, or add allow_http=true to the address"
                " if you know the network.",
            ).format(hostname=origin.hostname)
        )
