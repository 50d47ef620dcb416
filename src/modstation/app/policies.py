"""Which policy counts: the organisation's own, the last good one, or the one that is shipped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from modstation.app.paths import write_atomically
from modstation.app.settings_file import read_own
from modstation.core.errors import SettingsError
from modstation.core.language import ENGLISH, in_use, translate
from modstation.core.policy import parse_policy, wary
from modstation.core.shipped import resources

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
        return _parsed(_chosen(home, settings)), []
    except SettingsError as error:
        fallback, name = _last_good(home), translate("Policies", "the last good one")
        if fallback is None:
            fallback, name = _parsed(_shipped()), translate("Policies", "the shipped one")
        says = translate(
            "Policies",
            "{error} {title} ({version}), {name}, is in use instead, and every image starts"
            " covered.",
        ).format(error=error, title=fallback.title, version=fallback.version, name=name)
        return wary(fallback), [says]


def keep_policy(home: Home, settings: Settings) -> list[str]:
    """Keep a good policy for the day its file is wrong; what went wrong with that, in words."""
    try:
        text = _chosen(home, settings)
        parse_policy(text)
        if not home.last_policy_file.exists() or read_own(home.last_policy_file) != text:
            write_atomically(home.last_policy_file, text)
    except SettingsError as error:
        return [
            translate(
                "Policies", "The policy cannot be kept for the day its file is wrong. {error}"
            ).format(error=error)
        ]
    return []


def _last_good(home: Home) -> Policy | None:
    if not home.last_policy_file.exists():
        return None
    try:
        return _parsed(read_own(home.last_policy_file))
    except SettingsError:
        # Damaged as well: its floor is lost, but not that everything is to be covered.
        return None


def _chosen(home: Home, settings: Settings) -> str:
    if settings.policy:
        return read_own(Path(settings.policy).expanduser())
    return read_own(home.policy_file) if home.policy_file.exists() else _shipped()


def _parsed(text: str) -> Policy:
    policy = parse_policy(text)
    if in_use() is ENGLISH or text != _shipped():
        return policy
    from modstation.app.shipped_texts import policy_in_language

    return policy_in_language(policy)


def _shipped() -> str:
    return (resources() / "policies" / "default.toml").read_text(encoding="utf-8")
