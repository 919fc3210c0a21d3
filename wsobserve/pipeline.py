"""The one place that joins the rooms: packets in, records out, folds kept.

A pipeline owns all state of the connections that it sees, and nothing else: no file, no clock, no thread. The same
packets give the same records every time. More cores, files or hosts are more pipelines, their folds joined by `merge`.

    PacketBatch -> Transport -> WebSocket -> Payload -> SchemaFold, VolumeFold, SeriesFold, ConnectionFold
"""

from __future__ import annotations

from wsobserve.config import DEFAULT_LIMITS, Limits
from wsobserve.payload.stage import Payload
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
    Snapshot,
    StreamBytes,
    StreamEnd,
    StreamGap,
    StreamRecord,
)
from wsobserve.schema.fold import SchemaFold
from wsobserve.stats.channels import channel_totals
from wsobserve.stats.connections import ConnectionFold
from wsobserve.stats.series import SeriesFold
from wsobserve.stats.volume import VolumeFold
from wsobserve.transport.stage import Transport
from wsobserve.websocket.stage import WebSocket


class Pipeline:
    """Give it what a source yields; it returns Handshake, Frame, ChannelMessage, Anomaly, ConnectionSummary and CaptureLoss.

    `folds`: whether schemas and statistics are kept (a listing of frames has no use for them). `survive`: whether a bug
    of ours ends the connection in which it came up, with an INTERNAL anomaly, and not the process.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, *, folds: bool = True, survive: bool = False) -> None:
        self.schemas = SchemaFold(limits)
        self.volumes = VolumeFold(limits)
        self.series = SeriesFold(limits)
        self.connections = ConnectionFold(limits)
        self.now_ns = 0  # the capture's clock: the latest packet
        self._folds = folds
        self._survive = survive
        self._transport = Transport(limits)
        self._websocket = WebSocket(limits)
        self._payload = Payload(limits)
        self._loss = Accounting()  # what the capture says that it lost

    def receive(self, item: PacketBatch | CaptureLoss) -> list[Record]:
        """What a batch of packets completes; a loss is counted and passed on."""
        if isinstance(item, CaptureLoss):
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
        records += self._after_websocket(self._websocket.finish())
        return records

    def accounting(self) -> Accounting:
        """Every quantity with what became of it."""
        accounting = Accounting()
        accounting.merge(self._loss)
        self._transport.account(accounting)
        self._websocket.account(accounting)
        return accounting

    def snapshot(self, *, final: bool = False, only_changed: bool = False) -> Snapshot:
        """What the folds know now. `only_changed`: of volumes only those that changed since the last such call."""
        series = self.series.snapshot(self.now_ns)
        return Snapshot(
            time_ns=self.now_ns,
            accounting=self.accounting(),
            series=series,
            channels=tuple(channel_totals(series)),
            volumes=self.volumes.changed() if only_changed else self.volumes.snapshot(self.now_ns),
            connection_totals=self.connections.snapshot(self.now_ns),
            open_connections=tuple(self._websocket.summaries()),
            kinds=self.schemas.kinds(self.now_ns),
            messages_without_kind=self.schemas.without_kind,
            messages_in_overflow=self.series.overflow_messages,
            final=final,
        )

    def _pass_on(self, stream_records: list[StreamRecord]) -> list[Record]:
        records: list[Record] = []
        for record in stream_records:
            try:
                found = self._websocket.receive(record)
                if found:
                    records += self._after_websocket(found)
            except Exception:  # the one place for bugs of ours; tests let them through
                if not self._survive:
                    raise
                records += self._websocket.give_up(connection_of(record))
        for connection in self._websocket.take_ignored():
            self._transport.ignore(connection)
        return records

    def _after_websocket(self, found: list[Record]) -> list[Record]:
        records: list[Record] = []
        for record in found:
            if type(record) is Frame:
                records.append(record)
            elif type(record) is Message:
                for channel_message in self._payload.receive(record):
                    if self._folds:
                        self.schemas.add(channel_message)
                        self.volumes.add(channel_message)
                        self.series.add(channel_message)
                    records.append(channel_message)
            else:
                self._rare(record)
                records.append(record)
        return records

    def _rare(self, record: Record) -> None:
        """Records that come once or a few times per connection."""
        match record:
            case Handshake():
                self._payload.receive(record)
                self.connections.add(record)
            case ConnectionSummary():
                self._payload.forget(record.half.connection)
                self.connections.add(record)
            case Anomaly():
                pass  # counted where it was found

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
