"""pcapng files: sections of blocks, read as draft-ietf-opsawg-pcapng writes them. Bytes go in, packet batches come out.

Each section has its own byte order and its own interfaces, each interface its own link type and time unit. Packets are
numbered through the whole file, all interfaces together, as Wireshark does (which numbers custom blocks too; we do not).
A simple packet block has no time: it gets that of the packet in front of it, or 0. What interface statistics count as
dropped becomes a `CaptureLoss`. Decryption secrets are kept for those who ask for them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Literal

from wsobserve.capture.compression import CaptureBytes
from wsobserve.capture.error import CaptureError
from wsobserve.capture.interface import Interface
from wsobserve.capture.pcap import FIRST_READ, end_too_early
from wsobserve.capture.record_walk import MAXIMUM_BLOCK, ROWS, RecordWalk
from wsobserve.records import CaptureLoss, PacketBatch

SECTION_HEADER = 0x0A0D0D0A
INTERFACE_DESCRIPTION = 1
PACKET = 2  # obsolete
SIMPLE_PACKET = 3
INTERFACE_STATISTICS = 5
ENHANCED_PACKET = 6
DECRYPTION_SECRETS = 10

MAGIC = b"\x0a\x0d\x0d\x0a"  # the same in both byte orders
BYTE_ORDERS = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}
MAXIMUM_INTERFACES = 65_536  # of one section
MAXIMUM_LOST = 2**48  # packets at once: no capture runs that long, and sums of it stay below 64 bits
MAXIMUM_SECRETS = 16 * 1024 * 1024  # bytes that are kept of a file
SECRETS_OVERHEAD = 128  # bytes that each block of them counts more, however small
Dropped = Literal["interface_dropped", "kernel_dropped"]
_STATISTICS_IFDROP, _STATISTICS_OSDROP = 5, 7  # options of interface statistics: isb_ifdrop, isb_osdrop
_PACKETS = (ENHANCED_PACKET, SIMPLE_PACKET, PACKET)
_OPTION_DROPCOUNT = 4  # of an enhanced packet block


class _Damage(Exception):
    """A block cannot be right; says why. Never leaves this file."""


class PcapngReader:
    """One pcapng file.

    (type, bytes) of its decryption secrets blocks are appended to `secrets`, if given: at most MAXIMUM_SECRETS bytes.
    """

    def __init__(self, data: CaptureBytes, secrets: list[tuple[int, bytes]] | None = None) -> None:
        self._secrets_kept = secrets
        self._secrets_length = 0
        self._secrets_told = False  # that there are too many
        self._data = data
        self._packets = 0
        self._last_time_ns = 0
        self._interfaces: list[Interface] = []
        self._use_byte_order("<")
        self._walk = RecordWalk()
        self._link_type = 0  # of the batch being filled
        self._items: list[PacketBatch | CaptureLoss] = []  # to be given out
        self._position = 0  # in the buffer, behind the last whole block
        self._wanted = 0  # bytes that the next block needs

    def batches(self, chunk: int) -> Iterator[PacketBatch | CaptureLoss]:
        """The packets of the file, about `chunk` bytes a batch, and its losses.

        Raises CaptureError when its first section header is cut or cannot be right.
        """
        data = self._data
        rest = b""
        offset = 0  # of rest in the file
        least, most = 1, FIRST_READ
        while buffer := data.read(least, most, behind=rest):
            damage: _Damage | None = None
            try:
                self._blocks(buffer)
            except _Damage as error:
                damage = error
            self._flush()
            yield from self._items
            self._items = []
            offset += self._position
            if damage is not None:
                if not offset:
                    raise CaptureError(f"{data.name}: not a capture file (pcapng whose header is damaged: {damage})")
                detail = f"after packet {self._packets}, byte {offset}: {damage}; nothing behind it was read"
                yield CaptureLoss(source=data.source, reason="file_damaged", detail=detail)
                self._section_end()
                yield from self._items
                return
            rest = buffer[self._position :]
            least = max(self._wanted - len(rest), 1)
            most = max(chunk, least)
        if not offset:
            raise CaptureError(f"{data.name}: pcapng file cut inside its section header")
        if rest or data.loss is not None:
            yield end_too_early(data, self._packets, offset)
        self._section_end()
        yield from self._items

    def _use_byte_order(self, order: str) -> None:
        self._order = order
        self._block_header = struct.Struct(order + "II")
        self._length = struct.Struct(order + "I")
        self._enhanced = struct.Struct(order + "IIIII")
        self._obsolete = struct.Struct(order + "HHIIII")
        self._option = struct.Struct(order + "HH")

    def _flush(self) -> None:
        """Hands out the batch being filled, if there is anything in it; the next one is empty."""
        count = self._walk.count
        if count:
            self._items.append(self._walk.take(self._link_type, self._packets - count + 1, self._data.source))

    def _blocks(self, buffer: bytes) -> None:
        """Reads the whole blocks of `buffer`; `_position` is then behind them. Raises _Damage."""
        self._walk.begin(buffer)
        self._position = position = 0
        end = len(buffer)
        while True:
            self._wanted = 12
            if position + 12 > end:
                break
            block_type, length = self._block_header.unpack_from(buffer, position)
            if block_type == ENHANCED_PACKET:
                next_position = self._enhanced_packets(position)
                if next_position > position:
                    self._position = position = next_position
                    continue
            elif block_type == SECTION_HEADER:
                self._flush()
                self._section_end()
                length = self._section_start(buffer, position)
            if length < 12 or length & 3 or length > MAXIMUM_BLOCK:
                raise _Damage(f"a block cannot be {length} bytes long")
            next_position = position + length
            if next_position > end:
                self._wanted = length
                break
            if self._length.unpack_from(buffer, next_position - 4)[0] != length:
                raise _Damage("the two lengths of a block differ")
            if block_type in _PACKETS:
                self._packet(block_type, buffer, position + 8, next_position - 4)
            elif block_type == INTERFACE_DESCRIPTION:
                self._interface(buffer, position + 8, next_position - 4)
            elif block_type == INTERFACE_STATISTICS:
                self._flush()
                self._statistics(buffer, position + 8, next_position - 4)
            elif block_type == DECRYPTION_SECRETS:
                self._secrets(buffer, position + 8, next_position - 4)
            self._position = position = next_position

    def _enhanced_packets(self, position: int) -> int:
        """Enters the ordinary packets from `position` on; the position behind the last one, where `_packet` goes on."""
        walk = self._walk
        before = walk.count
        position = walk.enhanced(position, self._order == ">", self._interfaces, self._link_type)
        if walk.count > before:
            self._packets += walk.count - before
            self._last_time_ns = walk.last_time_ns()
        return position

    def _section_start(self, buffer: bytes, position: int) -> int:
        """Takes the section's byte order; returns the length of its header block."""
        order = BYTE_ORDERS.get(buffer[position + 8 : position + 12])
        if order is None:
            raise _Damage("a section without byte-order magic")
        self._use_byte_order(order)
        self._interfaces = []
        length: int = self._length.unpack_from(buffer, position + 4)[0]
        if length < 28:
            raise _Damage(f"a section header cannot be {length} bytes long")
        if position + 14 <= len(buffer):
            (major,) = struct.unpack_from(order + "H", buffer, position + 12)
            if major != 1:
                raise _Damage(f"pcapng version {major} is not known")
        return length

    def _section_end(self) -> None:
        """Losses that only the packets themselves told of, without interface statistics."""
        for interface in self._interfaces:
            lost = interface.marked_dropped - interface.interface_dropped - interface.kernel_dropped
            interface.marked_dropped = 0
            if lost > 0:
                self._lost("interface_dropped", lost, self._last_time_ns)

    def _interface(self, buffer: bytes, position: int, end: int) -> None:
        if end - position < 8:
            raise _Damage("an interface description is too short")
        if len(self._interfaces) >= MAXIMUM_INTERFACES:
            raise _Damage(f"more than {MAXIMUM_INTERFACES} interfaces")
        link_type, _, snap_length = struct.unpack_from(self._order + "HHI", buffer, position)
        resolution, offset_seconds = 6, 0
        for code, value in self._options(buffer, position + 8, end):
            if code == 9 and len(value) == 1:  # if_tsresol
                resolution = value[0]
            elif code == 14 and len(value) == 8:  # if_tsoffset
                (offset_seconds,) = struct.unpack(self._order + "q", value)
        self._interfaces.append(Interface(link_type, snap_length, resolution, offset_seconds))

    def _options(self, buffer: bytes, position: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Code and value of each option up to the end of the list; a list that is not well-formed ends early."""
        while position + 4 <= end:
            code, length = self._option.unpack_from(buffer, position)
            if not code or position + 4 + length > end:
                return
            yield code, buffer[position + 4 : position + 4 + length]
            position += 4 + (length + 3 & ~3)

    def _packet(self, block_type: int, buffer: bytes, position: int, end: int) -> None:
        """Enters a packet into the batch; hands the batch out first when this packet has another link type."""
        if block_type == SIMPLE_PACKET:
            start = position + 4
            if start > end:
                raise _Damage("a packet block is too short")
            (original,) = self._length.unpack_from(buffer, position)
            interface = self._interface_of(0)
            captured = min(original, interface.snap_length) if interface.snap_length else original
            time_ns = self._last_time_ns
        else:
            start = position + 20
            if start > end:
                raise _Damage("a packet block is too short")
            drops = 0
            if block_type == ENHANCED_PACKET:
                number, high, low, captured, original = self._enhanced.unpack_from(buffer, position)
            else:
                number, drops, high, low, captured, original = self._obsolete.unpack_from(buffer, position)
            interface = self._interface_of(number)
            time_ns = interface.time_ns(high << 32 | low)
            self._last_time_ns = time_ns
            if drops and drops != 0xFFFF:  # all ones: not known
                interface.marked_dropped += drops
            elif block_type == ENHANCED_PACKET and start + captured + 4 <= end:
                self._packet_options(interface, buffer, start + (captured + 3 & ~3), end)
        if captured > end - start:
            raise _Damage(f"packet {self._packets + 1} cannot hold {captured} bytes")
        if self._link_type != interface.link_type or self._walk.count == ROWS:
            self._flush()
            self._link_type = interface.link_type
        self._packets += 1
        self._walk.enter(start, captured, original, time_ns)

    def _interface_of(self, number: int) -> Interface:
        try:
            return self._interfaces[number]
        except IndexError:
            raise _Damage(f"packet {self._packets + 1} names interface {number}, which was not described") from None

    def _packet_options(self, interface: Interface, buffer: bytes, position: int, end: int) -> None:
        for code, value in self._options(buffer, position, end):
            if code == _OPTION_DROPCOUNT and len(value) == 8:
                interface.marked_dropped += struct.unpack(self._order + "Q", value)[0]

    def _statistics(self, buffer: bytes, position: int, end: int) -> None:
        """What an interface has dropped since it last said so: the counters run from the start of the capture."""
        if end - position < 12:
            raise _Damage("interface statistics are too short")
        number, high, low = struct.unpack_from(self._order + "III", buffer, position)
        if number >= len(self._interfaces):
            return
        interface = self._interfaces[number]
        for code, value in self._options(buffer, position + 12, end):
            if len(value) != 8:
                continue
            (total,) = struct.unpack(self._order + "Q", value)
            time_ns = interface.time_ns(high << 32 | low)
            if code == _STATISTICS_IFDROP and total > interface.interface_dropped:
                self._lost("interface_dropped", total - interface.interface_dropped, time_ns)
                interface.interface_dropped = total
            elif code == _STATISTICS_OSDROP and total > interface.kernel_dropped:
                self._lost("kernel_dropped", total - interface.kernel_dropped, time_ns)
                interface.kernel_dropped = total

    def _lost(self, reason: Dropped, packets: int, time_ns: int) -> None:
        """Hands out a loss; time 0 is one that the file does not tell. A number that cannot be right is one not known."""
        known = packets if packets < MAXIMUM_LOST else None
        self._items.append(CaptureLoss(source=self._data.source, reason=reason, packets=known, time_ns=time_ns or None))

    def _secrets(self, buffer: bytes, position: int, end: int) -> None:
        if end - position < 8:
            raise _Damage("decryption secrets are too short")
        secrets_type, length = struct.unpack_from(self._order + "II", buffer, position)
        if length > end - position - 8:
            raise _Damage("decryption secrets are longer than their block")
        if self._secrets_kept is None:
            return
        self._secrets_length += length + SECRETS_OVERHEAD
        if self._secrets_length <= MAXIMUM_SECRETS:
            self._secrets_kept.append((secrets_type, buffer[position + 8 : position + 8 + length]))
        elif not self._secrets_told:
            self._secrets_told = True
            detail = f"decryption secrets beyond {MAXIMUM_SECRETS} bytes are not kept"
            self._items.append(CaptureLoss(source=self._data.source, reason="secrets_limit", packets=0, detail=detail))
