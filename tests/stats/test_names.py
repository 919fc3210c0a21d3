"""Counts of names: bounded, and the same in any order and however they were split."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wsobserve.stats.names import OVERFLOW, NameCounts


def counted(names: list[str], limit: int) -> NameCounts:
    counts = NameCounts(limit)
    for name in names:
        counts.add([name])
    return counts


def test_names_are_counted_and_sorted() -> None:
    assert counted(["b", "a", "b"], 9).snapshot() == {"a": 1, "b": 2}
    assert NameCounts(9).snapshot() == {}


def test_names_beyond_the_limit_are_one() -> None:
    counts = counted(list("abcdef"), 2).snapshot()
    assert len(counts) == 3
    assert counts[OVERFLOW] == 4


def test_a_name_like_that_of_the_rest_is_added_to_it() -> None:
    assert sum(counted([OVERFLOW, *"abcdef"], 2).snapshot().values()) == 7


@given(st.lists(st.lists(st.sampled_from([*"abcdefgh", OVERFLOW]), max_size=20), max_size=4), st.integers(1, 5))
def test_the_result_depends_neither_on_order_nor_on_the_split(parts: list[list[str]], limit: int) -> None:
    whole = [name for part in parts for name in part]
    expected = counted(whole, limit).snapshot()
    assert counted(whole[::-1], limit).snapshot() == expected
    assert sum(expected.values()) == len(whole)
    assert len(expected) <= limit + 1
    forward = NameCounts(limit)
    for part in parts:
        forward.merge(counted(part, limit))
    assert forward.snapshot() == expected
    backward = NameCounts(limit)
    for part in reversed(parts):
        other = counted(part, limit)
        other.merge(backward)
        backward = other
    assert backward.snapshot() == expected
