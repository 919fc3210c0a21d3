"""Schemas made from a sample, widened until they accept what was counted of every message."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.config import Limits
from wsobserve.schema.cover import Cover
from wsobserve.schema.describe import Describer
from wsobserve.schema.leaves import Leaves
from wsobserve.schema.seen import Seen
from wsobserve.schema.shape import Shape, Walk

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")  # it publishes no types

MOST_LEAVES = 1_000


def counted(bodies: Sequence[object], limits: Limits | None = None) -> tuple[Shape, Leaves]:
    """What is known of all messages."""
    limits = limits or Limits()
    shape, leaves = Shape(), Leaves()
    for body in bodies:
        shape.add(body, Walk(limits))
        leaves.add(body, MOST_LEAVES, limits.schema_depth)
    return shape, leaves


def described(sample: Sequence[object]) -> dict[str, Any]:
    describer = Describer()
    schema = describer.describe([Seen(body, time_ns=order) for order, body in enumerate(sample)])
    return schema | {"$defs": describer.definitions} if describer.definitions else schema


def widen(schemas: list[dict[str, Any]], shape: Shape, leaves: Leaves) -> None:
    Cover(shape, leaves, every_structure=False).widen(schemas)


def widened(sample: Sequence[object], others: Sequence[object]) -> dict[str, Any]:
    schema = described(sample)
    widen([schema], *counted([*sample, *others]))
    return schema


def accepts(schema: dict[str, Any]) -> Callable[[object], bool]:
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    accept: Callable[[object], bool] = validator.is_valid
    return accept


ORDERS: list[object] = [
    {"id": f"{number:08x}-aaaa-4aaa-8aaa-aaaaaaaaaaaa", "side": "buy" if number % 2 else "sell", "size": number * 37 % 101}
    for number in range(200)
]
ORDER: dict[str, object] = ORDERS[5]  # type: ignore[assignment]  # it is one


def test_where_the_sample_shows_everything_nothing_changes() -> None:
    assert widened(ORDERS, []) == described(ORDERS)


def test_the_schema_of_the_sample_is_strict_enough_to_need_it() -> None:
    accept = accepts(described(ORDERS))
    assert accept(ORDER)
    for other in OTHERS:
        assert not accept(other), other


OTHERS = [
    ORDER | {"side": "hold"},
    ORDER | {"side": None},
    ORDER | {"id": "none"},
    ORDER | {"size": 10_000},
    ORDER | {"size": -10_000},
    ORDER | {"size": 1.5},
    ORDER | {"size": "many"},
    ORDER | {"size": {"lots": 5}},
    ORDER | {"size": [5]},
    ORDER | {"note": "x"},
    ORDER | {"550e8400-e29b-41d4-a716-446655440000": 5},
    {"id": ORDER["id"], "side": "buy"},
    {},
]


@pytest.mark.parametrize("other", OTHERS, ids=repr)
def test_what_the_sample_does_not_show_is_accepted_once_it_was_counted(other: dict[str, object]) -> None:
    schema = widened(ORDERS, [other])
    assert accepts(schema)(other)
    assert all(map(accepts(schema), ORDERS))


def test_only_what_was_contradicted_is_given_up() -> None:
    accept = accepts(widened(ORDERS, [ORDER | {"side": "hold"}]))
    for still_wrong in (ORDER | {"id": "none"}, ORDER | {"size": "many"}, ORDER | {"more": 1}, {"id": ORDER["id"]}):
        assert not accept(still_wrong), still_wrong


def test_bounds_move_as_far_as_the_numbers_went() -> None:
    schema = widened(ORDERS, [ORDER | {"size": 700}])
    assert schema["properties"]["size"]["maximum"] == 700


def test_a_bound_is_written_the_same_whichever_number_came_first() -> None:
    texts = {
        repr(widened(ORDERS, others)["properties"]["size"]["maximum"])
        for others in (
            [ORDER | {"size": 700}, ORDER | {"size": 700.0}],
            [ORDER | {"size": 700.0}, ORDER | {"size": 700}],
        )
    }
    assert texts == {"700"}


def test_a_bound_that_json_cannot_write_is_left_out() -> None:
    size = widened(ORDERS, [ORDER | {"size": math.inf}])["properties"]["size"]
    assert "minimum" not in size
    assert "maximum" not in size


def test_a_place_that_did_not_stay_constrains_no_value() -> None:
    schema = described(ORDERS)
    shape, _ = counted(ORDERS)
    widen([schema], shape, Leaves())
    assert accepts(schema)({"id": "anything", "side": "else", "size": 10**9})


def test_a_new_property_is_described_by_what_was_counted() -> None:
    schema = widened(ORDERS, [ORDER | {"client": {"name": "x"}}])
    assert schema["properties"]["client"]["properties"]["name"]["type"] == "string"
    assert "client" not in schema["required"]


def test_a_property_that_is_not_counted_by_itself_is_not_required() -> None:
    sample: list[object] = [{"type": "x", "4711": number} for number in range(100)]
    other = {"type": "y"}
    assert accepts(widened(sample, [other]))(other)


def test_members_are_known_by_their_hashes_whatever_letters_they_have() -> None:
    sample: list[object] = [
        {"mood": mood} for mood in ("sad", "gl\u00fccklich", "\U0001f600", "calm", "half \ud800") for _ in range(40)
    ]
    random.Random(5).shuffle(sample)
    schema = described(sample)
    widen([schema], *counted(sample))
    assert schema == described(sample)


def test_arrays_that_were_empty_in_the_sample_may_hold_what_others_held() -> None:
    sample: list[object] = [{"rows": []}] * 100
    assert not accepts(described(sample))({"rows": [5]})
    assert accepts(widened(sample, [{"rows": [5]}]))({"rows": [5]})


def test_elements_of_arrays_are_widened_too() -> None:
    sample: list[object] = [{"rows": [{"n": number}] * (number % 4)} for number in range(100)]
    for element in ({"n": None}, {"n": 5, "more": 1}, {}, "text"):
        assert accepts(widened(sample, [{"rows": [element]}]))({"rows": [element]}), element


def test_values_of_maps_are_widened_too() -> None:
    sample: list[object] = [{str(number): {"n": 5}, str(number + 7): {"n": 6}} for number in range(100)]
    for value in ({"n": None}, {"n": 5, "more": 1}, {}, "text"):
        assert accepts(widened(sample, [{"5": value}]))({"5": value}), value


def test_what_was_counted_by_number_only_opens_the_record() -> None:
    limits = Limits(schema_properties=3)
    bodies: list[object] = [{f"p{letter}": 1 for letter in "abcd"} for _ in range(100)]
    shape, leaves = counted(bodies, limits)
    shape.trim(100, 3)
    schema = described([{"pa": 1}] * 100)
    widen([schema], shape, leaves)
    assert schema["x-wsobserve-truncated"] is True
    assert accepts(schema)({"pa": 1, "something": "else"})


def test_a_constraint_stands_where_a_sibling_of_the_same_name_accepts_what_it_refuses() -> None:
    joins: list[object] = [{"type": "join", "room": 5, "at": number} for number in range(100)]
    says: list[object] = [{"type": "say", "text": "x", "to": [number]} for number in range(100)]
    schemas = [described(joins), described(says)]
    before = [described(joins), described(says)]
    widen(schemas, *counted([*joins, *says]))
    assert schemas == before


def test_what_tells_a_kind_apart_is_never_given_up() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"type": {"const": "join"}}, "required": ["type"]}
    widen([schema], *counted([{"type": "join"}, {"type": "say"}, {}]))
    assert schema["properties"]["type"] == {"const": "join"}
    assert schema["required"] == ["type"]


def test_alternatives_are_widened_where_they_are() -> None:
    schema: dict[str, Any] = {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}
    widen([schema], *counted([5, [5, "x"], None]))
    accept = accepts(schema)
    assert all(accept(value) for value in (5, [5, "x"], None))


def test_without_schemas_there_is_nothing_to_do() -> None:
    widen([], *counted([5]))


def test_messages_that_nobody_looked_into_may_hold_anything() -> None:
    schema = described([{"a": 1}] * 100)
    shape, leaves = counted([{"a": 1}] * 100)
    walk = Walk(Limits())
    walk.depth = 0
    shape.add({"b": 1, "c": 2}, walk)
    widen([schema], shape, leaves)
    assert accepts(schema)({"b": 1, "c": 2})


SCALARS = (
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-5, 5) | st.sampled_from(["buy", "sell", "2024-02-29", "", "12"])
)
BODIES = st.recursive(
    SCALARS,
    # Of lengths nothing is known beyond the sample, so arrays have elements of one type here, and are no tuples.
    lambda inner: (
        st.dictionaries(st.sampled_from(["a", "b", "c", "1", "22", "x y"]), inner, max_size=4)
        | st.lists(st.integers(0, 5), max_size=3)
        | st.lists(st.dictionaries(st.sampled_from("pq"), inner, max_size=2), max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(BODIES, min_size=1, max_size=5), st.lists(BODIES, max_size=6))
def test_after_widening_nothing_that_was_counted_is_refused(sample: list[object], others: list[object]) -> None:
    schema = widened(sample, others)
    jsonschema.Draft202012Validator.check_schema(schema)
    accept = accepts(schema)
    for body in [*sample, *others]:
        assert accept(body)


RECORDS = st.fixed_dictionaries(
    {"side": st.sampled_from(["buy", "sell"]), "size": st.integers(0, 50), "on": st.dates().map(str)}
)
CHANGES = st.dictionaries(st.sampled_from(["side", "size", "on", "new", "77"]), SCALARS, max_size=3)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(RECORDS, min_size=1, max_size=10),
    st.lists(st.tuples(RECORDS, CHANGES, st.sets(st.sampled_from(["side", "size"])))),
)
def test_nor_where_the_sample_carries_enumerations_formats_and_ranges(
    sample: list[dict[str, object]], others: list[tuple[dict[str, object], dict[str, object], set[str]]]
) -> None:
    changed: list[object] = [
        {key: value for key, value in (record | changes).items() if key not in without} for record, changes, without in others
    ]
    schema = widened(sample * 30, changed)
    accept = accepts(schema)
    for body in [*sample, *changed]:
        assert accept(body)


def test_what_is_of_any_form_leaves_the_others_of_its_name_closed() -> None:
    closed = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
    records: list[object] = [{"a": 1}] * 9
    bodies = [*records, *({f"word{'x' * number}": number} for number in range(40))]
    any_form: list[dict[str, Any]] = [{"type": "object"}]
    for others, stays in ((any_form, True), ([], False)):
        schema: dict[str, Any] = {**closed, "properties": {"a": {"type": "integer"}}, "required": ["a"]}
        widen([schema, *others], *counted(bodies, Limits(schema_properties=4)))
        assert ("additionalProperties" in schema, "a" in schema["required"]) == (stays, stays)
