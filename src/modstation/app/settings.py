"""The settings: each one declared once, with its type, its limits, its default and a sentence."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta, inspect

from modstation.core.errors import SettingsError
from modstation.core.language import later, noted, translate
from modstation.core.protection import Protection
from modstation.core.queue import Order, parse_kinds

if TYPE_CHECKING:
    from collections.abc import Mapping


_MORE = noted("Settings", "More")
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


def _describe(
    text: str,
    *,
    least: float | None = None,
    most: float | None = None,
    pattern: str | None = None,
    title: str = "",
    group: str = _MORE,
    restart: bool = False,
) -> Meta:
    """``restart``: a change counts after the next start only."""
    told = {"title": title, "group": group, "restart": restart}
    if pattern is not None:
        return Meta(description=text, pattern=pattern, extra=told)
    return Meta(description=text, ge=least, le=most, extra=told)


class SettingKind(Enum):
    """How a setting is filled in."""

    SWITCH = "switch"
    WHOLE = "whole number"
    NUMBER = "number"
    CHOICE = "choice"
    TEXT = "text"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a person can choose; ``settings.toml`` holds what differs from the defaults."""

    actor: Annotated[
        str,
        _describe(
            noted(
                "Settings", "Who decides, as it is written into every decision; empty: your log-in."
            ),
            title=noted("Settings", "Your name"),
            group=noted("Settings", "Deciding"),
        ),
    ] = ""
    hold_seconds: Annotated[
        float,
        _describe(
            noted(
                "Settings",
                "Seconds a decision is held before it is posted, so that undo sends nothing.",
            ),
            least=0,
            most=300,
            title=noted("Settings", "Undo window, seconds"),
            group=noted("Settings", "Deciding"),
        ),
    ] = 10.0
    painted_ms: Annotated[
        int,
        _describe(
            noted(
                "Settings",
                "Milliseconds an image must have been on screen before a key decides it.",
            ),
            least=0,
            most=5000,
            title=noted("Settings", "Shown before a key counts, ms"),
            group=noted("Settings", "Deciding"),
        ),
    ] = 150
    protection: Annotated[
        Protection,
        _describe(
            noted(
                "Settings",
                "Cover images: auto (what a machine or the policy warns of), always, never.",
            ),
            title=noted("Settings", "Cover images"),
            group=noted("Settings", "Looking"),
        ),
    ] = Protection.AUTO
    blur: Annotated[
        int,
        _describe(
            noted("Settings", "How strong the cover of a protected image is, from 1 to 10."),
            least=1,
            most=10,
            title=noted("Settings", "Strength of the cover"),
            group=noted("Settings", "Looking"),
        ),
    ] = 6
    greyscale: Annotated[
        bool,
        _describe(
            noted("Settings", "Show images without colour."),
            title=noted("Settings", "Without colour"),
            group=noted("Settings", "Looking"),
        ),
    ] = False
    theme: Annotated[
        Literal["dark", "light", "contrast-dark", "contrast-light", "system"],
        _describe(
            noted(
                "Settings",
                "Colours of the window; system follows the desktop, also in its wish for contrast.",
            ),
            title=noted("Settings", "Theme"),
            group=noted("Settings", "Looking"),
        ),
    ] = "system"
    text_scale: Annotated[
        int,
        _describe(
            noted("Settings", "Size of every text, in percent of the usual one."),
            least=80,
            most=200,
            title=noted("Settings", "Text size, percent"),
            group=noted("Settings", "Looking"),
        ),
    ] = 100
    reduce_motion: Annotated[
        Literal["auto", "always", "never"],
        _describe(
            noted(
                "Settings",
                "Nothing moves by itself: no playing pictures, no blinking cursor, messages stay;"
                " auto: as the desktop asks.",
            ),
            title=noted("Settings", "Reduce motion"),
            group=noted("Settings", "Looking"),
        ),
    ] = "auto"
    language: Annotated[
        Literal["auto", "en", "de", "fr", "es"],
        _describe(
            noted("Settings", "Language of the window; auto: the desktop’s."),
            title=noted("Settings", "Language"),
            group=noted("Settings", "Looking"),
            restart=True,
        ),
    ] = "auto"
    sticky_zoom: Annotated[
        bool,
        _describe(
            noted("Settings", "Keep zoom and place when the next image comes."),
            title=noted("Settings", "Keep the zoom"),
            group=noted("Settings", "Looking"),
        ),
    ] = False
    kinds: Annotated[
        str,
        _describe(
            noted(
                "Settings",
                "Moderation kinds that are reviewed unless --kind names others, with commas"
                " between.",
            ),
            title=noted("Settings", "Moderation kinds"),
            group=noted("Settings", "Deciding"),
            pattern=r"^\s*\w+(\s*,\s*\w+)*\s*$",
            restart=True,
        ),
    ] = "manual"
    order: Annotated[
        Order,
        _describe(
            noted(
                "Settings",
                "Which waiting image comes first: oldest, newest, public (for longest), unsure,"
                " together (copies one after the other).",
            ),
            title=noted("Settings", "Order of the queue"),
            group=noted("Settings", "Deciding"),
        ),
    ] = Order.OLDEST
    hide_verdict: Annotated[
        bool,
        _describe(
            noted("Settings", "Show nothing of what machines found until the image is decided."),
            title=noted("Settings", "Hide machine verdicts"),
            group=noted("Settings", "Looking"),
        ),
    ] = False
    review_edge: Annotated[
        int,
        _describe(
            noted(
                "Settings",
                "Longest edge, in pixels, of what is fetched for review; 0: the screen's.",
            ),
            least=0,
            most=8000,
            title=noted("Settings", "Review size, pixels"),
            group=noted("Settings", "Fetching"),
            restart=True,
        ),
    ] = 0
    cache_limit_mb: Annotated[
        int,
        _describe(
            noted("Settings", "Megabytes the image cache may take on disk."),
            least=16,
            most=1_000_000,
            title=noted("Settings", "Image cache, MB"),
            group=noted("Settings", "Fetching"),
            restart=True,
        ),
    ] = 1024
    refresh_seconds: Annotated[
        int,
        _describe(
            noted("Settings", "Seconds between two looks for new images."),
            least=5,
            most=86_400,
            title=noted("Settings", "Look for new images, seconds"),
            group=noted("Settings", "Fetching"),
            restart=True,
        ),
    ] = 60
    backlog_limit: Annotated[
        int,
        _describe(
            noted("Settings", "Images waiting on this machine above which no more are pulled."),
            least=100,
            most=10_000_000,
            title=noted("Settings", "Images kept waiting here"),
            group=noted("Settings", "Fetching"),
            restart=True,
        ),
    ] = 2_000_000
    break_minutes: Annotated[
        int,
        _describe(
            noted("Settings", "Minutes of work after which a line suggests a break; 0: never."),
            least=0,
            most=1440,
            title=noted("Settings", "Break minutes"),
        ),
    ] = 50
    break_severe: Annotated[
        int,
        _describe(
            noted("Settings", "Severe images seen after which a line suggests a break; 0: never."),
            least=0,
            most=1000,
            title=noted("Settings", "Break severe"),
        ),
    ] = 20
    summary_at_end: Annotated[
        bool,
        _describe(
            noted("Settings", "Show the figures of the session before the window closes."),
            title=noted("Settings", "Summary at end"),
        ),
    ] = True
    write_reasons: Annotated[
        bool,
        _describe(
            noted(
                "Settings",
                "Write the reason of a rejection into the image's context at Cloudinary, one"
                " Admin call"
                " each; whoever may list the image can read it.",
            ),
            title=noted("Settings", "Write reasons to Cloudinary"),
            group=noted("Settings", "Deciding"),
            restart=True,
        ),
    ] = False
    policy: Annotated[
        str,
        _describe(
            noted(
                "Settings",
                "Path of the policy file; empty: policy.toml here, else the shipped one.",
            ),
            title=noted("Settings", "Policy file"),
            group=noted("Settings", "Files"),
            restart=True,
        ),
    ] = ""
    keymap: Annotated[
        str,
        _describe(
            noted(
                "Settings",
                "Name of a shipped keymap (default, prodigy, lightroom, coral, label-studio,"
                " left-hand, number-pad) or path of your own file; empty: keymap.toml here, else"
                " the default.",
            ),
            title=noted("Settings", "Keymap"),
            group=noted("Settings", "Keys"),
        ),
    ] = ""
    letter_keys: Annotated[
        bool,
        _describe(
            noted(
                "Settings", "Letters, digits and signs are keys by themselves; off: only with Alt."
            ),
            title=noted("Settings", "Letters are keys"),
            group=noted("Settings", "Keys"),
        ),
    ] = True
    hints: Annotated[
        Literal["first", "always", "never"],
        _describe(
            noted(
                "Settings",
                "Show the most needed keys under the image: for the first 50 decisions,"
                " always, never.",
            ),
            title=noted("Settings", "Key hints"),
            group=noted("Settings", "Keys"),
        ),
    ] = "first"
    tour_seen: Annotated[
        bool,
        _describe(
            noted("Settings", "The first steps were shown; off: they are shown at the next start."),
            title=noted("Settings", "Tour was shown"),
            group=noted("Settings", "Keys"),
        ),
    ] = False

    @property
    def queue_kinds(self) -> tuple[str, ...]:
        """The moderation kinds that are reviewed unless others are asked for."""
        return parse_kinds(self.kinds)

    @property
    def actor_name(self) -> str:
        """Who decides: the name that was set, else the log-in name."""
        return self.actor.strip() or login_name()


def login_name() -> str:
    """The name of the person logged in, or "moderator" where the system knows none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # no such user in a container; no pwd on Windows
        return "moderator"


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
        default, extra = field.default, meta.extra or {}
        table[field.name] = SettingInfo(
            name=field.name,
            allowed=_allowed(meta.type),
            default=default.value if isinstance(default, Enum) else default,
            description=translate(
                "Settings", str((meta.extra_json_schema or {}).get("description", ""))
            ),
            kind=_kind(meta.type),
            choices=_choices(meta.type),
            title=translate("Settings", extra["title"]),
            group=translate("Settings", extra.get("group", _MORE)),
            restart=bool(extra.get("restart")),
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
