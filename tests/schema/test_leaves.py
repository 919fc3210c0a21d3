"""Places of values: how they are written, how many stay, and that it does not matter in which order values came."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.records import name_hash
from wsobserve.schema.leaves import LONGEST_PLACE, Leaves, place_of, places_in

MOST = 4
DEEPEST = 8


def told(bodies: list[object], most: int = 1_000, deepest: int = DEEPEST) -> Leaves:
    leaves = Leaves()
    for body in bodies:
        leaves.add(body, most, deepest)
    return leaves


def content(leaves: Leaves) -> tuple[object, ...]:
    """Everything that they know, comparable."""
    return leaves.highest, {
        place: (leaf.texts, leaf.bits, leaf.known_texts(), leaf.low, leaf.high, leaf.trues, leaf.falses)
        for place, leaf in leaves.by_place.items()
    }


def test_each_value_is_told_at_its_place() -> None:
    leaves = told([{"a": "x", "b": {"c": 5}, "d": [True, {"e": 1.5}], "f": None}])
    assert sorted(leaves.by_place) == ["/a", "/b/c", "/d/*", "/d/*/e"]
    assert leaves.by_place["/b/c"].high == 5
    assert leaves.by_place["/d/*"].trues == 1


def test_a_message_that_is_one_value_is_at_the_root() -> None:
    assert told(["x"]).by_place[""].texts == 1


def test_keys_that_name_things_share_a_place() -> None:
    leaves = told([{"users": {"1": {"age": 5}, "22": {"age": 7}}}])
    assert list(leaves.by_place) == ["/users/*/age"]
    assert (leaves.by_place["/users/*/age"].low, leaves.by_place["/users/*/age"].high) == (5, 7)


@pytest.mark.parametrize(
    ("key", "place"),
    [("a", "a"), ("a/b", "a~1b"), ("a~b", "a~0b"), ("~1", "~01"), ("42", "*"), (42, "*"), (None, "*"), (b"a", "*")],
)
def test_a_key_stands_in_a_place_as_in_a_json_pointer(key: object, place: str) -> None:
    assert place_of(key) == place


def test_a_value_is_new_when_it_says_something_new() -> None:
    leaves = Leaves()
    assert leaves.add({"a": "x", "b": 1}, 10, DEEPEST)
    assert not leaves.add({"a": "x", "b": 1}, 10, DEEPEST)
    assert leaves.add({"a": "x", "b": 2}, 10, DEEPEST)


def test_what_lies_too_deep_has_no_place() -> None:
    assert list(told([{"a": {"b": {"c": 1}}, "d": 1}], deepest=2).by_place) == ["/d"]
    assert told(["x"], deepest=0).by_place.keys() == {""}


def test_a_place_that_is_too_long_is_none() -> None:
    assert told([{"a" * 60: {"b" * 60: 1}}]).by_place
    deep: object = 1
    for _ in range(20):
        deep = {"k" * 50: deep}
    assert told([deep], deepest=30).by_place == {}
    assert LONGEST_PLACE < 20 * 50


def test_half_a_surrogate_pair_is_a_text_like_any_other() -> None:
    assert told([{"a": "\ud800"}]).by_place["/a"].texts == 1


def test_of_too_many_places_those_with_the_smallest_hashes_stay() -> None:
    body = {f"key{letter}": 1 for letter in "abcdefghij"}
    leaves = told([body], most=MOST)
    assert len(leaves.by_place) <= 2 * MOST
    leaves.trim(MOST)
    assert sorted(leaves.by_place, key=name_hash) == sorted((f"/{key}" for key in body), key=name_hash)[:MOST]


def test_what_went_does_not_come_back() -> None:
    leaves = told([{f"key{letter}": 1 for letter in "abcdefghij"}])
    gone = max(leaves.by_place, key=name_hash)
    leaves.trim(MOST)
    assert leaves.at(gone, 1_000) is None
    assert not leaves.add({gone[1:]: "new"}, 1_000, DEEPEST)
    assert gone not in leaves.by_place


def test_random_keys_do_not_grow_the_places_beyond_twice_their_limit() -> None:
    leaves = Leaves()
    for number in range(500):
        leaves.add({f"key{number * 7_919 % 1_009}x": number}, 10, DEEPEST)
        assert len(leaves.by_place) <= 20


def test_the_places_of_a_structure_are_those_of_its_values_in_their_order() -> None:
    structure = {"a": "", "b": None, "c": [{"d": 0, "1": True}, ""], "e/f": 0}
    assert places_in(structure) == ["/a", "/c/*/d", "/c/*/*", "/c/*", "/e~1f"]
    assert places_in(None) == []
    assert places_in("") == [""]


KEYS = st.sampled_from(["a", "b", "c", "d", "e", "f", "1", "22", "x/y"])
BODIES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.sampled_from(["buy", "sell", "2024-02-29", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)


@given(BODIES)
def test_every_place_of_a_body_is_a_place_of_its_structure(body: object) -> None:
    assert set(told([body], deepest=100).by_place) == set(places_in(body))


@settings(max_examples=100)
@given(st.lists(st.lists(BODIES, max_size=5), min_size=1, max_size=4), st.integers(1, 6), st.integers(0, 4))
def test_what_is_known_depends_neither_on_order_nor_on_the_split(parts: list[list[object]], most: int, deepest: int) -> None:
    whole = [body for part in parts for body in part]
    leaves = told(whole, most, deepest)
    leaves.trim(most)
    expected = content(leaves)
    backward = told(whole[::-1], most, deepest)
    backward.trim(most)
    assert content(backward) == expected
    merged = Leaves()
    for part in reversed(parts):
        other = told(part, most, deepest)
        other.trim(most)
        before = content(other)
        merged.merge(other)
        merged.trim(most)
        assert content(other) == before
    assert content(merged) == expected
    nothing = Leaves()
    merged.merge(nothing)
    nothing.merge(merged)
    assert content(merged) == content(nothing) == content(pickle.loads(pickle.dumps(merged))) == expected
