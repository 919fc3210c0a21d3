"""A connection that was asked for and of which nothing else is known. A scan or a flood consists of them.

In: a SYN, then the SYN again, the SYN that answers it, or the RST that refuses it. Everything else makes it a whole
`TcpConnection`; until then no record tells of it, and when it ends it is counted and nothing more. Each is kept small.
"""

from __future__ import annotations

from wsobserve.transport.packet import PacketDecoder

MASK = (1 << 32) - 1
SYN = 0x02
RST = 0x04
ACK = 0x10
FLAGS = 0x01 | SYN | RST | ACK | 0x20  # with FIN and URG: each says more than that a connection begins

UNANSWERED = 0
ANSWERED = 1
REFUSED = 2


# 100,000 of them take 18 MB with their table (compiled); as whole connections they would take 150.
class HalfOpen:
    """What the SYN said, and when; the same of its answer. `answer`: UNANSWERED, ANSWERED (SYN) or REFUSED (RST)."""

    __slots__ = (
        "answer",
        "answer_ns",
        "answer_packet",
        "answer_sequence_number",
        "answer_window",
        "key",
        "packet",
        "repeated",
        "sequence_number",
        "time_ns",
        "window",
    )

    def __init__(self, segment: PacketDecoder, time_ns: int, packet: int) -> None:
        self.key = segment.key
        self.sequence_number = segment.sequence_number
        self.window = segment.window
        self.time_ns = time_ns
        self.packet = packet
        self.repeated = False  # the SYN came again before its answer: which of them was answered is not known
        self.answer = UNANSWERED
        self.answer_sequence_number = 0
        self.answer_window = 0
        self.answer_ns = 0
        self.answer_packet = 0

    def receive(self, segment: PacketDecoder, time_ns: int, packet: int) -> bool:
        """Take a segment of this connection; false, and nothing is changed, when it makes it more than half open."""
        flags = segment.flags & FLAGS
        if segment.payload_length:
            return False
        if segment.key == self.key:
            if flags != SYN or segment.sequence_number != self.sequence_number:
                return False
            self.repeated = self.repeated or self.answer != ANSWERED
            return True
        if segment.acknowledgment_number != (self.sequence_number + 1) & MASK:
            return False
        if self.answer == ANSWERED:
            return flags == SYN | ACK and segment.sequence_number == self.answer_sequence_number
        if flags == SYN | ACK:
            self._answered(ANSWERED, segment, time_ns, packet)
        elif flags != RST | ACK:
            return False
        elif self.answer == UNANSWERED:
            self._answered(REFUSED, segment, time_ns, packet)
        return True

    def _answered(self, answer: int, segment: PacketDecoder, time_ns: int, packet: int) -> None:
        self.answer = answer
        self.answer_sequence_number = segment.sequence_number
        self.answer_window = segment.window
        self.answer_ns = time_ns
        self.answer_packet = packet

    def belongs(self, segment: PacketDecoder) -> bool:
        """Whether this SYN, or SYN-ACK, is of this connection; otherwise the ports are being used again."""
        if segment.key == self.key:
            return segment.sequence_number == self.sequence_number
        if self.answer == ANSWERED:
            return segment.sequence_number == self.answer_sequence_number
        return not segment.flags & ACK or segment.acknowledgment_number == (self.sequence_number + 1) & MASK


def only_opens(segment: PacketDecoder) -> bool:
    """Whether a connection that begins with this segment is half open: a SYN, nothing acknowledged, no payload."""
    return segment.flags & FLAGS == SYN and segment.payload_length == 0
