"""The bytes of one capture file, or of standard input, out of whatever compression they lie in.

The compression is recognised by content: gzip, zstd, bzip2, xz, each with any number of members one behind the other.
Everything is streamed: no more is decompressed at once than was asked for, so a small file that would inflate to
terabytes costs time, never memory. What can be read before the file ends too early, or is damaged, is read;
then `loss` says what happened.
"""

from __future__ import annotations

import bz2
import errno
import io
import lzma
import os
import stat
import zlib
from typing import Literal, Protocol

import zstandard

from wsobserve.capture.error import CaptureError, name_for_people

READ_LENGTH = 64 * 1024  # compressed bytes read at once
SLICE = 128  # compressed bytes decoded at once: what the last slice gave before an error in it is lost
LONGEST_PIECE = 1024 * 1024  # decompressed bytes
LONG_SLICE = 16 * 1024  # where nothing is lost: see GzipMember and ZstdMember
MEMORY_LIMIT = 128 * 1024 * 1024  # of a decoder's window; xz -9 needs 65 MiB, zstd without --long 8 MiB, with it 128 MiB
LONGEST_MAGIC = 6
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_RLE_BLOCK = 1  # one byte, repeated
_MAGICS = {b"\x1f\x8b": "gzip", _ZSTD_MAGIC: "zstd", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}
_ERRORS = (zlib.error, zstandard.ZstdError, lzma.LZMAError, EOFError, OSError)  # OSError: bz2's word for bad data
_REASONS = {
    errno.ENOENT: "no such file",
    errno.EISDIR: "is a directory",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EBADF: "not open",
}


class Member(Protocol):
    """The decoder of one compressed member, as the standard library's bz2 and lzma have it."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class GzipMember:
    """zlib in the shape of `Member`. Gives every byte in front of an error, then the error."""

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(wbits=31)
        self._error: zlib.error | None = None
        self._full = False

    @property
    def eof(self) -> bool:
        return self._inflater.eof

    @property
    def needs_input(self) -> bool:
        return self._error is None and not self._full and not self._inflater.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inflater.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if self._error is not None:
            raise self._error
        before = self._inflater.copy()
        data = self._inflater.unconsumed_tail + data
        try:
            inflated = self._inflater.decompress(data, max_length)
        except zlib.error as error:
            # What was inflated in front of the error went with it: once more from the state before, byte by byte.
            self._error = error
            return _bytes_before_error(before, data)
        self._full = len(inflated) == max_length
        return inflated


def _bytes_before_error(inflater: zlib._Decompress, data: bytes) -> bytes:
    pieces = []
    try:
        for i in range(len(data)):
            pieces.append(inflater.decompress(data[i : i + 1]))
    except zlib.error:
        pass
    return b"".join(pieces)


class ZstdMember:
    """zstandard in the shape of `Member`, which it gives one block at a time.

    A block holds at most 128 KiB (RFC 8878, 3.1.1.2.4), which bounds a codec that takes no limit; and where a block is
    damaged, all blocks in front of it have been given out.
    """

    def __init__(self) -> None:
        self._frame = zstandard.ZstdDecompressor(max_window_size=MEMORY_LIMIT).decompressobj()
        self._input = b""  # not yet decoded
        self._remaining = 0  # bytes of the header or block that is being decoded
        self._header_seen = False
        self._last_seen = False  # the last block
        self._checksum = 0  # bytes behind it

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def needs_input(self) -> bool:
        return not self._input or not (self._remaining or self._next_length())

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data + self._input

    def decompress(self, data: bytes, max_length: int) -> bytes:
        self._input += data
        if not self._remaining:
            self._remaining = self._next_length()
            if not self._remaining:
                return b""
            self._begin()
        piece, self._input = self._input[: self._remaining], self._input[self._remaining :]
        self._remaining -= len(piece)
        return self._frame.decompress(piece)

    def _begin(self) -> None:
        """Notes what `_input` begins with, before it is given to the codec."""
        if not self._header_seen:
            self._header_seen = True
            self._checksum = self._input[4] & 4 if self._input.startswith(_ZSTD_MAGIC) else 0
        elif not self._last_seen:
            self._last_seen = bool(self._input[0] & 1)
            self._remaining += self._checksum if self._last_seen else 0

    def _next_length(self) -> int:
        """The length of the frame header or block that `_input` begins with; 0: not yet known."""
        start = self._input[:8]
        if not self._header_seen:
            if len(start) < 8:
                return 0
            if not start.startswith(_ZSTD_MAGIC):  # 3.1.2: a skippable frame
                return 8 + int.from_bytes(start[4:8], "little")
            descriptor = start[4]  # 3.1.1.1: magic number, descriptor, window descriptor, dictionary, content size
            single_segment = descriptor >> 5 & 1
            content_size = (single_segment, 2, 4, 8)[descriptor >> 6]
            return 5 + (1 - single_segment) + (0, 1, 2, 4)[descriptor & 3] + content_size
        if self._last_seen:
            return SLICE  # not reached as long as the codec counts as we do
        if len(start) < 3:
            return 0
        header = int.from_bytes(start[:3], "little")  # 3.1.1.2: last block, block type, block size
        return 3 + (1 if header >> 1 & 3 == _ZSTD_RLE_BLOCK else header >> 3)


def _new_member(compression: str) -> Member:
    if compression == "gzip":
        return GzipMember()
    if compression == "zstd":
        return ZstdMember()
    if compression == "bzip2":
        return bz2.BZ2Decompressor()
    return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=MEMORY_LIMIT)


class CaptureBytes:
    """An open capture file as a stream of decompressed bytes.

    `bytes_read` counts bytes of the file itself, `total` is its size (None: not known, a pipe). `compression` is None
    for a file that is not compressed. `loss` is set when the end was not the end: reason and one line for people.
    """

    def __init__(self, path: str) -> None:
        self.source = path
        self.name = name_for_people(path)
        self._file = _open(path, self.name)
        status = os.fstat(self._file.fileno())
        self.regular = stat.S_ISREG(status.st_mode)
        self.total = status.st_size if self.regular else None
        self.bytes_read = 0
        self.loss: tuple[Literal["file_cut", "file_damaged"], str] | None = None
        self._input = b""  # read, not yet decoded
        self._ended = False  # nothing more comes out of read()
        self._between_members = False
        self._peeked = b""
        self.compression: str | None = None
        self._member: Member | None = None
        self._fill_input()
        self.compression = _recognised(self._input)
        if self.compression is not None:
            self._member = _new_member(self.compression)

    def close(self) -> None:
        self._file.close()

    def peek(self, most: int) -> bytes:
        """The bytes that the next read() begins with: at most `most`, at least enough for a magic number."""
        if not self._peeked:
            self._peeked = self.read(LONGEST_MAGIC, most)
        return self._peeked[:most]

    def read(self, least: int, most: int, behind: bytes = b"") -> bytes:
        """`behind`, and then between `least` and `most` bytes of the file: out of compression always `most`.

        At the end they may be fewer. When there are none, neither is `behind`: nothing is returned.
        """
        gathered = io.BytesIO()  # where nothing is held twice, as pieces and joined: a packet may be long
        gathered.write(behind)
        length = gathered.write(self._peeked[:most])
        self._peeked = self._peeked[most:]
        if self._member is not None:
            least = most
        while length < least and not self._ended:
            wanted = min(most - length, LONGEST_PIECE)
            piece = self._read_plain(wanted) if self._member is None else self._decompress(wanted)
            length += gathered.write(piece)
        return gathered.getvalue() if length else b""

    def _read_file(self, length: int) -> bytes:
        try:
            piece = self._file.read(length) or b""
        except OSError as error:
            self.loss = ("file_damaged", f"cannot be read on: {reason(error)}")
            return b""
        self.bytes_read += len(piece)
        return piece

    def _read_plain(self, length: int) -> bytes:
        if self._input:
            piece, self._input = self._input[:length], self._input[length:]
            return piece
        piece = self._read_file(length)
        self._ended = not piece
        return piece

    def _decompress(self, length: int) -> bytes:
        """Some decompressed bytes, at most about `length`; none when more input is needed, and at the end."""
        member = self._member
        assert member is not None
        if member.eof:
            if not self._between_members:
                self._between_members = True
                self._input = member.unused_data + self._input
            self._next_member()
            return b""
        data = b""
        if member.needs_input:
            if not self._input:
                self._input = self._read_file(READ_LENGTH)
            if not self._input:
                self._end("file_cut", f"{self.compression} data end too early")
                return b""
            slice_length = LONG_SLICE if self.compression in ("gzip", "zstd") else SLICE
            data, self._input = self._input[:slice_length], self._input[slice_length:]
        try:
            return member.decompress(data, length)
        except _ERRORS as error:
            too_large = "memory" in str(error).lower()  # the codecs have no other sign of it
            why = f"need more than {MEMORY_LIMIT >> 20} MiB of memory" if too_large else "are damaged"
            self._end("file_damaged", f"{self.compression} data {why}")
            return b""

    def _next_member(self) -> None:
        """Goes on behind the end of a member: with the next one, past padding, or to the end."""
        self._fill_input()
        if not self._input:
            self._ended = True
            return
        padded = len(self._input)
        self._input = self._input.lstrip(b"\0")  # tapes and xz pad with zeros
        if len(self._input) < padded:
            return
        compression = self.compression or ""
        zstd_skippable = compression == "zstd" and self._input[1:4] == b"\x2a\x4d\x18"  # RFC 8878, 3.1.2
        if _recognised(self._input) == compression or zstd_skippable:
            self._member = _new_member(compression)
            self._between_members = False
        elif any(magic.startswith(self._input) and word == compression for magic, word in _MAGICS.items()):
            self._end("file_cut", f"{compression} data end too early")
        else:
            self._end("file_damaged", f"what follows the {compression} data is something else")

    def _fill_input(self) -> None:
        while len(self._input) < LONGEST_MAGIC:
            piece = self._read_file(READ_LENGTH)
            if not piece:
                return
            self._input += piece

    def _end(self, why: Literal["file_cut", "file_damaged"], detail: str) -> None:
        self._ended = True
        if self.loss is None:
            self.loss = (why, detail)


def _recognised(beginning: bytes) -> str | None:
    return next((word for magic, word in _MAGICS.items() if beginning.startswith(magic)), None)


def _open(path: str, name: str) -> io.FileIO:
    try:
        if path != "-":
            return io.FileIO(path)
        if os.isatty(0):
            raise CaptureError(f"{name}: is a terminal; pipe a capture into it")
        return io.FileIO(0, closefd=False)
    except (OSError, ValueError) as error:
        raise CaptureError(f"{name}: {reason(error)}") from None


def reason(error: Exception) -> str:
    """Why the system refused, in the words people know."""
    if isinstance(error, OSError) and error.errno is not None:
        return _REASONS.get(error.errno) or os.strerror(error.errno).lower()
    return str(error)
