"""The network namespace of somebody else, entered for as long as sockets are opened in it.

A socket stays in the namespace in which it was opened; so a capture enters that of its target, opens its rings, and
comes back before it opens what belongs to itself (health endpoint, exporters). See network_namespaces(7), setns(2).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wsobserve.capture.error import CaptureError, name_for_people
from wsobserve.capture.linux_calls import CLONE_NEWNET, enter_namespace
from wsobserve.capture.missing_privilege import missing_for_namespace

OWN = "/proc/thread-self/ns/net"
NAMED = ("/run/netns", "/var/run/netns")  # where `ip netns` keeps them


def network_of(process: int, proc: Path = Path("/proc")) -> str:
    """The path of the network namespace of `process`."""
    return str(proc / str(process) / "ns" / "net")


def namespace_path(name: str) -> str:
    """The path of the namespace called `name`: a path is itself, a name is one of `ip netns`. CaptureError for another."""
    if "/" in name:
        return name
    for directory in NAMED:
        path = os.path.join(directory, name)
        if name and os.path.exists(path):
            return path
    there = sorted({entry for directory in NAMED if os.path.isdir(directory) for entry in os.listdir(directory)})
    known = f"there are {', '.join(there[:10])}" if there else "there are none here"
    raise CaptureError(f"{name_for_people(name)}: no such network namespace ({known}); a path also does: /proc/PID/ns/net")


def is_own(name: str) -> bool:
    """Whether this is the network namespace in which we are: then nothing has to be entered, and no privilege is needed.

    CaptureError where it does not exist, or cannot be told.
    """
    path = namespace_path(name)
    try:
        return os.path.samestat(os.stat(path), os.stat(OWN))
    except PermissionError:
        same = _same_by_connections(path)
        if same is None:
            raise CaptureError(missing_for_namespace(name_for_people(path), "telling apart")) from None
        return same
    except (OSError, ValueError) as error:
        raise CaptureError(_why_not_there(path, error)) from None


@contextmanager
def entered(name: str) -> Iterator[None]:
    """Within, this thread is in the network namespace called `name` (a name of `ip netns` or a path).

    Nothing happens when it is our own. CaptureError, with what helps, when it cannot be entered. That it cannot be left
    again ends the process (SystemExit): whatever it opened from then on would be in somebody else's network.
    """
    path = namespace_path(name)
    if is_own(path):
        yield
        return
    own = _open(OWN)
    try:
        target = _open(path)
        try:
            enter_namespace(target, CLONE_NEWNET)
        except OSError as error:
            raise CaptureError(_why_not_entered(path, error)) from None
        finally:
            os.close(target)
        try:
            yield
        finally:
            _come_back(own, path)
    finally:
        os.close(own)


def _come_back(own: int, path: str) -> None:
    try:
        enter_namespace(own, CLONE_NEWNET)
        back = os.path.samestat(os.fstat(own), os.stat(OWN))
        reason = "still there"
    except OSError as error:
        back, reason = False, error.strerror or str(error)
    if not back:
        raise SystemExit(f"wsobserve: cannot come back from the network namespace {name_for_people(path)}: {reason}")


def _open(path: str) -> int:
    try:
        # Not to wait for a writer, should it be a named pipe.
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except PermissionError:
        raise CaptureError(missing_for_namespace(name_for_people(path), "opening")) from None
    except (OSError, ValueError) as error:
        raise CaptureError(_why_not_there(path, error)) from None


def _same_by_connections(path: str) -> bool | None:
    """Whether a process has our network, by what everybody may look at: its /proc/PID/net, one for each namespace.

    The namespace itself may be looked at only by those who may trace the process.
    """
    directory, _, rest = path.rpartition("/ns/")
    if rest != "net":
        return None
    try:
        return os.path.samestat(os.stat(f"{directory}/net/tcp"), os.stat("/proc/thread-self/net/tcp"))
    except (OSError, ValueError):
        return None


def _why_not_there(path: str, error: Exception) -> str:
    name = name_for_people(path)
    if isinstance(error, FileNotFoundError | ProcessLookupError | NotADirectoryError):
        if path.startswith("/proc/"):
            return f"{name}: no such process here (a container sees those of its host with --pid=host, hostPID: true only)"
        return f"{name}: no such network namespace"
    return f"{name}: {getattr(error, 'strerror', None) or 'not a path'}"


def _why_not_entered(path: str, error: OSError) -> str:
    name = name_for_people(path)
    if error.errno == errno.EINVAL:
        return f"{name}: not a network namespace"
    if error.errno == errno.EPERM:
        return missing_for_namespace(name, "entering")
    return f"{name}: {error.strerror}"
