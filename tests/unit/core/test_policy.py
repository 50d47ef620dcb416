from __future__ import annotations

import pytest

from modstation.core.errors import SettingsError
from modstation.core.policy import SAFE_POLICY, parse_policy

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
    ],
)
def test_what_is_wrong_is_said(text: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        parse_policy(text)


def test_the_policy_of_last_resort_covers_everything() -> None:
    assert SAFE_POLICY.protect_all


def test_a_policy_says_in_its_own_words_what_to_do_after_an_escalation() -> None:
    assert parse_policy(HEAD + 'escalation = "Call the desk."').escalation == "Call the desk."
    assert "public ID" in parse_policy(HEAD).escalation
