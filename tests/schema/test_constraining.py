"""What two schemas have in common when they say the same of messages, and what a run's counts have to do with it."""

from __future__ import annotations

from typing import Any

import pytest

from wsobserve.schema.constraining import constraining, digest, without_bounds, without_counts

Schema = dict[str, Any]

COUNTED: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "quote",
    "type": "object",
    "properties": {"price": {"type": "number", "x-wsobserve-count": 7, "x-wsobserve-presence": 0.5}},
    "x-wsobserve-count": 14,
}


def test_counts_and_words_about_it_change_no_digest() -> None:
    bare = {"type": "object", "properties": {"price": {"type": "number"}}}
    assert constraining(COUNTED) == bare
    assert digest(COUNTED) == digest(bare)
    assert len(digest(bare)) == 32


@pytest.mark.parametrize(
    "other",
    [
        {"type": "object", "properties": {"price": {"type": "integer"}}},
        {"type": "object", "properties": {"price": {"type": "number"}}, "required": ["price"]},
        {"type": "object", "properties": {"price": {"type": "number"}}, "additionalProperties": False},
        {"type": "object", "properties": {"price": {"type": "number", "minimum": 0}}},
        {"type": "object", "properties": {"Price": {"type": "number"}}},
    ],
)
def test_whatever_constrains_changes_the_digest(other: Schema) -> None:
    assert digest(other) != digest(COUNTED)


def test_a_field_may_have_the_name_of_an_annotation() -> None:
    named = {"properties": {"title": {"type": "string"}, "x-wsobserve-count": {"type": "integer"}}}
    assert constraining(named) == named
    assert without_counts(named) == named
    assert constraining({"const": {"title": 1}}) == {"const": {"title": 1}}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"type": ["null", "string"]}, {"type": ["string", "null"]}),
        ({"enum": [1, 2]}, {"enum": [2, 1]}),
        ({"enum": [1]}, {"const": 1}),
        ({"type": ["string"]}, {"type": "string"}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"anyOf": [{"type": "null"}, {"type": "string"}]}),
        ({"required": ["a", "b"]}, {"required": ["b", "a"]}),
        ({"required": [], "properties": {}, "additionalProperties": True}, {}),
    ],
)
def test_the_same_said_otherwise_is_the_same(one: Schema, other: Schema) -> None:
    assert digest(one) == digest(other)


def test_positions_of_a_tuple_keep_their_order() -> None:
    assert digest({"prefixItems": [{"type": "string"}, {"type": "null"}]}) != digest(
        {"prefixItems": [{"type": "null"}, {"type": "string"}]}
    )


def test_without_counts_the_rest_stays() -> None:
    schema = {
        "title": "t",
        "type": "string",
        "x-wsobserve-format": "hex",
        "x-wsobserve-count": 3,
        "x-wsobserve-truncated": True,
    }
    assert without_counts(schema) == {
        "title": "t",
        "type": "string",
        "x-wsobserve-format": "hex",
        "x-wsobserve-truncated": True,
    }


def test_without_bounds_the_names_of_fields_stay() -> None:
    schema = {"properties": {"minimum": {"type": "integer", "minimum": 0, "maximum": 9}, "text": {"maxLength": 3}}}
    assert without_bounds(schema) == {"properties": {"minimum": {"type": "integer"}, "text": {"maxLength": 3}}}


def test_a_schema_of_any_depth_is_taken() -> None:
    deep: Schema = {"type": "string"}
    for _ in range(150):
        deep = {"type": "array", "items": deep}
    assert digest(deep) == digest(deep)
