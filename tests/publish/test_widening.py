"""The narrowest schema that accepts what either of two accepted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # its types are a package of their own

from tests.publish.kinds import LEAVES
from wsobserve.publish.widening import widened, with_null, without_null


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ({"type": "integer"}, {"type": "number"}, {"type": "number"}),
        ({"type": "string"}, {"type": "null"}, {"type": ["null", "string"]}),
        ({"type": "string"}, {"type": "integer"}, None),
        ({"type": "string", "const": "a"}, {"type": "string", "const": "b"}, {"type": "string", "enum": ["a", "b"]}),
        ({"type": "string", "const": "a"}, {"type": "string"}, {"type": "string"}),
        ({"type": "integer", "const": 1}, {"type": "integer", "const": True}, {"type": "integer", "enum": [1, True]}),
        ({"type": "integer", "minimum": 1, "maximum": 3}, {"type": "integer", "minimum": 0}, {"type": "integer", "minimum": 0}),
        ({"type": "string", "format": "uuid"}, {"type": "string", "format": "date"}, {"type": "string"}),
        ({"type": "array"}, {"type": "array", "items": {"type": "null"}}, {"type": "array", "items": {"type": "null"}}),
        ({"type": "array", "items": {"type": "string"}}, {"type": "array", "items": {"type": "integer"}}, None),
        ({"type": "object", "x-wsobserve-truncated": True}, {"type": "object"}, None),
        ({"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}),
        ({"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}, None),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "string"}, {"type": ["null", "string"]}),
        ({"type": "object", "additionalProperties": False}, {"type": "object"}, None),
    ],
)
def test_both_are_accepted_or_they_are_not_of_one_kind(
    one: dict[str, Any], other: dict[str, Any], both: dict[str, Any] | None
) -> None:
    assert widened(one, other) == both


def test_fields_that_one_lacks_are_optional_and_counts_add_up() -> None:
    one = {
        "type": "object",
        "properties": {"a": {"type": "string", "x-wsobserve-count": 4}, "b": {"type": "null", "x-wsobserve-count": 4}},
        "required": ["a", "b"],
        "x-wsobserve-count": 4,
    }
    other = {
        "type": "object",
        "properties": {"a": {"type": "string", "x-wsobserve-count": 6}},
        "required": ["a"],
        "x-wsobserve-count": 6,
    }
    assert widened(one, other) == {
        "type": "object",
        "properties": {
            "a": {"type": "string", "x-wsobserve-count": 10, "x-wsobserve-presence": 1.0},
            "b": {"type": "null", "x-wsobserve-count": 4, "x-wsobserve-presence": 0.4},
        },
        "required": ["a"],
        "x-wsobserve-count": 10,
    }


def test_null_is_taken_off_and_put_back() -> None:
    assert without_null({"type": ["null", "string"]}) == ({"type": "string"}, True)
    assert without_null({"type": "null"}) == (None, True)
    assert without_null({"type": "string"}) == ({"type": "string"}, False)
    assert with_null({"type": "string"}) == {"type": ["null", "string"]}
    assert with_null({"type": "string", "const": "a"}) == {"anyOf": [{"type": "string", "const": "a"}, {"type": "null"}]}


VALUES: list[Any] = [None, True, 0, 1, 5, 0.5, "", "ab", "message", "up"]


@given(LEAVES, LEAVES)
def test_no_value_is_lost(one: dict[str, Any], other: dict[str, Any]) -> None:
    both = widened(one, other)
    assume(both is not None)
    assert both is not None
    for value in VALUES:
        if Draft202012Validator(one).is_valid(value) or Draft202012Validator(other).is_valid(value):
            assert Draft202012Validator(both).is_valid(value)
