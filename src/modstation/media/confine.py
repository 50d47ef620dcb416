"""What a decode worker gives up before it sees the first byte of an image.

Resource limits on every Unix; on Linux (x86-64, ARM64) also a seccomp filter: no file opened or
changed, no socket, no program, no new process, no signal to another. What could not be had is left
out and told: a worker without the filter is still a process of its own with limits.

Source of the numbers: Linux ``include/uapi/linux/{audit,bpf_common,filter,seccomp,prctl}.h``.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from typing import Final, NamedTuple

from modstation.media.system_calls import refused_calls

_FILES: Final = 24
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2
_CLONE_THREAD: Final = 0x00010000

_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_IF_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_IF_AT_LEAST: Final = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_IF_BITS: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K

_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_REFUSE: Final = 0x00050000 | errno.EPERM
_ABSENT: Final = 0x00050000 | errno.ENOSYS

# Offsets in struct seccomp_data.
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16


class _Machine(NamedTuple):
    column: int
    audit: int
    clone: int
    foreign_from: int | None = None


_MACHINES: Final = {
    # From 0x40000000 on come the calls of the x32 ABI, which the table does not list.
    "x86_64": _Machine(column=0, audit=0xC000003E, clone=56, foreign_from=0x40000000),
    "aarch64": _Machine(column=1, audit=0xC00000B7, clone=220),
}
_CLONE3: Final = 435


def confine(memory_bytes: int) -> list[str]:
    """Give up what can be given up; the names of the protections that now hold."""
    held = []
    if sys.platform != "win32":
        _limit(memory_bytes)
        held.append("limits")
    if sys.platform == "linux" and _filter_calls():
        held.append("seccomp")
    return held


def _limit(memory_bytes: int) -> None:
    import resource

    def lower(kind: int, value: int) -> None:
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(kind, (value, value))

    lower(resource.RLIMIT_CORE, 0)
    lower(resource.RLIMIT_FSIZE, 0)
    lower(resource.RLIMIT_NOFILE, _FILES)
    if sys.platform == "linux":
        with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - importing pathlib costs a worker's start more than all of this
            pages = int(statm.read().split()[0])
        lower(resource.RLIMIT_AS, pages * resource.getpagesize() + memory_bytes)
    # macOS takes RLIMIT_AS and does not hold to it; there the time limit alone bounds a bomb.


def _filter_calls() -> bool:
    machine = _MACHINES.get(os.uname().machine)
    if machine is None or struct.calcsize("P") != 8:
        return False
    program = _program(machine)
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: a count of 8-byte instructions and where they are.
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero) != 0:
        return False
    mode = ctypes.c_ulong(_SECCOMP_MODE_FILTER)
    return bool(libc.prctl(_PR_SET_SECCOMP, mode, header, zero, zero) == 0)


def _program(machine: _Machine) -> bytes:
    """The filter: jumps are relative and count instructions to skip when true, when false."""
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_IF_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    if machine.foreign_from is not None:
        steps += [(_IF_AT_LEAST, 0, 1, machine.foreign_from), (_RETURN, 0, 0, _KILL)]
    for number in refused_calls(machine.column):
        steps += [(_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE)]
    steps += [
        # The flags of clone3 are out of a filter's sight; without it libc falls back to clone.
        (_IF_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _ABSENT),
        # Threads yes (AVIF decodes with several), processes no.
        (_IF_EQUAL, 0, 3, machine.clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_IF_BITS, 1, 0, _CLONE_THREAD),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def silence() -> None:
    """Send what a codec prints on standard error to nowhere: it may quote the image."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)
