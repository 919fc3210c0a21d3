"""Bytes before their turn: the first copy of each stays, and the counters agree with what is held."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wsobserve.config import Limits
from wsobserve.transport.held import HeldBytes, Piece, StreamTotals


def piece(position: int, data: bytes, length: int | None = None) -> Piece:
    return Piece(position, len(data) if length is None else length, data, 1, 1, 1)


def held_bytes(held: HeldBytes) -> dict[int, bytes]:
    return {one.position: one.data for one in held.pieces}


def test_pieces_lie_by_position() -> None:
    held = HeldBytes(StreamTotals(Limits()))
    held.insert(piece(20, b"later"))
    held.insert(piece(10, b"first"))
    assert held_bytes(held) == {10: b"first", 20: b"later"}


def test_only_what_is_new_of_a_piece_is_kept() -> None:
    held = HeldBytes(StreamTotals(Limits()))
    assert not held.insert(piece(2, b"cd"))
    assert not held.insert(piece(0, b"abcdef"))
    assert held_bytes(held) == {0: b"ab", 2: b"cd", 4: b"ef"}
    assert held.totals.duplicate == 2


def test_other_bytes_at_the_same_place_are_a_conflict_and_the_first_ones_stay() -> None:
    held = HeldBytes(StreamTotals(Limits()))
    held.insert(piece(2, b"cd"))
    assert held.insert(piece(1, b"bXd"))
    assert held_bytes(held) == {1: b"b", 2: b"cd"}


def test_a_cut_piece_keeps_its_length_on_the_wire() -> None:
    held = HeldBytes(StreamTotals(Limits()))
    held.insert(piece(0, b"ab", length=6))
    held.insert(piece(4, b"efgh"))
    assert [(one.position, one.length, one.data) for one in held.pieces] == [(0, 6, b"ab"), (6, 2, b"gh")]


def test_what_lies_outside_of_the_stream_is_dropped_and_counted() -> None:
    held = HeldBytes(StreamTotals(Limits()))
    held.insert(piece(0, b"abcdef"))
    held.insert(piece(10, b"klm"))
    held.drop_before(2)
    held.drop_behind(4)
    assert held_bytes(held) == {2: b"cd"}
    assert held.totals.discarded == {"before_start": 2, "after_fin": 5}
    assert held.totals.buffered == 2


def test_small_pieces_weigh_more_than_their_bytes() -> None:
    held = HeldBytes(StreamTotals(Limits(stream_buffer=1000)))
    for position in range(0, 10, 2):
        held.insert(piece(position, b"x"))
    assert held.over_limit()
    held.discard("ignored")
    assert not held.over_limit()
    assert (held.weight, held.totals.weight, held.totals.buffered) == (0, 0, 0)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12)), max_size=30))
def test_the_first_copy_wins_byte_by_byte(parts: list[tuple[int, int]]) -> None:
    held = HeldBytes(StreamTotals(Limits()))
    expected: dict[int, int] = {}
    taken = 0
    for number, (position, length) in enumerate(parts):
        data = bytes([number]) * length
        before = {at: expected[at] for at in range(position, position + length) if at in expected}
        assert held.insert(piece(position, data)) == any(byte != number for byte in before.values())
        taken += length
        for at in range(position, position + length):
            expected.setdefault(at, number)
    found = {one.position + i: byte for one in held.pieces for i, byte in enumerate(one.data)}
    assert found == expected
    assert [one.position for one in held.pieces] == sorted(one.position for one in held.pieces)
    assert held.totals.buffered == len(expected)
    assert held.totals.duplicate == taken - len(expected)


def test_the_limit_on_all_is_shared_and_that_on_one_is_not() -> None:
    totals = StreamTotals(Limits(total_buffer=8000, stream_buffer=5000), 8)
    assert (totals.total_buffer, totals.stream_buffer) == (1000, 5000)
    assert StreamTotals(Limits(total_buffer=3), 8).total_buffer == 1


def test_what_is_remembered_after_delivery_is_shared_among_the_connections() -> None:
    totals = StreamTotals(Limits())
    shares = []
    for connections in (0, 1, 32, 33, 64, 512, 513, 10_000):
        totals.share_recent(connections)
        shares.append(totals.recent_bytes)
    assert shares == [8192, 8192, 8192, 7943, 4096, 512, 0, 0]
