"""What is typed into the palette, and the commands it may mean."""

from __future__ import annotations

import pytest

from modstation.app.keymaps import preset_keymap
from modstation.app.palette import Offer, found, offers, reason_titles, refusal
from modstation.core.commands import COMMANDS
from modstation.core.policy import parse_policy
from modstation.core.shipped import resources

POLICY = parse_policy((resources() / "policies" / "default.toml").read_text(encoding="utf-8"))
ALL = offers(preset_keymap("default"), POLICY, lambda chord: chord)


def named(name: str) -> Offer:
    return next(offer for offer in ALL if offer.command.name == name)


def test_every_command_is_offered_once() -> None:
    assert [offer.command.name for offer in ALL] == list(COMMANDS)


def test_before_anything_is_typed_what_enter_runs_comes_first() -> None:
    names = [offer.command.name for offer in found(ALL, "  ")]
    assert set(names) == set(COMMANDS)
    assert names.index("quit") < names.index("approve")


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("greys", "greyscale"),
        ("GREY", "greyscale"),
        ("ctrl+s", "post-now"),
        ("?", "keys-help"),
        ("full", "full-screen"),
        ("left rot", "rotate-left"),
        ("without colour", "greyscale"),
        ("nudity", "reject-reason-1"),
        ("held for undo", "post-now"),
        ("rtlft", "rotate-left"),
    ],
)
def test_what_is_typed_is_found(typed: str, first: str) -> None:
    assert found(ALL, typed)[0].command.name == first


def test_what_means_nothing_finds_nothing() -> None:
    assert found(ALL, "qqqq") == []


def test_a_reason_is_called_as_the_policy_calls_it() -> None:
    assert reason_titles(POLICY)["reject-reason-1"] == "Reject: Nudity"
    assert named("reject-reason-1").title == "Reject: Nudity"


@pytest.mark.parametrize("name", [name for name, c in COMMANDS.items() if c.decides] + ["redo"])
def test_enter_never_decides(name: str) -> None:
    offer = named(name)
    said = refusal(offer, reversal_offered=False)
    assert said is not None
    assert offer.keys[0] in said


@pytest.mark.parametrize(("offered", "runs"), [(False, True), (True, False)])
def test_undo_runs_unless_it_would_post_the_opposite(offered: bool, runs: bool) -> None:
    assert (refusal(named("undo"), reversal_offered=offered) is None) is runs


def test_a_command_is_read_out_with_its_sentence_and_keys() -> None:
    assert named("post-now").spoken == (
        "Post now. Post the decisions still held for undo. Key: Ctrl+S."
    )
    assert named("accounts").spoken.endswith("Key: none.")
