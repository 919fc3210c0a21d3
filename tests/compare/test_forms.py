"""Schemas taken apart into alternatives by type; what cannot be taken apart is a rule."""

from __future__ import annotations

import time
from typing import Any

import pytest

from wsobserve.compare.alternatives import Alternatives
from wsobserve.compare.forms import Form
from wsobserve.compare.nodes import Source


def form(schema: Any) -> Form:
    return Alternatives().forms.form(Source(schema).node())


def rules(schema: Any) -> set[str]:
    return {words for branches in form(schema).values() for branch in branches for words, _ in branch.rules}


@pytest.mark.parametrize(
    ("schema", "counts"),
    [
        (False, {}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"string": 1, "null": 1}),
        ({"allOf": [{"type": ["string", "null"]}, {"type": ["null", "array"]}]}, {"null": 1}),
        ({"oneOf": [{"const": 1}, {"const": 2}]}, {"number": 2}),
        ({"type": "string", "anyOf": [{"minLength": 1}, {"maxLength": 5}]}, {"string": 2}),
        ({"allOf": [True, {"not": {"type": ["string", "number", "array", "object", "boolean"]}}]}, {"null": 1}),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"const": "x"}}}, {"string": 1}),
    ],
)
def test_alternatives_are_counted_by_type(schema: Any, counts: dict[str, int]) -> None:
    assert {name: len(branches) for name, branches in form(schema).items()} == counts
    assert rules(schema) == set()


def test_anything_and_nothing_are_known() -> None:
    forms = Alternatives().forms
    assert forms.anything(Source({"description": "x"}).node())
    assert forms.anything(())
    assert forms.nothing(Source({"allOf": [{"const": 1}, {"const": 2}]}).node())
    assert not forms.nothing(Source({"type": "null"}).node())


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"oneOf": [{"type": "string"}, {"minLength": 3}]}, "exactly one"),
        ({"$ref": "elsewhere.json"}, "leads out of the document"),
        ({"$ref": "#"}, "refers to itself"),
        ({"anyOf": [{"$ref": "#"}, {"type": "null"}]}, "refers to itself"),
        ({"anyOf": {}}, "malformed anyOf"),
        ({"anyOf": [{"const": i} for i in range(600)]}, "more alternatives"),
        ({"allOf": [{"anyOf": [{"minimum": i, "maximum": i + 1} for i in range(30)]}] * 2}, "more alternatives"),
        ({"unevaluatedItems": False}, "unevaluatedItems"),
        ({"anyOf": [{}], "unevaluatedProperties": False}, "unevaluatedProperties"),
        ("a text", "not JSON Schema"),
        ({"dependentRequired": {"a": ["b"]}}, "along with a"),
    ],
)
def test_what_is_not_taken_apart_is_a_rule_that_says_what(schema: Any, words: str) -> None:
    assert any(words in rule for rule in rules(schema)), rules(schema)


def test_unevaluated_properties_see_through_references_and_all_of() -> None:
    schema = {
        "$ref": "#/$defs/a",
        "allOf": [{"properties": {"b": True}}],
        "unevaluatedProperties": False,
        "$defs": {"a": {"properties": {"a": True}}},
    }
    forms = Alternatives()
    (branch,) = forms.forms.form(Source(schema).node())["object"]
    refused = {name: forms.forms.nothing(forms.field(branch, name)[0]) for name in "abc"}  # type: ignore[index]
    assert refused == {"a": False, "b": False, "c": True}


def test_references_that_double_at_each_step_end() -> None:
    definitions: dict[str, Any] = {f"d{i}": {"anyOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(40)}
    began = time.process_time()
    assert rules({"$ref": "#/$defs/d0", "$defs": definitions | {"d40": {"type": "string"}}})
    assert time.process_time() - began < 20


def test_a_condition_without_consequence_is_none() -> None:
    assert not form({"if": {"const": 1}})["number"][0].conditions
    assert form({"if": {"const": 1}, "then": False})["number"][0].conditions
