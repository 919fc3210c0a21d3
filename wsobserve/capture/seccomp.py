"""The classic BPF program that refuses the system calls of which a sidecar that captures already has no further need.

It is given to the kernel once, cannot be taken back, and holds for every process forked later. What is refused answers
EPERM (nothing is killed): starting programs, looking into other processes, entering or making namespaces, changing what
is mounted, loading code into the kernel, keys of the kernel, io_uring (whose requests pass no such filter), and new
packet sockets. Everything else stays allowed: fork, files, sockets of other kinds.

See seccomp(2); the program sees struct seccomp_data: number, architecture, instruction pointer, six arguments.
"""

from __future__ import annotations

import errno
import struct

# Name of the call: its number on x86_64, on aarch64.
_REFUSED: dict[str, tuple[int, int]] = {
    # other programs
    "execve": (59, 221),
    "execveat": (322, 281),
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    # namespaces and mounts
    "setns": (308, 268),
    "unshare": (272, 97),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),  # files outside of what is mounted here
    # the kernel
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    # keys
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # what would go past this filter
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}
REFUSED = tuple(_REFUSED)  # the calls that are refused whatever their arguments

# machine: architecture of struct seccomp_data (AUDIT_ARCH_*), column in the table, numbers of socket, clone, clone3
_MACHINES = {"x86_64": (0xC000003E, 0, 41, 56, 435), "aarch64": (0xC00000B7, 1, 198, 220, 435)}
_X32_BIT = 0x40000000  # the x32 numbers of x86_64 are the same calls again

_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24  # the lower halves: both machines are little-endian
_LOAD, _AND = 0x20, 0x54
_JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _JUMP_IF_SET = 0x15, 0x35, 0x45
_RETURN = 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000

_AF_INET, _AF_PACKET = 2, 17
_SOCK_TYPE_MASK, _SOCK_PACKET = 0xF, 10  # socket(AF_INET, SOCK_PACKET) is the old name of a packet socket
# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_NEW_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000

Instruction = tuple[int, int, int, int]  # struct sock_filter: code, jump if true, jump if false, constant
_REFUSE: Instruction = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
_PASS: Instruction = (_RETURN, 0, 0, _ALLOW)


def refusing_program(machine: str) -> bytes | None:
    """The program for `machine` (as uname has it), an array of struct sock_filter; None for one that is not known here."""
    if machine not in _MACHINES:
        return None
    architecture, column, socket, clone, clone3 = _MACHINES[machine]
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_IF_EQUAL, 1, 0, architecture),
        _REFUSE,  # a 32-bit call has other numbers
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        program += [(_JUMP_IF_AT_LEAST, 0, 1, _X32_BIT), _REFUSE]
    for numbers in _REFUSED.values():
        program += [(_JUMP_IF_EQUAL, 0, 1, numbers[column]), _REFUSE]
    # The namespaces that clone3 would make lie in memory, where no filter can look. Told that there is no such call,
    # the C library takes clone.
    program += [(_JUMP_IF_EQUAL, 0, 1, clone3), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    program += [
        (_JUMP_IF_EQUAL, 0, 4, clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_JUMP_IF_SET, 0, 1, _NEW_NAMESPACES),
        _REFUSE,
        _PASS,
    ]
    program += [
        (_JUMP_IF_EQUAL, 1, 0, socket),
        _PASS,
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_JUMP_IF_EQUAL, 0, 1, _AF_PACKET),
        _REFUSE,
        (_JUMP_IF_EQUAL, 1, 0, _AF_INET),
        _PASS,
        (_LOAD, 0, 0, _SECOND_ARGUMENT),
        (_AND, 0, 0, _SOCK_TYPE_MASK),
        (_JUMP_IF_EQUAL, 0, 1, _SOCK_PACKET),
        _REFUSE,
        _PASS,
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
