"""Shapes: what is counted where, and that the bounds depend on the data alone."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.config import Limits
from wsobserve.records import name_hash
from wsobserve.schema.shape import Shape, Walk, has_more_values


def shaped(bodies: list[object], limits: Limits | None = None) -> Shape:
    shape = Shape()
    for body in bodies:
        shape.add(body, Walk(limits or Limits()))
    return shape


def content(shape: Shape | None) -> object:
    """Everything that a shape counted, comparable."""
    if shape is None:
        return None
    return {
        "types": shape.types,
        "properties": {key: content(inner) for key, inner in shape.properties.items()},
        "others": content(shape.others),
        "entries": shape.entries,
        "items": content(shape.items),
        "elements": shape.elements,
        "unseen": shape.unseen,
    }


def nodes(shape: Shape | None) -> int:
    if shape is None:
        return 0
    return 1 + nodes(shape.others) + nodes(shape.items) + sum(nodes(inner) for inner in shape.properties.values())


TYPES: list[tuple[object, str]] = [
    (None, "null"),
    (True, "boolean"),
    (1, "integer"),
    (1.0, "number"),
    ("x", "string"),
    (b"x", "binary"),
    ([], "array"),
    ((), "array"),
    ({}, "object"),
    (datetime(2024, 1, 1, tzinfo=UTC), "string"),
    (msgspec.msgpack.Ext(5, b"x"), "binary"),
]


@pytest.mark.parametrize(("value", "name"), TYPES)
def test_each_value_has_its_type(value: object, name: str) -> None:
    assert shaped([value]).types == {name: 1}


def test_properties_and_items_are_counted_where_they_are() -> None:
    shape = shaped([{"a": 1, "b": [1, "x", {"c": None}]}, {"a": 2.5}])
    assert shape.types == {"object": 2}
    assert shape.properties["a"].types == {"integer": 1, "number": 1}
    items = shape.properties["b"].items
    assert items is not None
    assert items.types == {"integer": 1, "string": 1, "object": 1}
    assert items.properties["c"].types == {"null": 1}
    assert (shape.entries, shape.properties["b"].elements) == (3, 3)


@pytest.mark.parametrize("key", ["42", "550e8400-e29b-41d4-a716-446655440000", "alice@example.org", "x" * 65, 7, b"x", None])
def test_a_key_that_names_one_thing_is_not_kept(key: object) -> None:
    shape = shaped([{key: 1, "a": 2}])
    assert list(shape.properties) == ["a"]
    assert shape.others is not None
    assert shape.others.types == {"integer": 1}


def test_what_is_too_deep_is_known_by_number_only() -> None:
    shape = shaped([{"a": {"b": {"c": 1}}}], Limits(schema_depth=1))
    inner = shape.properties["a"]
    assert (inner.types, inner.properties, inner.unseen) == ({"object": 1}, {}, 1)


def test_of_too_many_properties_those_with_the_smallest_hashes_stay() -> None:
    keys = [f"key{letter}" for letter in "abcdefghij"]
    shape = shaped([dict.fromkeys(keys, 1)], Limits(schema_properties=3))
    shape.trim(100, 3)
    assert sorted(shape.properties, key=name_hash) == sorted(keys, key=name_hash)[:3]
    assert shape.entries == 10


@given(
    st.recursive(st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20),
    st.integers(1, 30),
)
def test_values_are_counted_up_to_the_limit(body: object, limit: int) -> None:
    def count(value: object) -> int:
        if isinstance(value, dict):
            return 1 + sum(map(count, value.values()))
        return 1 + sum(map(count, value)) if isinstance(value, list) else 1

    assert has_more_values(body, limit) == (count(body) > limit)


KEYS = st.sampled_from(["a", "b", "c", "d", "e", "f", "g", "h", "1", "22", "x" * 70])
BODIES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


@settings(max_examples=80)
@given(st.lists(st.lists(BODIES, max_size=5), min_size=1, max_size=4), st.integers(1, 30), st.integers(1, 6), st.integers(1, 4))
def test_the_result_depends_neither_on_order_nor_on_the_split(
    parts: list[list[object]], allowance: int, properties: int, depth: int
) -> None:
    limits = Limits(schema_properties=properties, schema_depth=depth)
    whole = [body for part in parts for body in part]
    shape = shaped(whole, limits)
    assert shape.trim(allowance, properties) == nodes(shape) <= allowance
    expected = content(shape)

    trimmed_often = Shape()
    for body in reversed(whole):
        trimmed_often.add(body, Walk(limits))
        trimmed_often.trim(allowance, properties)
    trimmed_often.trim(allowance, properties)
    assert content(trimmed_often) == expected

    merged = Shape()
    for part in reversed(parts):
        other = shaped(part, limits)
        other.trim(allowance, properties)
        before = content(other)
        merged.merge(other)
        assert content(other) == before
    merged.trim(allowance, properties)
    assert content(merged) == expected


def test_a_walk_says_how_many_nodes_it_made() -> None:
    walk = Walk(Limits())
    shape = Shape()
    shape.add({"a": [1], "1": {}}, walk)
    assert 1 + walk.made == nodes(shape) == 4
