"""A live source watched in one process: through a pipeline into exporters, until it is told to stop or the source ends.

For what cannot be shared out among processes (a stream, the portable source) and for checking. Nothing in here may delay
capture: exporters sit behind bounded queues with threads of their own, and what does not fit is counted. The capture's
clock drives the pipeline; the machine's clock only says when to look at it next.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType, TracebackType
from typing import Protocol

from wsobserve.analysis import AnalysisResult
from wsobserve.capture.error import CaptureError
from wsobserve.config import LIVE_LIMITS, SECOND_NS
from wsobserve.export.drift_lines import DriftLines
from wsobserve.export.exporter import Exporter
from wsobserve.export.queue import QueuedExporter
from wsobserve.observing import without_frames
from wsobserve.payload.route_rules import RouteRules
from wsobserve.pipeline import Pipeline
from wsobserve.records import CaptureLoss, PacketBatch, Record
from wsobserve.sidecar.outlet import trouble_lines
from wsobserve.sidecar.worker import Recording

CLOSE_SECONDS = 10.0
KEPT_VOLUMES_NS = 120 * SECOND_NS  # volumes that were exported are forgotten after this


class LiveBatches(Protocol):
    """A source; see `capture.live`, `capture.streamed` and `capture.portable`."""

    def __enter__(self) -> object: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...
    def batches(self, stop: Callable[[], bool]) -> Iterator[PacketBatch | CaptureLoss | None]: ...


def watch(
    open_source: Callable[[], LiveBatches],
    watching: str,
    exporters: Sequence[Exporter],
    interval_s: float,
    say: Callable[[str], None],
    recorder: Recording | None = None,
    routes: RouteRules | None = None,
) -> AnalysisResult:
    """Watch until SIGINT or SIGTERM, or the end, and export every `interval_s`; closes the exporters.

    `say` is told, a line at a time, that it began and what the kernel dropped. Raises CaptureError when the source
    cannot be opened; one that goes away later is a failure beside the results.
    """
    pipeline = Pipeline(LIVE_LIMITS, survive=True, drift=True, routes=routes)
    say_drift = DriftLines(say)
    try:
        source = open_source()
    except BaseException:
        for exporter in exporters:
            exporter.close()
        raise
    queues = [QueuedExporter(exporter, capacity=100_000, close_timeout_s=CLOSE_SECONDS) for exporter in exporters]
    failures: list[str] = []
    with source, StopSignal() as stop:
        say(f"watching {watching}; stop with Ctrl-C")
        try:
            _follow(source.batches(stop.is_set), pipeline, queues, interval_s, say, say_drift, recorder)
        except CaptureError as error:
            failures.append(str(error))  # the interface is gone; what was decoded still leaves
    records = pipeline.finish()
    if recorder is not None:
        recorder.records(records)
        recorder.close()
        counts = recorder.counts()
        if counts.last_error is not None:
            failures.append(f"recording failed {counts.failures} times, last: {counts.last_error}")
    say_drift.add(records)
    say_drift.close()
    last = pipeline.snapshot(final=True, only_changed=True)
    _hand_over(queues, [*records, last])
    for queue in queues:
        queue.flush(CLOSE_SECONDS)
        queue.close()
        failures += trouble_lines(queue.counts())
    return AnalysisResult(last, failures)


def _follow(
    items: Iterator[PacketBatch | CaptureLoss | None],
    pipeline: Pipeline,
    queues: Sequence[QueuedExporter],
    interval_s: float,
    say: Callable[[str], None],
    say_drift: DriftLines,
    recorder: Recording | None,
) -> None:
    """Every item of a source through the pipeline into the queues, with a snapshot every `interval_s`."""
    next_export = time.monotonic() + interval_s
    for item in items:
        if item is None:
            records = pipeline.expire(time.time_ns())
        else:
            if isinstance(item, CaptureLoss):
                say(f"{item.packets} packets lost ({item.reason})")
            elif recorder is not None:
                recorder.batch(item)
            records = pipeline.receive(item)
        if recorder is not None:
            recorder.records(records)
            recorder.tick(time.time_ns())
        say_drift.add(records)
        _hand_over(queues, records)
        if queues and time.monotonic() >= next_export:
            next_export = time.monotonic() + interval_s
            _hand_over(queues, [pipeline.snapshot(only_changed=True)])
            pipeline.forget_volumes_before(pipeline.now_ns - KEPT_VOLUMES_NS)


def _hand_over(queues: Sequence[QueuedExporter], records: Sequence[Record]) -> None:
    kept = without_frames(records)
    if kept:
        for queue in queues:
            queue.export(kept)


class StopSignal:
    """SIGINT and SIGTERM set it, instead of what they do otherwise; the second one ends the process."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._before: dict[signal.Signals, object] = {}

    def is_set(self) -> bool:
        """Whether to stop."""
        return self._event.is_set()

    def __enter__(self) -> StopSignal:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._set)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal() gave us

    def _set(self, number: int, _: FrameType | None) -> None:
        if self._event.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self._event.set()
