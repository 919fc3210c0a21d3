"""A capture worker: one ring through one pipeline, and a report of what is known once an interval.

It waits for nothing but packets. When a report cannot leave, the next ones are not made: what is in them adds up, so the
one that leaves at last tells everything. What comes once (messages, anomalies, ends of connections) waits within limits,
and what does not fit is counted.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from wsobserve.capture.error import CaptureError
from wsobserve.capture.port_finder import PortFinder
from wsobserve.config import MIB, SECOND_NS, Limits
from wsobserve.export.recording.counts import RecordingCounts
from wsobserve.payload.route_rules import RouteRules
from wsobserve.pipeline import Pipeline
from wsobserve.records import ChannelMessage, ConnectionSummary, Handshake, PacketBatch, Record, SchemaDrift
from wsobserve.schema.drift_channel import Infer
from wsobserve.sidecar.memory import give_back
from wsobserve.sidecar.pipe import Pipe
from wsobserve.sidecar.report import Order, Report, enveloped

TICK_S = 0.2
QUIET_S = 5.0  # a report is sent at least this often, to say that it lives, and without anything new only so often
RAREST_S = 10.0  # however long reports take: who tells nothing for long is taken to be stalled
DRAIN_S = 5.0  # at the end, for what is in the ring
LEAVE_S = 5.0  # and for the last report
WAITING_RECORDS = 20_000
WAITING_BYTES = 4 * MIB  # of payloads of the messages among them
KEPT_VOLUMES_NS = 120 * SECOND_NS  # volumes that were told are forgotten after this
REPORTING_SHARE = 0.05  # of the time: with very many connections reports come less often than asked for
# The same for what is costly to tell: the open connections one by one, and schemas.
COSTLY_SHARE = 0.02
SCHEMAS_GROWN = 1.1  # they are told again when there are so many times the messages...
SCHEMAS_EVERY_S = 60.0  # ... or more of them at all and so long has passed


class PacketRing(Protocol):
    """What a worker needs of a ring; see `capture.ring`."""

    @property
    def taken(self) -> int:
        """Packets, by all that ever took from it."""
        ...

    def set_filter(self, program: bytes) -> None:
        """What comes in from now on."""
        ...

    def take(self, timeout_s: float) -> PacketBatch | None:
        """The next packets; None when none came in time."""
        ...


class Recording(Protocol):
    """What a worker needs of a recorder."""

    def batch(self, batch: PacketBatch) -> None:
        """Packets, before they are looked into."""
        ...

    def records(self, records: list[Record]) -> None:
        """What became of them."""
        ...

    def tick(self, now_ns: int) -> None:
        """Time passes."""
        ...

    def counts(self) -> RecordingCounts:
        """What became of the packets."""
        ...

    def shed(self, steps: int) -> None:
        """Hold less: so many steps of shedding are in force."""
        ...

    def close(self) -> None:
        """Nothing more comes."""
        ...


class Costly:
    """Something that is told only as often as its cost allows."""

    def __init__(self) -> None:
        self._not_before = 0.0
        self._began = 0.0

    def is_due(self) -> bool:
        """Whether enough time has passed since it was last told."""
        return time.monotonic() >= self._not_before

    def begin(self) -> None:
        """It is told now."""
        self._began = time.monotonic()

    def done(self) -> None:
        """What it took decides when it is next."""
        now = time.monotonic()
        self._not_before = now + (now - self._began) / COSTLY_SHARE


class CaptureWorker:
    """`number` of several; the first one also sees drift, when it is the only one."""

    def __init__(
        self,
        number: int,
        ring: PacketRing,
        pipe: Pipe,
        limits: Limits,
        *,
        interval_s: float,
        messages: int = 0,
        drift: bool | Infer = False,
        shedding: int = 0,
        routes: RouteRules | None = None,
        recorder: Recording | None = None,
        finder: PortFinder | None = None,
    ) -> None:
        """`messages`: how many message records are told at most. `finder`: of the ports, where none were given."""
        self._number = number
        self._ring = ring
        self._pipe = pipe
        self._interval_s = interval_s
        self._next_report = 0.0
        self._reported_s = float("-inf")
        self._reported_packets = -1
        self._recorder = recorder
        self._finder = finder
        self._foreign_bytes = 0
        self._pipeline = Pipeline(limits, frames=False, messages=messages, drift=drift, survive=True, routes=routes)
        self._waiting: list[Record] = []
        self._waiting_bytes = 0
        self._left_out: dict[str, int] = {}
        self._keeps_messages = True
        self._schemas = Costly()
        self._schemas_messages = 0  # when they were last told
        self._schemas_told_s = 0.0
        self._connections = Costly()
        self._stopping = False
        if shedding:
            self._shed(shedding)

    def run(self) -> bool:
        """Until the parent says stop, or is gone; false when there is nothing to watch any more."""
        try:
            self._watch()
        except CaptureError:
            self._end()
            return False
        if not self._pipe.closed:
            self._drain()
            self._end()
        return True

    def _watch(self) -> None:
        self._next_report = time.monotonic() + self._report_every_s()
        while not self._stopping and not self._pipe.closed:
            self._take(TICK_S)
            self._pipe.flush()
            self._obey()
            began = time.monotonic()
            if began >= self._next_report and self._pipe.is_idle and (self._has_news() or began >= self._reported_s + QUIET_S):
                self._reported_s = began
                self._schemas.begin()
                report = self._send_report()
                if report.schemas is not None:
                    self._schemas.done()
                took = time.monotonic() - began
                self._next_report = began + min(max(self._report_every_s(), took / REPORTING_SHARE), RAREST_S)

    def _report_every_s(self) -> float:
        """Exports may come once an hour: that a worker lives is told more often."""
        return min(self._interval_s, QUIET_S)

    def _has_news(self) -> bool:
        return self._ring.taken != self._reported_packets or bool(self._waiting)

    def _take(self, timeout_s: float) -> bool:
        batch = self._ring.take(timeout_s)
        if batch is None:
            records = self._pipeline.expire(time.time_ns())
        else:
            if self._recorder is not None:
                self._recorder.batch(batch)
            records = self._pipeline.receive(batch)
        self._keep(records)
        if self._finder is not None:
            self._find_ports(self._finder, [record for record in records if isinstance(record, Handshake)])
        if self._recorder is not None:
            self._recorder.records(records)
            self._recorder.tick(time.time_ns())
        return batch is not None

    def _find_ports(self, finder: PortFinder, seen: Sequence[Handshake | ConnectionSummary]) -> None:
        """A port on which there are WebSockets stays in the filter; others go when it is time."""
        for one in seen:
            server = one.half.server
            if server is not None and one.state in ("accepted", "open", "closed"):
                finder.found(int(server.rpartition(":")[2]))
        program = finder.program(time.monotonic())
        if program is not None and not self._stopping:
            self._ring.set_filter(program)

    def _obey(self) -> None:
        for order in self._pipe.received():
            assert isinstance(order, Order)
            self._stopping = self._stopping or order.stop
            if order.shedding is not None:
                self._shed(order.shedding)
            if order.loss is not None and self._recorder is not None:
                self._recorder.records([order.loss])
            if order.interval_s is not None:
                self._interval_s = order.interval_s
                self._next_report = time.monotonic() + self._report_every_s()

    def _shed(self, steps: int) -> None:
        self._keeps_messages = steps < 3
        if self._recorder is not None:
            self._recorder.shed(steps)
        self._keep(self._pipeline.shed(steps))
        give_back()

    def _keep(self, records: list[Record]) -> None:
        for record in records:
            if isinstance(record, SchemaDrift):
                continue  # the snapshot has it
            if isinstance(record, ChannelMessage):
                if not self._keeps_messages or self._waiting_bytes >= WAITING_BYTES:
                    self._leave_out(record)
                    continue
                self._waiting_bytes += len(record.message.payload)
            if len(self._waiting) >= WAITING_RECORDS:
                self._leave_out(record)
            else:
                self._waiting.append(record)

    def _leave_out(self, record: Record) -> None:
        name = type(record).__name__
        self._left_out[name] = self._left_out.get(name, 0) + 1

    def _send_report(self, *, final: bool = False) -> Report:
        report = self.report(final=final)
        self._reported_packets = report.taken
        self._pipe.send_packed(enveloped(report))
        return report

    def report(self, *, final: bool = False) -> Report:
        """Everything that is known now."""
        pipeline = self._pipeline
        tells_connections = final or self._connections.is_due()
        self._connections.begin()
        findings = pipeline.findings(open_connections=tells_connections)
        if tells_connections:
            self._connections.done()
        if self._finder is not None:
            foreign_bytes = findings.accounting.bytes_discarded.get("ignored", 0)
            self._finder.foreign(foreign_bytes - self._foreign_bytes)
            self._foreign_bytes = foreign_bytes
            self._find_ports(self._finder, findings.open_connections)
        records, self._waiting, self._waiting_bytes = self._waiting, [], 0
        report = Report(
            worker=self._number,
            taken=self._ring.taken,
            now_ns=pipeline.now_ns,
            accounting=findings.accounting,
            series=findings.series,
            connections=findings.connections,
            routes=findings.routes,
            records=[*records, *pipeline.take_drift()],
            left_out=dict(self._left_out),
            volumes=findings.volumes.changed(),
            open_connections=findings.open_connections if tells_connections else None,
            schemas=findings.schemas if final or self._schemas_are_due(findings.accounting.messages) else None,
            drift_stride=pipeline.drift_stride,
            recording=None if self._recorder is None else self._recorder.counts(),
            final=final,
        )
        pipeline.forget_volumes_before(pipeline.now_ns - KEPT_VOLUMES_NS)
        return report

    def _schemas_are_due(self, messages: int) -> bool:
        if not self._schemas.is_due() or messages == self._schemas_messages:
            return False
        now = time.monotonic()
        if messages < SCHEMAS_GROWN * self._schemas_messages and now < self._schemas_told_s + SCHEMAS_EVERY_S:
            return False
        self._schemas_messages, self._schemas_told_s = messages, now
        return True

    def _drain(self) -> None:
        """What is in the ring still counts. The parent has seen to it that no more comes in."""
        until = time.monotonic() + DRAIN_S
        try:
            while self._take(TICK_S) and time.monotonic() < until:
                pass
        except CaptureError:
            pass  # the interface is gone at the very end: there is nothing more in the ring

    def _end(self) -> None:
        """What is held comes out, and the last report leaves."""
        records = self._pipeline.finish()
        self._keep(records)
        if self._recorder is not None:
            self._recorder.records(records)
            self._recorder.close()
        self._send_report(final=True)
        until = time.monotonic() + LEAVE_S
        while not self._pipe.is_idle and not self._pipe.closed and time.monotonic() < until:
            time.sleep(0.005)
            self._pipe.flush()
