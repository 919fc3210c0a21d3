"""The blocks of a pcapng file, as draft-ietf-opsawg-pcapng writes them: what they hold in, their bytes out.

Everything is little-endian, times are nanoseconds. Nothing in here opens a file.
"""

from __future__ import annotations

import struct

SECTION_HEADER = 0x0A0D0D0A
INTERFACE_DESCRIPTION = 1
INTERFACE_STATISTICS = 5
ENHANCED_PACKET = 6

MAGIC = 0x1A2B3C4D
LENGTH_UNKNOWN = 0xFFFF_FFFF_FFFF_FFFF  # of a section
NANOSECONDS = b"\x09"  # if_tsresol: a power of ten
MOST_TEXT = 1_024  # bytes of one option
LATEST_NS = 2**64 - 1

# Options: any block's end and comment, those of a section header, an interface description, interface statistics.
END, COMMENT = 0, 1
HARDWARE, SYSTEM, APPLICATION = 2, 3, 4
INTERFACE_NAME, TIME_RESOLUTION = 2, 9
STARTED, ENDED, INTERFACE_DROPPED, SYSTEM_DROPPED = 2, 3, 5, 7

_PACKET = struct.Struct("<IIIIIII")
_OPTION = struct.Struct("<HH")
_PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")  # by the length modulo 4


def section(hardware: str, system: str, application: str, comment: str = "") -> bytes:
    """The header of a section whose length is not known in advance."""
    options = text_option(HARDWARE, hardware) + text_option(SYSTEM, system) + text_option(APPLICATION, application)
    return _block(SECTION_HEADER, struct.pack("<IHHQ", MAGIC, 1, 0, LENGTH_UNKNOWN), options + text_option(COMMENT, comment))


def interface(link_type: int, name: str, snap_length: int = 0) -> bytes:
    """The description of an interface; the first one of a section has number 0. `snap_length` 0: no limit."""
    options = text_option(INTERFACE_NAME, name) + _option(TIME_RESOLUTION, NANOSECONDS)
    return _block(INTERFACE_DESCRIPTION, struct.pack("<HHI", link_type, 0, snap_length), options)


def packet(number: int, time_ns: int, data: bytes, original_length: int, comment: str = "") -> bytes:
    """One packet, captured on interface `number`. A time before 1970 cannot be written: it becomes 1970."""
    time_ns = min(max(time_ns, 0), LATEST_NS)
    captured = len(data)
    padding = _PADDING[captured & 3]
    options = text_option(COMMENT, comment) + _OPTION.pack(END, 0) if comment else b""
    length = 32 + captured + len(padding) + len(options)
    header = _PACKET.pack(ENHANCED_PACKET, length, number, time_ns >> 32, time_ns & 0xFFFF_FFFF, captured, original_length)
    return b"".join((header, data, padding, options, length.to_bytes(4, "little")))


def statistics(number: int, time_ns: int, started_ns: int, interface_dropped: int, system_dropped: int) -> bytes:
    """What interface `number` has dropped between `started_ns` and `time_ns`."""
    time_ns, started_ns = (min(max(each, 0), LATEST_NS) for each in (time_ns, started_ns))
    halves = time_ns >> 32, time_ns & 0xFFFF_FFFF
    options = (
        _option(STARTED, struct.pack("<II", started_ns >> 32, started_ns & 0xFFFF_FFFF))
        + _option(ENDED, struct.pack("<II", *halves))
        + _option(INTERFACE_DROPPED, struct.pack("<Q", interface_dropped))
        + _option(SYSTEM_DROPPED, struct.pack("<Q", system_dropped))
    )
    return _block(INTERFACE_STATISTICS, struct.pack("<III", number, *halves), options)


def text_option(code: int, text: str) -> bytes:
    """An option of UTF-8 text, shortened to MOST_TEXT bytes; nothing when there is no text."""
    if not text:
        return b""
    return _option(code, text.encode("utf-8", "replace")[:MOST_TEXT].decode("utf-8", "ignore").encode())


def _option(code: int, value: bytes) -> bytes:
    return _OPTION.pack(code, len(value)) + value + _PADDING[len(value) & 3]


def _block(block_type: int, body: bytes, options: bytes) -> bytes:
    options += _OPTION.pack(END, 0) if options else b""
    length = 12 + len(body) + len(options)
    return struct.pack("<II", block_type, length) + body + options + struct.pack("<I", length)
