"""Which policy counts: the organisation's own, the last good one, or the one that is shipped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from modstation.app.paths import resources, write_atomically
from modstation.app.settings_file import read_own
from modstation.core.errors import SettingsError
from modstation.core.policy import parse_policy, wary

if TYPE_CHECKING:
    from modstation.app.paths import Home
    from modstation.app.settings import Settings
    from modstation.core.policy import Policy


def load_policy(
    home: Home, settings: Settings, *, settings_wrong: bool = False
) -> tuple[Policy, list[str]]:
    """The policy that counts, and what is wrong with the file that should.

    A wrong file is replaced by the last good policy, else by the shipped one, and every image
    starts covered. ``settings_wrong``: the settings could not be read whole, so that the path of
    the policy may be lost; then the last good one counts, with what it asks for at least.
    """
    if settings_wrong and not settings.policy:
        last = _last_good(home)
        if last is not None:
            return last, []
    try:
        return parse_policy(_chosen(home, settings)), []
    except SettingsError as error:
        fallback, name = _last_good(home), "the last good one"
        if fallback is None:
            fallback, name = parse_policy(_shipped()), "the shipped one"
        says = f"{error} {fallback.title} ({fallback.version}), {name}, is in use instead, and"
        return wary(fallback), [f"{says} every image starts covered."]


def keep_policy(home: Home, settings: Settings) -> list[str]:
    """Keep a good policy for the day its file is wrong; what went wrong with that, in words."""
    try:
        text = _chosen(home, settings)
        parse_policy(text)
        if not home.last_policy_file.exists() or read_own(home.last_policy_file) != text:
            write_atomically(home.last_policy_file, text)
    except SettingsError as error:
        return [f"The policy cannot be kept for the day its file is wrong. {error}"]
    return []


def _last_good(home: Home) -> Policy | None:
    if not home.last_policy_file.exists():
        return None
    try:
        return parse_policy(read_own(home.last_policy_file))
    except SettingsError:
        # Damaged as well: its floor is lost, but not that everything is to be covered.
        return None


def _chosen(home: Home, settings: Settings) -> str:
    if settings.policy:
        return read_own(Path(settings.policy).expanduser())
    return read_own(home.policy_file) if home.policy_file.exists() else _shipped()


def _shipped() -> str:
    return (resources() / "policies" / "default.toml").read_text(encoding="utf-8")
