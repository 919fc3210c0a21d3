"""The keywords of one schema, in all dialects, and those that no dialect knows in that form."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from wsobserve.compare.branches import Bound, Branch
from wsobserve.compare.keywords import own_branches, type_of
from wsobserve.compare.nodes import Source


def branches(schema: dict[str, Any]) -> dict[str, Branch]:
    found, malformed = own_branches(Source(schema).node()[0])
    assert not malformed
    return found


@pytest.mark.parametrize(
    ("schema", "types"),
    [
        ({}, {"null", "boolean", "number", "string", "array", "object"}),
        ({"type": "any"}, {"null", "boolean", "number", "string", "array", "object"}),
        ({"type": ["string", "null"]}, {"string", "null"}),
        ({"type": "string", "nullable": True}, {"string", "null"}),
        ({"enum": [1, "a"]}, {"number", "string"}),
        ({"type": "string", "const": 5}, set()),
        ({"type": "integer", "enum": [1.5]}, set()),
    ],
)
def test_the_types_that_are_left(schema: dict[str, Any], types: set[str]) -> None:
    assert branches(schema).keys() == types


def test_an_integer_is_a_number_that_is_whole() -> None:
    assert branches({"type": "integer"})["number"].integer
    assert not branches({"type": ["integer", "number"]})["number"].integer
    assert branches({"enum": [1.0, 2]})["number"].values == frozenset(("1", "2"))


def test_exclusive_bounds_of_draft_4_and_later() -> None:
    for schema in (
        {"type": "number", "minimum": 1, "exclusiveMinimum": True, "maximum": 5, "exclusiveMaximum": True},
        {"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 5},
        {"type": "number", "minimum": 1, "exclusiveMinimum": 1, "maximum": 5, "exclusiveMaximum": 5},
    ):
        branch = branches(schema)["number"]
        assert branch.minimum == Bound(Fraction(1), True)
        assert branch.maximum == Bound(Fraction(5), True)
    assert branches({"type": "number", "minimum": 2, "exclusiveMinimum": 1})["number"].minimum == Bound(Fraction(2), False)


def test_multiples_of_decimals_are_exact() -> None:
    assert branches({"type": "number", "multipleOf": 0.5})["number"].multiples == {Fraction(1, 2)}


def test_tuples_of_both_styles() -> None:
    for schema in (
        {"type": "array", "prefixItems": [{}, {}], "items": False},
        {"type": "array", "items": [{}, {}], "additionalItems": False},
    ):
        branch = branches(schema)["array"]
        assert branch.most == 2
        assert len(branch.elements[0].first) == 2


def test_a_format_belongs_to_its_type() -> None:
    both = branches({"format": "int32"})
    assert both["number"].formats == {"int32"}
    assert both["string"].formats == set()
    assert branches({"type": "integer", "format": "unix-time"})["number"].meaning == "unix-time"
    assert branches({"type": "string", "contentEncoding": "base64"})["string"].formats == {"contentEncoding base64"}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "text"},
        {"type": 5},
        {"minimum": "5", "type": "number"},
        {"minimum": float("nan"), "type": "number"},
        {"minLength": -1, "type": "string"},
        {"minLength": 1.5, "type": "string"},
        {"pattern": 5, "type": "string"},
        {"properties": [], "type": "object"},
        {"required": "a", "type": "object"},
        {"enum": "a"},
    ],
)
def test_what_is_malformed_is_said_and_constrains_nothing(schema: dict[str, Any]) -> None:
    found, malformed = own_branches(Source(schema).node()[0])
    assert found
    assert any("malformed" in words for words, _ in malformed)


def test_every_value_has_a_type() -> None:
    values: dict[str, object] = {"null": None, "boolean": True, "number": 1.5, "string": "", "array": [], "object": {}}
    assert {name: type_of(value) for name, value in values.items()} == {name: name for name in values}
