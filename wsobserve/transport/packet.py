"""A packet as captured, down to its TCP segment: link, IP, tunnels.

In: where a packet lies in a buffer. Out: the segment's fields, left as attributes of one object that is used for all
packets, or the reason why there is no segment. Checksums are not verified: offloading makes them wrong on the sender.

Every layer is a method that moves `offset` to what it carries and returns that layer's ethertype; `end` is where the
captured bytes end and `wire_end` where they ended on the wire, both shortened as the length fields of the layers say.
Each packet is counted once: as decoded (a TCP segment), as skipped (understood, not TCP) or as dropped (not decodable).
With several workers each counts the segments of its partitions only, and the first one all that is no segment.
A fragment counts as skipped, `fragment`, and the one that completes its datagram as what the datagram is; when the
datagram is given up its fragments count as dropped instead.
"""

from __future__ import annotations

from wsobserve.config import PARTITIONS
from wsobserve.excerpt import excerpt
from wsobserve.transport.endpoints import partition_of
from wsobserve.transport.fragment import Fragments
from wsobserve.transport.link import logical_link, network_layer, point_to_point, ppp_over_ethernet
from wsobserve.transport.tunnel import generic_routing, label_stack, user_datagram

MOST_LAYERS = 16
ALL_PARTITIONS = (1 << PARTITIONS) - 1

# What a layer returns instead of an ethertype; negative, for the wire may bring any ethertype, 0 too.
SEGMENT = -8  # the TCP segment has been read
STOP = -9  # the packet has been counted as skipped or dropped

IP_PROTOCOL_NAMES = {1: "icmp", 2: "igmp", 58: "icmpv6", 132: "sctp"}


class PacketDecoder:
    """Reads one packet after the other; after `decode` returned true its attributes are those of the TCP segment.

    `key`: source address, destination address, source port, destination port, as on the wire. The payload that was
    captured is `buffer[payload_start:payload_end]`, `payload_length` is what there was on the wire.
    """

    def __init__(self, fragments: Fragments, worker: int = 0, workers: int = 1) -> None:
        self.fragments = fragments
        self.worker = worker
        self.workers = workers
        self.partitions = sum(1 << partition for partition in range(worker, PARTITIONS, workers))  # ours, as bits
        self.followed = ALL_PARTITIONS  # of all, as bits: connections of the others are left out, to save memory
        self.foreign = 0  # packets that other workers count
        self.decoded = 0
        self.cut = 0  # of the decoded ones: shortened by the snap length
        self.skipped: dict[str, int] = {}
        self.dropped: dict[str, int] = {}
        self.buffer = b""
        self.offset = 0
        self.end = 0
        self.wire_end = 0
        self.layers = 0
        self.time_ns = 0
        # the segment, RFC 9293, 3.1
        self.key = b""
        self.sequence_number = 0
        self.acknowledgment_number = 0
        self.flags = 0
        self.window = 0
        self.urgent_pointer = 0
        self.payload_start = 0
        self.payload_end = 0
        self.payload_length = 0

    def decode(
        self,
        buffer: bytes,
        offset: int,
        captured_length: int,
        original_length: int,
        link_type: int,
        time_ns: int,
    ) -> bool:
        """Whether this packet is a TCP segment of this worker; it has been counted either way."""
        self.buffer = buffer
        self.offset = offset
        self.end = offset + captured_length
        if self.end > len(buffer):
            self.end = len(buffer)
        self.wire_end = offset + original_length
        if self.wire_end < self.end:
            self.wire_end = self.end
        self.time_ns = time_ns
        self.layers = 0
        if link_type == 1:
            layer = self._ethernet(buffer)
        elif link_type == 276:
            layer = self._cooked(buffer)
        else:
            layer, self.offset = network_layer(link_type, buffer, offset, self.end)
        if self._layers(buffer, layer) != SEGMENT:
            return False
        self.decoded += 1
        if self.end < self.wire_end:
            self.cut += 1
        return True

    def _layers(self, buffer: bytes, layer: int) -> int:
        """Go through the layers from this one on, down to the segment or to what is counted instead."""
        while layer >= 0:
            self.layers += 1
            if self.layers > MOST_LAYERS:
                layer = self._drop("too_many_layers")
            elif layer == 0x0800:
                layer = self._ipv4(buffer)
            elif layer == 0x86DD:
                layer = self._ipv6(buffer)
            elif layer == 0x6558:
                layer = self._ethernet(buffer)
            else:
                layer = self._other_layer(buffer, layer)
        if layer != SEGMENT and layer != STOP:
            self._count_stop(layer)
            return STOP
        return layer

    # --- what becomes of packets without a segment

    def _skip(self, reason: str) -> int:
        return self._count(self.skipped, reason)

    def _drop(self, reason: str) -> int:
        return self._count(self.dropped, reason)

    def _count(self, counts: dict[str, int], reason: str) -> int:
        if self.worker:
            self.foreign += 1
        else:
            counts[reason] = counts.get(reason, 0) + 1
        return STOP

    def _too_short(self) -> int:
        return self._drop("cut_header" if self.end < self.wire_end else "bad_length")

    def _count_stop(self, stop: int) -> None:
        if stop == -1:
            self._too_short()
        elif stop == -2:
            self._drop("bad_header")
        elif stop == -3:
            self._skip("other_ethertype")
        else:
            self._drop("unknown_link_type")

    # --- link layers

    def _ethernet(self, buffer: bytes) -> int:
        offset = self.offset
        if self.end - offset < 14:
            return self._too_short()
        self.offset = offset + 14
        ethertype = buffer[offset + 12] << 8 | buffer[offset + 13]
        if ethertype >= 0x0600:
            return ethertype
        ethertype, self.offset = logical_link(self.buffer, offset + 14, self.end)  # IEEE 802.3: a length
        return ethertype

    def _cooked(self, buffer: bytes) -> int:
        """Linux cooked capture v2, as live captures have it: the protocol in the first two of 20 bytes."""
        offset = self.offset
        if self.end - offset >= 20:
            protocol = buffer[offset] << 8 | buffer[offset + 1]
            if protocol >= 0x0600:
                self.offset = offset + 20
                return protocol
        layer, self.offset = network_layer(276, self.buffer, offset, self.end)
        return layer

    def _other_layer(self, buffer: bytes, ethertype: int) -> int:
        """Every ethertype but IP."""
        if ethertype in (0x8100, 0x88A8, 0x9100, 0x9200):  # IEEE 802.1Q, 802.1ad and what came before it
            return self._virtual_lan(buffer)
        if ethertype in (0x8847, 0x8848):
            layer, self.offset = label_stack(self.buffer, self.offset, self.end)
            return layer
        if ethertype == 0x8864:
            layer, self.offset = ppp_over_ethernet(self.buffer, self.offset, self.end)
            return layer
        if ethertype == 0x880B:
            layer, self.offset = point_to_point(self.buffer, self.offset, self.end)
            return layer
        if ethertype == 0x0806:
            return self._skip("arp")
        return self._skip("other_ethertype")

    def _virtual_lan(self, buffer: bytes) -> int:
        offset = self.offset
        if self.end - offset < 4:
            return self._too_short()
        self.offset = offset + 4
        ethertype = buffer[offset + 2] << 8 | buffer[offset + 3]
        if ethertype >= 0x0600:
            return ethertype
        ethertype, self.offset = logical_link(self.buffer, offset + 4, self.end)
        return ethertype

    # --- IP

    def _ipv4(self, buffer: bytes) -> int:
        """RFC 791, 3.1."""
        offset = self.offset
        if self.end - offset < 20:
            return self._too_short()
        first = buffer[offset]
        header_length = (first & 15) << 2
        total_length = buffer[offset + 2] << 8 | buffer[offset + 3]
        if first >> 4 != 4 or header_length < 20:
            return self._drop("bad_header")
        if total_length and (total_length < header_length or not self._shorten(offset + total_length)):
            return self._drop("bad_length")
        # else: segmentation offload or BIG TCP, the length is not in the header
        fragment = (buffer[offset + 6] << 8 | buffer[offset + 7]) & 0x3FFF
        protocol = buffer[offset + 9]
        if fragment:
            return self._ipv4_fragment(offset, header_length, protocol, fragment)
        self.offset = offset + header_length
        if protocol == 6:
            return self._tcp(buffer, offset + 12, 8)
        if protocol == 51:
            protocol = self._authentication_header()
            if protocol == 6:
                return self._tcp(buffer, offset + 12, 8)
        return self._other_protocol(protocol)

    def _shorten(self, wire_end: int) -> bool:
        """What lies behind the IP packet is padding; false when the packet claims more than there was on the wire."""
        if wire_end > self.wire_end and self.end == self.wire_end:
            return False
        self.wire_end = wire_end
        if self.end > wire_end:
            self.end = wire_end
        return True

    def _ipv4_fragment(self, offset: int, header_length: int, protocol: int, fragment: int) -> int:
        buffer = self.buffer
        start = offset + header_length
        length = self.wire_end - start
        if start > self.end:
            return self._too_short()
        more = fragment & 0x2000 != 0
        if more and length & 7:  # RFC 791, 3.2: all but the last are multiples of eight
            return self._drop("bad_length")
        key = buffer[offset + 12 : offset + 20] + buffer[offset + 4 : offset + 6] + buffer[offset + 9 : offset + 10]
        whole = self.fragments.add(key, (fragment & 0x1FFF) << 3, more, buffer[start : self.end], length, self.time_ns)
        if whole is None:
            return self._skip("fragment")
        header = b"\x45" + bytes(8) + bytes((protocol,)) + bytes(2) + buffer[offset + 12 : offset + 20]
        return self._datagram(header, whole[0], whole[1], 0x0800)

    def _datagram(self, header: bytes, payload: bytes, length: int, ethertype: int) -> int:
        """Go on with a datagram made from fragments; its header says length 0, so that the whole buffer counts."""
        self.buffer = header + payload
        self.offset = 0
        self.end = len(self.buffer)
        self.wire_end = len(header) + length
        return self._layers(self.buffer, ethertype)

    def _ipv6(self, buffer: bytes) -> int:
        """RFC 8200, 3 and 4."""
        offset = self.offset
        if self.end - offset < 40:
            return self._too_short()
        if buffer[offset] >> 4 != 6:
            return self._drop("bad_header")
        payload_length = buffer[offset + 4] << 8 | buffer[offset + 5]
        # 0: a jumbogram (RFC 2675) or BIG TCP, the packet ends where it ended on the wire
        if payload_length and not self._shorten(offset + 40 + payload_length):
            return self._drop("bad_length")
        protocol = buffer[offset + 6]
        self.offset = offset + 40
        if protocol == 6:
            return self._tcp(buffer, offset + 8, 32)
        return self._ipv6_extensions(buffer, offset, protocol)

    def _ipv6_extensions(self, buffer: bytes, header: int, protocol: int) -> int:
        while protocol in (0, 43, 44, 51, 60, 135, 139, 140):
            self.layers += 1
            if self.layers > MOST_LAYERS:
                return self._drop("too_many_layers")
            offset = self.offset
            if self.end - offset < 8:
                return self._too_short()
            if protocol == 51:
                protocol = self._authentication_header()
                continue
            if protocol == 44:
                fragment = buffer[offset + 2] << 8 | buffer[offset + 3]
                if fragment & 0xFFF9:  # else atomic, RFC 6946
                    return self._ipv6_fragment(header, offset, fragment)
                self.offset = offset + 8
            else:
                self.offset = offset + 8 + (buffer[offset + 1] << 3)
            protocol = buffer[offset]
        if protocol == 6:
            return self._tcp(buffer, header + 8, 32)
        return self._other_protocol(protocol)

    def _ipv6_fragment(self, header: int, offset: int, fragment: int) -> int:
        buffer = self.buffer
        start = offset + 8
        length = self.wire_end - start
        more = fragment & 1 != 0
        if length < 0 or (more and length & 7):
            return self._drop("bad_length")
        addresses = buffer[header + 8 : header + 40]
        key = addresses + buffer[offset + 4 : offset + 8]
        whole = self.fragments.add(key, fragment & 0xFFF8, more, buffer[start : self.end], length, self.time_ns)
        if whole is None:
            return self._skip("fragment")
        return self._datagram(
            b"\x60" + bytes(5) + buffer[offset : offset + 1] + bytes(1) + addresses, whole[0], whole[1], 0x86DD
        )

    def _authentication_header(self) -> int:
        """RFC 4302, 2: move behind it; the protocol that follows."""
        offset = self.offset
        if self.end - offset < 2:
            return 255
        self.offset = offset + ((self.buffer[offset + 1] + 2) << 2)
        return self.buffer[offset]

    # --- what IP carries

    def _other_protocol(self, protocol: int) -> int:
        """Every protocol but TCP."""
        if protocol == 17:
            return self._udp()
        if protocol == 4:
            return 0x0800
        if protocol == 41:
            return 0x86DD
        if protocol == 47:
            layer, self.offset = generic_routing(self.buffer, self.offset, self.end)
            return layer
        if protocol == 137:
            return 0x8847
        return self._skip(IP_PROTOCOL_NAMES.get(protocol, "other_ip_protocol"))

    def _udp(self) -> int:
        """RFC 768."""
        buffer = self.buffer
        offset = self.offset
        if self.end - offset < 8:
            return self._skip("udp")
        port = buffer[offset + 2] << 8 | buffer[offset + 3]
        layer, inner = user_datagram(port, buffer, offset + 8, self.end)
        if layer < 0:
            return self._skip("udp")
        length = buffer[offset + 4] << 8 | buffer[offset + 5]
        if length >= 8:
            self._shorten(offset + length)
        self.offset = inner
        return layer

    def _tcp(self, buffer: bytes, addresses: int, length: int) -> int:
        """RFC 9293, 3.1. Both addresses, `length` bytes together, lie from `addresses` on."""
        offset = self.offset
        end = self.end
        if end - offset < 20:
            return self._too_short()
        header_length = buffer[offset + 12] >> 4 << 2
        start = offset + header_length
        payload_length = self.wire_end - start
        if header_length < 20 or payload_length < 0:
            return self._drop("bad_header")
        if self.workers > 1 and not self.partitions >> partition_of(buffer, addresses, length, offset) & 1:
            self.foreign += 1
            return STOP
        if self.followed != ALL_PARTITIONS and not self.followed >> partition_of(buffer, addresses, length, offset) & 1:
            return self._skip("sampled_out")
        if addresses + length == offset:
            self.key = excerpt(self.buffer, addresses, offset + 4)
        else:  # IP options or extension headers lie between addresses and ports
            self.key = self.buffer[addresses : addresses + length] + self.buffer[offset : offset + 4]
        high = buffer[offset + 4] << 8 | buffer[offset + 5]  # in halves: four bytes shifted at once overflow a C int
        low = buffer[offset + 6] << 8 | buffer[offset + 7]
        self.sequence_number = high << 16 | low
        high = buffer[offset + 8] << 8 | buffer[offset + 9]
        low = buffer[offset + 10] << 8 | buffer[offset + 11]
        self.acknowledgment_number = high << 16 | low
        self.flags = buffer[offset + 13]
        self.window = buffer[offset + 14] << 8 | buffer[offset + 15]
        self.urgent_pointer = buffer[offset + 18] << 8 | buffer[offset + 19]
        self.payload_start = start if start < end else end
        self.payload_end = end
        self.payload_length = payload_length
        return SEGMENT
