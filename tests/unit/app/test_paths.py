import os
import stat
from pathlib import Path

import pytest

from modstation.app.paths import find_home, home_at, write_atomically
from modstation.core.errors import SettingsError
from modstation.core.shipped import resources

POSIX = os.name == "posix"


def test_the_folder_that_was_asked_for_wins_over_the_variable(tmp_path):
    home = find_home(tmp_path / "asked", {"MODSTATION_HOME": str(tmp_path / "named")})

    assert home.settings_file == tmp_path / "asked" / "settings.toml"
    assert home.log == tmp_path / "asked" / "log"


def test_the_variable_puts_everything_into_one_folder(tmp_path):
    home = find_home(None, {"MODSTATION_HOME": str(tmp_path)})

    assert home == home_at(tmp_path)


@pytest.mark.parametrize("environ", [{}, {"MODSTATION_HOME": "  "}])
def test_without_either_the_platform_chooses(environ):
    home = find_home(None, environ)

    assert home.data.is_absolute()
    assert "modstation" in home.data.parts


def test_two_accounts_never_share_a_folder(tmp_path):
    home = home_at(tmp_path)

    assert home.account("a").path != home.account("b").path


@pytest.mark.parametrize("name", ["..", "a/b", "", ".hidden", "a\\b", "x" * 65])
def test_an_account_name_cannot_leave_the_home_folder(tmp_path, name):
    with pytest.raises(SettingsError):
        home_at(tmp_path).account(name)


def test_a_file_is_replaced_whole_and_closed_to_others(tmp_path):
    path = tmp_path / "new" / "file.toml"

    write_atomically(path, "one")
    write_atomically(path, "two")

    assert path.read_text() == "two"
    assert [entry.name for entry in path.parent.iterdir()] == ["file.toml"]
    if POSIX:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_cannot_be_written_is_a_known_error(tmp_path):
    (tmp_path / "blocked").write_text("a file where a folder should be")

    with pytest.raises(SettingsError, match="cannot be made"):
        write_atomically(tmp_path / "blocked" / "file", "text")


def test_the_shipped_files_are_found():
    assert isinstance(resources(), Path)
    assert (resources() / "keymaps").is_dir()
