"""A connection of which one SYN is all that was seen. A scan or a flood consists of them, so each is kept small.

In: a SYN. It becomes a `TcpConnection` with the next packet of either direction, or when it is given up.
"""

from __future__ import annotations

from wsobserve.transport.packet import PacketDecoder

SYN = 0x02
OTHER_FLAGS = 0x01 | 0x04 | 0x10 | 0x20  # FIN, RST, ACK, URG: each says more than that a connection begins


# 100,000 of them take 38 MB with their table (compiled); as pairs of halves with their buffers they took 232.
class HalfOpen:
    """What the SYN said, and when."""

    __slots__ = ("key", "packet", "sequence_number", "time_ns", "window")

    def __init__(self, segment: PacketDecoder, time_ns: int, packet: int) -> None:
        self.key = segment.key
        self.sequence_number = segment.sequence_number
        self.window = segment.window
        self.time_ns = time_ns
        self.packet = packet


def only_opens(segment: PacketDecoder) -> bool:
    """Whether a connection that begins with this segment is half open: a SYN, nothing acknowledged, no payload."""
    return segment.flags & (SYN | OTHER_FLAGS) == SYN and segment.payload_length == 0
