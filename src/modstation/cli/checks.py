"""What ``doctor`` looks at: each check says how one thing stands, and what to do about it."""

from __future__ import annotations

import io
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from modstation.cli.terminal import has_screen
from modstation.core.errors import ModstationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from modstation.cli.terminal import Terminal
    from modstation.core.accounts import Credentials

LEAST_FREE_BYTES = 2 * 1024**3
QT_SECONDS = 60
DISTRIBUTIONS = ("modstation", "PySide6-Essentials", "pillow", "httpx", "sqlite-utils")
# As in resources/dev.sh; a test compares the two.
DEBIAN_PACKAGES = (
    "libegl1 libgl1 libxkbcommon0 libfontconfig1 libdbus-1-3 libglib2.0-0 fonts-dejavu-core"
    " libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0"
    " libxcb-render-util0 libxcb-shape0 libxcb-xkb1"
)
_START_QT = """
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QApplication
app = QApplication([])
print("families", len(QFontDatabase.families()))
"""


class Level(Enum):
    """How a thing stands."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """How one thing stands; ``advice`` is what to do."""

    level: Level
    what: str
    says: str
    advice: str = ""

    def as_dict(self) -> dict[str, str]:
        """The finding for a machine."""
        return {
            "level": self.level.value,
            "check": self.what,
            "says": self.says,
            "advice": self.advice,
        }


def checks(terminal: Terminal, account: str | None) -> Sequence[Callable[[], list[Finding]]]:
    """The checks in the order of what depends on what."""
    return [
        python,
        versions,
        window_system,
        keyring,
        partial(folders, terminal),
        partial(files, terminal),
        decoders,
        partial(account_checks, terminal, account),
    ]


def ok(what: str, says: str) -> list[Finding]:
    """One thing that is as it should be."""
    return [Finding(Level.OK, what, says)]


def problem(what: str, says: str, advice: str = "") -> list[Finding]:
    """One thing that stops the work."""
    return [Finding(Level.PROBLEM, what, says, advice)]


def note(what: str, says: str, advice: str = "") -> list[Finding]:
    """One thing worth knowing that stops nothing."""
    return [Finding(Level.NOTE, what, says, advice)]


def python() -> list[Finding]:
    """Which Python this is; an older one than ours could not have read this file."""
    return ok("Python", f"{sys.version.split()[0]} at {sys.executable}")


def versions() -> list[Finding]:
    """What is installed."""
    from modstation.app.diagnostics import installed_version

    return ok("versions", ", ".join(f"{name} {installed_version(name)}" for name in DISTRIBUTIONS))


def window_system() -> list[Finding]:
    """Qt starts (in a process of its own: a missing library ends it), and there is a screen."""
    screen = has_screen()
    environ = dict(os.environ)
    if not screen:
        environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    try:
        started = subprocess.run(  # noqa: S603 - our own interpreter and our own text
            [sys.executable, "-c", _START_QT],
            env=environ,
            capture_output=True,
            text=True,
            timeout=QT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return problem("Qt", f"did not start within {QT_SECONDS} seconds")
    if started.returncode != 0:
        return problem("Qt", _why_qt_failed(started.stderr), _qt_advice())
    if "families 0" in started.stdout:
        return problem("Qt", "finds no font", "Install a font, for example fonts-dejavu-core.")
    found = ok("Qt", "starts")
    if not screen:
        found += note("screen", "none here", "Only “demo --headless” can show the window's work.")
    return found


def _why_qt_failed(stderr: str) -> str:
    missing = re.search(r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object", stderr)
    if missing:
        return f"cannot start: the library {missing[1]} is missing"
    lines = [line for line in stderr.splitlines() if line.strip()]
    return f"cannot start: {lines[-1] if lines else 'it ended without a word'}"


def _qt_advice() -> str:
    if platform.system() == "Linux":
        return f"On Debian and Ubuntu: sudo apt-get install {DEBIAN_PACKAGES}"
    return "Install modstation again: pip install --force-reinstall modstation"


def keyring() -> list[Finding]:
    """A keyring takes secrets."""
    from modstation.app.accounts import trusted_keyring

    backend = trusted_keyring()
    if backend is None:
        return note(
            "keyring",
            "none works here",
            "Secrets are kept for one run only; set CLOUDINARY_URL where modstation is started.",
        )
    return ok("keyring", f"{type(backend).__module__.rpartition('.')[2]}")


def folders(terminal: Terminal) -> list[Finding]:
    """The folders can be written and have room."""
    home = terminal.home()
    try:
        home.create()
        for folder in {home.config, home.data, home.log}:
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(b"x")
    except (OSError, ModstationError) as error:
        return problem("home", f"{home.data}: {error}", "Choose another folder with --home.")
    free = shutil.disk_usage(home.data).free
    says = f"{home.data} ({free / 1024**3:.1f} GB free)"
    if free < LEAST_FREE_BYTES:
        return problem("home", says, "Make room: the image cache alone may take 1 GB.")
    return ok("home", says)


def files(terminal: Terminal) -> list[Finding]:
    """Settings, policy and keys can be read."""
    from modstation.app.keymaps import load_keymap
    from modstation.app.policies import load_policy
    from modstation.app.settings_file import load_settings

    home = terminal.home()
    settings, wrong_settings = load_settings(home)
    policy, wrong_policy = load_policy(home, settings, settings_wrong=bool(wrong_settings))
    keymap, wrong_keys = load_keymap(home, settings)
    found: list[Finding] = []
    for what, says, problems in (
        ("settings", str(home.settings_file), wrong_settings),
        ("policy", f"{policy.title} ({policy.version})", wrong_policy),
        ("keys", keymap.name, wrong_keys),
    ):
        if problems:
            for text in problems:
                found += problem(what, text, "Mend the file, or move it away.")
        else:
            found += ok(what, says)
    return found


def decoders() -> list[Finding]:
    """The decode processes turn a picture into pixels."""
    from modstation.app.self_check import decode_one

    image = _sample()
    try:
        width, height = decode_one(image)
    except ModstationError as error:
        return problem("decoders", error.message, "See the log; install modstation again.")
    return ok("decoders", f"a picture of {width} × {height} pixels came back")


def _sample() -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 120, 40)).save(buffer, "JPEG")
    return buffer.getvalue()


def account_checks(terminal: Terminal, chosen: str | None) -> list[Finding]:
    """The account, its database, and the way to its service."""
    try:
        found_account = terminal.book().locate(chosen)
    except ModstationError as error:
        return problem("account", error.message)
    if found_account is None:
        return note("account", "none yet", "modstation account add NAME")
    folder = terminal.home().account(found_account.name)
    found = ok("account", f"{found_account.name} (cloud {found_account.cloud})")
    found += database(folder.path, folder.station_db, terminal, found_account.name)
    try:
        credentials = terminal.credentials(chosen)
    except ModstationError as error:
        return found + problem("secret", error.message)
    return found + service(credentials)


def database(folder: Path, path: Path, terminal: Terminal, name: str) -> list[Finding]:
    """The account's database is whole, and no decision in it was changed."""
    from modstation.app.unattended import opened_store

    if not path.exists():
        return note("database", "none yet; the first pull makes it")
    try:
        with opened_store(terminal.home().account(name)) as store:
            broken = store.verify_chain()
            drift = store.drift()
            counts = store.counts()
    except ModstationError as error:
        return problem("database", f"{error.title}: {error.message}", f"It is in {folder}")
    if broken is not None:
        return problem(
            "database",
            f"decision {broken.sequence} does not fit: {broken.reason}",
            "Keep the file as it is and ask whoever audits the decisions.",
        )
    if drift:
        return problem("database", f"the queue is not what the tables say: {'; '.join(drift)}")
    return ok(
        "database",
        f"whole; {counts.waiting} wait, {counts.decided} decided, {counts.unsent} unsent",
    )


def service(credentials: Credentials) -> list[Finding]:
    """The service is there and takes the key."""
    from modstation.app.self_check import check_connection

    base = credentials.account.api_base
    try:
        check_connection(credentials)
    except ModstationError as error:
        return problem(
            "service",
            f"{base}: {error.title}: {error.message}",
            "Reviewing goes on without it; decisions are posted once it is back.",
        )
    return ok("service", f"{base} answers and takes the key")
