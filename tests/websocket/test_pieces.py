"""Pieces: what comes out is what went in, and no object is kept for every small piece."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from wsobserve.websocket.pieces import Pieces

SMALL, GATHERED = 1_024, 65_536  # pieces that are gathered, and until when


@given(st.lists(st.one_of(st.binary(max_size=20), st.integers(SMALL - 1, SMALL + 1).map(bytes)), max_size=20))
def test_what_is_joined_is_what_was_added(added: list[bytes]) -> None:
    pieces = Pieces()
    for number, piece in enumerate(added, 1):
        pieces.add(piece)
        assert pieces.length == len(b"".join(added[:number]))
    joined = pieces.join()
    assert type(joined) is bytes
    assert joined == b"".join(added)
    assert (pieces.length, pieces.join()) == (0, b"")


def test_one_piece_is_not_copied() -> None:
    pieces = Pieces()
    pieces.add(piece := bytes(range(100)))
    assert pieces.join() is piece


def test_what_is_cleared_is_gone() -> None:
    pieces = Pieces()
    pieces.add(b"a")
    pieces.add(b"b")
    pieces.clear()
    pieces.add(b"c")
    assert pieces.join() == b"c"


def test_small_pieces_cost_little_more_than_their_bytes() -> None:
    pieces = Pieces()
    length = 4 * GATHERED
    tracemalloc.start()
    for number in range(length):
        pieces.add(b"ab"[number & 1 : (number & 1) + 1])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1.5 * length + GATHERED
    assert pieces.join() == b"ab" * (length // 2)
