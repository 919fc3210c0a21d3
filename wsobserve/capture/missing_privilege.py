"""What to tell somebody whose process lacks a privilege: which one, and what gives it where they are.

Where that is (Kubernetes, a container, a systemd unit, a plain machine) is seen by what those leave about.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from wsobserve.capture.capabilities import NET_RAW, Held, held_by

_SETCAP_ATTRIBUTE = "security.capability"
_CONTAINER_MARKS = (".dockerenv", "run/.containerenv")


def missing_net_raw(name: str, root: Path = Path("/"), environment: Mapping[str, str] = os.environ) -> str:
    """One line: that capturing on `name` needs CAP_NET_RAW, and the remedy."""
    needs = f"{name}: capturing needs the capability CAP_NET_RAW"
    try:
        held = held_by(proc=root / "proc")
    except (OSError, KeyError, ValueError):
        return f"{needs}; run as root"
    if held.may(NET_RAW):
        return (
            f"{name}: a packet socket is refused although the process holds CAP_NET_RAW: "
            "a seccomp profile forbids it, or the network belongs to another user namespace"
        )
    return f"{needs}; {_remedy(held, root, environment)}"


def missing_for_namespace(path: str, what: str) -> str:
    """One line: that `what` (opening, entering) the network namespace at `path` is not permitted, and the remedy."""
    needs = "capabilities CAP_SYS_ADMIN and CAP_SYS_PTRACE" if path.startswith("/proc/") else "capability CAP_SYS_ADMIN"
    return (
        f"{path}: {what} this network namespace needs the {needs} beside CAP_NET_RAW; run as root, or share the network "
        "instead, which needs no more (same pod, docker run --network container:ID, JoinsNamespaceOf= of a unit)"
    )


def _remedy(held: Held, root: Path, environment: Mapping[str, str]) -> str:
    interpreter = os.path.realpath(sys.executable)
    if held.no_new_privileges and _has_file_capability(interpreter):
        return (
            f"setcap gave it to {interpreter}, but no_new_privs is set, which makes that of no effect: unset it, or run as root"
        )
    given_in_vain = held.user != 0 and bool(held.bounding >> NET_RAW & 1)
    if "KUBERNETES_SERVICE_HOST" in environment:
        if given_in_vain:
            return (
                f"the container may have it, but Kubernetes gives it to root only, not to user {held.user}: "
                "securityContext: {runAsUser: 0, capabilities: {drop: [ALL], add: [NET_RAW]}}; it is given up after the start"
            )
        return "in the container's securityContext: {runAsUser: 0, capabilities: {drop: [ALL], add: [NET_RAW]}}"
    if any((root / mark).exists() for mark in _CONTAINER_MARKS):
        if given_in_vain:
            return (
                f"the container may have it, but its user {held.user} does not get it: "
                "docker run --user 0 --cap-drop ALL --cap-add NET_RAW; it is given up after the start"
            )
        return "docker run --cap-add NET_RAW (compose: cap_add: [NET_RAW])"
    if "INVOCATION_ID" in environment and os.getppid() == 1:
        return "in the unit: AmbientCapabilities=CAP_NET_RAW and CapabilityBoundingSet=CAP_NET_RAW"
    interpreter = os.path.realpath(sys.executable)
    if held.no_new_privileges and _has_file_capability(interpreter):
        return (
            f"setcap gave it to {interpreter}, but no_new_privs is set, which makes that of no effect: unset it, or run as root"
        )
    return f"run as root, or once: sudo setcap cap_net_raw+ep {interpreter}"


def _has_file_capability(path: str) -> bool:
    try:
        return bool(os.getxattr(path, _SETCAP_ATTRIBUTE))
    except (OSError, AttributeError):
        return False
