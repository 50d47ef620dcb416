from __future__ import annotations

import pytest

from modstation.core.errors import SettingsError
from modstation.core.policy import parse_policy, wary
from modstation.core.protection import NO_FLOOR, Floor, Protection

HEAD = '[policy]\nversion = "3"\ntitle = "House rules"\n'


def reason(code: str = "nudity", key: str = "1", extra: str = "") -> str:
    return f'[[reason]]\ncode = "{code}"\ntitle = "T"\nkey = "{key}"\n{extra}\n'


def test_a_policy_is_read_with_its_reasons_and_switches() -> None:
    text = (
        HEAD
        + "require_reason = true\n"
        + reason(extra='severity = 2\nprotect = true\nrule = "R"')
        + reason("csam", "", "bulk = false\npurge = true\nescalate = true")
    )
    policy = parse_policy(text)
    assert (policy.version, policy.title, policy.require_reason) == ("3", "House rules", True)
    first = policy.by_key("1")
    assert first is not None
    assert (first.code, first.severity, first.protect, first.rule) == ("nudity", 2, True, "R")
    second = policy.by_code("csam")
    assert second is not None
    assert (second.bulk, second.purge, second.escalate) == (False, True, True)


def test_a_reason_without_a_key_is_not_found_by_an_empty_one() -> None:
    assert parse_policy(HEAD + reason("csam", "")).by_key("") is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("=", "TOML"),
        ("[other]", r"\[policy\]"),
        ("[policy]\ntitle='x'", "version"),
        (HEAD + reason() + reason("spam", "1"), "key “1” twice"),
        (HEAD + reason() + reason("nudity", "2"), "code “nudity” twice"),
        (HEAD + reason(key="a"), "one digit"),
        (HEAD + reason(key="12"), "one digit"),
        (HEAD + reason(extra="severity = 4"), "severity"),
        (HEAD + reason(extra="escalate = true\npurge = true"), "must not have a digit"),
        (HEAD + reason(extra="bulk = false"), "must not have a digit"),
        (HEAD + reason(extra='protect = "yes"'), "protect"),
        (HEAD + '[[reason]]\ntitle = "T"', "no code"),
        (HEAD + '[[reason]]\ncode = "c"', "no title"),
        (HEAD + "require_reason = 1", "require_reason"),
        ("reason = 3\n" + HEAD, "list"),
        (HEAD + "require_reasons = true", "no “require_reasons”"),
        (HEAD + "require_reason = true", r"no \[\[reason\]\]"),
        (HEAD + "require_reveal_to_approve = 'no'", "require_reveal_to_approve"),
        (HEAD + "[protection_flor]", "no “protection_flor”"),
        (HEAD + "[protection_floor]\nblur = 11", "from 1 to 10"),
        (HEAD + "[protection_floor]\nblur = true", "from 1 to 10"),
        (HEAD + "[protection_floor]\nprotection = 'often'", "never"),
        (HEAD + "[protection_floor]\ngreyscale = 1", "greyscale"),
        (HEAD + reason(extra="severity = true"), "severity"),
        (HEAD + reason(extra="good = 'one'"), "list of texts"),
        (HEAD + reason(extra="rule = 3"), "text"),
        (HEAD + reason(extra="tehcnical = true"), "no “tehcnical”"),
        (HEAD + reason(extra="sor = true"), "needs a category"),
        (HEAD + reason(extra="category = 'nudity'"), "capitals"),
        (HEAD + reason(extra="category = 'STATEMENT_CATEGORY_VIOLENCE'"), "without its prefix"),
        (HEAD + reason(extra="keywords = ['KEYWORD_NUDITY']"), "without its prefix"),
    ],
)
def test_what_is_wrong_is_said(text: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        parse_policy(text)


def test_a_policy_says_in_its_own_words_what_to_do_after_an_escalation() -> None:
    assert parse_policy(HEAD + 'escalation = "Call the desk."').escalation == "Call the desk."
    assert "public ID" in parse_policy(HEAD).escalation


def test_what_a_reason_means_to_others_is_read() -> None:
    text = reason(
        extra="category = 'VIOLENCE'\nkeywords = ['OTHER']\ngood = ['a scar']\nbad = ['a wound']"
    )
    policy = parse_policy(HEAD + text + reason("blurred", "2", "technical = true"))
    first, second = policy.reasons
    assert (first.category, first.keywords, first.sor) == ("VIOLENCE", ("OTHER",), True)
    assert (first.good, first.bad, first.technical) == (("a scar",), ("a wound",), False)
    assert (second.sor, second.technical) == (False, True)


def test_a_reason_may_be_kept_out_of_the_statements() -> None:
    text = reason(extra="category = 'OTHER_VIOLATION_TC'\nsor = false")
    assert not parse_policy(HEAD + text).reasons[0].sor


def test_a_policy_without_switches_asks_for_a_look_before_an_approval_and_for_no_reason() -> None:
    policy = parse_policy(HEAD)
    assert policy.require_reveal_to_approve
    assert not policy.require_reason
    assert policy.floor == NO_FLOOR


def test_the_floor_is_read() -> None:
    text = "[protection_floor]\nprotection = 'auto'\nblur = 4\ngreyscale = true"
    assert parse_policy(HEAD + text).floor == Floor(Protection.AUTO, 4, True)


def test_the_reasons_on_digits_stand_as_on_the_keyboard() -> None:
    policy = parse_policy(HEAD + reason("z", "0") + reason("a", "2") + reason("n", ""))
    assert [reason.key for reason in policy.with_key] == ["2", "0"]


def test_an_image_is_covered_for_the_reasons_that_say_so_and_for_unknown_ones() -> None:
    policy = parse_policy(HEAD + reason(extra="protect = true") + reason("spam", "2"))
    codes = ("nudity", "spam", "unknown", None)
    assert [policy.covers(code) for code in codes] == [True, False, True, False]


def test_a_wary_policy_keeps_its_reasons_and_covers_everything() -> None:
    text = HEAD + "require_reveal_to_approve = false\n" + reason()
    policy = wary(parse_policy(text + "[protection_floor]\nblur = 9"))
    assert policy.protect_all
    assert policy.require_reveal_to_approve
    assert policy.floor == Floor(Protection.ALWAYS, 9, False)
    assert policy.by_key("1") is not None
