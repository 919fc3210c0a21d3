"""Numbers, texts and listed values: each facet by itself, in both directions."""

from __future__ import annotations

from typing import Any

import pytest

from wsobserve.compare.changes import Finding
from wsobserve.compare.schemas import compare_schemas


def found(old: Any, new: Any) -> list[tuple[str, str, str | None, str | None]]:
    return [(finding.what, finding.compatibility, finding.old, finding.new) for finding in compare_schemas(old, new)]


def number(**facets: Any) -> dict[str, Any]:
    return {"type": "number", **facets}


def text(**facets: Any) -> dict[str, Any]:
    return {"type": "string", **facets}


def test_a_bound_is_said_as_people_say_it() -> None:
    assert found(number(minimum=1), number(exclusiveMinimum=1)) == [
        ("range_narrowed", "narrowing", "at least 1", "more than 1")
    ]
    assert found(number(), number(maximum=0.5)) == [("range_narrowed", "narrowing", None, "at most 0.5")]
    assert found(number(maximum=10**400), number()) == [("range_widened", "widening", "at most inf", None)]


@pytest.mark.parametrize(
    ("old", "new", "what", "compatibility"),
    [
        ({"enum": [1, 2]}, number(minimum=0), "enumeration_opened", "widening"),
        ({"enum": [1, 2]}, number(minimum=2), "enumeration_opened", "incompatible"),
        ({"enum": ["a"]}, text(format="uuid"), "enumeration_opened", "incompatible"),
        ({"enum": ["a"], "format": "uuid"}, text(format="uuid"), "enumeration_opened", "widening"),
        (text(pattern="^a"), {"enum": ["ab", "a"]}, "enumeration_closed", "narrowing"),
        (text(pattern="^a"), {"enum": ["b"]}, "enumeration_closed", "incompatible"),
        ({"const": True}, {"type": "boolean"}, "enumeration_opened", "widening"),
        ({"const": {"a": 1}}, {"type": "object"}, "enumeration_opened", "widening"),
        ({"const": {"a": 1}}, {"type": "object", "required": ["a"]}, "enumeration_opened", "incompatible"),
        (number(multipleOf=4), number(multipleOf=2), "multiple_changed", "widening"),
        (text(format="iri"), text(format="uri"), "format_changed", "narrowing"),
        ({"type": "integer", "format": "int32"}, {"type": "integer", "format": "int64"}, "format_changed", "widening"),
        (text(minLength=2), text(minLength=1), "length_widened", "widening"),
    ],
)
def test_a_facet_has_its_class(old: Any, new: Any, what: str, compatibility: str) -> None:
    (finding,) = compare_schemas(old, new)
    assert (finding.what, finding.compatibility) == (what, compatibility)


def test_what_could_not_be_decided_is_said() -> None:
    findings: list[Finding] = compare_schemas({"enum": ["a"]}, text(format="uuid"))
    assert "cannot be decided" in findings[0].reason
    assert "cannot be decided" in compare_schemas(text(pattern="a"), text(pattern="b"))[0].reason


def test_members_are_named_without_those_that_look_like_secrets() -> None:
    assert found({"enum": ["a"]}, {"enum": ["a", "b", "eyJhbGciOiJIUzI1NiJ9.e30.abc"]}) == [
        ("member_added", "widening", None, '"b", "***"')
    ]


def test_an_annotation_that_comes_is_words_and_one_that_changes_is_another_meaning() -> None:
    plain, seconds, millis = text(), text(**{"x-wsobserve-format": "s"}), text(**{"x-wsobserve-format": "ms"})
    assert found(plain, seconds) == [("description_changed", "documentation", None, "s")]
    assert found(seconds, millis) == [("format_changed", "incompatible", "s", "ms")]
