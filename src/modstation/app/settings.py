"""The settings: each one declared once, with its type, its limits, its default and a sentence."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta, inspect

from modstation.core.errors import SettingsError
from modstation.core.protection import Protection
from modstation.core.queue import Order, parse_kinds

if TYPE_CHECKING:
    from collections.abc import Mapping


def _describe(
    text: str,
    *,
    least: float | None = None,
    most: float | None = None,
    pattern: str | None = None,
    title: str = "",
    group: str = "More",
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
            "Who decides, as it is written into every decision; empty: your log-in.",
            title="Your name",
            group="Deciding",
        ),
    ] = ""
    hold_seconds: Annotated[
        float,
        _describe(
            "Seconds a decision is held before it is posted, so that undo sends nothing.",
            least=0,
            most=300,
            title="Undo window, seconds",
            group="Deciding",
        ),
    ] = 10.0
    painted_ms: Annotated[
        int,
        _describe(
            "Milliseconds an image must have been on screen before a key decides it.",
            least=0,
            most=5000,
            title="Shown before a key counts, ms",
            group="Deciding",
        ),
    ] = 150
    protection: Annotated[
        Protection,
        _describe(
            "Cover images: auto (what a machine or the policy warns of), always, never.",
            title="Cover images",
            group="Looking",
        ),
    ] = Protection.AUTO
    blur: Annotated[
        int,
        _describe(
            "How strong the cover of a protected image is, from 1 to 10.",
            least=1,
            most=10,
            title="Strength of the cover",
            group="Looking",
        ),
    ] = 6
    greyscale: Annotated[
        bool,
        _describe(
            "Show images without colour.",
            title="Without colour",
            group="Looking",
        ),
    ] = False
    theme: Annotated[
        Literal["dark", "light", "contrast-dark", "contrast-light", "system"],
        _describe(
            "Colours of the window; system follows the desktop, also in its wish for contrast.",
            title="Theme",
            group="Looking",
        ),
    ] = "system"
    text_scale: Annotated[
        int,
        _describe(
            "Size of every text, in percent of the usual one.",
            least=80,
            most=200,
            title="Text size, percent",
            group="Looking",
        ),
    ] = 100
    reduce_motion: Annotated[
        Literal["auto", "always", "never"],
        _describe(
            "Nothing moves by itself: no playing pictures, no blinking cursor, messages stay;"
            " auto: as the desktop asks.",
            title="Reduce motion",
            group="Looking",
        ),
    ] = "auto"
    sticky_zoom: Annotated[
        bool,
        _describe(
            "Keep zoom and place when the next image comes.",
            title="Keep the zoom",
            group="Looking",
        ),
    ] = False
    kinds: Annotated[
        str,
        _describe(
            "Moderation kinds that are reviewed unless --kind names others, with commas between.",
            title="Moderation kinds",
            group="Deciding",
            pattern=r"^\s*\w+(\s*,\s*\w+)*\s*$",
            restart=True,
        ),
    ] = "manual"
    order: Annotated[
        Order,
        _describe(
            "Which waiting image comes first: oldest, newest, public (for longest), unsure,"
            " together (copies one after the other).",
            title="Order of the queue",
            group="Deciding",
        ),
    ] = Order.OLDEST
    hide_verdict: Annotated[
        bool,
        _describe(
            "Show nothing of what machines found until the image is decided.",
            title="Hide machine verdicts",
            group="Looking",
        ),
    ] = False
    review_edge: Annotated[
        int,
        _describe(
            "Longest edge, in pixels, of what is fetched for review; 0: the screen's.",
            least=0,
            most=8000,
            title="Review size, pixels",
            group="Fetching",
            restart=True,
        ),
    ] = 0
    cache_limit_mb: Annotated[
        int,
        _describe(
            "Megabytes the image cache may take on disk.",
            least=16,
            most=1_000_000,
            title="Image cache, MB",
            group="Fetching",
            restart=True,
        ),
    ] = 1024
    refresh_seconds: Annotated[
        int,
        _describe(
            "Seconds between two looks for new images.",
            least=5,
            most=86_400,
            title="Look for new images, seconds",
            group="Fetching",
            restart=True,
        ),
    ] = 60
    backlog_limit: Annotated[
        int,
        _describe(
            "Images waiting on this machine above which no more are pulled.",
            least=100,
            most=10_000_000,
            title="Images kept waiting here",
            group="Fetching",
            restart=True,
        ),
    ] = 2_000_000
    break_minutes: Annotated[
        int,
        _describe(
            "Minutes of work after which a line suggests a break; 0: never.", least=0, most=1440
        ),
    ] = 50
    break_severe: Annotated[
        int,
        _describe(
            "Severe images seen after which a line suggests a break; 0: never.", least=0, most=1000
        ),
    ] = 20
    summary_at_end: Annotated[
        bool, _describe("Show the figures of the session before the window closes.")
    ] = True
    write_reasons: Annotated[
        bool,
        _describe(
            "Write the reason of a rejection into the image's context at Cloudinary, one Admin call"
            " each; whoever may list the image can read it.",
            title="Write reasons to Cloudinary",
            group="Deciding",
            restart=True,
        ),
    ] = False
    policy: Annotated[
        str,
        _describe(
            "Path of the policy file; empty: policy.toml here, else the shipped one.",
            title="Policy file",
            group="Files",
            restart=True,
        ),
    ] = ""
    keymap: Annotated[
        str,
        _describe(
            "Name of a shipped keymap (default, prodigy, lightroom, coral, label-studio,"
            " left-hand, number-pad) or path of your own file; empty: keymap.toml here, else"
            " the default.",
            title="Keymap",
            group="Keys",
        ),
    ] = ""
    letter_keys: Annotated[
        bool,
        _describe(
            "Letters, digits and signs are keys by themselves; off: only with Alt.",
            title="Letters are keys",
            group="Keys",
        ),
    ] = True
    hints: Annotated[
        Literal["first", "always", "never"],
        _describe(
            "Show the most needed keys under the image: for the first 50 decisions, always, never.",
            title="Key hints",
            group="Keys",
        ),
    ] = "first"
    tour_seen: Annotated[
        bool,
        _describe(
            "The first steps were shown; off: they are shown at the next start.",
            title="Tour was shown",
            group="Keys",
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
        return f"It takes {self.allowed}."


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
            description=str((meta.extra_json_schema or {}).get("description", "")),
            kind=_kind(meta.type),
            choices=_choices(meta.type),
            title=extra.get("title") or field.name.replace("_", " ").capitalize(),
            group=extra.get("group", "More"),
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
            return "true or false"
        case inspect.IntType(ge=least, le=most):
            return f"a whole number from {least} to {most}"
        case inspect.FloatType(ge=least, le=most):
            return f"a number from {least} to {most}"
        case inspect.LiteralType(values=values):
            return ", ".join(f"“{value}”" for value in values)
        case inspect.EnumType(cls=choices):
            return ", ".join(f"“{choice.value}”" for choice in choices)
        case inspect.StrType(pattern=str()):
            return "names in quotes, with commas between"
        case _:
            return "text in quotes"


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
        return f"There is no setting “{name}”. There are: {', '.join(table)}."
    try:
        msgspec.convert(msgspec.to_builtins({name: value}), Settings)
    except msgspec.ValidationError:
        return f"“{name}” must be {info.allowed}, not {value!r}."
    return None
