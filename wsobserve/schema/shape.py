"""Values in; a tree out that counts which types were seen where. No value stays, only names, types and counts.

A shape is bounded by an allowance of nodes. What a node leaves to its children is divided among them evenly, and of an
object's properties those with the smallest hashes stay. Both can only get tighter while data come in, so a node that is
within the bounds of everything was within the bounds of every part: its counts are exact, whatever the order and
however the data were split. What did not stay is known by number: `entries` less those that did. A shape that was always
within its allowance is not divided: one that has to be divided once has to be whatever comes after.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from wsobserve.config import Limits
from wsobserve.records import name_hash
from wsobserve.redaction import looks_like_identifier
from wsobserve.schema.repeated import Repeated

NO_BOUND = 1 << 64  # hashes have 64 bits

SLACK = 1.25  # how much more than a limit there may be before it is cut back
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

    __slots__ = (
        "_arrays",
        "_binaries",
        "_booleans",
        "_integers",
        "_nulls",
        "_numbers",
        "_objects",
        "_properties",
        "_strings",
        "elements",
        "entries",
        "highest",
        "items",
        "others",
        "unseen",
    )

    def __init__(self) -> None:
        # How many values of each type: a number each, as a table of them is larger than all the rest of a shape.
        self._nulls = self._booleans = self._integers = self._numbers = 0
        self._strings = self._arrays = self._objects = self._binaries = 0
        self._properties: dict[str, Shape] | None = None  # None: none yet, as of what is no object
        self.highest = NO_BOUND  # properties with hashes from here on do not stay
        self.others: Shape | None = None  # under keys that name one thing (`{"42": ...}`), or are no text
        self.entries = 0  # of all objects
        self.items: Shape | None = None  # of arrays, at any position
        self.elements = 0  # of all arrays
        self.unseen = 0  # entries and elements of objects and arrays that were not looked into

    @property
    def properties(self) -> dict[str, Shape]:
        """The shapes under the keys of objects; not to be changed."""
        return {} if self._properties is None else self._properties

    @property
    def count(self) -> int:
        """How many values were seen here."""
        scalars = self._nulls + self._booleans + self._integers + self._numbers + self._strings + self._binaries
        return scalars + self._arrays + self._objects

    @property
    def types(self) -> dict[str, int]:
        """How many values of each type there were, of those that there were."""
        counts = {
            "null": self._nulls,
            "boolean": self._booleans,
            "integer": self._integers,
            "number": self._numbers,
            "string": self._strings,
            BINARY: self._binaries,
            "array": self._arrays,
            "object": self._objects,
        }
        return {name: count for name, count in counts.items() if count}

    def add(self, value: object, walk: Walk, depth: int = 0) -> None:
        if isinstance(value, dict):
            self._objects += walk.messages
            self._add_object(value, walk, depth + 1)
        elif isinstance(value, (list, tuple)):
            self._arrays += walk.messages
            self._add_array(value, walk, depth + 1)
        elif value is None:
            self._nulls += walk.messages
        elif isinstance(value, bool):
            self._booleans += walk.messages
        elif isinstance(value, int):
            self._integers += walk.messages
        elif isinstance(value, float):
            self._numbers += walk.messages
        elif isinstance(value, (str, datetime)):  # a timestamp of MessagePack
            self._strings += walk.messages
        else:
            self._binaries += walk.messages

    def _add_object(self, value: dict[object, object], walk: Walk, depth: int) -> None:
        self.entries += len(value) * walk.messages
        if depth > walk.depth:
            self.unseen += len(value) * walk.messages
            return
        properties = self._properties
        for key, entry in value.items():
            shape = properties.get(key) if isinstance(key, str) and properties is not None else None
            if shape is None:
                shape = self._property(key, walk)
                properties = self._properties
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
        properties = self._properties
        if properties is None:
            properties = self._properties = {}
        shape = properties[key] = Shape()
        walk.made += 1
        if len(properties) > 2 * walk.properties:
            self._keep(walk.properties)
            return properties.get(key)
        return shape

    def _keep(self, properties: int) -> None:
        """Give up all but so many properties."""
        known = self._properties
        if known is None or len(known) <= properties:
            return
        by_hash = sorted([(name_hash(key), key) for key in known])
        self.highest = min(self.highest, by_hash[properties][0])
        for _, key in by_hash[properties:]:
            del known[key]

    def merge(self, other: Shape) -> None:
        """Take over what the other counted; it stays as it is."""
        self._nulls += other._nulls
        self._booleans += other._booleans
        self._integers += other._integers
        self._numbers += other._numbers
        self._strings += other._strings
        self._arrays += other._arrays
        self._objects += other._objects
        self._binaries += other._binaries
        self.entries += other.entries
        self.elements += other.elements
        self.unseen += other.unseen
        if other._properties is not None:
            if self._properties is None:
                self._properties = {}
            for key, shape in other._properties.items():
                ours = self._properties.get(key)
                if ours is None:
                    ours = self._properties[key] = Shape()
                ours.merge(shape)
        if other.others is not None:
            self.others = self.others or Shape()
            self.others.merge(other.others)
        if other.items is not None:
            self.items = self.items or Shape()
            self.items.merge(other.items)

    def size(self, properties: int) -> int:
        """How many nodes there are, this one among them; -1 when an object had more properties than this."""
        if self.highest < NO_BOUND or (self._properties is not None and len(self._properties) > properties):
            return -1
        nodes = 1
        for shape in self._children():
            inner = shape.size(properties)
            if inner < 0:
                return -1
            nodes += inner
        return nodes

    def _children(self) -> list[Shape]:
        fixed = [shape for shape in (self.items, self.others) if shape is not None]
        return fixed if self._properties is None else fixed + list(self._properties.values())

    def trim(self, allowance: int, properties: int) -> int:
        """Give up what is beyond so many nodes, this one among them, and so many properties an object; how many stay."""
        left = allowance - 1
        if left < 1:
            self.items = None
        if left < (1 if self.items is None else 2):
            self.others = None
        fixed = [shape for shape in (self.items, self.others) if shape is not None]
        self._keep(min(properties, left - len(fixed)))
        children = self._children()
        stay = 1
        for shape in children:
            stay += shape.trim(left // len(children), properties)
        return stay
