"""`wsobserve attach`: settings in, processes started, everything that was observed at the end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
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
from wsobserve.capture.target import find_target
from wsobserve.config import Limits
from wsobserve.export.error import ExportError
from wsobserve.export.recording.recorder import check_recording
from wsobserve.payload.route_rules import RouteRules
from wsobserve.records import Accounting
from wsobserve.route_file import read_route_rules
from wsobserve.sidecar.background import BackgroundInference
from wsobserve.sidecar.ends import exporters_of, recorder_of, watching_text
from wsobserve.sidecar.health import health_socket
from wsobserve.sidecar.log import Log
from wsobserve.sidecar.memory import RECORDING_BYTES, limits_within, state_bytes
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
from wsobserve.sidecar.worker import CaptureWorker


def run(settings: Settings, log: Log, reread: Callable[[], Settings]) -> AnalysisResult:
    """Watch until SIGINT or SIGTERM, and export meanwhile; on SIGHUP `reread` the settings.

    Raises CaptureError and ExportError for what cannot be begun, ValueError for settings that cannot be; what goes wrong
    later stands beside the results. Afterwards the process has no privileges any more.
    """
    routes = None if settings.routes is None else read_route_rules(settings.routes)
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
    recording = RECORDING_BYTES if settings.recording.directory is not None else 0
    limits = limits_within(state_bytes(settings.memory, settings.workers, settings.ring_bytes + recording))

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
        recorder=recorder_of(settings, number),
        routes=routes,
        finder=None if settings.ports else PortFinder(time.monotonic(), expression=expression),
    )
    if not worker.run():
        sys.exit(SOURCE_GONE)


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
