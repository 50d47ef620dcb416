"""An undocumented command or option fails a test."""

import re

import click
import pytest

from modstation.cli.main import cli
from modstation.core.shipped import resources

# Explained once for all commands at the top of the page, or by click itself.
COMMON = {"--home", "--json", "--account", "--help", "--yes", "--version"}


def commands(group=cli, path=("modstation",)):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


ALL = [pytest.param(name, command, id=name) for name, command in commands()]


@pytest.fixture(scope="module")
def page():
    return (resources() / "help" / "commands.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "command"), ALL)
def test_every_command_and_option_stands_in_the_help_page(page, name, command):
    assert f"`{name}" in page.replace("\n", " ")
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            option = max(parameter.opts, key=len)
            assert option in COMMON or option in page


def test_the_help_page_names_no_command_or_option_that_is_not_there(page):
    names = {name for name, _command in commands()} | {
        "modstation",
        "modstation account",
        "modstation admin",
    }
    options = COMMON | {
        option
        for _name, command in commands()
        for parameter in command.params
        for option in parameter.opts
    }

    for name in re.findall(r"`(modstation(?: [a-z]+)*)", page):
        assert name in names
    for option in re.findall(r"--[a-z-]+", page):
        assert option in options
