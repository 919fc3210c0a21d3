"""The seccomp program: what it answers to each call, by a machine of our own and by the kernel."""

from __future__ import annotations

import errno
import platform
import re
import struct
import sys
from pathlib import Path

import pytest

from tests.stories import run_story
from wsobserve.capture.seccomp import REFUSED, refusing_program

pytestmark = pytest.mark.build_independent

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
I386 = 0x40000003
ALLOW, EPERM, ENOSYS = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS

# Calls that a sidecar goes on making: files, sockets, processes, memory, time.
NEEDED = (
    "read", "write", "openat", "close", "mmap", "munmap", "mprotect", "brk", "futex", "fork", "clone", "wait4", "exit",
    "exit_group", "kill", "tgkill", "getpid", "getppid", "socket", "connect", "bind", "listen", "accept4", "sendto",
    "recvfrom", "sendmsg", "recvmsg", "setsockopt", "getsockopt", "poll", "ppoll", "epoll_pwait", "pipe2", "fsync",
    "fdatasync", "ftruncate", "renameat", "unlinkat", "mkdirat", "getdents64", "ioctl", "fcntl", "prctl", "rt_sigaction",
    "rt_sigprocmask", "rt_sigreturn", "sched_yield", "sched_setaffinity", "clock_gettime", "nanosleep", "getrandom",
    "memfd_create", "dup3", "setitimer", "timerfd_create", "statx",
)  # fmt: skip
ONLY_X86_64 = {"fork", "poll"}  # elsewhere clone, ppoll


def numbers(machine: str) -> dict[str, int]:
    """The numbers of all calls, as the kernel's own header has them."""
    if machine == "x86_64":
        headers = [Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), Path("/usr/include/asm/unistd_64.h")]
    else:
        headers = [Path("/usr/include/asm-generic/unistd.h")]
    for header in headers:
        if header.exists():
            found = re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)$", header.read_text(), re.MULTILINE)
            return {name: int(number) for name, number in found}
    pytest.skip(f"the kernel's headers for {machine} are not installed")


def answer(program: bytes, architecture: int, number: int, *arguments: int) -> int:
    """What the kernel would do: a machine for the instructions that seccomp(2) allows and that the program has."""
    data = struct.pack("<IIQ6Q", number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    instructions = list(struct.iter_unpack("=HBBI", program))
    accumulator = position = 0
    while True:
        code, if_true, if_false, constant = instructions[position]
        position += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, constant)
            case 0x54:
                accumulator &= constant
            case 0x15:
                position += if_true if accumulator == constant else if_false
            case 0x35:
                position += if_true if accumulator >= constant else if_false
            case 0x45:
                position += if_true if accumulator & constant else if_false
            case 0x06:
                return int(constant)
            case _:
                raise AssertionError(f"no such instruction: {code:#x}")


def program_of(machine: str) -> bytes:
    program = refusing_program(machine)
    assert program is not None
    return program


both = pytest.mark.parametrize("machine", ARCHITECTURES)


@both
def test_exactly_the_named_calls_are_refused(machine: str) -> None:
    program, known = program_of(machine), numbers(machine)
    refused = {name for name, number in known.items() if answer(program, ARCHITECTURES[machine], number) == EPERM}
    assert refused == set(REFUSED) & known.keys()
    assert len(refused) >= 35
    assert answer(program, ARCHITECTURES[machine], known["clone3"]) == ENOSYS


@both
def test_what_a_sidecar_goes_on_doing_is_allowed(machine: str) -> None:
    program, known = program_of(machine), numbers(machine)
    for name in NEEDED:
        if machine == "x86_64" or name not in ONLY_X86_64:
            assert answer(program, ARCHITECTURES[machine], known[name]) == ALLOW, name


@both
def test_packet_sockets_are_refused_under_both_names_and_no_others(machine: str) -> None:
    program, architecture, socket = program_of(machine), ARCHITECTURES[machine], numbers(machine)["socket"]
    for kind in (1, 2, 3, 10, 2 | 0o2000000):
        assert answer(program, architecture, socket, 17, kind) == EPERM
    assert answer(program, architecture, socket, 17 | 1 << 40, 2) == EPERM, "the kernel takes the lower half"
    for cloexec in (0, 0o2000000, 0o4000):
        assert answer(program, architecture, socket, 2, 10 | cloexec) == EPERM
        for family in (1, 2, 10, 16):
            for kind in (1, 2, 3):
                assert answer(program, architecture, socket, family, kind | cloexec) == ALLOW


@both
def test_processes_and_threads_may_be_made_but_no_namespaces(machine: str) -> None:
    program, architecture, clone = program_of(machine), ARCHITECTURES[machine], numbers(machine)["clone"]
    assert answer(program, architecture, clone, 0x01200011) == ALLOW, "fork"
    assert answer(program, architecture, clone, 0x003D0F00) == ALLOW, "pthread_create"
    for flag in (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        assert answer(program, architecture, clone, flag | 17) == EPERM


@both
def test_calls_by_other_numbers_are_refused_as_a_whole(machine: str) -> None:
    program = program_of(machine)
    for number in (0, 1, 39, 400):
        assert answer(program, I386, number) == EPERM
        if machine == "x86_64":
            assert answer(program, ARCHITECTURES[machine], 0x40000000 | number) == EPERM, "x32"


def test_of_an_unknown_machine_there_is_no_program() -> None:
    assert refusing_program("riscv64") is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="seccomp is Linux's")
@pytest.mark.skipif(platform.machine() not in ARCHITECTURES, reason="the filter is for x86_64 and aarch64")
def test_the_kernel_answers_the_same() -> None:
    # Each call with arguments that make no sense: without the filter the kernel says so, or that a capability is missing;
    # with it, it never gets that far. The process holds no capability and no descriptor, so nothing can happen.
    story = """if 1:
        import ctypes, json, sys
        from wsobserve.capture.linux_calls import PR_SET_NO_NEW_PRIVS, empty_capabilities, install_seccomp_filter, prctl
        from wsobserve.capture.seccomp import refusing_program
        import platform
        libc = ctypes.CDLL(None, use_errno=True)
        def failure(number):
            ctypes.set_errno(0)
            libc.syscall(ctypes.c_long(number), *[ctypes.c_long(-1)] * 6)
            return ctypes.get_errno()
        empty_capabilities()
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        numbers = json.loads(sys.argv[1])
        before = {name: failure(number) for name, number in numbers.items()}
        install_seccomp_filter(refusing_program(platform.machine()))
        print(json.dumps([before, {name: failure(number) for name, number in numbers.items()}]))
    """
    import json

    known = numbers(platform.machine())
    named = {name: known[name] for name in REFUSED if name in known}
    before, after = run_story(story, json.dumps(named))
    assert {name for name, failure in after.items() if failure != errno.EPERM} == set()
    assert len({name for name, failure in before.items() if failure != errno.EPERM}) > 15, "without the filter they get further"
