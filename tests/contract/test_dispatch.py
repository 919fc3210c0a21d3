"""The tree of questions leaves the few messages that a payload can be, and never leaves one out that fits."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.test_facts import SCHEMAS, VALUES, facts
from wsobserve.contract.dispatch import ABSENT, Dispatch, unlike, value_at


def tagged(**tags: Any) -> Any:
    return {"type": "object", "required": list(tags), "properties": {key: {"const": value} for key, value in tags.items()}}


def dispatch(*schemas: Any) -> Dispatch:
    return Dispatch([facts(schema) for schema in schemas])


def test_a_constant_tells_messages_apart() -> None:
    made = dispatch(tagged(type="a"), tagged(type="b"), tagged(type="c"))
    assert made.candidates({"type": "b"}) == (1,)
    assert made.candidates({"type": "x"}) == made.candidates({}) == made.candidates([]) == ()
    assert made.telling == [("type",)]


def test_two_constants_tell_what_one_does_not() -> None:
    made = dispatch(tagged(op=0, t="READY"), tagged(op=0, t="GONE"), tagged(op=1), tagged(op=10))
    assert made.candidates({"op": 0, "t": "GONE"}) == (1,)
    assert made.candidates({"op": 10}) == (3,)
    assert made.candidates({"op": True}) == ()  # no number


def test_constants_inside_and_at_positions_do_as_well() -> None:
    event = {"type": "array", "prefixItems": [{"const": "EVENT"}], "minItems": 1}
    inside = {"type": "object", "required": ["data"], "properties": {"data": tagged(e="x")}}
    made = dispatch(event, inside, {"type": "object", "required": ["data"], "properties": {"data": tagged(e="y")}})
    assert made.candidates(["EVENT", 1]) == (0,)
    assert made.candidates({"data": {"e": "y"}}) == (2,)


def test_keys_and_types_tell_what_no_constant_does() -> None:
    closed = {"type": "object", "properties": {"result": {}, "id": {}}, "required": ["result"], "additionalProperties": False}
    error = {"type": "object", "properties": {"error": {"type": "object"}, "id": {}}, "required": ["error"]}
    made = dispatch(closed, error, {"type": "array"}, {"type": "string"})
    assert made.candidates({"result": 1}) == (0,)
    assert made.candidates({"error": {}}) == (1,)
    assert made.candidates([]) == (2,)
    assert made.candidates("x") == (3,)


def test_a_message_about_which_nothing_is_known_is_always_tried() -> None:
    made = dispatch(tagged(type="a"), {}, tagged(type="b"))
    assert made.candidates({"type": "b"}) == (1, 2)
    assert made.candidates({"type": "x"}) == (1,)


def test_many_messages_take_one_question() -> None:
    made = dispatch(*(tagged(type=f"kind {number}") for number in range(500)))
    assert made.candidates({"type": "kind 321"}) == (321,)


def test_where_something_stands() -> None:
    assert value_at({"a": [1, {"b": None}]}, ("a", 1, "b")) is None
    assert value_at({"a": []}, ("a", 0)) is ABSENT
    assert value_at([], ("a",)) is ABSENT
    assert value_at({"0": 1}, (0,)) is ABSENT


def test_how_much_speaks_against_a_message() -> None:
    found = facts({**tagged(type="a"), "additionalProperties": False})
    assert unlike(found, {"type": "a"}, ("type",)) == 0
    assert unlike(found, {}, ("type",)) == 1
    assert unlike(found, {"type": "b"}, ("type",)) == unlike(found, {"type": []}, ("type",)) == 2
    assert unlike(found, {"other": 1}, ("other",)) == 2
    assert unlike(facts({}), {"other": 1}, ("other",)) == 0


@settings(max_examples=400, deadline=None)
@given(st.lists(SCHEMAS, min_size=1, max_size=4), VALUES)
def test_a_message_that_fits_is_never_left_out(schemas: list[Any], value: Any) -> None:
    made = dispatch(*schemas)
    for number, schema in enumerate(schemas):
        try:
            fits = jsonschema_rs.Draft202012Validator(schema).is_valid(value)
        except ValueError:
            pytest.skip("no schema")
        if fits:
            assert number in made.candidates(value)
