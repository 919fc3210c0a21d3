"""What a capture is pointed at: a process, container or network namespace becomes where to open rings, and for which ports."""

from __future__ import annotations

from typing import NamedTuple

from wsobserve.capture.container import first_process
from wsobserve.capture.namespace import is_own, namespace_path, network_of
from wsobserve.capture.process_ports import listening_ports


class Target(NamedTuple):
    """Where and what to capture."""

    process: int | None  # None: not one process, but a network or this machine
    network: str | None  # the network namespace to be `entered`; None: our own, nothing has to be entered
    ports: tuple[int, ...]  # on which the process listens; none: not asked for, or it does not listen (yet)


def find_target(*, pid: int | None, netns: str | None, container: str | None, find_ports: bool) -> Target:
    """The target of at most one of process, network namespace and container; `find_ports` when none were given.

    ValueError for two of them. CaptureError, with what helps, when it is not there or may not be looked at.
    """
    if sum(given is not None for given in (pid, netns, container)) > 1:
        raise ValueError("a target is a process, a network namespace or a container, not two of them")
    if container is not None:
        pid = first_process(container)
    if pid is not None:
        network = network_of(pid)
        return Target(pid, None if is_own(network) else network, listening_ports(pid) if find_ports else ())
    if netns is not None:
        return Target(None, None if is_own(netns) else namespace_path(netns), ())
    return Target(None, None, ())
