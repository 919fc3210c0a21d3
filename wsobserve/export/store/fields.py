"""A JSON Schema as a list of fields: what a person wants to know of it before reading it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

Row = dict[str, Any]
Schema = dict[str, Any]

_LISTED = 2_000  # fields of one schema
_DEPTH = 32
_NAMES: dict[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array"}


def fields(json_schema: Schema) -> list[Row]:
    """A row per field in the order of the schema: `path`, `types`, `presence`, `detail`.

    `path` is written as `levels[].price`, the values of other names as `prices.*`. `presence` is the share of the
    objects around it that have the field, 0 to 1; None: not every one of them, how many is not known.
    """
    rows = list(islice(_inside(json_schema, "", 0), _LISTED + 1))
    if len(rows) > _LISTED:
        rows[_LISTED] = {"path": "…", "types": "", "presence": None, "detail": f"more than {_LISTED:,} fields"}
    return rows


def _inside(schema: Schema, path: str, depth: int) -> Iterator[Row]:
    if depth > _DEPTH:
        return
    for one in _alternatives(schema, depth):
        required = one.get("required", [])
        for name, field in one.get("properties", {}).items():
            presence = 1.0 if name in required else field.get("x-wsobserve-presence")
            yield from _field(field, f"{path}.{name}" if path else name, presence, depth)
        for position, item in enumerate(one.get("prefixItems", [])):
            presence = 1.0 if position < one.get("minItems", 0) else None
            yield from _field(item, f"{path}[{position}]", presence, depth)
        others, items = one.get("additionalProperties"), one.get("items")
        if isinstance(others, dict):
            yield from _field(others, f"{path}.*" if path else "*", None, depth)
        if isinstance(items, dict):
            yield from _inside(items, f"{path}[]", depth + 1)


def _field(field: Schema, path: str, presence: float | None, depth: int) -> Iterator[Row]:
    yield {"path": path, "types": _types(field, depth), "presence": presence, "detail": _detail(field)}
    yield from _inside(field, path, depth + 1)


def _alternatives(schema: Schema, depth: int) -> Iterator[Schema]:
    yield schema
    if depth > _DEPTH:
        return
    for word in ("anyOf", "oneOf"):
        for branch in schema.get(word, []):
            yield from _alternatives(branch, depth + 1)


def _types(schema: Schema, depth: int) -> str:
    found: list[str] = []
    for one in _alternatives(schema, depth):
        declared = one.get("type", [])
        if "const" in one:
            declared = _NAMES.get(type(one["const"]), "null")
        elif "$ref" in one:
            declared = str(one["$ref"]).rpartition("/")[2]
        for name in [declared] if isinstance(declared, str) else declared:
            items = one.get("items")
            inner = _types(items, depth + 1) if name == "array" and isinstance(items, dict) and depth < _DEPTH else ""
            found.append(f"array of {inner}" if inner not in ("", "any") else name)
    return " | ".join(dict.fromkeys(found)) or "any"


def _detail(field: Schema) -> str:
    parts = [str(field[word]) for word in ("format", "contentEncoding") if word in field]
    if "const" in field:
        parts.append(f"always {json.dumps(field['const'], ensure_ascii=False)}")
    if "enum" in field:
        parts.append("one of " + ", ".join(json.dumps(value, ensure_ascii=False) for value in field["enum"]))
    if "minimum" in field and "maximum" in field:
        parts.append(f"{field['minimum']:,} to {field['maximum']:,}")
    if form := field.get("x-wsobserve-format"):
        parts.append(str(form))
    if counts := field.get("x-wsobserve-types"):
        parts.append(", ".join(f"{count:,} {name}" for name, count in counts.items()))
    if field.get("x-wsobserve-truncated"):
        parts.append("not seen in full")
    return "; ".join(parts)
