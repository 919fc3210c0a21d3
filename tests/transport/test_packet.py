"""Packets of every encapsulation, built by scapy, give the TCP segment inside; the others are counted by reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.config import Limits
from wsobserve.transport.fragment import Fragments
from wsobserve.transport.packet import PacketDecoder

pytest.importorskip("scapy", reason="scapy builds the packets")

from scapy.contrib.erspan import ERSPAN_II, ERSPAN_III
from scapy.contrib.geneve import GENEVE
from scapy.contrib.gtp import GTP_U_Header, GTPPDUSessionContainer
from scapy.contrib.mpls import MPLS
from scapy.layers.dot11 import Dot11, Dot11QoS, RadioTap
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP, fragment
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    Jumbo,
    PadN,
    fragment6,
)
from scapy.layers.ipsec import AH
from scapy.layers.l2 import ARP, GRE, LLC, SNAP, CookedLinux, CookedLinuxV2, Dot1AD, Dot1Q, Dot3, Ether, Loopback
from scapy.layers.ppp import HDLC, PPP, PPPoE
from scapy.layers.sctp import SCTP
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

PAYLOAD = b"seven b"
KEY_4 = bytes((10, 0, 0, 1, 10, 0, 0, 2)) + b"\x9c\x40\x00\x50"
KEY_6 = bytes.fromhex("20010db8000000000000000000000001 20010db8000000000000000000000002 9c400050")


def tcp() -> Packet:
    return TCP(sport=40000, dport=80, seq=0x01020304, ack=0xA0B0C0D0, flags="PA", window=512) / Raw(PAYLOAD)


def ip4(**more: Any) -> Packet:
    return IP(src="10.0.0.1", dst="10.0.0.2", **more)


def ip6(**more: Any) -> Packet:
    return IPv6(src="2001:db8::1", dst="2001:db8::2", **more)


def ether(**more: Any) -> Packet:
    return Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02", **more)


OUTER = IP(src="192.0.2.1", dst="192.0.2.2")
OUTER_6 = IPv6(src="2001:db8:ffff::1", dst="2001:db8:ffff::2")


def new_decoder() -> PacketDecoder:
    return PacketDecoder(Fragments(Limits()))


def decode(decoder: PacketDecoder, data: bytes, link_type: int = 1, wire: int | None = None) -> bool:
    """Decode with other bytes in front and behind, as in a batch."""
    buffer = b"before" + data
    return decoder.decode(buffer, 6, len(data), len(data) if wire is None else wire, link_type, 0)


def radio(header: Packet) -> Packet:
    return header / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=0x0800) / ip4() / tcp()


ENCAPSULATIONS: list[tuple[str, int, object, bytes]] = [
    ("ethernet, IPv4", 1, ether() / ip4() / tcp(), KEY_4),
    ("ethernet, IPv6", 1, ether() / ip6() / tcp(), KEY_6),
    ("padding behind", 1, bytes(ether() / ip4() / tcp()) + b"\x55" * 9, KEY_4),
    ("IPv4 options", 1, ether() / ip4(options=[IPOption_NOP()] * 4) / tcp(), KEY_4),
    ("TCP options", 1, ether() / ip4() / TCP(bytes(tcp())[:20]) / Raw(PAYLOAD), KEY_4),
    ("VLAN", 1, ether() / Dot1Q(vlan=7) / ip4() / tcp(), KEY_4),
    ("QinQ", 1, ether(type=0x88A8) / Dot1AD(vlan=1) / Dot1Q(vlan=7) / ip4() / tcp(), KEY_4),
    ("QinQ, older", 1, ether(type=0x9100) / Dot1Q(vlan=1) / Dot1Q(vlan=7) / ip6() / tcp(), KEY_6),
    ("LLC and SNAP", 1, Dot3() / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=0x0800) / ip4() / tcp(), KEY_4),
    ("MPLS", 1, ether(type=0x8847) / MPLS(label=1, s=0) / MPLS(label=2, s=1) / ip4() / tcp(), KEY_4),
    ("MPLS, IPv6", 1, ether(type=0x8847) / MPLS(label=2, s=1) / ip6() / tcp(), KEY_6),
    ("MPLS, pseudowire", 1, ether(type=0x8847) / MPLS(label=2, s=1) / Raw(bytes(4)) / ether() / ip4() / tcp(), KEY_4),
    (
        "MPLS, Ethernet without control word",
        1,
        ether(type=0x8847) / MPLS(label=2, s=1) / Raw(bytes(ether() / ip4() / tcp())),
        KEY_4,
    ),
    ("PPPoE", 1, ether(type=0x8864) / PPPoE() / PPP() / ip4() / tcp(), KEY_4),
    ("PPPoE, IPv6", 1, ether(type=0x8864) / PPPoE() / PPP() / ip6() / tcp(), KEY_6),
    ("NULL, little-endian", 0, b"\x02\0\0\0" + bytes(ip4() / tcp()), KEY_4),
    ("NULL, big-endian", 0, b"\0\0\0\x02" + bytes(ip4() / tcp()), KEY_4),
    ("NULL, by scapy", 0, Loopback() / ip4() / tcp(), KEY_4),
    *((f"NULL, IPv6 as {family}", 0, bytes((family, 0, 0, 0)) + bytes(ip6() / tcp()), KEY_6) for family in (10, 24, 28, 30)),
    ("LOOP", 108, b"\0\0\0\x1e" + bytes(ip6() / tcp()), KEY_6),
    ("raw 12", 12, ip4() / tcp(), KEY_4),
    ("raw 101", 101, ip6() / tcp(), KEY_6),
    ("raw IPv4", 228, ip4() / tcp(), KEY_4),
    ("raw IPv6", 229, ip6() / tcp(), KEY_6),
    ("cooked", 113, CookedLinux(proto=0x0800) / ip4() / tcp(), KEY_4),
    ("cooked, VLAN", 113, CookedLinux(proto=0x8100) / Dot1Q(vlan=3) / ip6() / tcp(), KEY_6),
    ("cooked 2", 276, CookedLinuxV2(proto=0x86DD) / ip6() / tcp(), KEY_6),
    (
        "NFLOG",
        239,
        b"\x02\0\0\0" + b"\x08\0\x01\0\x08\0\x01\0" + b"\x05\0\x0a\0x\0\0\0" + b"\x33\0\x09\0" + bytes(ip4() / tcp()),
        KEY_4,
    ),
    ("NFLOG, big-endian", 239, b"\x0a\0\0\0" + b"\0\x08\0\x01\x08\0\x01\0" + b"\0\x47\0\x09" + bytes(ip6() / tcp()), KEY_6),
    ("Cisco HDLC", 104, b"\x0f\0\x08\0" + bytes(ip4() / tcp()), KEY_4),
    ("PPP", 9, PPP() / ip4() / tcp(), KEY_4),
    ("PPP with address and control", 9, HDLC() / PPP() / ip6() / tcp(), KEY_6),
    ("PPP, compressed protocol", 9, b"\x21" + bytes(ip4() / tcp()), KEY_4),
    ("PPP in HDLC", 50, HDLC() / PPP() / ip4() / tcp(), KEY_4),
    ("PPP in HDLC, Cisco", 50, b"\x8f\0\x86\xdd" + bytes(ip6() / tcp()), KEY_6),
    ("PPP_ETHER", 51, PPPoE() / PPP() / ip4() / tcp(), KEY_4),
    ("PFLOG", 117, b"\x3d\x02" + bytes(62) + bytes(ip4() / tcp()), KEY_4),
    ("802.11", 105, radio(Dot11(type=2, subtype=0, FCfield=1)), KEY_4),
    ("802.11, QoS", 105, radio(Dot11(type=2, subtype=8, FCfield=1) / Dot11QoS()), KEY_4),
    ("radiotap", 127, radio(RadioTap() / Dot11(type=2, subtype=0, FCfield=1)), KEY_4),
    ("PKTAP", 258, b"\x14\0\0\0\x01\0\0\0\x0c\0\0\0" + bytes(8) + bytes(ip4() / tcp()), KEY_4),
    ("GRE", 1, ether() / OUTER / GRE() / ip4() / tcp(), KEY_4),
    ("GRE, all fields", 1, ether() / OUTER / GRE(chksum_present=1, key_present=1, seqnum_present=1) / ip6() / tcp(), KEY_6),
    ("GRE, Ethernet", 1, ether() / OUTER / GRE(proto=0x6558) / ether() / ip4() / tcp(), KEY_4),
    ("GRE over IPv6", 1, ether() / OUTER_6 / GRE() / ip4() / tcp(), KEY_4),
    ("ERSPAN II", 1, ether() / OUTER / GRE(seqnum_present=1, proto=0x88BE) / ERSPAN_II() / ether() / ip4() / tcp(), KEY_4),
    ("ERSPAN III", 1, ether() / OUTER / GRE(seqnum_present=1, proto=0x22EB) / ERSPAN_III() / ether() / ip4() / tcp(), KEY_4),
    ("VXLAN", 1, ether() / OUTER / UDP(sport=9, dport=4789) / VXLAN(vni=5) / ether() / ip4() / tcp(), KEY_4),
    ("VXLAN, older port", 1, ether() / OUTER_6 / UDP(sport=9, dport=8472) / VXLAN(vni=5) / ether() / ip6() / tcp(), KEY_6),
    ("Geneve", 1, ether() / OUTER / UDP(sport=9, dport=6081) / GENEVE(vni=5) / ether() / ip4() / tcp(), KEY_4),
    ("Geneve, IP", 1, ether() / OUTER / UDP(sport=9, dport=6081) / GENEVE(proto=0x0800) / ip4() / tcp(), KEY_4),
    ("GTP", 1, ether() / OUTER / UDP(sport=9, dport=2152) / GTP_U_Header(gtp_type=255) / ip4() / tcp(), KEY_4),
    (
        "GTP, extension header",
        1,
        ether()
        / OUTER
        / UDP(sport=9, dport=2152)
        / GTP_U_Header(gtp_type=255, E=1, next_ex=0x85)
        / GTPPDUSessionContainer(type=1, QFI=1)
        / ip6()
        / tcp(),
        KEY_6,
    ),
    ("IP in IP", 1, ether() / OUTER / ip4() / tcp(), KEY_4),
    ("6in4", 1, ether() / OUTER / ip6() / tcp(), KEY_6),
    ("4in6", 1, ether() / OUTER_6 / ip4() / tcp(), KEY_4),
    (
        "IPv6 extension headers",
        1,
        ether()
        / ip6()
        / IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)])
        / IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 12)])
        / IPv6ExtHdrRouting()
        / tcp(),
        KEY_6,
    ),
    ("IPv6 atomic fragment", 1, ether() / ip6() / IPv6ExtHdrFragment(offset=0, m=0, id=9) / tcp(), KEY_6),
    (
        "IPv6 jumbogram",
        1,
        ether() / ip6(plen=0) / IPv6ExtHdrHopByHop(options=[Jumbo(jumboplen=8 + 20 + len(PAYLOAD))]) / tcp(),
        KEY_6,
    ),
    ("IPv6 without length", 1, ether() / ip6(plen=0) / tcp(), KEY_6),
    ("IPv4 without length", 1, ether() / ip4(len=0) / tcp(), KEY_4),
    ("authentication header", 1, ether() / ip4() / AH(nh=6, payloadlen=4, icv=bytes(12)) / tcp(), KEY_4),
    ("authentication header, IPv6", 1, ether() / ip6() / AH(nh=6, payloadlen=4, icv=bytes(12)) / tcp(), KEY_6),
]


@pytest.mark.parametrize(
    ("link_type", "packet", "key"), [one[1:] for one in ENCAPSULATIONS], ids=[e[0] for e in ENCAPSULATIONS]
)
def test_the_segment_is_found_in_every_encapsulation(link_type: int, packet: object, key: bytes) -> None:
    decoder = new_decoder()
    data = packet if isinstance(packet, bytes) else bytes(packet)  # type: ignore[call-overload]
    assert decode(decoder, data, link_type), (decoder.skipped, decoder.dropped)
    assert decoder.key == key
    assert decoder.sequence_number == 0x01020304
    assert decoder.acknowledgment_number == 0xA0B0C0D0
    assert decoder.flags == 0x18
    assert decoder.window == 512
    assert decoder.buffer[decoder.payload_start : decoder.payload_end] == PAYLOAD
    assert decoder.payload_length == len(PAYLOAD)
    assert (decoder.decoded, decoder.cut, decoder.skipped, decoder.dropped) == (1, 0, {}, {})


@pytest.mark.parametrize(("link_type", "packet"), [one[1:3] for one in ENCAPSULATIONS], ids=[e[0] for e in ENCAPSULATIONS])
def test_an_encapsulation_cut_anywhere_is_counted_once_and_never_raises(link_type: int, packet: object) -> None:
    data = packet if isinstance(packet, bytes) else bytes(packet)  # type: ignore[call-overload]
    for length in range(len(data)):
        for wire in (length, len(data)):
            decoder = new_decoder()
            decode(decoder, data[:length], link_type, wire)
            assert decoder.decoded + sum(decoder.skipped.values()) + sum(decoder.dropped.values()) == 1


@pytest.mark.parametrize(
    ("packet", "skipped"),
    [
        (ether() / ip4() / UDP() / Raw(b"x"), "udp"),
        (ether() / ip6() / UDP(dport=4789) / Raw(b"plain text"), "udp"),
        (ether() / ip4() / ICMP(), "icmp"),
        (ether() / ip6() / ICMPv6EchoRequest(), "icmpv6"),
        (ether() / ip4() / SCTP(), "sctp"),
        (ether() / ip4(proto=89) / Raw(b"ospf"), "other_ip_protocol"),
        (ether() / ARP(), "arp"),
        (ether(type=0x88CC) / Raw(b"lldp"), "other_ethertype"),
        (Dot3() / LLC(dsap=0x42, ssap=0x42, ctrl=3) / Raw(b"spanning tree"), "other_ethertype"),
        (ether() / ip4(flags="MF", proto=6) / Raw(bytes(16)), "fragment"),
        (ether() / ip6() / IPv6ExtHdrFragment(m=1, nh=6) / Raw(bytes(16)), "fragment"),
    ],
)
def test_what_is_understood_but_not_tcp_is_skipped_by_name(packet: Packet, skipped: str) -> None:
    decoder = new_decoder()
    assert not decode(decoder, bytes(packet))
    assert (decoder.skipped, decoder.dropped) == ({skipped: 1}, {})


@pytest.mark.parametrize(
    ("link_type", "header"),
    [
        (104, "0f00 0000"),
        (276, "0000 0000 00000003 0001 00 06 0a0b0c0d0e0f 0000"),
        (1, "020000000002 020000000001 0008 aaaa03000000 0000"),
        (101, "4500 0018 0000 0000 40 2f 0000 0a000001 0a000002 0000 0000"),
    ],
)
def test_ethertype_0_is_no_segment(link_type: int, header: str) -> None:
    data = bytes.fromhex(header)
    decoder = PacketDecoder(Fragments(Limits()))
    assert not decoder.decode(data, 0, len(data), len(data), link_type, 0)
    assert sum(decoder.skipped.values()) == 1


def test_what_cannot_be_decoded_is_dropped_by_reason() -> None:
    whole = bytes(ether() / ip4() / tcp())
    for data, wire, link_type, dropped in [
        (whole[:30], len(whole), 1, "cut_header"),
        (whole[:50], len(whole), 1, "cut_header"),
        (whole[:30], 30, 1, "bad_length"),
        (whole[:60], 60, 1, "bad_length"),
        (bytes(ether() / ip4(ihl=4) / tcp()), None, 1, "bad_header"),
        (bytes(ether() / ip4(version=5) / tcp()), None, 1, "bad_header"),
        (bytes(ether() / ip4(len=19) / tcp()), None, 1, "bad_length"),
        (bytes(ether() / ip4() / TCP(dataofs=4)), None, 1, "bad_header"),
        (bytes(ether() / ip4() / TCP(dataofs=15)), None, 1, "bad_header"),
        (whole, None, 147, "unknown_link_type"),
        (bytes(ether() / Dot1Q() / Dot1Q() / Dot1Q())[:-2] + b"\x81\0" * 40, None, 1, "too_many_layers"),
    ]:
        decoder = new_decoder()
        assert not decode(decoder, data, link_type, wire)
        assert (decoder.skipped, decoder.dropped) == ({}, {dropped: 1})


def test_bytes_cut_by_the_snap_length_are_known_by_their_number() -> None:
    whole = bytes(ether() / ip4() / tcp())
    decoder = new_decoder()
    assert decode(decoder, whole[:-4], wire=len(whole))
    assert decoder.buffer[decoder.payload_start : decoder.payload_end] == PAYLOAD[:-4]
    assert decoder.payload_length == len(PAYLOAD)
    assert decoder.cut == 1


def test_tcp_options_cut_by_the_snap_length_leave_a_segment_without_bytes() -> None:
    whole = bytes(ether() / ip4() / TCP(options=[("Timestamp", (1, 2))]) / Raw(PAYLOAD))
    decoder = new_decoder()
    assert decode(decoder, whole[:56], wire=len(whole))
    assert decoder.payload_start == decoder.payload_end
    assert decoder.payload_length == len(PAYLOAD)


def test_the_bytes_of_a_plain_packet_are_read_where_rfc_9293_draws_them() -> None:
    packet = bytes.fromhex(
        "020000000002 020000000001 0800"  # Ethernet
        "4500002b 00010000 40060000 0a000001 0a000002"  # IPv4, total length 43
        "9c40 0050 01020304 a0b0c0d0 50 18 0200 0000 0000"  # TCP
        "616263 000000"  # three bytes, and padding
    )
    decoder = new_decoder()
    assert decode(decoder, packet)
    assert decoder.key.hex() == "0a0000010a0000029c400050"
    assert decoder.buffer[decoder.payload_start : decoder.payload_end] == b"abc"


@pytest.mark.parametrize("order", [1, -1])
def test_fragments_of_ipv4_and_ipv6_come_together(order: int) -> None:
    big = bytes(range(256)) * 4
    four = fragment(ip4(id=77) / TCP(sport=40000, dport=80) / Raw(big), 200)  # type: ignore[no-untyped-call]  # of scapy
    six = fragment6(ip6() / IPv6ExtHdrFragment(id=77) / TCP(sport=40000, dport=80) / Raw(big), 300)  # type: ignore[no-untyped-call]  # of scapy
    for pieces, key in ((four, KEY_4), (six, KEY_6)):
        decoder = new_decoder()
        assert len(pieces) > 3
        assert [decode(decoder, bytes(ether() / one)) for one in pieces[::order]] == [False] * (len(pieces) - 1) + [True]
        assert decoder.key == key
        assert decoder.buffer[decoder.payload_start : decoder.payload_end] == big
        assert decoder.skipped == {"fragment": len(pieces) - 1}


def test_a_tunnel_in_fragments_is_read() -> None:
    inner = ether() / ip4() / TCP(sport=40000, dport=80) / Raw(bytes(1000))
    decoder = new_decoder()
    pieces = fragment(OUTER / UDP(sport=9, dport=4789) / VXLAN(vni=5) / inner, 400)  # type: ignore[no-untyped-call]  # of scapy
    assert [decode(decoder, bytes(ether() / one)) for one in pieces] == [False, False, True]
    assert decoder.payload_length == 1000


@given(st.sampled_from(ENCAPSULATIONS), st.data())
def test_changed_bytes_never_raise(encapsulation: tuple[str, int, object, bytes], data: st.DataObject) -> None:
    _, link_type, packet, _ = encapsulation
    changed = bytearray(packet if isinstance(packet, bytes) else bytes(packet))  # type: ignore[call-overload]
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    decoder = new_decoder()
    decode(decoder, bytes(changed), link_type)
    assert decoder.decoded + sum(decoder.skipped.values()) + sum(decoder.dropped.values()) == 1
