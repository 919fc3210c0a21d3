"""Bytes of one half that came before their turn: held by position, never overlapping, the first copy of a byte wins."""

from __future__ import annotations

from wsobserve.config import Limits
from wsobserve.transport.hole import HoleWait

PIECE_WEIGHT = 256  # what a held piece costs beside its bytes
RECENT_BYTES = 8_192  # of one half, kept after delivery to be compared with bytes that come again
RECENT_SHARE = 512 * 1024  # of all halves of a partition, as long as their number does not change
RECENT_LEAST = 512  # less is not worth its own weight: then nothing is compared


class StreamTotals:
    """What the halves of one partition share: their part of the limits, and the counters behind `Accounting`.

    `nothing_held` and `no_wait` stand for those of every half that needs none of its own yet.
    """

    __slots__ = (
        "buffered",
        "delivered",
        "discarded",
        "duplicate",
        "gap_wait_ns",
        "gaps",
        "lost",
        "no_wait",
        "nothing_held",
        "payload_bytes",
        "recent_bytes",
        "start_packets",
        "stream_buffer",
        "total_buffer",
        "weight",
    )

    def __init__(self, limits: Limits, shares: int = 1) -> None:
        self.stream_buffer = limits.stream_buffer
        self.total_buffer = max(limits.total_buffer // shares, 1)
        self.gap_wait_ns = limits.gap_wait_ns
        self.start_packets = limits.start_packets
        self.nothing_held = HeldBytes(self)
        self.no_wait = HoleWait(limits.gap_wait_ns)
        self.recent_bytes = RECENT_BYTES
        self.payload_bytes = 0
        self.delivered = 0
        self.duplicate = 0
        self.buffered = 0
        self.weight = 0  # buffered bytes with the cost of keeping them
        self.lost = 0
        self.gaps = 0
        self.discarded: dict[str, int] = {}

    def share_recent(self, connections: int) -> None:
        """So many connections are known: let all that they remember of what they delivered stay within bounds."""
        allowed = RECENT_SHARE // (2 * connections) if connections else RECENT_BYTES
        self.recent_bytes = min(allowed, RECENT_BYTES) if allowed >= RECENT_LEAST else 0

    def discard(self, reason: str, length: int) -> None:
        """Count bytes that will not be delivered."""
        if length > 0:
            self.discarded[reason] = self.discarded.get(reason, 0) + length


class Piece:
    """Bytes that came before their turn. `length` is what there was on the wire, `data` what was captured of it."""

    __slots__ = ("arrival", "data", "length", "packet", "position", "time_ns")

    def __init__(self, position: int, length: int, data: bytes, arrival: int, time_ns: int, packet: int) -> None:
        self.position = position
        self.length = length
        self.data = data
        self.arrival = arrival
        self.time_ns = time_ns
        self.packet = packet


class HeldBytes:
    """The pieces of one half that wait for their turn. `weight`: their bytes, and what keeping them costs."""

    __slots__ = ("pieces", "totals", "weight")

    def __init__(self, totals: StreamTotals) -> None:
        self.totals = totals
        self.pieces: list[Piece] = []
        self.weight = 0

    def insert(self, piece: Piece) -> bool:
        """Keep the parts of this piece that are not held yet; true when a part that is has other bytes."""
        pieces = self.pieces
        conflict = False
        position = base = piece.position
        end = base + piece.length
        index = self._first_behind(position)
        while position < end:
            if index < len(pieces) and pieces[index].position <= position:
                first = pieces[index]
                until = min(end, first.position + first.length)
                again = piece.data[position - base : until - base]
                before = first.data[position - first.position : until - first.position]
                common = min(len(again), len(before))
                conflict = conflict or again[:common] != before[:common]
                self.totals.duplicate += len(again)
            else:
                until = min(end, pieces[index].position) if index < len(pieces) else end
                fresh = piece.data[position - base : until - base]
                self._hold(index, Piece(position, until - position, fresh, piece.arrival, piece.time_ns, piece.packet))
            index += 1
            position = until
        return conflict

    def drop_before(self, position: int) -> None:
        """The stream starts at this position; what lies in front of it is no part of it."""
        while self.pieces and self.pieces[0].position < position:
            first = self.pieces.pop(0)
            self.release(first)
            early = position - first.position
            self.totals.discard("before_start", min(early, len(first.data)))
            if early < first.length:
                rest = first.data[early:]
                self._hold(0, Piece(position, first.length - early, rest, first.arrival, first.time_ns, first.packet))

    def drop_behind(self, position: int) -> None:
        """The stream ends at this position; what lies behind it is no part of it."""
        while self.pieces and self.pieces[len(self.pieces) - 1].position + self.pieces[len(self.pieces) - 1].length > position:
            last = self.pieces.pop()
            self.release(last)
            kept = max(position - last.position, 0)
            self.totals.discard("after_fin", len(last.data) - kept)
            if kept:
                data = last.data[:kept]
                self._hold(len(self.pieces), Piece(last.position, kept, data, last.arrival, last.time_ns, last.packet))

    def discard(self, reason: str) -> None:
        """Nobody wants them any more."""
        for piece in self.pieces:
            self.release(piece)
            self.totals.discard(reason, len(piece.data))
        self.pieces.clear()

    def release(self, piece: Piece) -> None:
        """This piece is not held any more; the caller takes it out of `pieces`."""
        weight = len(piece.data) + PIECE_WEIGHT
        self.totals.buffered -= len(piece.data)
        self.totals.weight -= weight
        self.weight -= weight

    def over_limit(self) -> bool:
        """Whether this half holds too much, or all together do and this one something of it."""
        return self.weight > self.totals.stream_buffer or (
            len(self.pieces) > 0 and self.totals.weight > self.totals.total_buffer
        )

    def _hold(self, index: int, piece: Piece) -> None:
        weight = len(piece.data) + PIECE_WEIGHT
        self.pieces.insert(index, piece)
        self.totals.buffered += len(piece.data)
        self.totals.weight += weight
        self.weight += weight

    def _first_behind(self, position: int) -> int:
        """Index of the first piece that ends behind this position."""
        pieces = self.pieces
        low = 0
        high = len(pieces)
        while low < high:
            middle = (low + high) >> 1
            piece = pieces[middle]
            if piece.position + piece.length <= position:
                low = middle + 1
            else:
                high = middle
        return low
