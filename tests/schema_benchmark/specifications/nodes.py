"""A small language of messages: each node makes values, tells their truth as JSON Schema, and breaks them in one place.

Because one node does all three, they cannot disagree. Faults have the names of streams.STRUCTURAL and streams.SEMANTIC.
Values come from a World; presence, alternatives and members of enumerations are skewed, each in its own way.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias

import jsonschema_rs

from tests.schema_benchmark.specifications.world import World

Path: TypeAlias = "tuple[str | int, ...]"
Fault: TypeAlias = "tuple[str, Any]"
DEEPEST = 5  # records of one recursive kind within each other
OTHER_TYPES: list[Any] = [None, False, 12, 0.25, "another type", [], {}]
NO_FORMAT = "not in this format !"


class TooDeep(Exception):
    """A recursive record would lie too deep: whoever can do without it does."""


class Node:
    """What one place of a message may hold."""

    def make(self, world: World) -> Any:
        raise NotImplementedError

    def schema(self, shared: dict[str, Any]) -> dict[str, Any]:
        """The truth. `shared` takes the definitions of what is recursive."""
        raise NotImplementedError

    def own_faults(self, value: Any, chance: Random) -> Iterator[Fault]:
        """The value with one thing wrong in this place itself."""
        yield from ()

    def parts(self, value: Any) -> list[tuple[str | int, Node]]:
        """What lies within."""
        return []

    def faults(self, value: Any, chance: Random) -> Iterator[Fault]:
        """The value with one thing wrong anywhere in it; not every one of them need be wrong by the whole schema."""
        yield "wrong_type", copy.deepcopy(chance.choice([each for each in OTHER_TYPES if _type(each) != _type(value)]))
        yield from self.own_faults(value, chance)
        for key, node in self.parts(value):
            for fault, broken in node.faults(value[key], chance):
                yield fault, _with(value, key, broken)

    def tags(self) -> dict[Path, Any]:
        """Where this node tells which alternative it is, and what it says there."""
        return {}

    def inner(self) -> Sequence[Node]:
        """The nodes below, whatever the value."""
        return ()


def _type(value: Any) -> str:
    return "number" if type(value) in (int, float) else type(value).__name__


def _with(value: Any, key: Any, new: Any) -> Any:
    changed = copy.copy(value)
    changed[key] = new
    return changed


@dataclass
class Text(Node):
    """A string. `constraint`: what is true of every one of them; nothing for free text."""

    write: Callable[[World], str]
    constraint: dict[str, Any]

    def make(self, world: World) -> Any:
        return self.write(world)

    def schema(self, shared: dict[str, Any]) -> dict[str, Any]:
        return {"type": "string", **self.constraint}

    def own_faults(self, value: Any, chance: Random) -> Iterator[Fault]:
        if self.constraint:
            yield "format", NO_FORMAT


@dataclass
class Number(Node):
    """`bounds`: what the specification allows, None where it says nothing."""

    count: Callable[[World], float]
    whole: bool = True
    bounds: tuple[float, float] | None = None

    def make(self, world: World) -> Any:
        return self.count(world)

    def schema(self, shared: dict[str, Any]) -> dict[str, Any]:
        limits = {} if self.bounds is None else {"minimum": self.bounds[0], "maximum": self.bounds[1]}
        return {"type": "integer" if self.whole else "number", **limits}

    def own_faults(self, value: Any, chance: Random) -> Iterator[Fault]:
        if self.whole:
            yield "int_to_float", value + 0.5
        if self.bounds is not None:
            low, high = self.bounds
            yield "range", high + 10 * (high - low + 1)


class Boolean(Node):
    def __init__(self, often: float = 0.5) -> None:
        self._often = often

    def make(self, world: World) -> Any:
        return world.chance.random() < self._often

    def schema(self, shared: dict[str, Any]) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass
class Constant(Node):
    """Always this. `tag`: it tells what the record around it is."""

    value: Any
    tag: bool = False

    def make(self, world: World) -> Any:
        return self.value

    def schema(self, shared: dict[str, Any]) -> dict[str, Any]:
        return {"const": self.value}

    def own_faults(self, value: Any, chance: Random) -> Iterator[Fault]:
        if self.tag:
            yield "unknown_tag", "tag_of_nothing" if isinstance(value, str) else 98_765

    def tags(self) -> dict[Path, Any]:
        return {(): self.value} if self.tag else {}


@dataclass
class Enumeration(Node):
    """One of these, the first most (as Zipf found)."""

    members: list[Any]

    def __post_init__(self) -> None:
        self._weights = [1 / (rank + 1) for rank in range(len(self.members))]

    def make(self, world: World) -> Any:
        return world.chance.choices(self.members, self._weights)[0]

    def schema(self, shared: dict[str, Any]) -> dict[str, Any]:
        return {"enum": list(self.members)}

    def own_faults(self, value: Any, chance: Random) -> Iterator[Fault]:
        yield "enum", "member_of_nothing" if isinstance(value, str) else 876_543


class Free(Node):
    """Whatever there is."""

    def make(self, world: World) -> Any:
        return world.free()

    def schema(self, shared: dict[str, Any]) -> dict[str, Any]:
        return {}

    def faults(self, value: Any, chance: Random) -> Iterator[Fault]:
        yield from ()


class FreeRecord(Node):
    """An object with whatever in it."""

    def make(self, world: World) -> Any:
        return world.free_record()

    def schema(self, shared: dict[str, Any]) -> dict[str, Any]:
        return {"type": "object"}


@dataclass
class Nullable(Node):
    node: Node
    often: float

    def make(self, world: World) -> Any:
        return None if world.chance.random() < self.often else self.node.make(world)

    def schema(self, shared: dict[str, Any]) -> dict[str, Any]:
        return {"anyOf": [{"type": "null"}, self.node.schema(shared)]}

    def faults(self, value: Any, chance: Random) -> Iterator[Fault]:
        if value is None:
            yield "wrong_type", copy.deepcopy(chance.choice(OTHER_TYPES[1:]))
        else:
            yield from self.node.faults(value, chance)

    def inner(self) -> Sequence[Node]:
        return (self.node,)


@dataclass
class Field:
    """`presence`: 1 where the specification requires it."""

    node: Node
    presence: float = 1.0


class Record(Node):
    """These keys and no others; with `open`, now and then one that nobody knows in advance."""

    def __init__(self, fields: dict[str, Field], *, is_open: bool = False) -> None:
        self.fields = fields
        self.is_open = is_open

    def make(self, world: World) -> Any:
        value: dict[str, Any] = {}
        for name, field in self.fields.items():
            if field.presence == 1:
                value[name] = field.node.make(world)
            elif world.chance.random() < field.presence:
                try:
                    value[name] = field.node.make(world)
                except TooDeep:
                    pass
        if self.is_open and world.chance.random() < 0.3:
            value[world.free_key()] = world.free(2)
        return value

    def schema(self, shared: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {
            "type": "object",
            "properties": {name: field.node.schema(shared) for name, field in self.fields.items()},
            "required": sorted(name for name, field in self.fields.items() if field.presence == 1),
        }
        return found if self.is_open else {**found, "additionalProperties": False}

    def own_faults(self, value: Any, chance: Random) -> Iterator[Fault]:
        if not self.is_open:
            yield "extra_field", {**value, "field_of_nothing": chance.choice([3, "x", None, {"b": 2}])}
        for name, field in self.fields.items():
            if field.presence == 1:
                fault = "missing_tag" if isinstance(field.node, Constant) and field.node.tag else "missing_required"
                yield fault, {key: each for key, each in value.items() if key != name}

    def parts(self, value: Any) -> list[tuple[str | int, Node]]:
        return [(name, field.node) for name, field in self.fields.items() if name in value]

    def tags(self) -> dict[Path, Any]:
        return {
            (name, *path): tag
            for name, field in self.fields.items()
            if field.presence == 1
            for path, tag in field.node.tags().items()
        }

    def inner(self) -> Sequence[Node]:
        return [field.node for field in self.fields.values()]


@dataclass
class Map(Node):
    """Keys that are data, values of one kind."""

    key: Callable[[World], str]
    node: Node
    most: int = 6

    def make(self, world: World) -> Any:
        made: dict[str, Any] = {}
        for _ in range(world.chance.randint(0, self.most)):
            try:
                made[self.key(world)] = self.node.make(world)
            except TooDeep:
                break
        return made

    def schema(self, shared: dict[str, Any]) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": self.node.schema(shared)}

    def own_faults(self, value: Any, chance: Random) -> Iterator[Fault]:
        yield "map_value", {**value, "key_of_nothing": chance.choice([[[["x"]]], -7.75e8])}

    def parts(self, value: Any) -> list[tuple[str | int, Node]]:
        return [(key, self.node) for key in list(value)[:2]]

    def inner(self) -> Sequence[Node]:
        return (self.node,)


@dataclass
class Repeated(Node):
    """As many of one kind as there are."""

    node: Node
    most: int = 4
    least: int = 0

    def make(self, world: World) -> Any:
        made: list[Any] = []
        for number in range(world.chance.randint(self.least, self.most)):
            try:
                made.append(self.node.make(world))
            except TooDeep:
                if number < self.least:
                    raise
                break
        return made

    def schema(self, shared: dict[str, Any]) -> dict[str, Any]:
        return {"type": "array", "items": self.node.schema(shared)}

    def parts(self, value: Any) -> list[tuple[str | int, Node]]:
        return [(place, self.node) for place in range(min(2, len(value)))]

    def inner(self) -> Sequence[Node]:
        return (self.node,)


@dataclass
class Positions(Node):
    """An array in which each place has its meaning."""

    nodes: list[Node]

    def make(self, world: World) -> Any:
        return [node.make(world) for node in self.nodes]

    def schema(self, shared: dict[str, Any]) -> dict[str, Any]:
        places = [node.schema(shared) for node in self.nodes]
        return {"type": "array", "prefixItems": places, "items": False, "minItems": len(places)}

    def own_faults(self, value: Any, chance: Random) -> Iterator[Fault]:
        yield "tuple_arity", [*value, chance.choice([4, "x"])]
        yield "tuple_arity", value[:-1]

    def parts(self, value: Any) -> list[tuple[str | int, Node]]:
        return list(enumerate(self.nodes))

    def tags(self) -> dict[Path, Any]:
        return {(place, *path): tag for place, node in enumerate(self.nodes) for path, tag in node.tags().items()}

    def inner(self) -> Sequence[Node]:
        return self.nodes


class Choice(Node):
    """One of several, the first most."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes
        self._weights = [1 / (rank + 1) for rank in range(len(nodes))]
        self._checks: list[Any] = []

    def make(self, world: World) -> Any:
        (first,) = world.chance.choices(range(len(self.nodes)), self._weights)
        for place in (first, *(place for place in range(len(self.nodes)) if place != first)):
            try:
                return self.nodes[place].make(world)
            except TooDeep:
                continue
        raise TooDeep

    def schema(self, shared: dict[str, Any]) -> dict[str, Any]:
        return {"anyOf": [node.schema(shared) for node in self.nodes]}

    def faults(self, value: Any, chance: Random) -> Iterator[Fault]:
        if not self._checks:
            self._checks = [jsonschema_rs.validator_for(truth_of([node]), validate_formats=True) for node in self.nodes]
        mine = next(node for node, check in zip(self.nodes, self._checks, strict=True) if check.is_valid(value))
        yield from mine.faults(value, chance)
        for other in self.nodes:
            if other is not mine:
                yield from tags_swapped(value, mine, other)

    def inner(self) -> Sequence[Node]:
        return self.nodes


class Named(Node):
    """A node that is known by its name, so that it can hold itself; `build` is called when it is first needed."""

    def __init__(self, name: str, build: Callable[[], Node]) -> None:
        self.name = name
        self._build = build
        self._node: Node | None = None
        self._is_recursive: bool | None = None
        self.is_being_built = False

    @property
    def node(self) -> Node:
        if self._node is None:
            self.is_being_built = True
            self._node = self._build()
            self.is_being_built = False
        return self._node

    @property
    def is_recursive(self) -> bool:
        """Whether it may hold itself."""
        if self._is_recursive is None:
            self._is_recursive = _reaches(self.node, self)
        return self._is_recursive

    def make(self, world: World) -> Any:
        if not self.is_recursive:
            return self.node.make(world)
        # The deeper, the less likely there is one more below.
        if world.depth >= DEEPEST or (world.depth and world.chance.random() > 0.6):
            raise TooDeep
        world.depth += 1
        try:
            return self.node.make(world)
        finally:
            world.depth -= 1

    def schema(self, shared: dict[str, Any]) -> dict[str, Any]:
        if not self.is_recursive:
            return self.node.schema(shared)
        if self.name not in shared:
            shared[self.name] = {}  # stops the recursion
            shared[self.name] = self.node.schema(shared)
        return {"$ref": f"#/$defs/{self.name}"}

    def faults(self, value: Any, chance: Random) -> Iterator[Fault]:
        yield from self.node.faults(value, chance)

    def tags(self) -> dict[Path, Any]:
        return {} if self.is_recursive else self.node.tags()

    def inner(self) -> Sequence[Node]:
        return (self.node,)


def told_apart(nodes: list[Node]) -> Node:
    """A choice; where each alternative is a record that has a constant of its own in one field, that field is their tag."""
    if any(isinstance(node, Named) and node.is_being_built for node in nodes):
        return Choice(nodes)
    records = [record for node in nodes if isinstance(record := node.node if isinstance(node, Named) else node, Record)]
    for name in records[0].fields if len(records) == len(nodes) else ():
        fields = [record.fields.get(name) for record in records]
        constants = [each.node for each in fields if each and each.presence == 1 and isinstance(each.node, Constant)]
        if len({repr(each.value) for each in constants}) == len(nodes):
            for each in constants:
                each.tag = True
            break
    return Choice(nodes)


def _reaches(start: Node, wanted: Node) -> bool:
    waiting, seen = [start], {id(start)}
    while waiting:
        for node in waiting.pop().inner():
            if node is wanted:
                return True
            if id(node) not in seen:
                seen.add(id(node))
                waiting.append(node)
    return False


def truth_of(nodes: Sequence[Node]) -> dict[str, Any]:
    """The schema of a stream of messages that are each one of these."""
    shared: dict[str, Any] = {}
    alternatives = [node.schema(shared) for node in nodes]
    truth = {"$schema": "https://json-schema.org/draft/2020-12/schema", "anyOf": alternatives}
    return {**truth, "$defs": shared} if shared else truth


def tags_swapped(value: Any, mine: Node, other: Node) -> Iterator[Fault]:
    """What one says under the tags of the other, when both are told apart in the same places."""
    ours, theirs = mine.tags(), other.tags()
    different = [path for path in ours if path in theirs and ours[path] != theirs[path]]
    if different and ours.keys() == theirs.keys():
        for path in different:
            value = _put(value, path, theirs[path])
        yield "cross_kind", value


def _put(value: Any, path: Path, new: Any) -> Any:
    return new if not path else _with(value, path[0], _put(value[path[0]], path[1:], new))
