import importlib
import sys

import click
import pytest

from modstation.cli import desk as desk_module
from modstation.cli.main import COMMANDS, cli


def every_command(group=cli, path=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))


ALL = [pytest.param(path, command, id=" ".join(path)) for path, command in every_command()]


def test_the_commands_are_the_public_ones():
    decisions = ["pull", "push", "status", "decide", "drop", "export", "figures", "verify", "purge"]
    assert list(COMMANDS) == [
        *("review", "demo", "serve", "admin"),
        *decisions,
        *("account", "keys", "doctor"),
    ]


@pytest.mark.parametrize(("path", "command"), ALL)
def test_every_command_and_option_has_a_help_text(path, command):
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


@pytest.mark.parametrize(("path", "command"), ALL)
def test_help_is_an_answer_not_an_error(shell, path, command):
    ran = shell(*path, "--help")

    assert ran.code == 0
    assert "--home" in ran.out


def test_the_version_is_said(shell):
    assert shell("--version").out.startswith("modstation ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["status", "--nonsense"],
        ["decide", "x", "maybe"],
        ["decide"],
        ["review", "--split", "3/2"],
        ["pull", "--limit", "0"],
        ["serve", "--port", "99999"],
    ],
)
def test_wrong_usage_ends_with_2_and_a_sentence(shell, arguments):
    ran = shell(*arguments)

    assert ran.code == 2
    assert "Error" in ran.err


@pytest.mark.parametrize("command", ["status", "pull", "push", "verify", "export", "purge"])
def test_without_an_account_a_command_says_how_to_get_one(shell, command):
    ran = shell(command)

    assert ran.code == 1
    assert "account add" in ran.err
    assert "CLOUDINARY_URL" in ran.err


def test_home_may_stand_before_or_after_the_command(shell, tmp_path):
    other = tmp_path / "other"
    before = shell("--home", str(other), "account", "list")
    after = shell("account", "list", "--home", str(other))
    shell("account", "add", "x", "cloudinary://k:abcd1234@c", "--home", str(other))

    assert before.out == after.out
    assert (other / "accounts.toml").exists()
    assert not shell.home.accounts_file.exists()


def test_a_bug_writes_a_report_without_the_secret_and_says_where(desk, monkeypatch):
    def fall(*_arguments, **_named):
        raise ZeroDivisionError("s3cr3t-that-must-not-show")

    terminal_secret = "s3cr3t-that-must-not-show"
    monkeypatch.setattr(desk_module, "_counts_in_words", fall)
    monkeypatch.setattr(
        "modstation.cli.terminal.Terminal.account",
        lambda self, chosen: (self.credentials(chosen)).account,
    )

    ran = desk("status")

    assert ran.code == 1
    [report] = desk.home.log.glob("crash-*.txt")
    assert str(report) in ran.err
    assert "ZeroDivisionError" in report.read_text()
    assert terminal_secret not in report.read_text()


def test_a_known_error_is_a_title_and_a_sentence_without_a_traceback(shell):
    ran = shell("account", "test", "nobody")

    assert ran.code == 1
    assert ran.err.startswith("Settings: ")
    assert "Traceback" not in ran.err


def test_a_faulty_setting_is_said_and_the_work_goes_on(desk):
    desk.home.settings_file.write_text("blurr = 3\n")

    ran = desk("decide", "dog", "approve")

    assert ran.code == 0
    assert "blurr" in ran.err


HEAVY = ["PySide6", "httpx", "PIL", "sqlite_utils", "keyring", "starlette", "uvicorn"]


@pytest.mark.parametrize("arguments", [["--help"], ["status"], ["account", "list"]])
def test_a_light_command_imports_nothing_heavy(tmp_path, arguments):
    import subprocess

    code = (
        "import sys; from modstation.cli.main import run; run(sys.argv[2:]);"
        "print('|'.join(sorted(set(sys.argv[1].split(',')) & set(sys.modules))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, ",".join(HEAVY), *arguments, "--home", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert done.stdout.splitlines()[-1] == ""


def test_every_lazy_target_is_there():
    for target in COMMANDS.values():
        module, _, attribute = target.partition(":")
        assert isinstance(getattr(importlib.import_module(module), attribute), click.Command)
