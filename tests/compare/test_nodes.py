"""References, pointers and anchors in one document, and when two schemas are the same text."""

from __future__ import annotations

import pytest

from wsobserve.compare.nodes import ANYTHING, Source, meaning, node_key, resolved, text_of

DOCUMENT = {
    "$id": "https://example.com/s",
    "$ref": "#/$defs/a~1b",
    "$defs": {"a/b": {"type": "string"}, "%x": {"$anchor": "here", "type": "null"}, "far": {"$id": "other", "type": "object"}},
    "list": [{"type": "array"}],
}


@pytest.mark.parametrize(
    ("reference", "pointer"),
    [
        ("#", ""),
        ("#/$defs/a~1b", "/$defs/a~1b"),
        ("#/$defs/%25x", "/$defs/%x"),
        ("#here", "/$defs/%x"),
        ("#/list/0", "/list/0"),
        ("other", "/$defs/far"),
        ("https://example.com/s#/list/0", "/list/0"),
    ],
)
def test_a_reference_leads_to_its_place(reference: str, pointer: str) -> None:
    part = Source(DOCUMENT).follow(reference)
    assert part is not None
    assert part.pointer == pointer


@pytest.mark.parametrize(
    "reference", ["#/list/1", "#/list/-1", "#/list/²", "#nowhere", "other.yaml#/a", "#/$defs/a~1b/type/x", 5, None]
)
def test_a_reference_that_leads_nowhere_is_none(reference: object) -> None:
    assert Source(DOCUMENT).follow(reference) is None


def test_a_schema_that_is_only_a_reference_is_what_it_refers_to() -> None:
    circle = Source({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}).node()
    assert resolved(Source(DOCUMENT).node())[0].pointer == ""  # it has an `$id` and a list beside it
    assert resolved(Source({"$ref": "#/$defs/a", "title": "t", "$defs": {"a": True}}).node())[0].schema is True
    assert resolved(circle)[0].pointer == "/$defs/a"


def test_the_meaning_holds_what_references_mean() -> None:
    def node(leaf: str) -> object:
        return meaning(Source({"$ref": "#/$defs/a", "$defs": {"a": {"type": leaf, "x": {"$ref": "#/$defs/a"}}}}).node())

    assert node("string") == node("string")
    assert node("string") != node("null")
    assert meaning(Source({"$ref": "a.json"}).node()) == meaning(Source({"$ref": "a.json"}).node())


def test_equal_numbers_are_equal_text_and_booleans_are_none() -> None:
    assert text_of([1.0, {"b": 2, "a": 1}]) == '[1,{"a":1,"b":2}]'
    assert text_of(True) != text_of(1)


def test_a_node_is_the_same_in_any_order_and_with_repetition() -> None:
    one, other = Source({}).node(), Source({}).node()
    assert node_key(one + other + one) == node_key(other + one)
    assert node_key((ANYTHING,)) != node_key(one)
