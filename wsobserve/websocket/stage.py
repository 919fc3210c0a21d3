"""All connections of one pipeline: records of the transport in; handshakes, frames, messages, anomalies, summaries out."""

from __future__ import annotations

from wsobserve.config import DEFAULT_LIMITS, PARTITIONS, Limits
from wsobserve.message_sink import MessageSink
from wsobserve.records import (
    Accounting,
    Anomaly,
    AnomalyKind,
    Connection,
    ConnectionEnd,
    ConnectionSummary,
    Record,
    StreamEnd,
    StreamGap,
    StreamRecord,
)
from wsobserve.stream_bytes import StreamBytes
from wsobserve.websocket.connection import WebSocketConnection
from wsobserve.websocket.share import Share


class WebSocket:
    """The stage. `take_ignored` names the connections whose bytes it does not want any more.

    `frames`, `messages`: whether records of them are made; a sink is asked for each message whether it needs one.
    Whatever else is told and counted is the same without.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, *, frames: bool = True, messages: bool | MessageSink = True) -> None:
        self.limits = limits
        self.frame_records = frames
        self.message_records = messages
        self._connections: dict[str, WebSocketConnection] = {}
        self._shares = [Share(limits.held_total // PARTITIONS) for _ in range(PARTITIONS)]
        self._ignored: list[str] = []
        self._totals = Accounting()  # of what has ended

    @property
    def held_bytes(self) -> int:
        """Memory for unfinished messages, bytes that wait, and inflate windows; the limit is `Limits.held_total`."""
        return sum(share.held for share in self._shares)

    def receive(self, record: StreamRecord) -> list[Record]:
        """One record of the transport."""
        out: list[Record] = []
        match record:
            case StreamBytes():
                self.receive_bytes(record, out)
            case Connection():
                self._connections[record.id] = WebSocketConnection(
                    record, self.limits, frames=self.frame_records, messages=self.message_records
                )
            case ConnectionEnd():
                out = self._end(record.connection, record)
            case Anomaly():
                out = self._anomaly(record)
            case StreamGap() | StreamEnd():
                connection = self._connections.get(record.connection)
                if connection is not None and not connection.ignored:
                    self._break(connection, record, out)
        return out

    def receive_bytes(self, record: StreamBytes, out: list[Record]) -> None:
        """The next bytes of a connection; the records that they complete are added to `out`."""
        connection = self._connections.get(record.connection)
        if connection is None or connection.ignored:
            return
        connection.read(record.half, record.data, record.time_ns, record.packet, out)
        if connection.weight or connection.counted:
            self._make_room(connection, out)
        self._after(connection)

    def give_up(self, identifier: str) -> list[Record]:
        """A bug of ours came up while this connection was followed: say so, and follow it no further."""
        connection = self._connections.get(identifier)
        if connection is None or connection.ignored:
            internal = AnomalyKind.INTERNAL.value
            self._totals.anomalies[internal] = self._totals.anomalies.get(internal, 0) + 1
            return []
        records = connection.give_up()
        self._after(connection)
        return records

    def expire(self, now_ns: int) -> list[Record]:
        """Nothing in here ends by time: the transport ends connections."""
        return []

    def finish(self) -> list[Record]:
        """The capture has ended: what was not ended by the transport ends here."""
        records: list[Record] = []
        for identifier in list(self._connections):
            records += self._end(identifier, None)
        return records

    def take_ignored(self) -> list[str]:
        """Connections that turned out to be no WebSockets, since the last call."""
        ignored, self._ignored = self._ignored, []
        return ignored

    def summaries(self) -> list[ConnectionSummary]:
        """The WebSocket connections that are open now."""
        found = [connection.summary() for connection in self._connections.values()]
        return [summary for summary in found if summary is not None]

    def account(self, accounting: Accounting) -> None:
        """Add this room's counters."""
        accounting.merge(self._totals)
        for connection in self._connections.values():
            _count_connection(accounting, connection, connection.kind or "undecided")

    def _break(self, connection: WebSocketConnection, record: StreamGap | StreamEnd, out: list[Record]) -> None:
        if isinstance(record, StreamGap):
            out += connection.gap(record.half, record.length, record.time_ns, record.packet)
        else:
            out += connection.end_half(record.half, record.time_ns, record.packet)
        self._make_room(connection, out)
        self._after(connection)

    def _make_room(self, used: WebSocketConnection, out: list[Record]) -> None:
        """After a connection was used: when too much is held, those used least recently let go of it."""
        share = self._shares[used.connection.partition % PARTITIONS]
        share.note(used)
        connection = share.over()
        while connection is not None:
            connection.let_go(used.time_ns, used.packet, out)
            share.recount(connection)
            connection = share.over()

    def _after(self, connection: WebSocketConnection) -> None:
        if connection.ignored:
            self._ignored.append(connection.connection.id)

    def _end(self, identifier: str, end: ConnectionEnd | None) -> list[Record]:
        connection = self._connections.pop(identifier, None)
        if connection is None:
            return []
        records = connection.end(end)
        self._make_room(connection, records)
        _count_connection(self._totals, connection, connection.kind or "other")
        return records

    def _anomaly(self, anomaly: Anomaly) -> list[Record]:
        connection = self._connections.get(anomaly.half.connection)
        if connection is None:
            return []
        half = 0 if anomaly.half.source == connection.connection.halves[0].source else 1
        return connection.transport_anomaly(half, anomaly)


def _count_connection(accounting: Accounting, connection: WebSocketConnection, kind: str) -> None:
    accounting.connections[kind] = accounting.connections.get(kind, 0) + 1
    for state, count in connection.handshakes.items():
        accounting.handshakes[state] = accounting.handshakes.get(state, 0) + count
    if connection.mid_stream:
        accounting.handshakes["mid_stream"] = accounting.handshakes.get("mid_stream", 0) + 1
    for name, count in connection.anomaly_counts.items():
        accounting.anomalies[name] = accounting.anomalies.get(name, 0) + count
    for direction in connection.directions or ():
        direction.account(accounting)
