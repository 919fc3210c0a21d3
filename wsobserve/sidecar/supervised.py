"""A ring and the process that has it now, as the parent sees them."""

from __future__ import annotations

import time
from typing import Protocol

from wsobserve.capture.ring import RingStatistics
from wsobserve.records import PacketBatch
from wsobserve.sidecar.child import Child
from wsobserve.sidecar.memory import anonymous_bytes
from wsobserve.sidecar.status import WorkerStatus


class Ring(Protocol):
    """What the parent and its workers need of a ring; see `capture.ring`."""

    source: str

    @property
    def taken(self) -> int: ...
    def take(self, timeout_s: float) -> PacketBatch | None: ...
    def statistics(self) -> RingStatistics: ...
    def set_filter(self, program: bytes) -> None: ...
    def resume(self) -> None: ...
    def waiting(self) -> int: ...
    def close(self) -> None: ...


RECENT_S = 5.0  # a process that lived shorter is replaced only after a pause...
LONGEST_PAUSE_S = 30.0  # ... that doubles up to this


class Pause:
    """Between the end of a process and the next one in its place."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._began_s = 0.0
        self._over_s = 0.0

    def began(self) -> None:
        """A process has begun."""
        self._began_s = time.monotonic()

    def ended(self) -> None:
        """It has ended."""
        now = time.monotonic()
        self.seconds = 0.0 if now - self._began_s > RECENT_S else min(max(2 * self.seconds, 0.5), LONGEST_PAUSE_S)
        self._over_s = now + self.seconds

    def is_over(self) -> bool:
        """Whether the next one may begin."""
        return time.monotonic() >= self._over_s


class Worker:
    """One capture worker, as the parent sees it: a ring, and the process that has it now."""

    def __init__(self, number: int, ring: Ring) -> None:
        self.number = number
        self.ring = ring
        self.child: Child | None = None
        self.restarts = -1
        self.heard_s = 0.0
        self.heard_ns = 0
        self.told = 0  # packets that the last report accounts for, and those that are counted as lost
        self.seen = 0  # by the kernel
        self.dropped = 0
        self.pause = Pause()

    def status(self) -> WorkerStatus:
        process = None if self.child is None else self.child.process
        return WorkerStatus(
            number=self.number,
            process=process,
            restarts=max(self.restarts, 0),
            packets=self.told,
            memory_bytes=0 if process is None else anonymous_bytes(process),
            heard_ns=self.heard_ns,
        )
