"""The whole pipeline: the script's conversations in TCP segments, some of them lost, doubled or late; folds and snapshot.

The first byte chooses the limits. Sometimes the packets come one by one, too, with the same result.
"""

from __future__ import annotations

from msgspec.structs import replace

from tests.fuzz import script
from tests.fuzz.laws import SMALL, START_NS, check_equations, sampled
from tests.fuzz.segments import ACK, FIN, RST, SYN, batch_of, packet
from tests.test_pipeline import check
from wsobserve.config import DEFAULT_LIMITS, Limits
from wsobserve.pipeline import Pipeline
from wsobserve.records import Anomaly, AnomalyKind, ChannelMessage, PacketBatch, Record, Snapshot

WINDOW = 65_535
Packet = tuple[bytes, int, int]


class Conversations:
    """Up to four connections as they would be captured; half 0 of each is the client."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self.time_ns = START_NS
        self.port = 0
        self._ends: dict[int, list[int]] = {}

    def say(self, half: int, payload: bytes, flags: int = ACK) -> None:
        """One segment, after the handshake of TCP if this connection is new."""
        if self.port not in self._ends:
            self._ends[self.port] = [1_000, 2_000]
            self.say(0, b"", SYN)
            self.say(1, b"", SYN | ACK)
        ends = self._ends[self.port]
        self.time_ns += 1_000_000
        whole = packet(half, self.port, flags, ends[half], ends[1 - half], WINDOW, payload)
        self.packets.append((whole, len(whole), self.time_ns))
        ends[half] += len(payload) + bool(flags & (SYN | FIN))

    def follow(self, happening: bytes) -> None:
        """Everything that happens in it. LOST, DOUBLED, LATE: of the packet before."""
        for event in script.events(happening):
            match event.kind:
                case script.CUT:
                    for start in range(0, len(event.data), 1_400):
                        self.say(event.half, event.data[start : start + 1_400])
                case script.GAP:
                    self.say(event.half, bytes(event.number + 1))
                    self.packets.pop()
                case script.END:
                    self.say(event.half, b"", FIN | ACK)
                case script.RESET:
                    self.say(event.half, b"", RST | ACK)
                case script.TIME:
                    self.time_ns += event.number * 100_000_000
                case script.OTHER:
                    self.port = event.number & 3
                case script.LOST if self.packets:
                    self.packets.pop()
                case script.DOUBLED if self.packets:
                    self.packets.append((*self.packets[-1][:2], self.time_ns))
                case script.LATE if len(self.packets) > 1:
                    (first, first_length, first_ns), (last, last_length, last_ns) = self.packets[-2:]
                    self.packets[-2:] = [(last, last_length, first_ns), (first, first_length, last_ns)]


def observed(batch: PacketBatch, step: int, limits: Limits) -> tuple[list[Record], Snapshot]:
    """Records and what the folds know, after all that must hold has been checked."""
    pipeline = Pipeline(limits)
    records: list[Record] = []
    for start in range(0, len(batch), step):
        records += pipeline.receive(batch.part(start, start + step))
    check_equations(pipeline.snapshot().accounting, limits)
    records += pipeline.finish()
    snapshot = pipeline.snapshot(final=True)
    check(records, snapshot)
    assert not any(isinstance(record, Anomaly) and record.anomaly is AnomalyKind.INTERNAL for record in records)
    return records, snapshot


def tell(data: bytes) -> object:
    """The same packets give the same records, however they are batched."""
    if not data:
        return None
    conversations = Conversations()
    conversations.follow(data[1:])
    if not conversations.packets:
        return None
    batch = batch_of(conversations.packets)
    limits = SMALL if data[0] & 1 else DEFAULT_LIMITS
    result = observed(batch, len(batch), limits)
    if sampled(data):
        again, snapshot = observed(batch, 1, limits)
        assert _without_bodies(again) == _without_bodies(result[0])
        # Bytes that nobody wants count as such from the batch behind the one that said so.
        assert replace(snapshot, accounting=result[1].accounting) == result[1]
    records, snapshot = result
    return _without_bodies(records), snapshot


def _without_bodies(records: list[Record]) -> list[Record]:
    """How a body is kept until it is added up is each build's own affair."""
    return [
        replace(record, body=None, structure="", elements=()) if isinstance(record, ChannelMessage) else record
        for record in records
    ]
