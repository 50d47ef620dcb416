"""The account book: accounts in a file, their secrets in the keyring and nowhere else."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import tomllib
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import msgspec

from modstation.app.network_lock import NetworkLock
from modstation.app.paths import write_atomically
from modstation.app.toml_text import toml_lines, toml_value
from modstation.core.accounts import (
    CLOUDINARY_API,
    Account,
    Credentials,
    check_name,
    check_transport,
    parse_cloudinary_url,
)
from modstation.core.errors import SecretUnknown, SettingsError, SeveralAccounts
from modstation.core.language import translate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modstation.app.paths import Home

URL_VARIABLE = "CLOUDINARY_URL"
KEYRING_SERVICE = "modstation"


class Kept(Enum):
    """Where a secret went."""

    IN_KEYRING = "in the keyring"
    THIS_RUN_ONLY = "for this run only"


class SecretVault(Protocol):
    """Keeps secrets outside our files."""

    def get(self, name: str) -> str | None:
        """The secret of an account, or None."""
        ...

    def put(self, name: str, secret: str) -> Kept:
        """Keep a secret and say where it went."""
        ...

    def remove(self, name: str) -> None:
        """Forget a secret; nothing happens if there is none."""
        ...


class KeyringVault:
    """The system's keyring; where none works, memory, for as long as the program runs."""

    def __init__(self) -> None:
        self._for_this_run: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        """The secret of an account, or None; a locked or broken keyring counts as empty."""
        if name in self._for_this_run:
            return self._for_this_run[name]
        with _keyring_trouble_ignored():
            backend = trusted_keyring()
            return backend.get_password(KEYRING_SERVICE, name) if backend else None
        return None

    def put(self, name: str, secret: str) -> Kept:
        """Keep a secret; it is read back, because some backends accept it and forget it."""
        self._for_this_run.pop(name, None)
        with _keyring_trouble_ignored():
            backend = trusted_keyring()
            if backend is not None:
                backend.set_password(KEYRING_SERVICE, name, secret)
                if backend.get_password(KEYRING_SERVICE, name) == secret:
                    return Kept.IN_KEYRING
        self._for_this_run[name] = secret
        return Kept.THIS_RUN_ONLY

    def remove(self, name: str) -> None:
        """Forget a secret; nothing happens if there is none or no keyring."""
        self._for_this_run.pop(name, None)
        with _keyring_trouble_ignored():
            backend = trusted_keyring()
            if backend is not None:
                backend.delete_password(KEYRING_SERVICE, name)


def _keyring_trouble_ignored() -> suppress:
    """No keyring that works is an answer here, not an error: the caller says where secrets go."""
    # Not at the top: 100 ms that only a question for a secret needs.
    import keyring.errors

    return suppress(keyring.errors.KeyringError, RuntimeError)


class _Backend(Protocol):
    @property
    def priority(self) -> float: ...
    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


def trusted_keyring() -> _Backend | None:
    """The keyring that secrets may go to, or None.

    Backends of ``keyrings.alt`` write files, some of them in clear; those are never used.
    """
    import keyring.core

    try:
        # The limit keeps the chainer from handing a secret on to a plain text backend.
        keyring.core.init_backend(limit=_keeps_secrets_safe)
    except (ImportError, AttributeError, RuntimeError):
        return None  # the keyring's own configuration names a backend that cannot be loaded
    backend = keyring.core.get_keyring()
    return backend if _keeps_secrets_safe(backend) else None


def _keeps_secrets_safe(backend: _Backend) -> bool:
    module = type(backend).__module__
    # A chainer with nothing to chain has a priority below zero and keeps nothing.
    return backend.priority > 0 and not module.startswith(
        ("keyrings.alt", "keyring.backends.fail", "keyring.backends.null")
    )


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cloud: str
    api_key: str
    api_base: str = CLOUDINARY_API
    allow_http: bool = False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    default: str = ""
    accounts: dict[str, _Entry] = {}


class AccountBook:
    """The accounts of this person; it reads its file anew for every question."""

    def __init__(self, home: Home, vault: SecretVault | None = None) -> None:
        self._home = home
        self._path = home.accounts_file
        self._vault = vault or KeyringVault()

    def accounts(self) -> list[Account]:
        """Every account, without its secret; ``SettingsError`` if the file is wrong."""
        file = self._read()
        return [_account(name, entry) for name, entry in file.accounts.items()]

    def account(self, name: str) -> Account:
        """The account of that name; ``SettingsError`` names the ones there are."""
        known = {account.name: account for account in self.accounts()}
        if name not in known:
            there = ", ".join(known) or translate("Accounts", "none yet")
            raise SettingsError(
                translate("Accounts", "There is no account “{name}”. There are: {there}.").format(
                    name=name, there=there
                )
            )
        return known[name]

    def add(self, credentials: Credentials, *, replace: bool = False) -> Kept:
        """Write an account down and keep its secret; say where that went.

        ``SettingsError`` if the name is taken by another cloud or service and ``replace`` is
        false: the decisions in its folder belong to that one. What was decided for the same cloud
        under ``CLOUDINARY_URL`` moves to the account; ``SettingsError`` if it cannot.
        """
        account = credentials.account
        check_transport(account)
        file = self._read()
        known = file.accounts.get(check_name(account.name))
        if known and not replace and (known.cloud, known.api_base) != _place(account):
            raise SettingsError(
                translate(
                    "Accounts",
                    "“{name}” is already the name of cloud {cloud} at {api_base}. Choose"
                    " another name.",
                ).format(name=account.name, cloud=known.cloud, api_base=known.api_base)
            )
        entry = _Entry(account.cloud, account.api_key, account.api_base, account.allow_http)
        self._adopt(account)
        self._write(_File(file.default, {**file.accounts, account.name: entry}))
        return self._vault.put(account.name, credentials.secret)

    @property
    def default(self) -> str:
        """The account that is taken when none is named; empty: none was chosen."""
        return self._read().default

    def set_default(self, name: str) -> None:
        """Choose the account that is taken when none is named."""
        self.account(name)
        self._write(_File(name, self._read().accounts))

    def remove(self, name: str) -> None:
        """Forget an account and its secret; its folder of decisions stays."""
        self.account(name)
        file = self._read()
        rest = {key: entry for key, entry in file.accounts.items() if key != name}
        self._write(_File("" if file.default == name else file.default, rest))
        self._vault.remove(name)

    def resolve(
        self, chosen: str | None, environ: Mapping[str, str] = os.environ
    ) -> Credentials | None:
        """The account to work with and its secret, chosen as ``locate`` does.

        ``SecretUnknown`` where the account is known but its secret is not.
        """
        account = self.locate(chosen, environ)
        if account is None:
            return None
        outside = _from_environment(environ)
        if outside and chosen is None:
            return Credentials(account, outside.secret)
        secret = self._vault.get(account.name)
        if secret is None and outside and _holder(outside.account) == _holder(account):
            # Without a keyring the variable is the one place a secret can come from.
            secret = outside.secret
        if secret is None:
            raise SecretUnknown(
                translate(
                    "Accounts",
                    "The secret of “{name}” is not in the keyring. Add the account again, or"
                    " set {variable} to its address.",
                ).format(name=account.name, variable=URL_VARIABLE),
                account=account.name,
            )
        return Credentials(account, secret)

    def locate(self, chosen: str | None, environ: Mapping[str, str] = os.environ) -> Account | None:
        """The account to work with: the one named, else ``CLOUDINARY_URL``, else the default or
        only one.

        It needs no secret, so it serves whatever stays on this machine. None: there is no account
        at all. ``SettingsError`` if the name is unknown; ``SeveralAccounts`` if none was named.
        """
        if chosen is not None:
            return self.account(chosen)
        outside = _from_environment(environ)
        if outside is not None:
            return self._named_as_known(outside.account)
        file = self._read()
        if file.default:
            return self.account(file.default)
        names = list(file.accounts)
        if len(names) > 1:
            raise SeveralAccounts(
                translate(
                    "Accounts", "There are several accounts: {names}. Name one with --account."
                ).format(names=", ".join(names))
            )
        return self.account(names[0]) if names else None

    def _adopt(self, account: Account) -> None:
        """Move the folder that the account had while it came from ``CLOUDINARY_URL``."""
        if any(_place(known) == _place(account) for known in self.accounts()):
            return
        before = self._home.account(self._named_as_known(account).name)
        after = self._home.account(account.name)
        if not before.path.exists() or before.path == after.path:
            return
        if after.path.exists():
            raise SettingsError(
                translate(
                    "Accounts",
                    "There are decisions for {cloud} in {path}, and “{name}” has a folder of"
                    " its own. Choose another name, so that none are left behind.",
                ).format(cloud=account.cloud, path=before.path, name=account.name)
            )
        lock = NetworkLock(before.network_lock)
        if not lock.acquire():
            raise SettingsError(
                translate(
                    "Accounts", "A station is at work on {cloud}. Close it, then add the account."
                ).format(cloud=account.cloud)
            )
        try:
            before.path.rename(after.path)
        except OSError as error:
            raise SettingsError(
                translate("Accounts", "{path} cannot become the folder of “{name}”: {why}.").format(
                    path=before.path, name=account.name, why=error.strerror
                )
            ) from error
        finally:
            lock.release()

    def _named_as_known(self, account: Account) -> Account:
        known = self.accounts()
        for other in known:
            if _place(other) == _place(account):
                return dataclasses.replace(account, name=other.name)
        name = environment_name(account)
        if any(other.name == name for other in known):
            name = f"{name[:50]}-{_fingerprint(account)}"
        return dataclasses.replace(account, name=name)

    def _read(self) -> _File:
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return _File()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                translate("Accounts", "{path} cannot be read: {error}.").format(
                    path=self._path, error=error
                )
            ) from error
        try:
            return msgspec.convert(tomllib.loads(text), _File)
        except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            raise SettingsError(
                translate("Accounts", "{path} is not a list of accounts: {error}.").format(
                    path=self._path, error=error
                )
            ) from error

    def _write(self, file: _File) -> None:
        parts = [toml_lines({"default": file.default})] if file.default else []
        for name, entry in file.accounts.items():
            lines = toml_lines(msgspec.to_builtins(entry))
            parts.append(f"[accounts.{toml_value(name)}]\n{lines}")
        write_atomically(self._path, "\n".join(parts))


def environment_name(account: Account) -> str:
    """The folder name of an account that came from ``CLOUDINARY_URL``.

    Cloud and host both stand in it, so that a test service on this machine never shares a
    folder with the real cloud of the same name.
    """
    place = account.cloud
    if account.api_base != CLOUDINARY_API:
        origin = urlsplit(account.api_base)
        place = f"{account.cloud}-{origin.hostname}-{origin.port or origin.scheme}"
    name = re.sub(r"[^A-Za-z0-9._-]", "_", place).lstrip("._-")
    if name == place and len(name) <= 64:
        return name
    return f"{name[:50] or 'cloud'}-{_fingerprint(account)}"


def _from_environment(environ: Mapping[str, str]) -> Credentials | None:
    given = environ.get(URL_VARIABLE, "").strip()
    return parse_cloudinary_url(given, name="environment") if given else None


def _place(account: Account) -> tuple[str, str]:
    return account.cloud, account.api_base


def _holder(account: Account) -> tuple[str, str, str]:
    return account.cloud, account.api_base, account.api_key


def _fingerprint(account: Account) -> str:
    return hashlib.sha256("\n".join(_place(account)).encode()).hexdigest()[:10]


def _account(name: str, entry: _Entry) -> Account:
    account = Account(
        check_name(name), entry.cloud, entry.api_key, entry.api_base, entry.allow_http
    )
    check_transport(account)
    return account
