"""Runs the bench's own programs, which speak in lines of JSON, and weighs processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

PROGRAMS = Path(__file__).parents[1] / "perf" / "programs"
TESTS = Path(__file__).parents[1]


# Compiled modules, as an installed program has them: a start must not compile its own source.
# Not beside the source, where somebody may have asked for none.
COMPILED = Path(tempfile.gettempdir()) / f"modstation-bench-compiled-{os.getuid()}"


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment a measured program gets: the screen if there is one, no test settings."""
    dropped = {"QT_QPA_PLATFORM", "PYTHONDONTWRITEBYTECODE"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    kept["PYTHONPYCACHEPREFIX"] = str(COMPILED)
    # tests/conftest.py asks for the offscreen platform; the bench takes the screen there is.
    if "DISPLAY" in kept:
        kept["QT_QPA_PLATFORM"] = "xcb"
    elif sys.platform == "linux" and "WAYLAND_DISPLAY" not in kept:
        kept["QT_QPA_PLATFORM"] = "offscreen"
    kept["PYTHONPATH"] = str(TESTS)
    return {**kept, **(extra or {})}


class Program:
    """A program of ``tests/perf/programs`` under way: one JSON line in, one JSON line back."""

    def __init__(self, name: str, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAMS / name), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(env),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(kill=error is not None)

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, **question: Any) -> Any:
        """Send one question and wait for its answer."""
        self.say(**question)
        return self.hear()

    def say(self, **question: Any) -> None:
        """Send one question."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()

    def hear(self) -> Any:
        """The next line the program says."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            message = f"{self._process.args} ended with {self._process.wait()}"
            raise AssertionError(message)
        return json.loads(line)

    def close(self, *, kill: bool = False) -> None:
        """End it by closing its input, and wait."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if kill:
            self._process.kill()
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


def run(name: str, *arguments: str, env: Mapping[str, str] | None = None) -> Any:
    """Run a program to its end; its last line is the answer."""
    done = subprocess.run(
        [sys.executable, str(PROGRAMS / name), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(env),
        check=True,
        timeout=300,
    )
    return json.loads(done.stdout.splitlines()[-1])


def family(pid: int) -> list[int]:
    """A process and everything below it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += family(int(child))
    return found


def pss_mib(pids: Sequence[int]) -> dict[int, float]:
    """Proportional memory of each process: shared pages count by their share (Linux only)."""
    weights = {}
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                weights[pid] = int(line.split()[1]) / 1024
    return weights
