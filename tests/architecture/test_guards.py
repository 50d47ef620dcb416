"""The guards of tests/conftest.py do stop what they are there to stop."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

SAMPLE = """
import logging, os, subprocess, threading, warnings
from PySide6.QtCore import QTimer, qWarning

kept = []

def test_leaves_a_thread():
    threading.Thread(target=threading.Event().wait, daemon=True, name="stuck").start()

def test_leaves_a_process():
    kept.append(subprocess.Popen(["sleep", "20"]))

def test_leaves_a_timer(qapp):
    kept.append(QTimer())
    kept[-1].start(1000)

def test_logs_a_warning():
    logging.getLogger("a").warning("what")

def test_makes_qt_warn(qtbot):
    qWarning("what")

def test_warns():
    warnings.warn("what")

def test_allows_its_warning(allow_log):
    allow_log("^a: what")
    logging.getLogger("a").warning("what")

def test_has_a_home_of_its_own(own_home):
    assert os.environ["MODSTATION_HOME"] == str(own_home)
    assert "CLOUDINARY_URL" not in os.environ

def test_stop():
    kept[0].kill()
    kept[0].wait()
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a run over the sample says of each of its tests."""
    folder = tmp_path_factory.mktemp("guards")
    guards = (TESTS / "conftest.py").read_text()
    guards = re.sub(r"(?m)^GRACE_SECONDS = .*$", "GRACE_SECONDS = 0.2", guards)
    (folder / "conftest.py").write_text(guards)
    (folder / "test_it.py").write_text(SAMPLE)
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider"),
            *("-c", str(TESTS.parent / "pyproject.toml"), f"--rootdir={folder}", str(folder)),
        ],
        env={**os.environ, "PYTHONPATH": str(TESTS), "CLOUDINARY_URL": "cloudinary://k:s@c"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    # A test that passed and left something is listed twice; the later line is the fault.
    found = re.findall(r"(?m)^(PASSED|FAILED|ERROR) \S*test_it\.py::test_(\w+)", ran.stdout)
    assert found, ran.stdout + ran.stderr
    return {name: outcome for outcome, name in sorted(found, reverse=True)}


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("leaves_a_thread", "ERROR"),
        ("leaves_a_process", "ERROR"),
        ("leaves_a_timer", "ERROR"),
        ("logs_a_warning", "ERROR"),
        ("makes_qt_warn", "FAILED"),
        ("warns", "FAILED"),
        ("allows_its_warning", "PASSED"),
        ("has_a_home_of_its_own", "PASSED"),
    ],
)
def test_a_guard_holds(outcomes: dict[str, str], name: str, outcome: str) -> None:
    assert outcomes[name] == outcome
