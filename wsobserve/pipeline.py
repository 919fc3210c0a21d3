"""The one place that joins the rooms: packets in, records out, folds kept.

A pipeline owns all state of the connections that it sees, and nothing else: no file, no clock, no thread. The same
packets give the same records every time. More cores, files or hosts are more pipelines, their folds joined by `merge`.

    PacketBatch -> Transport -> WebSocket -> Payload -> the folds of Findings
"""

from __future__ import annotations

import msgspec

from wsobserve.config import DEFAULT_LIMITS, PARTITIONS, Limits
from wsobserve.findings import Findings
from wsobserve.payload.route_rules import RouteRules
from wsobserve.payload.stage import Payload
from wsobserve.payload.structure import COMPILED
from wsobserve.records import (
    Accounting,
    Anomaly,
    CaptureLoss,
    Connection,
    ConnectionEnd,
    ConnectionSummary,
    Frame,
    Handshake,
    Message,
    PacketBatch,
    Record,
    SchemaDrift,
    Snapshot,
    StreamEnd,
    StreamGap,
    StreamRecord,
)
from wsobserve.schema.drift import DriftWatch
from wsobserve.schema.drift_channel import Infer
from wsobserve.schema.kinds import channel_schema
from wsobserve.stream_bytes import StreamBytes
from wsobserve.tally import Tally
from wsobserve.transport.stage import Transport
from wsobserve.websocket.stage import WebSocket

MOST_SHED = 6
MOST_DRIFTED = 10_000  # that wait for a snapshot; the first ones tell more than those that follow from them


class Pipeline:
    """Give it what a source yields; it returns Handshake, Frame, ChannelMessage, Anomaly, ConnectionSummary and CaptureLoss.

    Records that nobody asks for are not made: `frames`, whether Frame records are given out; `messages`, how many
    ChannelMessage records (None: all of them), to the end of the batch that reaches the number. What is counted does not
    depend on either. `folds`: whether schemas and statistics are kept (a listing of frames has no use for them).
    `drift`: whether what changes about the messages is told, in SchemaDrift records and in snapshots; that depends on the
    order of the messages, so it is for a pipeline that shares its connections with no other one, and needs the folds.
    Working out the kinds for it takes up to a second a channel; given a function, that one is asked instead.
    `survive`: whether a bug of ours ends the connection in which it came up, with an INTERNAL anomaly, and not the process.
    `routes`: rules for connections whose handshake is not in the capture.

    `workers` pipelines that see the same packets share the connections: `worker` takes those that are its own.
    """

    def __init__(
        self,
        limits: Limits = DEFAULT_LIMITS,
        *,
        folds: bool = True,
        frames: bool = True,
        messages: int | None = None,
        drift: bool | Infer = False,
        survive: bool = False,
        routes: RouteRules | None = None,
        worker: int = 0,
        workers: int = 1,
    ) -> None:
        self._findings = Findings(limits)
        self._schemas = self._findings.schemas
        self._volumes = self._findings.volumes
        self._series = self._findings.series
        self.now_ns = 0  # the capture's clock: the latest packet
        self._folds = folds
        self._survive = survive
        self._counts_losses = worker == 0
        self._most_messages = messages
        self._messages_given = 0
        self._gives_messages = messages is None or messages > 0
        self._transport = Transport(limits, worker=worker, workers=workers)
        self._tally = Tally(self._findings, limits) if folds and COMPILED else None
        self._websocket = WebSocket(limits, frames=frames, messages=self._tally or folds or self._gives_messages)
        self._payload = Payload(limits, routes=routes)
        self._drift: DriftWatch | None = None
        if drift and folds:
            before = (lambda: None) if self._tally is None else self._tally.flush
            infer = channel_schema if drift is True else drift
            self._drift = DriftWatch(self._schemas, limits, before, infer)
            if self._tally is not None:
                self._tally.drift = self._drift
        self._drifted: list[SchemaDrift] = []  # since the last snapshot
        self._loss = Accounting()  # what the capture says that it lost

    def receive(self, item: PacketBatch | CaptureLoss) -> list[Record]:
        """What a batch of packets completes; a loss is counted and passed on."""
        if isinstance(item, CaptureLoss):
            if not self._counts_losses:
                return []
            self._count_loss(item)
            return [item]
        if len(item):
            self.now_ns = max(self.now_ns, item.times_ns[len(item) - 1])
        return self._pass_on(self._transport.receive(item))

    def expire(self, now_ns: int) -> list[Record]:
        """What the passing of time completes, by the capture's clock."""
        self.now_ns = max(self.now_ns, now_ns)
        return self._pass_on(self._transport.expire(now_ns))

    def finish(self) -> list[Record]:
        """The capture has ended: everything that is held comes out."""
        records = self._pass_on(self._transport.finish())
        self._after_websocket(self._websocket.finish(), records)
        return records

    def accounting(self) -> Accounting:
        """Every quantity with what became of it."""
        accounting = Accounting()
        accounting.merge(self._loss)
        self._transport.account(accounting)
        self._websocket.account(accounting)
        return accounting

    def findings(self, *, open_connections: bool = True) -> Findings:
        """Everything that is known now; it grows on with the pipeline. The open connections are costly: only if asked for."""
        findings = self._findings
        if self._tally is not None:
            self._tally.flush()
        findings.accounting = self.accounting()
        summaries = self._websocket.summaries() if open_connections else []
        findings.open_connections = [self._payload.state_route(summary) for summary in summaries]
        findings.now_ns = self.now_ns
        return findings

    def snapshot(self, *, final: bool = False, only_changed: bool = False) -> Snapshot:
        """What the folds know now. `only_changed`: of volumes only those that changed since the last such call."""
        snapshot = self.findings().snapshot(final=final, only_changed=only_changed)
        drifted = self.take_drift()
        return msgspec.structs.replace(snapshot, drift=tuple(drifted)) if drifted else snapshot

    def take_drift(self) -> list[SchemaDrift]:
        """What changed about the messages since the last call, or the last snapshot."""
        drifted, self._drifted = self._drifted, []
        return drifted

    def shed(self, steps: int) -> list[Record]:
        """Hold less, to save memory; each step goes beyond the one before, and 0 takes them all back.

        1: an eighth of the payload samples. 2: an eighth of what is known of values. 3: no message records. 4, 5, 6: a
        half, a quarter, an eighth of the connections; what the others held comes out, and their packets are counted as
        skipped. What was given up does not come back.
        """
        if not 0 <= steps <= MOST_SHED:
            raise ValueError(f"{steps} of {MOST_SHED} steps")
        if self._tally is not None:
            self._tally.forget()
        self._schemas.hold_less(8 if steps >= 1 else 1, 8 if steps >= 2 else 1)
        if steps >= 3:
            self._most_messages = 0
        return self._pass_on(self._transport.follow_only(PARTITIONS >> max(steps - 3, 0)))

    @property
    def drift_stride(self) -> int:
        """One in so many messages is looked at for drift: more than one when `limits.drift_looks` is reached."""
        return 1 if self._tally is None else self._tally.drift_stride

    @property
    def drift_left_out(self) -> int:
        """Fields, kinds and channels whose drift is not watched, or not any more, to stay within the limits."""
        return 0 if self._drift is None else self._drift.left_out

    def forget_volumes_before(self, time_ns: int) -> None:
        """Volumes from before this time are not needed any more: they have been exported."""
        self._findings.volumes.forget_before(time_ns)

    def _pass_on(self, stream_records: list[StreamRecord]) -> list[Record]:
        records: list[Record] = []
        found: list[Record] = []
        websocket = self._websocket
        self._gives_messages = self._most_messages is None or self._messages_given < self._most_messages
        if self._tally is not None:
            self._tally.open = not self._gives_messages
        index = 0
        count = len(stream_records)
        while index < count:
            try:
                while index < count:
                    record = stream_records[index]
                    index += 1
                    if type(record) is StreamBytes:
                        websocket.receive_bytes(record, found)
                    else:
                        found += websocket.receive(record)
                    if found:
                        self._after_websocket(found, records)
                        found.clear()
            except Exception:  # the one place for bugs of ours; tests let them through
                if not self._survive:
                    raise
                found.clear()
                records += websocket.give_up(connection_of(stream_records[index - 1]))
        for connection in websocket.take_ignored():
            self._transport.ignore(connection)
        return records

    def _after_websocket(self, found: list[Record], records: list[Record]) -> None:
        for record in found:
            if type(record) is Message:
                for channel_message in self._payload.receive(record):
                    if self._folds:
                        self._schemas.add(channel_message)
                        self._volumes.add(channel_message)
                        self._series.add(channel_message)
                        if self._drift is not None and (self._tally is None or self._tally.looks(record.time_ns)):
                            self._tell_drift(self._drift.see(channel_message), records)
                        if self._tally is not None:
                            self._tally.learn(channel_message)
                    if self._gives_messages:
                        self._messages_given += 1
                        records.append(channel_message)
            else:
                records.append(record if type(record) is Frame else self._rare(record))

    def _tell_drift(self, drifted: list[SchemaDrift], records: list[Record]) -> None:
        records += drifted
        room = MOST_DRIFTED - len(self._drifted)
        self._drifted += drifted[:room]

    def _rare(self, record: Record) -> Record:
        """Records that come once or a few times per connection. Returns what is to be given out."""
        match record:
            case Handshake():
                self._payload.receive(record)
                self._findings.connections.add(record)
                self._findings.routes.add(record)
            case ConnectionSummary():
                record = self._payload.state_route(record)
                self._payload.forget(record.half.connection)
                self._findings.connections.add(record)
            case Anomaly():
                pass  # counted where it was found
        return record

    def _count_loss(self, loss: CaptureLoss) -> None:
        counts = self._loss.capture_loss if loss.packets is not None else self._loss.capture_loss_unknown
        counts[loss.reason] = counts.get(loss.reason, 0) + (loss.packets if loss.packets is not None else 1)


def connection_of(record: StreamRecord) -> str:
    """The connection that a record of the transport is about."""
    match record:
        case Connection():
            return record.id
        case Anomaly():
            return record.half.connection
        case StreamBytes() | StreamGap() | StreamEnd() | ConnectionEnd():
            return record.connection
