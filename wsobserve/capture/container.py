"""Containers found without asking an engine: by the cgroups in which their processes are.

Every engine names the cgroup of a container after its identifier, each in its own way:

    /docker/ID                                  /system.slice/docker-ID.scope
    /kubepods/burstable/podUID/ID               /kubepods.slice/...-podUID.slice/cri-containerd-ID.scope   (crio-, docker-)
    /machine.slice/libpod-ID.scope/container    /system.slice:cri-containerd:ID   /ecs/TASK/ID   /lxc.payload/.../docker/ID

Containers lie within containers; the innermost is meant. Where the own cgroup is hidden by a cgroup namespace (`0::/`),
the files that an engine mounts into a container still name it.
"""

from __future__ import annotations

import re
from pathlib import Path

from wsobserve.capture.error import CaptureError, name_for_people
from wsobserve.capture.processes import PROC, name_of, processes

_IDENTIFIER = re.compile(r"(?:(?P<kind>[a-z-]+)-|.*:)?(?P<identifier>[0-9a-f]{64}|[0-9a-f]{32}-[0-9]{6,12})(?:\.scope)?")
_MONITORS = frozenset(("crio-conmon", "libpod-conmon"))  # watch a container from outside
_POD = re.compile(r"(?:^|[/-])pod(?P<uid>[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?(?:/|:|$)")
_ASKED = re.compile(r"(?:[a-z-]+://)?(?P<beginning>[0-9a-f]{4,64}|[0-9a-f]{32}-[0-9]{0,12})")
# Mounted into it by Docker, and by Podman. Not the hostname that CRI engines mount: it is that of the pod's sandbox.
_MOUNTED = (
    re.compile(r" \S*/containers/(?P<identifier>[0-9a-f]{64})/hostname /etc/hostname "),
    re.compile(r" \S*/overlay-containers/(?P<identifier>[0-9a-f]{64})/userdata/\.containerenv /run/\.containerenv "),
)
_SHOWN = 10  # candidates in a message


def container_of(process: int | str, proc: Path = PROC) -> str | None:
    """The identifier of the container in which `process` is; None when it is in none, or none can be seen.

    Where the cgroup is hidden, it is the container whose network the process has: the same, unless it was told to share one.
    """
    return _innermost(_cgroups(process, proc)) or mounted_container(process, proc)


def mounted_container(process: int | str = "self", proc: Path = PROC) -> str | None:
    """The container whose network `process` has, by the files that the engine mounted for it; None when they do not tell."""
    mounts = _text(proc / str(process) / "mountinfo")
    for pattern in _MOUNTED:
        found = pattern.search(mounts)
        if found:
            return found["identifier"]
    return None


def pod_of(process: int | str, proc: Path = PROC) -> str | None:
    """The UID of the Kubernetes pod in which `process` is; None when none can be seen."""
    for path in _cgroups(process, proc):
        found = _POD.search(path)
        if found:
            return found["uid"].replace("_", "-")  # systemd takes `-` for a path
    return None


def first_process(identifier: str, proc: Path = PROC) -> int:
    """The oldest process of the container whose identifier begins with `identifier` (also as `containerd://...`).

    CaptureError when that is no identifier, no such container runs, or several do.
    """
    asked = _ASKED.fullmatch(identifier)
    if asked is None:
        raise CaptureError(
            f"container {name_for_people(identifier)}: not an identifier (4 to 64 hexadecimal digits); "
            "the engine knows the one of a name: docker inspect --format '{{.Id}}' NAME"
        )
    oldest: dict[str, int] = {}
    for process in processes(proc):
        container = _innermost(_cgroups(process.number, proc))
        if container is not None:
            oldest.setdefault(container, process.number)
    matching = sorted(container for container in oldest if container.startswith(asked["beginning"]))
    if len(matching) == 1:
        return oldest[matching[0]]
    if matching:
        raise CaptureError(f"container {identifier}: several begin so: {_listed(matching, oldest, proc)}")
    if not oldest:
        raise CaptureError(
            f"container {identifier}: no container can be seen from here (in a container, run with --pid=host, hostPID: true)"
        )
    raise CaptureError(f"container {identifier}: no such container; there are {_listed(sorted(oldest), oldest, proc)}")


def _innermost(paths: list[str]) -> str | None:
    """Of several hierarchies (cgroup version 1) the deepest one counts: not each of them is divided by containers."""
    best: tuple[int, str] | None = None
    for path in paths:
        segments = path.split("/")
        for depth in range(len(segments) - 1, -1, -1):
            found = _IDENTIFIER.fullmatch(segments[depth])
            if found is None:
                continue
            if found["kind"] not in _MONITORS and (best is None or depth > best[0]):
                best = (depth, found["identifier"])
            break
    return best[1] if best else None


def _cgroups(process: int | str, proc: Path) -> list[str]:
    """The paths of a process's cgroups, one for each hierarchy; none when it is gone."""
    lines = _text(proc / str(process) / "cgroup").splitlines()
    return [line.split(":", 2)[2] for line in lines if line.count(":") >= 2]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _listed(containers: list[str], oldest: dict[str, int], proc: Path) -> str:
    shown = [f"{container[:12]} ({name_of(oldest[container], proc) or 'gone'})" for container in containers[:_SHOWN]]
    more = len(containers) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
