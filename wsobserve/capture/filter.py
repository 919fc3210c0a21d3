"""The classic BPF program by which the kernel decides which packets a live capture sees, and how much of each.

Written for a SOCK_DGRAM packet socket: byte 0 of what the program sees is the IP header, link header and VLAN tag are
already off. Every comparison is followed by its own return, so no jump ever gets longer than the 8 bits it has.

A program is handed on as bytes, an array of struct sock_filter: `packet_filter` and `discovery_filter` make one,
`of_interfaces` and `cut_at` narrow one that is there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

MAXIMUM_PORTS = 500  # single ports and ranges; six instructions each at most
MAXIMUM_INTERFACES = 255  # a jump behind their comparisons has 8 bits
_LONGEST = 4096 - MAXIMUM_INTERFACES - 2  # instructions: the kernel takes 4096, and interfaces may come in front

Instruction = tuple[int, int, int, int]  # struct sock_filter: code, jump if true, jump if false, constant
Ports = Sequence[int | tuple[int, int]]  # single ports, and ranges with both ends in them

_LOAD_WORD, _LOAD_HALF, _LOAD_BYTE = 0x20, 0x28, 0x30  # at a fixed offset
_LOAD_WORD_BEHIND_X, _LOAD_HALF_BEHIND_X, _LOAD_BYTE_BEHIND_X = 0x40, 0x48, 0x50
_X_IS_IPV4_HEADER_LENGTH = 0xB1
_X_IS, _X_IS_A = 0x01, 0x07
_ADD_X, _AND, _SHIFT_RIGHT = 0x0C, 0x54, 0x74
_JUMP, _JUMP_IF_EQUAL, _JUMP_IF_GREATER, _JUMP_IF_NOT_LESS, _JUMP_IF_SET = 0x05, 0x15, 0x25, 0x35, 0x45
_RETURN, _RETURN_A = 0x06, 0x16
_ANCILLARY = 0xFFFFF000  # SKF_AD_OFF
_PROTOCOL, _PACKET_TYPE, _INTERFACE, _HARDWARE_TYPE = (_ANCILLARY + offset for offset in (0, 4, 8, 28))
_ARPHRD_LOOPBACK = 772
_PACKET_OUTGOING = 4
_TCP = 6
_FIN_SYN_RST = 0x07
# VLAN tags still in the packet, MPLS and PPPoE: where the ports lie is for us to find out.
_CARRIERS = (0x8100, 0x88A8, 0x9100, 0x8847, 0x8848, 0x8864)
# IPv6 hop-by-hop options, routing, fragment, authentication and destination options: likewise.
_EXTENSION_HEADERS = (0, 43, 44, 51, 60)
# What carries packets that we look into (see transport/tunnel.py): IP, IPv6, GRE and MPLS in IP; VXLAN, Geneve and GTP in UDP.
TUNNEL_PROTOCOLS = (4, 41, 47, 137)
TUNNEL_PORTS = (4789, 8472, 6081, 2152)
_UDP = 17

_STRUCTURE = struct.Struct("=HBBI")
_PASS: Instruction = (_RETURN, 0, 0, 0xFFFFFFFF)
_DROP: Instruction = (_RETURN, 0, 0, 0)
NOTHING = struct.pack("=HBBI", *_DROP)  # the program that lets no packet pass

NOTHING = _STRUCTURE.pack(*_DROP)  # the program that lets no packet pass


def parse_ports(texts: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """The ranges that `texts` name, `8080` or `8000-8100`, each with both ends in it. Raises ValueError, one line."""
    ranges = []
    for text in texts:
        first, dash, last = (part.strip() for part in text.partition("-"))
        if not _is_number(first) or (dash and not _is_number(last)):
            raise ValueError(f"{text!r} is neither a port nor a range of ports, such as 8080 or 8000-8100")
        ranges.append((int(first), int(last) if dash else int(first)))
    for lowest, highest in ranges:
        _check_range(lowest, highest)
    return tuple(ranges)


def packet_filter(ports: Ports, expression: bytes = b"") -> bytes:
    """The program for TCP from or to `ports`, or for everything without any.

    Each packet on the loopback interface passes once: the kernel shows it twice, going out and coming in. With
    `ports`, only TCP from or to one of them passes, and what may turn out to be: IPv4 fragments but the first, IPv6 with
    extension headers, and packets in VLAN tags that the kernel leaves in place, MPLS or PPPoE. Not TCP in a tunnel.
    With `expression`, a program as `compile_expression` makes it, what passes must pass that one too.
    """
    return _program(expression, _tcp_ports(port_ranges(ports), [_DROP], [_DROP], [_DROP]) if ports else [_PASS])


def discovery_filter(found: Ports, expression: bytes = b"") -> bytes:
    """The program for TCP from or to the ports `found`, and for what shows that there are more of them.

    On other ports pass: segments with SYN, FIN or RST; segments whose payload begins with `GET `, as an opening handshake
    does, and those that begin with an answer of status 101. Tunnels that we look into pass, as the ports may have been
    found in one. All else as `packet_filter`.
    """
    later_fragment: list[Instruction] = [(_LOAD_HALF, 0, 0, 6), (_JUMP_IF_SET, 0, 1, 0x1FFF), _PASS]
    payload = [
        (_LOAD_BYTE_BEHIND_X, 0, 0, 13),  # RFC 9293, 3.1: control bits
        (_JUMP_IF_SET, 0, 1, _FIN_SYN_RST),
        _PASS,
        (_LOAD_BYTE_BEHIND_X, 0, 0, 12),  # data offset, in words, in the upper half
        (_SHIFT_RIGHT, 0, 0, 2),
        (_AND, 0, 0, 0x3C),
        (_ADD_X, 0, 0, 0),
        (_X_IS_A, 0, 0, 0),
        (_LOAD_WORD_BEHIND_X, 0, 0, 0),
        (_JUMP_IF_EQUAL, 0, 1, int.from_bytes(b"GET ", "big")),
        _PASS,
        (_JUMP_IF_EQUAL, 0, 3, int.from_bytes(b"HTTP", "big")),
        (_LOAD_WORD_BEHIND_X, 0, 0, 8),  # behind `HTTP/1.1`
        (_JUMP_IF_EQUAL, 0, 1, int.from_bytes(b" 101", "big")),
        _PASS,
        _DROP,
    ]
    ipv4 = _tunnels([*later_fragment, (_X_IS_IPV4_HEADER_LENGTH, 0, 0, 0)])
    return _program(expression, _tcp_ports(port_ranges(found), payload, ipv4, _tunnels([(_X_IS, 0, 0, 40)])))


def _tunnels(to_header: list[Instruction]) -> list[Instruction]:
    """Passes tunnels and nothing else. A is the protocol; `to_header` makes X the place of a UDP header."""
    return [
        *_pass_if_equal(TUNNEL_PROTOCOLS),
        (_JUMP_IF_EQUAL, 1, 0, _UDP),
        _DROP,
        *to_header,
        (_LOAD_HALF_BEHIND_X, 0, 0, 2),  # RFC 768: destination port
        *_pass_if_equal(TUNNEL_PORTS),
        _DROP,
    ]


def of_interfaces(program: bytes, indexes: Sequence[int]) -> bytes:
    """`program` for packets of the interfaces with these indexes alone."""
    if not 0 < len(indexes) <= MAXIMUM_INTERFACES:
        raise ValueError(f"there must be 1 to {MAXIMUM_INTERFACES} interfaces")
    comparisons = [(_JUMP_IF_EQUAL, len(indexes) - i, 0, index) for i, index in enumerate(indexes)]
    return _packed([(_LOAD_WORD, 0, 0, _INTERFACE), *comparisons, _DROP]) + program


def cut_at(program: bytes, snap_length: int) -> bytes:
    """`program` with at most `snap_length` bytes of each packet, counted from the IP header on."""
    if snap_length < 64:
        raise ValueError("a snap length below 64 bytes cuts the headers off")
    return _packed(
        (code, if_true, if_false, min(constant, snap_length) if code == _RETURN else constant)
        for code, if_true, if_false, constant in _STRUCTURE.iter_unpack(program)
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9


def _check_range(lowest: int, highest: int) -> None:
    for port in (lowest, highest):
        if not 0 < port < 65536:
            raise ValueError(f"{port} is not a port: they are 1 to 65535")
    if lowest > highest:
        raise ValueError(f"{lowest}-{highest} is no range of ports: the lower one comes first")


def port_ranges(ports: Ports) -> list[tuple[int, int]]:
    """The ranges in order, with what overlaps or touches in one. Raises ValueError for what is no port, and for too many."""
    merged: list[tuple[int, int]] = []
    for lowest, highest in sorted((port, port) if isinstance(port, int) else port for port in ports):
        _check_range(lowest, highest)
        if merged and lowest <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], highest))
        else:
            merged.append((lowest, highest))
    if len(merged) > MAXIMUM_PORTS:
        raise ValueError(f"more than {MAXIMUM_PORTS} ports and ranges that do not touch")
    return merged


def _program(expression: bytes, own: list[Instruction]) -> bytes:
    loopback: list[Instruction] = [
        (_LOAD_WORD, 0, 0, _HARDWARE_TYPE),
        (_JUMP_IF_EQUAL, 0, 3, _ARPHRD_LOOPBACK),
        (_LOAD_WORD, 0, 0, _PACKET_TYPE),
        (_JUMP_IF_EQUAL, 0, 1, _PACKET_OUTGOING),
        _DROP,
    ]
    program = [*loopback, *_going_on(list(_STRUCTURE.iter_unpack(expression))), *own]
    if len(program) > _LONGEST:
        raise ValueError("the filter expression and the ports together are too long for the kernel")
    return _packed(program)


def _going_on(program: list[Instruction]) -> list[Instruction]:
    """`program` with a jump behind its end, which may be a long one, where it returned that a packet passes."""
    going_on: list[Instruction] = []
    for i, (code, if_true, if_false, constant) in enumerate(program):
        if code == _RETURN_A:
            raise ValueError("a program that computes how much of a packet it takes cannot be joined with another")
        if code == _RETURN and constant:
            going_on.append((_JUMP, 0, 0, len(program) - i - 1))
        else:
            going_on.append((code, if_true, if_false, constant))
    return going_on


def _tcp_ports(
    ranges: list[tuple[int, int]],
    otherwise: list[Instruction],
    other_in_ipv4: list[Instruction],
    other_in_ipv6: list[Instruction],
) -> list[Instruction]:
    """Passes TCP from or to `ranges`; goes on with `otherwise` for TCP of other ports, X being where TCP begins.

    With what is not TCP it goes on with `other_in_ipv4` or `other_in_ipv6`, A being the protocol; those end with a return.
    """
    behind_ipv6: list[Instruction] = [*_pass_if_equal(_EXTENSION_HEADERS), *other_in_ipv6]
    ipv6: list[Instruction] = [
        (_LOAD_BYTE, 0, 0, 6),  # RFC 8200, 3: next header
        (_JUMP_IF_EQUAL, 0, 2, _TCP),
        (_X_IS, 0, 0, 40),
        (_JUMP, 0, 0, len(behind_ipv6)),  # to the ports
        *behind_ipv6,
    ]
    others = [*_pass_if_equal(_CARRIERS), _DROP]
    ipv4: list[Instruction] = [
        (_LOAD_BYTE, 0, 0, 9),  # RFC 791, 3.1: protocol
        (_JUMP_IF_EQUAL, len(other_in_ipv4), 0, _TCP),
        *other_in_ipv4,
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
        *_pass_if_in(ranges),
        (_LOAD_HALF_BEHIND_X, 0, 0, 2),  # destination port
        *_pass_if_in(ranges),
        *otherwise,
    ]


def _pass_if_equal(values: Sequence[int]) -> list[Instruction]:
    return [instruction for value in values for instruction in ((_JUMP_IF_EQUAL, 0, 1, value), _PASS)]


def _pass_if_in(ranges: list[tuple[int, int]]) -> list[Instruction]:
    instructions: list[Instruction] = []
    for lowest, highest in ranges:
        if lowest == highest:
            instructions += _pass_if_equal([lowest])
        else:
            instructions += [(_JUMP_IF_NOT_LESS, 0, 2, lowest), (_JUMP_IF_GREATER, 1, 0, highest), _PASS]
    return instructions


def _packed(instructions: Iterable[Instruction]) -> bytes:
    return b"".join(_STRUCTURE.pack(*instruction) for instruction in instructions)
