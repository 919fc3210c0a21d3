"""The last delivered bytes: compared with what comes again, bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wsobserve.transport.recent import RecentBytes


def test_bytes_that_come_again_are_compared_where_they_were() -> None:
    recent = RecentBytes()
    recent.add(b"abc", 8192)
    recent.add(b"def", 8192)
    assert not recent.differs(4, b"cd")
    assert recent.differs(4, b"cX")


def test_bytes_that_are_not_at_hand_any_more_are_not_compared() -> None:
    recent = RecentBytes()
    recent.add(b"old", 8192)
    recent.clear()
    recent.add(b"new", 8192)
    assert not recent.differs(6, b"???new")
    assert recent.differs(6, b"???neX")


def test_a_long_payload_leaves_its_last_eight_kibibytes() -> None:
    recent = RecentBytes()
    recent.add(bytes(100_000) + b"end", 8192)
    assert recent.length == 8192
    assert recent.differs(3, b"eXd")


@given(st.lists(st.binary(min_size=1, max_size=5000), max_size=30))
def test_what_is_kept_is_bounded_and_the_end_of_what_was_delivered(pieces: list[bytes]) -> None:
    recent = RecentBytes()
    for piece in pieces:
        recent.add(piece, 8192)
    kept = b"".join(recent.pieces)
    assert len(kept) == recent.length <= 8192
    assert b"".join(pieces).endswith(kept)


def test_the_limit_may_become_smaller_at_any_time() -> None:
    recent = RecentBytes()
    recent.add(b"a" * 4000, 8192)
    recent.add(b"b" * 4000, 8192)
    recent.add(b"ccc", 1000)
    assert recent.pieces == [b"ccc"]
    recent.add(b"d" * 2000, 1000)
    assert recent.length == 1000
    recent.add(b"e", 0)
    assert (recent.pieces, recent.length) == ([], 0)


def test_small_pieces_are_bounded_by_their_number() -> None:
    recent = RecentBytes()
    for _ in range(1000):
        recent.add(b"x", 8192)
        assert len(recent.pieces) == recent.length <= 15
    assert recent.length >= 8
