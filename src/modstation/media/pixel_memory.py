"""Memory that a decode worker writes pixels into and the station paints from without copying.

Linux: an anonymous file in memory (memfd), made by the station for one request and handed to the
worker with it. It has no name, so it cannot be left behind: it goes with the last process that has
it open or mapped, however that process ends. It is sealed against shrinking: a worker that was
taken over cannot pull the memory away under the station. Elsewhere pixels come through the socket.
"""

from __future__ import annotations

import mmap
import os
import sys
from typing import Final

SHARED: Final = sys.platform == "linux"
"""Whether pixels come through shared memory here."""

_AT_ONCE_BYTES: Final = 12 * 1024 * 1024


def create(capacity: int) -> int:
    """A descriptor of ``capacity`` bytes that take no memory until they are written."""
    if sys.platform != "linux":
        raise NotImplementedError
    import fcntl

    file = os.memfd_create("modstation-pixels", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(file, capacity)
        fcntl.fcntl(
            file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        )
    except BaseException:
        os.close(file)
        raise
    return file


def write(file: int, pixels: bytes) -> None:
    """Put ``pixels`` at the start of the memory; the worker's part."""
    # Through a mapping: a write() would be a file growing to RLIMIT_FSIZE, which is 0.
    with mmap.mmap(file, len(pixels)) as memory:
        memory[:] = pixels


def view(file: int, length: int) -> memoryview:
    """A read-only view of the first ``length`` bytes; the memory lives as long as the view."""
    if sys.platform != "linux":
        raise NotImplementedError
    # Every page at once, while the picture is decoded: one by one they would be fetched while the
    # window paints, a quarter of a millisecond of each key. Python holds its lock for it, so not
    # for more than a screen: every pixel of a large photo would take many milliseconds.
    flags = mmap.MAP_SHARED | (mmap.MAP_POPULATE if length <= _AT_ONCE_BYTES else 0)
    return memoryview(mmap.mmap(file, length, flags=flags, prot=mmap.PROT_READ))
