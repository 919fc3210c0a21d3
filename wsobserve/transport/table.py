"""The connections of one partition: half-open ones, whole ones, closed ones, and who has to go when there are too many.

Nothing in here depends on other partitions, so which connection goes does not depend on how many workers there are.
"""

from __future__ import annotations

from itertools import islice

from wsobserve.config import PARTITIONS, Limits
from wsobserve.records import Accounting, Anomaly, AnomalyKind, StreamRecord
from wsobserve.transport.closed import ClosedConnection
from wsobserve.transport.connection import SYN, TcpConnection
from wsobserve.transport.endpoints import opposite
from wsobserve.transport.half_open import HalfOpen, only_opens
from wsobserve.transport.held import StreamTotals
from wsobserve.transport.packet import PacketDecoder

EVICTED_AT_ONCE = 16  # when the table is full its sixteenth part goes, so that the search for the oldest is rare


class ConnectionTable:
    """What one partition knows. `known`: its whole connections by the key of either direction, shared with the others."""

    def __init__(self, partition: int, limits: Limits, known: dict[bytes, TcpConnection]) -> None:
        self.partition = partition
        self.totals = StreamTotals(limits, PARTITIONS)
        self._most = max(limits.connections // PARTITIONS, 1)
        self._gap_wait_ns = limits.gap_wait_ns
        self._idle_ns = limits.idle_ns
        self._closed_ns = limits.closed_ns
        self._known = known
        self._connections: dict[str, TcpConnection] = {}  # by identifier, in order of their first packet
        self._half_open: dict[bytes, HalfOpen] = {}  # by the key of the SYN, in its order; not told of yet
        self._closed: dict[bytes, ClosedConnection] = {}  # by the key of half 0, in the order of their ends
        self._waiting: dict[str, TcpConnection] = {}  # those for which time may decide something
        self._never_open = 0  # half-open ones that were given up
        self._evicted = {"idle": 0, "limit": 0, "sampled": 0}

    def connection_for(
        self, known: TcpConnection | None, segment: PacketDecoder, time_ns: int, packet: int, out: list[StreamRecord]
    ) -> TcpConnection | None:
        """The connection of a segment: the known one, or a new one when there is none or its ports are used again.

        None: it is half open or closed, and there is nothing more to do about its segment.
        """
        if known is not None:
            index = 0 if known.key == segment.key else 1
            if not segment.flags & SYN or known.belongs(index, segment):
                return known
            known.finish("replaced", time_ns, packet, out)
            self._forget(known)
        else:
            reverse = opposite(segment.key)
            syn = self._half_open.get(segment.key) or self._half_open.get(reverse)
            if syn is not None:
                if syn.receive(segment, time_ns, packet):
                    return None
                del self._half_open[syn.key]
                if not segment.flags & SYN or syn.belongs(segment):
                    return self._whole(syn, out)
                self._never_open += 1
            elif self._comes_late(segment, reverse, time_ns):
                return None
        if len(self._connections) + len(self._half_open) + len(self._closed) >= self._most:
            self._make_room(time_ns, packet, out)
        if only_opens(segment):
            self._half_open[segment.key] = HalfOpen(segment, time_ns, packet)
            return None
        return self._enter(TcpConnection(segment.key, self.partition, segment.flags, time_ns, packet, self.totals, out))

    def look_after(self, connection: TcpConnection) -> None:
        """Time may decide something about this connection now, or it has just ended."""
        if connection.closed_ns >= 0:
            self._bury(connection)
        else:
            self._waiting[connection.id] = connection

    def ignore(self, identifier: str) -> bool:
        """Nobody wants the bytes of this connection any more; false when it is not one of these."""
        connection = self._connections.get(identifier)
        if connection is None:
            return False
        connection.ignore()
        return True

    def finish(self, out: list[StreamRecord]) -> None:
        """The capture has ended, and every connection with it."""
        for connection in self._connections.values():
            connection.finish("capture_end", connection.last_ns, connection.last_packet, out)
        self._never_open += len(self._half_open)
        self._half_open.clear()
        self._connections.clear()
        self._closed.clear()
        self._waiting.clear()

    def give_up(self, out: list[StreamRecord]) -> None:
        """None of these is followed any more."""
        for connection in list(self._connections.values()):
            self._evict(connection, "sampled", out)
        self._never_open += len(self._half_open)
        self._evicted["sampled"] += len(self._half_open)
        self._half_open.clear()
        self._closed.clear()

    def account(self, accounting: Accounting) -> None:
        """Add everything this partition has counted since its start."""
        totals = self.totals
        accounting.payload_bytes += totals.payload_bytes
        accounting.bytes_delivered += totals.delivered
        accounting.bytes_duplicate += totals.duplicate
        accounting.bytes_buffered += totals.buffered
        accounting.bytes_lost += totals.lost
        accounting.gaps += totals.gaps
        add_counts(accounting.bytes_discarded, totals.discarded)
        add_counts(accounting.connections, {"half_open": self._never_open + len(self._half_open)})
        add_counts(accounting.connections_evicted, self._evicted)

    # --- which connection

    def _whole(self, syn: HalfOpen, out: list[StreamRecord]) -> TcpConnection:
        """A half-open connection of which more has come."""
        connection = TcpConnection(syn.key, self.partition, SYN, syn.time_ns, syn.packet, self.totals, out)
        connection.open(syn)
        return self._enter(connection)

    def _comes_late(self, segment: PacketDecoder, reverse: bytes, time_ns: int) -> bool:
        """Whether this segment is of a connection that has closed; then it has been counted."""
        closed = self._closed.get(segment.key) or self._closed.get(reverse)
        if closed is None:
            return False
        if time_ns - closed.closed_ns > self._closed_ns or (segment.flags & SYN and not closed.belongs(segment)):
            del self._closed[closed.key]
            return False
        closed.receive(segment, self.totals)
        return True

    def _enter(self, connection: TcpConnection) -> TcpConnection:
        self._known[connection.key] = connection
        self._known[connection.reverse] = connection
        self._connections[connection.id] = connection
        self.totals.share_recent(len(self._connections))
        return connection

    def _forget(self, connection: TcpConnection) -> None:
        self._known.pop(connection.key, None)
        self._known.pop(connection.reverse, None)
        self._connections.pop(connection.id, None)
        self._waiting.pop(connection.id, None)
        self.totals.share_recent(len(self._connections))

    def _bury(self, connection: TcpConnection) -> None:
        """It has ended: all that is kept of it is what tells its late packets from a new connection."""
        self._forget(connection)
        first, second = connection.halves
        self._closed[connection.key] = ClosedConnection(connection.key, connection.closed_ns, first, second)

    # --- who has to go

    def _make_room(self, time_ns: int, packet: int, out: list[StreamRecord]) -> None:
        """Evict closed connections first, then half-open ones, then those that were used least recently."""
        count = max(1, self._most // EVICTED_AT_ONCE)
        for closed in list(islice(self._closed.values(), count)):
            del self._closed[closed.key]
            count -= 1
        for syn in list(islice(self._half_open.values(), count)):
            del self._half_open[syn.key]
            self._never_open += 1
            self._evicted["limit"] += 1
            count -= 1
        if not count:
            return
        for connection in sorted(self._connections.values(), key=_worth)[:count]:
            if not connection.half_open:
                half = connection.halves[0].record
                out.append(Anomaly(half=half, time_ns=time_ns, packet=packet, anomaly=AnomalyKind.LIMIT_CONNECTIONS))
            self._evict(connection, "limit", out)

    def _evict(self, connection: TcpConnection, reason: str, out: list[StreamRecord]) -> None:
        connection.finish("evicted", connection.last_ns, connection.last_packet, out)
        self._forget(connection)
        self._evicted[reason] += 1

    # --- time

    def expire(self, now_ns: int, out: list[StreamRecord]) -> None:
        """Give up the holes, and the starts, that have been waited for long enough."""
        if not self._waiting:
            return
        for connection in list(self._waiting.values()):
            connection.expire(now_ns, self._gap_wait_ns, out)
            if connection.closed_ns >= 0:
                self._bury(connection)
            elif not connection.waits():
                del self._waiting[connection.id]

    def sweep(self, now_ns: int, out: list[StreamRecord]) -> None:
        """Forget what closed a while ago, evict what is idle."""
        for closed in list(self._closed.values()):
            if now_ns - closed.closed_ns > self._closed_ns:
                del self._closed[closed.key]
        for connection in list(self._connections.values()):
            if now_ns - connection.last_ns > self._idle_ns:
                self._evict(connection, "idle", out)
        for syn in list(self._half_open.values()):
            if now_ns - syn.time_ns > self._idle_ns:
                del self._half_open[syn.key]
                self._never_open += 1
                self._evicted["idle"] += 1


def _worth(connection: TcpConnection) -> tuple[bool, int]:
    return not connection.half_open, connection.last_ns


def add_counts(total: dict[str, int], more: dict[str, int]) -> None:
    """Add up, reason by reason."""
    for reason, count in more.items():
        if count:
            total[reason] = total.get(reason, 0) + count
