"""The stage: packets in, what became of the TCP connections out. Owns the table of connections and its limits.

Nothing in here reads a clock: time passes with the packets, and with the caller's `expire`.
"""

from __future__ import annotations

from wsobserve.config import DEFAULT_LIMITS, Limits
from wsobserve.records import Accounting, Anomaly, AnomalyKind, PacketBatch, StreamRecord
from wsobserve.transport.connection import SYN, TcpConnection, opposite
from wsobserve.transport.fragment import Fragments
from wsobserve.transport.half_open import HalfOpen, only_opens
from wsobserve.transport.held import StreamTotals
from wsobserve.transport.ordered import EndReason
from wsobserve.transport.packet import PacketDecoder

CHECK_NS = 1_000_000_000  # how often holes are looked at, in time of the capture
EVICTED_AT_ONCE = 16  # when the table is full its sixteenth part goes, so that the search for the oldest is rare


class Transport:
    """Packets to ordered bytes: link and IP decode, TCP reassembly.

    A connection of which one SYN is all that was seen is told of when more comes, or when it is given up.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, *, worker: int = 0, workers: int = 1) -> None:
        self._limits = limits
        self._fragments = Fragments(limits)
        self._decoder = PacketDecoder(self._fragments)
        self._totals = StreamTotals(limits)
        self._table: dict[bytes, TcpConnection] = {}  # by the key of either direction
        self._connections: dict[str, TcpConnection] = {}  # by identifier, in order of their first packet
        self._half_open: dict[bytes, HalfOpen] = {}  # by the key of the SYN, in its order; not told of yet
        self._waiting: dict[str, TcpConnection] = {}  # those for which time may decide something
        self._packets_seen = 0
        self._first_time_ns: int | None = None
        self._last_time_ns: int | None = None
        self._previous_ns = 0  # time of the packet before
        self._checked_ns = 0
        self._swept_ns = 0

    def receive(self, batch: PacketBatch) -> list[StreamRecord]:
        """What these packets bring: Connection, StreamBytes, StreamGap, StreamEnd, ConnectionEnd, Anomaly, as it happens."""
        out: list[StreamRecord] = []
        decoder = self._decoder
        table = self._table
        buffer = batch.buffer
        offsets, captured_lengths, original_lengths = batch.offsets, batch.captured_lengths, batch.original_lengths
        times_ns = batch.times_ns
        link_type = batch.link_type
        number = batch.first_packet
        count = len(offsets)
        if count:
            self._note_times(min(times_ns), max(times_ns))
        self._packets_seen += count
        for i in range(count):
            time_ns = times_ns[i]
            # One wrong time must not make all connections old: time has passed when two packets in a row say so.
            now_ns = min(time_ns, self._previous_ns)
            self._previous_ns = time_ns
            if not -CHECK_NS < now_ns - self._checked_ns < CHECK_NS:
                self._check(now_ns, out)
            if not decoder.decode(buffer, offsets[i], captured_lengths[i], original_lengths[i], link_type, time_ns):
                continue
            packet = number + i
            connection = table.get(decoder.key)
            if connection is None or decoder.flags & SYN or connection.closed_ns >= 0:
                connection = self._connection_for(connection, time_ns, packet, out)
                if connection is None:
                    continue
            index = 0 if connection.key == decoder.key else 1
            if connection.receive(index, decoder, time_ns, packet, out):
                self._waiting[connection.id] = connection
        return out

    def expire(self, now_ns: int) -> list[StreamRecord]:
        """Give up holes, fragments and idle connections whose time is over at `now_ns` of the capture's clock."""
        out: list[StreamRecord] = []
        self._check(now_ns, out)
        return out

    def finish(self) -> list[StreamRecord]:
        """The capture has ended: deliver what is left behind gaps, and end every connection."""
        out: list[StreamRecord] = []
        self._fragments.finish()
        for connection in list(self._connections.values()):
            connection.finish("capture_end", connection.last_ns, connection.last_packet, out)
        for syn in self._half_open.values():
            self._end_half_open(syn, "capture_end", out)
        self._half_open.clear()
        self._table.clear()
        self._connections.clear()
        self._waiting.clear()
        return out

    def ignore(self, connection: str) -> None:
        """Nobody wants the bytes of this connection any more: they are counted as `ignored`; its end is still told."""
        known = self._connections.get(connection)
        if known is not None:
            known.ignore()

    def account(self, accounting: Accounting) -> None:
        """Add everything this stage has counted since its start."""
        decoder, totals = self._decoder, self._totals
        accounting.packets_seen += self._packets_seen
        accounting.packets_decoded += decoder.decoded
        accounting.packets_cut += decoder.cut
        skipped, dropped = dict(decoder.skipped), dict(decoder.dropped)
        for reason, count in self._fragments.given_up.items():
            skipped["fragment"] = skipped.get("fragment", 0) - count
            dropped[reason] = dropped.get(reason, 0) + count
        _add(accounting.packets_skipped, skipped)
        _add(accounting.packets_dropped, dropped)
        accounting.payload_bytes += totals.payload_bytes
        accounting.bytes_delivered += totals.delivered
        accounting.bytes_duplicate += totals.duplicate
        accounting.bytes_buffered += totals.buffered
        accounting.bytes_lost += totals.lost
        accounting.gaps += totals.gaps
        _add(accounting.bytes_discarded, totals.discarded)
        if self._first_time_ns is not None and self._last_time_ns is not None:
            first, last = accounting.first_time_ns, accounting.last_time_ns
            accounting.first_time_ns = self._first_time_ns if first is None else min(first, self._first_time_ns)
            accounting.last_time_ns = self._last_time_ns if last is None else max(last, self._last_time_ns)

    def _note_times(self, first_ns: int, last_ns: int) -> None:
        if self._first_time_ns is None or first_ns < self._first_time_ns:
            self._first_time_ns = first_ns
        if self._last_time_ns is None or last_ns > self._last_time_ns:
            self._last_time_ns = last_ns

    # --- the table of connections

    def _connection_for(
        self, known: TcpConnection | None, time_ns: int, packet: int, out: list[StreamRecord]
    ) -> TcpConnection | None:
        """The connection of the decoder's segment: the known one, or a new one when there is none or its time is over.

        None: it is half open, and there is nothing more to do about its SYN.
        """
        decoder = self._decoder
        if known is None:
            known = self._opened(decoder.key, out)
        if known is not None:
            forgotten = known.closed_ns >= 0 and time_ns - known.closed_ns > self._limits.closed_ns
            index = 0 if known.key == decoder.key else 1
            if not forgotten and (not decoder.flags & SYN or known.belongs(index, decoder)):
                return known
            known.finish("replaced", time_ns, packet, out)
            self._forget(known)
        if len(self._connections) + len(self._half_open) >= self._limits.connections:
            self._make_room(time_ns, packet, out)
        if only_opens(decoder):
            self._half_open[decoder.key] = HalfOpen(decoder, time_ns, packet)
            return None
        return self._enter(TcpConnection(decoder.key, decoder.flags, time_ns, packet, self._totals, out))

    def _opened(self, key: bytes, out: list[StreamRecord]) -> TcpConnection | None:
        """The half-open connection with these endpoints, made a whole one."""
        syn = self._half_open.pop(key, None) or self._half_open.pop(opposite(key), None)
        return None if syn is None else self._enter(self._begun(syn, out))

    def _begun(self, syn: HalfOpen, out: list[StreamRecord]) -> TcpConnection:
        connection = TcpConnection(syn.key, SYN, syn.time_ns, syn.packet, self._totals, out)
        connection.open(syn)
        return connection

    def _end_half_open(self, syn: HalfOpen, reason: EndReason, out: list[StreamRecord]) -> None:
        self._begun(syn, out).finish(reason, syn.time_ns, syn.packet, out)

    def _enter(self, connection: TcpConnection) -> TcpConnection:
        self._table[connection.key] = connection
        self._table[opposite(connection.key)] = connection
        self._connections[connection.id] = connection
        return connection

    def _forget(self, connection: TcpConnection) -> None:
        self._table.pop(connection.key, None)
        self._table.pop(opposite(connection.key), None)
        self._connections.pop(connection.id, None)
        self._waiting.pop(connection.id, None)

    def _make_room(self, time_ns: int, packet: int, out: list[StreamRecord]) -> None:
        """Evict closed connections first, then half-open ones, then those that were used least recently."""
        count = max(1, self._limits.connections // EVICTED_AT_ONCE)
        known: list[TcpConnection | HalfOpen] = [*self._connections.values(), *self._half_open.values()]
        for connection in sorted(known, key=_worth)[:count]:
            if isinstance(connection, HalfOpen):
                self._end_half_open(connection, "evicted", out)
                del self._half_open[connection.key]
                continue
            if connection.closed_ns < 0:
                if not connection.half_open:
                    half = connection.halves[0].record
                    out.append(Anomaly(half=half, time_ns=time_ns, packet=packet, anomaly=AnomalyKind.LIMIT_CONNECTIONS))
                connection.finish("evicted", connection.last_ns, connection.last_packet, out)
            self._forget(connection)

    # --- time

    def _check(self, now_ns: int, out: list[StreamRecord]) -> None:
        self._checked_ns = now_ns
        self._fragments.expire(now_ns)
        for connection in list(self._waiting.values()):
            connection.expire(now_ns, self._limits.gap_wait_ns, out)
            if not connection.waits():
                del self._waiting[connection.id]
        if abs(now_ns - self._swept_ns) >= min(self._limits.closed_ns, self._limits.idle_ns) // 4:
            self._sweep(now_ns, out)

    def _sweep(self, now_ns: int, out: list[StreamRecord]) -> None:
        """Forget what closed a while ago, evict what is idle."""
        self._swept_ns = now_ns
        for connection in list(self._connections.values()):
            if connection.closed_ns >= 0:
                if now_ns - connection.closed_ns > self._limits.closed_ns:
                    self._forget(connection)
            elif now_ns - connection.last_ns > self._limits.idle_ns:
                connection.finish("evicted", connection.last_ns, connection.last_packet, out)
                self._forget(connection)
        for syn in list(self._half_open.values()):
            if now_ns - syn.time_ns > self._limits.idle_ns:
                self._end_half_open(syn, "evicted", out)
                del self._half_open[syn.key]


def _worth(connection: TcpConnection | HalfOpen) -> tuple[int, int]:
    if isinstance(connection, HalfOpen):
        return 1, connection.time_ns
    if connection.closed_ns >= 0:
        return 0, connection.last_ns
    return (1 if connection.half_open else 2), connection.last_ns


def _add(total: dict[str, int], more: dict[str, int]) -> None:
    for reason, count in more.items():
        if count:
            total[reason] = total.get(reason, 0) + count
