"""The packet filter, run by a small interpreter of classic BPF written here from the kernel's documentation."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.capture.filter import (
    MAXIMUM_PORTS,
    NOTHING,
    TUNNEL_PORTS,
    Ports,
    cut_at,
    discovery_filter,
    of_interfaces,
    packet_filter,
    parse_ports,
)
from wsobserve.transport.tunnel import GENEVE_PORT, GTP_PORT, VXLAN_PORTS

pytestmark = pytest.mark.build_independent

IPV4, IPV6, ARP, VLAN, MPLS, PPPOE = 0x0800, 0x86DD, 0x0806, 0x8100, 0x8847, 0x8864
ETHERNET, LOOPBACK = 1, 772
INCOMING, OUTGOING = 0, 4
TCP, UDP = 6, 17


def passes(program: bytes, packet: bytes, protocol: int = IPV4, packet_type: int = INCOMING, hardware: int = ETHERNET) -> bool:
    """Whether the kernel would let `packet` through."""
    return bool(taken(program, packet, protocol, packet_type, hardware))


def taken(
    program: bytes,
    packet: bytes,
    protocol: int = IPV4,
    packet_type: int = INCOMING,
    hardware: int = ETHERNET,
    interface: int = 1,
) -> int:
    """How many bytes of `packet` the kernel would let through."""
    ancillary = {0xFFFFF000: protocol, 0xFFFFF004: packet_type, 0xFFFFF008: interface, 0xFFFFF01C: hardware}
    instructions = list(struct.iter_unpack("=HBBI", program))
    memory: dict[int, int] = {}
    accumulator = index = counter = 0
    for _ in range(len(instructions)):  # it only jumps forward
        code, if_true, if_false, constant = instructions[counter]
        counter += 1
        match code & 0x07:
            case 0 if code == 0x60:  # ld, scratch memory
                accumulator = memory[constant]
            case 0 if code & 0xE0 in (0x20, 0x40):  # ld, at a fixed offset or behind X
                offset = constant + (index if code & 0xE0 == 0x40 else 0)
                size = {0x00: 4, 0x08: 2, 0x10: 1}[code & 0x18]
                if offset not in ancillary and offset + size > len(packet):
                    return 0
                accumulator = ancillary.get(offset, int.from_bytes(packet[offset : offset + size], "big"))
            case 1 if code == 0xB1:  # ldx, four times the low half of a byte
                if constant >= len(packet):
                    return 0
                index = (packet[constant] & 0xF) * 4
            case 1 if code == 0x01:  # ldx, immediate
                index = constant
            case 2:  # st
                memory[constant] = accumulator
            case 4:  # alu: add, and, right shift, of a constant or X
                operand = index if code & 0x08 else constant
                match code & 0xF0:
                    case 0x00:
                        accumulator = accumulator + operand & 0xFFFFFFFF
                    case 0x50:
                        accumulator &= operand
                    case 0x70:
                        accumulator >>= operand
                    case _:
                        raise AssertionError(hex(code))
            case 5 if code == 0x05:  # ja
                counter += constant
            case 5 if code in (0x15, 0x25, 0x35, 0x45):  # jeq, jgt, jge, jset
                comparisons = {
                    0x15: accumulator == constant,
                    0x25: accumulator > constant,
                    0x35: accumulator >= constant,
                    0x45: accumulator & constant != 0,
                }
                counter += if_true if comparisons[code] else if_false
            case 6:
                return int(constant)
            case 7 if code == 0x07:  # tax
                index = accumulator
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


@given(
    ranges=st.lists(st.tuples(st.integers(1, 65535), st.integers(0, 300)), min_size=1, max_size=60),
    port=st.integers(0, 65535),
)
def test_ranges_with_both_their_ends(ranges: list[tuple[int, int]], port: int) -> None:
    ports = [(lowest, min(lowest + length, 65535)) for lowest, length in ranges]
    program = packet_filter(ports)
    for probe in (port, *(end + step for pair in ports[:3] for end in pair for step in (-1, 0, 1))):
        if 0 <= probe < 65536:
            inside = any(lowest <= probe <= highest for lowest, highest in ports)
            assert passes(program, ip4(0, probe)) is passes(program, ip6(probe, 0), IPV6) is inside


MOST = [(4 * i + 1, 4 * i + 2) for i in range(MAXIMUM_PORTS)]


@pytest.mark.parametrize("build", [packet_filter, discovery_filter])
def test_the_longest_program_is_one_that_the_kernel_takes(build: Callable[[Ports], bytes]) -> None:
    assert len(of_interfaces(build(MOST), range(1, 256))) // 8 <= 4096
    assert passes(build(MOST), ip4(0, MOST[-1][1]))
    assert not passes(build(MOST), ip4(0, MOST[-1][1] + 1))


@pytest.mark.parametrize("ports", [[0], [65536], [-1], [80, 70000], [(9, 8)], [(0, 5)], [*MOST, 65000]])
def test_what_is_no_port_is_refused(ports: Ports) -> None:
    with pytest.raises(ValueError):
        packet_filter(ports)


def test_of_a_packet_that_passes_so_many_bytes_are_taken() -> None:
    program = packet_filter([8080])
    assert taken(program, ip4(1, 8080)) == 0xFFFFFFFF
    assert taken(cut_at(program, 96), ip4(1, 8080)) == 96
    assert taken(cut_at(program, 96), ip4(1, 2)) == 0
    assert taken(cut_at(cut_at(program, 96), 2000), ip4(1, 8080)) == 96, "never more than before"
    with pytest.raises(ValueError):
        cut_at(program, 63)


@pytest.mark.parametrize("count", [1, 2, 255])
def test_of_several_interfaces(count: int) -> None:
    program = of_interfaces(packet_filter([8080]), range(10, 10 + count))
    for interface, inside in ((9, False), (10, True), (9 + count, True), (10 + count, False)):
        assert bool(taken(program, ip4(1, 8080), interface=interface)) is inside
        assert not taken(program, ip4(1, 2), interface=interface)
    for wrong in (range(0), range(256)):
        with pytest.raises(ValueError):
            of_interfaces(program, wrong)


def test_nothing_is_nothing() -> None:
    assert not passes(NOTHING, ip4(1, 8080))


def segment(build: Callable[..., bytes], flags: int, payload: bytes, port: int = 9000, options: bytes = b"") -> bytes:
    """A TCP segment to `port` with these flags, options and payload."""
    tcp = struct.pack(">IIBBHHH", 1, 1, (20 + len(options)) // 4 << 4, flags, 1000, 0, 0)
    return build(5, port)[:-16] + tcp + options + payload


ACK, PSH, FIN, SYN, RST = 16, 8, 1, 2, 4


@pytest.mark.parametrize(("build", "protocol"), [(ip4, IPV4), (ip6, IPV6)])
def test_to_find_ports_handshakes_pass_on_all_of_them(build: Callable[..., bytes], protocol: int) -> None:
    program = discovery_filter([8080, (8090, 8099)])
    for flags in (SYN, SYN | ACK, FIN | ACK, RST, RST | ACK):
        assert passes(program, segment(build, flags, b""), protocol)
    for options in (b"", bytes(12), bytes(40)):
        for payload in (b"GET ", b"GET /chat HTTP/1.1\r\n", b"HTTP/1.1 101 ", b"HTTP/1.1 101 Switching Protocols\r\n"):
            assert passes(program, segment(build, ACK | PSH, payload, options=options), protocol)
        for payload in (
            b"",
            b"GET",
            b"POST / HTTP/1.1",
            b" GET ",
            b"HTTP/1.1 200 OK",
            b"HTTP/1.1 10",
            b"\x81\x04GET ",
            bytes(64),
        ):
            assert not passes(program, segment(build, ACK | PSH, payload, options=options), protocol)
            assert passes(program, segment(build, ACK | PSH, payload, 8080, options), protocol)
            assert passes(program, segment(build, ACK, payload, 8095, options), protocol)
    assert not passes(program, build(5, 9000, UDP), protocol)


def test_to_find_ports_with_none_found_yet() -> None:
    program = discovery_filter([])
    assert passes(program, segment(ip4, ACK, b"GET /"))
    assert not passes(program, segment(ip4, ACK, b"other"))
    assert passes(program, ip4(1, 2, fragment_offset=5))
    assert not passes(program, segment(ip4, ACK, b"GET /"), hardware=LOOPBACK, packet_type=OUTGOING)


@pytest.mark.parametrize(("build", "protocol"), [(ip4, IPV4), (ip6, IPV6)])
def test_to_find_ports_tunnels_pass_for_a_port_may_have_been_found_in_one(build: Callable[..., bytes], protocol: int) -> None:
    program = discovery_filter([8080])
    for port in (*VXLAN_PORTS, GENEVE_PORT, GTP_PORT):
        assert passes(program, build(1, port, UDP), protocol)
        assert not passes(program, build(port, 1, UDP), protocol), "an answer comes to the same port"
        assert not passes(packet_filter([8080]), build(1, port, UDP), protocol)
    for carrier in (4, 41, 47, 137):
        assert passes(program, build(1, 2, carrier), protocol)
    for other in (1, 2, 50, 58, 132):
        assert not passes(program, build(1, 2, other), protocol)
    assert not passes(program, build(1, 443, UDP), protocol)
    assert {*VXLAN_PORTS, GENEVE_PORT, GTP_PORT} == set(TUNNEL_PORTS), "those that transport looks into, and no others"


def test_to_find_ports_later_fragments_of_a_tunnel_pass() -> None:
    assert passes(discovery_filter([8080]), ip4(1, 2, UDP, fragment_offset=5))


ONLY_FROM_PORT_7 = b"".join(  # of tcpdump -ddd -y RAW, shortened: IPv4, its header of 20 bytes
    struct.pack("=HBBI", *instruction)
    for instruction in ((0x28, 0, 0, 20), (0x15, 0, 1, 7), (0x06, 0, 0, 262144), (0x06, 0, 0, 0))
)


def test_an_expression_and_ports_must_both_let_a_packet_pass() -> None:
    for build in (packet_filter, discovery_filter):
        program = build([8080], ONLY_FROM_PORT_7)
        assert passes(program, ip4(7, 8080))
        assert not passes(program, ip4(7, 8081))
        assert not passes(program, ip4(8, 8080))
    everywhere = packet_filter([], ONLY_FROM_PORT_7)
    assert passes(everywhere, ip4(7, 1))
    assert not passes(everywhere, ip4(1, 7))
    assert not passes(everywhere, ip4(7, 1), hardware=LOOPBACK, packet_type=OUTGOING)


def test_an_expression_that_computes_its_length_is_refused() -> None:
    with pytest.raises(ValueError):
        packet_filter([], struct.pack("=HBBI", 0x16, 0, 0, 0))


def test_ports_are_read_as_people_write_them() -> None:
    assert parse_ports([]) == ()
    assert parse_ports(["8080", "8000-8100", " 1 - 65535 "]) == ((8080, 8080), (8000, 8100), (1, 65535))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("http", "'http' is neither a port nor a range of ports, such as 8080 or 8000-8100"),
        ("", "'' is neither a port nor a range of ports, such as 8080 or 8000-8100"),
        ("80-", "'80-' is neither a port nor a range of ports, such as 8080 or 8000-8100"),
        ("-80", "'-80' is neither a port nor a range of ports, such as 8080 or 8000-8100"),
        ("80,81", "'80,81' is neither a port nor a range of ports, such as 8080 or 8000-8100"),
        ("٨٠", "'٨٠' is neither a port nor a range of ports, such as 8080 or 8000-8100"),
        ("0", "0 is not a port: they are 1 to 65535"),
        ("80-70000", "70000 is not a port: they are 1 to 65535"),
        ("90-80", "90-80 is no range of ports: the lower one comes first"),
    ],
)
def test_what_is_no_port_is_told(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_ports([text])
    assert str(caught.value) == message
