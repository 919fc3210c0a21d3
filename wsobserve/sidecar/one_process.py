"""`wsobserve attach` in one process: a stream, and what is captured where there is no ring. Works on every system."""

from __future__ import annotations

from wsobserve.analysis import AnalysisResult
from wsobserve.capture.filter import parse_ports
from wsobserve.capture.streamed import StreamedSource
from wsobserve.route_file import read_route_rules
from wsobserve.sidecar.ends import exporters_of, recorder_of, watching_text
from wsobserve.sidecar.log import Log
from wsobserve.sidecar.resource import resource_attributes
from wsobserve.sidecar.settings import Settings
from wsobserve.sidecar.watch import LiveBatches, watch


def run_in_one_process(settings: Settings, log: Log) -> AnalysisResult:
    """Watch standard input, or interfaces through the portable source, until it ends, or SIGINT or SIGTERM.

    Raises CaptureError and ExportError for what cannot be begun, ValueError for settings that cannot be.
    """
    routes = None if settings.routes is None else read_route_rules(settings.routes)
    ports = parse_ports(settings.ports)
    resource = resource_attributes(settings, None)
    if settings.recording.directory is not None:
        from wsobserve.export.recording.recorder import check_recording  # needs a POSIX system

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
    return watch(open_source, watching, exporters, settings.interval, log.say, recorder_of(settings, 0), routes)
