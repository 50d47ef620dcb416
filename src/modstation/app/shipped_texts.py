"""The shipped policy and keymaps in the language in use; what a site wrote itself stays as it is.

Their texts stand in ``resources`` alone; ``dev.sh words`` brings them into the catalogues.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING

from modstation.core.language import translate
from modstation.core.policy import parse_policy
from modstation.core.shipped import resources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modstation.core.policy import Policy, Reason

_POLICY = "Policy"
_KEYMAPS = "KeymapNames"


def shipped_texts() -> Iterator[tuple[str, str]]:
    """Context and text of everything in the shipped files that a moderator reads."""
    policy = parse_policy((resources() / "policies" / "default.toml").read_text(encoding="utf-8"))
    said = [policy.title]
    for reason in policy.reasons:
        said += [reason.title, reason.rule, *reason.good, *reason.bad]
    yield from ((_POLICY, text) for text in dict.fromkeys(said) if text)
    files = (resources() / "keymaps").iterdir()
    for file in sorted(files, key=lambda file: file.name):
        yield _KEYMAPS, tomllib.loads(file.read_text(encoding="utf-8"))["keymap"]["name"]


def policy_in_language(policy: Policy) -> Policy:
    """The shipped policy with its texts translated; codes, keys and rules stay."""
    return replace(policy, title=_said(policy.title), reasons=tuple(map(_reason, policy.reasons)))


def keymap_in_language(name: str) -> str:
    """What a shipped keymap is called."""
    return translate(_KEYMAPS, name)


def _reason(reason: Reason) -> Reason:
    return replace(
        reason,
        title=_said(reason.title),
        rule=_said(reason.rule),
        good=tuple(map(_said, reason.good)),
        bad=tuple(map(_said, reason.bad)),
    )


def _said(text: str) -> str:
    return translate(_POLICY, text)
