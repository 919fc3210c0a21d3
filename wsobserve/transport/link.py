"""The header of a link type: where the network layer starts, and which it is.

In: bytes of a packet, the number of its link type. Out: `(ethertype, offset)` of what lies inside. Every link type is
translated to ethertypes, so that the layers above know one set of names. Instead of an ethertype a negative number says
why it goes no further. Link types are the LINKTYPE_ numbers of the tcpdump.org registry, where each header is drawn.
"""

from __future__ import annotations

from typing import Literal

ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_ARP = 0x0806
ETHERTYPE_ETHERNET = 0x6558  # transparent Ethernet bridging, RFC 7637: a whole Ethernet frame
ETHERTYPE_IPV6 = 0x86DD
ETHERTYPE_PPP = 0x880B
ETHERTYPE_MPLS = 0x8847

TOO_SHORT = -1  # the header needs more bytes than there are
BAD_HEADER = -2  # a field that cannot be right
NOT_NETWORK = -3  # understood, but no network layer inside (802.11 management, LLC without SNAP...)
UNKNOWN_LINK_TYPE = -4

IPV6_FAMILIES = (10, 24, 28, 30)  # AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, macOS
PPP_PROTOCOLS = {0x21: ETHERTYPE_IPV4, 0x57: ETHERTYPE_IPV6, 0x281: ETHERTYPE_MPLS, 0x283: ETHERTYPE_MPLS}
NFULA_PAYLOAD = 9

ETHERNET = 1
RAW = (12, 14, 101)
RAW_IPV4 = 228
RAW_IPV6 = 229


def network_layer(link_type: int, buffer: bytes, offset: int, end: int) -> tuple[int, int]:
    """The ethertype of what this link's header carries and where that starts; a negative number when it goes no further."""
    if link_type == ETHERNET:
        return ETHERTYPE_ETHERNET, offset
    if link_type in RAW:
        return internet_protocol(buffer, offset, end)
    if link_type == RAW_IPV4:
        return ETHERTYPE_IPV4, offset
    if link_type == RAW_IPV6:
        return ETHERTYPE_IPV6, offset
    reader = _READERS.get(link_type)
    if reader is None:
        return UNKNOWN_LINK_TYPE, offset
    return reader(buffer, offset, end)


def internet_protocol(buffer: bytes, offset: int, end: int) -> tuple[int, int]:
    """IPv4 or IPv6, told by the version nibble."""
    if offset >= end:
        return TOO_SHORT, offset
    version = buffer[offset] >> 4
    if version == 4:
        return ETHERTYPE_IPV4, offset
    return (ETHERTYPE_IPV6 if version == 6 else BAD_HEADER), offset


def point_to_point(buffer: bytes, offset: int, end: int) -> tuple[int, int]:
    """PPP (RFC 1661, 2; RFC 1662, 3.1), with or without address and control field, protocol field compressed or not."""
    if end - offset >= 2 and buffer[offset] == 0xFF and buffer[offset + 1] == 0x03:
        offset += 2
    if end - offset < 2:
        return TOO_SHORT, offset
    if buffer[offset] & 1:  # RFC 1661, 6.5: an odd first byte is a compressed protocol field
        return PPP_PROTOCOLS.get(buffer[offset], NOT_NETWORK), offset + 1
    protocol = int.from_bytes(buffer[offset : offset + 2], "big")
    return PPP_PROTOCOLS.get(protocol, NOT_NETWORK), offset + 2


def logical_link(buffer: bytes, offset: int, end: int) -> tuple[int, int]:
    """IEEE 802.2 LLC; only with SNAP (RFC 1042) it names an ethertype."""
    if end - offset < 8:
        return (TOO_SHORT if buffer[offset:end] == b"\xaa\xaa\x03"[: end - offset] else NOT_NETWORK), offset
    if buffer[offset : offset + 3] != b"\xaa\xaa\x03":
        return NOT_NETWORK, offset
    return int.from_bytes(buffer[offset + 6 : offset + 8], "big"), offset + 8


def _address_family(family: int, offset: int) -> tuple[int, int]:
    if family == 2:
        return ETHERTYPE_IPV4, offset
    return (ETHERTYPE_IPV6 if family in IPV6_FAMILIES else NOT_NETWORK), offset


def _loopback(buffer: bytes, offset: int, end: int) -> tuple[int, int]:
    """NULL and LOOP: an address family in four bytes, in the byte order of whoever captured."""
    if end - offset < 4:
        return TOO_SHORT, offset
    word = buffer[offset : offset + 4]
    return _address_family(min(int.from_bytes(word, "big"), int.from_bytes(word, "little")), offset + 4)


def _cooked(buffer: bytes, offset: int, end: int) -> tuple[int, int]:
    """Linux cooked capture v1: the protocol in the last two of 16 bytes."""
    if end - offset < 16:
        return TOO_SHORT, offset
    return _cooked_protocol(int.from_bytes(buffer[offset + 14 : offset + 16], "big"), buffer, offset + 16, end)


def _cooked_2(buffer: bytes, offset: int, end: int) -> tuple[int, int]:
    """Linux cooked capture v2: the protocol in the first two of 20 bytes."""
    if end - offset < 20:
        return TOO_SHORT, offset
    return _cooked_protocol(int.from_bytes(buffer[offset : offset + 2], "big"), buffer, offset + 20, end)


def _cooked_protocol(protocol: int, buffer: bytes, offset: int, end: int) -> tuple[int, int]:
    if protocol == 4:
        return logical_link(buffer, offset, end)
    return (protocol if protocol >= 0x0600 else NOT_NETWORK), offset


def _netfilter_log(buffer: bytes, offset: int, end: int) -> tuple[int, int]:
    """NFLOG: type-length-value entries in the byte order of whoever captured; one of them is the packet."""
    if end - offset < 8:
        return TOO_SHORT, offset
    family = buffer[offset]
    at = offset + 4
    # A length is at least 4 and small; read in the wrong byte order the first one is 1024 or more.
    order: Literal["little", "big"] = "big" if buffer[at] == 0 else "little"
    while end - at >= 4:
        length = int.from_bytes(buffer[at : at + 2], order)
        kind = int.from_bytes(buffer[at + 2 : at + 4], order) & 0x7FFF
        if kind == NFULA_PAYLOAD:
            return _address_family(family, at + 4)
        if length < 4:
            return BAD_HEADER, at
        at += length + 3 & ~3
    return (TOO_SHORT if at >= end else BAD_HEADER), at


def _cisco_hdlc(buffer: bytes, offset: int, end: int) -> tuple[int, int]:
    """Cisco HDLC: address, control, ethertype."""
    if end - offset < 4:
        return TOO_SHORT, offset
    return int.from_bytes(buffer[offset + 2 : offset + 4], "big"), offset + 4


def _ppp_in_hdlc(buffer: bytes, offset: int, end: int) -> tuple[int, int]:
    """PPP in HDLC-like framing, or Cisco HDLC, told apart by the address byte."""
    if offset < end and buffer[offset] in (0x0F, 0x8F):
        return _cisco_hdlc(buffer, offset, end)
    return point_to_point(buffer, offset, end)


def ppp_over_ethernet(buffer: bytes, offset: int, end: int) -> tuple[int, int]:
    """PPPoE session stage (RFC 2516, 4): six bytes, then PPP without address and control field."""
    if end - offset < 6:
        return TOO_SHORT, offset
    return point_to_point(buffer, offset + 6, end)


def _packet_filter_log(buffer: bytes, offset: int, end: int) -> tuple[int, int]:
    """PFLOG: its length (rounded up to four) in the first byte, the address family in the second."""
    if end - offset < 4:
        return TOO_SHORT, offset
    return _address_family(buffer[offset + 1], offset + (buffer[offset] + 3 & ~3))


def _wireless(buffer: bytes, offset: int, end: int) -> tuple[int, int]:
    """IEEE 802.11, 9.2: data frames that are neither encrypted nor aggregated carry LLC."""
    if end - offset < 24:
        return TOO_SHORT, offset
    control, flags = buffer[offset], buffer[offset + 1]
    quality_of_service = control & 0x80
    if control & 0x0C != 0x08 or control & 0x40 or flags & 0x40:  # not data; no data; protected
        return NOT_NETWORK, offset
    at = offset + (30 if flags & 0x03 == 0x03 else 24)
    if quality_of_service:
        if at < end and buffer[at] & 0x80:
            return NOT_NETWORK, offset  # aggregated
        at += 6 if flags & 0x80 else 2
    if buffer[at : at + 3] != b"\xaa\xaa\x03" and buffer[at + 2 : at + 5] == b"\xaa\xaa\x03":
        at += 2  # some drivers pad the header to four bytes
    return logical_link(buffer, at, end)


def _radiotap(buffer: bytes, offset: int, end: int) -> tuple[int, int]:
    """Radiotap: version, pad, length of it all in little-endian; then 802.11."""
    if end - offset < 4:
        return TOO_SHORT, offset
    return _wireless(buffer, offset + int.from_bytes(buffer[offset + 2 : offset + 4], "little"), end)


def _packet_tap(buffer: bytes, offset: int, end: int) -> tuple[int, int]:
    """Apple PKTAP: length, type and the inner link type, four little-endian bytes each."""
    if end - offset < 12:
        return TOO_SHORT, offset
    length = int.from_bytes(buffer[offset : offset + 4], "little")
    inner = int.from_bytes(buffer[offset + 8 : offset + 12], "little")
    if length < 12 or inner == 258:
        return BAD_HEADER, offset
    return network_layer(inner, buffer, offset + length, end)


def _mpls(buffer: bytes, offset: int, end: int) -> tuple[int, int]:
    return ETHERTYPE_MPLS, offset


_READERS = {
    0: _loopback,
    9: point_to_point,
    50: _ppp_in_hdlc,
    51: ppp_over_ethernet,
    104: _cisco_hdlc,
    105: _wireless,
    108: _loopback,
    113: _cooked,
    117: _packet_filter_log,
    127: _radiotap,
    219: _mpls,
    239: _netfilter_log,
    258: _packet_tap,
    276: _cooked_2,
}
