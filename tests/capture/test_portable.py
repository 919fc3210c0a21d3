"""The portable source on Linux, through libpcap and through scapy's own sockets: as the ring has it, but for the cost."""

from __future__ import annotations

import importlib.util
import socket
import time
from collections.abc import Iterator

import pytest

import wsobserve.capture.portable as portable
from tests.capture.network import Network, network, talk
from wsobserve.capture.error import CaptureError
from wsobserve.capture.expression import compile_expression, find_library
from wsobserve.capture.portable import PortableSource, filter_words
from wsobserve.doctor import may_capture
from wsobserve.records import PacketBatch

pytest.importorskip("scapy", reason="the extra [live] is not installed")

pytestmark = [
    pytest.mark.build_independent,
    pytest.mark.needs_kernel("packet sockets that we may open"),
    pytest.mark.skipif(not may_capture(), reason="capturing needs Linux and the capability CAP_NET_RAW"),
]


@pytest.fixture
def net() -> Iterator[Network]:
    with network() as made:
        yield made


@pytest.fixture(params=["libpcap", "scapy"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "scapy":
        monkeypatch.setattr(portable, "find_library", lambda: None)
    elif find_library() is None:
        pytest.skip("libpcap is not installed")
    return str(request.param)


def packets(source: PortableSource) -> list[bytes]:
    """What is there when it is stopped."""
    found = []
    for item in source.batches(lambda: True):
        assert isinstance(item, PacketBatch)
        assert item.link_type == 1
        for offset, captured in zip(item.offsets, item.captured_lengths, strict=True):
            found.append(item.buffer[offset : offset + captured])
    return found


@pytest.mark.parametrize("interface", ["west", "lo"])
def test_what_two_programs_say_is_captured_once(net: Network, way: str, interface: str) -> None:
    with net.inside("west"), PortableSource([interface], [(7000, 7100)]) as source:
        assert source.drops_known
        if interface == "west":
            client, server = net.connect(port=7050)
        else:
            with net.inside("west"), socket.create_server(("127.0.0.1", 7050)) as listening:
                client = socket.create_connection(listening.getsockname())
                server = listening.accept()[0]
        before = time.time_ns()
        talk(client, server, [b"text %d" % i for i in range(20)])
        segments = [packet[34:] for packet in packets(source)]
        payloads = [segment[(segment[12] >> 4) * 4 :] for segment in segments]
        texts = [payload for payload in payloads if payload.startswith(b"text")]
        assert texts == [b"text %d" % i for i in range(20) for _ in range(2)]
        assert source.seen == source.delivered == len(segments)
        assert time.time_ns() - before < 60_000_000_000


def test_a_packet_that_is_cut_keeps_its_length(net: Network, way: str) -> None:
    with net.inside("west"), PortableSource(["lo"], snap_length=64, expression="udp port 9") as source:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"x" * 5000, ("127.0.0.1", 9))
        (batch,) = (item for item in source.batches(lambda: True) if isinstance(item, PacketBatch))
        assert (list(batch.captured_lengths), list(batch.original_lengths)) == ([64], [5042])
        assert abs(batch.times_ns[0] - time.time_ns()) < 60_000_000_000


def test_a_tick_without_packets_gives_none(net: Network, way: str) -> None:
    with net.inside("west"), PortableSource(["lo"], [7050]) as source:
        ticks: list[object] = []
        for item in source.batches(lambda: len(ticks) >= 2):
            ticks.append(item)
        assert ticks == [None, None]


def test_an_interface_that_is_not_there_is_told(net: Network, way: str) -> None:
    with net.inside("west"), pytest.raises(CaptureError, match=r"^nosuch0: ") as caught:
        PortableSource(["nosuch0"])
    assert len(str(caught.value).splitlines()) == 1


def test_a_mistake_of_the_caller_is_a_value_error() -> None:
    with pytest.raises(ValueError):
        PortableSource(["lo"], [70_000])
    with pytest.raises(ValueError):
        PortableSource(["lo"], snap_length=10)


def test_without_scapy_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CaptureError, match=r"pip install 'wsobserve\[live\]'"):
        PortableSource(["lo"])


def test_the_filter_in_words_is_one_that_libpcap_takes() -> None:
    assert filter_words([], "") == ""
    assert filter_words([], "host 10.0.0.1") == "(host 10.0.0.1)"
    words = filter_words([8080, (9000, 9010)], "not host 10.0.0.1")
    assert words.startswith("(not host 10.0.0.1) and ((tcp and (port 8080 or portrange 9000-9010)) or ")
    if find_library() is not None:
        assert compile_expression(words)
