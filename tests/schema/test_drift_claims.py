"""What a schema says, on places: how they are looked into, and what is watched there."""

from __future__ import annotations

from typing import Any

from wsobserve.schema.drift_claims import claim, outline, unfolded
from wsobserve.schema.drift_place import MAP, OPEN, Budget, Place


def claimed(schema: dict[str, Any]) -> Place:
    place = Place("")
    claim(place, schema, Budget(100))
    return place


def record(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def field(place: Place, key: str) -> Place:
    assert place.fields is not None
    return place.fields.by_key[key]


def test_enumerations_formats_bounds_and_constants_are_watched() -> None:
    place = claimed(
        record(
            state={"type": "string", "enum": ["on", "off"]},
            day={"type": "string", "format": "date"},
            code={"type": "string", "pattern": "^0x[0-9a-fA-F]+$", "x-wsobserve-format": "hex-prefixed"},
            share={"type": "number", "minimum": 0, "maximum": 1},
            op={"const": 0},
            free={"type": "string"},
        )
    )
    assert field(place, "state").claims_enumeration
    assert field(place, "day").claims_format == "date"
    assert field(place, "code").claims_format == "hex-prefixed"
    assert field(place, "share").claims_bounds
    assert field(place, "op").claims_constant
    free = field(place, "free")
    assert (free.claims_enumeration, free.claims_format, free.claims_bounds) == (False, None, False)


def test_maps_open_objects_and_tuples_are_looked_into_as_what_they_are() -> None:
    place = claimed(
        record(
            users={"type": "object", "additionalProperties": record(name={"type": "string"})},
            anything={"type": "object"},
            pair={"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
            rows={"type": "array", "items": record(price={"type": "string"})},
        )
    )
    users, pair, rows = field(place, "users"), field(place, "pair"), field(place, "rows")
    assert users.layout == MAP
    assert users.others is not None
    assert field(users.others, "name").path == "/users/*/name"
    assert field(place, "anything").layout == OPEN
    assert pair.is_tuple
    assert pair.positions is not None
    assert [each.path for each in pair.positions.by_key.values()] == ["/pair/0", "/pair/1"]
    assert rows.items is not None
    assert field(rows.items, "price").path == "/rows/*/price"


def test_records_told_apart_by_a_constant_are_watched_each_by_itself() -> None:
    parts = [record(sort={"const": "file"}, bytes={"type": "integer"}), record(sort={"const": "picture"})]
    place = claimed({"anyOf": parts})
    assert place.tag == "sort"
    assert set(place.variants) == {"file", "picture"}
    file = place.variants["file"]
    assert file.fields is not None
    assert set(file.fields.by_key) == {"sort", "bytes"}


def test_a_recursive_structure_is_written_out_for_two_levels() -> None:
    inner = {"$ref": "#/$defs/node"}
    node = record(name={"type": "string"}, inside={"type": "array", "items": inner})
    schema = {**inner, "$defs": {"node": node}}
    written = unfolded(schema)
    second = written["properties"]["inside"]["items"]
    assert second["properties"]["inside"]["items"]["x-wsobserve-truncated"] is True
    assert outline(schema) == outline(schema)


def test_an_outline_tells_how_values_are_looked_into_and_nothing_else() -> None:
    text, number = {"type": "string"}, {"type": "integer"}
    assert outline(record(a=text)) == outline(record(a=number, b=text))
    assert outline(record(a=text)) != outline(record(a={"type": "object", "additionalProperties": text}))
    assert outline({"type": "array", "items": text}) != outline({"type": "array", "prefixItems": [text]})


def test_a_budget_that_is_spent_leaves_places_out() -> None:
    place, budget = Place(""), Budget(1)
    claim(place, record(a={"type": "string"}, b={"type": "string"}), budget)
    assert place.fields is not None
    assert set(place.fields.by_key) == {"a"}
    assert budget.left_out == 1
