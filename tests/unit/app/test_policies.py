from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from helpers.assets import make_asset
from modstation.app.covering import Covering
from modstation.app.paths import home_at
from modstation.app.policies import keep_policy, load_policy
from modstation.app.settings import Settings
from modstation.app.settings_file import load_settings
from modstation.core.protection import Protection, is_protected

if TYPE_CHECKING:
    from pathlib import Path

    from modstation.app.paths import Home
    from modstation.core.policy import Policy

POLICY = """
[policy]
version = "house-7"
[[reason]]
code = "nudity"
title = "Nudity"
key = "1"
[protection_floor]
protection = "always"
blur = 8
greyscale = true
"""
WRONG = POLICY.replace('key = "1"', 'key = "12"')


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = home_at(tmp_path)
    home.create()
    return home


def covers_everything(policy: Policy, settings: Settings) -> bool:
    """As ``ReviewSession.protects`` says it of an image that nothing warns of."""
    return is_protected(
        make_asset(1),
        policy.floor.protection_of(settings.protection),
        policy_protects=policy.protect_all,
    )


def test_the_shipped_policy_has_no_fault_and_ten_digits(home: Home) -> None:
    policy, problems = load_policy(home, Settings())
    assert problems == []
    assert [reason.key for reason in policy.with_key] == list("1234567890")
    assert all(reason.rule for reason in policy.reasons)


def test_what_the_shipped_policy_reports_has_a_category_and_keywords(home: Home) -> None:
    policy, _ = load_policy(home, Settings())
    assert all(reason.category and reason.keywords for reason in policy.reasons if reason.sor)
    assert [reason.code for reason in policy.reasons if not reason.sor] == ["quality"]
    assert [reason.code for reason in policy.reasons if reason.technical] == ["quality"]


def test_a_policy_of_ones_own_counts(home: Home) -> None:
    home.policy_file.write_text(POLICY)
    policy, problems = load_policy(home, Settings())
    assert (policy.version, problems) == ("house-7", [])


def test_a_wrong_policy_is_replaced_by_the_last_good_one_and_covers_everything(home: Home) -> None:
    home.policy_file.write_text(POLICY.replace('"always"', '"never"'))
    assert keep_policy(home, Settings()) == []
    home.policy_file.write_text(WRONG)

    policy, problems = load_policy(home, Settings())

    assert policy.version == "house-7"
    assert policy.floor.blur == 8
    assert policy.require_reveal_to_approve
    assert covers_everything(policy, Settings(protection=Protection.NEVER))
    assert len(problems) == 1
    for part in ("one digit", "house-7", "last good", "covered"):
        assert part in problems[0]


@pytest.mark.parametrize("last", [None, "[policy", b"\xff\xfe"])
def test_without_a_last_good_policy_the_shipped_one_is_used(
    home: Home, last: str | bytes | None
) -> None:
    if last is not None:
        home.last_policy_file.write_bytes(last if isinstance(last, bytes) else last.encode())
    home.policy_file.write_text(WRONG)
    policy, problems = load_policy(home, Settings())
    assert policy.by_key("1") is not None
    assert "shipped" in problems[0]
    assert covers_everything(policy, Settings(protection=Protection.NEVER))


def test_a_policy_file_that_is_missing_is_said(home: Home, tmp_path: Path) -> None:
    policy, problems = load_policy(home, Settings(policy=str(tmp_path / "gone.toml")))
    assert "gone.toml" in problems[0]
    assert covers_everything(policy, Settings(protection=Protection.NEVER))


def test_a_wrong_policy_is_never_kept(home: Home) -> None:
    home.policy_file.write_text(WRONG)
    assert keep_policy(home, Settings())
    assert not home.last_policy_file.exists()


def test_settings_that_lost_the_path_of_the_policy_keep_to_the_last_one(
    home: Home, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "organisation.toml"
    elsewhere.write_text(POLICY)
    assert keep_policy(home, Settings(policy=str(elsewhere))) == []
    home.settings_file.write_text(f'policy = "{elsewhere}"\nnonsense')

    settings, problems = load_settings(home)
    policy, _ = load_policy(home, settings, settings_wrong=bool(problems))

    assert policy.version == "house-7"


KEYS = st.sampled_from(["protection", "blur", "greyscale", "theme", "policy", "x"])
VALUES = st.sampled_from(
    ["'never'", "'auto'", "1", "0", "99", "false", "true", "''", "nan", "[", "'"]
)
LINES = st.lists(st.tuples(KEYS, VALUES).map(" = ".join) | st.text(max_size=12), max_size=6)


@examples(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=LINES, elsewhere=st.booleans())
def test_no_settings_however_broken_show_what_the_floor_covers(
    home: Home, lines: list[str], elsewhere: bool
) -> None:
    where = home.config / "organisation.toml" if elsewhere else home.policy_file
    where.write_text(POLICY)
    assert keep_policy(home, Settings(policy=str(where) if elsewhere else "")) == []
    text = "\n".join(lines)
    if elsewhere:
        text = f"{text}\npolicy = '{where}'\n"
    home.settings_file.write_bytes(text.encode("utf-8", "surrogatepass"))

    settings, problems = load_settings(home)
    policy, _ = load_policy(home, settings, settings_wrong=bool(problems))
    covering = Covering(policy.floor, blur=settings.blur, greyscale=settings.greyscale)

    assert covers_everything(policy, settings)
    if policy.version == "house-7":
        assert covering.strength >= 8
        assert covering.grey
    else:
        # Only where the settings themselves name another policy, and there is none.
        assert settings.policy
    home.policy_file.unlink(missing_ok=True)
