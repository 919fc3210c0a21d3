"""A JSON Schema as the list of fields that people look at first."""

from __future__ import annotations

from typing import Any

from wsobserve.export.store.fields import fields


def of(properties: dict[str, Any], **more: Any) -> list[tuple[str, str, float | None, str]]:
    rows = fields({"type": "object", "properties": properties, **more})
    return [(row["path"], row["types"], row["presence"], row["detail"]) for row in rows]


def test_a_required_field_is_always_present_and_another_as_often_as_was_counted() -> None:
    assert of(
        {"id": {"type": "integer"}, "note": {"type": "string", "x-wsobserve-presence": 0.25}, "tag": {"type": "string"}},
        required=["id"],
    ) == [("id", "integer", 1.0, ""), ("note", "string", 0.25, ""), ("tag", "string", None, "")]


def test_fields_inside_objects_lists_and_maps_have_their_path() -> None:
    assert of(
        {
            "venue": {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
            "levels": {"type": "array", "items": {"type": "object", "properties": {"price": {"type": "number"}}}},
            "prices": {"type": "object", "additionalProperties": {"type": "number"}},
        }
    ) == [
        ("venue", "object", None, ""),
        ("venue.id", "integer", 1.0, ""),
        ("levels", "array of object", None, ""),
        ("levels[].price", "number", None, ""),
        ("prices", "object", None, ""),
        ("prices.*", "number", None, ""),
    ]


def test_several_types_stand_beside_each_other_with_their_counts() -> None:
    mixed = {"type": ["null", "string"], "x-wsobserve-types": {"null": 3, "string": 1200}}
    either = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "integer"}}]}
    assert of({"mixed": mixed, "either": either, "anything": {}}) == [
        ("mixed", "null | string", None, "3 null, 1,200 string"),
        ("either", "string | array of integer", None, ""),
        ("anything", "any", None, ""),
    ]


def test_what_else_is_known_stands_beside_it() -> None:
    kind = {"type": "string", "const": "join"}
    color = {"type": "string", "enum": ["red", "blue"]}
    deep = {"type": "object", "x-wsobserve-truncated": True}
    assert [
        row[3] for row in of({"kind": kind, "at": {"type": "string", "format": "date-time"}, "color": color, "deep": deep})
    ] == [
        'always "join"',
        "date-time",
        'one of "red", "blue"',
        "not seen in full",
    ]


def test_single_values_have_no_fields() -> None:
    assert fields({"type": "integer"}) == []
    assert fields({}) == []


def test_a_schema_without_end_is_cut_and_says_so() -> None:
    rows = fields({"properties": {f"field{number}": {} for number in range(3_000)}})
    assert len(rows) == 2_001
    assert rows[-1]["detail"] == "more than 2,000 fields"
    nested: dict[str, Any] = {}
    for _ in range(500):
        nested = {"properties": {"inner": nested}, "items": nested}
    assert len(fields(nested)) == 2_001


def test_positions_constants_and_references_are_fields_with_their_types() -> None:
    schema = {
        "type": "array",
        "prefixItems": [{"const": "tick"}, {"type": "integer", "minimum": 0, "maximum": 9}, {"$ref": "#/$defs/children"}],
        "minItems": 2,
    }
    rows = {row["path"]: row for row in fields(schema)}
    assert (rows["[0]"]["types"], rows["[0]"]["presence"], rows["[0]"]["detail"]) == ("string", 1.0, 'always "tick"')
    assert (rows["[1]"]["types"], rows["[1]"]["detail"]) == ("integer", "0 to 9")
    assert (rows["[2]"]["types"], rows["[2]"]["presence"]) == ("children", None)
