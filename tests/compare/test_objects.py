"""Objects: the same question for every name, whatever says what is asked of it."""

from __future__ import annotations

from typing import Any

import pytest

from wsobserve.compare.changes import together
from wsobserve.compare.schemas import compare_schemas

STRING, INTEGER = {"type": "string"}, {"type": "integer"}


def whole(old: dict[str, Any], new: dict[str, Any]) -> str:
    found = compare_schemas({"type": "object", **old}, {"type": "object", **new})
    return together(finding.compatibility for finding in found)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # a map that knows a name by now, and the reverse
        ({"additionalProperties": STRING}, {"properties": {"a": STRING}, "additionalProperties": STRING}, "documentation"),
        ({"additionalProperties": STRING}, {"properties": {"a": INTEGER}, "additionalProperties": STRING}, "incompatible"),
        (
            {"properties": {"a": STRING, "b": STRING}, "additionalProperties": False},
            {"additionalProperties": STRING},
            "widening",
        ),
        # a record that opens, with a field less
        ({"properties": {"a": STRING}, "additionalProperties": False}, {}, "widening"),
        # forbidden by name
        ({"properties": {"a": False}}, {"properties": {"a": STRING}}, "widening"),
        ({"properties": {"a": False}, "required": ["a"]}, {"properties": {"a": False}}, "widening"),
        # required without being described
        ({}, {"required": ["a"]}, "narrowing"),
        # patterns
        ({"patternProperties": {"^a": STRING}, "additionalProperties": False}, {"additionalProperties": STRING}, "widening"),
        ({"patternProperties": {"^a": STRING}}, {"patternProperties": {"^b": STRING}}, "incompatible"),
        ({"patternProperties": {"^a": STRING}}, {"patternProperties": {"^a": STRING, "^b": True}}, "widening"),
        (
            {"patternProperties": {"^(a|b)*$": STRING}},
            {"patternProperties": {"^(a|b)*$": STRING}, "required": ["a"]},
            "narrowing",
        ),
        (
            {"properties": {"ab": STRING}},
            {"properties": {"ab": STRING}, "patternProperties": {"^a": {"maxLength": 3}}},
            "narrowing",
        ),
        ({"propertyNames": {"type": "string"}}, {}, "identical"),
        ({"propertyNames": {"pattern": "^a"}}, {}, "widening"),
        ({"minProperties": 1}, {"minProperties": 2}, "narrowing"),
        # closed by two
        (
            {"allOf": [{"properties": {"a": STRING}}, {"additionalProperties": {"type": "string"}}]},
            {"properties": {"a": STRING}, "additionalProperties": STRING},
            "identical",
        ),
    ],
)
def test_objects_are_compared_name_by_name(old: dict[str, Any], new: dict[str, Any], expected: str) -> None:
    mirror = {"widening": "narrowing", "narrowing": "widening"}
    assert whole(old, new) == expected
    assert whole(new, old) == mirror.get(expected, expected)


def test_a_field_that_is_new_is_said_with_what_it_is() -> None:
    old = {"type": "object", "additionalProperties": False}
    new = {**old, "properties": {"at": {"type": "string", "format": "date-time"}}, "required": ["at"]}
    (finding,) = compare_schemas(old, new)
    assert (finding.old, finding.new) == (None, "string (date-time), required")
    assert finding.pointer == "/properties/at"
    (finding,) = compare_schemas(new, old)
    assert (finding.old, finding.new) == ("string (date-time), required", None)


def test_names_that_no_pattern_can_be_tried_on_are_said() -> None:
    old = {"type": "object", "patternProperties": {"^(a|b)*$": STRING}, "properties": {"x y": STRING}}
    found = compare_schemas(old, {**old, "properties": {"x y": INTEGER}})
    assert [(finding.what, finding.new) for finding in found] == [("field_patterns_changed", '"x y"')]


def test_a_field_described_by_now_is_mild_only_where_it_could_be_anything() -> None:
    (finding,) = compare_schemas({"type": "object"}, {"type": "object", "properties": {"a": STRING}})
    assert finding.mild
    (finding,) = compare_schemas({"type": "object"}, {"type": "object", "properties": {"a": STRING}, "required": ["a"]})
    assert not finding.mild
