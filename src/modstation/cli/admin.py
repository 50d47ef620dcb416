"""``modstation admin``: what whoever runs a service does beside it."""

from __future__ import annotations

import click

from modstation.cli.lazy import LazyGroup

COMMANDS = {
    "cloud": "modstation.cli.admin_clouds:cloud",
    "key": "modstation.cli.admin_access:key",
    "token": "modstation.cli.admin_access:token",
    "notifications": "modstation.cli.admin_notifications:notifications",
    "backup": "modstation.cli.admin_data:backup",
    "check": "modstation.cli.admin_data:check",
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def admin() -> None:
    """Look after a service of your own, while it runs or while it stands still.

    Works on the service's database and storage; what is changed holds for every replica within
    seconds, and no restart is needed.
    """
