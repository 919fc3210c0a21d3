"""Leaves: what all values of one place have in common, in any order and however they were split."""

from __future__ import annotations

import json
import math
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.schema.formats import ALL_FORMATS, FORMATS
from wsobserve.schema.leaf import Leaf

# As in leaf.py, whose compiled form does not tell them.
MEMBERS = 32
LONGEST_MEMBER = 64

Value = bytes | float | bool


def leaf_of(values: list[Value]) -> Leaf:
    leaf = Leaf()
    for value in values:
        see(leaf, value)
    return leaf


def see(leaf: Leaf, value: Value) -> bool:
    if isinstance(value, bytes):
        return leaf.see_text(value)
    return leaf.see_truth(value) if isinstance(value, bool) else leaf.see_number(value)


def content(leaf: Leaf) -> tuple[object, ...]:
    """Everything that a leaf knows, comparable."""
    return (leaf.texts, leaf.bits, leaf.known_texts(), leaf.low, leaf.high, leaf.trues, leaf.falses)


def formats(leaf: Leaf) -> set[str]:
    return {each.name for each in FORMATS if leaf.bits & each.bit}


def test_an_empty_leaf_has_every_format_and_no_value() -> None:
    assert content(Leaf()) == (0, ALL_FORMATS, set(), None, None, 0, 0)


def test_texts_are_new_until_they_come_again() -> None:
    leaf = Leaf()
    assert [leaf.see_text(text) for text in (b"buy", b"sell", b"buy", b"sell", b"hold")] == [True, True, False, False, True]
    assert leaf.texts == 5
    assert leaf.known_texts() is not None
    assert len(leaf.known_texts() or ()) == 3


def test_a_format_stays_as_long_as_all_texts_have_it() -> None:
    leaf = leaf_of([b"2024-02-29", b"2024-03-01"])
    assert formats(leaf) == {"date"}
    assert leaf.see_text(b"tomorrow")
    assert formats(leaf) == set()


def test_there_is_room_for_so_many_different_texts_and_then_none_is_known() -> None:
    leaf = leaf_of([b"word %d" % number for number in range(MEMBERS)])
    assert leaf.known_texts() is not None
    assert not leaf.see_text(b"word 0")
    assert leaf.see_text(b"another")
    assert content(leaf)[2] is None
    assert not leaf.see_text(b"one more")


def test_a_long_text_is_no_member() -> None:
    assert leaf_of([b"x" * LONGEST_MEMBER]).known_texts()
    leaf = leaf_of([b"word", b"x" * (LONGEST_MEMBER + 1)])
    assert leaf.known_texts() is None


def test_numbers_are_new_beyond_all_before_them() -> None:
    leaf = Leaf()
    assert [leaf.see_number(number) for number in (5, 5, 7.5, 6, -1)] == [True, False, True, False, True]
    assert (leaf.low, leaf.high) == (-1, 7.5)


def test_what_is_no_number_hides_none() -> None:
    assert content(leaf_of([math.nan, 5, math.nan, 7])) == content(leaf_of([5, 7]))
    assert not Leaf().see_number(math.nan)


def test_truth_values_are_new_once_each() -> None:
    leaf = Leaf()
    assert [leaf.see_truth(value) for value in (True, True, False, False)] == [True, False, True, False]
    assert (leaf.trues, leaf.falses) == (2, 2)


@pytest.mark.parametrize("value", ["", "buy", "2024-02-29", "ü€", True, False, 0, -5, 12.5, 1e30, 10**30, -0.0])
def test_a_value_in_a_json_text_is_the_value(value: str | float) -> None:
    text = b'{"a":' + json.dumps(value, ensure_ascii=False).encode() + b"}"
    quoted = isinstance(value, str)
    leaf, expected = Leaf(), Leaf()
    assert leaf.see(text, 5 + quoted, len(text) - 1 - quoted) == see(
        expected, value.encode() if isinstance(value, str) else value
    )
    assert content(leaf) == content(expected)


def test_a_message_that_is_a_single_number_is_a_value_too() -> None:
    leaf = Leaf()
    leaf.see(b"42", 0, 2)
    assert (leaf.low, leaf.high) == (42, 42)
    assert isinstance(leaf.low, int)


def test_texts_of_which_nothing_is_to_be_learnt_are_still_counted() -> None:
    leaf = leaf_of([b"word %d" % number for number in range(MEMBERS + 1)])
    assert not leaf.see(b'"another"', 1, 8)
    assert leaf.texts == MEMBERS + 2


VALUES = (
    st.sampled_from([b"buy", b"sell", b"12", b"2024-02-29", b"", b"x" * 70])
    | st.integers(0, 60).map(lambda number: b"word %d" % number)
    | st.integers(-5, 5)
    | st.floats()
    | st.booleans()
)
# More than there is room for, too.
MANY = st.lists(VALUES, max_size=20) | st.lists(st.integers(0, 99).map(lambda number: b"%d" % number), min_size=30, max_size=60)


@settings(max_examples=150)
@given(st.lists(MANY, min_size=1, max_size=4))
def test_what_is_known_depends_neither_on_order_nor_on_the_split(parts: list[list[Value]]) -> None:
    whole = [value for part in parts for value in part]
    expected = content(leaf_of(whole))
    assert content(leaf_of(whole[::-1])) == expected
    forward, backward = Leaf(), Leaf()
    for part in parts:
        forward.merge(leaf_of(part))
    for part in reversed(parts):
        other = leaf_of(part)
        other.merge(backward)
        backward = other
    assert content(forward) == content(backward) == expected


@given(MANY, MANY)
def test_merging_leaves_the_other_as_it_was(some: list[Value], more: list[Value]) -> None:
    leaf, other = leaf_of(some), leaf_of(more)
    before = content(leaf_of(more))
    leaf.merge(other)
    see(leaf, b"one more")
    assert content(other) == before


@given(MANY)
def test_what_is_known_survives_the_way_to_another_process(values: list[Value]) -> None:
    leaf = leaf_of(values)
    assert content(pickle.loads(pickle.dumps(leaf))) == content(leaf)
