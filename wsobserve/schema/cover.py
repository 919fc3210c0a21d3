"""Schemas made from a sample, and what is known of every message, in; schemas that no message contradicts out.

A sample does not hold everything. What was counted of all messages of a name (their shape, and what the values at each
place have in common) says where a schema would refuse something that was seen: there it is widened. It is known by name
only, so a constraint of one kind stands as long as another kind of that name accepts what it refuses. Lengths of arrays are
not known of messages that are not in the sample.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from wsobserve.schema.describe import Schema
from wsobserve.schema.formats import FORMATS
from wsobserve.schema.leaf import Leaf
from wsobserve.schema.leaves import ANY, Leaves, place_of
from wsobserve.schema.render import node_of
from wsobserve.schema.shape import BINARY, Shape

_BITS = {(key, value): each.bit for each in FORMATS for key, value in each.keywords.items()}


def widen(schemas: Iterable[Schema], shape: Shape, leaves: Leaves) -> None:
    """Changes these schemas, which are those of one name, so that they accept what was seen under it."""
    _widen(list(schemas), shape, leaves, "")


def _widen(nodes: list[Schema], shape: Shape, leaves: Leaves, place: str) -> None:
    nodes = [each for node in nodes for each in _alternatives(node)]
    if not nodes:
        return
    _widen_types(nodes, shape)
    _widen_values(nodes, shape, leaves.by_place.get(place))
    if "object" in shape.types:
        _widen_objects([node for node in nodes if _allows(node, "object")], shape, leaves, place)
    if "array" in shape.types:
        inner = [each for node in nodes if _allows(node, "array") for each in _elements(node)]
        if shape.items is not None and inner:
            _widen(inner, shape.items, leaves, f"{place}/{ANY}")


def _alternatives(node: Schema) -> list[Schema]:
    return [each for inner in node["anyOf"] for each in _alternatives(inner)] if "anyOf" in node else [node]


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
            _widen_texts(texts, leaf, {crc32(str(node["const"]).encode()) for node in nodes if "const" in node})
    if "integer" in shape.types or "number" in shape.types:
        numbers = [node for node in nodes if _allows(node, "integer") or _allows(node, "number")]
        if numbers and all("minimum" in node for node in numbers):
            for node in numbers:
                if leaf is None or leaf.low is None or leaf.high is None:
                    del node["minimum"], node["maximum"]
                    continue
                node["minimum"] = min(node["minimum"], leaf.low)
                node["maximum"] = max(node["maximum"], leaf.high)


def _widen_texts(nodes: list[Schema], leaf: Leaf | None, constants: set[int]) -> None:
    members = None if leaf is None else leaf.members
    known = {crc32(text.encode()) for node in nodes for text in node.get("enum", ()) if isinstance(text, str)} | constants
    if members is not None and members <= known:
        return
    for node in nodes:
        node.pop("enum", None)
        for key in ("format", "pattern"):
            if key in node and (leaf is None or not leaf.bits & _BITS.get((key, node[key]), 0)):
                del node[key]
                node.pop("x-wsobserve-format", None)


def _widen_objects(nodes: list[Schema], shape: Shape, leaves: Leaves, place: str) -> None:
    objects = shape.types["object"]
    records = [node for node in nodes if "properties" in node]
    hidden = shape.unseen > 0 or shape.entries > sum(inner.count for inner in shape.properties.values()) + (
        shape.others.count if shape.others is not None else 0
    )
    if hidden:
        for node in records:
            if node.get("additionalProperties") is False:
                del node["additionalProperties"]
            node["x-wsobserve-truncated"] = True
    for key in sorted(shape.properties):
        inner = shape.properties[key]
        # A property of which less is known than was seen may be in all objects, or in none.
        if inner.count < objects and records and all(key in node.get("required", ()) for node in records):
            for node in records:
                if "const" not in node["properties"].get(key, {}):
                    node["required"] = [each for each in node["required"] if each != key]
        below = _below(nodes, key)
        if not below and all(node.get("additionalProperties") is False for node in nodes):
            for node in records:
                node["properties"] = dict(sorted({**node["properties"], key: node_of(inner)}.items()))
            continue
        _widen(below, inner, leaves, f"{place}/{place_of(key)}")
    if shape.others is not None:
        maps = [each for node in nodes if isinstance(each := node.get("additionalProperties"), dict)]
        if maps:
            _widen(maps, shape.others, leaves, f"{place}/{ANY}")
        elif nodes and all(node.get("additionalProperties") is False for node in nodes):
            for node in nodes:
                if not _only_named(node, shape):
                    node["additionalProperties"] = node_of(shape.others)


def _below(nodes: list[Schema], key: str) -> list[Schema]:
    found = []
    for node in nodes:
        inner = node.get("properties", {}).get(key, node.get("additionalProperties"))
        if isinstance(inner, dict):
            found.append(inner)
    return found


def _only_named(node: Schema, shape: Shape) -> bool:
    """Whether all keys that name one thing are properties of this record: then others are not needed."""
    named = [inner for key, inner in node.get("properties", {}).items() if place_of(key) == ANY]
    return shape.others is not None and sum(inner.get("x-wsobserve-count", 0) for inner in named) >= shape.others.count
