"""What is remembered of a connection that has ended: enough to know its late segments."""

from __future__ import annotations

import struct

import pytest

from wsobserve.config import Limits
from wsobserve.records import Half
from wsobserve.transport.closed import ClosedConnection
from wsobserve.transport.fragment import Fragments
from wsobserve.transport.held import StreamTotals
from wsobserve.transport.packet import PacketDecoder
from wsobserve.transport.tcp import HalfStream

SYN, RST, ACK = 2, 4, 16
KEY = bytes.fromhex("0a000001 0a000002 9c40 0050")
START = 2**32 - 3  # sequence number of the first byte; the stream is six bytes long, so it ends at 3


def half(index: int, start: int | None = START, fin: bool = True) -> HalfStream:
    """A half that has delivered six bytes and ended; with `start` None one of which nothing was seen."""
    one = HalfStream(Half(connection="c", source="a", destination="b"), index, StreamTotals(Limits()))
    if start is not None:
        one.synchronise((start - 1) % 2**32, [])
        one.receive(start, b"stream", 0, 6, 6, 1, 1, [])
        if fin:
            one.finish_at((start + 6) % 2**32, 2, 2, [])
    one.end("capture_end", 3, 3, [])
    return one


def segment(
    sequence: int, payload: bytes = b"", flags: int = ACK, acknowledgment: int = 0, down: bool = False
) -> PacketDecoder:
    addresses, ports = KEY[:8], KEY[8:]
    if down:
        addresses, ports = addresses[4:] + addresses[:4], ports[2:] + ports[:2]
    packet = struct.pack(">BBHHHBBH8s", 0x45, 0, 40 + len(payload), 0, 0, 64, 6, 0, addresses) + ports
    packet += struct.pack(">IIBBHHH", sequence % 2**32, acknowledgment, 5 << 4, flags, 512, 0, 0) + payload
    decoder = PacketDecoder(Fragments(Limits()))
    assert decoder.decode(packet, 0, len(packet), len(packet), 101, 7)
    return decoder


def counted(closed: ClosedConnection, one: PacketDecoder) -> tuple[int, dict[str, int]]:
    totals = StreamTotals(Limits())
    closed.receive(one, totals)
    assert totals.payload_bytes == totals.duplicate + sum(totals.discarded.values())
    return totals.duplicate, totals.discarded


@pytest.mark.parametrize(
    ("late", "duplicate", "discarded"),
    [
        (segment(START, b"stream"), 6, {}),
        (segment(START + 2, b"re"), 2, {}),
        (segment(START + 4, b"am more"), 0, {"after_fin": 7}),
        (segment(START + 6, b"more"), 0, {"after_fin": 4}),
        (segment(START + 6), 0, {}),
        (segment(START - 1, flags=SYN), 0, {}),
        (segment(START - 1, b"str", flags=SYN), 3, {}),
        (segment(START + 6, b"why", flags=RST), 0, {"reset": 3}),
        (segment(START + 2**31, b"far"), 0, {"out_of_window": 3}),
        (segment(9, b"more", down=True), 0, {"after_end": 4}),
    ],
)
def test_late_bytes_are_counted(late: PacketDecoder, duplicate: int, discarded: dict[str, int]) -> None:
    closed = ClosedConnection(KEY, 5, half(0), half(1, None))
    assert counted(closed, late) == (duplicate, discarded)


def test_bytes_behind_the_end_of_a_half_without_fin_have_another_reason() -> None:
    closed = ClosedConnection(KEY, 5, half(0, fin=False), half(1, None))
    assert counted(closed, segment(START + 6, b"more")) == (0, {"after_end": 4})


def test_late_bytes_that_nobody_wants_are_ignored() -> None:
    ignored = half(0)
    ignored.ignore()
    assert counted(ClosedConnection(KEY, 5, ignored, half(1)), segment(START, b"stream")) == (0, {"ignored": 6})


def test_a_syn_of_this_connection_is_known_by_its_number() -> None:
    closed = ClosedConnection(KEY, 5, half(0), half(1, 500))
    assert closed.belongs(segment(START - 1, flags=SYN))
    assert not closed.belongs(segment(START + 6, flags=SYN))
    assert closed.belongs(segment(499, flags=SYN | ACK, down=True))
    assert not closed.belongs(segment(500, flags=SYN | ACK, down=True))


def test_a_syn_of_a_half_that_was_not_seen_is_known_by_what_it_acknowledges() -> None:
    closed = ClosedConnection(KEY, 5, half(0), half(1, None))
    assert closed.belongs(segment(77, flags=SYN | ACK, acknowledgment=START, down=True))
    assert closed.belongs(segment(77, flags=SYN | ACK, acknowledgment=3, down=True))
    assert not closed.belongs(segment(77, flags=SYN | ACK, acknowledgment=4, down=True))
    assert closed.belongs(segment(77, flags=SYN, down=True))
