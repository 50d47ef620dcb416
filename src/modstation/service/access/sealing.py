"""Sealing the API secrets that the database holds.

Signatures are digests over the plain secret (reference 1.3), so a hash of it will not do. Secrets
are encrypted with a key that lives in a file of its own (``service.key``, mode 0600): a copy or
backup of the database alone opens nothing. Replicas on several machines need the same file.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken

from modstation.core.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


class Seal:
    """Closes and opens secrets with the key in ``file``, which is made if it is not there.

    Raises SettingsError for a file that cannot be read or holds no key.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self._cipher = Fernet(_sealing_key(file))
        except (OSError, ValueError) as error:
            raise SettingsError(f"{file} cannot be used as the service's key: {error}") from error

    def close(self, secret: str) -> bytes:
        """The secret as it may be stored."""
        return self._cipher.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """The secret; raises SettingsError if another key closed it."""
        try:
            return self._cipher.decrypt(sealed).decode()
        except InvalidToken as error:
            raise SettingsError(
                f"{self._file.name} does not open the API secrets in the database: it was replaced,"
                " or this machine has not the file that the other replicas have."
            ) from error


def _sealing_key(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        pass
    key = Fernet.generate_key()
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(key)
        out.flush()
        os.fsync(out.fileno())
    try:
        # link, not replace: of two services that start at once the first one's key stays.
        os.link(fresh, file)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return file.read_bytes()
