"""Packets of connections that are not chosen yet: the latest ones of each, and the first ones, in which it was opened.

How much of one connection and of all of them is held is bounded. What has to go is counted in its connection, so that a
recording can say what is not in there.
"""

from __future__ import annotations

from collections import deque

from wsobserve.export.recording.connection_redactor import ConnectionRedactor
from wsobserve.export.recording.held_packet import PACKET_COST, HeldPacket

BEGINNING = 6 * 1024  # bytes of the first packets of a connection, with what it costs to keep them
RECENT = 256 * 1024  # of the latest ones
SHARE_OF_BEGINNINGS = 3  # of all that is held, they may be one in so many


class Followed:
    """One connection. `key`: of the direction that was seen first. `dropped`: packets that were held and had to go."""

    __slots__ = (
        "beginning",
        "beginning_bytes",
        "closed_ns",
        "comment",
        "dropped",
        "ended",
        "key",
        "last_ns",
        "opened",
        "packet",
        "passed_over",
        "reason",
        "recent",
        "recent_bytes",
        "redactor",
        "reverse",
        "sequence_number",
        "started_ns",
    )

    def __init__(self, key: bytes, reverse: bytes, started_ns: int, opened: bool, sequence_number: int, packet: int) -> None:
        self.key = key
        self.reverse = reverse
        self.started_ns = started_ns
        self.last_ns = started_ns
        self.opened = opened  # its first packet was a SYN
        self.sequence_number = sequence_number  # of the first packet
        self.packet = packet  # its number in the capture
        self.passed_over = False  # nothing of it will be recorded
        self.reason = ""  # why it is recorded; as long as it is not: empty
        self.comment = ""  # for the file, with the next packet of it
        self.redactor: ConnectionRedactor | None = None
        self.ended = 0  # directions that have sent a FIN, as bits; 3 too when there was a RST
        self.closed_ns = -1
        self.beginning: list[HeldPacket] = []
        self.beginning_bytes = 0
        self.recent: deque[HeldPacket] | None = None
        self.recent_bytes = 0
        self.dropped = 0


class LookBack:
    """What is held of all connections, at most `limit` bytes. `dropped` counts the packets that had to go."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.dropped = 0
        self.packets = 0
        self.bytes = 0  # of beginnings and recent packets
        self._beginning_bytes = 0
        self._beginnings: dict[Followed, None] = {}  # those that have one, the oldest first
        self._recent: dict[Followed, None] = {}  # those that have recent packets, in the order in which they began to

    def hold(self, followed: Followed, packet: HeldPacket) -> None:
        """One more packet of a connection."""
        size = len(packet.data) + PACKET_COST
        self.packets += 1
        self.bytes += size
        if followed.recent is None and not followed.dropped and followed.beginning_bytes + size <= BEGINNING:
            if not followed.beginning:
                self._beginnings[followed] = None
            followed.beginning.append(packet)
            followed.beginning_bytes += size
            self._beginning_bytes += size
            if self._beginning_bytes * SHARE_OF_BEGINNINGS > self.limit:
                self._drop_beginning(next(iter(self._beginnings)))
        else:
            if followed.recent is None:
                followed.recent = deque()
                self._recent[followed] = None
            followed.recent.append(packet)
            followed.recent_bytes += size
            if followed.recent_bytes > RECENT:
                self._drop_recent(followed, RECENT)
        if self.bytes > self.limit:
            self._make_room()

    def take(self, followed: Followed) -> tuple[list[HeldPacket], list[HeldPacket]]:
        """The first packets of a connection and the latest ones; between the two, or in front, are those dropped."""
        beginning, recent = followed.beginning, list(followed.recent or ())
        followed.beginning = []
        followed.recent = None
        self.packets -= len(beginning) + len(recent)
        self.bytes -= followed.beginning_bytes + followed.recent_bytes
        self._beginning_bytes -= followed.beginning_bytes
        followed.beginning_bytes = followed.recent_bytes = 0
        self._beginnings.pop(followed, None)
        self._recent.pop(followed, None)
        return beginning, recent

    def shrink(self, limit: int) -> None:
        """From now on at most so many bytes."""
        self.limit = limit
        while self._beginnings and self._beginning_bytes * SHARE_OF_BEGINNINGS > limit:
            self._drop_beginning(next(iter(self._beginnings)))
        self._make_room()

    def _make_room(self) -> None:
        """The connection whose packets are held for longest gives half of them, and is the last one the next time."""
        while self.bytes > self.limit and self._recent:
            followed = next(iter(self._recent))
            self._drop_recent(followed, followed.recent_bytes // 2)
            del self._recent[followed]
            if followed.recent:
                self._recent[followed] = None
            else:
                followed.recent = None

    def _drop_recent(self, followed: Followed, limit: int) -> None:
        recent = followed.recent
        while recent and followed.recent_bytes > limit:
            packet = recent.popleft()
            size = len(packet.data) + PACKET_COST
            followed.recent_bytes -= size
            self.bytes -= size
            self._count(followed, 1)

    def _drop_beginning(self, followed: Followed) -> None:
        self._count(followed, len(followed.beginning))
        self.bytes -= followed.beginning_bytes
        self._beginning_bytes -= followed.beginning_bytes
        followed.beginning = []
        followed.beginning_bytes = 0
        del self._beginnings[followed]

    def _count(self, followed: Followed, packets: int) -> None:
        followed.dropped += packets
        self.dropped += packets
        self.packets -= packets
