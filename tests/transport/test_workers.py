"""Several workers, each with its partitions: what they tell and count together is what one tells and counts."""

from __future__ import annotations

import struct
from array import array
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.capture.files import read_captures
from wsobserve.config import DEFAULT_LIMITS, PARTITIONS, Limits
from wsobserve.records import Accounting, Anomaly, Connection, ConnectionEnd, PacketBatch, StreamRecord
from wsobserve.transport.stage import Transport

CHECKOUT = Path(__file__).resolve().parents[2]
CORPUS = CHECKOUT.parent / "shared" / "corpus" / "captures"
SUFFIXES = (".pcap", ".pcapng", ".gz")
CAPTURES = sorted(path for folder in (CHECKOUT / "captures", CORPUS) for path in folder.glob("*") if path.suffix in SUFFIXES)
SECOND = 1_000_000_000
FIN, SYN, RST, ACK, URG = 1, 2, 4, 16, 32

SMALL = Limits(
    connections=16,
    stream_buffer=600,
    total_buffer=8_000,
    closed_ns=SECOND,
    idle_ns=20 * SECOND,
    fragments=2,
    fragment_buffer=900,
)


def partition_of(record: StreamRecord, partitions: dict[str, int]) -> int:
    """The partition of the connection that a record is about."""
    if isinstance(record, Connection):
        partitions[record.id] = record.partition
        return record.partition
    return partitions[record.half.connection if isinstance(record, Anomaly) else record.connection]


def told(batches: list[PacketBatch], limits: Limits, workers: int) -> tuple[dict[int, list[StreamRecord]], Accounting]:
    """The records of each partition in their order, and the merged account, which is checked after each batch."""
    records: dict[int, list[StreamRecord]] = defaultdict(list)
    total = Accounting()
    for worker in range(workers):
        transport = Transport(limits, worker=worker, workers=workers)
        partitions: dict[str, int] = {}
        found: list[StreamRecord] = []
        for batch in batches:
            found += transport.receive(batch)
            checked(transport)
        found += transport.finish()
        for record in found:
            partition = partition_of(record, partitions)
            assert partition % workers == worker
            records[partition].append(record)
        account = checked(transport)
        assert account.bytes_buffered == 0
        total.merge(account)
    return records, total


def checked(transport: Transport) -> Accounting:
    """What it accounts for, after the equations have been checked."""
    one = Accounting()
    transport.account(one)
    assert one.packets_seen == one.packets_decoded + sum(one.packets_skipped.values()) + sum(one.packets_dropped.values())
    discarded = sum(one.bytes_discarded.values())
    assert one.payload_bytes == one.bytes_delivered + one.bytes_duplicate + discarded + one.bytes_buffered
    return one


def assert_workers_agree(batches: list[PacketBatch], limits: Limits, counts: range) -> None:
    records, account = told(batches, limits, 1)
    assert account.packets_seen == sum(map(len, batches))
    for workers in counts:
        assert told(batches, limits, workers) == (records, account)


@pytest.mark.parametrize("limits", [DEFAULT_LIMITS, SMALL], ids=["limits", "small limits"])
@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_workers_tell_and_count_together_what_one_does(path: Path, limits: Limits) -> None:
    batches = [one for one in read_captures([str(path)]) if isinstance(one, PacketBatch)]
    packets = sum(map(len, batches))
    assert_workers_agree(batches, limits, range(2, PARTITIONS + 1) if packets < 5_000 else range(2, 4))


def test_there_are_captures_to_share_out() -> None:
    assert len(CAPTURES) >= 10


@pytest.mark.parametrize(("worker", "workers"), [(0, 0), (1, 1), (-1, 2), (0, PARTITIONS + 1)])
def test_a_worker_that_cannot_be_is_refused(worker: int, workers: int) -> None:
    with pytest.raises(ValueError, match=f"worker {worker} of {workers}"):
        Transport(worker=worker, workers=workers)


def test_what_is_no_segment_counts_the_first_worker() -> None:
    batch = batch_of([(b"\x60" + bytes(39), 5), (b"\x45" + bytes(19), 6), (b"\x45", 7)])
    first, second = Transport(worker=0, workers=2), Transport(worker=1, workers=2)
    assert first.receive(batch) == second.receive(batch) == []
    assert checked(first).packets_seen == 3
    counted = checked(second)
    assert (counted.packets_seen, counted.packets_skipped, counted.packets_dropped) == (0, {}, {})
    assert (counted.first_time_ns, counted.last_time_ns) == (5, 7)


# --- any segments


def batch_of(packets: list[tuple[bytes, int]], first: int = 1) -> PacketBatch:
    """Raw IP packets with their times."""
    offsets, at = array("q"), 0
    for data, _ in packets:
        offsets.append(at)
        at += len(data)
    lengths = array("q", [len(data) for data, _ in packets])
    times = array("q", [time_ns for _, time_ns in packets])
    return PacketBatch(b"".join(data for data, _ in packets), offsets, lengths, lengths, times, 101, first, "test")


def packet(client: int, up: bool, flags: int, sequence: int, acknowledgment: int, data: bytes, fragment: int) -> bytes:
    """Of one of many clients to one server, or back; `fragment` 1: its first eight bytes alone, 2: the rest of it."""
    source, destination = bytes((10, 0, 1, client)), bytes((10, 0, 0, 2))
    ports = (1000 + client, 80) if up else (80, 1000 + client)
    addresses = source + destination if up else destination + source
    body = struct.pack(">HHIIBBHHH", *ports, sequence, acknowledgment, 5 << 4, flags, client % 3, 0, 1) + data
    field = 0
    if fragment:
        body, field = (body[:8], 0x2000) if fragment == 1 else (body[8:], 1)
    return struct.pack(">BBHHHBBH8s", 0x45, 0, 20 + len(body), client, field, 64, 6, 0, addresses) + body


SEGMENT = st.builds(
    packet,
    st.integers(1, 30),
    st.booleans(),
    st.sampled_from([SYN, SYN | ACK, ACK, ACK, ACK, ACK | FIN, RST, RST | ACK, ACK | URG, SYN | FIN, 0, 255]),
    st.integers(100, 130) | st.integers(0, 2**32 - 1),
    st.integers(100, 130),
    st.binary(max_size=12),
    st.sampled_from([0, 0, 0, 0, 0, 1, 2]),
)
DIALOGUES = st.builds(
    lambda client, data: [
        packet(client, True, SYN, 100, 0, b"", 0),
        packet(client, False, SYN | ACK, 100, 101, b"", 0),
        packet(client, True, ACK, 101, 101, b"", 0),
        packet(client, True, ACK, 101, 101, data, 0),
        packet(client, False, ACK | FIN, 101, 101 + len(data), b"", 0),
        packet(client, True, ACK | FIN, 101 + len(data), 102, b"", 0),
    ],
    st.integers(1, 30),
    st.binary(max_size=12),
)
STEPS = st.lists(st.sampled_from([0, 1, SECOND // 2, 3 * SECOND, 12 * SECOND, -SECOND]), min_size=1, max_size=20)
CROWDED = Limits(
    connections=8,
    stream_buffer=600,
    total_buffer=8 * 700,
    closed_ns=SECOND,
    idle_ns=20 * SECOND,
    fragments=2,
    fragment_buffer=600,
)


@st.composite
def soups(draw: st.DrawFn) -> list[PacketBatch]:
    """Some dialogues and any segments between them, in batches, at times that may go backwards."""
    parts: list[list[bytes]] = draw(st.lists(DIALOGUES | SEGMENT.map(lambda one: [one]), max_size=40))
    packets = [one for part in parts for one in part]
    steps = draw(STEPS)
    time_ns = 100 * SECOND
    timed = []
    for number, one in enumerate(packets):
        time_ns += steps[number % len(steps)]
        timed.append((one, time_ns))
    cut = draw(st.integers(0, len(timed)))
    return [batch_of(timed[:cut]), batch_of(timed[cut:], cut + 1)]


@given(soups(), st.sampled_from([Limits(), SMALL, CROWDED]), st.integers(2, PARTITIONS))
@settings(max_examples=150, deadline=None)
def test_any_segments_are_told_and_counted_the_same_by_any_number_of_workers(
    batches: list[PacketBatch], limits: Limits, workers: int
) -> None:
    assert_workers_agree(batches, limits, range(workers, workers + 1))


@given(soups(), st.sampled_from([Limits(), CROWDED]), st.integers(0, 200))
@settings(max_examples=100, deadline=None)
def test_each_connection_is_counted_once(batches: list[PacketBatch], limits: Limits, late: int) -> None:
    """Either a record tells of it, and it ends once, or it is counted as half open."""
    transport = Transport(limits)
    records: list[StreamRecord] = []
    for batch in batches:
        records += transport.receive(batch)
    records += transport.expire(late * SECOND)
    before = checked(transport).connections.get("half_open", 0)
    records += transport.finish()
    assert checked(transport).connections.get("half_open", 0) == before
    opened = sorted(one.id for one in records if isinstance(one, Connection))
    assert len(set(opened)) == len(opened)
    ended = sorted(one.connection for one in records if isinstance(one, ConnectionEnd))
    assert ended == opened
