"""The files of a recording in their directory: which are ours, in which order they were begun, and which have to go."""

from __future__ import annotations

import fcntl
import os
import re
import struct
from datetime import UTC, datetime
from typing import NamedTuple

PART = ".part"  # of a file that is being written
NAME = re.compile(r"wsobserve-([0-9]{1,6})-([0-9]{8}T[0-9]{6}Z)-([0-9]{1,9})\.pcapng(\.part)?")
SECOND_NS = 1_000_000_000


class RecordingFile(NamedTuple):
    """A file of ours, whoever of us wrote it. Sorted, the oldest comes first."""

    began: str  # UTC, `20261128T120000Z`
    number: int
    worker: int
    name: str

    @property
    def is_part(self) -> bool:
        """Whether it is being written, or was when its process died."""
        return self.name.endswith(PART)


def file_name(worker: int, time_ns: int, number: int) -> str:
    """The name of a file that is begun at `time_ns`."""
    began = datetime.fromtimestamp(time_ns // SECOND_NS, UTC)
    return f"wsobserve-{worker}-{began:%Y%m%dT%H%M%SZ}-{number}.pcapng"


def recording_files(directory: str) -> list[RecordingFile]:
    """All files of ours in there, the oldest first; other files are not looked at. Raises OSError."""
    found = []
    for name in os.listdir(directory):
        match = NAME.fullmatch(name)
        if match is not None:
            found.append(RecordingFile(match[2], int(match[3]), int(match[1]), name))
    return sorted(found)


def finish_left_over(directory: str, worker: int) -> None:
    """Give the files that a process of this number left behind when it died their names. Raises OSError.

    One that is locked is being written. Half a block at the end is cut off.
    """
    for file in recording_files(directory):
        if not file.is_part or file.worker != worker:
            continue
        path = os.path.join(directory, file.name)
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, whole_length(descriptor))
            os.rename(path, path.removesuffix(PART))
        except BlockingIOError:
            pass
        finally:
            os.close(descriptor)


def whole_length(descriptor: int) -> int:
    """Where the last whole block of a pcapng file of ours ends."""
    length = os.fstat(descriptor).st_size
    position = 0
    while True:
        head = os.pread(descriptor, 8, position)
        if len(head) < 8:
            return position
        (block_length,) = struct.unpack_from("<I", head, 4)
        end = position + block_length
        if block_length < 12 or end > length or os.pread(descriptor, 4, end - 4) != head[4:]:
            return position
        position = end


def remove_oldest(directory: str, most: int) -> int:
    """Delete finished files until there are `most`, those being written included; how many went. Raises OSError."""
    files = recording_files(directory)
    surplus = len(files) - most
    removed = 0
    for file in files:
        if removed >= surplus:
            break
        if not file.is_part:
            try:
                os.unlink(os.path.join(directory, file.name))
            except FileNotFoundError:
                pass  # another worker was faster
            removed += 1
    return removed
