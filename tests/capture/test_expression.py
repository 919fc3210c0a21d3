"""Filter expressions, compiled by libpcap and by tcpdump: both the same, joined with our own part as meant."""

from __future__ import annotations

import shutil
import socket
import struct

import pytest

import wsobserve.capture.expression as expression
from tests.capture.network import network, talk
from tests.capture.test_filter import IPV4, IPV6, LOOPBACK, OUTGOING, UDP, ip4, ip6, passes
from tests.capture.test_ring import tcp_payloads, the_rest
from wsobserve.capture.error import CaptureError
from wsobserve.capture.expression import compile_expression
from wsobserve.capture.filter import discovery_filter, packet_filter
from wsobserve.capture.ring import open_rings
from wsobserve.doctor import may_capture

pytestmark = [pytest.mark.build_independent, pytest.mark.needs_kernel("packet sockets that we may open")]

needs_library = pytest.mark.skipif(expression.find_library() is None, reason="libpcap is not installed")
needs_tcpdump = pytest.mark.skipif(shutil.which("tcpdump") is None, reason="tcpdump is not installed")

EXPRESSIONS = [
    "tcp port 8080",
    "portrange 8000-8100",
    "host 10.0.0.1 and not port 22",
    "ip6 and tcp",
    "tcp[13] & 7 != 0",
    "less 100",
]


@pytest.fixture(params=["libpcap", "tcpdump"])
def compiler(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "tcpdump":
        if shutil.which("tcpdump") is None:
            pytest.skip("tcpdump is not installed")
        monkeypatch.setattr(expression, "find_library", lambda: None)
    elif expression.find_library() is None:
        pytest.skip("libpcap is not installed")
    return str(request.param)


@needs_library
@needs_tcpdump
@pytest.mark.parametrize("text", EXPRESSIONS)
def test_both_compilers_mean_the_same(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    by_library = compile_expression(text)
    monkeypatch.setattr(expression, "find_library", lambda: None)
    assert compile_expression(text) == by_library
    assert len(by_library) > 16


def test_an_expression_is_kept_beside_the_ports(compiler: str) -> None:
    compiled = compile_expression("not portrange 7000-7009")
    for program in (packet_filter([8080], compiled), discovery_filter([8080], compiled)):
        for build, protocol in ((ip4, IPV4), (ip6, IPV6)):
            assert passes(program, build(1, 8080), protocol)
            assert not passes(program, build(7005, 8080), protocol)
            assert not passes(program, build(1, 8081), protocol)
        assert not passes(program, ip4(1, 8080), hardware=LOOPBACK, packet_type=OUTGOING)


@needs_tcpdump
@pytest.mark.parametrize("ports", [[8080], [80, 8080, (9000, 9010)]])
def test_our_own_program_lets_pass_what_that_of_tcpdump_does(ports: list[int | tuple[int, int]]) -> None:
    """A second opinion, for whole TCP and UDP packets without fragments and extension headers, which it has no ports for."""
    words = " or ".join(f"portrange {p[0]}-{p[1]}" if isinstance(p, tuple) else f"port {p}" for p in ports)
    theirs, ours = compile_expression(f"tcp and ({words})"), packet_filter(ports)
    for a in (0, 1, 79, 80, 81, 8079, 8080, 8081, 8999, 9000, 9005, 9010, 9011, 65535):
        for b in (1, 80, 8080, 9003):
            for source, destination in ((a, b), (b, a)):
                for build, protocol in ((ip4, IPV4), (ip6, IPV6)):
                    for carried in (6, UDP):
                        packet = build(source, destination, carried)
                        assert passes(ours, packet, protocol) is passes(theirs, packet, protocol)


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_expression_lets_everything_pass(text: str) -> None:
    assert compile_expression(text) == b""
    assert passes(packet_filter([], b""), ip4(1, 2))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tcp and and", "syntax error"),
        ("port 70000", "70000"),
        ("vlan 5", "VLAN"),
        ("ether host 02:00:00:00:00:01", "ether|link"),
        ("-w /etc/passwd", "syntax error"),
        ("port 80\0", "NUL"),
    ],
)
def test_a_wrong_expression_is_told_in_the_words_of_libpcap(compiler: str, text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        compile_expression(text)
    assert len(str(caught.value).splitlines()) == 1
    assert not str(caught.value).startswith("tcpdump")


def test_one_that_is_too_long_is_told(compiler: str) -> None:
    compiled = compile_expression(" or ".join(f"host 10.{i % 7}.{i % 250}.1" for i in range(300)))
    assert not passes(packet_filter([(1, 5)], compiled), ip4(1, 5))
    with pytest.raises(ValueError, match="together are too long"):
        packet_filter([(4 * i + 1, 4 * i + 2) for i in range(500)], compiled)


def test_without_anything_that_compiles_it_says_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expression, "find_library", lambda: None)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(CaptureError, match=r"libpcap0\.8 .* or tcpdump$"):
        compile_expression("port 80")


@needs_library
@pytest.mark.skipif(not may_capture(), reason="capturing needs Linux and the capability CAP_NET_RAW")
def test_the_kernel_takes_it() -> None:
    with network() as net:
        with net.inside("west"):
            (ring,) = open_rings(["west"], packet_filter([7050, 7051], compile_expression("ip and not port 7051")))
        for family, port in ((socket.AF_INET, 7050), (socket.AF_INET, 7051), (socket.AF_INET6, 7050)):
            client, server = net.connect(family, port)
            talk(client, server, [struct.pack(">HH", family, port)])
        batches, _, _ = the_rest(ring)
        assert tcp_payloads(batches) == [struct.pack(">HH", socket.AF_INET, 7050)] * 2
        ring.close()
