"""A schema as a tree: what is inside, what constrains, and the order in which it is written."""

from __future__ import annotations

from wsobserve.publish.structure import digest_of, in_order, reference_name, size, subschemas, types_of, with_subschemas

SCHEMA = {
    "x-wsobserve-count": 3,
    "additionalProperties": {"type": "null"},
    "properties": {"b": {"type": "string"}, "a": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
    "required": ["b", "a"],
    "type": "object",
    "prefixItems": [{"type": "boolean"}],
    "items": False,
}


def test_every_schema_inside_is_found_and_can_be_replaced() -> None:
    assert [step for step, _ in subschemas(SCHEMA)] == [
        ("properties", "b"),
        ("properties", "a"),
        ("prefixItems", "0"),
        ("additionalProperties", ""),
    ]
    assert size(SCHEMA) == 7
    changed = with_subschemas(SCHEMA, lambda step, _: {"const": "".join(step)})
    assert changed["properties"] == {"b": {"const": "propertiesb"}, "a": {"const": "propertiesa"}}
    assert changed["prefixItems"] == [{"const": "prefixItems0"}]
    assert changed["additionalProperties"] == {"const": "additionalProperties"}
    assert changed["items"] is False
    assert SCHEMA["properties"]["b"] == {"type": "string"}  # type: ignore[index]  # a test's literal


def test_keywords_are_written_in_the_order_in_which_they_are_read() -> None:
    ordered = in_order({**SCHEMA, "$defs": {"y": {}, "x": {}}, "title": "t", "$schema": "s"})
    assert list(ordered) == [
        *("$schema", "title", "type", "properties", "required", "additionalProperties", "prefixItems", "items"),
        *("x-wsobserve-count", "$defs"),
    ]
    assert list(ordered["properties"]) == ordered["required"] == ["a", "b"]
    assert list(ordered["$defs"]) == ["x", "y"]


def test_a_property_called_like_a_keyword_is_a_property() -> None:
    schema = {"type": "object", "properties": {"properties": {"type": "string"}, "items": {"type": "integer"}, "$ref": {}}}
    assert [step for step, _ in subschemas(schema)] == [("properties", name) for name in ("properties", "items", "$ref")]
    assert list(in_order(schema)["properties"]) == ["$ref", "items", "properties"]
    assert reference_name(schema) is None


def test_equal_digests_mean_equal_constraints_and_words() -> None:
    def found(**schema: object) -> str:
        return digest_of(dict(schema), [])

    assert found(type="string", title="a") != found(type="string", title="b")
    assert found(enum=[1, "a"], **{"x-wsobserve-count": 1}) == found(enum=["a", 1])
    assert found(enum=[1]) != found(enum=[True])
    assert found(type=["null", "string"]) == found(type=["string", "null"])
    assert found(prefixItems=["a", "b"]) != found(prefixItems=["b", "a"])


def test_types_and_references() -> None:
    assert types_of({"type": "string"}) == ["string"]
    assert types_of({"type": ["a", "b"]}) == ["a", "b"]
    assert types_of({}) == []
    assert reference_name({"$ref": "#/$defs/A"}) == "A"
    assert reference_name({"$ref": "https://elsewhere"}) is None
