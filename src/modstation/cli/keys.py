"""``modstation keys``: the keys as they are now."""

from __future__ import annotations

import click

from modstation.app.keymaps import PRESETS, load_keymap, preset_keymap
from modstation.cli.terminal import Terminal, json_option, pass_terminal, say_json, table, warn


@click.command()
@click.option(
    "--preset",
    type=click.Choice(PRESETS),
    help="Show a shipped keymap instead of the one in use.",
)
@json_option
@pass_terminal
def keys(terminal: Terminal, *, preset: str | None, as_json: bool) -> None:
    """Print every command with its keys, your own included."""
    from modstation.app.policies import load_policy
    from modstation.core.commands import COMMANDS, reason_digit

    home, settings = terminal.home(), terminal.settings()
    if preset is None:
        keymap, problems = load_keymap(home, settings)
    else:
        keymap, problems = preset_keymap(preset, letter_keys=settings.letter_keys), []
    policy, policy_problems = load_policy(home, settings)
    for problem in (*problems, *policy_problems):
        warn(problem)
    if as_json:
        say_json({name: list(keymap.keys_for(name)) for name in COMMANDS})
        return
    for group in dict.fromkeys(command.group for command in COMMANDS.values()):
        rows = []
        for command in COMMANDS.values():
            if command.group != group:
                continue
            shown = keymap.keys_for(command.name)
            digit = reason_digit(command.name)
            reason = policy.by_key(digit) if digit else None
            help_text = f"Reject: {reason.title}." if reason else command.help
            rows.append(("  ".join(shown) or "–", command.name, help_text))
        click.echo(f"\n{group}\n{table(('keys', 'command', 'what it does'), rows)}")
