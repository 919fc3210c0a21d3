"""Alternatives told apart and paired: by their constants, else by what they have in common."""

from __future__ import annotations

from typing import Any

import pytest

from wsobserve.compare.alternatives import Alternatives
from wsobserve.compare.branches import Branch
from wsobserve.compare.nodes import Source


def branches(alternatives: Alternatives, *schemas: Any) -> list[Branch]:
    found = []
    for schema in schemas:
        ((branch,),) = alternatives.forms.form(Source(schema).node()).values()
        found.append(branch)
    return found


def told(name: str, *fields: str) -> dict[str, Any]:
    properties = {"type": {"const": name}, **{field: {"type": "string"} for field in fields}}
    return {"type": "object", "properties": properties, "required": list(properties)}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (told("a"), told("b"), True),
        (told("a"), told("a", "x"), False),
        ({"const": 1}, {"const": 2}, True),
        ({"type": "number", "maximum": 1}, {"type": "number", "minimum": 2}, True),
        ({"type": "number", "maximum": 1}, {"type": "number", "minimum": 1}, False),
        ({"type": "string", "maxLength": 2}, {"type": "string", "minLength": 3}, True),
        ({"const": "abc"}, {"type": "string", "maxLength": 2}, True),
        ({"const": "abc"}, {"type": "string", "format": "uuid"}, False),
        ({"type": "array", "maxItems": 1}, {"type": "array", "minItems": 2}, True),
        (
            {"type": "object", "required": ["a"]},
            {"type": "object", "properties": {"b": {}}, "additionalProperties": False},
            True,
        ),
        (
            {"type": "object", "required": ["a"]},
            {"type": "object", "properties": {"a": {}}, "additionalProperties": False},
            False,
        ),
        ({"type": "object", "required": ["a"]}, {"type": "object", "required": ["b"]}, False),
    ],
)
def test_disjoint_is_only_what_is_for_certain(one: Any, other: Any, expected: bool) -> None:
    alternatives = Alternatives()
    left, right = branches(alternatives, one, other)
    assert alternatives.disjoint(left, right) is expected
    assert alternatives.disjoint(right, left) is expected


def test_constants_are_those_of_required_fields_and_positions() -> None:
    alternatives = Alternatives()
    record = {
        "type": "object",
        "properties": {"t": {"const": "x"}, "u": {"const": "y"}, "n": {"type": "null"}},
        "required": ["t", "n"],
    }
    row = {"type": "array", "prefixItems": [{"const": 3}, {}], "minItems": 2}
    one, two = branches(alternatives, record, row)
    assert alternatives.constants(one) == {"t": '"x"', "n": "null"}
    assert alternatives.constants(two) == {"[0]": "3"}
    assert alternatives.label(two) == "<[0]=3>"


def test_pairs_follow_the_constants_whatever_the_order() -> None:
    alternatives = Alternatives()
    old = branches(alternatives, told("a", "x"), told("b", "x"), told("c"))
    new = branches(alternatives, told("d"), told("b", "z"), told("a", "x", "y"))
    pairs, gone, came = alternatives.pairs(old, new)
    assert [(alternatives.label(one), alternatives.label(other)) for one, other in pairs] == [
        ('<type="a">', '<type="a">'),
        ('<type="b">', '<type="b">'),
    ]
    assert gone == [old[2]]
    assert came == [new[0]]


def test_without_constants_pairs_follow_what_is_alike() -> None:
    alternatives = Alternatives()

    def record(*names: str) -> dict[str, Any]:
        return {"type": "object", "properties": {name: {"type": "string"} for name in names}}

    old = branches(alternatives, record("a", "b", "c"), record("x", "y"))
    new = branches(alternatives, record("x", "y", "z"), record("a", "b"))
    pairs, gone, came = alternatives.pairs(old, new)
    assert pairs == [(old[0], new[1]), (old[1], new[0])]
    assert gone == came == []


def test_an_alternative_is_split_by_the_constants_of_the_other_side() -> None:
    alternatives = Alternatives()
    both = {"type": "object", "properties": {"type": {"enum": ["a", "b"]}}, "required": ["type"]}
    one = branches(alternatives, both)
    others = branches(alternatives, told("a"), told("b"))
    assert [alternatives.label(branch) for branch in alternatives.split(one, others)] == ['<type="a">', '<type="b">']
    assert alternatives.split(one, others[:1]) == one


def test_a_field_is_asked_by_name_pattern_and_what_holds_for_others() -> None:
    alternatives = Alternatives()
    schema = {
        "type": "object",
        "properties": {"a": {"type": "null"}},
        "patternProperties": {"^a": {}, "^x": {}},
        "additionalProperties": False,
    }
    (branch,) = branches(alternatives, schema)
    assert [len(alternatives.field(branch, name)[0]) for name in ("a", "ab", "q")] == [2, 1, 1]  # type: ignore[index]
    assert alternatives.field(branch, "q") == (branch.fields[0].others, False)
    assert alternatives.field(branch, "a" * 200) is None
