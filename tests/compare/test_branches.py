"""Conjunctions of one type: what both allow, said plainly, and what cannot be met."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest

from wsobserve.compare.branches import Bound, Branch, allows, both, matches, rules_text, settled


def number(low: float | None = None, high: float | None = None, *, strict: bool = False, **facets: object) -> Branch:
    minimum = None if low is None else Bound(Fraction(low), strict)
    maximum = None if high is None else Bound(Fraction(high), strict)
    return Branch(type="number", minimum=minimum, maximum=maximum, **facets)  # type: ignore[arg-type]


def test_both_allow_the_smaller_range_and_the_stricter_bound() -> None:
    assert both(number(1, 5), number(3, 9)) == number(3, 5)
    assert both(number(1), number(1, strict=True)) == number(1, strict=True)
    assert both(number(None, 5), number(None, 5, strict=True)) == number(None, 5, strict=True)


def test_what_cannot_be_met_is_none() -> None:
    assert both(number(1, 2), number(3, 4)) is None
    assert both(number(None, 2), number(2, strict=True)) is None
    assert settled(Branch(type="string", shortest=3, longest=2)) is None
    assert settled(Branch(type="array", fewest=1, most=0)) is None
    assert both(Branch(type="string", values=frozenset(('"a"',))), Branch(type="string", values=frozenset(('"b"',)))) is None
    assert settled(number(0.2, 0.8, integer=True)) is None


def test_bounds_of_integers_are_integers() -> None:
    assert settled(number(0, 3, strict=True, integer=True)) == number(1, 2, integer=True)


def test_listed_values_say_what_the_other_facets_say() -> None:
    branch = settled(number(1, 2, values=frozenset(("0", "1", "2", "1.5")), integer=True))
    assert branch is not None
    assert branch.values == frozenset(("1", "2"))
    assert branch.listed
    assert settled(Branch(type="boolean", values=frozenset(("true", "false")))) == Branch(type="boolean")


def test_a_format_does_not_go_with_the_list() -> None:
    branch = settled(Branch(type="string", values=frozenset(('"a"',)), formats=frozenset(("uuid",))))
    assert branch is not None
    assert not branch.listed


def test_every_value_is_allowed_by_a_free_branch_alone() -> None:
    assert Branch(type="object", pointer="/a").free
    assert not Branch(type="object", required=frozenset(("a",))).free


@pytest.mark.parametrize(
    ("branch", "text", "expected"),
    [
        (number(0, 5), "5", True),
        (number(0, 5), "6", False),
        (number(integer=True), "1.5", False),
        (number(multiples=frozenset((Fraction(1, 2),))), "1.5", True),
        (Branch(type="string", longest=1), '"ab"', False),
        (Branch(type="string", patterns=frozenset(("^a",))), '"ab"', True),
        (Branch(type="string", patterns=frozenset(("(a+)+$",))), '"ab"', None),
        (Branch(type="object"), "{}", None),
        (Branch(type="null"), "null", True),
    ],
)
def test_a_value_is_tried_where_that_is_cheap(branch: Branch, text: str, expected: bool | None) -> None:
    assert allows(branch, text) is expected


def test_a_pattern_that_could_take_for_ever_is_not_tried() -> None:
    began = time.process_time()
    for pattern in ("^(a+)+$", "(a|a)*b", "a*a*a*a*a*b", "(x+x+)+y", r"(.)\1", "[", "(?=a)"):
        assert matches(pattern, "a" * 60) is None
    assert time.process_time() - began < 1
    assert matches("^[a-z]+$", "abc") is True
    assert matches("\\d", "é") is None  # ECMA-262 and Python differ beyond ASCII


def test_the_rules_of_fields_are_equal_text_when_they_are_equal() -> None:
    assert rules_text(Branch(type="object")) == rules_text(Branch(type="object", required=frozenset(("a",))))
