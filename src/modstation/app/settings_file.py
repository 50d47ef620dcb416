"""The settings file: read with its faults named, changed in place, never lost."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import msgspec

from modstation.app.paths import write_atomically
from modstation.app.setting_table import changed, refusal, setting_table
from modstation.app.settings import Settings
from modstation.app.toml_text import toml_lines, with_values
from modstation.core.errors import SettingsError
from modstation.core.language import translate
from modstation.core.protection import Protection

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modstation.app.paths import Home


def parse_settings(text: str, *, source: str) -> tuple[Settings, list[str]]:
    """Read settings from TOML text.

    What is wrong keeps its default and is named in the second value: file, key, allowed values.
    After any fault every image starts covered, for nobody knows what the wrong line asked for.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Settings(protection=Protection.ALWAYS), [
            translate("SettingsFile", "{source} is not valid TOML: {error}.").format(
                source=source, error=error
            )
        ]
    good: dict[str, object] = {}
    problems: list[str] = []
    for key, value in data.items():
        problem = refusal(key, value)
        if problem is None:
            good[key] = value
        else:
            problems.append(f"{source}: {problem}")
    if problems:
        good["protection"] = Protection.ALWAYS.value
    return msgspec.convert(good, Settings), problems


def load_settings(home: Home) -> tuple[Settings, list[str]]:
    """The person's settings, and what is wrong with them in words (to be shown once)."""
    path = home.settings_file
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings(), []
    except (OSError, UnicodeDecodeError) as error:
        why = (
            error.strerror
            if isinstance(error, OSError)
            else translate("SettingsFile", "it is not UTF-8 text")
        )
        return Settings(protection=Protection.ALWAYS), [
            translate("SettingsFile", "{path} cannot be read: {why}.").format(
                path=path, why=why or error
            )
        ]
    return parse_settings(text, source=str(path))


def settings_text(settings: Settings) -> str:
    """The TOML of what differs from the defaults, each line under its description."""
    table = setting_table()
    values = msgspec.to_builtins(settings)
    changed = {name: values[name] for name, info in table.items() if values[name] != info.default}
    return toml_lines(changed, {name: info.description for name, info in table.items()})


def change_settings(home: Home, values: Mapping[str, object]) -> Settings:
    """Change these settings in the file; others, and what is remarked on them, stay as they are.

    The one way from a running program to the file; ``SettingsError`` as ``save_settings`` says.
    """
    before, problems = load_settings(home)
    after = changed(before, values)
    text = None
    if home.settings_file.exists() and not problems:
        plain = msgspec.to_builtins(after)
        text = with_values(
            read_own(home.settings_file),
            {name: plain[name] for name in values},
            {name: info.description for name, info in setting_table().items()},
        )
    if text is None:
        save_settings(home, after)
    else:
        write_atomically(home.settings_file, text)
    return after


def save_settings(home: Home, settings: Settings) -> None:
    """Replace the settings file; one with faults in it is kept beside as ``.faulty``.

    ``SettingsError`` if it cannot be written, or if a value is outside its limits (a frozen
    structure does not check what it is built from).
    """
    try:
        msgspec.convert(msgspec.to_builtins(settings), Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(
            translate("SettingsFile", "These settings are not allowed: {error}.").format(
                error=error
            )
        ) from error
    path = home.settings_file
    if load_settings(home)[1]:
        try:
            path.replace(path.with_name(path.name + ".faulty"))
        except OSError as error:
            raise SettingsError(
                translate(
                    "SettingsFile", "{path} has faults and cannot be replaced: {why}."
                ).format(path=path, why=error.strerror or error)
            ) from error
    write_atomically(path, settings_text(settings))


def read_own(path: Path) -> str:
    """The text of a person's own file; ``SettingsError`` if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            translate("SettingsFile", "{path} cannot be read: {why}.").format(
                path=path, why=error.strerror or error
            )
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(
            translate("SettingsFile", "{path} is not UTF-8 text.").format(path=path)
        ) from error
