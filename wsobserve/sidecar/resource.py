"""Who is observed: the resource attributes of a service, from what it was called, its process, container and pod.

From most to least certain: what settings and environment say, what Kubernetes tells through its downward API, what /proc
shows. Nothing is asked of an engine or an API server. Of the process itself its name and number, never its arguments or
its environment: those hold secrets. The pod in POD_NAME and its like is our own; it is the observed one's too as long
as the target is in it.
"""

from __future__ import annotations

import ast
import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from wsobserve.capture.container import container_of, mounted_container, pod_of
from wsobserve.capture.error import CaptureError
from wsobserve.capture.namespace import is_own, network_of
from wsobserve.capture.processes import PROC, name_of
from wsobserve.redaction import SECRET_FOLLOWS
from wsobserve.sidecar.settings import Settings

ATTRIBUTES = 128  # at most
LABELS = 64  # of the pod, at most
KEY_LENGTH, VALUE_LENGTH = 256, 1024  # characters that are kept
FILE_LENGTH = 256 * 1024  # bytes of the labels' file that are read

_NAMING_LABELS = ("app.kubernetes.io/name", "app")
_POD_VARIABLES = {"POD_NAME": "k8s.pod.name", "POD_UID": "k8s.pod.uid", "POD_NAMESPACE": "k8s.namespace.name"}
_LABEL = re.compile(r'(?P<key>[^=\s"]+)="(?:[^"\\]|\\.)*"')
_SECRET = re.compile(r"eyJ[0-9A-Za-z_-]{10,}\.|(?=[^0-9]*[0-9])(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])[0-9A-Za-z_~=+/-]{24,}")


def resource_attributes(
    settings: Settings, target_pid: int | None, environment: Mapping[str, str] = os.environ, proc: Path = PROC
) -> dict[str, str]:
    """The attributes of what is observed, `service.name` first where it is known; `target_pid` when it is one process.

    What settings say wins over `OTEL_RESOURCE_ATTRIBUTES`, and that over what was found out. Never raises for what is
    not there. `service` of the settings wins over everything.
    """
    found: dict[str, str | None] = {"host.name": socket.gethostname() or None}
    labels: dict[str, str] = {}
    if _in_own_pod(settings, target_pid, environment, proc):
        found |= {attribute: environment.get(variable) for variable, attribute in _POD_VARIABLES.items()}
        labels = pod_labels(settings.pod_info)
    elif target_pid is not None:
        found["k8s.pod.uid"] = pod_of(target_pid, proc)
    found["k8s.node.name"] = environment.get("NODE_NAME")
    called = None
    if target_pid is not None:
        called = name_of(target_pid, proc)
        found["process.pid"] = str(target_pid)
        found["process.executable.name"] = called
        found["container.id"] = container_of(target_pid, proc)
    elif settings.netns is None:
        # Beside a container whose network we share, that one's files are mounted here.
        found["container.id"] = mounted_container("self", proc)
    found |= {f"k8s.pod.label.{key}": value for key, value in labels.items()}
    given = {**environment_attributes(environment.get("OTEL_RESOURCE_ATTRIBUTES", "")), **settings.resource}
    names = (
        settings.service,
        settings.resource.get("service.name"),
        environment.get("OTEL_SERVICE_NAME"),
        given.get("service.name"),
        *(labels.get(label) for label in _NAMING_LABELS),
        called,
    )
    service = next((name for name in names if name), None)
    return _bounded({"service.name": service}, {**given, "service.name": service}, found)


def pod_labels(directory: str | None) -> dict[str, str]:
    """The labels in `directory`/labels, a downward API volume: a line of `key="escaped value"` each. None there: none."""
    if directory is None:
        return {}
    try:
        with open(os.path.join(directory, "labels"), "rb") as file:
            text = file.read(FILE_LENGTH).decode("utf-8", "replace")
    except OSError:
        return {}
    labels: dict[str, str] = {}
    for line in text.splitlines():
        found = _LABEL.fullmatch(line.strip())
        if found is None:
            continue
        key = found["key"]
        try:
            value = ast.literal_eval(line.strip()[len(key) + 1 :])  # Kubernetes escapes as Go does: as Python reads it
        except (SyntaxError, ValueError):
            continue
        if not _looks_secret(key, value) and len(labels) < LABELS:
            labels[key] = value
    return labels


def environment_attributes(text: str) -> dict[str, str]:
    """`OTEL_RESOURCE_ATTRIBUTES`: `key=value` with commas between, percent-encoded. A pair that is none is left out."""
    attributes = {}
    for pair in text.split(","):
        key, equals, value = pair.partition("=")
        if equals and key.strip():
            attributes[unquote(key.strip())] = unquote(value.strip())
    return attributes


def _in_own_pod(settings: Settings, target_pid: int | None, environment: Mapping[str, str], proc: Path) -> bool:
    """Whether the target is in our own pod, or, outside of Kubernetes, may well be told by our own environment."""
    try:
        if target_pid is not None:
            pod = pod_of(target_pid, proc)
            own = environment.get("POD_UID") or pod_of("self", proc)
            return pod == own if pod is not None and own else is_own(network_of(target_pid, proc))
        return settings.netns is None or is_own(settings.netns)
    except CaptureError:
        return False


def _looks_secret(key: str, value: str) -> bool:
    """By its name or its form; a value may speak of tokens and tickets, as the names of services do."""
    return any(SECRET_FOLLOWS.search(f"{part}=") for part in key.split("/")) or _SECRET.search(value) is not None


def _bounded(*sources: Mapping[str, str | None]) -> dict[str, str]:
    """The known attributes of `sources`, the first one to know a key having its say, as many and as long as are allowed."""
    kept: dict[str, str] = {}
    for source in sources:
        for key, value in source.items():
            if value and key not in kept and len(kept) < ATTRIBUTES and 0 < len(key) <= KEY_LENGTH:
                kept[key] = value if len(value) <= VALUE_LENGTH else value[: VALUE_LENGTH - 1] + "…"
    return kept
