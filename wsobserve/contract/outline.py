"""A schema in; the properties and members of enumerations that it names, and which of them traffic has shown, out.

An outline is a tree like the messages themselves: what the alternatives of a schema name at one place is joined. A point
is one name in it, a property or a member, numbered in the order of the tree. What is told of traffic is a set of points.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from wsobserve.contract.facts import value_key
from wsobserve.contract.sources import Place, Sources, pointer_token
from wsobserve.contract.terms import Schema

DEEPEST = 32
MOST_VISITS = 100_000  # schemas that are looked at: alternatives of alternatives can be without end


class Outline:
    """One place in a message. `point`: the number of the property that stands here; -1: it is no property."""

    __slots__ = ("behind", "beside", "items", "members", "others", "point", "positions", "properties")

    def __init__(self, point: int = -1) -> None:
        self.point = point
        self.properties: dict[str, Outline] = {}
        self.others: Outline | None = None  # under keys that are not `beside`
        self.beside: frozenset[str] = frozenset()
        self.positions: list[Outline] = []
        self.items: Outline | None = None  # at any position from `behind` on
        self.behind = 0
        self.members: dict[object, tuple[int, str]] = {}  # by value key: the point, and the member as JSON text

    def inner(self, key: str | int) -> tuple[str, Outline | None]:
        """How a key or position is shown in a path, and what stands there. A key that the schema does not name is `*`."""
        if isinstance(key, str):
            named = self.properties.get(key)
            return (pointer_token(key), named) if named is not None else ("*", self.others)
        if key < len(self.positions):
            return str(key), self.positions[key]
        return "*", self.items

    def counts(self) -> tuple[int, int]:
        """How many properties and members are in here."""
        inner = [*self.properties.values(), *self.positions, *(each for each in (self.others, self.items) if each is not None)]
        counts = [each.counts() for each in inner]
        return len(self.properties) + sum(each for each, _ in counts), len(self.members) + sum(each for _, each in counts)


class OutlineMaker:
    """Makes outlines of no more than `most` points each; how many names did not fit is in `left_out`."""

    def __init__(self, sources: Sources, most: int) -> None:
        self._sources = sources
        self._most = most
        self.points = 0
        self.left_out = 0
        self._visits = 0
        self._reference_alone = False

    def outline(self, schemas: Iterable[Schema | None]) -> Outline:
        """What these schemas name, together."""
        self.points = self.left_out = self._visits = 0
        root = Outline()
        for schema in schemas:
            if schema is not None:
                # Before 2019-09 whatever stands beside a reference is passed over.
                self._reference_alone = schema.dialect in ("draft-04", "draft-06", "draft-07")
                self._add(root, self._sources.resolve(schema.location), (), 0)
        return root

    def _add(self, node: Outline, place: Place, above: tuple[str, ...], depth: int) -> None:
        """`above`: the references that were followed on the way; one that comes back is not followed again."""
        schema = place.value
        self._visits += 1
        if not isinstance(schema, dict) or depth > DEEPEST or self._visits > MOST_VISITS:
            self.left_out += self._visits > MOST_VISITS
            return
        if isinstance(schema.get("$ref"), str):
            followed = self._sources.follow(place)
            if followed.location not in above:
                self._add(node, followed, (*above, followed.location), depth)
            if self._reference_alone:
                return
        self._add_members(node, schema)
        self._add_properties(node, place, above, depth)
        self._add_items(node, place, above, depth)
        for keyword in ("allOf", "anyOf", "oneOf"):
            for each in place.child(keyword).elements() if keyword in schema else ():
                self._add(node, each, above, depth + 1)
        for keyword in ("then", "else"):
            if keyword in schema:
                self._add(node, place.child(keyword), above, depth + 1)

    def _add_properties(self, node: Outline, place: Place, above: tuple[str, ...], depth: int) -> None:
        schema = place.value
        named = list(place.child("properties").entries()) if "properties" in schema else []
        for key, child in named:
            inner = node.properties.get(key)
            if inner is None:
                if not self._room():
                    continue
                inner = node.properties[key] = Outline(self.points - 1)
            self._add(inner, child, above, depth + 1)
        others = [child for _, child in place.child("patternProperties").entries()] if "patternProperties" in schema else []
        others += [
            place.child(keyword)
            for keyword in ("additionalProperties", "unevaluatedProperties")
            if isinstance(schema.get(keyword), dict)
        ]
        if others:
            beside = frozenset(key for key, _ in named)
            node.beside = beside if node.others is None else node.beside & beside
            node.others = node.others or Outline()
            for each in others:
                self._add(node.others, each, above, depth + 1)

    def _add_items(self, node: Outline, place: Place, above: tuple[str, ...], depth: int) -> None:
        schema = place.value
        positions = [
            each for keyword in ("prefixItems", "items") if keyword in schema for each in place.child(keyword).elements()
        ]
        for number, each in enumerate(positions):
            if number == len(node.positions):
                node.positions.append(Outline())
            self._add(node.positions[number], each, above, depth + 1)
        for keyword in ("items", "additionalItems", "unevaluatedItems"):
            if isinstance(schema.get(keyword), dict):
                node.behind = len(positions) if node.items is None else min(node.behind, len(positions))
                node.items = node.items or Outline()
                self._add(node.items, place.child(keyword), above, depth + 1)

    def _add_members(self, node: Outline, schema: dict[str, object]) -> None:
        members = [schema["const"]] if "const" in schema else schema.get("enum")
        for member in members if isinstance(members, list) else ():
            if not isinstance(member, dict | list) and value_key(member) not in node.members and self._room():
                node.members[value_key(member)] = self.points - 1, json.dumps(member, ensure_ascii=False)

    def _room(self) -> bool:
        if self.points >= self._most:
            self.left_out += 1
            return False
        self.points += 1
        return True


class Unseen:
    """What of an outline traffic has not shown yet. It gets smaller with what it is shown, until nothing is left."""

    __slots__ = ("behind", "beside", "items", "members", "others", "point", "positions", "properties")

    def __init__(self, outline: Outline, seen: set[int]) -> None:
        self.point = outline.point if outline.point not in seen else -1
        inner = {key: Unseen(each, seen) for key, each in outline.properties.items()}
        self.properties = {key: each for key, each in inner.items() if each.left()}
        self.others = _left(outline.others, seen)
        self.beside = outline.beside
        positions = [_left(each, seen) for each in outline.positions]
        self.positions = positions if any(positions) else []
        self.items = _left(outline.items, seen)
        self.behind = outline.behind
        self.members = {value: point for value, (point, _) in outline.members.items() if point not in seen}

    def left(self) -> bool:
        """Whether there is anything that it waits for."""
        return bool(
            self.point >= 0
            or self.properties
            or self.members
            or self.others is not None
            or self.items is not None
            or self.positions
        )

    def look(self, value: object, seen: set[int]) -> None:
        """Add what this value shows to `seen`."""
        if self.point >= 0:
            seen.add(self.point)
            self.point = -1
        if isinstance(value, dict):
            if self.properties:
                self._look_into(value, seen)
            if self.others is not None:
                self._look_beside(value, seen)
        elif isinstance(value, list):
            if self.positions:
                self._look_at_first(value, seen)
            if self.items is not None:
                self._look_along(value, seen)
        elif self.members:
            found = self.members.pop(value_key(value), None)
            if found is not None:
                seen.add(found)

    def _look_into(self, value: dict[str, object], seen: set[int]) -> None:
        waiting = self.properties
        fewer, more = (value, waiting) if len(value) < len(waiting) else (waiting, value)
        for key in [key for key in fewer if key in more]:
            inner = waiting[key]
            inner.look(value[key], seen)
            if not inner.left():
                del waiting[key]

    def _look_beside(self, value: dict[str, object], seen: set[int]) -> None:
        for key, entry in value.items():
            if self.others is not None and key not in self.beside:
                self.others.look(entry, seen)
                if not self.others.left():
                    self.others = None

    def _look_at_first(self, value: list[object], seen: set[int]) -> None:
        for number, inner in enumerate(self.positions[: len(value)]):
            if inner is not None:
                inner.look(value[number], seen)
                if not inner.left():
                    self.positions[number] = None
        if not any(self.positions):
            self.positions = []

    def _look_along(self, value: list[object], seen: set[int]) -> None:
        for entry in value[self.behind :] if self.behind else value:
            if self.items is not None:
                self.items.look(entry, seen)
                if not self.items.left():
                    self.items = None


def _left(outline: Outline | None, seen: set[int]) -> Unseen | None:
    if outline is None:
        return None
    unseen = Unseen(outline, seen)
    return unseen if unseen.left() else None


def unseen_names(outline: Outline, seen: set[int], path: str = "") -> Iterator[tuple[str, str | None]]:
    """What was not seen: paths of properties, and paths with the member. What is inside of something unseen is not told."""
    for point, member in outline.members.values():
        if point not in seen:
            yield path, member
    for key, inner in outline.properties.items():
        inside = f"{path}/{pointer_token(key)}"
        if inner.point not in seen:
            yield inside, None
        else:
            yield from unseen_names(inner, seen, inside)
    if outline.others is not None:
        yield from unseen_names(outline.others, seen, f"{path}/*")
    for number, each in enumerate(outline.positions):
        yield from unseen_names(each, seen, f"{path}/{number}")
    if outline.items is not None:
        yield from unseen_names(outline.items, seen, f"{path}/*")
