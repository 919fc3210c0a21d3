"""A source driven through a pipeline: what analysing a file and watching an interface have in common."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence

from wsobserve.capture.error import CaptureError
from wsobserve.capture.files import read_captures
from wsobserve.config import DEFAULT_LIMITS, MIB, Limits
from wsobserve.export.error import ExportError
from wsobserve.export.exporter import Exporter
from wsobserve.pipeline import Pipeline
from wsobserve.records import ChannelMessage, Frame, Record

EXPORT_BATCH = 5_000  # records handed to an exporter at once...
EXPORT_BYTES = 4 * MIB  # ... or fewer, with so much payload among them


def observe_files(
    paths: Sequence[str], pipeline: Pipeline, *, progress: Callable[[int, int | None], None] | None = None
) -> Iterator[list[Record]]:
    """What each batch of the capture files completes, and at the end what was still held.

    Raises CaptureError for what could not be read, after everything that could be has been given out.
    """
    failure: CaptureError | None = None
    try:
        for item in read_captures(paths, progress=progress):
            yield pipeline.receive(item)
    except CaptureError as error:
        failure = error
    yield pipeline.finish()
    if failure is not None:
        raise failure


def learnt_kinds(paths: Sequence[str], limits: Limits = DEFAULT_LIMITS) -> Callable[[ChannelMessage], str | None]:
    """What tells the kind of each message of these files, after they have been read for it; None where it cannot be told.

    What cannot be read twice (standard input, a pipe) is not read; what cannot be read at all tells whoever reads it next.
    """
    pipeline = Pipeline(limits, frames=False, messages=0, survive=True)
    files = [path for path in paths if os.path.isfile(path)]
    if files and not any(path == "-" or (os.path.exists(path) and not os.path.isfile(path)) for path in paths):
        try:
            for _ in observe_files(files, pipeline):
                pass
        except CaptureError:
            pass
    schemas = pipeline.findings().schemas
    schemas.kinds()
    return schemas.kind_of


def without_frames(records: Sequence[Record]) -> list[Record]:
    """What exporters are given: frames are nobody's."""
    return [record for record in records if type(record) is not Frame]


def open_exporters(
    store: str | None, otlp: str | None, service: str | None, sources: Sequence[str], resource: Mapping[str, str] = {}
) -> list[Exporter]:
    """The exporters that were asked for by their addresses; `resource` describes the service further, for OpenTelemetry.

    Raises ExportError, with none of them left open.
    """
    exporters: list[Exporter] = []
    try:
        if store is not None:
            from wsobserve.export.store import StoreExporter

            exporters.append(StoreExporter(store, service=service, sources=sources))
        if otlp is not None:
            from wsobserve.export.otlp import OtlpExporter

            exporters.append(OtlpExporter(otlp, service_name=service, resource=resource))
    except BaseException:
        for exporter in exporters:
            exporter.close()
        raise
    return exporters


class Exports:
    """Exporters side by side: one that fails is told of once, counted, and does not keep the others from working."""

    def __init__(self, exporters: Sequence[Exporter]) -> None:
        self.failures: dict[str, int] = {}  # by message: how often
        self._exporters = list(exporters)
        self._waiting: list[Record] = []
        self._payload_bytes = 0  # of those that wait

    def add(self, records: list[Record]) -> None:
        """Hand records over, in batches."""
        if not self._exporters:
            return
        for record in without_frames(records):
            self._waiting.append(record)
            if isinstance(record, ChannelMessage):
                self._payload_bytes += len(record.message.payload)
            if len(self._waiting) >= EXPORT_BATCH or self._payload_bytes >= EXPORT_BYTES:
                self.send()

    def send(self) -> None:
        """Hand over what waits."""
        records, self._waiting = self._waiting, []
        self._payload_bytes = 0
        if not records:
            return
        for exporter in self._exporters:
            try:
                exporter.export(records)
            except ExportError as error:
                self._failed(error)

    def close(self, timeout_s: float) -> None:
        """Hand over what waits, let everything leave (bounded), and close."""
        self.send()
        for exporter in self._exporters:
            try:
                if not exporter.flush(timeout_s):
                    self._failed(ExportError("not everything was exported in time"))
                exporter.close()
            except ExportError as error:
                self._failed(error)

    def _failed(self, error: ExportError) -> None:
        self.failures[str(error)] = self.failures.get(str(error), 0) + 1
