"""Segments too far from their stream to belong to it: foreign or wrong ones, or the stream went on while nothing was captured.

RFC 7323, 2.3: no window is larger than 2**30 bytes, so one segment beyond it proves nothing. Several that continue each
other, of which the receiver has acknowledged something, prove that both sides are there.
"""

from __future__ import annotations

MASK = (1 << 32) - 1
SEGMENTS_THAT_AGREE = 4


class Jump:
    """The place far away that the latest segments speak of, and how many in a row have continued each other."""

    __slots__ = ("acknowledged", "arrival", "following", "segments", "started")

    def __init__(self) -> None:
        self.segments = 0
        self.arrival = 0  # of the latest of them
        self.started = 0  # sequence number of the first of them
        self.following = 0  # sequence number behind the latest of them
        self.acknowledged = False

    def acknowledge(self, acknowledgment_number: int) -> None:
        """The receiver expects this byte next, far from the stream as well."""
        length = (self.following - self.started) & MASK
        if self.segments and 0 < (acknowledgment_number - self.started) & MASK <= length:
            self.acknowledged = True

    def receive(self, sequence_number: int, length: int, arrival: int) -> bool:
        """Take segment number `arrival` of its half; true when it continues several others and the receiver agrees."""
        if self.segments == 0 or sequence_number != self.following or arrival != self.arrival + 1:
            self.segments = 0
            self.started = sequence_number
            self.acknowledged = False
        proved = self.acknowledged and self.segments >= SEGMENTS_THAT_AGREE
        self.segments += 1
        self.arrival = arrival
        self.following = (sequence_number + length) & MASK
        return proved
