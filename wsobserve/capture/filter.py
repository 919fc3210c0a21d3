"""The classic BPF program by which the kernel decides which packets a live capture sees.

Written for a SOCK_DGRAM packet socket: byte 0 of what the program sees is the IP header, link header and VLAN tag are
already off. Every comparison is followed by its own return, so no jump ever gets longer than the 8 bits it has.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

MAXIMUM_PORTS = 1000  # four instructions each; the kernel takes 4096

Instruction = tuple[int, int, int, int]  # struct sock_filter: code, jump if true, jump if false, constant

_LOAD_WORD, _LOAD_HALF, _LOAD_BYTE = 0x20, 0x28, 0x30  # at a fixed offset
_LOAD_HALF_BEHIND_X = 0x48
_X_IS_IPV4_HEADER_LENGTH = 0xB1
_X_IS = 0x01
_JUMP, _JUMP_IF_EQUAL, _JUMP_IF_SET = 0x05, 0x15, 0x45
_RETURN = 0x06
_ANCILLARY = 0xFFFFF000  # SKF_AD_OFF
_PROTOCOL, _PACKET_TYPE, _HARDWARE_TYPE = _ANCILLARY, _ANCILLARY + 4, _ANCILLARY + 28
_ARPHRD_LOOPBACK = 772
_PACKET_OUTGOING = 4
_TCP = 6
# VLAN tags still in the packet, MPLS and PPPoE: where the ports lie is for us to find out.
_CARRIERS = (0x8100, 0x88A8, 0x9100, 0x8847, 0x8848, 0x8864)
# IPv6 hop-by-hop options, routing, fragment, authentication and destination options: likewise.
_EXTENSION_HEADERS = (0, 43, 44, 51, 60)

_PASS: Instruction = (_RETURN, 0, 0, 0xFFFFFFFF)
_DROP: Instruction = (_RETURN, 0, 0, 0)
NOTHING = struct.pack("=HBBI", *_DROP)  # the program that lets no packet pass


def packet_filter(ports: Sequence[int]) -> bytes:
    """The program, as an array of struct sock_filter.

    Each packet on the loopback interface passes once: the kernel shows it twice, going out and coming in. With
    `ports`, only TCP from or to one of them passes, and what may turn out to be: IPv4 fragments but the first, IPv6 with
    extension headers, and packets in VLAN tags that the kernel leaves in place, MPLS or PPPoE. Not TCP in a tunnel.
    """
    if len(ports) > MAXIMUM_PORTS:
        raise ValueError(f"more than {MAXIMUM_PORTS} ports")
    for port in ports:
        if not 0 < port < 65536:
            raise ValueError(f"{port} is not a port")
    program: list[Instruction] = [
        (_LOAD_WORD, 0, 0, _HARDWARE_TYPE),
        (_JUMP_IF_EQUAL, 0, 3, _ARPHRD_LOOPBACK),
        (_LOAD_WORD, 0, 0, _PACKET_TYPE),
        (_JUMP_IF_EQUAL, 0, 1, _PACKET_OUTGOING),
        _DROP,
    ]
    program += _tcp_ports(ports) if ports else [_PASS]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def _tcp_ports(ports: Sequence[int]) -> list[Instruction]:
    ipv6: list[Instruction] = [
        (_LOAD_BYTE, 0, 0, 6),  # RFC 8200, 3: next header
        (_JUMP_IF_EQUAL, 0, 2, _TCP),
        (_X_IS, 0, 0, 40),
        (_JUMP, 0, 0, 2 * len(_EXTENSION_HEADERS) + 1),  # to the ports
        *_pass_if_equal(_EXTENSION_HEADERS),
        _DROP,
    ]
    others = [*_pass_if_equal(_CARRIERS), _DROP]
    ipv4: list[Instruction] = [
        (_LOAD_BYTE, 0, 0, 9),  # RFC 791, 3.1: protocol
        (_JUMP_IF_EQUAL, 1, 0, _TCP),
        _DROP,
        (_LOAD_HALF, 0, 0, 6),  # flags and fragment offset
        (_JUMP_IF_SET, 0, 1, 0x1FFF),
        _PASS,
        (_X_IS_IPV4_HEADER_LENGTH, 0, 0, 0),
        (_JUMP, 0, 0, 1 + len(others) + len(ipv6)),  # to the ports
    ]
    return [
        (_LOAD_WORD, 0, 0, _PROTOCOL),
        (_JUMP_IF_EQUAL, 0, len(ipv4), 0x0800),
        *ipv4,
        (_JUMP_IF_EQUAL, len(others), 0, 0x86DD),
        *others,
        *ipv6,
        (_LOAD_HALF_BEHIND_X, 0, 0, 0),  # RFC 9293, 3.1: source port
        *_pass_if_equal(ports),
        (_LOAD_HALF_BEHIND_X, 0, 0, 2),  # destination port
        *_pass_if_equal(ports),
        _DROP,
    ]


def _pass_if_equal(values: Sequence[int]) -> list[Instruction]:
    return [instruction for value in values for instruction in ((_JUMP_IF_EQUAL, 0, 1, value), _PASS)]
