"""Calls of Linux that Python's own library does not have, or only from 3.12 on, as functions that raise OSError.

The C library is the one that runs already; nothing is looked for on disk, so these work after `execve` was given up.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct

PR_SET_PDEATHSIG = 1
PR_GET_DUMPABLE, PR_SET_DUMPABLE = 3, 4
PR_SET_SECCOMP, PR_CAPBSET_DROP = 22, 24
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
CLONE_NEWNET = 0x40000000

_SECCOMP_MODE_FILTER = 2
_SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_SPEC_ALLOW = 1, 4
_CAPABILITY_VERSION_3 = 0x20080522
_SYS_CAPSET = {"x86_64": 126, "aarch64": 91}
_SYS_SECCOMP = {"x86_64": 317, "aarch64": 277}


def prctl(option: int, argument: int = 0, second: int = 0) -> int:
    """prctl(2) with whole numbers."""
    words = [ctypes.c_ulong(word) for word in (argument, second, 0, 0)]
    return _checked(_libc().prctl(option, *words))


def enter_namespace(descriptor: int, kind: int) -> None:
    """setns(2): this thread is in the namespace of `kind` to which `descriptor` leads."""
    _checked(_libc().setns(descriptor, kind))


def empty_capabilities() -> None:
    """capset(2): this thread's effective, permitted and inheritable sets hold nothing; always permitted."""
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    nothing = bytes(24)  # two of struct __user_cap_data_struct
    machine = platform.machine()
    if machine in _SYS_CAPSET:
        _checked(_libc().syscall(ctypes.c_long(_SYS_CAPSET[machine]), header, nothing))
    else:
        _checked(_libc().capset(header, nothing))  # glibc has it, though its headers do not


def install_seccomp_filter(program: bytes) -> None:
    """Every system call of this process and of those it will fork passes `program` (an array of struct sock_filter) first.

    Before Linux 5.16 a filter also turned off a speed-up of the processor (speculative store bypass), for the sake of
    processes that run other people's code. This one runs none: it asks to keep it.
    """
    instructions = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("@HP", len(program) // 8, ctypes.addressof(instructions))
    number = _SYS_SECCOMP.get(platform.machine())
    if number is not None:
        flags = ctypes.c_ulong(_SECCOMP_FILTER_FLAG_SPEC_ALLOW)
        mode = ctypes.c_ulong(_SECCOMP_SET_MODE_FILTER)
        if not _libc().syscall(ctypes.c_long(number), mode, flags, described):
            return
    address = ctypes.cast(ctypes.c_char_p(described), ctypes.c_void_p).value
    prctl(PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, address or 0)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
