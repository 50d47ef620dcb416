import json

from modstation.core.commands import COMMANDS


def test_every_command_stands_in_the_table_with_its_keys(shell):
    out = shell("keys").out

    for name in COMMANDS:
        assert name in out
    assert json.loads(shell("keys", "--json").out)["approve"] == ["A"]


def test_own_keys_show(shell):
    shell.home.create()
    shell.home.keymap_file.write_text('[keys]\napprove = "Y"\n')

    assert json.loads(shell("keys", "--json").out)["approve"] == ["Y"]


def test_a_wrong_keymap_is_said_and_the_shipped_keys_show(shell):
    shell.home.create()
    shell.home.keymap_file.write_text('[keys]\napprove = "Enter"\n')

    ran = shell("keys", "--json")

    assert "reserved" in ran.err
    assert json.loads(ran.out)["approve"] == ["A"]


def test_a_reason_key_names_its_reason(shell):
    assert "Reject: Nudity." in shell("keys").out


def test_a_shipped_keymap_can_be_looked_at_before_it_is_chosen(shell):
    shell.home.create()
    shell.home.keymap_file.write_text('[keys]\napprove = "Y"\n')

    assert json.loads(shell("keys", "--preset", "coral", "--json").out)["approve"] == ["D"]


def test_a_keymap_that_is_not_shipped_is_named(shell):
    assert "prodigy" in shell("keys", "--preset", "emacs").err
