"""Schemas of 2020-12 become schemas of draft 07 that accept the same, by the word of a foreign validator."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.publish.draft07 import draft07

SCALARS = st.sampled_from([{"type": "string"}, {"type": "integer"}, {"type": ["null", "boolean"]}, {"const": "a"}, {}])
NAMES = st.sampled_from(["a", "b", "items", "properties", "$ref", "$defs", "__proto__"])


def larger(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    properties = st.dictionaries(NAMES, inner, max_size=3)
    return st.one_of(
        st.builds(
            lambda described, closed: {
                "type": "object",
                "properties": described,
                "required": sorted(described)[:1],
                **({"additionalProperties": False} if closed else {}),
            },
            properties,
            st.booleans(),
        ),
        st.builds(lambda value: {"type": "object", "additionalProperties": value}, inner),
        st.builds(lambda element: {"type": "array", "items": element}, inner),
        st.builds(
            lambda positions, rest: {"type": "array", "prefixItems": positions, **rest},
            st.lists(inner, min_size=1, max_size=3),
            st.sampled_from([{}, {"items": False}, {"items": {"type": "integer"}}]),
        ),
        st.builds(lambda choices: {"anyOf": choices}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda text: {"$ref": "#/$defs/one", **text}, st.sampled_from([{}, {"title": "t"}, {"type": "object"}])),
    )


SCHEMAS = st.recursive(SCALARS, larger, max_leaves=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def moved(reference: str) -> str:
    return reference.replace("#/$defs/", "#/definitions/")


@settings(max_examples=300, deadline=None)
@given(SCHEMAS, SCHEMAS, VALUES)
def test_the_same_values_are_accepted(schema: dict[str, Any], definition: dict[str, Any], value: object) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    one = {"type": "object", "additionalProperties": definition}
    newer = {"allOf": [schema], "$defs": {"one": one}}
    older = {**draft07(newer, moved), "definitions": {"one": draft07(one, moved)}}
    jsonschema.Draft7Validator.check_schema(older)
    try:
        expected = jsonschema.Draft202012Validator(newer).is_valid(value)
    except RecursionError:  # a definition that is nothing but itself
        return
    assert jsonschema.Draft7Validator(older).is_valid(value) == expected


def test_a_tuple() -> None:
    schema = {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False, "minItems": 2}
    assert draft07(schema, str) == {
        "type": "array",
        "minItems": 2,
        "items": [{"type": "string"}, {"type": "integer"}],
        "additionalItems": False,
    }


def test_what_stands_beside_a_reference_counts_too() -> None:
    assert draft07({"$ref": "#/$defs/a"}, moved) == {"$ref": "#/definitions/a"}
    assert draft07({"$ref": "#/$defs/a", "x-wsobserve-presence": 0.5}, moved) == {
        "allOf": [{"$ref": "#/definitions/a"}],
        "x-wsobserve-presence": 0.5,
    }


def test_properties_at_which_the_official_parser_fails_are_patterns() -> None:
    properties = {"$ref": {"type": "string"}, "__proto__": {"type": "null"}, "a": {}}
    schema = {"properties": properties, "required": ["$ref"], "additionalProperties": False}
    assert draft07(schema, moved) == {
        "properties": {"a": {}},
        "required": ["$ref"],
        "additionalProperties": False,
        "patternProperties": {r"^\$ref$": {"type": "string"}, "^__proto__$": {"type": "null"}},
    }


def test_properties_that_are_called_like_keywords_are_properties() -> None:
    schema = {
        "properties": {"items": {"type": "string"}, "$defs": {"type": "integer"}, "prefixItems": {}},
        "$schema": "x",
        "x-wsobserve-count": 3,
    }
    assert draft07(schema, str) == {"properties": schema["properties"]}
