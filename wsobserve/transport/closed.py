"""A connection that has ended, remembered for a while so that its late packets do not look like a new one.

In: segments that come after the end. Their bytes are counted; no record tells of them.
"""

from __future__ import annotations

from wsobserve.transport.held import StreamTotals
from wsobserve.transport.packet import PacketDecoder
from wsobserve.transport.tcp import HalfStream

SYN = 0x02
RST = 0x04
ACK = 0x10
MASK = (1 << 32) - 1
SIGN = 1 << 31
FARTHEST = 1 << 30  # RFC 7323, 2.3: no window is larger


class ClosedHalf:
    """Where one half began and ended, as sequence numbers."""

    __slots__ = ("after_end", "anchored", "end", "start")

    def __init__(self, half: HalfStream) -> None:
        self.anchored = half.ordered.anchored
        self.start = half.ordered.start & MASK
        self.end = half.ordered.expected & MASK
        self.after_end = "after_fin" if half.fin_position >= 0 else "after_end"  # why new bytes are discarded
        if half.ignored:
            self.after_end = "ignored"

    def count(self, segment: PacketDecoder, totals: StreamTotals) -> None:
        """Count what this segment of the half brings: doubled bytes, or some behind the end."""
        captured = segment.payload_end - segment.payload_start
        totals.payload_bytes += captured
        length = segment.payload_length + (1 if segment.flags & SYN else 0)
        past = (segment.sequence_number + length - self.end) & MASK  # from the end of the stream to that of the segment
        far = (segment.sequence_number - self.end + FARTHEST) & MASK >= 2 * FARTHEST
        if segment.flags & RST:
            totals.discard("reset", captured)
        elif far and self.anchored:
            totals.discard("out_of_window", captured)
        elif self.after_end == "ignored" or 0 < past < SIGN or not self.anchored:
            totals.discard(self.after_end, captured)
        else:
            totals.duplicate += captured


# With the halves in a tuple the cycle collector would have to follow each; like this 100,000 take 29 MB with their table.
class ClosedConnection:
    """The halves of a connection that has ended. The first one is that with this `key`."""

    __slots__ = ("closed_ns", "first", "key", "second")

    def __init__(self, key: bytes, closed_ns: int, first: HalfStream, second: HalfStream) -> None:
        self.key = key
        self.closed_ns = closed_ns
        self.first = ClosedHalf(first)
        self.second = ClosedHalf(second)

    def receive(self, segment: PacketDecoder, totals: StreamTotals) -> None:
        """Count a late segment."""
        half = self.first if segment.key == self.key else self.second
        half.count(segment, totals)

    def belongs(self, segment: PacketDecoder) -> bool:
        """Whether this SYN, or SYN-ACK, is of this connection; otherwise the ports are being used again."""
        half, peer = self.first, self.second
        if segment.key != self.key:
            half, peer = peer, half
        if half.anchored:
            return (segment.sequence_number + 1) & MASK == half.start
        if not segment.flags & ACK:
            return True
        return not peer.anchored or (segment.acknowledgment_number - peer.start) & MASK <= (peer.end - peer.start) & MASK
