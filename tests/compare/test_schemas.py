"""Every case of the table is what it says, and the laws hold for schemas that nobody thought of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it publishes no types

from tests.compare import generated
from tests.compare.cases import CASES, Case, table
from wsobserve.compare.changes import BROKEN, Compatibility, Finding, certainty_of, severity_of, together, who_breaks
from wsobserve.compare.nodes import Source
from wsobserve.compare.schemas import SchemaWalk, compare_schemas
from wsobserve.compare.words import field_path

MIRROR: dict[str, str] = {"widening": "narrowing", "narrowing": "widening"}
LAWS = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def said(finding: Finding, direction: Any) -> str:
    """A finding as the case table writes it."""
    who = who_breaks(BROKEN.get(finding.compatibility, ()), direction)
    severity = severity_of(finding.compatibility, direction, finding.mild)
    certainty = certainty_of(finding.what, finding.compatibility, traffic=True)
    return f"{finding.what} {field_path(finding.path)} {finding.compatibility} {severity} {who} {certainty}"


def whole(old: object, new: object) -> str:
    return together(finding.compatibility for finding in compare_schemas(old, new))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_case_is_classified_as_the_table_says(case: Case) -> None:
    found = compare_schemas(case.old, case.new)
    assert tuple(said(finding, case.direction) for finding in found) == case.changes
    assert together(finding.compatibility for finding in found) == case.whole


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_case_read_backwards_is_its_mirror_image(case: Case) -> None:
    assert whole(case.new, case.old) == MIRROR.get(case.whole, case.whole)


def test_the_table_is_large_and_has_every_class_in_both_directions() -> None:
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)
    assert {case.whole for case in CASES} == set(get_args(Compatibility))
    for direction in ("server_to_client", "client_to_server"):
        assert {"widening", "narrowing", "incompatible"} <= {case.whole for case in CASES if case.direction == direction}


def test_the_docs_show_the_table_as_it_is(checkout: Path) -> None:
    assert table() in (checkout / "docs" / "schema-diff.md").read_text(encoding="utf-8")


@LAWS
@given(generated.schemas())
def test_a_schema_is_identical_to_itself(schema: Any) -> None:
    assert compare_schemas(schema, json.loads(json.dumps(schema))) == []


@LAWS
@given(st.data())
def test_what_is_said_of_schemas_holds_for_values(data: st.DataObject) -> None:
    old = data.draw(generated.schemas())
    new = data.draw(generated.edited(old) if data.draw(st.integers(0, 4)) else generated.schemas())
    found = whole(old, new)
    assert whole(new, old) == MIRROR.get(found, found)
    accepted_before, accepted_after = Draft202012Validator(old).is_valid, Draft202012Validator(new).is_valid
    for value in data.draw(st.lists(generated.values(), min_size=8, max_size=8)):
        if found in ("identical", "documentation", "widening"):
            assert accepted_after(value) or not accepted_before(value), value
        if found in ("identical", "documentation", "narrowing"):
            assert accepted_before(value) or not accepted_after(value), value


def test_every_incompatibility_that_could_not_be_decided_says_why() -> None:
    old = {"type": "object", "patternProperties": {"^(a|b)*$": {"type": "string"}}, "properties": {"x": {"type": "string"}}}
    new = {**old, "properties": {"x": {"type": "integer"}}}
    (finding,) = compare_schemas(old, new)
    assert finding.compatibility == "incompatible"
    assert "cannot be decided" in finding.reason


def test_schemas_nested_too_deep_are_said_to_be_and_end() -> None:
    def nested(leaf: str) -> Any:
        schema: Any = {"type": leaf}
        for _ in range(90):
            schema = {"type": "object", "properties": {"a": schema}}
        return schema

    (finding,) = compare_schemas(nested("string"), nested("integer"))
    assert finding.what == "limit_reached"
    assert finding.compatibility == "incompatible"


def test_differences_beyond_the_limit_are_counted() -> None:
    old = {"properties": {f"f{i}": {"type": "string"} for i in range(1_500)}}
    new = {"properties": {f"f{i}": {"type": "integer"} for i in range(1_500)}}
    found = compare_schemas(old, new)
    assert len(found) == 1_001
    assert found[-1].reason == "500 more differences are not listed"


def test_alternatives_within_alternatives_within_themselves_end_soon() -> None:
    """Every definition refers to all others: the ways through are more than can be walked."""

    def web(leaf: str) -> Any:
        everywhere = {"anyOf": [{"$ref": f"#/$defs/d{i}"} for i in range(12)]}
        definitions = {
            f"d{i}": {"type": "object", "properties": {f"p{i}": everywhere, "leaf": {"type": leaf}}} for i in range(12)
        }
        return {"$ref": "#/$defs/d0", "$defs": definitions}

    walk = SchemaWalk()
    found = walk.compare(Source(web("string")).node(), Source(web("integer")).node())
    assert together(finding.compatibility for finding in found) == "incompatible"


def test_the_pointer_leads_to_the_place_in_the_newer_document() -> None:
    old = {"type": "object", "properties": {"a/b": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"type": "string"}}}
    new = {"type": "object", "properties": {"a/b": {"items": {"type": "integer"}, "type": "array"}}}
    (finding,) = compare_schemas(old, new)
    assert finding.pointer == "/properties/a~1b"
    assert finding.path == ('"a/b"',)
