"""Schemas made from a sample, and what is known of every message, in; schemas that no message contradicts out.

A sample does not hold everything. What was counted of all messages of a name (their shape, and what the values at each
place have in common) says where a schema would refuse something that was seen: there it is widened. It is known by name
only, so a constraint of one kind stands as long as another kind of that name accepts what it refuses. Lengths of arrays are
not known of messages that are not in the sample.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from zlib import crc32

from wsobserve.schema.describe import Schema
from wsobserve.schema.formats import FORMATS
from wsobserve.schema.leaf import Leaf
from wsobserve.schema.leaves import ANY, Leaves, place_of
from wsobserve.schema.render import node_of
from wsobserve.schema.shape import BINARY, Shape

_BITS = {(key, value): each.bit for each in FORMATS for key, value in each.keywords.items()}


DEEPEST = 32

Place = tuple[Schema, dict[str, Schema]]  # a node, and the definitions of the schema that it is in


class Cover:
    """What is known of all messages of one name. `every_structure`: whether each of their structures is in the sample."""

    def __init__(self, shape: Shape, leaves: Leaves, *, every_structure: bool) -> None:
        self._shape = shape
        self._leaves = leaves
        self._every_structure = every_structure

    def widen(self, schemas: Sequence[Schema]) -> None:
        """Changes these schemas, which are those of this name, so that they accept what was seen under it."""
        self._widen([(schema, schema.get("$defs", {})) for schema in schemas], self._shape, "", 0)

    def _widen(self, places: list[Place], shape: Shape, place: str, depth: int) -> None:
        places = [each for node in places for each in _alternatives(node, 0)]
        if not places or depth > DEEPEST:
            return
        nodes = [node for node, _ in places]
        _widen_types(nodes, shape)
        _widen_values(nodes, shape, self._leaves.by_place.get(place))
        if "object" in shape.types:
            self._widen_objects([each for each in places if _allows(each[0], "object")], shape, place, depth)
        if "array" in shape.types:
            arrays = [each for each in places if _allows(each[0], "array")]
            inner = [(each, definitions) for node, definitions in arrays for each in _elements(node)]
            if inner and shape.items is not None:
                self._widen(inner, shape.items, f"{place}/{ANY}", depth + 1)
            elif shape.elements or shape.unseen:
                for node, _ in arrays:
                    node.pop("maxItems", None)

    def _widen_objects(self, places: list[Place], shape: Shape, place: str, depth: int) -> None:
        nodes = [node for node, _ in places]
        if not self._every_structure:
            _widen_properties(nodes, shape)
        for key in sorted(shape.properties):
            self._widen(_below(places, key), shape.properties[key], f"{place}/{place_of(key)}", depth + 1)
        if shape.others is not None:
            maps = [
                (each, definitions)
                for node, definitions in places
                if isinstance(each := node.get("additionalProperties"), dict)
            ]
            self._widen(maps, shape.others, f"{place}/{ANY}", depth + 1)
            for node, definitions in places:
                for key, inner in node.get("properties", {}).items():
                    if place_of(key) == ANY:
                        self._widen([(inner, definitions)], shape.others, f"{place}/{ANY}", depth + 1)


def _alternatives(place: Place, depth: int) -> list[Place]:
    node, definitions = place
    if depth > DEEPEST:
        return []
    if "$ref" in node:
        target = definitions.get(node["$ref"].removeprefix("#/$defs/"))
        return [] if target is None else _alternatives((target, definitions), depth + 1)
    if "anyOf" in node:
        return [each for inner in node["anyOf"] for each in _alternatives((inner, definitions), depth + 1)]
    return [place]


def _elements(node: Schema) -> list[Schema]:
    items = node.get("items")
    return [*node.get("prefixItems", ()), *([items] if isinstance(items, dict) else [])]


def _types(node: Schema) -> list[str]:
    found = node.get("type", [])
    return [found] if isinstance(found, str) else found


def _allows(node: Schema, name: str) -> bool:
    types = _types(node)
    if "const" in node:
        return False
    return not types or name in types or (name == "integer" and "number" in types)


def _widen_types(nodes: list[Schema], shape: Shape) -> None:
    for name in shape.types:
        name = "string" if name == BINARY else name
        fixed = [node["const"] for node in nodes if "const" in node]
        if any(_allows(node, name) for node in nodes) or any(_name_of(value) == name for value in fixed):
            continue
        for node in nodes:
            types = _types(node)
            if types:
                kept = [each for each in types if not (each == "integer" and name == "number")]
                node["type"] = sorted({*kept, name})
                if "enum" in node and name != "string":
                    del node["enum"]


def _name_of(value: object) -> str:
    return {bool: "boolean", int: "integer", float: "number", str: "string"}.get(type(value), "null")


def _widen_values(nodes: list[Schema], shape: Shape, leaf: Leaf | None) -> None:
    if "string" in shape.types:
        texts = [node for node in nodes if _allows(node, "string")]
        if texts and all({"enum", "format", "pattern"} & node.keys() for node in texts):
            _widen_texts(texts, leaf, {_member(str(node["const"])) for node in nodes if "const" in node})
    if "integer" in shape.types or "number" in shape.types:
        numbers = [node for node in nodes if _allows(node, "integer") or _allows(node, "number")]
        if numbers and all("minimum" in node for node in numbers):
            for node in numbers:
                if leaf is None or leaf.low is None or leaf.high is None or math.isinf(leaf.low) or math.isinf(leaf.high):
                    del node["minimum"], node["maximum"]
                    continue
                node["minimum"] = min(node["minimum"], _plain(leaf.low))
                node["maximum"] = max(node["maximum"], _plain(leaf.high))


def _plain(number: float) -> float:
    """Whole numbers as integers, however they came: 1 and 1.0 are one extreme, and which was first is chance."""
    return int(number) if number == number // 1 else number


def _widen_texts(nodes: list[Schema], leaf: Leaf | None, constants: set[int]) -> None:
    members = None if leaf is None else leaf.known_texts()
    known = {_member(text) for node in nodes for text in node.get("enum", ()) if isinstance(text, str)} | constants
    if members is not None and members <= known:
        return
    for node in nodes:
        node.pop("enum", None)
        for key in ("format", "pattern"):
            if key in node and (leaf is None or not leaf.bits & _BITS.get((key, node[key]), 0)):
                del node[key]
                node.pop("x-wsobserve-format", None)


def _member(text: str) -> int:
    """As a leaf knows it."""
    return crc32(text.encode("utf-8", "surrogatepass"))


def _widen_properties(nodes: list[Schema], shape: Shape) -> None:
    """Properties that no schema knows are added, and those that were not always there are not required."""
    objects = shape.types["object"]
    records = [node for node in nodes if "properties" in node]
    described = sum(inner.count for inner in shape.properties.values()) + (
        shape.others.count if shape.others is not None else 0
    )
    # Where objects of one kind may be of any form, it is these that have too many properties to be counted one by one.
    any_form = any("properties" not in node and "additionalProperties" not in node for node in nodes)
    if (shape.unseen or shape.entries > described) and not any_form:
        for node in records:
            if node.get("additionalProperties") is False:
                del node["additionalProperties"]
            node["x-wsobserve-truncated"] = True
    # Of keys that are not counted one by one nobody knows whether they are always there.
    required = set[str]().union(*(node.get("required", ()) for node in records))
    unknown = {key for key in required - shape.properties.keys() if all(key in node.get("required", ()) for node in nodes)}
    for node in records:
        if "required" in node:
            node["required"] = [key for key in node["required"] if key not in unknown or "const" in node["properties"][key]]
    for key in sorted(shape.properties):
        inner = shape.properties[key]
        if inner.count < objects and records and all(key in node.get("required", ()) for node in nodes):
            for node in records:
                if "const" not in node["properties"].get(key, {}):
                    node["required"] = [each for each in node["required"] if each != key]
        known = any(key in node.get("properties", {}) or node.get("additionalProperties") is not False for node in nodes)
        if not known:
            for node in records:
                node["properties"] = dict(sorted({**node["properties"], key: node_of(inner)}.items()))
    if shape.others is not None and nodes and all(node.get("additionalProperties") is False for node in nodes):
        for node in nodes:
            if not _only_named(node, shape):
                node["additionalProperties"] = node_of(shape.others)


def _below(places: list[Place], key: str) -> list[Place]:
    found = []
    for node, definitions in places:
        inner = node.get("properties", {}).get(key, node.get("additionalProperties"))
        if isinstance(inner, dict):
            found.append((inner, definitions))
    return found


def _only_named(node: Schema, shape: Shape) -> bool:
    """Whether all keys that name one thing are properties of this record: then others are not needed."""
    named = [inner for key, inner in node.get("properties", {}).items() if place_of(key) == ANY]
    return shape.others is not None and sum(inner.get("x-wsobserve-count", 0) for inner in named) >= shape.others.count
