"""Rings of the kernel on real interfaces in namespaces of their own: nothing twice, nothing missing, all accounted for."""

from __future__ import annotations

import os
import signal
import socket
import struct
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.capture.network import ADDRESS, Network, network, pour, talk
from wsobserve.capture.error import CaptureError
from wsobserve.capture.filter import NOTHING, packet_filter
from wsobserve.capture.ring import Ring, open_rings
from wsobserve.capture.ring_walk import COOKED_LENGTH, LINKTYPE_LINUX_SLL2
from wsobserve.doctor import may_capture
from wsobserve.records import PacketBatch

pytestmark = [
    pytest.mark.needs_kernel("packet sockets that we may open"),
    pytest.mark.skipif(not may_capture(), reason="capturing needs Linux and the capability CAP_NET_RAW"),
]

EVERYTHING = packet_filter([])
MIB = 1024 * 1024
END_S = 10.0  # far more than anything here takes


@pytest.fixture
def net() -> Iterator[Network]:
    with network() as made:
        yield made


def open_in(
    net: Network, *interfaces: str, program: bytes = EVERYTHING, ring_bytes: int = 4 * MIB, workers: int = 1
) -> list[Ring]:
    with net.inside("west"):
        return open_rings(interfaces, program, ring_bytes=ring_bytes, workers=workers)


def the_rest(ring: Ring, dropped: int = 0, seen: int = 0) -> tuple[list[PacketBatch], int, int]:
    """Nothing more comes in; what is there is taken, until what was seen is taken or dropped. Batches, seen, dropped."""
    ring.set_filter(NOTHING)
    batches = []
    deadline = time.monotonic() + END_S
    while time.monotonic() < deadline:
        counts = ring.statistics()
        seen += counts.seen
        dropped += counts.dropped
        if seen == ring.taken + dropped:
            break
        batch = ring.take(0.2)
        if batch is not None:
            batches.append(batch)
    assert seen == ring.taken + dropped
    return batches, seen, dropped


def packets(batches: list[PacketBatch]) -> list[bytes]:
    """Cooked header and packet."""
    found = []
    for batch in batches:
        assert batch.link_type == LINKTYPE_LINUX_SLL2
        for offset, captured in zip(batch.offsets, batch.captured_lengths, strict=True):
            found.append(batch.buffer[offset : offset + captured])
    return found


def payload_of(packet: bytes) -> bytes:
    """Of a TCP segment; of anything else, such as what IPv6 says when an interface comes up, nothing."""
    packet = packet[COOKED_LENGTH:]
    header_length, protocol = (20, packet[9]) if packet[0] >> 4 == 4 else (40, packet[6])
    if protocol != socket.IPPROTO_TCP:
        return b""
    segment = packet[header_length:]
    return segment[(segment[12] >> 4) * 4 :]


def segments(batches: list[PacketBatch]) -> list[bytes]:
    """The packets that are IPv4 with TCP: not what IPv6 says when an interface comes up."""
    at = COOKED_LENGTH
    return [packet for packet in packets(batches) if packet[at] >> 4 == 4 and packet[at + 9] == socket.IPPROTO_TCP]


def tcp_payloads(batches: list[PacketBatch]) -> list[bytes]:
    """Without what TCP sent once more, as it does on a machine that is busy; the same packet twice is there twice."""
    payloads = []
    first: dict[bytes, bytes] = {}  # a packet by ports and sequence number
    for packet in packets(batches):
        payload = payload_of(packet)
        if payload:
            segment = packet[COOKED_LENGTH + (20 if packet[COOKED_LENGTH] >> 4 == 4 else 40) :]
            if first.setdefault(segment[:8], packet) == packet:
                payloads.append(payload)
    return payloads


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
@pytest.mark.parametrize("interface", ["west", "any"])
def test_what_two_programs_say_to_each_other_is_taken_once_and_in_order(
    net: Network, interface: str, family: socket.AddressFamily
) -> None:
    (ring,) = open_in(net, interface, program=packet_filter([(7000, 7100)]))
    client, server = net.connect(family, 7050)
    before = time.time_ns()
    talk(client, server, [b"text %d" % i for i in range(100)])
    batches, _, dropped = the_rest(ring)
    assert not dropped
    assert tcp_payloads(batches) == [b"text %d" % i for i in range(100) for _ in range(2)]
    times = [time_ns for batch in batches for time_ns in batch.times_ns]
    assert times == sorted(times)
    assert before - 10_000_000_000 < times[0] <= times[-1] <= time.time_ns()
    assert [batch.source for batch in batches] == [interface] * len(batches)
    ring.close()


def test_the_cooked_header_says_interface_direction_and_address(net: Network) -> None:
    (ring,) = open_in(net, "west", program=packet_filter([7050]))
    client, server = net.connect(port=7050)
    talk(client, server, [b"text"])
    batches, _, _ = the_rest(ring)
    with net.inside("west"):
        index = socket.if_nametoindex("west")
    addresses = {}
    for packet in segments(batches):
        protocol, nothing, interface, hardware, kind, length, address = struct.unpack(">HHiHBB8s", packet[:COOKED_LENGTH])
        assert (protocol, nothing, interface, hardware, length) == (0x0800, 0, index, 1, 6)
        addresses[kind] = address[:6]
    assert addresses.keys() == {0, 4}, "what came in, and what went out"
    assert len(set(addresses.values())) == 2
    ring.close()


def test_of_several_interfaces_only_those_are_seen(net: Network) -> None:
    net.ip("west", "link add north type veth peer name south")
    net.ip("west", "link set north up")
    net.ip("west", "link set south up")
    (ring,) = open_in(net, "north", "lo")
    with net.inside("west"), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as far:
        far.bind(("south", 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for i in range(5):
                far.send(tagged_frame(b"to the north %d" % i))
                sender.sendto(b"to myself %d" % i, ("127.0.0.1", 9))
                sender.sendto(b"to the east %d" % i, (ADDRESS["east"], 9))
    batches, _, dropped = the_rest(ring)
    assert not dropped
    found = b"".join(packets(batches))
    assert [found.count(b"to the north %d" % i) for i in range(5)] == [1] * 5
    assert [found.count(b"to myself %d" % i) for i in range(5)] == [2] * 5, "once itself, once in the ICMP error about it"
    assert b"to the east" not in found
    ring.close()


def test_segments_of_64_kib_are_taken_whole(net: Network) -> None:
    (ring,) = open_in(net, "lo", program=packet_filter([7050]), ring_bytes=16 * MIB)
    with net.inside("west"), socket.create_server(("127.0.0.1", 7050)) as listening:
        client = socket.create_connection(listening.getsockname())
        server = listening.accept()[0]
    pour(client, server, 3_000_000)
    batches, _, dropped = the_rest(ring)
    assert not dropped
    payloads = tcp_payloads(batches)
    assert sum(map(len, payloads)) >= 3_000_000  # more, where TCP sent a part of a segment once more
    assert max(map(len, payloads)) > 60_000
    assert [list(batch.captured_lengths) for batch in batches] == [list(batch.original_lengths) for batch in batches]
    ring.close()


def test_what_is_longer_than_the_snap_length_is_cut_and_keeps_its_length(net: Network) -> None:
    with net.inside("west"):
        (ring,) = open_rings(["lo"], EVERYTHING, ring_bytes=MIB, snap_length=64)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"x" * 5000, ("127.0.0.1", 9))
    batches, _, _ = the_rest(ring)
    lengths = [pair for batch in batches for pair in zip(batch.captured_lengths, batch.original_lengths, strict=True)]
    assert (20 + 64, 20 + 28 + 5000) in lengths
    ring.close()


def test_a_vlan_tag_is_off_or_told(net: Network) -> None:
    (ring,) = open_in(net, "any", program=packet_filter([7050]))
    for side in ADDRESS:
        with net.inside(side), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
            sender.bind((side, 0))
            for i in range(10):
                sender.send(tagged_frame(b"%s %d" % (side.encode(), i)))
    batches, _, dropped = the_rest(ring)
    assert not dropped
    payloads = []
    for packet in packets(batches):
        if packet[:2] == b"\x81\x00":  # of an interface that went out with it
            assert packet[COOKED_LENGTH : COOKED_LENGTH + 4] == b"\x00\x64\x08\x00"
            packet = packet[4:]
        elif packet[:2] != b"\x08\x00":
            continue
        payloads.append(packet[COOKED_LENGTH + 40 :])
    assert sorted(payloads) == sorted(b"%s %d" % (side.encode(), i) for side in ADDRESS for i in range(10))
    ring.close()


def tagged_frame(payload: bytes) -> bytes:
    """Ethernet to everybody, the tag of VLAN 100, IPv4, TCP to port 7050."""
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40 + len(payload), 7, 0, 64, 6, 0, bytes(4), bytes(4))
    tcp = struct.pack(">HHIIBBHHH", 9, 7050, 1, 1, 0x50, 0x18, 1000, 0, 0)
    return b"\xff" * 6 + bytes(6) + b"\x81\x00\x00\x64\x08\x00" + ip + tcp + payload


def test_two_rings_share_connections_whole_and_both_directions_together(net: Network) -> None:
    rings = open_in(net, "west", program=packet_filter([(7000, 7100)]), workers=2)
    for number in range(24):
        client, server = net.connect(port=7000 + number)
        talk(client, server, [b"text %d" % i for i in range(10)])
    found: list[Counter[tuple[int, ...]]] = []
    total = 0
    for ring in rings:
        batches, _, dropped = the_rest(ring)
        assert not dropped
        connections: Counter[tuple[int, ...]] = Counter()
        for packet in segments(batches):
            ports = struct.unpack(">HH", packet[COOKED_LENGTH + 20 : COOKED_LENGTH + 24])
            connections[tuple(sorted(ports))] += 1
        total += len(tcp_payloads(batches))
        found.append(connections)
        ring.close()
    assert found[0].keys() & found[1].keys() == set(), "no connection is split"
    assert found[0], "both get some"
    assert found[1], "both get some"
    assert len(found[0]) + len(found[1]) == 24
    assert total == 24 * 20, "each packet once"


def test_between_two_rings_fragments_stay_with_their_connection(net: Network) -> None:
    """The kernel puts them together before it decides whose they are."""
    rings = open_in(net, "west", workers=2)
    with net.inside("east"), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind(("east", 0))
        for port in range(7000, 7016):
            whole = tagged_frame(b"%06d" % port + bytes(74))[18:]
            segment = whole[20:22] + struct.pack(">H", port) + whole[24:]
            for offset in (0, 64):
                part = segment[offset : offset + 64]
                flags = (0x2000 if offset == 0 else 0) | offset // 8
                header = bytearray(struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(part), port, flags, 64, 6, 0, FAR, NEAR))
                struct.pack_into(">H", header, 10, checksum(bytes(header)))
                sender.send(b"\xff" * 6 + bytes(6) + b"\x08\x00" + bytes(header) + part)
    found = []
    for ring in rings:
        batches, _, dropped = the_rest(ring)
        assert not dropped
        found += [payload for payload in tcp_payloads(batches) if payload[6:] == bytes(74)]
        ring.close()
    assert sorted(found) == [b"%06d" % port + bytes(74) for port in range(7000, 7016)]


FAR, NEAR = bytes((10, 9, 0, 2)), bytes((10, 9, 0, 1))


def checksum(header: bytes) -> int:
    """RFC 791, 3.1"""
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return int(~total & 0xFFFF)


def test_a_slow_consumer_loses_packets_and_every_one_is_counted(net: Network) -> None:
    (ring,) = open_in(net, "west", ring_bytes=64 * 1024)
    client, server = net.connect()
    seen = dropped = 0
    for _ in range(5):
        talk(client, server, [b"x" * 2000 for _ in range(100)])
        ring.take(0)
        counts = ring.statistics()
        seen, dropped = seen + counts.seen, dropped + counts.dropped
    _, seen, dropped = the_rest(ring, dropped, seen)
    assert dropped > 0
    assert seen > 1000
    assert ring.taken == seen - dropped > 0
    ring.close()


def test_what_waits_in_the_ring_is_told(net: Network) -> None:
    (ring,) = open_in(net, "west", program=packet_filter([7050]))
    client, server = net.connect(port=7050)
    talk(client, server, [b"text"] * 20)
    deadline = time.monotonic() + END_S
    ring.set_filter(NOTHING)
    seen = ring.statistics().seen
    while ring.waiting() < seen and time.monotonic() < deadline:
        time.sleep(0.01)
    assert ring.waiting() == seen > 40
    batch = ring.take(1)
    assert batch is not None
    assert ring.waiting() == seen - len(batch)
    ring.close()


def forked(ring: Ring, writer: int, *, batches: int | None = None, dies_in: str | None = None) -> int:
    """A process that takes `batches` (None: all, until it is killed) and writes number and beginning of each payload.

    `dies_in`: the step of taking a block at whose beginning it kills itself, when it takes the last of `batches`.
    """
    child = os.fork()
    if child:
        return child
    try:
        ring.resume()
        deadline = time.monotonic() + END_S
        while batches != 0 and time.monotonic() < deadline:
            if batches == 1 and dies_in is not None:
                setattr(ring, dies_in, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
            batch = ring.take(0.02)
            if batch is not None:
                os.write(writer, told_of(batch))
                if batches is not None:
                    batches -= 1
        os.kill(os.getpid(), signal.SIGKILL)
    finally:
        os._exit(1)


def told_of(batch: PacketBatch) -> bytes:
    """For each packet its number and the first six bytes of its payload."""
    beginnings = []
    for number, packet in enumerate(packets([batch]), batch.first_packet):
        beginnings.append(b"%6d%6s" % (number, payload_of(packet)[:6]))
    return b"".join(beginnings)


def read_all(descriptor: int, into: bytearray) -> None:
    try:
        while data := os.read(descriptor, 65536):
            into += data
    except BlockingIOError:
        pass


def killed(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def entries(told: bytes | bytearray) -> list[tuple[int, bytes]]:
    return [(int(told[i : i + 6]), bytes(told[i + 6 : i + 12]).strip()) for i in range(0, len(told), 12)]


@pytest.mark.parametrize("dies_in", [None, "_count", "_hand_back"])
def test_behind_a_worker_that_was_killed_another_one_goes_on(net: Network, dies_in: str | None) -> None:
    """Between two blocks, while it copies one, and when it has counted but not handed it back."""
    (ring,) = open_in(net, "west", program=packet_filter([7050]), ring_bytes=4 * MIB)
    client, server = net.connect(port=7050)
    texts = [b"%06d" % i + bytes(2000) for i in range(500)]
    talk(client, server, texts)
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    told = bytearray()
    for _ in range(3):
        child = forked(ring, writer, batches=2, dies_in=dies_in)
        os.waitpid(child, 0)
        read_all(reader, told)
    ring.resume()
    batches, seen, dropped = the_rest(ring)
    assert not dropped
    for batch in batches:
        told += told_of(batch)
    found = entries(told)
    numbers = [number for number, _ in found]
    assert ring.taken == seen
    assert numbers == sorted(set(numbers)), "nothing twice"
    sent = [b"%06d" % i for i in range(500) for _ in range(2)]
    payloads = [payload for _, payload in found if payload]
    if dies_in == "_hand_back":  # counted as taken, and gone with the worker: three blocks
        assert len(payloads) < len(sent)
        assert not Counter(payloads) - Counter(sent)
    else:
        assert numbers == list(range(1, seen + 1)), "nothing missing"
        assert payloads == sent
    os.close(reader)
    os.close(writer)
    ring.close()


def test_workers_killed_at_any_moment_leave_no_packet_twice_and_none_uncounted(net: Network) -> None:
    (ring,) = open_in(net, "west", program=packet_filter([7050]), ring_bytes=32 * MIB)
    client, server = net.connect(port=7050)
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    told = bytearray()
    for turn in range(5):
        child = forked(ring, writer)
        before = ring.taken
        deadline = time.monotonic() + END_S
        number = 0
        while ring.taken == before and time.monotonic() < deadline:
            if number < 1000:  # so that the ring holds all of it, however late the worker begins
                talk(client, server, [b"%02d%04d" % (turn, number) + bytes(1000)])
                number += 1
            else:
                time.sleep(0.01)
            read_all(reader, told)
        killed(child)
        read_all(reader, told)
    ring.resume()
    batches, seen, dropped = the_rest(ring)
    assert not dropped
    for batch in batches:
        told += told_of(batch)
    numbers = [number for number, _ in entries(told)]
    assert numbers == sorted(set(numbers))
    assert ring.taken == seen >= len(numbers)
    payloads = Counter(payload for _, payload in entries(told) if payload)
    assert set(payloads.values()) <= {1, 2}, "each text goes there and back"
    os.close(reader)
    os.close(writer)
    ring.close()


def test_an_interface_may_go_down_and_come_back_and_ends_the_capture_when_it_is_removed(net: Network) -> None:
    (ring,) = open_in(net, "west", program=packet_filter([7050]))
    client, server = net.connect(port=7050)
    talk(client, server, [b"before"])
    net.ip("west", "link set west down")
    found = []
    for _ in range(5):
        batch = ring.take(0.1)
        if batch is not None:
            found.append(batch)
    net.ip("west", "link set west up")
    talk(client, server, [b"behind"])
    while batch := ring.take(0.3):
        found.append(batch)
    assert tcp_payloads(found)[:2] == [b"before"] * 2
    assert tcp_payloads(found)[-2:] == [b"behind"] * 2
    net.ip("west", "link delete west")
    with pytest.raises(CaptureError, match=r"^west: the interface is gone$"):
        take_for_ever(ring)
    ring.close()


def take_for_ever(ring: Ring) -> None:
    for _ in range(int(10 * END_S)):
        ring.take(0.1)


def test_one_of_several_interfaces_may_go_and_it_is_told(net: Network) -> None:
    (ring,) = open_in(net, "west", "lo")
    net.ip("west", "link delete west")
    deadline = time.monotonic() + END_S
    while not ring.missing and time.monotonic() < deadline:
        ring.take(0.1)
    assert ring.missing == {"west"}
    ring.close()


def test_a_filter_is_replaced_while_the_ring_runs(net: Network) -> None:
    (ring,) = open_in(net, "west", program=packet_filter([7050]))
    client, server = net.connect(port=7060)
    talk(client, server, [b"unseen"])
    ring.set_filter(packet_filter([7060]))
    talk(client, server, [b"seen"])
    batches, _, _ = the_rest(ring)
    assert tcp_payloads(batches) == [b"seen"] * 2
    ring.close()


def test_what_can_be_no_ring_is_refused() -> None:
    with pytest.raises(ValueError):
        open_rings(["lo"], EVERYTHING, ring_bytes=4096)
    with pytest.raises(ValueError):
        open_rings(["lo"], EVERYTHING, workers=0)
    with pytest.raises(ValueError):
        open_rings(["lo"], EVERYTHING, snap_length=10)


def test_a_name_that_can_be_no_interface_is_told() -> None:
    for name in ("", "x" * 16, "a\0b", "nosuch0"):
        with pytest.raises(CaptureError, match="no such interface"):
            open_rings([name], EVERYTHING)
