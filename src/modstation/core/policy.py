"""The policy: reasons for a rejection, their keys and rules, read from TOML text."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modstation.core.errors import SettingsError
from modstation.core.language import noted, translate
from modstation.core.protection import NO_FLOOR, Floor, Protection

if TYPE_CHECKING:
    from modstation.core.queue import QueueEntry

DIGITS = "1234567890"
STRONGEST_BLUR = 10
# Names of the EU transparency database, without their prefixes. Which there are is the database's
# business and changes with it; how they are written does not.
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_PREFIXES = ("STATEMENT_CATEGORY_", "KEYWORD_")
# What a moderator reads after an escalating reason where the policy has no words of its own.
ESCALATION = noted(
    "Policy",
    "Tell the person whom your site has named for such cases now, and give them the public ID only."
    " Do not open the image again, and do not copy, forward or describe it. If you need a break,"
    " take it.",
)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an image may be rejected.

    ``key`` is a digit, or empty for a reason that has a chord of its own. ``rule`` is what the
    policy says, ``good`` and ``bad`` are examples of what it allows and what it does not.
    ``severity`` runs from 0 to 3. ``protect``: the image is covered from then on. ``purge``: the
    cached copy goes at once. ``escalate``: it is confirmed first, and the decision ends in
    instructions. ``bulk``: may be applied to many at a time. A reason that escalates, or is not
    for many, never has a digit. ``technical``: the form is refused, not what is shown.

    ``category`` and ``keywords`` are those of the EU transparency database, without prefixes;
    ``sor``: a rejection for it is a restriction that a statement of reasons is owed for.
    """

    code: str
    title: str
    key: str = ""
    rule: str = ""
    good: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()
    severity: int = 0
    protect: bool = False
    bulk: bool = True
    purge: bool = False
    escalate: bool = False
    technical: bool = False
    category: str = ""
    keywords: tuple[str, ...] = ()
    sor: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """A versioned set of reasons and switches; the version is stored in every decision.

    ``require_reason``: no rejection without one. ``require_reveal_to_approve``: a protected image
    is uncovered first. ``protect_all``: every image starts covered. ``floor``: what the
    organisation asks for at least. ``escalation``: what to do after a decision for an escalating
    reason.
    """

    version: str
    title: str
    reasons: tuple[Reason, ...]
    require_reason: bool = False
    require_reveal_to_approve: bool = True
    protect_all: bool = False
    floor: Floor = NO_FLOOR
    escalation: str = ESCALATION

    @property
    def with_key(self) -> tuple[Reason, ...]:
        """The reasons on digits, as they lie on the keyboard."""
        keyed = [reason for reason in self.reasons if reason.key]
        return tuple(sorted(keyed, key=lambda reason: DIGITS.index(reason.key)))

    @property
    def without_key(self) -> tuple[Reason, ...]:
        """The reasons that no digit gives."""
        return tuple(reason for reason in self.reasons if not reason.key)

    @property
    def technical(self) -> tuple[str, ...]:
        """The codes of the reasons that refuse the form of an image, not what it shows."""
        return tuple(reason.code for reason in self.reasons if reason.technical)

    def covers(self, reason_code: str | None) -> bool:
        """An image rejected for that reason starts covered wherever it is shown again.

        Also for one that this policy does not know: another version of it may have asked for that.
        """
        reason = self.by_code(reason_code) if reason_code else None
        return bool(reason_code) if reason is None else reason.protect

    def warns_of(self, entry: QueueEntry) -> bool:
        """An image starts covered for what was decided on it, whatever it shows.

        It was once rejected here for a reason that covers, or is rejected and nobody here knows
        for what.
        """
        if self.protect_all or entry.rejected_elsewhere:
            return True
        return any(self.covers(code) for code in entry.reasons)

    def by_key(self, key: str) -> Reason | None:
        """The reason on that digit, if any."""
        return next((reason for reason in self.reasons if key and reason.key == key), None)

    def by_code(self, code: str) -> Reason | None:
        """The reason with that code, if any."""
        return next((reason for reason in self.reasons if reason.code == code), None)


def wary(policy: Policy) -> Policy:
    """The same reasons with every image covered: nobody knows what the wrong file asked for."""
    floor = policy.floor.raised_to(Floor(protection=Protection.ALWAYS))
    return replace(policy, protect_all=True, require_reveal_to_approve=True, floor=floor)


def parse_policy(text: str) -> Policy:
    """Read a policy; ``SettingsError`` names the entry that is wrong."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            translate("PolicyFile", "The policy file is not valid TOML: {error}").format(
                error=error
            )
        ) from error
    head = data.get("policy")
    if not isinstance(head, dict):
        raise SettingsError(translate("PolicyFile", "The policy file has no [policy] table."))
    rows = data.get("reason", [])
    if not isinstance(rows, list):
        raise SettingsError(
            translate(
                "PolicyFile", "“reason” in the policy file must be a list of [[reason]] tables."
            )
        )
    reasons = tuple(_reason(row, number) for number, row in enumerate(rows, 1))
    _no_twins([reason.code for reason in reasons], "code")
    _no_twins([reason.key for reason in reasons if reason.key], "key")
    version = head.get("version")
    if not isinstance(version, str) or not version:
        raise SettingsError(
            translate("PolicyFile", "The policy file has no version in its [policy] table.")
        )
    _no_strangers(
        data,
        {"policy", "reason", "protection_floor"},
        translate("PolicyFile", "The policy file"),
    )
    where = "[policy]"
    _no_strangers(
        head,
        {
            "version",
            "title",
            "require_reason",
            "require_reveal_to_approve",
            "protect_all",
            "escalation",
        },
        where,
    )
    policy = Policy(
        version=version,
        title=_text(head, "title", where),
        reasons=reasons,
        require_reason=_flag(head, "require_reason", default=False, where=where),
        require_reveal_to_approve=_flag(
            head, "require_reveal_to_approve", default=True, where=where
        ),
        protect_all=_flag(head, "protect_all", default=False, where=where),
        floor=_floor(data.get("protection_floor", {})),
        escalation=_text(head, "escalation", where) or translate("Policy", ESCALATION),
    )
    if policy.require_reason and not reasons:
        raise SettingsError(
            translate("PolicyFile", "[policy]: require_reason = true, but there is no [[reason]].")
        )
    return policy


def _floor(table: object) -> Floor:
    where = "[protection_floor]"
    if not isinstance(table, dict):
        raise SettingsError(
            translate("PolicyFile", "{where} of the policy file must be a table.").format(
                where=where
            )
        )
    _no_strangers(table, {"protection", "blur", "greyscale"}, where)
    modes = [mode.value for mode in Protection]
    mode = table.get("protection", NO_FLOOR.protection.value)
    if mode not in modes:
        raise SettingsError(
            translate("PolicyFile", "{where}: protection must be one of {modes}.").format(
                where=where, modes=", ".join(modes)
            )
        )
    return Floor(
        Protection(mode),
        _number(table, "blur", NO_FLOOR.blur, (1, STRONGEST_BLUR), where),
        _flag(table, "greyscale", default=False, where=where),
    )


def _reason(row: object, number: int) -> Reason:
    where = translate("PolicyFile", "reason {number} of the policy file").format(number=number)
    if not isinstance(row, dict):
        raise SettingsError(translate("PolicyFile", "{where} is not a table.").format(where=where))
    code, title, key = row.get("code"), row.get("title"), row.get("key", "")
    if not isinstance(code, str) or not code:
        raise SettingsError(translate("PolicyFile", "{where} has no code.").format(where=where))
    where = f"{where} ({code})"
    if not isinstance(title, str) or not title.strip():
        raise SettingsError(translate("PolicyFile", "{where} has no title.").format(where=where))
    if not isinstance(key, str) or key not in {"", *DIGITS}:
        raise SettingsError(
            translate(
                "PolicyFile", "{where}: the key must be one digit or empty, not “{key}”."
            ).format(where=where, key=key)
        )
    _no_strangers(row, {*Reason.__slots__}, where)
    category = _name(row.get("category", ""), "category", where)
    sor = _flag(row, "sor", default=bool(category), where=where)
    if sor and not category:
        raise SettingsError(
            translate(
                "PolicyFile",
                "{where}: sor = true needs a category of the transparency database.",
            ).format(where=where)
        )
    reason = Reason(
        code=code,
        title=title,
        key=key,
        rule=_text(row, "rule", where),
        good=_texts(row, "good", where),
        bad=_texts(row, "bad", where),
        severity=_number(row, "severity", 0, (0, 3), where),
        protect=_flag(row, "protect", default=False, where=where),
        bulk=_flag(row, "bulk", default=True, where=where),
        purge=_flag(row, "purge", default=False, where=where),
        escalate=_flag(row, "escalate", default=False, where=where),
        technical=_flag(row, "technical", default=False, where=where),
        category=category,
        keywords=tuple(_name(word, "keyword", where) for word in _texts(row, "keywords", where)),
        sor=sor,
    )
    if key and (reason.escalate or not reason.bulk):
        # A slip of a finger would escalate a stranger's holiday photo, or not escalate a crime.
        raise SettingsError(
            translate(
                "PolicyFile",
                "{where}: a reason with escalate = true or bulk = false must not have a digit;"
                " write key = “” instead of “{key}”.",
            ).format(where=where, key=key)
        )
    return reason


def _flag(table: dict[str, object], name: str, *, default: bool, where: str) -> bool:
    value = table.get(name, default)
    if not isinstance(value, bool):
        raise SettingsError(
            translate("PolicyFile", "{where}: {name} must be true or false.").format(
                where=where, name=name
            )
        )
    return value


def _number(
    table: dict[str, object], name: str, default: int, limits: tuple[int, int], where: str
) -> int:
    value = table.get(name, default)
    least, most = limits
    # A bool is an int in Python, but not in TOML.
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise SettingsError(
            translate(
                "PolicyFile", "{where}: {name} must be a whole number from {least} to {most}."
            ).format(where=where, name=name, least=least, most=most)
        )
    return value


def _text(table: dict[str, object], name: str, where: str) -> str:
    value = table.get(name, "")
    if not isinstance(value, str):
        raise SettingsError(
            translate("PolicyFile", "{where}: {name} must be text in quotes.").format(
                where=where, name=name
            )
        )
    return value


def _texts(table: dict[str, object], name: str, where: str) -> tuple[str, ...]:
    value = table.get(name, [])
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise SettingsError(
            translate("PolicyFile", "{where}: {name} must be a list of texts in quotes.").format(
                where=where, name=name
            )
        )
    return tuple(value)


def _name(value: object, what: str, where: str) -> str:
    if not isinstance(value, str) or (value and not _NAME.fullmatch(value)):
        raise SettingsError(
            translate(
                "PolicyFile", "{where}: {what} must be a name in capitals, not “{value}”."
            ).format(where=where, what=what, value=value)
        )
    if value.startswith(_PREFIXES):
        raise SettingsError(
            translate("PolicyFile", "{where}: write {what} “{value}” without its prefix.").format(
                where=where, what=what, value=value
            )
        )
    return value


def _no_strangers(table: dict[str, object], known: set[str], where: str) -> None:
    # A switch with a slip in its name would be off without anybody knowing.
    for name in table:
        if name not in known:
            raise SettingsError(
                translate("PolicyFile", "{where} has no “{name}”.").format(where=where, name=name)
            )


def _no_twins(values: list[str], what: str) -> None:
    for value in values:
        if values.count(value) > 1:
            raise SettingsError(
                translate("PolicyFile", "The policy file uses the {what} “{value}” twice.").format(
                    what=what, value=value
                )
            )
