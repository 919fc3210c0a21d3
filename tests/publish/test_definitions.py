"""What kinds share is written once, under a name, and accepts exactly what each of its places accepted."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.publish.kinds import kind, kind_lists, record, shuffled
from wsobserve.publish.definitions import Definitions, shared_definitions
from wsobserve.records import MessageKind

QUOTE = record("ask bid", ask={"type": "number"}, bid={"type": "number"})


def text(definitions: Definitions) -> str:
    return json.dumps([definitions.schemas, definitions.definitions])


def constraints(value: Any) -> Any:
    """Without what only annotates."""
    if isinstance(value, list):
        return [constraints(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {key: constraints(inner) for key, inner in value.items() if not str(key).startswith("x-wsobserve-")}


def inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """With each reference replaced by what it refers to."""
    if isinstance(schema, list):
        return [inlined(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("$ref"), str):
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return inlined(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions) | beside
    return {key: inlined(value, definitions) for key, value in schema.items()}


def test_a_structure_in_two_kinds_becomes_one_definition() -> None:
    found = shared_definitions([kind("a", record("quote", quote=QUOTE)), kind("b", record("quote", quote=QUOTE))])
    assert found.definitions == {"Quote": QUOTE}
    assert found.schemas["a"]["properties"] == {"quote": {"$ref": "#/$defs/Quote"}}
    assert "$schema" not in found.schemas["a"]
    assert found.schemas["a"]["title"] == "a"


def test_counts_add_up_and_the_place_keeps_its_own() -> None:
    def place(count: int, presence: float) -> dict[str, Any]:
        inner = record("ask", ask={"type": "number", "x-wsobserve-count": count}, bid={"type": "number"})
        inner["properties"]["bid"] |= {"x-wsobserve-count": count // 2, "x-wsobserve-presence": 0.5}
        return inner | {"x-wsobserve-count": count, "x-wsobserve-presence": presence, "description": f"seen {count} times"}

    found = shared_definitions([kind("a", record(quote=place(8, 0.8))), kind("b", record(quote=place(3, 0.3)))])
    quote = found.definitions["Quote"]
    assert quote["x-wsobserve-count"] == 11
    assert quote["properties"]["bid"] == {"type": "number", "x-wsobserve-count": 5, "x-wsobserve-presence": 0.4545}
    assert "description" not in quote
    assert found.schemas["a"]["properties"]["quote"] == {
        "$ref": "#/$defs/Quote",
        "description": "seen 8 times",
        "x-wsobserve-count": 8,
        "x-wsobserve-presence": 0.8,
    }


def test_structures_that_differ_in_one_keyword_stay_apart() -> None:
    other = record("ask bid", ask={"type": "number"}, bid={"type": "number", "minimum": 0})
    found = shared_definitions([kind("a", record(quote=QUOTE)), kind("b", record(quote=other))])
    assert found.definitions == {}


def test_too_small_to_deserve_a_name() -> None:
    small = record("id", id={"type": "integer"})
    found = shared_definitions([kind("a", record(user=small)), kind("b", record(user=small))])
    assert found.definitions == {}


def test_what_only_appears_inside_something_shared_has_no_name_of_its_own() -> None:
    book = record("top symbol", top=QUOTE, symbol={"type": "string"})
    found = shared_definitions([kind("a", record(book=book)), kind("b", record(book=book))])
    assert list(found.definitions) == ["Book"]
    found = shared_definitions([kind("a", record(book=book)), kind("b", record(book=book, last=QUOTE))])
    assert found.definitions["Book"]["properties"]["top"] == {"$ref": "#/$defs/Top"}


def test_null_or_something_shared_is_no_definition() -> None:
    place = {"anyOf": [QUOTE, {"type": "null"}]}
    found = shared_definitions([kind("a", record(quote=place)), kind("b", record(quote=place))])
    assert list(found.definitions) == ["Quote"]
    assert found.schemas["a"]["properties"]["quote"] == {"anyOf": [{"$ref": "#/$defs/Quote"}, {"type": "null"}]}


def test_names_come_from_most_places_and_lists_give_the_singular() -> None:
    many = record("quotes entry", quotes={"type": "array", "items": QUOTE}, entry=QUOTE)
    found = shared_definitions([kind("a", many), kind("b", record(quotes={"type": "array", "items": QUOTE}))])
    assert list(found.definitions) == ["Quote"]


def test_one_name_for_two_structures_is_qualified_by_what_is_around() -> None:
    size = record("w h", w={"type": "integer"}, h={"type": "integer"})
    inner = record("n m", n={"type": "string"}, m={"type": "string"})
    first = record(image=record(size=size), data=QUOTE)
    second = record(font=record(size=inner), data=QUOTE)
    kinds = [kind("a", first), kind("b", first), kind("c", second), kind("d", second), kind("e", record(size=size, z=QUOTE))]
    assert set(shared_definitions(kinds).definitions) == {"Data", "Font", "Size"}
    third = record(font=record(size=inner, pt={"type": "integer"}), data=QUOTE)
    assert set(shared_definitions([*kinds, kind("f", third)]).definitions) == {"Data", "ImageSize", "Size"}


def test_kinds_alike_stay_two_kinds_but_a_list_of_them_refers_to_their_structure() -> None:
    assert shared_definitions([kind("a", QUOTE), kind("b", QUOTE)]).definitions == {}
    batch = {"type": "array", "items": QUOTE}
    found = shared_definitions([kind("a", QUOTE, name="tick"), kind("b", batch, name="batch")])
    assert found.schemas["a"] == {"$ref": "#/$defs/Tick", "title": "tick"}
    assert found.schemas["b"]["items"] == {"$ref": "#/$defs/Tick"}


TREE = {"$ref": "#/$defs/t", "$defs": {"t": record(
    "tag", tag={"type": "string"}, children={"type": "array", "items": {"$ref": "#/$defs/t"}}
)}}  # fmt: skip


def test_recursive_definitions_of_kinds_are_hoisted_and_shared_whatever_they_are_called() -> None:
    renamed = json.loads(json.dumps(TREE).replace('"t"', '"other"').replace("$defs/t", "$defs/other"))
    found = shared_definitions([kind("a", record(root=TREE | {"$defs": {}}) | {"$defs": TREE["$defs"]}), kind("b", renamed)])
    assert list(found.definitions) == ["Root"]
    assert found.definitions["Root"]["properties"]["children"]["items"] == {"$ref": "#/$defs/Root"}
    assert found.schemas["b"] == {"$ref": "#/$defs/Root", "title": "b"}


def test_definitions_that_refer_to_each_other_are_told_apart() -> None:
    def pair(left: str, right: str) -> dict[str, Any]:
        return {
            "$ref": f"#/$defs/{left}",
            "$defs": {
                left: record(a={"type": "integer"}, next={"$ref": f"#/$defs/{right}"}),
                right: record(b={"type": "string"}, next={"$ref": f"#/$defs/{left}"}),
            },
        }

    found = shared_definitions([kind("a", pair("x", "y")), kind("b", pair("y", "x"))])
    assert len(found.definitions) == 2


def test_a_structure_written_out_level_by_level_becomes_recursive() -> None:
    def level(*deeper: dict[str, Any]) -> dict[str, Any]:
        replies: dict[str, Any] = {"type": "array", "items": deeper[0]} if deeper else {"type": "array"}
        return record("id text replies", id={"type": "integer"}, text={"type": "string"}, replies=replies)

    found = shared_definitions([kind("a", record(comments={"type": "array", "items": level(level(level()))}))])
    assert list(found.definitions) == ["Comment"]
    assert found.definitions["Comment"]["properties"]["replies"]["items"] == {"$ref": "#/$defs/Comment"}


def test_the_definitions_that_some_kinds_need() -> None:
    other = record("x y z", x={"type": "integer"}, y={"type": "integer"}, z=QUOTE)
    kinds = [kind("a", record(v=other)), kind("b", record(v=other)), kind("c", record(q=QUOTE)), kind("d", record(e=QUOTE))]
    found = shared_definitions(kinds)
    assert set(found.used_by(["a"])) == set(found.definitions)
    assert len(found.used_by(["c"])) == 1
    assert len(found.definitions) == 2


@given(kind_lists(), st.integers(0, 1000))
def test_neither_the_order_of_kinds_nor_of_keys_changes_anything(kinds: list[MessageKind], seed: int) -> None:
    expected = text(shared_definitions(kinds))
    other = [
        kind(each.id, shuffled(each.json_schema, seed), name=each.name)
        for each in random.Random(seed).sample(kinds, len(kinds))
    ]
    assert text(shared_definitions(other)) == expected


@given(kind_lists())
def test_put_back_in_place_the_definitions_say_what_the_kinds_said(kinds: list[MessageKind]) -> None:
    found = shared_definitions(kinds)
    for each in kinds:
        if "recursive" in json.dumps(found.definitions):
            continue
        schema = {key: value for key, value in each.json_schema.items() if key != "$schema"}
        assert constraints(inlined(found.schemas[each.id], found.definitions)) == constraints(schema)


@given(kind_lists())
def test_nothing_is_counted_twice_or_lost(kinds: list[MessageKind]) -> None:
    """Every property's count, over all places, is what the kinds said; definitions hold the sum of theirs."""
    found = shared_definitions(kinds)
    for name, definition in found.definitions.items():
        places = [place for place in references(found, name) if place[1]]
        if all(owner not in found.definitions for owner, _ in places):
            counts = sum(place["x-wsobserve-count"] for _, place in places)
            assert definition["x-wsobserve-count"] == counts


def references(found: Definitions, name: str) -> list[tuple[str, dict[str, Any]]]:
    places = []

    def look(owner: str, value: Any) -> None:
        if isinstance(value, dict):
            if value.get("$ref") == f"#/$defs/{name}":
                places.append((owner, value))
            for inner in value.values():
                look(owner, inner)
        elif isinstance(value, list):
            for inner in value:
                look(owner, inner)

    for owner, schema in {**found.schemas, **found.definitions}.items():
        look(owner, schema)
    return places
