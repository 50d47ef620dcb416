"""Where things are: the home folder of a person's modstation, and files written into it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modstation.core.accounts import check_name
from modstation.core.errors import SettingsError
from modstation.core.language import translate

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME_VARIABLE = "MODSTATION_HOME"


@dataclass(frozen=True, slots=True)
class AccountFolder:
    """The data folder of one account; nothing in it is shared with another account."""

    path: Path

    @property
    def station_db(self) -> Path:
        """Queue, decisions and outbox."""
        return self.path / "station.sqlite3"

    @property
    def images_db(self) -> Path:
        """The encrypted cache of pictures."""
        return self.path / "images.sqlite3"

    @property
    def network_lock(self) -> Path:
        """Held by the one process that may talk to the service for this folder."""
        return self.path / "network.lock"


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of one installation.

    With ``MODSTATION_HOME`` or ``--home`` all three lie in one folder, otherwise they are the
    platform's own.
    """

    config: Path
    data: Path
    log: Path

    @property
    def settings_file(self) -> Path:
        """The person's settings."""
        return self.config / "settings.toml"

    @property
    def accounts_file(self) -> Path:
        """The accounts, without their secrets."""
        return self.config / "accounts.toml"

    @property
    def policy_file(self) -> Path:
        """A policy of one's own; the shipped one counts while there is none."""
        return self.config / "policy.toml"

    @property
    def last_policy_file(self) -> Path:
        """The policy that was in use last, for the day its file is wrong."""
        return self.data / "policy.last-good.toml"

    @property
    def last_keymap_file(self) -> Path:
        """The person's own keys that were in use last without a fault."""
        return self.data / "keymap.last-good.toml"

    @property
    def keymap_file(self) -> Path:
        """Keys of one's own, laid over the shipped ones."""
        return self.config / "keymap.toml"

    def account(self, name: str) -> AccountFolder:
        """The data folder of an account, whether it exists or not; ``SettingsError`` for a bad
        name.
        """
        return AccountFolder(self.data / "accounts" / check_name(name))

    def create(self) -> None:
        """Make the folders, closed to others; ``SettingsError`` if that cannot be done."""
        for folder in (self.config, self.data, self.log):
            make_private_folder(folder)


def make_private_folder(folder: Path) -> Path:
    """Make a folder that only its owner can read; ``SettingsError`` if that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SettingsError(
            translate("Paths", "The folder {folder} cannot be made: {why}.").format(
                folder=folder, why=error.strerror or error
            )
        ) from error
    return folder


def home_at(folder: Path) -> Home:
    """Everything in one folder."""
    root = folder.expanduser().absolute()
    return Home(config=root, data=root, log=root / "log")


def find_home(chosen: Path | None, environ: Mapping[str, str] = os.environ) -> Home:
    """The home that was asked for, else the one the environment names, else the platform's own."""
    if chosen is not None:
        return home_at(chosen)
    named = environ.get(HOME_VARIABLE, "").strip()
    if named:
        return home_at(Path(named))
    # Not at the top: with --home or MODSTATION_HOME it is never needed.
    from platformdirs import PlatformDirs

    folders = PlatformDirs("modstation", appauthor=False)
    return Home(
        config=folders.user_config_path, data=folders.user_data_path, log=folders.user_log_path
    )


def write_atomically(path: Path, text: str) -> None:
    """Replace a text file as a whole, readable by its owner only; ``SettingsError`` if it cannot.

    A reader sees the old text or the new one, also when the machine stops in between.
    """
    make_private_folder(path.parent)
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise SettingsError(
            translate("Paths", "{path} cannot be written: {why}.").format(
                path=path, why=error.strerror or error
            )
        ) from error
