"""How long a side of a connection could receive nothing: from the zero windows that it announces (RFC 9293, 3.8.6.1)."""

from __future__ import annotations


class ZeroWindow:
    """In: each window that one side announces, with its time. Out: how long it was zero, all in all."""

    __slots__ = ("since_ns", "total_ns")

    def __init__(self) -> None:
        self.total_ns = 0
        self.since_ns = -1  # -1: it can receive

    def announce(self, window: int, time_ns: int) -> None:
        """The side says how much it can receive."""
        if window and self.since_ns >= 0:
            self.total_ns += max(time_ns - self.since_ns, 0)
            self.since_ns = -1
        elif window == 0 and self.since_ns < 0:
            self.since_ns = time_ns
