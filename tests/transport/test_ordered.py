"""Bytes by position: what comes out is in order, each byte once, and holes say how long they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wsobserve.config import Limits
from wsobserve.records import StreamBytes, StreamGap, StreamRecord
from wsobserve.transport.held import StreamTotals
from wsobserve.transport.ordered import OrderedBytes


def anchored(position: int = 100) -> OrderedBytes:
    ordered = OrderedBytes("c", 0, StreamTotals(Limits()))
    ordered.anchor(position, [])
    return ordered


def accept(ordered: OrderedBytes, position: int, data: bytes, length: int | None = None, packet: int = 1) -> bool:
    """The packet's number is its arrival and its time."""
    return ordered.accept(position, data, len(data) if length is None else length, packet, packet, packet)


def drained(ordered: OrderedBytes) -> list[bytes | int]:
    """What comes out now: bytes, and gaps as their length."""
    out: list[StreamRecord] = []
    ordered.drain(out)
    return parts(out)


def parts(out: list[StreamRecord]) -> list[bytes | int]:
    return [one.data if isinstance(one, StreamBytes) else one.length for one in out if isinstance(one, StreamBytes | StreamGap)]


def test_what_lies_behind_a_hole_waits_for_it() -> None:
    ordered = anchored()
    accept(ordered, 102, b"cd")
    assert drained(ordered) == []
    accept(ordered, 100, b"ab")
    assert drained(ordered) == [b"ab", b"cd"]
    assert (ordered.expected, ordered.highest) == (104, 104)


def test_bytes_are_available_since_the_latest_packet_up_to_them() -> None:
    ordered = anchored()
    accept(ordered, 102, b"cd", packet=1)
    accept(ordered, 100, b"ab", packet=2)
    out: list[StreamRecord] = []
    ordered.drain(out)
    assert [(one.packet, one.time_ns) for one in out if isinstance(one, StreamBytes)] == [(2, 2), (2, 2)]


def test_without_an_anchor_everything_is_held_and_the_anchor_drops_what_lies_before_it() -> None:
    ordered = OrderedBytes("c", 0, StreamTotals(Limits()))
    ordered.begin(102)
    accept(ordered, 102, b"cd")
    accept(ordered, 99, b"Zab")
    out: list[StreamRecord] = []
    ordered.anchor(100, out)
    assert parts(out) == [b"ab", b"cd"]
    assert ordered.totals.discarded == {"before_start": 1}


def test_a_skipped_hole_is_a_gap_before_what_was_held() -> None:
    ordered = anchored()
    accept(ordered, 103, b"de")
    out: list[StreamRecord] = []
    ordered.skip_hole("lost", out)
    assert parts(out) == [3, b"de"]
    assert (ordered.lost_bytes, ordered.gaps, ordered.totals.lost) == (3, 1, 3)


def test_doubled_bytes_that_differ_are_a_conflict_held_or_delivered() -> None:
    ordered = anchored()
    ordered.deliver(b"ab", 1, 1, 1, [])
    assert not accept(ordered, 100, b"ab")
    assert accept(ordered, 100, b"aX")
    accept(ordered, 105, b"f")
    assert accept(ordered, 104, b"eX")
    assert ordered.totals.duplicate == 5


def test_nothing_is_compared_across_a_gap() -> None:
    ordered = anchored()
    ordered.deliver(b"ab", 1, 1, 1, [])
    ordered.skip(110, "lost", 2, 2, [])
    assert not accept(ordered, 108, b"??")


def test_what_was_cut_of_a_payload_is_a_gap_in_its_turn() -> None:
    ordered = anchored()
    accept(ordered, 100, b"a", length=4)
    assert drained(ordered) == [b"a", 3]


@given(st.lists(st.tuples(st.integers(95, 130), st.integers(1, 9)), max_size=25))
def test_every_byte_comes_out_once_and_in_its_place(payloads: list[tuple[int, int]]) -> None:
    content = bytes(range(95, 140))
    ordered = anchored()
    came: set[int] = set()
    out: list[StreamRecord] = []
    taken = 0
    for position, length in payloads:
        assert not accept(ordered, position, content[position - 95 : position - 95 + length])
        ordered.drain(out)
        came.update(range(max(position, 100), position + length))
        taken += length
    while ordered.held.pieces:
        ordered.skip_hole("lost", out)
    found = b"".join(one if isinstance(one, bytes) else b"." * one for one in parts(out))
    expected = bytes(at if at in came else ord(".") for at in range(100, max(came, default=99) + 1))
    assert found.replace(b".", b"") == expected.replace(b".", b"")
    assert len(found) == len(expected)
    totals = ordered.totals
    assert taken == totals.delivered + totals.duplicate + sum(totals.discarded.values()) + totals.buffered
