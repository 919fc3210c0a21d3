"""The walk over one block of a TPACKET_V3 ring, into a batch: where almost all time of a live capture goes.

A block holds packets that the kernel put one behind the other, each with a `struct tpacket3_hdr`, a `struct sockaddr_ll`
and, as the socket is of type SOCK_DGRAM, some free bytes in front of its IP header. Into those the walk writes the header
of Linux cooked capture, version 2, while the block is still ours; then the block is copied, once. So a batch is one
piece of memory, and nothing is done for a packet but this walk. It reads nothing outside of the block, whatever is in it.
"""

from __future__ import annotations

from array import array

from wsobserve.records import PacketBatch

LINKTYPE_LINUX_SLL2 = 276
COOKED_LENGTH = 20  # of the header of Linux cooked capture, version 2
SMALLEST_STEP = 88  # from one packet to the next: the two structures, 48 and 20 bytes, and the cooked header

_COOKED_LENGTH = COOKED_LENGTH
_SMALLEST_STEP = SMALLEST_STEP
_BLOCK_HEADER = 48  # struct tpacket_block_desc
_IPV4, _IPV6 = 0x0800, 0x86DD
_VLAN_PROTOCOLS = frozenset((0x8100, 0x88A8, 0x9100))


class RingWalk:
    """Walks over the blocks of one ring, `ring`, each `block_length` bytes; a multiple of 8, as all in it is aligned."""

    def __init__(self, ring: memoryview, block_length: int) -> None:
        self.skipped = 0  # packets of the last block whose headers are not what they should be
        self._ring = ring
        # The same memory, as numbers in the byte order of this machine.
        self._octets = ring
        self._halves = ring.cast("H")
        self._words = ring.cast("I")
        self._block_length = block_length
        self._rows = block_length // SMALLEST_STEP + 1
        self._offsets = array("q", bytes(8 * self._rows))
        self._captured_lengths = array("q", bytes(8 * self._rows))
        self._original_lengths = array("q", bytes(8 * self._rows))
        self._times_ns = array("q", bytes(8 * self._rows))
        # The same arrays: as typed memory in compiled code.
        self._offset_rows = self._offsets
        self._captured_rows = self._captured_lengths
        self._original_rows = self._original_lengths
        self._time_rows = self._times_ns

    def batch(self, start: int, first_packet: int, source: str) -> PacketBatch:
        """The packets of the block at `start`, which must be ours until this returns."""
        end = start + min(self._words[(start >> 2) + 5], self._block_length)  # blk_len
        begin = min(start + self._words[(start >> 2) + 4], end)  # offset_to_first_pkt
        count = self._walk(start, begin, end)
        return PacketBatch(
            bytes(self._ring[begin:end]) if count else b"",
            self._offsets[:count],
            self._captured_lengths[:count],
            self._original_lengths[:count],
            self._times_ns[:count],
            LINKTYPE_LINUX_SLL2,
            first_packet,
            source,
        )

    def _walk(self, start: int, begin: int, end: int) -> int:
        """Enters the packets of the block and writes their cooked headers; how many there are."""
        words, halves, octets = self._words, self._halves, self._octets
        packets = words[(start >> 2) + 3]  # num_pkts
        position = begin
        entered = 0
        for _ in range(min(packets, self._rows)):
            if position & 3 or position < start + _BLOCK_HEADER or position + _SMALLEST_STEP > end:
                break
            # struct tpacket3_hdr: next offset, seconds, nanoseconds, captured length, length, status, two offsets
            word = position >> 2
            captured = words[word + 3]
            network = position + halves[(position >> 1) + 13]  # tp_net
            cooked = network - _COOKED_LENGTH
            if not cooked & 3 and cooked >= position + _SMALLEST_STEP - _COOKED_LENGTH and network + captured <= end:
                original = words[word + 4]
                if original < captured:
                    original = captured
                self._offset_rows[entered] = cooked - begin
                self._captured_rows[entered] = _COOKED_LENGTH + captured
                self._original_rows[entered] = _COOKED_LENGTH + original
                seconds = words[word + 1]
                self._time_rows[entered] = seconds * 1_000_000_000 + words[word + 2]
                entered += 1
                # struct sockaddr_ll, 48 bytes behind it: family, protocol in network byte order, interface index,
                # ARPHRD, packet type, length of the address, address
                protocol = octets[position + 50] << 8 | octets[position + 51]
                other = captured >= 6 and octets[network + 2] << 8 | octets[network + 3] == protocol
                if other or (protocol != _IPV4 and protocol != _IPV6):
                    protocol = self._first_protocol(network, captured, original, protocol)
                index = words[word + 13]
                hardware_type = halves[(position >> 1) + 28]
                # Cooked: protocol, nothing, interface index, ARPHRD, packet type, length of the address, address
                octets[cooked] = protocol >> 8
                octets[cooked + 1] = protocol & 255
                octets[cooked + 2] = 0
                octets[cooked + 3] = 0
                octets[cooked + 4] = index >> 24
                octets[cooked + 5] = index >> 16 & 255
                octets[cooked + 6] = index >> 8 & 255
                octets[cooked + 7] = index & 255
                octets[cooked + 8] = hardware_type >> 8
                octets[cooked + 9] = hardware_type & 255
                octets[cooked + 10] = octets[position + 58]
                octets[cooked + 11] = octets[position + 59]
                words[(cooked >> 2) + 3] = words[word + 15]
                words[(cooked >> 2) + 4] = words[word + 16]
            step = words[word]
            if step < _SMALLEST_STEP:  # 0 behind the last one
                break
            position += step
        self.skipped = packets - entered
        return entered

    def _first_protocol(self, network: int, captured: int, original: int, protocol: int) -> int:
        if protocol not in _VLAN_PROTOCOLS and protocol != _IPV4 and protocol != _IPV6:
            return protocol
        return first_protocol(bytes(self._ring[network : network + min(captured, 6)]), original, protocol)


def first_protocol(beginning: bytes, length: int, protocol: int) -> int:
    """The EtherType of what a packet of `length` bytes begins with, where the kernel's word for it may not be that.

    Of a packet with a VLAN tag that was left in it, some kernels name the tag's protocol and others that of what is
    tagged, and the packet begins with the tag when it came in and behind it when it goes out. An IP header is
    known by a length that fits.
    """
    if len(beginning) < 6:
        return protocol
    version = beginning[0] >> 4
    inner = int.from_bytes(beginning[2:4], "big")
    if version == 4 and inner <= length and protocol != _IPV6:  # total length
        return _IPV4
    if version == 6 and int.from_bytes(beginning[4:6], "big") + 40 <= length and protocol != _IPV4:  # payload length
        return _IPV6
    return protocol if protocol in _VLAN_PROTOCOLS else 0x8100
