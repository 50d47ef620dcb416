"""The log and the crash report, neither of which ever holds a secret."""

from __future__ import annotations

import logging
import logging.handlers
import os
import platform
import re
import sys
import traceback
from typing import TYPE_CHECKING

from modstation.app.paths import make_private_folder, write_atomically
from modstation.core.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from modstation.core.clock import Clock

LOG_BYTES = 1_000_000
LOG_FILES = 3
HIDDEN = "…"
# A shorter "secret" would blank out ordinary words.
SHORTEST_SECRET = 4

_PATTERNS = [
    (re.compile(r"(cloudinary://[^:\s/@]*:)[^@\s]+(@)", re.IGNORECASE), rf"\1{HIDDEN}\2"),
    (re.compile(r"(https?://)[^/\s@]+@", re.IGNORECASE), rf"\1{HIDDEN}@"),
    (
        re.compile(
            r"(['\"]?(?:proxy-)?authorization['\"]?\s*[:=,]\s*(?:b(?=['\"]))?['\"]?)"
            r"(?:(?:basic|bearer)\s+)?[^\s'\",;)]+",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"\b(basic|bearer)\s+[A-Za-z0-9+/=._~-]{8,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (
        re.compile(
            r"\b((?:x-cld-)?signature|api_?secret|secret|password|token)"
            r"(['\"]?\s*[:=]\s*['\"]?)[^\s&'\",;)]+",
            re.IGNORECASE,
        ),
        rf"\1\2{HIDDEN}",
    ),
    (re.compile(r"s--[A-Za-z0-9_-]{6,}--"), f"s--{HIDDEN}--"),
    (re.compile(r"data:image/[^\s'\"]{64,}", re.IGNORECASE), f"data:image/{HIDDEN}"),
]


def redact(text: str, secrets: Collection[str] = ()) -> str:
    """Take secrets, credentials, signatures and image data out of a text."""
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class RedactingFormatter(logging.Formatter):
    """Writes a record, traceback included, without anything secret in it."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        super().__init__("%(asctime)s %(levelname)s %(processName)s %(name)s: %(message)s")
        self.secrets = set(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """The line or lines of the record."""
        return redact(super().format(record), self.secrets)


def keep_secret(secret: str) -> None:
    """Hide a secret that this process learned after its log was started."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, RedactingFormatter):
            handler.formatter.secrets.add(secret)


def start_log(
    folder: Path,
    program: str,
    *,
    secrets: Collection[str] = (),
    level: int = logging.INFO,
) -> logging.Handler:
    """Send the log of this process to ``<folder>/<program>.log``; the handler is returned.

    Every process has a file of its own, because a file that two processes turn over loses
    lines. ``SettingsError`` if the folder cannot be made.
    """
    make_private_folder(folder)
    handler = logging.handlers.RotatingFileHandler(
        folder / f"{program}.log",
        maxBytes=LOG_BYTES,
        backupCount=LOG_FILES - 1,
        encoding="utf-8",
        errors="backslashreplace",
        delay=True,
    )
    handler.setFormatter(RedactingFormatter(secrets))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level)
    # These two write whole addresses at INFO, one line a request.
    for chatty in ("httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    return handler


def log_to_stderr(level: int = logging.WARNING) -> logging.Handler:
    """Send the log of this process to stderr, for a program that somebody else keeps running."""
    handler = logging.StreamHandler()
    handler.setFormatter(RedactingFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level)
    return handler


def stop_log(handler: logging.Handler) -> None:
    """Take the handler off again and close its file."""
    logging.getLogger().removeHandler(handler)
    handler.close()


def crash_report(error: BaseException, *, secrets: Collection[str] = (), clock: Clock) -> str:
    """What a developer needs of a bug: traceback, versions, platform; no values of variables."""
    lines = [
        f"modstation {installed_version('modstation')}, {clock.now().isoformat()}",
        f"Python {sys.version.split()[0]} on {platform.platform()}",
        *(
            f"{name} {installed_version(name)}"
            for name in ("PySide6-Essentials", "httpx", "pillow")
        ),
        "",
        *traceback.format_exception(error),
    ]
    return redact("\n".join(lines), secrets)


def write_crash_report(
    folder: Path,
    error: BaseException,
    *,
    secrets: Collection[str] = (),
    clock: Clock | None = None,
) -> Path:
    """Write the report of a bug into the log folder and return its path."""
    clock = clock or SystemClock()
    make_private_folder(folder)
    path = folder / f"crash-{clock.now():%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    write_atomically(path, crash_report(error, secrets=secrets, clock=clock))
    return path


def installed_version(distribution: str) -> str:
    """The version of an installed distribution, or "not installed"."""
    # Not at the top: 19 ms of every start, for a report that is hoped never to be written.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"
