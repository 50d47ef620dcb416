"""The settings: each one declared once, with its type, its limits, its default and a sentence."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from modstation.core.language import noted, translate
from modstation.core.protection import Protection
from modstation.core.queue import Order, parse_kinds

if TYPE_CHECKING:
    from msgspec.inspect import Metadata

# Where a setting stands in the dialog.
_DECIDING = noted("Settings", "Deciding")
_LOOKING = noted("Settings", "Looking")
_FETCHING = noted("Settings", "Fetching")
_FILES = noted("Settings", "Files")
_KEYS = noted("Settings", "Keys")
_MORE = noted("Settings", "More")


def _describe(
    text: str,
    title: str,
    group: str,
    *,
    least: float | None = None,
    most: float | None = None,
    pattern: str | None = None,
    restart: bool = False,
) -> Meta:
    """``restart``: a change counts after the next start only."""
    told = {"title": title, "group": group, "restart": restart}
    if pattern is not None:
        return Meta(description=text, pattern=pattern, extra=told)
    return Meta(description=text, ge=least, le=most, extra=told)


class Declared(NamedTuple):
    """What a declaration tells, in the language in use."""

    description: str
    title: str
    group: str
    restart: bool


def declared(meta: Metadata) -> Declared:
    """Read a declaration of ``Settings``."""
    schema, extra = meta.extra_json_schema or {}, meta.extra or {}
    return Declared(
        translate("Settings", str(schema.get("description", ""))),
        translate("Settings", extra["title"]),
        translate("Settings", extra["group"]),
        extra["restart"],
    )


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a person can choose; ``settings.toml`` holds what differs from the defaults."""

    actor: Annotated[
        str,
        _describe(
            noted(
                "Settings", "Who decides, as it is written into every decision; empty: your log-in."
            ),
            noted("Settings", "Your name"),
            _DECIDING,
        ),
    ] = ""
    hold_seconds: Annotated[
        float,
        _describe(
            noted(
                "Settings",
                "Seconds a decision is held before it is posted, so that undo sends nothing.",
            ),
            noted("Settings", "Undo window, seconds"),
            _DECIDING,
            least=0,
            most=300,
        ),
    ] = 10.0
    painted_ms: Annotated[
        int,
        _describe(
            noted(
                "Settings",
                "Milliseconds an image must have been on screen before a key decides it.",
            ),
            noted("Settings", "Shown before a key counts, ms"),
            _DECIDING,
            least=0,
            most=5000,
        ),
    ] = 150
    protection: Annotated[
        Protection,
        _describe(
            noted(
                "Settings",
                "Cover images: auto (what a machine or the policy warns of), always, never.",
            ),
            noted("Settings", "Cover images"),
            _LOOKING,
        ),
    ] = Protection.AUTO
    blur: Annotated[
        int,
        _describe(
            noted("Settings", "How strong the cover of a protected image is, from 1 to 10."),
            noted("Settings", "Strength of the cover"),
            _LOOKING,
            least=1,
            most=10,
        ),
    ] = 6
    greyscale: Annotated[
        bool,
        _describe(
            noted("Settings", "Show images without colour."),
            noted("Settings", "Without colour"),
            _LOOKING,
        ),
    ] = False
    theme: Annotated[
        Literal["dark", "light", "contrast-dark", "contrast-light", "system"],
        _describe(
            noted(
                "Settings",
                "Colours of the window; system follows the desktop, also in its wish for contrast.",
            ),
            noted("Settings", "Theme"),
            _LOOKING,
        ),
    ] = "system"
    text_scale: Annotated[
        int,
        _describe(
            noted("Settings", "Size of every text, in percent of the usual one."),
            noted("Settings", "Text size, percent"),
            _LOOKING,
            least=80,
            most=200,
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
            noted("Settings", "Reduce motion"),
            _LOOKING,
        ),
    ] = "auto"
    language: Annotated[
        Literal["auto", "en", "de", "fr", "es"],
        _describe(
            noted("Settings", "Language of the window; auto: the desktop’s."),
            noted("Settings", "Language"),
            _LOOKING,
            restart=True,
        ),
    ] = "auto"
    sticky_zoom: Annotated[
        bool,
        _describe(
            noted("Settings", "Keep zoom and place when the next image comes."),
            noted("Settings", "Keep the zoom"),
            _LOOKING,
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
            noted("Settings", "Moderation kinds"),
            _DECIDING,
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
            noted("Settings", "Order of the queue"),
            _DECIDING,
        ),
    ] = Order.OLDEST
    hide_verdict: Annotated[
        bool,
        _describe(
            noted("Settings", "Show nothing of what machines found until the image is decided."),
            noted("Settings", "Hide machine verdicts"),
            _LOOKING,
        ),
    ] = False
    review_edge: Annotated[
        int,
        _describe(
            noted(
                "Settings",
                "Longest edge, in pixels, of what is fetched for review; 0: the screen's.",
            ),
            noted("Settings", "Review size, pixels"),
            _FETCHING,
            least=0,
            most=8000,
            restart=True,
        ),
    ] = 0
    cache_limit_mb: Annotated[
        int,
        _describe(
            noted("Settings", "Megabytes the image cache may take on disk."),
            noted("Settings", "Image cache, MB"),
            _FETCHING,
            least=16,
            most=1_000_000,
            restart=True,
        ),
    ] = 1024
    refresh_seconds: Annotated[
        int,
        _describe(
            noted("Settings", "Seconds between two looks for new images."),
            noted("Settings", "Look for new images, seconds"),
            _FETCHING,
            least=5,
            most=86_400,
            restart=True,
        ),
    ] = 60
    backlog_limit: Annotated[
        int,
        _describe(
            noted("Settings", "Images waiting on this machine above which no more are pulled."),
            noted("Settings", "Images kept waiting here"),
            _FETCHING,
            least=100,
            most=10_000_000,
            restart=True,
        ),
    ] = 2_000_000
    break_minutes: Annotated[
        int,
        _describe(
            noted("Settings", "Minutes of work after which a line suggests a break; 0: never."),
            noted("Settings", "Break minutes"),
            _MORE,
            least=0,
            most=1440,
        ),
    ] = 50
    break_severe: Annotated[
        int,
        _describe(
            noted("Settings", "Severe images seen after which a line suggests a break; 0: never."),
            noted("Settings", "Break severe"),
            _MORE,
            least=0,
            most=1000,
        ),
    ] = 20
    summary_at_end: Annotated[
        bool,
        _describe(
            noted("Settings", "Show the figures of the session before the window closes."),
            noted("Settings", "Summary at end"),
            _MORE,
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
            noted("Settings", "Write reasons to Cloudinary"),
            _DECIDING,
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
            noted("Settings", "Policy file"),
            _FILES,
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
            noted("Settings", "Keymap"),
            _KEYS,
        ),
    ] = ""
    letter_keys: Annotated[
        bool,
        _describe(
            noted(
                "Settings", "Letters, digits and signs are keys by themselves; off: only with Alt."
            ),
            noted("Settings", "Letters are keys"),
            _KEYS,
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
            noted("Settings", "Key hints"),
            _KEYS,
        ),
    ] = "first"
    tour_seen: Annotated[
        bool,
        _describe(
            noted("Settings", "The first steps were shown; off: they are shown at the next start."),
            noted("Settings", "Tour was shown"),
            _KEYS,
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
