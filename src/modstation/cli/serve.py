"""``modstation serve``: the moderation service."""

from __future__ import annotations

from pathlib import Path

import click

from modstation.cli.terminal import Terminal


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8787,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder of its database and images (default: service in the home folder).",
)
@click.option("--database", metavar="URL", help="Database to use instead of a file in --data.")
@click.option("--storage", metavar="URL", help="Where images are kept instead of in --data.")
@click.option("--cloud", default="local", show_default=True, help="Name of its cloud.")
@click.pass_context
def serve(
    ctx: click.Context,
    *,
    host: str,
    port: int,
    data: Path | None,
    database: str | None,
    storage: str | None,
    cloud: str,
) -> None:
    """Run the moderation service that official Cloudinary SDKs work against.

    The first start makes the cloud and its API key. It prints the CLOUDINARY_URL to use, and
    “ready” on a line of its own once it accepts requests.
    """
    from modstation.app.diagnostics import log_to_stderr
    from modstation.app.paths import make_private_folder
    from modstation.service import run
    from modstation.service.settings import ServiceSettings

    terminal = ctx.ensure_object(Terminal)
    folder = make_private_folder(data or terminal.home().data / "service")
    log_to_stderr()
    code = run.serve(
        ServiceSettings(
            data=folder.absolute(),
            host=host,
            port=port,
            database=database,
            storage=storage,
            cloud=cloud,
        )
    )
    ctx.exit(code)
