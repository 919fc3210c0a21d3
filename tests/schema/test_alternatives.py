"""A schema is taken apart into alternatives of one type each, and put together the same way each time."""

from __future__ import annotations

from typing import Any

import pytest

from wsobserve.schema.alternatives import ANYTHING, Alternative, Alternatives, parsed, rendered
from wsobserve.schema.constraining import digest

Schema = dict[str, Any]


def taken_apart(schema: Any) -> Alternatives:
    return parsed(schema, tuple)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "string"},
        {"type": ["integer", "null"], "minimum": 0},
        {"const": "a", "type": "string"},
        {"type": ["null", "string"], "enum": ["a", None]},
        {"type": "object", "properties": {"a": {"type": "string"}, "b": {}}, "required": ["a"], "additionalProperties": False},
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}], "items": False, "minItems": 2},
        {"type": "array", "items": {"anyOf": [{"enum": ["a"], "type": "string"}, {"type": "integer"}]}},
        {"type": ["array", "object"], "items": {"type": "string"}, "required": ["a"], "x-wsobserve-truncated": True},
        {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "integer", "maximum": 5}]},
        {"$ref": "#/$defs/node"},
        {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
        {"type": "object", "not": {"required": ["a"]}},
    ],
)
def test_taken_apart_and_put_together_it_says_the_same(schema: Schema) -> None:
    again = rendered(taken_apart(schema))
    assert digest(again) in (digest(schema), digest(_types_apart(schema)))
    assert rendered(taken_apart(again)) == again


def _types_apart(schema: Schema) -> Schema:
    """The other way of writing it: types that stand for themselves in one list, one with words of its own beside it."""
    if schema.get("anyOf") and all("type" in part and "enum" not in part for part in schema["anyOf"]):
        types = sorted(part["type"] for part in schema["anyOf"])
        return {"type": types} | {word: value for part in schema["anyOf"] for word, value in part.items() if word != "type"}
    return schema


def test_anything_and_nothing() -> None:
    assert taken_apart(True) == taken_apart({}) == ANYTHING
    assert rendered(ANYTHING) == {}
    assert taken_apart(False) == ()
    assert rendered(()) == {"not": {}}


def test_every_integer_is_a_number() -> None:
    assert [one.type for one in taken_apart({"type": ["integer", "number"]})] == ["number"]


def test_members_belong_to_their_type() -> None:
    found = {one.type: one.members for one in taken_apart({"enum": [1, True, False, "a", None, 1.5]})}
    assert found == {"boolean": None, "null": None, "number": {"1": 1, "1.5": 1.5}, "string": {'"a"': "a"}}


def test_a_field_that_was_always_there_is_known_though_it_is_not_required() -> None:
    properties = {"a": {}, "b": {"x-wsobserve-presence": 0.5}, "c": {"x-wsobserve-presence": 1.0}}
    [one] = taken_apart({"type": "object", "properties": properties, "required": []})
    assert one.always == {"a", "c"}
    assert not one.required
    assert one == Alternative("object", properties=one.properties), "it is not part of what the schema says"


def test_words_that_concern_two_types_are_not_put_together() -> None:
    both = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "integer", "format": "int64"}]}
    assert len(rendered(taken_apart(both))["anyOf"]) == 2


def test_an_annotation_of_the_message_is_left_out() -> None:
    assert rendered(taken_apart({"title": "t", "type": "string", "x-wsobserve-count": 3})) == {"type": "string"}
