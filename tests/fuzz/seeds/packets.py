"""Packets: for each link type a segment; tunnels, fragments and headers that lie."""

from __future__ import annotations

import struct

from tests.fuzz.recorded import CAPTURES, Seeds
from tests.fuzz.segments import ACK
from tests.segments import packets_of


def framed(link_type: int, *packets: bytes, cut: bool = False) -> bytes:
    """The input of `packets`: the link type and the packets."""
    script = bytes([link_type])
    for each in packets:
        script += ((0x8000 if cut else 0) | len(each)).to_bytes(2, "big") + each
    return script


def ipv4(payload: bytes, protocol: int = 6, identification: int = 1, fragment: int = 0, options: bytes = b"") -> bytes:
    """An IPv4 packet; `fragment`: flags and offset."""
    length = 20 + len(options) + len(payload)
    words = 0x45 + len(options) // 4
    return struct.pack(
        ">BBHHHBBH4s4s", words, 0, length, identification, fragment, 64, protocol, 0, b"\x0a\0\0\1", b"\x0a\0\0\2"
    ) + (options + payload)


def ipv6(payload: bytes, next_header: int = 6) -> bytes:
    """An IPv6 packet."""
    address = bytes(15)
    return struct.pack(">IHBB", 0x60000000, len(payload), next_header, 64) + address + b"\x01" + address + b"\x02" + payload


def tcp(flags: int = ACK, sequence: int = 1_000, payload: bytes = b"payload!", options: bytes = b"") -> bytes:
    """A TCP segment."""
    words = 5 + len(options) // 4
    return struct.pack(">HHIIBBHHH", 40_000, 80, sequence, 1, words << 4, flags, 500, 0, 0) + options + payload


def seeds() -> Seeds:
    """For each link type a segment; tunnels, fragments and headers that lie."""
    segment, ethernet = ipv4(tcp()), b"\x02" * 6 + b"\x04" * 6
    for name in ("abnormal_close.pcap", "ipv6.pcapng", "browser.pcapng"):
        recorded = packets_of(CAPTURES / name)
        yield f"recorded_{name.partition('.')[0]}", framed(1, *[each[:150] for each in recorded[:5]])
        yield f"recorded_{name.partition('.')[0]}_cut", framed(1, *[each[:70] for each in recorded[:6]], cut=True)
    plain = {
        0: b"\x02\0\0\0",
        2: b"\xff\x03\x00\x21",
        3: b"",
        4: b"\x0f\x00\x08\x00",
        5: b"",
        6: b"",
        7: b"\x02\0\0\0",
        8: b"\0\0\0\x02",
    }
    for link_type, before in plain.items():
        yield f"link_type_{link_type}", framed(link_type, before + segment)
    yield "link_type_cooked", framed(9, bytes(14) + b"\x08\x00" + segment)
    yield "link_type_cooked_2", framed(14, b"\x08\x00" + bytes(18) + segment)
    yield "link_type_nflog", framed(13, b"\x02\0\0\0" + struct.pack("<HH", 4 + len(segment), 9) + segment)
    yield "ipv6", framed(12, ipv6(tcp()))
    yield "ipv6_extensions", framed(12, ipv6(b"\x3c\0" + bytes(6) + b"\x06\0" + bytes(6) + tcp(), 0))
    yield "ipv6_extensions_without_end", framed(12, ipv6(b"\x00\0" + bytes(6) + (b"\x00\0" + bytes(6)) * 40, 0))
    yield (
        "ipv6_fragments",
        framed(12, ipv6(b"\x06\0\0\x01\0\0\0\x07" + tcp()[:24], 44), ipv6(b"\x06\0\0\x18\0\0\0\x07" + tcp()[24:], 44)),
    )
    yield "ipv4_options", framed(11, ipv4(tcp(options=b"\x01" * 8), options=b"\x07\x04\0\0"))
    halves = tcp(payload=b"a" * 40)
    yield "ipv4_fragments", framed(11, ipv4(halves[:24], fragment=0x2000), ipv4(halves[24:], fragment=3))
    yield "ipv4_fragments_backwards", framed(11, ipv4(halves[24:], fragment=3), ipv4(halves[:24], fragment=0x2000))
    yield (
        "ipv4_fragments_overlap",
        framed(11, ipv4(halves[:32], fragment=0x2000), ipv4(halves[16:48], fragment=0x2002), ipv4(halves[40:], fragment=5)),
    )
    yield "ipv4_fragment_beyond_the_end", framed(11, ipv4(halves[:24], fragment=0x2000), ipv4(bytes(40), fragment=0x1FFF))
    yield "ipv4_fragments_of_many", framed(11, *[ipv4(halves[:24], identification=i, fragment=0x2000) for i in range(20)])
    yield "ipv4_length_lies", framed(11, b"\x45\0\xff\xff" + segment[4:], b"\x45\0\0\x10" + segment[4:], b"\x4f" + segment[1:])
    yield "ipv4_length_of_segmentation_offload", framed(11, b"\x45\0\0\0" + segment[4:])
    yield "tcp_offset_lies", framed(11, ipv4(tcp()[:12] + b"\xf0" + tcp()[13:]), ipv4(tcp()[:12] + b"\x10" + tcp()[13:]))
    yield "vlan_twice", framed(1, ethernet + b"\x88\xa8\0\x01\x81\x00\0\x02\x08\x00" + segment)
    yield "mpls", framed(1, ethernet + b"\x88\x47\0\0\x10\x40\0\0\x21\x40" + segment)
    yield "pppoe", framed(1, ethernet + b"\x88\x64\x11\0\0\x01\0\x60\x00\x21" + segment)
    yield "arp", framed(1, ethernet + b"\x08\x06" + bytes(28))
    yield "length_field", framed(1, ethernet + b"\x00\x40\xaa\xaa\x03\0\0\0\x08\x00" + segment)
    yield (
        "gre",
        framed(
            11, ipv4(b"\0\0\x08\x00" + segment, 47), ipv4(b"\xb0\0\x65\x58" + bytes(12) + ethernet + b"\x08\x00" + segment, 47)
        ),
    )
    yield "ip_in_ip", framed(11, ipv4(ipv4(segment, 4), 4), ipv4(ipv6(tcp()), 41))
    vxlan = struct.pack(">HHHH", 5_000, 4_789, 0, 0) + b"\x08\0\0\0\0\0\x01\0" + ethernet + b"\x08\x00" + segment
    geneve = struct.pack(">HHHH", 5_000, 6_081, 0, 0) + b"\0\0\x65\x58\0\0\x01\0" + ethernet + b"\x08\x00" + segment
    yield "vxlan", framed(11, ipv4(vxlan, 17))
    yield "geneve", framed(11, ipv4(geneve, 17))
    yield "udp_and_icmp", framed(11, ipv4(bytes(12), 17), ipv4(bytes(8), 1), ipv4(bytes(8), 132))
    yield "empty_packets", framed(1, b"", b"\0", b"")
