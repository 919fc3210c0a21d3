"""Ports are found, the filter is narrowed to them when it is time, and a new one is added with its first handshake."""

from __future__ import annotations

import socket

import pytest

from tests.capture.network import network, talk
from tests.capture.test_expression import needs_library
from tests.capture.test_filter import ACK, PSH, ip4, passes, segment
from tests.capture.test_ring import tcp_payloads, the_rest
from wsobserve.capture.expression import compile_expression
from wsobserve.capture.filter import MAXIMUM_PORTS, discovery_filter, packet_filter
from wsobserve.capture.port_finder import PortFinder
from wsobserve.capture.ring import open_rings
from wsobserve.doctor import may_capture

pytestmark = [pytest.mark.build_independent, pytest.mark.needs_kernel("packet sockets that we may open")]

HANDSHAKE = b"GET /chat HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"
RESPONSE = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


def test_nothing_is_narrowed_without_a_port() -> None:
    finder = PortFinder(100.0, after_s=10, after_bytes=1000)
    finder.foreign(10_000)
    assert finder.program(1e6) is None
    assert not finder.narrow


def test_after_some_time_it_is_narrowed_to_what_was_found() -> None:
    finder = PortFinder(100.0, after_s=10)
    finder.found(9000)
    finder.found(8080)
    assert finder.program(109.9) is None
    assert finder.program(110.0) == discovery_filter([8080, 9000])
    assert finder.program(111.0) is None, "it is there"
    assert finder.narrow
    assert finder.ports == (8080, 9000)


def test_much_foreign_traffic_narrows_it_sooner() -> None:
    finder = PortFinder(0.0, after_s=60, after_bytes=1000)
    finder.found(8080)
    finder.foreign(999)
    assert finder.program(30.0) is None
    finder.foreign(1)
    assert finder.program(4.0) is None, "but not at once"
    assert finder.program(5.0) == discovery_filter([8080])


def test_a_port_found_later_is_added_at_once() -> None:
    finder = PortFinder(0.0, after_s=0)
    finder.found(8080)
    assert finder.program(0.0) == discovery_filter([8080])
    finder.found(8080)
    assert finder.program(0.1) is None
    finder.found(9000)
    assert finder.program(0.2) == discovery_filter([8080, 9000])


def test_more_ports_than_a_filter_holds_widen_it_again() -> None:
    finder = PortFinder(0.0, after_s=0)
    finder.found(1)
    finder.program(0.0)
    for port in range(2, MAXIMUM_PORTS + 2):
        finder.found(port)
    assert finder.program(0.0) == packet_filter([])
    assert not finder.narrow
    assert finder.program(1e9) is None


def test_what_is_no_port_is_passed_over() -> None:
    finder = PortFinder(0.0, after_s=0)
    for port in (0, -1, 65536):
        finder.found(port)
    assert finder.ports == ()


@needs_library
def test_an_expression_stays_beside() -> None:
    finder = PortFinder(0.0, after_s=0, expression=compile_expression("not port 7"))
    finder.found(8080)
    program = finder.program(0.0)
    assert program is not None
    assert passes(program, ip4(1, 8080))
    assert not passes(program, ip4(7, 8080))
    assert not passes(program, segment(ip4, ACK | PSH, b"GET /", port=7))


@pytest.mark.skipif(not may_capture(), reason="capturing needs Linux and the capability CAP_NET_RAW")
def test_on_a_wire_a_new_port_is_found_by_its_handshake_and_the_rest_of_it_is_not_captured() -> None:
    finder = PortFinder(0.0, after_s=0)
    finder.found(7050)
    program = finder.program(0.0)
    assert program is not None
    with network() as net:
        for family in (socket.AF_INET, socket.AF_INET6):
            with net.inside("west"):
                (ring,) = open_rings(["west"], program)
            for port in (7050, 7051):
                client, server = net.connect(family, port)
                client.sendall(HANDSHAKE)
                assert server.recv(1000) == HANDSHAKE
                server.sendall(RESPONSE)
                assert client.recv(1000) == RESPONSE
                talk(client, server, [b"text of port %d" % port])
            batches, _, dropped = the_rest(ring)
            assert not dropped
            assert tcp_payloads(batches) == [
                HANDSHAKE,
                RESPONSE,
                b"text of port 7050",
                b"text of port 7050",
                HANDSHAKE,
                RESPONSE,
            ]
            ring.close()
