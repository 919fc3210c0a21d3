"""Packets inside packets: what a tunnel's header carries, and where that starts.

In: bytes at the start of the tunnel's header. Out: `(ethertype, offset)` as in `link`, with the same negative numbers.
"""

from __future__ import annotations

from wsobserve.transport.link import (
    BAD_HEADER,
    ETHERTYPE_ETHERNET,
    ETHERTYPE_IPV4,
    ETHERTYPE_IPV6,
    NOT_NETWORK,
    TOO_SHORT,
    internet_protocol,
)

ERSPAN_2 = 0x88BE  # encapsulated remote mirroring, types I and II
ERSPAN_3 = 0x22EB
VXLAN_PORTS = (4789, 8472)  # RFC 7348, 8; what Linux used before
GENEVE_PORT = 6081
GTP_PORT = 2152


def generic_routing(buffer: bytes, offset: int, end: int) -> tuple[int, int]:
    """GRE: RFC 2784, 2.1 and RFC 2890, 2; version 1 with PPP inside: RFC 2637, 4.1."""
    if end - offset < 4:
        return TOO_SHORT, offset
    flags = int.from_bytes(buffer[offset : offset + 2], "big")
    protocol = int.from_bytes(buffer[offset + 2 : offset + 4], "big")
    version = flags & 7
    if version > 1 or flags & 0x4000:  # RFC 2784, 2.3: source routes (RFC 1701) are no more
        return BAD_HEADER, offset
    at = offset + 4
    if flags & 0x8000:
        at += 4  # checksum, reserved
    if flags & 0x2000:
        at += 4  # key
    if flags & 0x1000:
        at += 4  # sequence number
    if version == 1 and flags & 0x0080:
        at += 4  # acknowledgment number
    if protocol == ERSPAN_2:
        return ETHERTYPE_ETHERNET, at + (8 if flags & 0x1000 else 0)  # type I has neither sequence number nor header
    if protocol == ERSPAN_3:
        if end - at < 12:
            return TOO_SHORT, at
        return ETHERTYPE_ETHERNET, at + (20 if buffer[at + 11] & 1 else 12)  # bit O: a subheader of eight bytes
    return protocol, at


def user_datagram(port: int, buffer: bytes, offset: int, end: int) -> tuple[int, int]:
    """What a UDP datagram to this port carries; NOT_NETWORK when it is no tunnel."""
    if port in VXLAN_PORTS:
        if end - offset < 8:
            return TOO_SHORT, offset
        if not buffer[offset] & 0x08:  # RFC 7348, 5: the I flag must be set
            return NOT_NETWORK, offset
        return ETHERTYPE_ETHERNET, offset + 8
    if port == GENEVE_PORT:  # RFC 8926, 3.4
        if end - offset < 8:
            return TOO_SHORT, offset
        if buffer[offset] >> 6:
            return NOT_NETWORK, offset
        options_length = (buffer[offset] & 0x3F) * 4
        return int.from_bytes(buffer[offset + 2 : offset + 4], "big"), offset + 8 + options_length
    if port == GTP_PORT:
        return _mobile_user_plane(buffer, offset, end)
    return NOT_NETWORK, offset


def _mobile_user_plane(buffer: bytes, offset: int, end: int) -> tuple[int, int]:
    """GTPv1-U (3GPP TS 29.281, 5.1 and 5.2): the subscriber's IP packet behind eight bytes and optional ones."""
    if end - offset < 8:
        return TOO_SHORT, offset
    flags = buffer[offset]
    if flags & 0xF0 != 0x30 or buffer[offset + 1] != 0xFF:  # version 1, protocol type GTP; message type G-PDU
        return NOT_NETWORK, offset
    at = offset + 8
    if flags & 0x07:
        at += 4
        following = at - 1  # where the type of the next extension header stands
        while flags & 0x04 and following < end and buffer[following]:
            if at >= end or buffer[at] == 0:
                return BAD_HEADER, at
            at += buffer[at] << 2
            following = at - 1
    return internet_protocol(buffer, at, end)


def label_stack(buffer: bytes, offset: int, end: int) -> tuple[int, int]:
    """MPLS (RFC 3032, 2.1): behind the bottom of the stack nothing says what follows, so it is told by its looks."""
    while True:
        if end - offset < 4:
            return TOO_SHORT, offset
        bottom = buffer[offset + 2] & 1
        offset += 4
        if bottom:
            break
    if end - offset < 4:
        return TOO_SHORT, offset
    first = buffer[offset]
    if first >> 4 == 4 and first & 15 >= 5:
        total_length = int.from_bytes(buffer[offset + 2 : offset + 4], "big")
        if 20 <= total_length <= end - offset or not _looks_like_ethernet(buffer, offset, end):
            return ETHERTYPE_IPV4, offset
    if first >> 4 == 6 and end - offset >= 40:
        return ETHERTYPE_IPV6, offset
    if first >> 4 == 0 and _looks_like_ethernet(buffer, offset + 4, end):
        return ETHERTYPE_ETHERNET, offset + 4  # RFC 4448, 4.6: a control word in front
    if _looks_like_ethernet(buffer, offset, end):
        return ETHERTYPE_ETHERNET, offset
    return NOT_NETWORK, offset


def _looks_like_ethernet(buffer: bytes, offset: int, end: int) -> bool:
    return end - offset >= 14 and buffer[offset + 12 : offset + 14] in (
        b"\x08\x00",
        b"\x86\xdd",
        b"\x81\x00",
        b"\x88\xa8",
        b"\x08\x06",
        b"\x88\x47",
        b"\x88\x64",
    )
