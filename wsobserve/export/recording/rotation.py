"""Blocks in, files of a directory out: a new one when the old one is large or old enough, the oldest go.

A file is written as `NAME.part` and gets its name when it is closed. Only whole blocks are written, so that the part file of a
process that was killed can be read. When the directory does not take it, that is counted, and tried again later, with
pauses that grow; nothing is raised behind `__init__`.
"""

from __future__ import annotations

import errno
import fcntl
import os
import platform
import time
from collections.abc import Callable

from wsobserve import __version__
from wsobserve.config import SECOND_NS
from wsobserve.export.error import ExportError
from wsobserve.export.recording import pcapng_writer
from wsobserve.export.recording.counts import RecordingCounts
from wsobserve.export.recording.file_names import PART, file_name, finish_left_over, remove_oldest
from wsobserve.export.recording.settings import RecordingSettings

BUFFER = 256 * 1024  # bytes that wait to be written
FIRST_PAUSE_NS, LONGEST_PAUSE_NS = SECOND_NS, 60 * SECOND_NS
MOST_NAMES = 1_000  # tries for a name that is not taken


class RotatingFiles:
    """The files of one worker. `counts` is told what happens. `clock`: nanoseconds since 1970, for names and ages."""

    def __init__(
        self,
        settings: RecordingSettings,
        worker: int,
        comment: str,
        counts: RecordingCounts,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        if settings.directory is None:
            raise ValueError("no directory to record into")
        self._directory = settings.directory
        self._settings = settings
        self._worker = worker
        self._comment = comment
        self._counts = counts
        self._clock = clock
        self._descriptor = -1
        self._path = ""
        self._began_ns = 0
        self._written = 0  # bytes of the file, all of them whole blocks
        self._written_packets = 0
        self._waiting = bytearray()  # whole blocks to be written
        self.waiting_packets = 0  # in there
        self._interfaces: dict[tuple[int, str], int] = {}  # (link type, name) -> number in this file
        self._dropped: dict[str, list[int]] = {}  # interface name -> [by itself, by the system] since the file was begun
        self._number = 0
        self._retry_ns = 0  # not before
        self._pause_ns = FIRST_PAUSE_NS
        try:
            finish_left_over(self._directory, worker)
        except OSError as error:
            self._failed(error)
            self._retry_ns = 0

    @property
    def waiting_bytes(self) -> int:
        """Bytes that have not been written yet."""
        return len(self._waiting)

    def packet(self, link_type: int, name: str, time_ns: int, data: bytes, original_length: int, comment: str) -> bool:
        """One packet; false when it cannot be written. True may still be followed by a failure, which is counted."""
        if self._descriptor < 0 and not self._begin():
            return False
        number = self._interface(link_type, name)
        self._waiting += pcapng_writer.packet(number, time_ns, data, original_length, comment)
        self.waiting_packets += 1
        size = self._written + len(self._waiting)
        if size >= self._settings.file_bytes:
            self._end()
        elif len(self._waiting) >= BUFFER:
            self._flush()
        return True

    def lost(self, name: str, by_interface: int, by_system: int) -> None:
        """The interface has dropped so many packets more. Told in the file that is open, if there is one."""
        if self._descriptor >= 0:
            dropped = self._dropped.setdefault(name, [0, 0])
            dropped[0] += by_interface
            dropped[1] += by_system

    def tick(self) -> None:
        """Write what waits; close the file when it is old enough."""
        if self._descriptor < 0:
            return
        age_ns = self._clock() - self._began_ns
        if not 0 <= age_ns < self._settings.file_seconds * SECOND_NS:
            self._end()
        else:
            self._flush()

    def close(self) -> None:
        """Close the file, if there is one. A packet that comes later would begin another."""
        if self._descriptor >= 0:
            self._end()

    def _begin(self) -> bool:
        now_ns = self._clock()
        if now_ns < self._retry_ns and self._retry_ns - now_ns <= LONGEST_PAUSE_NS:
            return False
        try:
            self._counts.files_removed += remove_oldest(self._directory, max(self._settings.files - 1, 0))
            self._descriptor, self._path = self._create(now_ns)
        except OSError as error:
            self._failed(error)
            return False
        self._began_ns = now_ns
        self._written = self._written_packets = 0
        self._interfaces = {}
        self._dropped = {}
        self._waiting[:] = pcapng_writer.section(
            platform.machine(), f"{platform.system()} {platform.release()}", f"wsobserve {__version__}", self._comment
        )
        self._counts.files += 1
        return True

    def _create(self, now_ns: int) -> tuple[int, str]:
        """A file that is only ours to read, locked, under a name that nobody has. Raises OSError."""
        for _ in range(MOST_NAMES):
            self._number += 1
            path = os.path.join(self._directory, file_name(self._worker, now_ns, self._number))
            if os.path.lexists(path):
                continue
            try:
                descriptor = os.open(path + PART, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            except FileExistsError:
                continue
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                pass  # not every file system can; it only tells a second process of our number that this one lives
            return descriptor, path
        raise FileExistsError("no name is free")

    def _interface(self, link_type: int, name: str) -> int:
        number = self._interfaces.get((link_type, name))
        if number is None:
            number = self._interfaces[link_type, name] = len(self._interfaces)
            self._waiting += pcapng_writer.interface(link_type, name)
        return number

    def _flush(self) -> bool:
        """Write what waits, all of it or nothing; false: nothing, and the file has been given up."""
        waiting = memoryview(bytes(self._waiting))
        packets = self.waiting_packets
        self._waiting.clear()
        self.waiting_packets = 0
        written = 0
        try:
            if not os.fstat(self._descriptor).st_nlink:
                raise FileNotFoundError(errno.ENOENT, "the file that is being written was removed")
            while written < len(waiting):
                written += os.write(self._descriptor, waiting[written:])
        except OSError as error:
            self._failed(error)
            self._give_up(packets)
            return False
        self._written += written
        self._written_packets += packets
        self._counts.packets += packets
        self._counts.bytes += written
        self._pause_ns = FIRST_PAUSE_NS
        return True

    def _give_up(self, packets: int) -> None:
        """The file ends behind its last whole block, and gets its name if it is still there."""
        try:
            if not os.fstat(self._descriptor).st_nlink:  # what was written is gone too
                packets += self._written_packets
                self._counts.packets -= self._written_packets
                self._counts.bytes -= self._written
            os.ftruncate(self._descriptor, self._written)
            if self._written:
                os.rename(self._path + PART, self._path)
            else:
                os.unlink(self._path + PART)
        except OSError:
            pass  # told already; left over, it is looked after at the next start
        self._counts.left_out["disk"] = self._counts.left_out.get("disk", 0) + packets
        self._release()

    def _end(self) -> None:
        now_ns = self._clock()
        for (_, name), number in self._interfaces.items():
            # Of an interface that is described twice, once for each link type, the first one tells.
            dropped = self._dropped.pop(name, [0, 0])
            self._waiting += pcapng_writer.statistics(number, now_ns, self._began_ns, *dropped)
        if not self._flush():
            return
        try:
            os.rename(self._path + PART, self._path)
        except OSError as error:
            self._failed(error)
        self._release()

    def _release(self) -> None:
        try:
            os.close(self._descriptor)
        except OSError as error:  # a file system may tell only now
            self._failed(error)
        self._descriptor = -1

    def _failed(self, error: OSError) -> None:
        self._counts.failures += 1
        self._counts.last_error = f"{self._directory}: {error.strerror or error}"
        self._retry_ns = self._clock() + self._pause_ns
        self._pause_ns = min(2 * self._pause_ns, LONGEST_PAUSE_NS)


def check_directory(path: str) -> None:
    """Raises ExportError when files cannot be made in there, as far as can be told without making one."""
    if not os.path.isdir(path):
        raise ExportError(f"{path}: no directory to record into; make it, and let this user write into it")
    if not os.access(path, os.W_OK | os.X_OK):
        raise ExportError(f"{path}: cannot record into it: not writable for this user, or a read-only file system")
