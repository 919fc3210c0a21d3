"""When the first hole of a half is given up: what its receiver acknowledged, and since when.

An observer cannot ask for a byte again. Once the receiver has got the bytes (it acknowledged them), they can come only
because the capture delivers late; bytes that nobody acknowledged may still be sent again.
"""

from __future__ import annotations

UNACKNOWLEDGED_WAIT_NS = 10_000_000_000  # a hole that nobody acknowledged is given up after this
SEGMENTS_AFTER_ACKNOWLEDGMENT = 64  # or, when acknowledged, after so many more segments of its half


class HoleWait:
    """How far the receiver acknowledged, and since when that includes the first hole."""

    __slots__ = ("acknowledged", "gap_wait_ns", "lowest_acknowledged", "since_arrival", "since_ns")

    def __init__(self, gap_wait_ns: int) -> None:
        self.gap_wait_ns = gap_wait_ns  # a hole that was acknowledged is given up after this
        self.acknowledged = -1  # highest position that the receiver acknowledged; -1: none seen
        self.lowest_acknowledged = -1
        self.since_ns = -1  # since when the first hole is acknowledged; -1: it is not
        self.since_arrival = 0

    def acknowledge(self, position: int) -> bool:
        """The receiver expects this position next; true when it has never been so far."""
        if self.lowest_acknowledged < 0 or position < self.lowest_acknowledged:
            self.lowest_acknowledged = position
        if position <= self.acknowledged:
            return False
        self.acknowledged = position
        return True

    def forget(self) -> None:
        """What was acknowledged belongs to no byte of this stream."""
        self.acknowledged = self.lowest_acknowledged = -1

    def start(self, end: int, time_ns: int, arrival: int) -> None:
        """The first hole ends at position `end`: from now on it is acknowledged, if it is and was not before."""
        if self.since_ns < 0 and self.acknowledged >= end:
            self.since_ns = time_ns
            self.since_arrival = arrival

    def restart(self) -> None:
        """The first hole is another one now."""
        self.since_ns = -1

    def is_over(self, hole_ns: int, now_ns: int, arrivals: int) -> bool:
        """Whether the hole, seen at `hole_ns`, will not be filled any more; `arrivals`: segments of its half up to now."""
        if self.since_ns < 0:
            return now_ns - hole_ns >= UNACKNOWLEDGED_WAIT_NS
        return now_ns - self.since_ns >= self.gap_wait_ns or arrivals - self.since_arrival >= SEGMENTS_AFTER_ACKNOWLEDGMENT
