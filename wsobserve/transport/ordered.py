"""The bytes of one half by position: in any order, doubled, overlapping, with holes, cut go in; in order, with gaps, come out.

What lies behind a hole is held. When a hole is given up, and where a stream starts and ends, decides `HalfStream`.
"""

from __future__ import annotations

from typing import Literal

from wsobserve.records import StreamEnd, StreamGap, StreamRecord
from wsobserve.stream_bytes import stream_bytes
from wsobserve.transport.held import HeldBytes, Piece, StreamTotals
from wsobserve.transport.recent import RecentBytes

GapReason = Literal["lost", "cut", "limit"]
EndReason = Literal["fin", "reset", "replaced", "evicted", "capture_end"]

WRAP = 1 << 32
MASK = WRAP - 1


class OrderedBytes:
    """What one half has delivered, and holds. As long as it is not *anchored*, its start is not known: it only holds."""

    __slots__ = (
        "anchored",
        "connection",
        "expected",
        "gaps",
        "held",
        "highest",
        "index",
        "lost_bytes",
        "recent",
        "shown_arrival",
        "shown_packet",
        "shown_time_ns",
        "start",
        "started",
        "totals",
    )

    def __init__(self, connection: str, index: int, totals: StreamTotals) -> None:
        self.connection = connection
        self.index = index
        self.totals = totals
        self.started = False  # a sequence number has been seen: `expected` serves for unwrapping
        self.anchored = False
        self.start = 0  # position of the first byte, once anchored
        self.expected = 0  # position of the next byte to deliver
        self.highest = 0  # position behind the last byte seen
        self.held = totals.nothing_held
        self.recent: RecentBytes | None = None  # None: nothing is remembered
        # with which packet the last byte became available in order
        self.shown_arrival = 0
        self.shown_time_ns = 0
        self.shown_packet = 0
        # health
        self.lost_bytes = 0
        self.gaps = 0

    def begin(self, position: int) -> None:
        """Positions are counted from here; that it is the start is not said."""
        self.started = True
        self.start = self.expected = self.highest = position

    def position_of(self, sequence_number: int) -> int:
        """The position nearest to the expected one with these 32 bits."""
        if not self.started:
            self.begin(sequence_number + WRAP)
            return self.expected
        delta = (sequence_number - self.expected) & MASK
        if delta >= WRAP >> 1:
            delta -= WRAP
        return self.expected + delta

    def anchor(self, position: int, out: list[StreamRecord]) -> None:
        """The stream starts at this position; deliver what can be."""
        self.anchored = True
        self.begin(position)
        self.held.drop_before(position)
        if self.held.pieces:
            last = self.held.pieces[len(self.held.pieces) - 1]
            self.highest = last.position + last.length
            self.drain(out)

    def accept(self, position: int, data: bytes, length: int, arrival: int, time_ns: int, packet: int) -> bool:
        """Hold what is new of a payload; true when a doubled part has other bytes than the first copy."""
        end = position + length
        conflict = False
        if self.anchored:
            if position < self.start:
                early = min(self.start - position, length)
                self.totals.discard("before_start", min(early, len(data)))
                data = data[early:]
                position += early
            if position < self.expected and position < end:
                doubled = min(self.expected, end) - position
                self.totals.duplicate += min(doubled, len(data))
                conflict = self.recent is not None and self.recent.differs(self.expected - position, data[:doubled])
                data = data[doubled:]
                position += doubled
        if position >= end:
            return conflict
        if end > self.highest:
            self.highest = end
        if self.held is self.totals.nothing_held:
            self.held = HeldBytes(self.totals)
        return self.held.insert(Piece(position, end - position, data, arrival, time_ns, packet)) or conflict

    def deliver(self, data: bytes, arrival: int, time_ns: int, packet: int, out: list[StreamRecord]) -> None:
        """These are the next bytes, and nothing is held."""
        length = len(data)
        self.shown_arrival = arrival
        self.shown_time_ns = time_ns
        self.shown_packet = packet
        self.expected += length
        if self.highest < self.expected:
            self.highest = self.expected
        self.totals.delivered += length
        self._remember(data)
        out.append(stream_bytes(self.connection, self.index, time_ns, packet, data))

    def _remember(self, data: bytes) -> None:
        """Keep these bytes for a while, to compare them with what comes again."""
        if self.recent is None:
            if self.totals.recent_bytes == 0:
                return
            self.recent = RecentBytes()
        self.recent.add(data, self.totals.recent_bytes)
        if self.totals.recent_bytes == 0:
            self.recent = None

    def drain(self, out: list[StreamRecord]) -> bool:
        """Deliver the held pieces up to the first hole; false when there are none."""
        pieces = self.held.pieces
        count = 0
        for piece in pieces:
            if piece.position != self.expected:
                break
            count += 1
            self.held.release(piece)
            self.show(piece)
            if piece.data:
                self.totals.delivered += len(piece.data)
                self.expected += len(piece.data)
                self._remember(piece.data)
                out.append(stream_bytes(self.connection, self.index, self.shown_time_ns, self.shown_packet, piece.data))
            if len(piece.data) < piece.length:
                self.skip(piece.position + piece.length, "cut", self.shown_time_ns, self.shown_packet, out)
        del pieces[:count]
        return count > 0

    def show(self, piece: Piece) -> None:
        """A byte is available since the latest of the packets up to it."""
        if piece.arrival > self.shown_arrival:
            self.shown_arrival = piece.arrival
            self.shown_time_ns = piece.time_ns
            self.shown_packet = piece.packet

    def skip(self, position: int, reason: GapReason, time_ns: int, packet: int, out: list[StreamRecord]) -> None:
        """The bytes up to this position will not come."""
        length = position - self.expected
        self.expected = position
        self.recent = None
        self.lost_bytes += length
        self.gaps += 1
        self.totals.lost += length
        self.totals.gaps += 1
        out.append(StreamGap(self.connection, self.index, time_ns, packet, length, reason))

    def skip_hole(self, reason: GapReason, out: list[StreamRecord]) -> None:
        """The bytes of the first hole will not come; deliver what is held behind it."""
        first = self.held.pieces[0]
        self.show(first)
        self.skip(first.position, reason, self.shown_time_ns, self.shown_packet, out)
        self.drain(out)

    def drop(self, reason: str) -> None:
        """Nobody wants what is held."""
        self.held.discard(reason)
        self.recent = None

    def end(self, reason: EndReason, time_ns: int, packet: int, out: list[StreamRecord]) -> None:
        """Nothing more comes; what is held lies behind the end."""
        if self.shown_time_ns > time_ns:  # bytes came after the packet that ended it
            time_ns, packet = self.shown_time_ns, self.shown_packet
        self.drop("after_fin")
        out.append(StreamEnd(self.connection, self.index, time_ns, packet, reason))
