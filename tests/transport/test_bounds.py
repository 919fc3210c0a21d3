"""Hostile captures: what the transport keeps stays within its limits, and what was given up is counted."""

from __future__ import annotations

import struct
import tracemalloc
from array import array
from collections.abc import Iterable, Iterator

from wsobserve.config import PARTITIONS, Limits
from wsobserve.records import Accounting, Anomaly, Connection, ConnectionEnd, PacketBatch, StreamGap, StreamRecord
from wsobserve.transport.stage import Transport

FIN, SYN, RST, ACK = 1, 2, 4, 16
SERVER = b"\x0a\x00\x00\x02"
MIB = 1024 * 1024


def internet(source: bytes, destination: bytes, protocol: int, body: bytes, field: int = 0, identification: int = 0) -> bytes:
    return (
        struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(body), identification, field, 64, protocol, 0, source, destination)
        + body
    )


def up(client: int, flags: int, sequence: int, data: bytes = b"") -> bytes:
    """From a client with an address of its own; both sides begin at 100."""
    tcp = struct.pack(">HHIIBBHHH", 40000, 80, sequence, 101 if flags & ACK else 0, 5 << 4, flags, 512, 0, 0)
    return internet((0x0B000000 + client).to_bytes(4, "big"), SERVER, 6, tcp + data)


def down(client: int, flags: int, sequence: int, acknowledgment: int = 101) -> bytes:
    tcp = struct.pack(">HHIIBBHHH", 80, 40000, sequence, acknowledgment, 5 << 4, flags, 512, 0, 0)
    return internet(SERVER, (0x0B000000 + client).to_bytes(4, "big"), 6, tcp)


def batches(packets: Iterable[bytes], step_ns: int = 1000) -> Iterator[PacketBatch]:
    chunk: list[bytes] = []
    first = 1
    for packet in packets:
        chunk.append(packet)
        if len(chunk) == 500:
            yield batch(chunk, first, step_ns)
            first += len(chunk)
            chunk = []
    yield batch(chunk, first, step_ns)


def batch(packets: list[bytes], first: int, step_ns: int) -> PacketBatch:
    offsets, at = array("q"), 0
    for packet in packets:
        offsets.append(at)
        at += len(packet)
    lengths = array("q", [len(packet) for packet in packets])
    times = array("q", [(first + i) * step_ns for i in range(len(packets))])
    return PacketBatch(b"".join(packets), offsets, lengths, lengths, times, 101, first, "test")


def account(transport: Transport) -> Accounting:
    one = Accounting()
    transport.account(one)
    assert one.packets_seen == one.packets_decoded + sum(one.packets_skipped.values()) + sum(one.packets_dropped.values())
    discarded = sum(one.bytes_discarded.values())
    assert one.payload_bytes == one.bytes_delivered + one.bytes_duplicate + discarded + one.bytes_buffered
    return one


def kept_bytes(transport: Transport, packets: Iterable[bytes], records: list[StreamRecord] | None = None) -> int:
    """How much more memory Python holds after these packets than before them, the records left out."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for one in batches(packets):
            found = transport.receive(one)
            if records is not None:
                records += [record for record in found if isinstance(record, Anomaly | StreamGap)]
            account(transport)
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def test_a_flood_of_syns_stays_small_and_is_counted() -> None:
    limits = Limits(connections=2_000)
    transport = Transport(limits)
    assert kept_bytes(transport, (up(client, SYN, 100) for client in range(10_000))) < 2_000 * 800
    counted = account(transport)
    assert counted.connections == {"half_open": 10_000}
    assert counted.connections_evicted["limit"] >= 8_000
    assert transport.finish() == []
    assert account(transport).connections == {"half_open": 10_000}


def test_a_flood_of_syns_that_the_server_answers_stays_small_too() -> None:
    transport = Transport(Limits(connections=2_000))
    flood = (one for client in range(5_000) for one in (up(client, SYN, 100), down(client, SYN | ACK, 100)))
    assert kept_bytes(transport, flood) < 2_000 * 900
    assert account(transport).connections == {"half_open": 5_000}


def test_of_short_connections_little_is_left() -> None:
    transport = Transport(Limits(connections=2_000))
    short = (
        one
        for client in range(4_000)
        for one in (
            up(client, SYN, 100),
            down(client, SYN | ACK, 100),
            up(client, ACK, 101, b"request"),
            up(client, ACK | FIN, 108),
            down(client, ACK | FIN, 101, 109),
        )
    )
    assert kept_bytes(transport, short) < 2_000 * 1_300
    counted = account(transport)
    assert (counted.connections, counted.connections_evicted) == ({}, {})
    assert counted.bytes_delivered == 4_000 * 7


def test_open_connections_are_bounded_in_number_and_each_eviction_is_told() -> None:
    transport = Transport(Limits(connections=800))
    records: list[StreamRecord] = []
    for one in batches(packet for client in range(2_000) for packet in (up(client, SYN, 100), up(client, ACK, 101, b"x"))):
        records += transport.receive(one)
    evicted = sum(isinstance(one, ConnectionEnd) and one.how == "evicted" for one in records)
    assert sum(isinstance(one, Connection) for one in records) == 2_000
    assert 1_200 <= evicted < 1_400
    assert sum(isinstance(one, Anomaly) for one in records) == evicted
    assert account(transport).connections_evicted == {"limit": evicted}


def test_what_was_delivered_is_remembered_within_bounds_for_many_connections() -> None:
    transport = Transport(Limits())
    packets = [up(client, SYN, 100) for client in range(1_500)]
    packets += [up(client, ACK, 101 + 1000 * i, bytes(1000)) for i in range(8) for client in range(1_500)]
    assert kept_bytes(transport, packets) < 1_500 * 4_000 + PARTITIONS * MIB


def test_endless_fragments_stay_within_their_bytes_and_are_counted() -> None:
    transport = Transport(Limits(fragment_buffer=MIB))
    packets = (internet(SERVER, b"\x0a\0\0\1", 6, bytes(800), 0x2000 | (i % 50) * 100, i // 50) for i in range(5_000))
    assert kept_bytes(transport, packets) < 2 * MIB
    transport.finish()
    counted = account(transport)
    assert counted.packets_seen == sum(counted.packets_dropped.values()) == 5_000
    assert counted.packets_dropped["fragment_limit"] > 3_000


def test_a_hole_that_never_fills_stays_within_the_buffer_and_is_given_up_as_limit() -> None:
    transport = Transport(Limits(stream_buffer=200_000))
    records: list[StreamRecord] = []
    packets = [up(1, SYN, 100), *(up(1, ACK, 102 + 1000 * i, bytes(1000)) for i in range(3_000))]
    assert kept_bytes(transport, packets, records) < 2 * 200_000
    assert [(one.length, one.reason) for one in records if isinstance(one, StreamGap)] == [(1, "limit")]
    transport.finish()
    counted = account(transport)
    assert (counted.bytes_delivered, counted.bytes_lost, counted.bytes_buffered) == (3_000_000, 1, 0)


def test_holes_without_end_stay_within_the_buffer() -> None:
    transport = Transport(Limits(stream_buffer=200_000))
    packets = [up(1, SYN, 100), *(up(1, ACK, 102 + 2000 * i, bytes(1000)) for i in range(3_000))]
    assert kept_bytes(transport, packets) < 2 * 200_000
    assert account(transport).bytes_buffered <= 200_000


def test_holes_of_many_connections_stay_within_the_buffer_of_all() -> None:
    transport = Transport(Limits(total_buffer=MIB))
    packets = [up(client, SYN, 100) for client in range(100)]
    packets += [up(client, ACK, 102 + 1000 * i, bytes(1000)) for i in range(60) for client in range(100)]
    assert kept_bytes(transport, packets) < 100 * 20_000 + 2 * MIB
    assert account(transport).bytes_buffered <= MIB


def test_a_clock_that_goes_back_and_forth_gives_up_no_connection_in_use() -> None:
    transport = Transport(Limits())
    packets = [packet for client in range(50) for packet in (up(client, SYN, 100), up(client, ACK, 101, b"x"))]
    records = transport.receive(batch(packets, 1, 1000))
    forth = [up(client, ACK, 102 + i, b"y") for i in range(40) for client in range(50)]
    one = batch(forth, len(packets) + 1, 0)
    for i in range(len(forth)):
        one.times_ns[i] = (i // 2 % 2) * 1_000 * 1_000_000_000
    records += transport.receive(one)
    assert not any(isinstance(record, ConnectionEnd) for record in records)
    assert account(transport).bytes_delivered == 50 * 41
    assert account(transport).last_time_ns == 1_000 * 1_000_000_000
