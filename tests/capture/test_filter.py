"""The packet filter, run by a small interpreter of classic BPF written here from the kernel's documentation."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.capture.filter import MAXIMUM_PORTS, packet_filter

pytestmark = pytest.mark.build_independent

IPV4, IPV6, ARP, VLAN, MPLS, PPPOE = 0x0800, 0x86DD, 0x0806, 0x8100, 0x8847, 0x8864
ETHERNET, LOOPBACK = 1, 772
INCOMING, OUTGOING = 0, 4
TCP, UDP = 6, 17


def passes(program: bytes, packet: bytes, protocol: int = IPV4, packet_type: int = INCOMING, hardware: int = ETHERNET) -> bool:
    """Whether the kernel would let `packet` through."""
    ancillary = {0xFFFFF000: protocol, 0xFFFFF004: packet_type, 0xFFFFF01C: hardware}
    instructions = list(struct.iter_unpack("=HBBI", program))
    accumulator = index = counter = 0
    for _ in range(len(instructions)):  # it only jumps forward
        code, if_true, if_false, constant = instructions[counter]
        counter += 1
        match code & 0x07:
            case 0 if code & 0xE0 in (0x20, 0x40):  # ld, at a fixed offset or behind X
                offset = constant + (index if code & 0xE0 == 0x40 else 0)
                size = {0x00: 4, 0x08: 2, 0x10: 1}[code & 0x18]
                if offset not in ancillary and offset + size > len(packet):
                    return False
                accumulator = ancillary.get(offset, int.from_bytes(packet[offset : offset + size], "big"))
            case 1 if code == 0xB1:  # ldx, four times the low half of a byte
                if constant >= len(packet):
                    return False
                index = (packet[constant] & 0xF) * 4
            case 1 if code == 0x01:  # ldx, immediate
                index = constant
            case 5 if code == 0x05:  # ja
                counter += constant
            case 5 if code in (0x15, 0x45):  # jeq, jset
                true = accumulator == constant if code == 0x15 else accumulator & constant != 0
                counter += if_true if true else if_false
            case 6:
                return bool(constant)
            case _:
                raise AssertionError(hex(code))
    raise AssertionError("a program ends with a return")


def ip4(source: int, destination: int, protocol: int = TCP, fragment_offset: int = 0, options: bytes = b"") -> bytes:
    header = struct.pack(">BBHHHBBH8x", 0x45 + len(options) // 4, 0, 44, 7, fragment_offset, 64, protocol, 0)
    return header + options + struct.pack(">HH", source, destination) + bytes(16)


def ip6(source: int, destination: int, next_header: int = TCP) -> bytes:
    return struct.pack(">IHBB32x", 6 << 28, 20, next_header, 64) + struct.pack(">HH", source, destination) + bytes(16)


def test_without_ports_everything_passes() -> None:
    program = packet_filter([])
    assert passes(program, ip4(1, 2))
    assert passes(program, ip4(1, 2, UDP))
    assert passes(program, b"", ARP)


@pytest.mark.parametrize("ports", [[], [8080]])
def test_a_packet_on_loopback_passes_once_coming_in(ports: list[int]) -> None:
    program = packet_filter(ports)
    assert passes(program, ip4(1, 8080), hardware=LOOPBACK, packet_type=INCOMING)
    assert not passes(program, ip4(1, 8080), hardware=LOOPBACK, packet_type=OUTGOING)
    assert passes(program, ip4(1, 8080), hardware=ETHERNET, packet_type=OUTGOING)


def test_tcp_from_or_to_a_port_passes() -> None:
    program = packet_filter([8080, 443])
    for build, protocol in ((ip4, IPV4), (ip6, IPV6)):
        assert passes(program, build(8080, 1), protocol)
        assert passes(program, build(1, 443), protocol)
        assert not passes(program, build(1, 2), protocol)
        assert not passes(program, build(8080, 443, UDP), protocol)


def test_options_in_front_of_the_ports_are_passed_over() -> None:
    program = packet_filter([8080])
    assert passes(program, ip4(1, 8080, options=bytes(40)))
    assert not passes(program, ip4(1, 2, options=b"\x1f\x90\x1f\x90"))


def test_later_fragments_have_no_ports_and_pass() -> None:
    program = packet_filter([8080])
    assert passes(program, ip4(1, 2, fragment_offset=5))
    assert not passes(program, ip4(1, 2, fragment_offset=0x2000))  # the first of several: its ports are there
    assert not passes(program, ip4(1, 2, UDP, fragment_offset=5))


@pytest.mark.parametrize("next_header", [0, 43, 44, 51, 60])
def test_ipv6_with_extension_headers_passes(next_header: int) -> None:
    assert passes(packet_filter([8080]), ip6(1, 2, next_header), IPV6)


@pytest.mark.parametrize(
    ("protocol", "passing"), [(VLAN, True), (0x88A8, True), (MPLS, True), (PPPOE, True), (ARP, False), (0x88CC, False)]
)
def test_of_other_protocols_those_that_carry_ip_pass(protocol: int, passing: bool) -> None:
    assert passes(packet_filter([8080]), bytes(60), protocol) is passing


@pytest.mark.parametrize("length", range(24))
def test_a_packet_too_short_for_its_ports_does_not_pass(length: int) -> None:
    assert passes(packet_filter([8080]), ip4(1, 8080)[:length]) is False


@given(
    ports=st.lists(st.integers(1, 65535), min_size=1, max_size=300),
    source=st.integers(0, 65535),
    destination=st.integers(0, 65535),
)
def test_any_number_of_ports(ports: list[int], source: int, destination: int) -> None:
    program = packet_filter(ports)
    for build, protocol in ((ip4, IPV4), (ip6, IPV6)):
        assert passes(program, build(source, destination), protocol) is (source in ports or destination in ports)
        assert passes(program, build(ports[-1], destination), protocol)
        assert passes(program, build(source, ports[-1]), protocol)


def test_the_longest_program_is_one_that_the_kernel_takes() -> None:
    assert len(packet_filter(range(1, MAXIMUM_PORTS + 1))) // 8 <= 4096


@pytest.mark.parametrize("ports", [[0], [65536], [-1], [80, 70000], range(1, MAXIMUM_PORTS + 2)])
def test_what_is_no_port_is_refused(ports: list[int]) -> None:
    with pytest.raises(ValueError):
        packet_filter(ports)
