"""What a schema says about every message that fits it; hypothesis holds it against a validator."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.contract.dispatch import ABSENT, value_at
from wsobserve.contract.facts import Fact, Facts, excludes, facts_of, type_of, value_key
from wsobserve.contract.sources import Sources
from wsobserve.contract.terms import Dialect, Schema

A = "file:///agreed/a.json"


def facts(schema: Any, dialect: Dialect = "2020-12") -> Facts:
    return facts_of(Sources({A: schema}), [Schema(f"{A}#", dialect)])


def test_a_constant_of_a_required_property_is_a_fact() -> None:
    found = facts({"type": "object", "required": ["t"], "properties": {"t": {"const": "x"}}})
    assert found[("t",)] == Fact(required=True, values=frozenset({"x"}), types=frozenset({"string"}))


def test_what_is_required_of_objects_alone_need_not_be_there() -> None:
    found = facts({"required": ["t"], "properties": {"t": {"const": "x"}}})
    assert not found[("t",)].required


def test_a_closed_object_excludes_other_keys() -> None:
    found = facts({"type": "object", "properties": {"t": {}}, "additionalProperties": False})
    assert excludes(found, ("u",))
    assert not excludes(found, ("t",))
    assert excludes(found, (0,))  # an object has no positions


def test_alternatives_say_what_all_of_them_say() -> None:
    found = facts({"anyOf": [{"const": 1}, {"enum": [2, 3]}]})
    assert found[()].values == frozenset({1, 2, 3})
    assert facts({"anyOf": [{"const": 1}, {}]})[()].values is None


def test_all_of_say_it_together() -> None:
    assert facts({"allOf": [{"enum": [1, 2]}, {"enum": [2, 3]}]})[()].values == frozenset({2})


def test_positions_have_facts_too() -> None:
    schema = {"type": "array", "prefixItems": [{"const": "EVENT"}, {"type": "string"}], "minItems": 1}
    found = facts(schema)
    assert found[(0,)].required
    assert found[(0,)].values == frozenset({"EVENT"})
    assert not found[(1,)].required
    old = {"type": "array", "items": [{"const": "EVENT"}]}
    assert facts(old, "draft-07")[(0,)].values == frozenset({"EVENT"})


def test_beside_a_reference_nothing_counts_before_2019() -> None:
    schema = {"$defs": {"x": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/x", "const": 1}}}
    assert facts(schema, "draft-07")[("a",)].values is None
    assert facts(schema, "2020-12")[("a",)].values == frozenset({1})


def test_a_schema_of_itself_ends() -> None:
    schema: Any = {"type": "object", "properties": {"next": {"$ref": "#"}}}
    assert max(map(len, facts(schema))) == 3


def test_truth_values_are_no_numbers() -> None:
    assert value_key(True) != value_key(1)
    assert value_key(1.0) == value_key(1)
    assert list(map(type_of, [None, True, 1, 1.5, "", [], {}])) == [
        "null", "boolean", "number", "number", "string", "array", "object",
    ]  # fmt: skip


SCALARS = st.sampled_from([None, True, False, 0, 1, 2, 1.5, "a", "b", ""])
KEYS = st.sampled_from(["t", "u", "v"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)


def schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    types = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
    return st.fixed_dictionaries(
        {},
        optional={
            "type": types | st.lists(types, min_size=1, max_size=3, unique=True),
            "properties": st.dictionaries(KEYS, inner, max_size=3),
            "required": st.lists(KEYS, max_size=2, unique=True),
            "additionalProperties": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "minItems": st.integers(0, 2),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "const": SCALARS,
            "enum": st.lists(SCALARS, min_size=1, max_size=3),
        },
    )


SCHEMAS = st.recursive(st.booleans() | schemas(st.booleans()), schemas, max_leaves=6)


@settings(max_examples=400, deadline=None)
@given(SCHEMAS, VALUES)
def test_what_a_fact_says_is_true_of_every_message_that_fits(schema: Any, value: Any) -> None:
    try:
        fits = jsonschema_rs.Draft202012Validator(schema).is_valid(value)
    except ValueError:
        pytest.skip("no schema")
    if not fits:
        return
    for path, fact in facts(schema).items():
        there = value_at(value, path)
        if there is ABSENT:
            assert not fact.required
            continue
        assert not excludes(facts(schema), path)
        if fact.values is not None:
            assert value_key(there) in fact.values
        if fact.types is not None:
            assert type_of(there) in fact.types
        if fact.keys is not None and isinstance(there, dict):
            assert there.keys() <= fact.keys
