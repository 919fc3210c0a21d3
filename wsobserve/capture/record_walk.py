"""The walk over the packet records of a buffer, into the arrays of a batch. Where almost all time of reading goes.

A walk enters the ordinary packets that lie one behind the other, and stops in front of anything else: a record that is
not whole, that cannot be right, that says more than where the packet is, or for which there is no room. What to do then
is not decided in here. So the walk is short, and stands here twice: compiled code reads byte by byte through a view,
interpreted code unpacks whole headers. Both enter the same packets and stop at the same places.
"""

from __future__ import annotations

import struct
from array import array

from wsobserve.capture.interface import Interface
from wsobserve.records import PacketBatch

MAXIMUM_LENGTH = 16 * 1024 * 1024  # of one packet: tcpdump and Wireshark stop at 256 KiB; no link carries such a packet
MAXIMUM_BLOCK = MAXIMUM_LENGTH + 1024 * 1024  # a packet and its options
ROWS = 4096  # packets of a batch

_MAXIMUM_LENGTH = MAXIMUM_LENGTH
_MAXIMUM_BLOCK = MAXIMUM_BLOCK
_ROWS = ROWS
_ENHANCED_PACKET = 6
_ENHANCED_LENGTH = 32  # of an enhanced packet block without packet and options
_OPTION_DROPCOUNT = 4
_RECORD_HEADERS = {False: struct.Struct("<IIII"), True: struct.Struct(">IIII")}
_BLOCK_HEADERS = {False: struct.Struct("<IIIIIII"), True: struct.Struct(">IIIIIII")}
_LENGTHS = {False: struct.Struct("<I"), True: struct.Struct(">I")}
_OPTIONS = {False: struct.Struct("<HH"), True: struct.Struct(">HH")}


def _is_compiled() -> bool:
    return type(_is_compiled).__name__ != "function"


COMPILED = _is_compiled()


class RecordWalk:
    """Where the walks write: the packets of the batch that is being filled, `count` of them, at most ROWS."""

    def __init__(self) -> None:
        self.count = 0
        self._buffer = b""
        self._view = memoryview(b"")
        self._offsets = array("q", bytes(8 * ROWS))
        self._captured_lengths = array("q", bytes(8 * ROWS))
        self._original_lengths = array("q", bytes(8 * ROWS))
        self._times_ns = array("q", bytes(8 * ROWS))
        # The same arrays: as typed memory in compiled code, where making a view takes as long as entering a packet.
        self._offset_rows = self._offsets
        self._captured_rows = self._captured_lengths
        self._original_rows = self._original_lengths
        self._time_rows = self._times_ns

    def begin(self, buffer: bytes) -> None:
        """What is entered from now on lies in `buffer`; what was entered before must have been taken."""
        self._buffer = buffer
        self._view = memoryview(buffer)

    def enter(self, offset: int, captured: int, original: int, time_ns: int) -> None:
        """Enters one packet; there must be room for it."""
        self._offset_rows[self.count] = offset
        self._captured_rows[self.count] = captured
        self._original_rows[self.count] = original
        self._time_rows[self.count] = time_ns
        self.count += 1

    def last_time_ns(self) -> int:
        """The time of the packet entered last; there must be one."""
        return self._time_rows[self.count - 1]

    def take(self, link_type: int, first_packet: int, source: str) -> PacketBatch:
        """What was entered, as a batch; the next one is empty."""
        count = self.count
        self.count = 0
        return PacketBatch(
            self._buffer,
            self._offsets[:count],
            self._captured_lengths[:count],
            self._original_lengths[:count],
            self._times_ns[:count],
            link_type,
            first_packet,
            source,
        )

    def pcap(self, position: int, big_endian: bool, header_length: int, fraction_ns: int) -> int:
        """Enters the pcap records from `position` on; the position behind the last one entered.

        Stops at one that is not whole, is longer than MAXIMUM_LENGTH or consists of zeros.
        """
        if COMPILED:
            return self.pcap_by_bytes(position, big_endian, header_length, fraction_ns)
        return self.pcap_by_headers(position, big_endian, header_length, fraction_ns)

    def enhanced(self, position: int, big_endian: bool, interfaces: list[Interface], link_type: int) -> int:
        """Enters the enhanced packet blocks of pcapng from `position` on; the position behind the last one entered.

        Stops at any other block; at one that is not whole or not well-formed, whose interface is not among `interfaces`
        or has another link type, whose time does not fit, or which counts dropped packets.
        """
        if COMPILED:
            return self.enhanced_by_bytes(position, big_endian, interfaces, link_type)
        return self.enhanced_by_headers(position, big_endian, interfaces, link_type)

    def pcap_by_bytes(self, position: int, big_endian: bool, header_length: int, fraction_ns: int) -> int:
        """`pcap` as compiled code does it."""
        end = len(self._buffer)
        count = self.count
        offsets, captured_lengths = self._offset_rows, self._captured_rows
        original_lengths, times_ns = self._original_rows, self._time_rows
        while position + header_length <= end and count < _ROWS:
            seconds = self._word(position, big_endian)
            fraction = self._word(position + 4, big_endian)
            captured = self._word(position + 8, big_endian)
            original = self._word(position + 12, big_endian)
            start = position + header_length
            if captured > _MAXIMUM_LENGTH or start + captured > end or not (captured or original or seconds):
                break
            offsets[count] = start
            captured_lengths[count] = captured
            original_lengths[count] = original
            times_ns[count] = seconds * 1_000_000_000 + fraction * fraction_ns
            count += 1
            position = start + captured
        self.count = count
        return position

    def pcap_by_headers(self, position: int, big_endian: bool, header_length: int, fraction_ns: int) -> int:
        """`pcap` as interpreted code does it."""
        buffer = self._buffer
        end = len(buffer)
        count = self.count
        offsets, captured_lengths = self._offset_rows, self._captured_rows
        original_lengths, times_ns = self._original_rows, self._time_rows
        unpack = _RECORD_HEADERS[big_endian].unpack_from
        rows = ROWS
        while position + header_length <= end and count < rows:
            seconds, fraction, captured, original = unpack(buffer, position)
            start = position + header_length
            position = start + captured
            if position > end or captured > MAXIMUM_LENGTH or not (captured or original or seconds):
                position = start - header_length
                break
            offsets[count] = start
            captured_lengths[count] = captured
            original_lengths[count] = original
            times_ns[count] = seconds * 1_000_000_000 + fraction * fraction_ns
            count += 1
        self.count = count
        return position

    def enhanced_by_bytes(self, position: int, big_endian: bool, interfaces: list[Interface], link_type: int) -> int:
        """`enhanced` as compiled code does it."""
        end = len(self._buffer)
        count = self.count
        known = len(interfaces)
        current = -1
        offsets, captured_lengths = self._offset_rows, self._captured_rows
        original_lengths, times_ns = self._original_rows, self._time_rows
        while position + _ENHANCED_LENGTH <= end and count < _ROWS:
            length = self._word(position + 4, big_endian)
            if self._word(position, big_endian) != _ENHANCED_PACKET or length & 3 or length < _ENHANCED_LENGTH:
                break
            if length > _MAXIMUM_BLOCK or position + length > end:
                break
            number = self._word(position + 8, big_endian)
            high = self._word(position + 12, big_endian)
            units = high << 32 | self._word(position + 16, big_endian)
            captured = self._word(position + 20, big_endian)
            padded = captured + 3 & ~3
            if padded > length - _ENHANCED_LENGTH or self._word(position + length - 4, big_endian) != length:
                break
            if number != current:
                if number >= known:
                    break
                current = number
                interface = interfaces[number]
            if interface.link_type != link_type or high >> 30 or units >= interface.exact_units:
                break
            start = position + 28
            if start + padded + 8 <= position + length and self._says_dropped(
                start + padded, position + length - 4, big_endian
            ):
                break
            offsets[count] = start
            captured_lengths[count] = captured
            original_lengths[count] = self._word(position + 24, big_endian)
            units *= interface.exact_ns
            if interface.exact_per != 1:
                units //= interface.exact_per
            times_ns[count] = units + interface.exact_offset_ns
            count += 1
            position += length
        self.count = count
        return position

    def _word(self, position: int, big_endian: bool) -> int:
        """The unsigned 32-bit number at `position`."""
        if big_endian:
            value = self._view[position]
            value = value << 8 | self._view[position + 1]
            value = value << 8 | self._view[position + 2]
            return value << 8 | self._view[position + 3]
        value = self._view[position + 3]
        value = value << 8 | self._view[position + 2]
        value = value << 8 | self._view[position + 1]
        return value << 8 | self._view[position]

    def _says_dropped(self, position: int, end: int, big_endian: bool) -> bool:
        """Whether the options from `position` on count dropped packets; a list that is not well-formed ends early."""
        while position + 4 <= end:
            both = self._word(position, big_endian)
            code = both >> 16 if big_endian else both & 0xFFFF
            length = both & 0xFFFF if big_endian else both >> 16
            if not code or position + 4 + length > end:
                return False
            if code == _OPTION_DROPCOUNT:
                return True
            position += 4 + (length + 3 & ~3)
        return False

    def enhanced_by_headers(self, position: int, big_endian: bool, interfaces: list[Interface], link_type: int) -> int:
        """`enhanced` as interpreted code does it."""
        buffer = self._buffer
        end = len(buffer)
        count = self.count
        offsets, captured_lengths = self._offset_rows, self._captured_rows
        original_lengths, times_ns = self._original_rows, self._time_rows
        unpack = _BLOCK_HEADERS[big_endian].unpack_from
        unpack_length = _LENGTHS[big_endian].unpack_from
        known = len(interfaces)
        current = -1
        exact_units = 0
        rows = ROWS
        while position + _ENHANCED_LENGTH <= end and count < rows:
            block_type, length, number, high, low, captured, original = unpack(buffer, position)
            next_position = position + length
            if block_type != _ENHANCED_PACKET or length & 3 or length > MAXIMUM_BLOCK or next_position > end:
                break
            start = position + 28
            options = start + (captured + 3 & ~3)
            if options + 4 > next_position or unpack_length(buffer, next_position - 4)[0] != length:
                break
            if number != current:
                if number >= known or interfaces[number].link_type != link_type:
                    break
                current = number
                interface = interfaces[number]
                exact_units, exact_ns, exact_per = interface.exact_units, interface.exact_ns, interface.exact_per
                exact_offset_ns = interface.exact_offset_ns
            units = high << 32 | low
            if units >= exact_units:
                break
            if options + 8 <= next_position and _says_dropped(buffer, options, next_position - 4, big_endian):
                break
            offsets[count] = start
            captured_lengths[count] = captured
            original_lengths[count] = original
            times_ns[count] = units * exact_ns // exact_per + exact_offset_ns
            count += 1
            position = next_position
        self.count = count
        return position


def _says_dropped(buffer: bytes, position: int, end: int, big_endian: bool) -> bool:
    """`RecordWalk._says_dropped` as interpreted code does it."""
    unpack = _OPTIONS[big_endian].unpack_from
    while position + 4 <= end:
        code, length = unpack(buffer, position)
        if not code or position + 4 + length > end:
            return False
        if code == _OPTION_DROPCOUNT:
            return True
        position += 4 + (length + 3 & ~3)
    return False
