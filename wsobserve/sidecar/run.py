"""`wsobserve attach`: settings in, processes started, everything that was observed at the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence

from wsobserve import __version__
from wsobserve.analysis import AnalysisResult
from wsobserve.capture.filter import packet_filter, parse_ports
from wsobserve.capture.ring import open_rings
from wsobserve.export.error import ExportError
from wsobserve.export.exporter import Exporter
from wsobserve.records import Accounting
from wsobserve.sidecar.memory import limits_within, state_bytes
from wsobserve.sidecar.outlet import Outlet
from wsobserve.sidecar.parent import SOURCE_GONE, Parent, Ring
from wsobserve.sidecar.pipe import Pipe
from wsobserve.sidecar.settings import Settings
from wsobserve.sidecar.status import Status
from wsobserve.sidecar.worker import CaptureWorker


def run(settings: Settings, say: Callable[[str], None]) -> AnalysisResult:
    """Watch until SIGINT or SIGTERM, and export meanwhile.

    `say` is told, a line at a time, that it began and what went wrong. Raises CaptureError and ExportError for what cannot
    be begun; what goes wrong later stands beside the results.
    """
    ports = parse_ports(settings.ports)
    program = packet_filter(ports)
    rings = open_rings(
        settings.interfaces or ("any",),
        program,
        workers=settings.workers,
        ring_bytes=settings.ring_bytes,
        snap_length=settings.snap_length,
    )
    limits = limits_within(state_bytes(settings.memory, settings.workers, settings.ring_bytes))
    watching = watching_text(settings)
    about = _about(settings, watching)

    def work(number: int, ring: Ring, pipe: Pipe, shedding: int) -> None:
        worker = CaptureWorker(
            number,
            ring,
            pipe,
            limits,
            interval_s=settings.interval,
            messages=limits.stored_messages if settings.store is not None else 0,
            drift=settings.drift and settings.workers == 1,
            shedding=shedding,
        )
        if not worker.run():
            sys.exit(SOURCE_GONE)

    def let_out(pipe: Pipe) -> None:
        Outlet(
            pipe,
            limits,
            lambda: exporters_of(settings, {}, [watching]),
            interval_s=settings.interval,
            about=about,
        ).run()

    parent = Parent(
        rings,
        work,
        let_out,
        memory=settings.memory,
        ring_bytes=settings.ring_bytes,
        say=say,
        began=lambda: say(f"watching {watching}; stop with Ctrl-C"),
    )
    closing = parent.run()
    if closing.could_not_begin is not None:
        raise ExportError(closing.could_not_begin)
    if closing.snapshot is None:
        raise ExportError("; ".join(closing.failures) or "nothing was observed")
    return AnalysisResult(closing.snapshot, closing.failures)


def watching_text(settings: Settings) -> str:
    """What is watched, for people: `lo port 8080, 9000-9100`."""
    of_ports = f" port {', '.join(settings.ports)}" if settings.ports else ""
    return f"{', '.join(settings.interfaces) or 'any'}{of_ports}"


def exporters_of(settings: Settings, resource: Mapping[str, str], sources: Sequence[str]) -> list[tuple[str, Exporter]]:
    """The exporters that were asked for, by name. Raises ExportError, with none of them left open."""
    exporters: list[tuple[str, Exporter]] = []
    try:
        if settings.store is not None:
            from wsobserve.export.store import StoreExporter

            exporters.append(("store", StoreExporter(settings.store, service=settings.service, sources=sources)))
        if settings.otlp is not None:
            from wsobserve.export.otlp import OtlpExporter

            exporters.append(("otlp", OtlpExporter(settings.otlp, service_name=settings.service, resource=resource)))
    except BaseException:
        for _, exporter in exporters:
            exporter.close()
        raise
    return exporters


def _about(settings: Settings, watching: str) -> Status:
    now_ns = time.time_ns()
    return Status(
        version=__version__,
        time_ns=now_ns,
        started_ns=now_ns,
        watching=watching,
        service=settings.service,
        resource={},
        privileges=(),
        ready=False,
        healthy=True,
        troubles=(),
        workers=(),
        exporters=(),
        accounting=Accounting(),
        channels=(),
        rates={},
        open_connections=0,
        memory_bytes=0,
        memory_budget=settings.memory,
        shedding=0,
        shed={},
    )
