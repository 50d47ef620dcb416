"""The wheel carries everything the program reads."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from modstation.core.shipped import resources

ROOT = Path(__file__).parents[2]


def shipped() -> dict[str, bytes]:
    """Name and content of every resource in the checkout."""
    folder = ROOT / "resources"
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout and unpacked as pip would."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"),
            *(
                "--no-deps",
                "--no-build-isolation",
                "--no-index",
                "--wheel-dir",
                str(folder),
                str(ROOT),
            ),
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_an_installed_wheel_loads_every_resource(installed: Path) -> None:
    names = sorted(shipped())
    script = (
        "import sys, hashlib\n"
        "from modstation.core.shipped import resources\n"
        "for name in sys.argv[1:]:\n"
        "    data = resources().joinpath(*name.split('/')).read_bytes()\n"
        "    print(hashlib.sha256(data).hexdigest())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, *names],
        env={**os.environ, "PYTHONPATH": str(installed)},
        cwd=installed,
        check=True,
        capture_output=True,
        text=True,
    )
    wanted = [hashlib.sha256(shipped()[name]).hexdigest() for name in names]
    assert ran.stdout.split() == wanted


def test_the_wheel_holds_the_package_and_its_licence(installed: Path) -> None:
    assert (installed / "modstation/py.typed").is_file()
    assert list(installed.glob("modstation-*.dist-info/licenses/LICENSE"))


def test_every_sample_photograph_has_its_licence_beside_it() -> None:
    folder = resources() / "demo"
    listed = tomllib.loads((folder / "PROVENANCE.toml").read_text(encoding="utf-8"))["photo"]
    photos = {entry.name for entry in folder.iterdir() if entry.name.endswith(".jpg")}

    assert {row["file"] for row in listed} == photos
    assert len(photos) >= 12
    assert {row["licence"] for row in listed} <= {"CC0-1.0", "public domain"}
    assert all(row["evidence"] and row["source"] and row["author"] for row in listed)
