"""The long-running process: a live interface through a pipeline into exporters, until it is told to stop.

Nothing in here may delay capture: exporters sit behind bounded queues with threads of their own, and what does not fit
is counted. The capture's clock drives the pipeline; the machine's clock only says when to look at it next.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

from wsobserve.analysis import AnalysisResult
from wsobserve.capture.error import CaptureError
from wsobserve.capture.live import LiveSource
from wsobserve.config import SECOND_NS
from wsobserve.export.drift_lines import DriftLines
from wsobserve.export.exporter import Exporter
from wsobserve.export.queue import QueueCounts, QueuedExporter
from wsobserve.observing import without_frames
from wsobserve.pipeline import Pipeline
from wsobserve.records import CaptureLoss, PacketBatch, Record

CLOSE_SECONDS = 10.0
KEPT_VOLUMES_NS = 120 * SECOND_NS  # volumes that were exported are forgotten after this


def watch(
    interface: str, ports: Sequence[int], exporters: Sequence[Exporter], interval_s: float, say: Callable[[str], None]
) -> AnalysisResult:
    """Watch `interface` until SIGINT or SIGTERM and export every `interval_s`; closes the exporters.

    `say` is told, a line at a time, that it began and what the kernel dropped. Raises CaptureError when the interface
    cannot be watched from the start; one that goes away later is a failure beside the results.
    """
    pipeline = Pipeline(survive=True, drift=True)
    say_drift = DriftLines(say)
    try:
        source = LiveSource(interface, ports)
    except BaseException:
        for exporter in exporters:
            exporter.close()
        raise
    queues = [QueuedExporter(exporter, capacity=100_000, close_timeout_s=CLOSE_SECONDS) for exporter in exporters]
    failures: list[str] = []
    with source, StopSignal() as stop:
        of_ports = f" port {', '.join(map(str, ports))}" if ports else ""
        say(f"watching {interface}{of_ports}; stop with Ctrl-C")
        try:
            _follow(source.batches(stop.is_set), pipeline, queues, interval_s, say, say_drift)
        except CaptureError as error:
            failures.append(str(error))  # the interface is gone; what was decoded still leaves
    records = pipeline.finish()
    say_drift.add(records)
    say_drift.close()
    last = pipeline.snapshot(final=True, only_changed=True)
    _hand_over(queues, [*records, last])
    for queue in queues:
        queue.flush(CLOSE_SECONDS)
        queue.close()
        failures += _trouble(queue.counts())
    return AnalysisResult(last, failures)


def _follow(
    items: Iterator[PacketBatch | CaptureLoss | None],
    pipeline: Pipeline,
    queues: Sequence[QueuedExporter],
    interval_s: float,
    say: Callable[[str], None],
    say_drift: DriftLines,
) -> None:
    """Every item of a source through the pipeline into the queues, with a snapshot every `interval_s`."""
    next_export = time.monotonic() + interval_s
    for item in items:
        if item is None:
            records = pipeline.expire(time.time_ns())
        else:
            if isinstance(item, CaptureLoss):
                say(f"{item.packets} packets lost ({item.reason})")
            records = pipeline.receive(item)
        say_drift.add(records)
        _hand_over(queues, records)
        if queues and time.monotonic() >= next_export:
            next_export = time.monotonic() + interval_s
            _hand_over(queues, [pipeline.snapshot(only_changed=True)])
            pipeline.forget_volumes_before(pipeline.now_ns - KEPT_VOLUMES_NS)


def _trouble(counts: QueueCounts) -> list[str]:
    """What of the records handed over did not leave, a line each."""
    lines = []
    for what, lost in (("dropped, the queue was full", counts.dropped), ("not exported", counts.failed)):
        if lost:
            listed = ", ".join(f"{count} {name}" for name, count in sorted(lost.items()))
            lines.append(f"records {what}: {listed}")
    if counts.volumes_dropped:
        lines.append(f"volume entries dropped, too many waited: {counts.volumes_dropped}")
    if counts.drift_dropped:
        lines.append(f"drift records dropped, too many waited: {counts.drift_dropped}")
    if counts.last_error is not None:
        lines.append(f"exporting failed {counts.failures} times, last: {counts.last_error}")
    return lines


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
