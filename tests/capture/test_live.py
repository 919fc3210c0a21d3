"""Real packets on loopback: each is captured once, filtered in the kernel, timed, counted. Needs CAP_NET_RAW."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from wsobserve.capture.error import CaptureError
from wsobserve.capture.live import LiveSource
from wsobserve.capture.ring_walk import COOKED_LENGTH, LINKTYPE_LINUX_SLL2
from wsobserve.records import CaptureLoss, PacketBatch

IPV4 = 0x0800


def may_capture() -> bool:
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0).close()
    except (OSError, AttributeError):
        return False
    return True


needs_capability = pytest.mark.skipif(not may_capture(), reason="capturing needs Linux and the capability CAP_NET_RAW")
pytestmark = [pytest.mark.build_independent, pytest.mark.needs_kernel("packet sockets that we may open")]


def all_packets(source: LiveSource) -> list[bytes]:
    """What was captured until now."""
    return [packet for _, packet in timed_packets(source)]


def timed_packets(source: LiveSource) -> list[tuple[int, bytes]]:
    packets = []
    for batch in source.batches(lambda: True):
        if isinstance(batch, PacketBatch):
            assert batch.link_type == LINKTYPE_LINUX_SLL2
            for time_ns, offset, captured in zip(batch.times_ns, batch.offsets, batch.captured_lengths, strict=True):
                packets.append((time_ns, batch.buffer[offset : offset + captured]))
    return packets


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiving:
        receiving.bind(("127.0.0.1", 0))
        yield receiving


def send(receiver: socket.socket, data: bytes) -> None:
    """Sends a datagram and waits until it is there: then it has passed the capture too."""
    receiver.sendto(data, receiver.getsockname())
    assert receiver.recv(len(data)) == data


def datagrams(packets: list[bytes], port: int) -> list[bytes]:
    """Payloads of the UDP datagrams to `port`: 20 bytes of cooked header, 20 of IPv4, 8 of UDP."""
    return [packet[48:] for packet in packets if packet[29] == 17 and packet[42:44] == port.to_bytes(2, "big")]


@needs_capability
def test_each_packet_is_captured_once_in_order_and_timed(receiver: socket.socket) -> None:
    port = receiver.getsockname()[1]
    with LiveSource("lo") as source:
        before = time.time_ns()
        for i in range(50):
            send(receiver, b"datagram %d" % i)
        packets = timed_packets(source)
        after = time.time_ns()
    mine = [(time_ns, packet) for time_ns, packet in packets if datagrams([packet], port)]
    assert [packet[48:] for _, packet in mine] == [b"datagram %d" % i for i in range(50)]
    times = [time_ns for time_ns, _ in mine]
    assert times == sorted(times)
    assert before <= times[0]
    assert times[-1] <= after
    assert mine[0][1][:20] == struct.pack(">HHiHBBQ", IPV4, 0, socket.if_nametoindex("lo"), 772, 0, 6, 0)


@needs_capability
@pytest.mark.parametrize("interface", ["lo", "any"])
@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_of_tcp_the_given_port_is_captured_both_ways(interface: str, family: socket.AddressFamily, address: str) -> None:
    try:
        servers = [socket.create_server((address, 0), family=family) for _ in range(2)]
    except OSError:
        pytest.skip(f"no {address} here")
    port = servers[0].getsockname()[1]
    with LiveSource(interface, [port]) as source:
        for server in servers:
            with socket.create_connection(server.getsockname()[:2]) as client, server.accept()[0] as accepted:
                for i in range(10):
                    client.sendall(b"request %d" % i)
                    assert accepted.recv(100) == b"request %d" % i
                    accepted.sendall(b"response %d" % i)
                    assert client.recv(100) == b"response %d" % i
        packets = all_packets(source)
    for server in servers:
        server.close()
    ports = COOKED_LENGTH + (20 if family == socket.AF_INET else 40)
    assert all(port.to_bytes(2, "big") in (packet[ports : ports + 2], packet[ports + 2 : ports + 4]) for packet in packets)
    payloads = [packet[ports + (packet[ports + 12] >> 4) * 4 :] for packet in packets]
    assert [payload for payload in payloads if payload] == [
        b"%s %d" % (who, i) for i in range(10) for who in (b"request", b"response")
    ]


@needs_capability
def test_what_is_longer_than_the_snap_length_is_cut_and_keeps_its_length(receiver: socket.socket) -> None:
    with LiveSource("lo", snap_length=64) as source:
        send(receiver, b"x" * 5000)
        batches = [batch for batch in source.batches(lambda: True) if isinstance(batch, PacketBatch)]
    lengths = [pair for batch in batches for pair in zip(batch.captured_lengths, batch.original_lengths, strict=True)]
    assert (20 + 64, 20 + 28 + 5000) in lengths


@needs_capability
def test_a_segment_of_64_kib_is_captured_whole() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, LiveSource("lo", [server.getsockname()[1]]) as source:
        with socket.create_connection(server.getsockname()) as client, server.accept()[0] as accepted:
            client.sendall(bytes(1_000_000))
            left = 1_000_000
            while left:
                left -= len(accepted.recv(65_536))
        batches = [batch for batch in source.batches(lambda: True) if isinstance(batch, PacketBatch)]
    assert [list(batch.captured_lengths) for batch in batches] == [list(batch.original_lengths) for batch in batches]
    assert max(length for batch in batches for length in batch.captured_lengths) > 30_000


@needs_capability
def test_every_packet_is_accounted_for(receiver: socket.socket) -> None:
    with LiveSource("lo", ring_bytes=64 * 1024) as source:  # so that it overflows
        for _ in range(500):
            send(receiver, b"x" * 1000)
        items = list(source.batches(lambda: True))
        delivered = sum(len(item) for item in items if isinstance(item, PacketBatch))
        dropped = sum(item.packets or 0 for item in items if isinstance(item, CaptureLoss))
        assert source.delivered == delivered > 0
        assert source.dropped == dropped > 0
        assert source.seen == delivered + dropped >= 500
        assert {item.reason for item in items if isinstance(item, CaptureLoss)} == {"kernel_dropped"}


@needs_capability
def test_packets_are_numbered_over_batches(receiver: socket.socket) -> None:
    with LiveSource("lo", ring_bytes=128 * 1024) as source:
        for _ in range(60):
            send(receiver, b"x" * 1000)
        batches = [item for item in source.batches(lambda: True) if isinstance(item, PacketBatch)]
    assert len(batches) >= 2
    assert batches[0].first_packet == 1
    for earlier, later in pairwise(batches):
        assert later.first_packet == earlier.first_packet + len(earlier)


@needs_capability
def test_a_tick_without_packets_gives_none_until_it_is_stopped() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, LiveSource("lo", [server.getsockname()[1]]) as source:
        items: list[object] = []
        for item in source.batches(lambda: len(items) >= 2):
            items.append(item)
    assert items == [None, None]


@needs_capability
def test_closing_twice_is_closing_once() -> None:
    source = LiveSource("lo")
    source.close()
    source.close()


@needs_capability
def test_an_interface_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(CaptureError, match=r"^nosuch0: no such interface \(there are .*lo.*, and any for all\)$"):
        LiveSource("nosuch0")


def test_a_mistake_of_the_caller_is_a_value_error() -> None:
    with pytest.raises(ValueError):
        LiveSource("lo", [70_000])
    with pytest.raises(ValueError):
        LiveSource("lo", snap_length=10)


def test_missing_privilege_is_told_with_the_remedy() -> None:
    root = os.geteuid() == 0
    if not root and may_capture():
        pytest.skip("this user may capture")
    if root:
        os.seteuid(65534)  # takes the capabilities too
    try:
        with pytest.raises(CaptureError) as caught:
            LiveSource("lo")
    finally:
        if root:
            os.seteuid(0)
    assert str(caught.value).startswith("lo: capturing needs the capability CAP_NET_RAW; ")


def in_own_network_namespace(script: str) -> str:
    """What `script` prints in a network namespace of its own, where only a loopback interface is, and that is down."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("unshare and ip, to make a network namespace, are not installed")
    done = subprocess.run(["unshare", "--net", sys.executable, "-c", script], capture_output=True, text=True)
    if "unshare failed" in done.stderr or "Operation not permitted" in done.stderr:
        pytest.skip("no network namespace can be made here")
    return done.stdout + done.stderr


@needs_capability
def test_an_interface_that_is_down_is_told_with_the_remedy() -> None:
    script = """
from wsobserve.capture.error import CaptureError
from wsobserve.capture.live import LiveSource
try:
    LiveSource("lo")
except CaptureError as error:
    print(error)
"""
    assert in_own_network_namespace(script) == "lo: the interface is down; bring it up: sudo ip link set lo up\n"


@needs_capability
def test_an_interface_may_go_down_and_come_back_and_ends_the_capture_when_it_is_removed() -> None:
    script = """
import subprocess
from wsobserve.capture.error import CaptureError
from wsobserve.capture.live import LiveSource

def ip(words):
    subprocess.run(["ip", *words.split()], check=True, stdout=subprocess.DEVNULL)

ip("link add west type veth peer name east")
ip("link set east up")
ip("link set west up")
tick = 0
steps = iter(["link set west down", "link set west up", "link delete west"])
try:
    for tick, _ in enumerate(LiveSource("west").batches(lambda: tick > 50)):
        if tick % 3 == 2:
            ip(next(steps, "link show lo"))
except CaptureError as error:
    print(tick, error)
"""
    told = in_own_network_namespace(script)
    if "RTNETLINK" in told or "Unknown device type" in told:
        pytest.skip("no veth pair can be made here")
    tick, _, message = told.splitlines(keepends=True)[-1].partition(" ")
    assert message == "west: the interface is gone\n"
    assert int(tick) >= 8
