"""JSON Schemas: valid by the metaschema, accepting what they were made from, and silent about values."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.config import Limits
from wsobserve.schema.render import json_schema
from wsobserve.schema.shape import Shape, Walk

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")  # it publishes no types


def rendered(*bodies: object, limits: Limits | None = None, allowance: int = 4_096) -> dict[str, object]:
    limits = limits or Limits()
    shape = Shape()
    for body in bodies:
        shape.add(body, Walk(limits))
    shape.trim(allowance, limits.schema_properties)
    return json_schema(shape, "title")


def test_a_small_document_reads_like_this() -> None:
    assert rendered({"type": "join", "room": 1}, {"type": "join"}) == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "title",
        "type": "object",
        "properties": {
            "room": {"type": "integer", "x-wsobserve-count": 1, "x-wsobserve-presence": 0.5},
            "type": {"type": "string", "x-wsobserve-count": 2, "x-wsobserve-presence": 1.0},
        },
        "required": ["type"],
        "x-wsobserve-count": 2,
    }


def test_several_types_are_said_with_their_counts() -> None:
    schema = rendered(1, "x", "y", None)
    assert schema["type"] == ["integer", "null", "string"]
    assert schema["x-wsobserve-types"] == {"integer": 1, "null": 1, "string": 2}


def test_integers_among_other_numbers_are_numbers() -> None:
    assert rendered(1, 2.5)["type"] == "number"


def test_bytes_are_strings_with_an_encoding() -> None:
    assert rendered(b"\x00")["contentEncoding"] == "base64"
    assert "contentEncoding" not in rendered(b"\x00", "text")


def test_items_are_described_wherever_they_are() -> None:
    schema = rendered([1, [2, "x"]])
    assert schema["items"] == {
        "type": ["array", "integer"],
        "items": {"type": ["integer", "string"], "x-wsobserve-count": 2, "x-wsobserve-types": {"integer": 1, "string": 1}},
        "x-wsobserve-count": 2,
        "x-wsobserve-types": {"array": 1, "integer": 1},
    }
    assert "items" not in rendered([])


def test_keys_that_name_one_thing_are_described_together() -> None:
    schema = rendered({"42": {"x": 1}, "43": {"x": 2}})
    assert "properties" not in schema
    assert schema["additionalProperties"] == {
        "type": "object",
        "properties": {"x": {"type": "integer", "x-wsobserve-count": 2, "x-wsobserve-presence": 1.0}},
        "required": ["x"],
        "x-wsobserve-count": 2,
    }


def test_almost_always_is_not_always() -> None:
    shape = Shape()
    for number in range(30_000):
        shape.add({"a": 1} if number else {}, Walk(Limits()))
    properties = json_schema(shape, "title")["properties"]
    assert isinstance(properties, dict)
    assert properties["a"]["x-wsobserve-presence"] == 0.9999
    assert "required" not in json_schema(shape, "title")


def test_what_did_not_fit_is_said_and_not_constrained() -> None:
    schema = rendered({"a": 1, "b": 2, "1": 3}, limits=Limits(schema_properties=1))
    assert schema["x-wsobserve-truncated"] is True
    assert "additionalProperties" not in schema
    assert rendered([[1]], allowance=2)["items"] == {"type": "array", "x-wsobserve-truncated": True, "x-wsobserve-count": 1}
    assert rendered({"a": {"b": 1}}, limits=Limits(schema_depth=0)) == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "title",
        "type": "object",
        "x-wsobserve-truncated": True,
        "x-wsobserve-count": 1,
    }


KEYS = st.sampled_from(["a", "b", "c", "d", "$ref", "type", "", "1", "22", "x" * 70]) | st.text(max_size=4)
BODIES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.integers(0, 3), inner, max_size=6),
    max_leaves=25,
)
SMALL_LIMITS = st.builds(Limits, schema_properties=st.integers(1, 300), schema_depth=st.integers(0, 32))


def as_json(body: object) -> object:
    """The body as JSON would carry it."""
    if isinstance(body, dict):
        return {str(key): as_json(value) for key, value in body.items()}
    if isinstance(body, list):
        return [as_json(value) for value in body]
    return base64.b64encode(body).decode() if isinstance(body, bytes) else body


@settings(max_examples=80)
@given(st.lists(BODIES, min_size=1, max_size=6), SMALL_LIMITS, st.integers(1, 60))
def test_every_document_is_valid_and_accepts_what_it_was_made_from(
    bodies: list[object], limits: Limits, allowance: int
) -> None:
    schema = rendered(*bodies, limits=limits, allowance=allowance)
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    for body in bodies:
        assert validator.is_valid(as_json(body))
    assert json.loads(json.dumps(schema)) == schema


SECRET = st.text("0123456789", min_size=12, max_size=12).map(lambda digits: f"secret-{digits}")


@given(st.recursive(SECRET, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("ab"), inner), max_leaves=9))
def test_no_value_is_ever_in_a_document(body: object) -> None:
    assert "secret" not in json.dumps(rendered(body))
