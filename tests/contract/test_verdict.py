"""A payload fits or does not; what is wrong is told by place and keyword, and never by value."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.agreed import contract_of
from wsobserve.contract.sources import ContractError
from wsobserve.contract.verdict import Fault, Verdict, VerdictMaker

SECRET = "hunter2-the-secret-value"


def verdict(schema: Any) -> Verdict:
    contract, sources = contract_of(schema)
    (channel,) = contract.channels
    return VerdictMaker(sources, 4096).verdict(channel, channel.messages[0])


def faults(schema: Any, payload: Any) -> list[tuple[str, str, str]]:
    made = verdict(schema)
    found = list(made.faults(payload))
    assert made.fits(payload) == (not found)
    assert SECRET not in repr(found)
    return [(fault.path, fault.keyword, fault.detail) for fault in found]


RECORD = {
    "type": "object",
    "required": ["id", "tags"],
    "properties": {
        "id": {"type": "integer", "maximum": 10},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}},
        "by": {"type": "string", "format": "uuid"},
        "prices": {"type": "object", "additionalProperties": {"type": "number"}},
        "pair": {"prefixItems": [{"type": "string"}, {"pattern": "^x"}], "items": False},
    },
    "additionalProperties": False,
}
GOOD = {"id": 1, "tags": []}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"id": SECRET}, [("/id", "type", "integer expected, string found")]),
        ({"id": 11}, [("/id", "maximum", "10")]),
        ({"tags": ["a", SECRET]}, [("/tags/*", "enum", "")]),
        ({"by": SECRET}, [("/by", "format", "uuid")]),
        ({"prices": {SECRET: "x"}}, [("/prices/*", "type", "number expected, string found")]),
        ({"pair": ["a", SECRET]}, [("/pair/1", "pattern", "^x")]),
        ({"pair": ["a", "x", SECRET]}, [("/pair/*", "falseSchema", "")]),
        ({"extra": SECRET}, [("/extra", "additionalProperties", "")]),
        ({"id": 1, "tags": [], "pair": []}, []),
        ({"8c5d4a5e-5d3f-4b7e-9c7e-0a6f0f1e2d3c": 1}, [("/*", "additionalProperties", "")]),
    ],
)
def test_what_is_wrong_has_a_place(change: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    assert faults(RECORD, {**GOOD, **change}) == expected


def test_what_is_missing_has_the_path_that_it_would_have() -> None:
    assert faults(RECORD, {}) == [("/id", "required", ""), ("/tags", "required", "")]
    assert faults({"properties": {"a/b": {"required": ["c~d"]}}}, {"a/b": {}}) == [("/a~1b/c~0d", "required", "")]


def test_an_object_that_may_have_no_keys_is_told_by_any_key() -> None:
    assert faults({"additionalProperties": False}, {"a": 1}) == [("/*", "additionalProperties", "")]


def test_the_keyword_is_located_in_the_contract() -> None:
    made = verdict({"$defs": {"n": {"type": "number"}}, "properties": {"x": {"$ref": "#/$defs/n"}}})
    assert list(made.faults({"x": "1"})) == [Fault("/x", "type", "main.yaml#/$defs/n/type", "number expected, string found")]


def test_of_alternatives_the_likeliest_tells_what_is_wrong() -> None:
    circle = {"type": "object", "required": ["kind", "radius"], "properties": {"kind": {"const": "circle"}}}
    square = {"type": "object", "required": ["kind", "side"], "properties": {"kind": {"const": "square"}}}
    schema = {"type": "object", "properties": {"shape": {"anyOf": [{"type": "null"}, {"oneOf": [circle, square]}]}}}
    assert faults(schema, {"shape": {"kind": "square"}}) == [("/shape/side", "required", "")]
    assert faults(schema, {"shape": 5}) == [("/shape", "oneOf", "")]


def test_two_that_fit_where_one_should_are_told() -> None:
    assert faults({"properties": {"x": {"oneOf": [{"type": "integer"}, {"minimum": 0}]}}}, {"x": 1}) == [("/x", "oneOf", "")]


def test_formats_that_draft_07_does_not_know_are_meant_all_the_same() -> None:
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "format": "uuid"}
    assert faults(schema, "x") == [("", "format", "uuid")]
    assert faults({**schema, "format": "of-our-own"}, "x") == []


def test_what_cannot_be_judged_is_an_error() -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    nested = verdict({"$defs": {"list": {"type": "array", "items": {"$ref": "#/$defs/list"}}}, "$ref": "#/$defs/list"})
    with pytest.raises(ValueError):
        list(nested.faults({"x": deep}))
    with pytest.raises(ValueError):
        verdict({"minLength": 1}).fits("\ud800")


@pytest.mark.parametrize(
    "schema",
    [{"properties": {"x": {"type": "strin"}}}, {"pattern": "("}, {"required": "x"}, {"$ref": "#/$defs/gone"}, {"type": 5}],
)
def test_a_schema_that_is_none_is_said_in_one_line(schema: Any) -> None:
    with pytest.raises(ContractError) as raised:
        verdict({"$defs": {}, "allOf": [schema]})
    assert "\n" not in str(raised.value)
    assert "main.yaml" in str(raised.value)


def test_the_whole_must_fit_as_well_as_the_alternative() -> None:
    schema = {"required": ["id"], "type": "object", "anyOf": [{"properties": {"a": {"const": 1}}}]}
    assert faults(schema, {"a": 1}) == [("/id", "required", "")]
