"""Both ends of a sidecar, whether it is one process or several: what it watches, in words, and where everything goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from wsobserve.export.exporter import Exporter
from wsobserve.observing import open_exporters
from wsobserve.sidecar.settings import Settings

if TYPE_CHECKING:
    from wsobserve.export.recording.recorder import Recorder


def watching_text(settings: Settings) -> str:
    """What is watched, for people: `lo port 8080, 9000-9100`."""
    of_ports = f" port {', '.join(settings.ports)}" if settings.ports else ""
    where = next(
        (
            f" of {what} {given}"
            for what, given in (("process", settings.pid), ("network", settings.netns), ("container", settings.container))
            if given is not None
        ),
        "",
    )
    return f"{', '.join(settings.interfaces) or 'any'}{where}{of_ports}"


def exporters_of(settings: Settings, resource: Mapping[str, str], sources: Sequence[str]) -> list[tuple[str, Exporter]]:
    """The exporters that were asked for, by name. Raises ExportError, with none of them left open."""
    names = [name for name, given in (("store", settings.store), ("otlp", settings.otlp)) if given is not None]
    service = settings.service or resource.get("service.name")
    exporters = open_exporters(settings.store, settings.otlp, service, sources, resource)
    return list(zip(names, exporters, strict=True))


def recorder_of(settings: Settings, number: int) -> Recorder | None:
    """Of one worker, or of the only process. A directory that goes away costs the recording, not the worker."""
    if settings.recording.directory is None:
        return None
    from wsobserve.export.recording.recorder import Recorder  # needs a POSIX system

    return Recorder(settings.recording, worker=number, survive=True)
