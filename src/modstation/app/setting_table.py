"""The settings as people need them explained, and the check of what they are given."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import msgspec
from msgspec import inspect

from modstation.app.settings import Settings, declared
from modstation.core.errors import SettingsError
from modstation.core.language import later, translate

if TYPE_CHECKING:
    from collections.abc import Mapping

_CHOICES = {
    "auto": later("Settings", "auto"),
    "always": later("Settings", "always"),
    "never": later("Settings", "never"),
    "dark": later("Settings", "dark"),
    "light": later("Settings", "light"),
    "contrast-dark": later("Settings", "dark, high contrast"),
    "contrast-light": later("Settings", "light, high contrast"),
    "system": later("Settings", "system"),
    "oldest": later("Settings", "oldest"),
    "newest": later("Settings", "newest"),
    "public": later("Settings", "public"),
    "unsure": later("Settings", "unsure"),
    "together": later("Settings", "together"),
    "first": later("Settings", "first"),
    # A language is called as those call it who speak it.
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
}


def choice_title(choice: str) -> str:
    """What a choice of a setting is called."""
    return str(_CHOICES.get(choice, choice))


class SettingKind(Enum):
    """How a setting is filled in."""

    SWITCH = "switch"
    WHOLE = "whole number"
    NUMBER = "number"
    CHOICE = "choice"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """One setting as people need it explained: what it takes, its default, what it does."""

    name: str
    allowed: str
    default: str | bool | int | float
    description: str
    kind: SettingKind
    choices: tuple[str, ...]
    title: str
    group: str
    restart: bool

    @property
    def takes(self) -> str:
        """What it takes, as a sentence."""
        return translate("Settings", "It takes {allowed}.").format(allowed=self.allowed)


def setting_table() -> dict[str, SettingInfo]:
    """Every setting by its name, made from its declaration."""
    info = inspect.type_info(Settings)
    assert isinstance(info, inspect.StructType)
    table: dict[str, SettingInfo] = {}
    for field in info.fields:
        meta = field.type
        assert isinstance(meta, inspect.Metadata)
        default, told = field.default, declared(meta)
        table[field.name] = SettingInfo(
            name=field.name,
            allowed=_allowed(meta.type),
            default=default.value if isinstance(default, Enum) else default,
            description=told.description,
            kind=_kind(meta.type),
            choices=_choices(meta.type),
            title=told.title,
            group=told.group,
            restart=told.restart,
        )
    return table


def _kind(kind: inspect.Type) -> SettingKind:
    match kind:
        case inspect.BoolType():
            return SettingKind.SWITCH
        case inspect.IntType():
            return SettingKind.WHOLE
        case inspect.FloatType():
            return SettingKind.NUMBER
        case inspect.LiteralType() | inspect.EnumType():
            return SettingKind.CHOICE
        case _:
            return SettingKind.TEXT


def _choices(kind: inspect.Type) -> tuple[str, ...]:
    match kind:
        case inspect.LiteralType(values=values):
            return tuple(str(value) for value in values)
        case inspect.EnumType(cls=choices):
            return tuple(str(choice.value) for choice in choices)
        case _:
            return ()


def _allowed(kind: inspect.Type) -> str:
    match kind:
        case inspect.BoolType():
            return translate("Settings", "true or false")
        case inspect.IntType(ge=least, le=most):
            return translate("Settings", "a whole number from {least} to {most}").format(
                least=least, most=most
            )
        case inspect.FloatType(ge=least, le=most):
            return translate("Settings", "a number from {least} to {most}").format(
                least=least, most=most
            )
        case inspect.LiteralType(values=values):
            return ", ".join(f"“{value}”" for value in values)
        case inspect.EnumType(cls=choices):
            return ", ".join(f"“{choice.value}”" for choice in choices)
        case inspect.StrType(pattern=str()):
            return translate("Settings", "names in quotes, with commas between")
        case _:
            return translate("Settings", "text in quotes")


def changed(settings: Settings, values: Mapping[str, object]) -> Settings:
    """The settings with other values in them; ``SettingsError`` names each one not allowed."""
    problems = [problem for name, value in values.items() if (problem := refusal(name, value))]
    if problems:
        raise SettingsError(" ".join(problems))
    return msgspec.convert(
        {**msgspec.to_builtins(settings), **msgspec.to_builtins(dict(values))}, Settings
    )


def refusal(name: str, value: object) -> str | None:
    """Why a setting may not have a value, in words; None if it may."""
    table = setting_table()
    info = table.get(name)
    if info is None:
        return translate("Settings", "There is no setting “{name}”. There are: {names}.").format(
            name=name, names=", ".join(table)
        )
    try:
        msgspec.convert(msgspec.to_builtins({name: value}), Settings)
    except msgspec.ValidationError:
        return translate("Settings", "“{name}” must be {allowed}, not {value!r}.").format(
            name=name, allowed=info.allowed, value=value
        )
    return None
