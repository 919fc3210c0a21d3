"""`wsobserve attach`: settings in, processes started, everything that was observed at the end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext

import msgspec

from wsobserve import __version__
from wsobserve.analysis import AnalysisResult
from wsobserve.capture.expression import compile_expression
from wsobserve.capture.filter import packet_filter, parse_ports
from wsobserve.capture.namespace import entered
from wsobserve.capture.port_finder import PortFinder
from wsobserve.capture.privileges import drop
from wsobserve.capture.ring import open_rings
from wsobserve.capture.streamed import StreamedSource
from wsobserve.capture.target import find_target
from wsobserve.config import Limits
from wsobserve.export.error import ExportError
from wsobserve.export.exporter import Exporter
from wsobserve.export.recording.recorder import Recorder, check_recording
from wsobserve.payload.route_rules import RouteRules
from wsobserve.records import Accounting
from wsobserve.route_file import read_route_rules
from wsobserve.sidecar.background import BackgroundInference
from wsobserve.sidecar.health import health_socket
from wsobserve.sidecar.log import Log
from wsobserve.sidecar.memory import limits_within, state_bytes
from wsobserve.sidecar.outlet import Outlet
from wsobserve.sidecar.parent import SOURCE_GONE, Parent
from wsobserve.sidecar.pipe import Pipe
from wsobserve.sidecar.resource import resource_attributes
from wsobserve.sidecar.service_manager import ServiceManager
from wsobserve.sidecar.settings import Settings
from wsobserve.sidecar.settings_changes import read_again
from wsobserve.sidecar.showing import Showing
from wsobserve.sidecar.status import Status
from wsobserve.sidecar.supervised import Ring
from wsobserve.sidecar.watch import LiveBatches, watch
from wsobserve.sidecar.worker import CaptureWorker


def run(settings: Settings, log: Log, reread: Callable[[], Settings]) -> AnalysisResult:
    """Watch until SIGINT or SIGTERM, and export meanwhile; on SIGHUP `reread` the settings.

    Raises CaptureError and ExportError for what cannot be begun, ValueError for settings that cannot be; what goes wrong
    later stands beside the results. Afterwards the process has no privileges any more.
    """
    routes = None if settings.routes is None else read_route_rules(settings.routes)
    if settings.source != "ring":
        return _in_one_process(settings, log, routes)
    expression = b"" if settings.filter is None else compile_expression(settings.filter)
    target = find_target(pid=settings.pid, netns=settings.netns, container=settings.container, find_ports=not settings.ports)
    if target.ports:
        settings = msgspec.structs.replace(settings, ports=tuple(str(port) for port in target.ports))
    program = packet_filter(parse_ports(settings.ports), expression)
    with nullcontext() if target.network is None else entered(target.network):
        rings = open_rings(
            settings.interfaces,
            program,
            workers=settings.workers,
            ring_bytes=settings.ring_bytes,
            snap_length=settings.snap_length,
        )
    listener = health_socket(settings.health, log)
    manager = ServiceManager(os.environ)
    resource = resource_attributes(settings, target.process)
    privileges = drop(settings.user)
    check_recording(settings.recording)
    about = _about(settings, resource, privileges)
    limits = limits_within(state_bytes(settings.memory, settings.workers, settings.ring_bytes))

    def let_out(pipe: Pipe) -> None:
        showing = Showing(settings, listener, log)
        try:
            Outlet(
                pipe,
                limits,
                lambda: exporters_of(settings, resource, [about.watching]),
                interval_s=settings.interval,
                about=about,
                show=showing.update,
                say=log.say,
            ).run()
        finally:
            showing.close()

    def began() -> None:
        log.info("watching", f"watching {about.watching}; stop with Ctrl-C", privileges=list(privileges))
        manager.ready(f"watching {about.watching}")

    def reload(parent: Parent) -> None:
        nonlocal settings
        manager.reloading()
        settings = read_again(settings, reread, log)
        parent.set_interval(settings.interval)
        parent.set_memory(settings.memory)
        manager.ready(f"watching {about.watching}")

    parent = Parent(
        rings,
        lambda number, ring, pipe, shedding: work(settings, limits, routes, expression, number, ring, pipe, shedding),
        let_out,
        memory=settings.memory,
        ring_bytes=settings.ring_bytes,
        say=log.say,
        began=began,
        reload=reload,
        alive=manager.alive,
        stopping=manager.stopping,
    )
    closing = parent.run()
    if listener is not None:
        listener.close()
    if closing.could_not_begin is not None:
        raise ExportError(closing.could_not_begin)
    if closing.snapshot is None:
        raise ExportError("; ".join(closing.failures) or "nothing was observed")
    return AnalysisResult(closing.snapshot, closing.failures)


def _in_one_process(settings: Settings, log: Log, routes: RouteRules | None) -> AnalysisResult:
    """A stream, or the portable source: what cannot be shared out among processes."""
    ports = parse_ports(settings.ports)
    resource = resource_attributes(settings, None)
    check_recording(settings.recording)

    def open_source() -> LiveBatches:
        if settings.source == "stdin":
            return StreamedSource("-")
        from wsobserve.capture.portable import LONGEST_PACKET, PortableSource

        expression = settings.filter or ""
        source = PortableSource(settings.interfaces, ports, min(settings.snap_length, LONGEST_PACKET), expression=expression)
        if not source.drops_known:
            log.warn("drops_unknown", "this source does not say how many packets it lost: none of its counts are complete")
        return source

    watching = "standard input" if settings.source == "stdin" else watching_text(settings)
    exporters = [exporter for _, exporter in exporters_of(settings, resource, [watching])]
    return watch(open_source, watching, exporters, settings.interval, log.say, _recorder(settings, 0), routes)


def work(
    settings: Settings,
    limits: Limits,
    routes: RouteRules | None,
    expression: bytes,
    number: int,
    ring: Ring,
    pipe: Pipe,
    shedding: int,
) -> None:
    """The life of a worker process."""
    worker = CaptureWorker(
        number,
        ring,
        pipe,
        limits,
        interval_s=settings.interval,
        messages=limits.stored_messages if settings.store is not None else 0,
        # What has changed is told by what came before: nobody can tell who sees a part of the connections only.
        drift=BackgroundInference() if settings.drift and settings.workers == 1 else False,
        shedding=shedding,
        recorder=_recorder(settings, number),
        routes=routes,
        finder=None if settings.ports else PortFinder(time.monotonic(), expression=expression),
    )
    if not worker.run():
        sys.exit(SOURCE_GONE)


def _recorder(settings: Settings, number: int) -> Recorder | None:
    """Of one worker, or of the only process. A directory that goes away costs the recording, not the worker."""
    if settings.recording.directory is None:
        return None
    return Recorder(settings.recording, worker=number, survive=True)


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
    exporters: list[tuple[str, Exporter]] = []
    service = settings.service or resource.get("service.name")
    try:
        if settings.store is not None:
            from wsobserve.export.store import StoreExporter

            exporters.append(("store", StoreExporter(settings.store, service=service, sources=sources)))
        if settings.otlp is not None:
            from wsobserve.export.otlp import OtlpExporter

            exporters.append(("otlp", OtlpExporter(settings.otlp, service_name=service, resource=resource)))
    except BaseException:
        for _, exporter in exporters:
            exporter.close()
        raise
    return exporters


def _about(settings: Settings, resource: dict[str, str], privileges: tuple[str, ...]) -> Status:
    now_ns = time.time_ns()
    return Status(
        version=__version__,
        time_ns=now_ns,
        started_ns=now_ns,
        watching=watching_text(settings),
        service=settings.service or resource.get("service.name"),
        resource=resource,
        privileges=privileges,
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
        interval_s=settings.interval,
        shedding=0,
        shed={},
    )
