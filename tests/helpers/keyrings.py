"""Keyring backends to choose with PYTHON_KEYRING_BACKEND: one that works, three that do not."""

from __future__ import annotations

from typing import ClassVar

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class WorkingKeyring(KeyringBackend):
    """Keeps secrets in memory; the class holds them, since each look-up makes a new one."""

    priority = 5
    kept: ClassVar[dict[tuple[str, str], str]] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self.kept.pop((service, username), None)


class ForgetfulKeyring(WorkingKeyring):
    """Accepts a secret and keeps nothing."""

    priority = 5

    def set_password(self, service: str, username: str, password: str) -> None:
        pass


class LockedKeyring(KeyringBackend):
    """Refuses every question."""

    priority = 5

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("locked")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked("locked")

    def delete_password(self, service: str, username: str) -> None:
        raise KeyringLocked("locked")
