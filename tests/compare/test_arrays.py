"""Arrays: positions, the rest, how many, and what must be among them."""

from __future__ import annotations

from typing import Any

import pytest

from wsobserve.compare.changes import together
from wsobserve.compare.schemas import compare_schemas

STRING, INTEGER, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}


def array(**facets: Any) -> dict[str, Any]:
    return {"type": "array", **facets}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (array(prefixItems=[STRING], items=STRING), array(items=STRING), "identical"),
        (array(prefixItems=[INTEGER], items=INTEGER), array(items=NUMBER), "widening"),
        (array(prefixItems=[STRING, INTEGER], items=False), array(prefixItems=[STRING], items=False), "narrowing"),
        (array(items=STRING, maxItems=0), array(items=INTEGER, maxItems=0), "identical"),
        (array(items=STRING, maxItems=0), array(items=INTEGER, maxItems=1), "widening"),
        (array(minItems=1), array(maxItems=5), "incompatible"),
        (array(uniqueItems=True), array(uniqueItems=False), "widening"),
        (array(contains=INTEGER), array(contains=NUMBER), "widening"),
        (array(contains=INTEGER, maxContains=2), array(contains=NUMBER, maxContains=2), "incompatible"),
        (array(contains=INTEGER), array(contains=INTEGER, minContains=1), "identical"),
        (array(contains=INTEGER), array(), "widening"),
    ],
)
def test_arrays_are_compared_position_by_position(old: Any, new: Any, expected: str) -> None:
    mirror = {"widening": "narrowing", "narrowing": "widening"}
    assert together(finding.compatibility for finding in compare_schemas(old, new)) == expected
    assert together(finding.compatibility for finding in compare_schemas(new, old)) == mirror.get(expected, expected)


def test_a_position_is_named_in_the_path() -> None:
    (finding,) = compare_schemas(array(prefixItems=[True, INTEGER]), array(prefixItems=[True, NUMBER]))
    assert finding.path == ("[1]",)
    assert finding.pointer == "/prefixItems/1"


def test_positions_beyond_the_limit_are_said_not_to_be_compared() -> None:
    old, new = array(prefixItems=[STRING] * 1_200), array(prefixItems=[STRING] * 1_199 + [INTEGER])
    assert [finding.what for finding in compare_schemas(old, new)] == ["limit_reached"]
