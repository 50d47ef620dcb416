"""The settings as a form: made from their declaration, checked while one types, saved at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from modstation.app.keymaps import PRESETS
from modstation.app.setting_table import SettingKind, refusal, setting_table
from modstation.app.settings_file import save_settings
from modstation.core.errors import SettingsError
from modstation.core.language import translate

if TYPE_CHECKING:
    from modstation.app.setting_table import SettingInfo
    from modstation.app.settings_book import SettingsBook

FieldValue: TypeAlias = str | bool
_YES = frozenset({"true", "yes", "on"})


class SettingsForm:
    """What a person has filled in, and why it may not be saved.

    Values are text as it is typed, or True and False. Nothing counts before ``save``.
    """

    def __init__(self, book: SettingsBook) -> None:
        self._book = book
        self._table = setting_table()
        self._filled: dict[str, FieldValue] = {name: self._now(name) for name in self._table}
        self._opened_with = dict(self._filled)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the settings file; the next save replaces it."""
        return self._book.problems

    def groups(self) -> dict[str, list[SettingInfo]]:
        """Every setting, by its group, in the order of the declaration."""
        groups: dict[str, list[SettingInfo]] = {}
        for info in self._table.values():
            groups.setdefault(info.group, []).append(info)
        return groups

    def value(self, name: str) -> FieldValue:
        """What stands in a field."""
        return self._filled[name]

    def fill(self, name: str, value: FieldValue) -> str | None:
        """Fill a field in; returns in words why it cannot be saved so, or None."""
        self._filled[name] = value
        return self.refusal(name)

    def fill_default(self, name: str) -> None:
        """Put the default into a field."""
        self._filled[name] = _shown(self._table[name].default)

    def refusal(self, name: str) -> str | None:
        """Why a field cannot be saved as it is, in words; None if it can."""
        info, value = self._table[name], self._filled[name]
        try:
            typed = _read(info, value)
        except ValueError:
            return translate("SettingsForm", "Write {allowed}.").format(allowed=info.allowed)
        if refusal(name, typed) is not None:
            return translate("SettingsForm", "Write {allowed}.").format(allowed=info.allowed)
        return _missing_file(name, str(typed))

    @property
    def refusals(self) -> dict[str, str]:
        """Every field that cannot be saved, and why."""
        return {name: why for name in self._table if (why := self.refusal(name)) is not None}

    @property
    def changed(self) -> list[str]:
        """The settings that would change; what a key changed meanwhile is left as it is."""
        return [
            name
            for name, value in self._filled.items()
            if value not in (self._opened_with[name], self._now(name))
        ]

    @property
    def waits_for_restart(self) -> list[str]:
        """The settings that would change, and count only after the next start."""
        return [name for name in self.changed if self._table[name].restart]

    def save(self) -> None:
        """Let what is filled in count and keep it; ``SettingsError`` names what is wrong."""
        refusals = self.refusals
        if refusals:
            raise SettingsError(" ".join(f"{name}: {why}" for name, why in refusals.items()))
        values = {name: _read(self._table[name], self._filled[name]) for name in self.changed}
        book = self._book
        if book.problems:
            # Whoever saves here has seen what is wrong: the file is mended as a whole.
            book.problems = ()
            book.write_later(lambda: save_settings(book.home, book.current))
        if values:
            book.change(**values)

    def _now(self, name: str) -> FieldValue:
        value = getattr(self._book.current, name)
        return _shown(getattr(value, "value", value))


def _shown(value: FieldValue | float) -> FieldValue:
    if isinstance(value, bool):
        return value
    return f"{value:g}" if isinstance(value, float) else str(value)


def _read(info: SettingInfo, value: FieldValue) -> str | bool | float:
    """What was typed as the setting's own type; ``ValueError`` if it is none."""
    text = str(value).strip()
    match info.kind:
        case SettingKind.SWITCH:
            return value if isinstance(value, bool) else text.casefold() in _YES
        case SettingKind.WHOLE:
            return int(text.replace(",", ""))
        case SettingKind.NUMBER:
            return float(text.replace(",", "."))
    return text


def _missing_file(name: str, value: str) -> str | None:
    """A file that is to be read must be there."""
    if not value or name not in {"policy", "keymap"} or (name == "keymap" and value in PRESETS):
        return None
    if Path(value).expanduser().is_file():
        return None
    if name != "keymap":
        return translate("SettingsForm", "There is no file {value}.").format(value=value)
    return translate(
        "SettingsForm", "There is no file {value}; shipped keymaps are {presets}."
    ).format(value=value, presets=", ".join(PRESETS))
