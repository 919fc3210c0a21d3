"""Capture files in the order in which their packets were captured, as one stream of batches.

A rotated capture is given as several files, in any order: they are read in time order of their first packet. Where
files overlap in time, their packets are merged by time; within a file the order of the file stands.

Which file fails when: every file is opened and its first packet looked for before anything is given out. A file that is
no capture does not keep the others from being read: all of those are given out first, then CaptureError is raised.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from wsobserve.capture.compression import CaptureBytes
from wsobserve.capture.error import CaptureError
from wsobserve.capture.file_format import BEGINNING, is_pcap, is_pcapng, what_it_is
from wsobserve.capture.pcap import read_pcap
from wsobserve.capture.pcapng import PcapngReader
from wsobserve.records import CaptureLoss, PacketBatch

# Bytes of a batch. All that a batch completes is held at once, inflated: at 1 MiB a capture of compressed messages took
# 130 MB of memory, at 128 KiB 54 MB, in the same time. From 128 KiB on glibc gives each chunk back to the system and asks
# for it again: a million packets took 11,000 page faults and 0.10 s, at 96 KiB 31 and 0.06 s.
CHUNK = 96 * 1024
ALL_CHUNKS = 64 * 1024 * 1024  # bytes of the batches of all files together
SMALLEST_CHUNK = 64 * 1024
_LOOKED_AT = 1000  # losses in front of the first packet: a file of nothing else is read as one without packets
_NEVER = 2**63  # beyond every time

Item = PacketBatch | CaptureLoss
Secrets = list[tuple[int, bytes]]


def read_captures(
    paths: Sequence[str],
    *,
    progress: Callable[[int, int | None], None] | None = None,
    secrets: Secrets | None = None,
) -> Iterator[Item]:
    """The packets of the capture files `paths` (`-`: standard input) in the order of time, and what they lost.

    `progress` is called for each batch with the bytes of the files read so far and their total (None: not known).
    Decryption secrets that lie in pcapng files are appended to `secrets`, as (type, bytes).
    Raises CaptureError, one line, for what cannot be read, after everything that can be has been given out.
    """
    if not paths:
        raise ValueError("no capture file given")
    failures: list[CaptureError] = []
    captures: list[_Capture] = []
    chunk = max(SMALLEST_CHUNK, min(CHUNK, ALL_CHUNKS // len(paths)))
    for path in paths:
        capture = _Capture(path, chunk, secrets)
        try:
            if path == "-" and any(other.path == "-" for other in captures):
                raise CaptureError("standard input: can be read only once")
            capture.look(keep_open=len(paths) == 1)
            captures.append(capture)
        except CaptureError as error:
            capture.close()
            failures.append(error)
    captures.sort(key=lambda capture: capture.first_time_ns)
    total = _sum(capture.total for capture in captures)
    try:
        for item in _merged(captures, failures):
            yield item
            if progress is not None:
                progress(sum(capture.bytes_read for capture in captures), total)
    finally:
        for capture in captures:
            capture.close()
    if failures:
        raise _joined(failures)


class _Capture:
    """One capture file, open or to be opened, and how far it has been given out."""

    def __init__(self, path: str, chunk: int, secrets: Secrets | None) -> None:
        self.path = path
        self.first_time_ns = -_NEVER  # without a packet it is done first
        self.total: int | None = None
        self.batch: PacketBatch | None = None
        self.position = 0  # in batch
        self._chunk = chunk
        self._secrets = secrets
        self._data: CaptureBytes | None = None
        self._items: Iterator[Item] | None = None
        self._bytes_read = 0

    @property
    def bytes_read(self) -> int:
        return self._data.bytes_read if self._data is not None else self._bytes_read

    def look(self, keep_open: bool) -> None:
        """Finds the time of the first packet. A file that can be opened again is closed, for there may be thousands."""
        data = self._data = CaptureBytes(self.path)
        self.total = data.total
        keep_open = keep_open or not data.regular or self.path == "-"
        items = self._reader(data, self._secrets if keep_open else None)
        seen: list[Item] = []
        for item in items:
            seen.append(item)
            if isinstance(item, PacketBatch):
                self.first_time_ns = item.times_ns[0]
                break
            if len(seen) == _LOOKED_AT:
                break
        if keep_open:
            self._items = chain(seen, items)
        else:
            self.close()
            self._bytes_read = 0

    def next_item(self) -> Item | None:
        """The next batch or loss; None at the end. Opens the file when it is not open."""
        if self._items is None:
            self._data = CaptureBytes(self.path)
            self._items = self._reader(self._data, self._secrets)
        return next(self._items, None)

    def close(self) -> None:
        if self._data is not None:
            self._bytes_read = self._data.bytes_read
            self._data.close()
            self._data = None

    def _reader(self, data: CaptureBytes, secrets: Secrets | None) -> Iterator[Item]:
        beginning = data.peek(BEGINNING)
        if is_pcap(beginning):
            return read_pcap(data, self._chunk)
        if is_pcapng(beginning):
            return PcapngReader(data, secrets).batches(self._chunk)
        if not beginning and data.loss is not None:
            raise CaptureError(f"{data.name}: {data.loss[1]}")
        raise CaptureError(f"{data.name}: {what_it_is(beginning, data.compression)}")


def _merged(captures: list[_Capture], failures: list[CaptureError]) -> Iterator[Item]:
    """The items of all captures, by time; of two at the same time the earlier capture's first."""
    heads = [(capture.first_time_ns, index) for index, capture in enumerate(captures)]
    heapq.heapify(heads)
    while heads:
        _, index = heapq.heappop(heads)
        capture = captures[index]
        other_ns, other = heads[0] if heads else (_NEVER, index + 1)
        last_ns = other_ns if index < other else other_ns - 1
        try:
            yield from _run(capture, last_ns)
        except CaptureError as error:  # it was there when we looked, and now it is not
            failures.append(error)
            continue
        if capture.batch is not None:
            heapq.heappush(heads, (capture.batch.times_ns[capture.position], index))


def _run(capture: _Capture, last_ns: int) -> Iterator[Item]:
    """What `capture` holds up to its first packet later than `last_ns`; `capture.batch` is then None at its end."""
    while True:
        batch = capture.batch
        if batch is None:
            item = capture.next_item()
            if not isinstance(item, PacketBatch):
                if item is None:
                    capture.close()
                    return
                yield item
                continue
            capture.batch = batch = item
            capture.position = 0
        start = capture.position
        stop = _end_of_run(batch.times_ns, start, last_ns)
        if stop < len(batch):
            capture.position = stop
            if stop > start:
                yield batch.part(start, stop)
            return
        capture.batch = None
        yield batch.part(start, stop) if start else batch


def _end_of_run(times_ns: array[int], start: int, last_ns: int) -> int:
    """The index of the first packet from `start` on that is later than `last_ns`."""
    length = len(times_ns)
    if last_ns >= _NEVER - 1 or (not start and max(times_ns) <= last_ns):
        return length
    for i in range(start, length):
        if times_ns[i] > last_ns:
            return i
    return length


def _sum(sizes: Iterator[int | None]) -> int | None:
    total = 0
    for size in sizes:
        if size is None:
            return None
        total += size
    return total


def _joined(failures: list[CaptureError]) -> CaptureError:
    """One error, one line, for all that failed."""
    if len(failures) == 1:
        return failures[0]
    more = f"; and {len(failures) - 3} more" if len(failures) > 3 else ""
    return CaptureError("; ".join(str(failure) for failure in failures[:3]) + more)
