"""One type of value with everything that a schema asks of it: the conjunctions into which schemas are taken apart.

A branch allows a set of values of one type. It is a conjunction, facet by facet, so two branches are compared facet by
facet: where each facet allows as much as before or more, so does the branch.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

from wsobserve.compare.nodes import Node, meaning

TYPES = ("null", "boolean", "number", "string", "array", "object")


class Bound(NamedTuple):
    """An end of a range of numbers."""

    value: Fraction
    exclusive: bool


class Fields(NamedTuple):
    """What one object schema says of properties: a named one, one whose name matches a pattern, and any other."""

    named: Mapping[str, Node]
    patterns: Mapping[str, Node]
    others: Node  # empty: anything


class Elements(NamedTuple):
    """What one array schema says of elements: the first ones, and the rest."""

    first: tuple[Node, ...]
    rest: Node


class Contained(NamedTuple):
    """How many elements there must be that are like this."""

    node: Node
    fewest: int
    most: int | None


class Condition(NamedTuple):
    """if, then, else."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A conjunction of facets; an empty or None facet asks nothing."""

    type: str
    pointer: str = ""
    values: frozenset[str] | None = None  # the only ones, as JSON texts
    integer: bool = False
    minimum: Bound | None = None
    maximum: Bound | None = None
    multiples: frozenset[Fraction] = frozenset()
    shortest: int = 0
    longest: int | None = None
    patterns: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    meaning: str | None = None  # x-wsobserve-format: what a text or a number stands for
    fields: tuple[Fields, ...] = ()
    required: frozenset[str] = frozenset()
    names: Node = ()
    elements: tuple[Elements, ...] = ()
    unique: bool = False
    contained: tuple[Contained, ...] = ()
    fewest: int = 0  # elements or properties
    most: int | None = None
    exclusions: Node = ()  # each part is one `not`
    conditions: tuple[Condition, ...] = ()
    rules: frozenset[tuple[str, str]] = frozenset()  # compared as a whole: what they are in words, and their text

    @property
    def free(self) -> bool:
        """Whether every value of the type is allowed."""
        return replace(self, pointer="", meaning=None) == Branch(type=self.type)

    @property
    def listed(self) -> bool:
        """Whether the values are all that there is to say."""
        return self.values is not None and replace(self, pointer="", values=None, meaning=None) == Branch(type=self.type)


def both(one: Branch, other: Branch) -> Branch | None:
    """What both allow; None when that is nothing for certain."""
    if one.values is None or other.values is None:
        values = one.values if other.values is None else other.values
    else:
        values = one.values & other.values
    branch = Branch(
        type=one.type,
        pointer=one.pointer if other.free or not one.free else other.pointer,
        values=values,
        integer=one.integer or other.integer,
        minimum=_higher(one.minimum, other.minimum),
        maximum=_lower(one.maximum, other.maximum),
        multiples=one.multiples | other.multiples,
        shortest=max(one.shortest, other.shortest),
        longest=_least(one.longest, other.longest),
        patterns=one.patterns | other.patterns,
        formats=one.formats | other.formats,
        meaning=one.meaning or other.meaning,
        fields=one.fields + other.fields,
        required=one.required | other.required,
        names=one.names + other.names,
        elements=one.elements + other.elements,
        unique=one.unique or other.unique,
        contained=one.contained + other.contained,
        fewest=max(one.fewest, other.fewest),
        most=_least(one.most, other.most),
        exclusions=one.exclusions + other.exclusions,
        conditions=one.conditions + other.conditions,
        rules=one.rules | other.rules,
    )
    return settled(branch)


def settled(branch: Branch) -> Branch | None:
    """The same set of values, said plainly; None when no value can meet it."""
    if branch.integer:
        branch = _whole_bounds(branch)
    if branch.type == "boolean" and branch.values == frozenset(("true", "false")):
        branch = replace(branch, values=None)
    if branch.values is not None:
        values = frozenset(text for text in branch.values if allows(branch, text) is not False)
        decided = all(allows(branch, text) for text in values)
        branch = replace(branch, values=values)
        if decided and branch.type in ("number", "string"):  # the other facets have had their say
            branch = replace(branch, integer=False, minimum=None, maximum=None, multiples=frozenset())
            branch = replace(branch, shortest=0, longest=None, patterns=frozenset())
        if not values:
            return None
    low, high = branch.minimum, branch.maximum
    if low and high and (low.value > high.value or (low.value == high.value and (low.exclusive or high.exclusive))):
        return None
    if branch.longest is not None and branch.shortest > branch.longest:
        return None
    if branch.most is not None and branch.fewest > branch.most:
        return None
    return branch


def _whole_bounds(branch: Branch) -> Branch:
    """Of integers, `> 0` and `>= 0.5` are both `>= 1`."""
    low, high = branch.minimum, branch.maximum
    if low is not None:
        least = math.floor(low.value) + 1 if low.exclusive else math.ceil(low.value)
        low = Bound(Fraction(least), False)
    if high is not None:
        most = math.ceil(high.value) - 1 if high.exclusive else math.floor(high.value)
        high = Bound(Fraction(most), False)
    return replace(branch, minimum=low, maximum=high)


def _higher(one: Bound | None, other: Bound | None) -> Bound | None:
    if one is None or other is None:
        return one or other
    return max(one, other)


def _lower(one: Bound | None, other: Bound | None) -> Bound | None:
    if one is None or other is None:
        return one or other
    return min(one, other, key=lambda bound: (bound.value, not bound.exclusive))


def _least(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)


def allows(branch: Branch, text: str) -> bool | None:
    """Whether the facets allow this number or text, its `values` and `formats` aside; None: not known."""
    value = json.loads(text)
    if isinstance(value, str):
        if len(value) < branch.shortest or (branch.longest is not None and len(value) > branch.longest):
            return False
        found = [matches(pattern, value) for pattern in branch.patterns]
        return False if False in found else None if None in found else True
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True if branch.type in ("null", "boolean") else None
    number = Fraction(value)
    if branch.integer and number.denominator != 1:
        return False
    low, high = branch.minimum, branch.maximum
    if low is not None and (number < low.value or (low.exclusive and number == low.value)):
        return False
    if high is not None and (number > high.value or (high.exclusive and number == high.value)):
        return False
    return all((number / multiple).denominator == 1 for multiple in branch.multiples)


# A group that repeats, and back references, can take a time that grows exponentially with the text.
_COSTLY = re.compile(r"\)\s*[*+{]|\\[1-9]|\(\?(?!:)")
_REPETITION = re.compile(r"[*+{]")


def matches(pattern: str, text: str) -> bool | None:
    """Whether the pattern is found in the text; None when it cannot be told cheaply and for certain."""
    if len(text) > 100 or len(pattern) > 500 or _COSTLY.search(pattern) or len(_REPETITION.findall(pattern)) > 3:
        return None
    if "\\p" in pattern or "\\Z" in pattern or text.endswith("\n") or not (text.isascii() and pattern.isascii()):
        return None  # ECMA-262 and Python differ
    try:
        return re.search(pattern, text) is not None
    except (re.error, OverflowError, RecursionError):
        return None


def rules_text(branch: Branch) -> str:
    """What the branch says of properties, as text: equal for equal words."""
    texts = [
        json.dumps(
            [
                sorted((name, meaning(node)) for name, node in fields.named.items()),
                sorted((pattern, meaning(node)) for pattern, node in fields.patterns.items()),
                meaning(fields.others),
            ]
        )
        for fields in branch.fields
    ]
    return "\n".join(sorted(texts))
