"""A shape in; a JSON Schema (2020-12) out that accepts every message it was made from, and holds no value of any.

What was not seen in full is not constrained: the schema says `x-wsobserve-truncated` there instead.
"""

from __future__ import annotations

from wsobserve.schema.shape import BINARY, Shape

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(shape: Shape, title: str) -> dict[str, object]:
    """The document of one kind of message."""
    return {"$schema": DIALECT, "title": title, **node_of(shape)}


def node_of(shape: Shape) -> dict[str, object]:
    """What one place looks like, and what is inside of it."""
    node: dict[str, object] = {}
    counted = shape.types
    types = _types(counted)
    if types:
        node["type"] = types[0] if len(types) == 1 else types
    if BINARY in counted and "string" not in counted:
        node["contentEncoding"] = "base64"  # how such bytes would be written in JSON
    if "object" in counted:
        _describe_object(shape, node)
    if "array" in counted and shape.items is not None and not shape.unseen:
        node["items"] = node_of(shape.items)
    if _truncated(shape):
        node["x-wsobserve-truncated"] = True
    node["x-wsobserve-count"] = shape.count
    if len(counted) > 1:
        node["x-wsobserve-types"] = dict(sorted(counted.items()))
    return node


def _types(counted: dict[str, int]) -> list[str]:
    types = {"string" if name == BINARY else name for name in counted}
    if "number" in types:
        types.discard("integer")  # every integer is a number
    return sorted(types)


def _describe_object(shape: Shape, node: dict[str, object]) -> None:
    if shape.unseen:
        return
    objects = shape.types["object"]
    if shape.properties:
        properties = {}
        for key, inner in sorted(shape.properties.items()):
            properties[key] = node_of(inner) | {"x-wsobserve-presence": _share(inner.count, objects)}
        node["properties"] = properties
        required = [key for key, inner in sorted(shape.properties.items()) if inner.count == objects]
        if required:
            node["required"] = required
    if shape.others is not None and not _truncated(shape):
        node["additionalProperties"] = node_of(shape.others)


def _truncated(shape: Shape) -> bool:
    """Whether anything inside was seen, or is known to be there, and is not described."""
    described = sum(inner.count for inner in shape.properties.values())
    described += shape.others.count if shape.others is not None else 0
    elements = shape.items.count if shape.items is not None else 0
    return shape.entries > described or shape.elements > elements


def _share(part: int, whole: int) -> float:
    """Four digits; 1 means all, so what is not quite all is .9999."""
    return 1.0 if part == whole else min(round(part / whole, 4), 0.9999)
