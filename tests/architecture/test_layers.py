"""What keeps the project in the shape of src/README.md, beyond what ruff and mypy see."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]
TOP_LEVEL = {"LICENSE", "README.md", "pyproject.toml", "resources", "src", "tests"}
VAGUE = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}

REGISTRIES = re.compile(
    r"pypi\.org|pythonhosted\.org|(?:deb|snapshot)\.debian\.org|registry\.npmjs|artifact-registry",
    re.IGNORECASE,
)
# The home or work folder of whoever wrote it. `/tmp` is left out: documentation may say it.
MACHINE_PATHS = re.compile(r"(?<![\w.:/])/(?:home|Users|root|work)/[\w.-]+")


def tracked() -> list[Path]:
    """The files of the project as it would be cloned, and those not committed yet."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = listing.stdout.decode().split("\0")
    return [path for name in names if name and (path := ROOT / name).is_file()]


def texts() -> list[tuple[str, str]]:
    """Every tracked text file but this one, as (name, text)."""
    found = []
    for path in tracked():
        data = path.read_bytes()
        if path != Path(__file__) and b"\0" not in data:
            found.append((str(path.relative_to(ROOT)), data.decode()))
    return found


def test_an_import_only_points_down(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)

    assert lint_imports() == 0, capsys.readouterr().out


def test_the_top_level_holds_nothing_else() -> None:
    entries = {path.relative_to(ROOT).parts[0] for path in tracked()}

    assert {entry for entry in entries if not entry.startswith(".")} <= TOP_LEVEL


def test_every_module_has_a_name_that_says_something() -> None:
    modules = (ROOT / "src").rglob("*.py")

    assert [str(path) for path in modules if {path.stem, path.parent.name} & VAGUE] == []


def test_every_package_says_what_it_is_for() -> None:
    packages = (ROOT / "src").rglob("__init__.py")

    assert [str(path) for path in packages if not path.read_text().startswith('"""')] == []


@pytest.mark.parametrize("pattern", [REGISTRIES, MACHINE_PATHS], ids=["registry", "machine path"])
def test_no_file_names_a_package_source_or_a_folder_of_its_author(pattern: re.Pattern[str]) -> None:
    found = [f"{name}: {hit[0]}" for name, text in texts() for hit in pattern.finditer(text)]

    assert found == []


def test_every_lint_rule_that_is_off_says_why() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    ignores = re.search(r"\n\[tool\.ruff\.lint\]\n.*?\nignore = \[\n(.*?)\n\]", text, re.DOTALL)
    per_file = re.search(r"\n\[tool\.ruff\.lint\.per-file-ignores\]\n(.*?)\n\n", text, re.DOTALL)
    assert ignores
    assert per_file
    rules = [
        line
        for line in (ignores[1] + "\n" + per_file[1]).splitlines()
        if re.match(r'\s+"[A-Z]+\d*"', line)
    ]

    assert len(rules) > 5
    assert [line for line in rules if not re.search(r",\s+# \S", line)] == []


def test_every_silenced_finding_says_which_one_and_why() -> None:
    silenced = re.compile(r"#\s*(?:noqa|type:\s*ignore)(?P<rest>.*)")
    told = re.compile(r"noqa: [A-Z]+\d+(?:, [A-Z]+\d+)* - \S|ignore\[[a-z,-]+\]  # \S")
    found = [
        f"{name}: {hit[0]}"
        for name, text in texts()
        if name.startswith(("src/", "tests/")) and name.endswith(".py")
        for hit in silenced.finditer(text)
    ]

    assert len(found) > 10
    assert [line for line in found if not told.search(line)] == []


def test_the_tested_versions_are_names_and_versions_only() -> None:
    lines = (ROOT / "resources/constraints.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]

    assert [
        line for line in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)
    ] == []


def test_every_dependency_has_a_tested_version() -> None:
    def plain(name: str) -> str:
        return re.sub(r"[-_.]+", "-", name).lower()

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    names = {plain(re.match(r"[\w.-]+", line)[0]) for lines in lists for line in lines}
    constraints = (ROOT / "resources/constraints.txt").read_text()
    pinned = {plain(name) for name in re.findall(r"(?m)^([\w.-]+)==", constraints)}

    assert names - pinned == set()
