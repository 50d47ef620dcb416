"""``modstation keys``: the keys as they are now."""

from __future__ import annotations

import click

from modstation.cli.terminal import Terminal, json_option, pass_terminal, say_json, table, warn


@click.command()
@json_option
@pass_terminal
def keys(terminal: Terminal, *, as_json: bool) -> None:
    """Print every command with its keys, your own included."""
    from modstation.app.settings import load_keymap, load_policy
    from modstation.core.commands import COMMANDS

    home, settings = terminal.home(), terminal.settings()
    keymap, problems = load_keymap(home, settings)
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
            reason = (
                policy.by_key(shown[0])
                if shown and command.name.startswith("reject-reason")
                else None
            )
            help_text = f"Reject: {reason.title}." if reason else command.help
            rows.append(("  ".join(shown) or "–", command.name, help_text))
        click.echo(f"\n{group}\n{table(('keys', 'command', 'what it does'), rows)}")
