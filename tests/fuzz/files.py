"""Capture files: the input is the file, read by the real reader from memory; or it is put into a container first.

The first byte chooses: the file as it is, or compressed in two members and then damaged. A file cut anywhere must give
the packets that lie before the cut, and a compressed one the same as a plain one.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from collections.abc import Callable

import zstandard

from wsobserve.capture.error import CaptureError
from wsobserve.capture.files import read_captures
from wsobserve.records import CaptureLoss

MOST_PACKETS = 20_000  # a few bytes of a compressed file may hold millions, of no length
LONGEST_BATCH = 1 << 20
COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ\x00")  # nobody looks for one of them in another
CONTAINERS: list[Callable[[bytes], bytes]] = [
    lambda data: gzip.compress(data, 1, mtime=0),
    zstandard.ZstdCompressor(level=1).compress,
    lambda data: bz2.compress(data, 1),
    lambda data: lzma.compress(data, preset=0),
]
Told = tuple[list[tuple[int, int, int, bytes]], list[str]]  # packets; losses and errors


class MemoryFile:
    """A file that is no longer than its contents and lies on no disk."""

    def __init__(self) -> None:
        self._descriptor = os.memfd_create("capture")
        self.path = f"/proc/self/fd/{self._descriptor}"

    def write(self, contents: bytes) -> None:
        """Its new contents."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, contents, 0)


_files: list[MemoryFile] = []


def read(contents: bytes) -> Told:
    """What the reader gives out, after all that must hold has been checked."""
    if not _files:
        _files.append(MemoryFile())
    _files[0].write(contents)
    packets: list[tuple[int, int, int, bytes]] = []
    said: list[str] = []
    progress: list[int] = []
    try:
        for item in read_captures([_files[0].path], progress=lambda done, total: progress.append(done), secrets=[]):
            if isinstance(item, CaptureLoss):
                assert item.packets is None or item.packets > 0
                said.append(f"{item.reason} {item.packets}")
                continue
            assert len(item.buffer) <= LONGEST_BATCH
            assert item.first_packet == len(packets) + 1
            columns = (item.offsets, item.captured_lengths, item.original_lengths, item.times_ns)
            assert {len(column) for column in columns} == {len(item)}
            for offset, captured, original, time_ns in zip(*columns, strict=True):
                assert 0 <= captured <= len(item.buffer) - offset <= len(item.buffer)
                packets.append((item.link_type, original, time_ns, item.buffer[offset : offset + captured]))
            if len(packets) > MOST_PACKETS:
                break
    except CaptureError as error:
        said.append("error" if "\n" not in str(error) else "more than one line")
    assert "more than one line" not in said
    assert progress == sorted(progress)
    assert all(done <= len(contents) for done in progress)
    return packets, said


def tell(data: bytes) -> object:
    """Upper bits of the first byte: where it is cut, in sixteenths."""
    if len(data) < 2:
        return None
    choice, contents = data[0], data[1:]
    whole = read(contents)
    where = len(contents) * (choice >> 4) // 16
    if choice & 1 and where:
        before, _ = read(contents[:where])
        assert before == whole[0][: len(before)]
    if choice & 2 and not contents.startswith(COMPRESSED):
        container = CONTAINERS[choice >> 2 & 3]
        packed = container(contents[:where]) + container(contents[where:]) if where else container(contents)
        assert read(packed)[0] == whole[0]
        if choice & 1:
            read(packed[: len(packed) * (choice >> 4) // 16] + contents[:8])
    return whole
