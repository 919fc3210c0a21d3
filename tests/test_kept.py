"""The bounded table: which keys stay depends on the keys alone, and nothing is counted twice or lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.kept import Kept
from wsobserve.records import name_hash


class Count:
    def __init__(self) -> None:
        self.value = 0

    def merge(self, other: Count) -> None:
        self.value += other.value


def counted(keys: list[str], limit: int) -> Kept[str, Count]:
    table: Kept[str, Count] = Kept(limit, Count)
    for key in keys:
        (table.entries.get(key) or table.make(key)).value += 1
        if table.crowded():
            table.settle()
    return table


def content(table: Kept[str, Count]) -> tuple[dict[str, int], int | None]:
    table.settle()
    return {key: count.value for key, count in table.entries.items()}, table.overflow.value if table.overflow else None


def test_below_the_limit_everything_stays() -> None:
    assert content(counted(["a", "b", "a"], 2)) == ({"a": 2, "b": 1}, None)


def test_beyond_the_limit_the_smallest_hashes_stay_and_the_rest_is_one() -> None:
    keys = ["a", "b", "c", "d"]
    smallest = sorted(keys, key=name_hash)[:2]
    assert content(counted(keys * 3, 2)) == (dict.fromkeys(smallest, 3), 6)


@given(st.lists(st.lists(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), max_size=40), max_size=4), st.integers(1, 20))
def test_the_content_depends_neither_on_order_nor_on_the_split(parts: list[list[str]], limit: int) -> None:
    whole = [key for part in parts for key in part]
    expected = content(counted(whole, limit))
    assert content(counted(sorted(whole), limit)) == expected
    forward: Kept[str, Count] = Kept(limit, Count)
    for part in parts:
        forward.merge(counted(part, limit))
    assert content(forward) == expected
    backward: Kept[str, Count] = Kept(limit, Count)
    for part in reversed(parts):
        other = counted(part, limit)
        before = content(counted(part, limit))
        other_copy = counted(part, limit)
        other.merge(backward)
        assert content(other_copy) == before
        backward = other
    assert content(backward) == expected


def test_what_is_settled_away_is_told_once() -> None:
    table: Kept[str, Count] = Kept(1, Count)
    for key in "abc":
        (table.entries.get(key) or table.make(key)).value += 1
    given_up = [key for key, _ in table.settle()]
    assert sorted([*given_up, *table.entries]) == ["a", "b", "c"]
    assert table.settle() == []


def test_a_forgotten_key_leaves_its_place_to_any_other() -> None:
    table = counted(list("abcdefgh"), 2)
    table.settle()
    for key in list(table.entries):
        table.forget(key)
    table.make("h").value += 1
    assert "h" in table.entries


def test_tables_of_different_limits_do_not_add_up() -> None:
    with pytest.raises(ValueError):
        Kept[str, Count](1, Count).merge(Kept(2, Count))
    with pytest.raises(ValueError):
        Kept[str, Count](0, Count)
