"""IP fragments: whole datagrams out, in any order, within limits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wsobserve.config import Limits
from wsobserve.transport.fragment import Fragments

KEY = b"a datagram"
SECOND = 1_000_000_000


def test_the_last_missing_fragment_gives_the_datagram() -> None:
    fragments = Fragments(Limits())
    assert fragments.add(KEY, 8, False, b"tail", 4, 0) is None
    assert fragments.add(KEY, 0, True, b"the head", 8, 0) == (b"the headtail", 12)
    assert len(fragments) == 0


def test_a_fragment_cut_by_the_snap_length_ends_what_was_captured() -> None:
    fragments = Fragments(Limits())
    fragments.add(KEY, 0, True, b"the", 8, 0)
    assert fragments.add(KEY, 8, False, b"tail", 4, 0) == (b"the", 12)


def test_a_doubled_fragment_changes_nothing() -> None:
    fragments = Fragments(Limits())
    fragments.add(KEY, 0, True, b"the head", 8, 0)
    fragments.add(KEY, 0, True, b"another!", 8, 0)
    assert fragments.add(KEY, 8, False, b"tail", 4, 0) == (b"the headtail", 12)


def test_a_datagram_that_waits_too_long_is_given_up_and_its_fragments_counted() -> None:
    fragments = Fragments(Limits())
    fragments.add(KEY, 0, True, b"the head", 8, 0)
    fragments.add(KEY, 0, True, b"the head", 8, 0)
    fragments.expire(31 * SECOND)
    assert len(fragments) == 0
    assert fragments.given_up == {"fragment_incomplete": 2, "fragment_limit": 0}


def test_an_old_fragment_does_not_join_a_datagram_with_the_same_identification() -> None:
    fragments = Fragments(Limits())
    fragments.add(KEY, 0, True, b"the head", 8, 0)
    assert fragments.add(KEY, 8, False, b"tail", 4, 31 * SECOND) is None


def test_the_oldest_datagram_makes_room() -> None:
    fragments = Fragments(Limits(fragments=2))
    for number in range(5):
        fragments.add(bytes((number,)), 0, True, b"the head", 8, 0)
    assert len(fragments) == 2
    assert fragments.given_up["fragment_limit"] == 3


def test_a_datagram_larger_than_ip_allows_is_given_up() -> None:
    fragments = Fragments(Limits())
    assert fragments.add(KEY, 65528, False, bytes(16), 16, 0) is None
    assert fragments.given_up["fragment_incomplete"] == 1


def test_what_is_left_at_the_end_is_given_up() -> None:
    fragments = Fragments(Limits())
    fragments.add(KEY, 0, True, b"the head", 8, 0)
    fragments.finish()
    assert fragments.given_up["fragment_incomplete"] == 1


@given(st.binary(min_size=9, max_size=100), st.data())
def test_any_order_gives_the_same_datagram(payload: bytes, data: st.DataObject) -> None:
    size = data.draw(st.sampled_from([8, 16, 24]))
    offsets = list(range(0, len(payload), size))
    fragments = Fragments(Limits())
    results = [
        fragments.add(KEY, at, at != offsets[-1], payload[at : at + size], len(payload[at : at + size]), 0)
        for at in data.draw(st.permutations(offsets))
    ]
    assert results == [None] * (len(offsets) - 1) + [(payload, len(payload))]


def test_the_bytes_of_all_datagrams_have_a_limit_and_the_oldest_make_room() -> None:
    fragments = Fragments(Limits(fragment_buffer=4 * (1000 + 256)))
    for number in range(100):
        fragments.add(bytes((number,)), 0, True, bytes(1000), 1000, 0)
        assert len(fragments) <= 4
    assert fragments.given_up == {"fragment_incomplete": 0, "fragment_limit": 96}
    assert fragments.add(bytes((98,)), 1000, False, b"end", 3, 0) == (bytes(1000) + b"end", 1003)


def test_small_fragments_weigh_more_than_their_bytes() -> None:
    fragments = Fragments(Limits(fragment_buffer=10_000))
    for number in range(1000):
        fragments.add(bytes((number % 7,)), 8 * number, True, bytes(8), 8, 0)
    assert fragments.given_up["fragment_limit"] > 900


def test_what_a_finished_datagram_weighed_is_free_again() -> None:
    fragments = Fragments(Limits(fragment_buffer=3_000))
    for _ in range(100):
        fragments.add(KEY, 0, True, bytes(1000), 1000, 0)
        assert fragments.add(KEY, 1000, False, bytes(1000), 1000, 0) == (bytes(2000), 2000)
    assert fragments.given_up == {"fragment_incomplete": 0, "fragment_limit": 0}


def test_a_datagram_larger_than_the_limit_is_given_up_itself() -> None:
    fragments = Fragments(Limits(fragment_buffer=100))
    assert fragments.add(KEY, 0, True, b"the head", 8, 0) is None
    assert len(fragments) == 0
    assert fragments.given_up["fragment_limit"] == 1


def test_overlapping_fragments_that_never_come_together_are_given_up() -> None:
    fragments = Fragments(Limits())
    fragments.add(KEY, 2000, False, bytes(8), 8, 0)
    for number in range(100):
        fragments.add(KEY, 8 * number, True, bytes(1000), 1000, 0)  # up to 1800: the rest is missing
        if not len(fragments):
            break
    assert number < 20
    assert fragments.given_up["fragment_incomplete"] > 16
