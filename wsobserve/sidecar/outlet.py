"""The outlet: the process through which everything leaves. Reports in; exporters, health endpoint and status out.

Nothing in here can delay capture: the workers are other processes, which never wait for this one.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Sequence

import msgspec

from wsobserve.config import Limits
from wsobserve.export.drift_lines import DriftLines
from wsobserve.export.error import ExportError
from wsobserve.export.exporter import Exporter
from wsobserve.export.queue import QueueCounts, QueuedExporter
from wsobserve.records import Accounting, Record, Snapshot
from wsobserve.sidecar.joined import Joined
from wsobserve.sidecar.pipe import Pipe
from wsobserve.sidecar.report import Began, Closing, Report, Supervision
from wsobserve.sidecar.status import ExporterStatus, Status

CLOSE_S = 8.0  # of each exporter, for what waits to leave at the end
QUEUE_RECORDS = 100_000
QUIET_S = 30.0  # a snapshot in which nothing changed is exported only this often
SILENT_S = 30.0  # a worker that told nothing for so long is in trouble


class Named:
    """An exporter behind its queue."""

    def __init__(self, name: str, exporter: Exporter) -> None:
        self.name = name
        self.queue = QueuedExporter(exporter, capacity=QUEUE_RECORDS, close_timeout_s=CLOSE_S, name=name)


class Outlet:
    """`open_exporters` opens them, by name, in this process. `show` is given every new status, `say` a line for each drift."""

    def __init__(
        self,
        pipe: Pipe,
        limits: Limits,
        open_exporters: Callable[[], Sequence[tuple[str, Exporter]]],
        *,
        interval_s: float,
        about: Status,
        show: Callable[[Status], None] = lambda status: None,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._pipe = pipe
        self._open_exporters = open_exporters
        self._interval_s = interval_s
        self._show = show
        self._say_drift = DriftLines(say)
        self._joined = Joined(limits)
        self._exporters: list[Named] = []
        self._supervision: Supervision | None = None
        self._snapshot: Snapshot | None = None
        self._exported_s = 0.0
        self._looked_s = 0.0
        self._rates: dict[str, float] = {}
        self.status = about  # the latest; replaced as a whole, so that other threads may read it

    def run(self) -> None:
        """Until the parent says that this is the end, or is gone."""
        try:
            self._exporters = [Named(name, exporter) for name, exporter in self._open_exporters()]
        except ExportError as error:
            self._pipe.send(Closing(snapshot=None, failures=[], could_not_begin=str(error)))
            self._drain()
            return
        self._pipe.send(Began())
        next_s = time.monotonic() + self._interval_s
        while not self._pipe.closed and not (self._supervision is not None and self._supervision.final):
            select.select([self._pipe], [], [], max(next_s - time.monotonic(), 0))
            for item in self._pipe.received():
                self._take(item)
            if time.monotonic() >= next_s:
                next_s = time.monotonic() + self._interval_s
                self._export(final=False)
        self._end()

    def _take(self, item: object) -> None:
        if isinstance(item, Report):
            self._hand_over(self._joined.take(item))
        elif isinstance(item, Supervision):
            for loss in item.losses:
                self._joined.lose(loss)
            self._hand_over(item.losses)
            for worker in item.ended:
                self._joined.end(worker)
            if item.interval_s is not None:
                self._interval_s = item.interval_s
            self._supervision = item

    def _hand_over(self, records: Sequence[Record]) -> None:
        if records:
            for exporter in self._exporters:
                exporter.queue.export(records)

    def _export(self, *, final: bool) -> None:
        snapshot = self._joined.snapshot(final=final)
        self._say_drift.add(snapshot.drift)
        now = time.monotonic()
        before = self._snapshot
        if before is not None:
            self._rates = _rates(before.accounting, snapshot.accounting, now - self._looked_s)
        self._looked_s = now
        changed = before is None or before.accounting != snapshot.accounting or bool(snapshot.volumes or snapshot.drift)
        if changed or final or now - self._exported_s >= QUIET_S:
            self._exported_s = now
            self._hand_over([snapshot])
        self._snapshot = snapshot
        self.status = self._look(snapshot)
        self._show(self.status)

    def _look(self, snapshot: Snapshot) -> Status:
        seen = self._supervision
        troubles = list(seen.troubles) if seen is not None else []
        exporters = tuple(ExporterStatus(name=one.name, counts=one.queue.counts()) for one in self._exporters)
        troubles += [line for one in exporters for line in trouble_lines(one.counts, one.name)]
        left_out = self._joined.left_out()
        troubles += [f"{count} {name} records were not told: too many at once" for name, count in sorted(left_out.items())]
        if (stride := self._joined.drift_stride()) > 1:
            troubles.append(f"one in {stride} messages is looked at for drift: all of them would take too long")
        recording = self._joined.recording()
        if recording is not None and recording.last_error is not None:
            troubles.append(f"recording failed {recording.failures} times, last: {recording.last_error}")
        now_ns = time.time_ns()
        workers = seen.workers if seen is not None else ()
        silent = [one for one in workers if one.process is None or now_ns - one.heard_ns > SILENT_S * 1e9]
        ready = bool(workers) and all(one.heard_ns for one in workers)
        if ready and not snapshot.final:
            troubles += [f"worker {one.number} does not tell anything" for one in silent]
        accounting = snapshot.accounting
        shed = {
            "message_records": left_out.get("ChannelMessage", 0),
            "connections": accounting.connections_evicted.get("sampled", 0),
            "packets": accounting.packets_skipped.get("sampled_out", 0),
        }
        return msgspec.structs.replace(
            self.status,
            time_ns=now_ns,
            memory_budget=seen.memory_budget if seen is not None else self.status.memory_budget,
            interval_s=self._interval_s,
            ready=ready,
            healthy=not silent or snapshot.final,
            troubles=tuple(troubles),
            workers=workers,
            exporters=exporters,
            accounting=accounting,
            channels=snapshot.channels,
            recording=recording,
            rates=self._rates,
            open_connections=len(snapshot.open_connections),
            memory_bytes=seen.memory_bytes if seen is not None else 0,
            shedding=seen.shedding if seen is not None else 0,
            shed={name: count for name, count in shed.items() if count},
        )

    def _end(self) -> None:
        """What waits leaves, within a bound. Without a parent the run stays unfinished: what workers had not told is lost."""
        self._export(final=not self._pipe.closed)
        self._say_drift.close()
        self._pipe.send(Closing(snapshot=self._snapshot, failures=[], exporters_closed=False))
        failures: list[str] = []
        for exporter in self._exporters:
            exporter.queue.close()
            failures += trouble_lines(exporter.queue.counts())
        self._pipe.send(Closing(snapshot=self._snapshot, failures=failures))
        self._drain()

    def _drain(self) -> None:
        until = time.monotonic() + CLOSE_S
        while not self._pipe.is_idle and not self._pipe.closed and time.monotonic() < until:
            time.sleep(0.005)
            self._pipe.flush()


def trouble_lines(counts: QueueCounts, name: str = "") -> list[str]:
    """What of the records handed over did not leave, a line each."""
    of = f"{name}: " if name else ""
    lines = []
    for what, lost in (("dropped, the queue was full", counts.dropped), ("not exported", counts.failed)):
        if lost:
            listed = ", ".join(f"{count} {record}" for record, count in sorted(lost.items()))
            lines.append(f"{of}records {what}: {listed}")
    if counts.volumes_dropped:
        lines.append(f"{of}volume entries dropped, too many waited: {counts.volumes_dropped}")
    if counts.drift_dropped:
        lines.append(f"{of}drift records dropped, too many waited: {counts.drift_dropped}")
    if counts.last_error is not None:
        lines.append(f"{of}exporting failed {counts.failures} times, last: {counts.last_error}")
    return lines


def _rates(before: Accounting, after: Accounting, seconds: float) -> dict[str, float]:
    return {
        name: max(getattr(after, of) - getattr(before, of), 0) / max(seconds, 1e-3)
        for name, of in (("packets", "packets_seen"), ("messages", "messages"), ("frame_bytes", "frame_bytes"))
    }
