"""The equations of the accounting, on every capture: as it is, with packets lost, cut by a snap length, cut at its end.

They hold at every moment, not only when all has been seen: each capture comes in several batches, and each is followed by
the checks. See `Accounting` in records.py.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from random import Random

import pytest

from wsobserve.capture.error import CaptureError
from wsobserve.capture.files import read_captures
from wsobserve.config import Limits
from wsobserve.pipeline import Pipeline
from wsobserve.records import Accounting, ConnectionSummary, PacketBatch, StreamBytes
from wsobserve.transport.stage import Transport
from wsobserve.websocket.stage import WebSocket

CHECKOUT = Path(__file__).resolve().parents[1]
CORPUS = CHECKOUT.parent / "shared" / "corpus"
CAPTURES = sorted((CHECKOUT / "captures").glob("*.pcap*"))
THEIRS = sorted((CORPUS / "captures").glob("*")) + sorted((CORPUS / "real").glob("*.pcap*")) if CORPUS.is_dir() else []
MOMENTS = 7  # batches at least
TIGHT = Limits(
    connections=8,
    stream_buffer=4_000,
    total_buffer=16_000,
    http_head=600,
    held_bytes=2_000,
    message_payload=300,
    inflated_payload=500,
    inflated_walk=2_000,
    resynchronise_buffer=1_000,
)

Change = Callable[[list[PacketBatch]], Iterator[PacketBatch]]


def test_there_are_captures_to_check() -> None:
    assert len(CAPTURES) > 10


@cache
def batches_of(path: Path) -> list[PacketBatch]:
    """The batches of a file, as far as it can be read, in parts."""
    batches: list[PacketBatch] = []
    try:
        for item in read_captures([str(path)]):
            if isinstance(item, PacketBatch):
                step = max(len(item) // MOMENTS, 1)
                batches += [item.part(start, min(start + step, len(item))) for start in range(0, len(item), step)]
    except CaptureError:
        pass
    return batches


def of_packets(batch: PacketBatch, places: list[int], snap_length: int = 2**30) -> PacketBatch:
    """Some packets of a batch, and of each not more than `snap_length` bytes."""
    return PacketBatch(
        batch.buffer,
        array("q", [batch.offsets[i] for i in places]),
        array("q", [min(batch.captured_lengths[i], snap_length) for i in places]),
        array("q", [batch.original_lengths[i] for i in places]),
        array("q", [batch.times_ns[i] for i in places]),
        batch.link_type,
        batch.first_packet,
        batch.source,
    )


def lossy(share: float, seed: int) -> Change:
    def change(batches: list[PacketBatch]) -> Iterator[PacketBatch]:
        chance = Random(seed)
        for batch in batches:
            yield of_packets(batch, [i for i in range(len(batch)) if chance.random() >= share])

    return change


def cut_to(snap_length: int) -> Change:
    return lambda batches: (of_packets(batch, list(range(len(batch))), snap_length) for batch in batches)


def ended_after(share: float) -> Change:
    def change(batches: list[PacketBatch]) -> Iterator[PacketBatch]:
        left = int(sum(map(len, batches)) * share)
        for batch in batches:
            yield of_packets(batch, list(range(min(left, len(batch)))))
            left = max(left - len(batch), 0)

    return change


CHANGES: dict[str, Change] = {
    "as it is": iter,
    "1 % lost": lossy(0.01, 1),
    "5 % lost": lossy(0.05, 2),
    "20 % lost": lossy(0.2, 3),
    "snap length 60": cut_to(60),
    "snap length 96": cut_to(96),
    "snap length 200": cut_to(200),
    "the first third": ended_after(1 / 3),
    "lost, cut and ended": lambda batches: ended_after(0.8)(list(cut_to(300)(list(lossy(0.1, 4)(batches))))),
}
TIGHTLY = ["20 % lost", "lost, cut and ended"]  # with the tight limits, too


def check(accounting: Accounting) -> None:
    seen, skipped, dropped = accounting.packets_seen, accounting.packets_skipped, accounting.packets_dropped
    assert seen == accounting.packets_decoded + sum(skipped.values()) + sum(dropped.values())
    went = accounting.bytes_delivered + accounting.bytes_duplicate + sum(accounting.bytes_discarded.values())
    assert accounting.payload_bytes == went + accounting.bytes_buffered
    assert accounting.messages == accounting.messages_decoded + sum(accounting.messages_undecoded.values())
    for field in accounting.__struct_fields__:
        value = getattr(accounting, field)
        assert all(count >= 0 for count in (value.values() if isinstance(value, dict) else [value or 0])), field


@pytest.mark.parametrize("path", CAPTURES + THEIRS, ids=lambda path: path.name)
def test_packets_bytes_and_messages_add_up_at_every_moment(path: Path) -> None:
    for name, change in CHANGES.items():
        for limits in (Limits(), TIGHT) if name in TIGHTLY else (Limits(),):
            pipeline = Pipeline(limits, folds=False)
            packets = 0
            records = []
            for batch in change(batches_of(path)):
                packets += len(batch)
                records += pipeline.receive(batch)
                accounting = pipeline.accounting()
                check(accounting)
                assert accounting.packets_seen == packets
            records += pipeline.finish()
            accounting = pipeline.accounting()
            check(accounting)
            assert accounting.bytes_buffered == 0
            summaries = [record for record in records if isinstance(record, ConnectionSummary)]
            counts = [count for summary in summaries for count in (summary.client_to_server, summary.server_to_client)]
            assert sum(accounting.frames.values()) == sum(count.frames for count in counts)
            assert accounting.frame_bytes == sum(count.wire_bytes for count in counts)
            assert accounting.messages == sum(count.messages for count in counts)
            assert accounting.bytes_unsynchronised == sum(count.unsynchronised_bytes for count in counts)
            assert sum(accounting.messages_undecoded.values()) == sum(sum(each.undecoded.values()) for each in summaries)


class Delivered:
    """The transport's bytes by connection and half, and how many of each half were no frames when frames began."""

    def __init__(self, limits: Limits) -> None:
        self.transport = Transport(limits)
        self.websocket = WebSocket(limits)
        self.bytes: dict[tuple[str, int], int] = {}
        self.before_frames: dict[tuple[str, int], int] = {}

    def receive(self, batch: PacketBatch) -> None:
        for record in self.transport.receive(batch):
            self.websocket.receive(record)
            if type(record) is StreamBytes:
                half = record.connection, record.half
                self.bytes[half] = self.bytes.get(half, 0) + len(record.data)
        for connection in self.websocket.take_ignored():
            self.transport.ignore(connection)

    def check(self) -> int:
        """Bytes delivered == frame bytes + unsynchronised + pending - missing, besides the opening handshake's."""
        followed = 0
        for name, connection in self.websocket._connections.items():
            if connection.ignored:
                continue
            for half, direction in enumerate(connection.directions or ()):
                of_frames = direction.wire_bytes - direction.missing_bytes
                explained = of_frames + direction.unsynchronised_bytes + direction.pending_bytes
                others = self.bytes.get((name, half), 0) - explained
                assert others >= 0
                assert others == self.before_frames.setdefault((name, half), others), (name, half)
                followed += 1
        return followed


@pytest.mark.parametrize("path", CAPTURES + THEIRS, ids=lambda path: path.name)
def test_every_byte_that_reaches_an_open_websocket_is_explained_at_every_moment(path: Path) -> None:
    for name in ("as it is", "5 % lost", *TIGHTLY):
        change = CHANGES[name]
        for limits in (Limits(), TIGHT) if name in TIGHTLY else (Limits(),):
            delivered = Delivered(limits)
            for batch in change(batches_of(path)):
                delivered.receive(batch)
                delivered.check()


def test_websockets_are_among_them() -> None:
    delivered, followed = Delivered(Limits()), 0
    for batch in batches_of(CHECKOUT / "captures" / "fragments.pcap"):
        delivered.receive(batch)
        followed += delivered.check()
    assert followed > 0
