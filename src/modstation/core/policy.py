"""The policy: reasons for a rejection, their keys and rules, read from TOML text."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass

from modstation.core.errors import SettingsError

DIGITS = "1234567890"
# What a moderator reads after an escalating reason where the policy has no words of its own.
ESCALATION = (
    "Tell the person whom your site has named for such cases now, and give them the public ID only."
    " Do not open the image again, and do not copy, forward or describe it. If you need a break,"
    " take it."
)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an image may be rejected.

    ``key`` is a digit, or empty for a reason that has a chord of its own. ``severity`` runs from
    0 to 3. ``purge``: the cached copy goes at once. ``escalate``: it is confirmed first, and
    the decision ends in instructions. ``bulk``: may be applied to many at a time. A reason that
    escalates, or is not for many, never has a digit.
    """

    code: str
    title: str
    key: str = ""
    rule: str = ""
    severity: int = 0
    protect: bool = False
    bulk: bool = True
    purge: bool = False
    escalate: bool = False
    category: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """A versioned set of reasons and switches; the version is stored in every decision.

    ``escalation``: what to do after a decision for an escalating reason.
    """

    version: str
    title: str
    reasons: tuple[Reason, ...]
    require_reason: bool = False
    protect_all: bool = False
    escalation: str = ESCALATION

    @property
    def without_key(self) -> tuple[Reason, ...]:
        """The reasons that no digit gives."""
        return tuple(reason for reason in self.reasons if not reason.key)

    def by_key(self, key: str) -> Reason | None:
        """The reason on that digit, if any."""
        return next((reason for reason in self.reasons if key and reason.key == key), None)

    def by_code(self, code: str) -> Reason | None:
        """The reason with that code, if any."""
        return next((reason for reason in self.reasons if reason.code == code), None)


# What the station falls back on when the policy file is wrong: every image covered, no reasons.
SAFE_POLICY = Policy(version="none", title="No policy", reasons=(), protect_all=True)


def parse_policy(text: str) -> Policy:
    """Read a policy; ``SettingsError`` names the entry that is wrong."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"The policy file is not valid TOML: {error}") from error
    head = data.get("policy")
    if not isinstance(head, dict):
        raise SettingsError("The policy file has no [policy] table.")
    rows = data.get("reason", [])
    if not isinstance(rows, list):
        raise SettingsError("“reason” in the policy file must be a list of [[reason]] tables.")
    reasons = tuple(_reason(row, number) for number, row in enumerate(rows, 1))
    _no_twins([reason.code for reason in reasons], "code")
    _no_twins([reason.key for reason in reasons if reason.key], "key")
    version = head.get("version")
    if not isinstance(version, str) or not version:
        raise SettingsError("The policy file has no version in its [policy] table.")
    return Policy(
        version=version,
        title=str(head.get("title", "")),
        reasons=reasons,
        require_reason=_flag(head, "require_reason", default=False, where="[policy]"),
        protect_all=_flag(head, "protect_all", default=False, where="[policy]"),
        escalation=str(head.get("escalation", ESCALATION)),
    )


def _reason(row: object, number: int) -> Reason:
    where = f"reason {number} of the policy file"
    if not isinstance(row, dict):
        raise SettingsError(f"{where} is not a table.")
    code, title, key = row.get("code"), row.get("title"), row.get("key", "")
    if not isinstance(code, str) or not code:
        raise SettingsError(f"{where} has no code.")
    if not isinstance(title, str) or not title:
        raise SettingsError(f"{where} ({code}) has no title.")
    if not isinstance(key, str) or key not in {"", *DIGITS}:
        raise SettingsError(f"{where} ({code}): the key must be one digit or empty, not {key!r}.")
    severity = row.get("severity", 0)
    if not isinstance(severity, int) or not 0 <= severity <= 3:
        raise SettingsError(f"{where} ({code}): severity must be 0, 1, 2 or 3.")
    reason = Reason(
        code=code,
        title=title,
        key=key,
        rule=str(row.get("rule", "")),
        severity=severity,
        protect=_flag(row, "protect", default=False, where=where),
        bulk=_flag(row, "bulk", default=True, where=where),
        purge=_flag(row, "purge", default=False, where=where),
        escalate=_flag(row, "escalate", default=False, where=where),
        category=str(row.get("category", "")),
    )
    if key and (reason.escalate or not reason.bulk):
        # A slip of a finger would escalate a stranger's holiday photo, or not escalate a crime.
        raise SettingsError(
            f"{where} ({code}): a reason with escalate = true or bulk = false must not have a"
            f" digit; write key = “” instead of {key!r}."
        )
    return reason


def _flag(table: dict[str, object], name: str, *, default: bool, where: str) -> bool:
    value = table.get(name, default)
    if not isinstance(value, bool):
        raise SettingsError(f"{where}: {name} must be true or false.")
    return value


def _no_twins(values: list[str], what: str) -> None:
    for value in values:
        if values.count(value) > 1:
            raise SettingsError(f"The policy file uses the {what} “{value}” twice.")
