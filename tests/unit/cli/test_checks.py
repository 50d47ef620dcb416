import os
import re
import subprocess
import sys

import pytest

from modstation.cli import checks
from modstation.cli.checks import DEBIAN_PACKAGES, Level
from modstation.core.shipped import resources


def test_the_advice_names_the_same_packages_as_the_set_up():
    script = (resources() / "dev.sh").read_text(encoding="utf-8")
    [listed] = re.findall(r'qt_packages="([^"]+)"', script)

    assert DEBIAN_PACKAGES.split() == listed.split()


@pytest.fixture
def broken_qt(monkeypatch):
    """Qt's start replaced by a process that ends as it does where something is missing."""

    def replace(code):
        monkeypatch.setattr(checks, "_START_QT", code)

    return replace


def test_a_missing_library_is_named_with_what_to_install(broken_qt, monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Linux")
    text = "ImportError: libEGL.so.1: cannot open shared object file: No such file or directory"
    broken_qt(f"import sys; sys.exit({text!r})")

    [finding] = checks.window_system()

    assert finding.level is Level.PROBLEM
    assert "libEGL.so.1" in finding.says
    assert "libegl1" in finding.advice


def test_a_qt_that_aborts_does_not_take_the_doctor_along(broken_qt):
    broken_qt("import os; os.abort()")

    [finding] = checks.window_system()

    assert finding.level is Level.PROBLEM


def test_a_machine_without_a_font_is_told_so(broken_qt):
    broken_qt("print('families 0')")

    [finding] = checks.window_system()

    assert "font" in finding.says


def test_a_qt_that_hangs_is_given_up(broken_qt, monkeypatch):
    broken_qt("import time; time.sleep(60)")
    monkeypatch.setattr(checks, "QT_SECONDS", 0.5)

    [finding] = checks.window_system()

    assert "did not start" in finding.says


def test_a_home_that_cannot_be_written_is_a_problem(shell, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("a file, not a folder")

    ran = shell("doctor", "--home", str(blocked / "below"))

    assert ran.code == 1
    assert re.search(r"problem +home", ran.out)
    assert "--home" in ran.out


def test_a_damaged_database_is_a_problem_not_a_crash(desk):
    database = desk.home.account("work").station_db
    for end in ("-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
    database.write_bytes(b"not a database" * 1000)

    ran = desk("doctor")

    assert ran.code == 1
    assert re.search(r"problem +database", ran.out)
    assert desk("status").code == 1
    assert desk("status").err.startswith("Local database is damaged: ")


def test_an_export_into_a_closed_pipe_ends_quietly(desk):
    desk("decide", "dog", "approve")
    environ = {**os.environ, "MODSTATION_HOME": str(desk.home.config)}
    with subprocess.Popen(
        [sys.executable, "-m", "modstation", "export"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ,
    ) as process:
        process.stdout.close()
        said = process.stderr.read()

    assert b"Traceback" not in said
    assert b"bug" not in said


def test_an_export_is_utf_8_whatever_the_terminal_speaks(desk, refill):
    refill(["album/été 漢"])
    desk("decide", "album/été 漢", "approve")
    environ = {
        **os.environ,
        "MODSTATION_HOME": str(desk.home.config),
        "PYTHONIOENCODING": "ascii",
    }
    done = subprocess.run(
        [sys.executable, "-m", "modstation", "export"],
        capture_output=True,
        env=environ,
        check=True,
        timeout=60,
    )

    assert "album/été 漢" in done.stdout.decode("utf-8")
