"""The alternatives of one type on both sides in; out comes which of them belong together.

Alternatives that have a constant of their own, such as `{"type": "join"}`, belong to those with the same constant; the
others to those with which they have most in common.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from wsobserve.compare.branches import Branch, Fields, allows, matches
from wsobserve.compare.forms import Forms
from wsobserve.compare.nodes import Node, Source
from wsobserve.compare.words import field_name, value_words

Constants = dict[str, str]  # by the step that leads there: the only value, as JSON text

LEAST_ALIKE = 0.3  # share of what two alternatives have in common, below which they are two things
MOST_PAIRS = 40_000
MOST_MEMBERS = 64  # of a field by which an alternative is split


class Alternatives:
    """Tells alternatives apart and pairs them."""

    def __init__(self) -> None:
        self.forms = Forms(self.disjoint)
        self._nodes: dict[str, Node] = {}
        self._constants: dict[int, tuple[Branch, Constants]] = {}

    def field(self, branch: Branch, name: str) -> tuple[Node, bool] | None:
        """What the branch asks of the property `name`, and whether it is described; None when it cannot be told."""
        node: Node = ()
        described = False
        for fields in branch.fields:
            found: Node = fields.named.get(name, ())
            known = name in fields.named
            for pattern, inner in fields.patterns.items():
                fits = matches(pattern, name)
                if fits is None:
                    return None
                if fits:
                    found += inner
                    known = True
            node += found if known else fields.others
            described |= known
        return node, described

    def element(self, branch: Branch, position: int) -> Node:
        """What the branch asks of the element at this position."""
        node: Node = ()
        for elements in branch.elements:
            node += elements.first[position] if position < len(elements.first) else elements.rest
        return node

    def constants(self, branch: Branch) -> Constants:
        """The required properties, and the positions, that have one value alone."""
        known = self._constants.get(id(branch))
        if known is None:
            known = self._constants[id(branch)] = (branch, self._find_constants(branch))  # the branch is kept: so is its id
        return known[1]

    def _find_constants(self, branch: Branch) -> Constants:
        found: Constants = {}
        for name in sorted(branch.required):
            about = self.field(branch, name)
            values = self._values(about[0]) if about is not None else None
            if values is not None and len(values) == 1:
                found[name] = next(iter(values))
        for position in range(min(branch.fewest, 4) if branch.type == "array" else 0):
            values = self._values(self.element(branch, position))
            if values is not None and len(values) == 1:
                found[f"[{position}]"] = next(iter(values))
        return found

    def _values(self, node: Node) -> frozenset[str] | None:
        """All values that are allowed; None when they are not listed."""
        values: set[str] = set()
        for name, branches in self.forms.form(node).items():
            for branch in branches:
                if name == "null":
                    values.add("null")
                elif branch.values is None:
                    return None
                else:
                    values |= branch.values
        return frozenset(values)

    def disjoint(self, one: Branch, other: Branch) -> bool:
        """Whether two branches of a type have no value in common, for certain."""
        if one.values is not None and other.values is not None:
            return not one.values & other.values
        if one.type == "number" or one.type == "string":
            return _apart(one, other) or _apart(other, one)
        if one.type == "array":
            if _too_many(one, other) or _too_many(other, one):
                return True
            return any(
                self._no_common_value(self.element(one, i), self.element(other, i))
                for i in range(min(one.fewest, other.fewest, 8))
            )
        if one.type == "object":
            return any(self._keeps_apart(name, one, other) for name in sorted(one.required | other.required))
        return False

    def _keeps_apart(self, name: str, one: Branch, other: Branch) -> bool:
        left, right = self.field(one, name), self.field(other, name)
        if left is None or right is None:
            return False
        if name in one.required and name in other.required:
            return self._no_common_value(left[0], right[0])
        without = right[0] if name in one.required else left[0]
        return bool(without) and self.forms.nothing(without)

    def _no_common_value(self, left: Node, right: Node) -> bool:
        if not left or not right:
            return False
        one, other = self.forms.form(left), self.forms.form(right)
        return all(self._scalars_apart(a, b) for name in one.keys() & other.keys() for a in one[name] for b in other[name])

    def _scalars_apart(self, one: Branch, other: Branch) -> bool:
        if one.values is not None and other.values is not None:
            return not one.values & other.values
        return one.type in ("number", "string") and (_apart(one, other) or _apart(other, one))

    def label(self, branch: Branch) -> str:
        """The alternative as a step of a path: `<type="join">`."""
        constants = list(self.constants(branch).items())[:2]
        return (
            "<"
            + ", ".join(f"{name if name.startswith('[') else field_name(name)}={value_words(text)}" for name, text in constants)
            + ">"
        )

    def split(self, branches: list[Branch], others: list[Branch]) -> list[Branch]:
        """The same alternatives, one for each member of a field where the other side has one for each constant."""
        if len(others) < 2 or branches[0].type != "object":
            return branches
        told = Counter(name for other in others for name in self.constants(other))
        names = [name for name, count in told.most_common() if count > 1 and not name.startswith("[")]
        return [part for branch in branches for part in self._split(branch, names)]

    def _split(self, branch: Branch, names: list[str]) -> list[Branch]:
        for name in names:
            about = self.field(branch, name) if name in branch.required else None
            values = self._values(about[0]) if about is not None else None
            if values is not None and 1 < len(values) <= MOST_MEMBERS:
                return [
                    replace(branch, fields=(*branch.fields, Fields({name: self._constant(text)}, {}, ())))
                    for text in sorted(values)
                ]
        return [branch]

    def _constant(self, text: str) -> Node:
        known = self._nodes.get(text)
        if known is None:
            known = self._nodes[text] = Source({"const": json.loads(text)}).node()
        return known

    def pairs(
        self, old: Sequence[Branch], new: Sequence[Branch]
    ) -> tuple[list[tuple[Branch, Branch]], list[Branch], list[Branch]]:
        """The pairs, then what is left of the old and of the new."""
        if len(old) == len(new) == 1:
            return [(old[0], new[0])], [], []
        found: list[tuple[int, int]] = []
        left, right = dict(enumerate(old)), dict(enumerate(new))
        if len(old) * len(new) <= MOST_PAIRS:
            scores = [(self._alike(a, b), -i, -j) for i, a in left.items() for j, b in right.items()]
            for score, i, j in sorted(scores, reverse=True):
                if score >= LEAST_ALIKE and -i in left and -j in right:
                    found.append((-i, -j))
                    del left[-i], right[-j]
        return [(old[i], new[j]) for i, j in sorted(found)], list(left.values()), list(right.values())

    def _alike(self, one: Branch, other: Branch) -> float:
        """0: nothing in common, or a constant that differs; 1 and more: the same constants."""
        if one.type not in ("object", "array"):
            return _scalars_alike(one, other)
        mine, others = self.constants(one), self.constants(other)
        if any(others.get(name, text) != text for name, text in mine.items()):
            return 0.0
        same = sum(others.get(name) == text for name, text in mine.items())
        if one.type == "array":
            return 1.0 * same + (0.5 if (one.fewest, one.most) == (other.fewest, other.most) else 0.1 if not mine else 0.0)
        names = {name for fields in one.fields for name in fields.named} | one.required
        theirs = {name for fields in other.fields for name in fields.named} | other.required
        every = names | theirs
        return same + (len(names & theirs) / len(every) if every else 0.5)


def _apart(one: Branch, other: Branch) -> bool:
    """Whether `one` lies wholly below or outside `other`."""
    if one.maximum is not None and other.minimum is not None:
        high, low = one.maximum, other.minimum
        if high.value < low.value or (high.value == low.value and (high.exclusive or low.exclusive)):
            return True
    if one.longest is not None and one.longest < other.shortest:
        return True
    if one.values is not None:
        bare = replace(other, formats=frozenset(), values=None)
        from_other = [_allowed(bare, text) for text in one.values]
        return not any(from_other)
    return False


def _allowed(branch: Branch, text: str) -> bool:
    return allows(branch, text) is not False


def _too_many(one: Branch, other: Branch) -> bool:
    return one.most is not None and one.most < other.fewest


def _scalars_alike(one: Branch, other: Branch) -> float:
    if one.values is not None and other.values is not None:
        return 0.5 + len(one.values & other.values) / max(1, len(one.values | other.values))
    if one.values is not None or other.values is not None:
        return 0.1
    facets = ("formats", "patterns", "minimum", "maximum", "shortest", "longest", "integer", "multiples")
    same = [bool(getattr(one, facet) == getattr(other, facet)) for facet in facets]
    return sum(same) / len(facets)
