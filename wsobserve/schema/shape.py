"""Values in; a tree out that counts which types were seen where. No value stays, only names, types and counts.

A shape is bounded by an allowance of nodes. What a node leaves to its children is divided among them evenly, and of an
object's properties those with the smallest hashes stay. Both can only get tighter while data come in, so a node that is
within the bounds of everything was within the bounds of every part: its counts are exact, whatever the order and
however the data were split. What did not stay is known by number: `entries` less those that did.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from wsobserve.config import Limits
from wsobserve.records import name_hash
from wsobserve.redaction import looks_like_identifier
from wsobserve.schema.repeated import Repeated

NO_BOUND = 1 << 64  # hashes have 64 bits

TYPES: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    datetime: "string",  # a timestamp of MessagePack
    list: "array",
    tuple: "array",
    dict: "object",
}
BINARY = "binary"  # bytes, and extensions that nobody declared: rendered as strings with a content encoding


class Walk:
    """How far to look into one message, for how many like it that stands, and how many nodes that made.

    `messages` is about what is looked into at the time: inside of an element that is repeated, it is how often.
    """

    __slots__ = ("depth", "made", "messages", "properties")

    def __init__(self, limits: Limits, messages: int = 1) -> None:
        self.depth = limits.schema_depth
        self.properties = limits.schema_properties
        self.messages = messages
        self.made = 0


def has_more_values(body: object, limit: int) -> bool:
    """Whether there are more values than this in a body, itself counted."""
    waiting = [body]
    values = 1
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            values += len(value)
            waiting.extend(value.values())
        elif isinstance(value, (list, tuple)):
            values += len(value)
            waiting.extend(value)
        if values > limit:
            return True
    return False


class Shape:
    """One place in a message: the types of its values, and the shapes of what is inside them."""

    __slots__ = ("elements", "entries", "highest", "items", "others", "properties", "types", "unseen")

    def __init__(self) -> None:
        self.types: dict[str, int] = {}
        self.properties: dict[str, Shape] = {}
        self.highest = NO_BOUND  # properties with hashes from here on do not stay
        self.others: Shape | None = None  # under keys that name one thing (`{"42": ...}`), or are no text
        self.entries = 0  # of all objects
        self.items: Shape | None = None  # of arrays, at any position
        self.elements = 0  # of all arrays
        self.unseen = 0  # entries and elements of objects and arrays that were not looked into

    @property
    def count(self) -> int:
        """How many values were seen here."""
        return sum(self.types.values())

    def add(self, value: object, walk: Walk, depth: int = 0) -> None:
        name = TYPES.get(type(value), BINARY)
        self.types[name] = self.types.get(name, 0) + walk.messages
        if isinstance(value, dict):
            self._add_object(value, walk, depth + 1)
        elif isinstance(value, (list, tuple)):
            self._add_array(value, walk, depth + 1)

    def _add_object(self, value: dict[object, object], walk: Walk, depth: int) -> None:
        self.entries += len(value) * walk.messages
        if depth > walk.depth:
            self.unseen += len(value) * walk.messages
            return
        for key, entry in value.items():
            shape = self.properties.get(key) if isinstance(key, str) else None
            if shape is None:
                shape = self._property(key, walk)
            if shape is not None:
                shape.add(entry, walk, depth)

    def _add_array(self, value: list[object] | tuple[object, ...], walk: Walk, depth: int) -> None:
        if not value:
            return
        messages = walk.messages
        repeated = cast("list[Repeated]", value) if isinstance(value[0], Repeated) else None
        elements = len(value) * messages if repeated is None else sum([one.times for one in repeated])
        self.elements += elements
        if depth > walk.depth:
            self.unseen += elements
            return
        if self.items is None:
            self.items = Shape()
            walk.made += 1
        if repeated is None:
            for element in value:
                self.items.add(element, walk, depth)
            return
        for one in repeated:
            walk.messages = one.times
            self.items.add(one.element, walk, depth)
        walk.messages = messages

    def _property(self, key: object, walk: Walk) -> Shape | None:
        """A place for a key that has none yet; None when it would not stay."""
        if not isinstance(key, str) or looks_like_identifier(key):
            if self.others is None:
                self.others = Shape()
                walk.made += 1
            return self.others
        if self.highest < NO_BOUND and name_hash(key) >= self.highest:
            return None
        shape = self.properties[key] = Shape()
        walk.made += 1
        if len(self.properties) > 2 * walk.properties:
            self._keep(walk.properties)
            return self.properties.get(key)
        return shape

    def _keep(self, properties: int) -> None:
        """Give up all but so many properties."""
        if len(self.properties) <= properties:
            return
        by_hash = sorted((name_hash(key), key) for key in self.properties)
        self.highest = min(self.highest, by_hash[properties][0])
        for _, key in by_hash[properties:]:
            del self.properties[key]

    def merge(self, other: Shape) -> None:
        """Take over what the other counted; it stays as it is."""
        for name, count in other.types.items():
            self.types[name] = self.types.get(name, 0) + count
        self.entries += other.entries
        self.elements += other.elements
        self.unseen += other.unseen
        for key, shape in other.properties.items():
            self.properties.setdefault(key, Shape()).merge(shape)
        if other.others is not None:
            self.others = self.others or Shape()
            self.others.merge(other.others)
        if other.items is not None:
            self.items = self.items or Shape()
            self.items.merge(other.items)

    def trim(self, allowance: int, properties: int) -> int:
        """Give up what is beyond so many nodes, this one among them, and so many properties an object; how many stay."""
        left = allowance - 1
        if left < 1:
            self.items = None
        if left < (1 if self.items is None else 2):
            self.others = None
        fixed = [shape for shape in (self.items, self.others) if shape is not None]
        self._keep(min(properties, left - len(fixed)))
        children = fixed + list(self.properties.values())
        stay = 1
        for shape in children:
            stay += shape.trim(left // len(children), properties)
        return stay
