"""What a process holds of Linux's privileges, read from /proc/PID/status.

The kernel's own account, never what we believe to have asked for: see capabilities(7).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

NET_RAW = 13

# linux/capability.h, in the order of their numbers.
_NAMES = (
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE",
    "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME",
    "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG",
    "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
)  # fmt: skip


class Held(NamedTuple):
    """The privileges of one process. Sets of capabilities are sets of bits, as the kernel writes them."""

    user: int  # effective
    group: int  # effective
    threads: int
    effective: int
    permitted: int
    inheritable: int
    ambient: int
    bounding: int  # what could be gained by starting a program
    no_new_privileges: bool
    seccomp_filter: bool

    def may(self, capability: int) -> bool:
        """Whether it can use `capability` now."""
        return bool(self.effective >> capability & 1)


def held_by(process: int | str = "self", proc: Path = Path("/proc")) -> Held:
    """What `process` holds. Raises OSError where there is no such process or no Linux."""
    text = (proc / str(process) / "status").read_text(encoding="ascii", errors="replace")
    fields = {name: value.split() for name, _, value in (line.partition(":") for line in text.splitlines())}

    def bits(name: str) -> int:
        return int(fields.get(name, ["0"])[0], 16)

    return Held(
        user=int(fields["Uid"][1]),
        group=int(fields["Gid"][1]),
        threads=int(fields["Threads"][0]),
        effective=bits("CapEff"),
        permitted=bits("CapPrm"),
        inheritable=bits("CapInh"),
        ambient=bits("CapAmb"),
        bounding=bits("CapBnd"),
        no_new_privileges=fields.get("NoNewPrivs") == ["1"],
        seccomp_filter=fields.get("Seccomp") == ["2"],
    )


def capability_names(capabilities: int) -> list[str]:
    """The names of a set, without `CAP_`; one that is newer than this list is its number."""
    numbers = (number for number in range(capabilities.bit_length()) if capabilities >> number & 1)
    return [_NAMES[number] if number < len(_NAMES) else str(number) for number in numbers]
