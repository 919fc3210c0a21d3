"""The TCP ports on which a process listens: its open sockets, and where the kernel has them listening.

/proc/PID/net/tcp and tcp6 list the sockets of the process's network namespace by inode; /proc/PID/fd says which of them
the process holds, or one of those that it started: servers often listen in a parent and serve in children, or the reverse.
"""

from __future__ import annotations

import os
from pathlib import Path

from wsobserve.capture.error import CaptureError
from wsobserve.capture.processes import PROC, name_of, with_descendants

_LISTENING = "0A"  # TCP_LISTEN of the kernel's net/tcp_states.h
_SOCKET = "socket:["


def listening_ports(process: int, proc: Path = PROC) -> tuple[int, ...]:
    """The ports on which `process` or a descendant of it listens, IPv4 and IPv6, sorted; none when it does not listen.

    CaptureError when there is no such process, or when its open files may not be looked at.
    """
    listening = _listening_sockets(proc / str(process) / "net")
    held: set[int] = set()
    closed: list[int] = []  # processes that may not be looked into
    for member in with_descendants(process, proc):
        try:
            held |= _sockets_of(proc / str(member) / "fd")
        except PermissionError:
            closed.append(member)
        except OSError:
            continue  # gone meanwhile
    ports = {port for inode, port in listening.items() if inode in held}
    if closed and not ports:
        called = name_of(closed[0], proc) or "not named"
        raise CaptureError(
            f"process {closed[0]} ({called}): its open files may not be looked at, so its ports are not known; "
            "give them with --port, or CAP_SYS_PTRACE to find them"
        )
    return tuple(sorted(ports))


def _listening_sockets(directory: Path) -> dict[int, int]:
    """Inode to port of every TCP socket that listens in a network namespace."""
    found: dict[int, int] = {}
    for table in ("tcp", "tcp6"):
        try:
            lines = (directory / table).read_text(encoding="ascii", errors="replace").splitlines()
        except OSError:
            continue  # no IPv6; or no such process, which the caller finds out
        for line in lines[1:]:
            fields = line.split()
            if len(fields) > 9 and fields[3] == _LISTENING:
                found[int(fields[9])] = int(fields[1].rpartition(":")[2], 16)
    return found


def _sockets_of(directory: Path) -> set[int]:
    """The inodes of the sockets that a process holds."""
    inodes = set()
    for name in os.listdir(directory):
        try:
            target = os.readlink(directory / name)
        except FileNotFoundError:
            continue  # closed meanwhile
        if target.startswith(_SOCKET):
            inodes.add(int(target[len(_SOCKET) : -1]))
    return inodes
