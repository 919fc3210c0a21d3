"""What must hold whatever was fed: every sum, every bound, and what a record promises of itself."""

from __future__ import annotations

import gc
import zlib
from collections.abc import Sequence
from types import ModuleType

import msgspec

from wsobserve.config import Limits
from wsobserve.records import (
    Accounting,
    Anomaly,
    AnomalyKind,
    Connection,
    ConnectionEnd,
    ConnectionSummary,
    Frame,
    HalfCount,
    Message,
    Record,
    StreamBytes,
    StreamEnd,
    StreamGap,
    StreamRecord,
)

# So small that a few hundred bytes reach every one of them.
SMALL = Limits(
    connections=16,
    stream_buffer=2_048,
    total_buffer=8_192,
    idle_ns=20_000_000_000,
    closed_ns=5_000_000_000,
    fragments=16,
    fragment_buffer=16_384,
    fragment_wait_ns=2_000_000_000,
    http_head=512,
    held_bytes=512,
    message_payload=256,
    inflated_payload=512,
    inflated_walk=65_536,
    held_total=1_048_576,
    resynchronise_buffer=512,
    held_anomalies=5,
    channels=8,
    kinds=8,
    schema_nodes=64,
    schema_properties=16,
    schema_depth=8,
    schema_total_nodes=256,
    schema_values=256,
    volume_buckets=64,
    volume_sizes=8,
    series=8,
    total_sizes=16,
    closes=4,
)
START_NS = 1_700_000_000_000_000_000


def sampled(data: bytes) -> bool:
    """One input of four, always the same ones: what costs as much again is tried on these."""
    return zlib.crc32(data) & 3 == 0


def check_equations(accounting: Accounting, limits: Limits = SMALL) -> None:
    """The equations that records.Accounting promises, at any time."""
    decided = accounting.packets_decoded + sum(accounting.packets_skipped.values()) + sum(accounting.packets_dropped.values())
    assert accounting.packets_seen == decided
    placed = accounting.bytes_delivered + accounting.bytes_duplicate + sum(accounting.bytes_discarded.values())
    assert accounting.payload_bytes == placed + accounting.bytes_buffered
    assert accounting.messages == accounting.messages_decoded + sum(accounting.messages_undecoded.values())
    assert 0 <= accounting.bytes_buffered <= limits.total_buffer


def check_counts(accounting: Accounting) -> None:
    """No count is below zero."""
    for field in accounting.__struct_fields__:
        count = getattr(accounting, field)
        assert count is None or (min(count.values(), default=0) if isinstance(count, dict) else count) >= 0, field


def held_bytes(stage: object, lent: bytes = b"") -> int:
    """The lengths of all byte strings that a stage holds on to, however it keeps them, but for those `lent` to it.

    Of compiled classes it sees less: they hide the types that cannot be part of a cycle.
    """
    seen = {id(lent)}
    waiting = [stage]
    held = 0
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type | ModuleType) or callable(each):
            continue
        seen.add(id(each))
        if isinstance(each, bytes | bytearray):
            held += len(each)
        elif isinstance(each, msgspec.Struct):  # those that the collector leaves alone tell it nothing
            waiting += [getattr(each, field) for field in each.__struct_fields__]
        elif not isinstance(each, int | float | str):
            waiting += gc.get_referents(each)
    return held


def check_stream(records: Sequence[StreamRecord], accounting: Accounting, *, finished: bool) -> None:
    """What the transport promises of its records, from the first on."""
    delivered, lost, gaps = 0, 0, 0
    open_halves: dict[str, list[bool]] = {}
    for record in records:
        match record:
            case Connection():
                assert record.id not in open_halves
                open_halves[record.id] = [True, True]
            case StreamBytes():
                assert record.data
                assert open_halves[record.connection][record.half]
                delivered += len(record.data)
            case StreamGap():
                assert record.length > 0
                assert open_halves[record.connection][record.half]
                lost += record.length
                gaps += 1
            case StreamEnd():
                assert open_halves[record.connection][record.half]
                open_halves[record.connection][record.half] = False
            case ConnectionEnd():
                assert open_halves.pop(record.connection) == [False, False]
            case Anomaly():
                assert record.half.connection
    assert (delivered, lost, gaps) == (accounting.bytes_delivered, accounting.bytes_lost, accounting.gaps)
    if finished:
        assert not open_halves
        assert accounting.bytes_buffered == 0


def check_records(records: Sequence[Record], limits: Limits = SMALL) -> None:
    """What the WebSocket room promises of its records."""
    for record in records:
        match record:
            case Frame():
                assert len(record.payload) <= min(record.payload_length, limits.message_payload)
                assert record.header_length in (2, 4, 6, 8, 10, 14)
                assert record.started_ns <= record.time_ns
            case Message():
                assert record.complete == (record.undecoded is None)
                assert len(record.payload) <= max(limits.message_payload, limits.inflated_payload)
                assert not record.complete or record.length == len(record.payload)
                assert record.started_ns <= record.time_ns
                assert record.fragments > 0 or not record.complete
            case Anomaly():
                assert record.anomaly is not AnomalyKind.INTERNAL


def check_direction(count: HalfCount, incomplete: int, came_in: int, lost: int) -> None:
    """Bytes that came in == wire bytes - missing ones + unsynchronised ones + pending ones; at most `lost` are missing."""
    accounted = count.wire_bytes + count.unsynchronised_bytes + incomplete
    assert came_in <= accounted <= came_in + lost, f"{came_in} bytes came in, {lost} were lost, {accounted} accounted for"


def pending_at_end(records: Sequence[Record]) -> dict[str, int]:
    """By direction: bytes at hand of a frame that did not become complete."""
    return {
        str(record.half.direction): int(record.detail.split()[0])
        for record in records
        if isinstance(record, Anomaly) and record.anomaly is AnomalyKind.FRAME_INCOMPLETE
    }


def summary_of(records: Sequence[Record]) -> ConnectionSummary | None:
    """The one connection's summary."""
    summaries = [record for record in records if isinstance(record, ConnectionSummary)]
    assert len(summaries) <= 1
    return summaries[0] if summaries else None
