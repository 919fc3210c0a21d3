"""A ring whose packets come from capture files: what a worker takes is shared with processes forked off, as in a real one."""

from __future__ import annotations

import mmap
import struct
import time
from collections.abc import Sequence

from wsobserve.capture.error import CaptureError
from wsobserve.capture.files import read_captures
from wsobserve.capture.ring import RingStatistics
from wsobserve.records import PacketBatch

STATE = struct.Struct("<QQQ")  # packets taken, batches taken, filter


class FileRing:
    """`lost`: so many packets more, the kernel says, had no room. `gone_after`: batches, then there is nothing to watch."""

    def __init__(self, paths: Sequence[str], *, lost: int = 0, gone_after: int | None = None) -> None:
        self.source = "files"
        self._batches: list[PacketBatch] = [
            part.part(start, min(start + 256, len(part)))
            for part in read_captures(paths)
            if isinstance(part, PacketBatch)
            for start in range(0, len(part), 256)
        ]
        self._lost = lost  # not told yet
        self._gone_after = gone_after
        self._told = 0
        self._shared = mmap.mmap(-1, STATE.size)
        self.filter = b""
        self.resumed = 0

    @property
    def packets(self) -> int:
        return sum(len(batch) for batch in self._batches)

    @property
    def taken(self) -> int:
        taken: int = STATE.unpack_from(self._shared)[0]
        return taken

    def fileno(self) -> int:
        raise NotImplementedError

    def take(self, timeout_s: float) -> PacketBatch | None:
        taken, number, _ = STATE.unpack_from(self._shared)
        if number == self._gone_after:
            raise CaptureError("files: the interface is gone")
        if number >= len(self._batches):
            time.sleep(timeout_s)
            return None
        batch: PacketBatch = self._batches[number]
        STATE.pack_into(self._shared, 0, taken + len(batch), number + 1, 0)
        return batch

    def statistics(self) -> RingStatistics:
        lost, self._lost = self._lost, 0
        captured, self._told = self.packets - self._told, self.packets
        return RingStatistics(captured + lost, lost, 0)

    def set_filter(self, program: bytes) -> None:
        self.filter = program

    def resume(self) -> None:
        self.resumed += 1

    def waiting(self) -> int:
        return sum(len(batch) for batch in self._batches[STATE.unpack_from(self._shared)[1] :])

    def close(self) -> None:
        pass
