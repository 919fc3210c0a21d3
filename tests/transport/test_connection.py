"""How a connection begins, from what was half open, and how it ends; everything else about it is tested with packets."""

from __future__ import annotations

import struct

from wsobserve.config import Limits
from wsobserve.records import Connection, ConnectionEnd, StreamBytes, StreamEnd, StreamRecord
from wsobserve.transport.connection import TcpConnection
from wsobserve.transport.fragment import Fragments
from wsobserve.transport.half_open import HalfOpen
from wsobserve.transport.held import StreamTotals
from wsobserve.transport.packet import PacketDecoder

FIN, SYN, RST, ACK = 1, 2, 4, 16


def segment(
    up: bool, flags: int, sequence: int, acknowledgment: int = 0, payload: bytes = b"", window: int = 9
) -> PacketDecoder:
    """From 10.0.0.1:40000 to 10.0.0.2:80, or back."""
    addresses = b"\x0a\0\0\1\x0a\0\0\2" if up else b"\x0a\0\0\2\x0a\0\0\1"
    ports = (40000, 80) if up else (80, 40000)
    packet = struct.pack(">BBHHHBBH8s", 0x45, 0, 40 + len(payload), 0, 0, 64, 6, 0, addresses)
    packet += struct.pack(">HHIIBBHHH", *ports, sequence, acknowledgment, 5 << 4, flags, window, 0, 0) + payload
    decoder = PacketDecoder(Fragments(Limits()))
    assert decoder.decode(packet, 0, len(packet), len(packet), 101, 7)
    return decoder


def begun(answers: list[PacketDecoder], window: int = 9) -> tuple[TcpConnection, list[StreamRecord]]:
    """A SYN at 10 ns, then these segments at 20, 30...; what came after it is only what leaves it half open."""
    first = segment(True, SYN, 1000, window=window)
    syn = HalfOpen(first, 10, 1)
    for number, one in enumerate(answers, 2):
        assert syn.receive(one, 10 * number, number)
    out: list[StreamRecord] = []
    connection = TcpConnection(first.key, 5, SYN, 10, 1, StreamTotals(Limits()), out)
    connection.open(syn)
    return connection, out


def test_it_is_told_of_with_its_partition_and_who_began_it() -> None:
    _, (told,) = begun([])
    assert isinstance(told, Connection)
    assert (told.partition, told.initiator, told.endpoints) == (5, 0, ("10.0.0.1:40000", "10.0.0.2:80"))
    assert (told.time_ns, told.packet) == (10, 1)


def test_the_answer_to_its_syn_gives_both_starts_and_the_round_trip() -> None:
    connection, out = begun([segment(False, SYN | ACK, 5000, 1001)])
    connection.receive(1, segment(False, ACK, 5001, 1001, b"first"), 30, 3, out)
    connection.receive(0, segment(True, ACK, 1001, 5006, b"second"), 40, 4, out)
    assert [one.data for one in out if isinstance(one, StreamBytes)] == [b"first", b"second"]
    assert connection.health().round_trip_ns == 10


def test_which_of_several_syns_was_answered_is_not_known() -> None:
    connection, _ = begun([segment(True, SYN, 1000), segment(False, SYN | ACK, 5000, 1001)])
    assert connection.health().round_trip_ns is None
    connection, _ = begun([segment(False, SYN | ACK, 5000, 1001), segment(True, SYN, 1000)])
    assert connection.health().round_trip_ns == 10


def test_a_refusal_ends_it_when_nothing_shows_that_it_lives() -> None:
    connection, out = begun([segment(False, RST | ACK, 0, 1001)])
    connection.finish("capture_end", 99, 9, out)
    end = out[len(out) - 1]
    assert isinstance(end, ConnectionEnd)
    assert (end.how, end.ended_by, end.time_ns, end.packet) == ("reset", 1, 20, 2)


def test_a_window_of_zero_counts_from_its_syn_on() -> None:
    connection, out = begun([segment(False, SYN | ACK, 5000, 1001, window=0)], window=0)
    connection.receive(0, segment(True, ACK, 1001, 5001), 30, 3, out)
    connection.receive(1, segment(False, ACK, 5001, 1001), 50, 4, out)
    assert connection.health().zero_window_ns == (20, 30)
    assert begun([])[0].zero_windows is None


def test_both_ends_close_it() -> None:
    connection, out = begun([segment(False, SYN | ACK, 5000, 1001)])
    connection.receive(0, segment(True, ACK | FIN, 1001, 5001), 30, 3, out)
    assert connection.closed_ns < 0
    assert connection.receive(1, segment(False, ACK | FIN, 5001, 1002), 40, 4, out)
    assert connection.closed_ns == 40
    assert [type(one) for one in out] == [Connection, StreamEnd, StreamEnd, ConnectionEnd]
