"""A capture that runs gives up every privilege that it needed to begin.

Called once rings and listening sockets are open and before workers are forked: what is open stays open, also packet
sockets, and everything forked later holds as little. In this order, as each step needs what the next ones take away:
bounding set (needs SETPCAP), user and groups (SETUID, SETGID), core dumps, no_new_privs, ambient set, the other sets,
the seccomp filter (needs no_new_privs). A step that is not permitted is left out, and what is then still held is said;
only the user was asked for by somebody, so that alone is an error.
"""

from __future__ import annotations

import os
import platform
import signal
import sys
from collections.abc import Callable

from wsobserve.capture.capabilities import Held, capability_names, held_by
from wsobserve.capture.error import CaptureError, name_for_people
from wsobserve.capture.linux_calls import (
    PR_CAP_AMBIENT,
    PR_CAP_AMBIENT_CLEAR_ALL,
    PR_CAPBSET_DROP,
    PR_GET_DUMPABLE,
    PR_SET_DUMPABLE,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    empty_capabilities,
    install_seccomp_filter,
    prctl,
)
from wsobserve.capture.seccomp import REFUSED, refusing_program


def drop(user: str | None = None) -> tuple[str, ...]:
    """Give up what can be given up, change to `user` (`name`, `number`, either with `:group`), and say what is still held.

    For a process of one thread, for the kernel counts privileges by thread: RuntimeError in another. CaptureError when
    it cannot change to `user`; everything else that is not permitted is said in the lines that come back, which are
    read from the kernel.
    """
    if not sys.platform.startswith("linux"):
        if user is not None:
            _change_user(user)
        return (*_user_line(), f"privileges are given up on Linux only, not on {sys.platform}")
    threads = held_by().threads
    if threads != 1:
        raise RuntimeError(f"privileges belong to threads: give them up while there is one, not {threads}")
    sources = _readable_sources()
    _permitted(_empty_bounding_set)
    if user is not None:
        _change_user(user)
    _permitted(lambda: prctl(PR_SET_DUMPABLE, 0))
    _permitted(lambda: prctl(PR_SET_NO_NEW_PRIVS, 1))
    _permitted(lambda: prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL))
    _permitted(empty_capabilities)
    lines = held_lines(_refuse_calls())
    lost = sorted(sources - _readable_sources())
    if lost:
        # Root without CAP_DAC_OVERRIDE is kept out of other people's directories like anybody else.
        lines += (f"Python modules that it may no longer read, also when it needs them: {', '.join(lost[:4])}",)
    return lines


def held_lines(seccomp: str = "none of ours") -> tuple[str, ...]:
    """What this process holds now, a line each; `seccomp` says what the filter does that we have installed."""
    held = held_by()
    usable = held.effective | held.permitted | held.inheritable | held.ambient
    return (
        *_user_line(),
        f"capabilities: {_set_text(usable)}",
        _gainable(held),
        "no new privileges: no program that it starts can gain any" if held.no_new_privileges else "new privileges: possible",
        f"seccomp: {seccomp}",
        "memory: closed to other processes of its user, no core dumps"
        if prctl(PR_GET_DUMPABLE) == 0
        else "memory: other processes of its user may read it",
    )


def die_with(parent: int, number: signal.Signals = signal.SIGKILL) -> None:
    """In a process just forked: it gets signal `number` when `parent`, which forked it, is gone (also already). Linux only.

    The kernel forgets it when the user changes or a program starts; workers do neither.
    """
    if not sys.platform.startswith("linux"):
        return
    prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        signal.raise_signal(number)


def _permitted(step: Callable[[], object]) -> bool:
    """Whether `step` could be done: not where a runtime's own seccomp profile or an old kernel refuses it."""
    try:
        step()
    except OSError:
        return False
    return True


def _empty_bounding_set() -> None:
    bounding = held_by().bounding
    for number in range(bounding.bit_length()):
        if bounding >> number & 1:
            prctl(PR_CAPBSET_DROP, number)


def _readable_sources() -> set[str]:
    """The directories of Python modules that can be read now."""
    return {path for path in sys.path if os.path.isabs(path) and os.access(path, os.R_OK | os.X_OK)}


def _refuse_calls() -> str:
    """Install the filter; what it does now, for people."""
    program = refusing_program(platform.machine())
    if program is None:
        return f"no filter, system calls of {platform.machine()} are not known here"
    try:
        install_seccomp_filter(program)
    except OSError as error:
        return f"no filter, the kernel refused it ({error.strerror})"
    if not held_by().seccomp_filter:
        return "no filter, although the kernel took it"
    return f"{len(REFUSED)} system calls refused, and new packet sockets and namespaces"


def _user_line() -> tuple[str, ...]:
    return (f"user {os.geteuid()}, group {os.getegid()}",) if hasattr(os, "geteuid") else ()


def _gainable(held: Held) -> str:
    if not held.bounding:
        return "bounding set: empty"
    if held.no_new_privileges:
        return f"bounding set: {_set_text(held.bounding)} (not permitted to empty it; with no new privileges of no use)"
    return f"bounding set: {_set_text(held.bounding)}"


def _set_text(capabilities: int) -> str:
    names = capability_names(capabilities)
    if not names:
        return "none"
    return ", ".join(names) if len(names) <= 8 else f"{', '.join(names[:8])} and {len(names) - 8} more"


def _change_user(user: str) -> None:
    name = name_for_people(user)
    if not hasattr(os, "setresuid"):
        raise CaptureError(f"user {name}: this system cannot change the user of a process")
    number, group = _numbers_of(user)
    try:
        if set(os.getgroups()) - {group}:
            os.setgroups([])
        if os.getresgid() != (group, group, group):
            os.setresgid(group, group, group)
        if os.getresuid() != (number, number, number):
            os.setresuid(number, number, number)
    except OSError as error:
        raise CaptureError(
            f"user {name}: changing to it needs the capabilities CAP_SETUID and CAP_SETGID ({error.strerror}); "
            "add both, or start it as that user"
        ) from None


def _numbers_of(user: str) -> tuple[int, int]:
    """User and group of `name`, `number`, either with `:group`. A number nobody has named has the group of that number."""
    import grp
    import pwd

    who, colon, group_name = user.partition(":")
    try:
        known = pwd.getpwuid(int(who)) if who.isdecimal() else pwd.getpwnam(who)
        number, group = known.pw_uid, known.pw_gid
    except (KeyError, OverflowError, ValueError):
        if not who.isdecimal() or int(who) >= 2**32 - 1:
            raise CaptureError(f"user {name_for_people(user)}: no such user") from None
        number = group = int(who)
    if colon:
        try:
            group = int(group_name) if group_name.isdecimal() else grp.getgrnam(group_name).gr_gid
        except (KeyError, ValueError):
            raise CaptureError(f"user {name_for_people(user)}: no such group") from None
        if group >= 2**32 - 1:
            raise CaptureError(f"user {name_for_people(user)}: no such group")
    return number, group
