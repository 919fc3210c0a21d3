"""The connections of one partition: who is remembered, and who has to go."""

from __future__ import annotations

import struct

from wsobserve.config import PARTITIONS, Limits
from wsobserve.records import Accounting, Anomaly, AnomalyKind, Connection, ConnectionEnd, StreamRecord
from wsobserve.transport.connection import TcpConnection
from wsobserve.transport.fragment import Fragments
from wsobserve.transport.packet import PacketDecoder
from wsobserve.transport.table import ConnectionTable

FIN, SYN, RST, ACK = 1, 2, 4, 16
SECOND = 1_000_000_000


class Feed:
    """One table for everything; each segment is one packet, at its number in nanoseconds unless it says its time."""

    def __init__(self, connections: int, **limits: int) -> None:
        known: dict[bytes, TcpConnection] = {}
        self.known = known
        self.table = ConnectionTable(3, Limits(connections=connections * PARTITIONS, **limits), known)
        self.decoder = PacketDecoder(Fragments(Limits()))
        self.records: list[StreamRecord] = []
        self.packet = 0

    def segment(self, client: int, flags: int, *, down: bool = False, data: bytes = b"", at: int = 0, time_ns: int = 0) -> None:
        """The client's port says which connection; sequence numbers begin at 100 on both sides, data `at` so many behind."""
        self.packet += 1
        ports = (80, client) if down else (client, 80)
        addresses = b"\x0a\0\0\2\x0a\0\0\1" if down else b"\x0a\0\0\1\x0a\0\0\2"
        packet = struct.pack(">BBHHHBBH8s", 0x45, 0, 40 + len(data), 0, 0, 64, 6, 0, addresses)
        sequence = 100 + (0 if flags & SYN else 1) + at
        packet += struct.pack(">HHIIBBHHH", *ports, sequence, 101 if flags & ACK else 0, 5 << 4, flags, 512, 0, 0) + data
        now = time_ns or self.packet
        assert self.decoder.decode(packet, 0, len(packet), len(packet), 101, now)
        connection = self.known.get(self.decoder.key)
        if connection is None or flags & SYN:
            connection = self.table.connection_for(connection, self.decoder, now, self.packet, self.records)
        if connection is not None:
            index = 0 if connection.key == self.decoder.key else 1
            if connection.receive(index, self.decoder, now, self.packet, self.records):
                self.table.look_after(connection)

    def open(self, client: int) -> None:
        self.segment(client, SYN)
        self.segment(client, SYN | ACK, down=True)
        self.segment(client, ACK)

    def close(self, client: int) -> None:
        self.segment(client, FIN | ACK)
        self.segment(client, FIN | ACK, down=True)

    def account(self) -> Accounting:
        accounting = Accounting()
        self.table.account(accounting)
        return accounting

    def evicted(self) -> list[int]:
        """The client ports of the connections that were told to be evicted, in that order."""
        names = {one.id: one.endpoints[0] for one in self.records if isinstance(one, Connection)}
        ends = [one for one in self.records if isinstance(one, ConnectionEnd) and one.how == "evicted"]
        return [int(names[one.connection].rpartition(":")[2]) for one in ends]


def test_closed_connections_go_first_then_half_open_ones_then_the_least_recently_used() -> None:
    feed = Feed(4)
    feed.open(1)
    feed.open(2)
    feed.open(3)
    feed.close(3)
    feed.segment(4, SYN)
    feed.segment(1, ACK, data=b"used again")
    feed.segment(5, SYN)  # in place of the closed one
    assert (feed.account().connections_evicted, feed.evicted()) == ({}, [])
    feed.open(6)  # in place of the half-open ones: the first goes for its SYN
    assert feed.account().connections_evicted == {"limit": 1}
    feed.open(7)
    assert (feed.account().connections_evicted, feed.evicted()) == ({"limit": 2}, [])
    feed.open(8)
    assert (feed.account().connections_evicted, feed.evicted()) == ({"limit": 3}, [2])
    kinds = [one.anomaly for one in feed.records if isinstance(one, Anomaly)]
    assert kinds == [AnomalyKind.LIMIT_CONNECTIONS]
    assert feed.account().connections == {"half_open": 2}


def test_a_connection_knows_its_partition() -> None:
    feed = Feed(4)
    feed.open(1)
    (connection,) = feed.records
    assert isinstance(connection, Connection)
    assert connection.partition == 3


def test_an_idle_connection_is_evicted_and_counted() -> None:
    feed = Feed(4, idle_ns=10 * SECOND)
    feed.open(1)
    feed.segment(2, SYN)
    feed.table.sweep(10 * SECOND, feed.records)
    assert feed.evicted() == []
    feed.table.sweep(11 * SECOND, feed.records)
    assert feed.evicted() == [1]
    assert feed.account().connections_evicted == {"idle": 2}
    assert feed.account().connections == {"half_open": 1}
    assert feed.known == {}


def test_late_segments_of_a_closed_connection_are_counted_and_make_no_new_one() -> None:
    feed = Feed(4)
    feed.open(1)
    feed.segment(1, ACK, data=b"abc")
    feed.segment(1, FIN | ACK, at=3)
    feed.segment(1, FIN | ACK, down=True)
    told = len(feed.records)
    feed.segment(1, ACK, data=b"abc")
    feed.segment(1, ACK, data=b"beyond", at=3)
    feed.segment(1, ACK, down=True, data=b"beyond")
    feed.segment(1, RST, data=b"why")
    feed.segment(1, SYN)
    feed.segment(1, SYN | ACK, down=True)
    assert feed.known == {}
    assert len(feed.records) == told
    counted = feed.account()
    assert (counted.bytes_delivered, counted.bytes_duplicate) == (3, 3)
    assert counted.bytes_discarded == {"after_fin": 12, "reset": 3}
    assert counted.payload_bytes == 21


def test_ports_of_a_closed_connection_are_used_again() -> None:
    feed = Feed(4)
    feed.open(1)
    feed.close(1)
    feed.segment(1, SYN, at=7000)
    assert feed.account().connections == {"half_open": 1}
    feed.segment(1, ACK, at=7000, data=b"new")
    assert sum(isinstance(one, Connection) for one in feed.records) == 2


def test_a_closed_connection_is_forgotten_after_a_while() -> None:
    feed = Feed(4, closed_ns=10 * SECOND)
    feed.open(1)
    feed.close(1)
    feed.segment(1, ACK, data=b"late", time_ns=9 * SECOND)
    assert feed.known == {}
    feed.segment(1, ACK, data=b"new", time_ns=11 * SECOND)
    assert len(feed.known) == 2


def test_a_full_table_of_connections_evicts_several_at_once() -> None:
    feed = Feed(64)
    for client in range(1, 65):
        feed.open(client)
    feed.segment(1, ACK)
    feed.open(100)
    assert feed.evicted() == [2, 3, 4, 5]
    assert len(feed.known) == 2 * 61


def test_the_end_of_the_capture_ends_everything() -> None:
    feed = Feed(4)
    feed.open(1)
    feed.segment(2, SYN)
    feed.table.finish(feed.records)
    assert [type(one).__name__ for one in feed.records] == ["Connection", "StreamEnd", "StreamEnd", "ConnectionEnd"]
    assert feed.account().connections == {"half_open": 1}
    assert feed.account().connections_evicted == {}
