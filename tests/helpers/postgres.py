"""A real PostgreSQL of Debian's package: a private cluster in a temporary folder.

    with Cluster() as cluster, cluster.database() as url:
        ...

The server dies with the process that started it, so a killed test run leaves none behind.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from modstation.service.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

_USERS = ("postgres", "nobody")
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_TEMPLATE = "service_template"


def missing() -> str:
    """Why no cluster can be made here; empty if one can."""
    if _programs() is None:
        return "PostgreSQL's server is not installed (Debian: postgresql)"
    if shutil.which("setpriv") is None:
        return "setpriv is not installed (Debian: util-linux)"
    try:
        import psycopg  # noqa: F401 - whether it is there
    except ImportError:
        return "psycopg is not installed (the postgres extra)"
    return ""


class Cluster:
    """A PostgreSQL server on a Unix socket; ``durable`` keeps fsync as it is in real life."""

    def __init__(self, *, durable: bool = False) -> None:
        programs = _programs()
        assert programs is not None
        self._programs = programs
        # Not pytest's folder: that is for its owner only, and the server runs as another user.
        self._folder = Path(tempfile.mkdtemp(prefix="modstation-pg-"))
        self._numbers = itertools.count(1)
        self._options = () if durable else _FAST
        self._server: subprocess.Popen[bytes] | None = None
        self._templates: set[str] = set()
        if os.getuid() == 0:
            shutil.chown(self._folder, _user().pw_uid)
        # A locale that orders names as people do: the service must not depend on it.
        made = self._run("initdb", "-A", "trust", "-U", "modstation", "-E", "UTF8", "--no-sync",
                         "--locale=C.UTF-8", "--locale-provider=icu",
                         "--icu-locale=en", "-D", str(self._data))  # fmt: skip
        assert made.returncode == 0, made.stderr
        self.start()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Start the server; returns once it takes connections."""
        settings = ("listen_addresses=", f"unix_socket_directories={self._folder}",
                    "max_connections=200", *self._options)  # fmt: skip
        log = (self._folder / "log").open("ab")
        self._server = subprocess.Popen(
            [*_as_other(), str(self._programs / "postgres"), "-D", str(self._data)]
            + [part for setting in settings for part in ("-c", setting)],
            cwd=self._folder,
            stdout=log,
            stderr=log,
        )
        log.close()
        self._wait()

    def stop(self) -> None:
        """Stop as a power cut does: every connection breaks, nothing is written down first."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait(30)
            self._server = None

    @contextmanager
    def database(self, *, empty: bool = False) -> Iterator[str]:
        """The address of a database of its own, with the service's tables unless ``empty``."""
        name = f"test_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {'template0' if empty else self._template()}")
        try:
            yield self.url(name)
        finally:
            self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def url(self, name: str) -> str:
        """The address of a database."""
        return f"postgresql://modstation@/{name}?host={self._folder}"

    def sql(self, statement: str, url: str | None = None) -> list[tuple[object, ...]]:
        """Run one statement outside any transaction."""
        import psycopg

        with psycopg.connect(url or self.url("postgres"), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        """Stop the server and remove everything."""
        self.stop()
        shutil.rmtree(self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _template(self) -> str:
        if _TEMPLATE not in self._templates:
            self.sql(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
            Ledger(self.url(_TEMPLATE)).close()
            self._templates.add(_TEMPLATE)
        return _TEMPLATE

    def _wait(self) -> None:
        assert self._server is not None
        socket = self._folder / ".s.PGSQL.5432"
        for _ in range(600):
            if self._server.poll() is not None:
                raise RuntimeError((self._folder / "log").read_text())
            ready = socket.exists() and self._run("pg_isready", "-h", str(self._folder))
            if ready and ready.returncode == 0:
                return
            try:
                self._server.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        raise RuntimeError("PostgreSQL did not start")

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*_as_other(), str(self._programs / program), *arguments],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )


def _programs() -> Path | None:
    """The folder of the newest server programs; Debian keeps them off the path."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3])
    )
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


def _user() -> pwd.struct_passwd:
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next(known[name] for name in _USERS if name in known)


def _as_other() -> list[str]:
    """What runs a program as a user PostgreSQL accepts, and ends it with its parent."""
    command = ["setpriv", "--pdeathsig", "QUIT"]
    if os.getuid() == 0:
        user = _user()
        command += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return [*command, "--"]
