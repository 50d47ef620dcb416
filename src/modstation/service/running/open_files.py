"""How many files and sockets this process may have open."""

from __future__ import annotations

import sys

_WANTED = 8192


def most_open_files() -> int:
    """The limit as it is now."""
    if sys.platform == "win32":
        return _WANTED
    import resource

    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _WANTED if soft == resource.RLIM_INFINITY else soft


def allow_open_files() -> None:
    """Raise the limit as far as the system lets us, to what a busy service needs.

    Many systems give a process 1,024, which a thousand receivers that do not answer use up.
    """
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED if hard == resource.RLIM_INFINITY else min(_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
