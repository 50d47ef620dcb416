import sys

import pytest

from modstation.cli.terminal import counter, has_screen, printable, progress, table


def test_a_public_id_cannot_steer_the_terminal():
    assert "\x1b" not in table(("id",), [("evil\x1b[2Jid\n",)])
    assert printable("Été 漢字 😀") == "Été 漢字 😀"
    assert printable("a\udc80b\u202e") == "a\\udc80b\\u202e"


def test_a_table_is_as_wide_as_its_cells_with_numbers_to_the_right():
    assert table(("name", "n"), [("a", 5), ("longer", 10)]).splitlines() == [
        "name     n",
        "------  --",
        "a        5",
        "longer  10",
    ]


def test_progress_is_silent_where_stderr_is_no_terminal(capsys):
    with progress("Working", 3) as bar, counter("Pulled") as number:
        bar.update(3)
        number.update(3)

    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("system", "environ", "screen"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"DISPLAY": ""}, False),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_only_a_linux_without_a_display_has_no_screen(monkeypatch, system, environ, screen):
    monkeypatch.setattr(sys, "platform", system)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    assert has_screen() is screen
