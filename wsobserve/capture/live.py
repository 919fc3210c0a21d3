"""Packets of a live Linux interface as an iterator, for whoever watches in one process: one ring, taken from and asked.

Every packet is accounted for: at the end of a capture `seen == delivered + dropped`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import TracebackType

from wsobserve.capture.filter import NOTHING, Ports, packet_filter
from wsobserve.capture.ring import RING_BYTES, open_rings
from wsobserve.records import CaptureLoss, PacketBatch

TICK = 0.1  # seconds: the caller hears of us at least this often
STATISTICS_INTERVAL = 1.0  # seconds
END = 2.0  # seconds, at most, for what is on its way when a capture ends


class LiveSource:
    """The packets of `interface` (`any`: of all), from and to TCP `ports` (none: everything), cut at `snap_length` bytes.

    A context manager. Opening raises CaptureError, with what helps, and ValueError for ports that are none.
    `delivered` packets were given out, `dropped` were lost because the kernel's ring was full, `seen` are both.
    """

    def __init__(self, interface: str, ports: Ports = (), snap_length: int = 262_144, *, ring_bytes: int = RING_BYTES) -> None:
        self.seen = 0
        self.dropped = 0
        (self._ring,) = open_rings([interface], packet_filter(ports), ring_bytes=ring_bytes, snap_length=snap_length)

    @property
    def delivered(self) -> int:
        """How many packets were given out."""
        return self._ring.taken

    def __enter__(self) -> LiveSource:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the capture; a second time does nothing."""
        self._ring.close()

    def batches(self, stop: Callable[[], bool]) -> Iterator[PacketBatch | CaptureLoss | None]:
        """Batches as they come, at least one each 100 ms while there are packets, and what the kernel dropped.

        None when 100 ms went by without a packet, so that the caller's own clock goes on. Once `stop()` is true,
        what was captured until then is given out, and the iterator ends. Raises CaptureError when the interface is gone.
        """
        statistics_at = time.monotonic() + STATISTICS_INTERVAL
        while not stop():
            yield self._ring.take(TICK)
            if time.monotonic() >= statistics_at:
                statistics_at += STATISTICS_INTERVAL
                yield from self._losses()
        self._ring.set_filter(NOTHING)
        deadline = time.monotonic() + END
        while True:
            yield from self._losses()
            if self.seen == self.dropped + self.delivered or time.monotonic() >= deadline:
                return
            batch = self._ring.take(TICK)
            if batch is not None:
                yield batch

    def _losses(self) -> Iterator[CaptureLoss]:
        """What the kernel dropped since we last asked."""
        counts = self._ring.statistics()
        self.seen += counts.seen
        self.dropped += counts.dropped
        if counts.dropped:
            yield CaptureLoss(source=self._ring.source, reason="kernel_dropped", packets=counts.dropped, time_ns=time.time_ns())
