"""A ring and the process that has it now, as the parent sees them."""

from __future__ import annotations

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


class Worker:
    """One capture worker, as the parent sees it: a ring, and the process that has it now."""

    def __init__(self, number: int, ring: Ring) -> None:
        self.number = number
        self.ring = ring
        self.child: Child | None = None
        self.restarts = -1
        self.began_s = 0.0
        self.heard_s = 0.0
        self.heard_ns = 0
        self.told = 0  # packets that the last report accounts for, and those that are counted as lost
        self.seen = 0  # by the kernel
        self.dropped = 0
        self.pause_s = 0.0
        self.not_before_s = 0.0

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
