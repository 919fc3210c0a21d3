"""Link, IP and TCP headers: the first byte chooses the link type; packets follow, each behind two bytes of its length.

The upper bit of a length says that the wire had a hundred bytes more, as with a snap length.
"""

from __future__ import annotations

from array import array

from tests.fuzz.laws import SMALL, START_NS, check_counts, check_equations, check_stream, held_bytes, sampled
from wsobserve.records import Accounting, PacketBatch, StreamRecord
from wsobserve.transport.stage import Transport

# Null, Ethernet, PPP, raw IP, HDLC, loopback, Linux cooked, IPv4, IPv6, NFLOG, cooked 2, and numbers that mean nothing here.
LINK_TYPES = [0, 1, 9, 12, 14, 50, 101, 104, 108, 113, 149, 228, 229, 239, 276, 65535]
STEP_NS = 300_000_000
MOST_HELD = SMALL.total_buffer + SMALL.fragment_buffer + 4_096  # with keys, addresses and the like of 16 connections


def batch_of(script: bytes) -> PacketBatch:
    """The packets of the script, in the script itself."""
    batch = PacketBatch(script, array("q"), array("q"), array("q"), array("q"), LINK_TYPES[script[0] & 15], 1, "made")
    position, end = 1, len(script)
    while position + 2 <= end:
        length = (script[position] & 0x7F) << 8 | script[position + 1]
        captured = min(length, end - position - 2)
        batch.offsets.append(position + 2)
        batch.captured_lengths.append(captured)
        batch.original_lengths.append(captured + (100 if script[position] & 0x80 else 0))
        batch.times_ns.append(START_NS + STEP_NS * len(batch.times_ns))
        position += 2 + captured
    return batch


def transported(batch: PacketBatch, step: int) -> list[StreamRecord]:
    """What the transport says of it, `step` packets at a time, after all that must hold has been checked."""
    transport = Transport(SMALL)
    records: list[StreamRecord] = []
    for start in range(0, len(batch), step):
        records += transport.receive(batch.part(start, start + step))
        if step == 1 and start % 8 == 7:
            _check(transport, records, finished=False)
    if len(batch.buffer) > MOST_HELD:
        assert held_bytes(transport, batch.buffer) <= MOST_HELD
    _check(transport, records, finished=False)
    records += transport.finish()
    _check(transport, records, finished=True)
    return records


def _check(transport: Transport, records: list[StreamRecord], *, finished: bool) -> None:
    accounting = Accounting()
    transport.account(accounting)
    check_equations(accounting)
    if finished:
        check_counts(accounting)
    check_stream(records, accounting, finished=finished)


def tell(data: bytes) -> object:
    """All at once; sometimes also packet by packet, with the same result."""
    if len(data) < 3:
        return None
    batch = batch_of(data)
    records = transported(batch, max(len(batch), 1))
    if sampled(data):
        assert transported(batch, 1) == records
    return records
