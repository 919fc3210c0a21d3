"""A JSON Schema as a list of fields: what a person wants to know of it before reading it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Row = dict[str, Any]
Schema = dict[str, Any]

_LISTED = 2_000  # fields of one schema
_DEPTH = 32
_BRANCHES = ("anyOf", "oneOf", "allOf")
_RANGES = {"minimum": "from", "maximum": "to", "minLength": "length from", "maxLength": "length to", "pattern": "pattern"}


def fields(json_schema: Schema) -> list[Row]:
    """A row per field in the order of the schema: `path`, `types`, `presence`, `detail`.

    `path` is written as `levels[].price`, the values of a map as `prices.*`. `presence` is the share of the objects
    above it that have the field, 0 to 1; None: some have it, how many is not known.
    """
    rows: list[Row] = []
    for row in _walk(json_schema, json_schema, "", 0):
        if len(rows) == _LISTED:
            rows.append({"path": "…", "types": "", "presence": None, "detail": f"more than {_LISTED:,} fields"})
            break
        rows.append(row)
    return rows


def _walk(root: Schema, schema: Schema, path: str, depth: int) -> Iterator[Row]:
    if depth > _DEPTH:
        return
    for alternative in _alternatives(root, schema):
        required = alternative.get("required", [])
        for name, field in alternative.get("properties", {}).items():
            field = _resolved(root, field)
            presence = 1.0 if name in required else _share(alternative, name, field)
            yield from _field(root, field, f"{path}.{name}" if path else name, presence, depth)
        values = alternative.get("additionalProperties")
        if isinstance(values, dict) and values:
            yield from _field(root, _resolved(root, values), f"{path}.*" if path else "*", None, depth)
        for position, item in enumerate(alternative.get("prefixItems", [])):
            yield from _field(root, _resolved(root, item), f"{path}[{position}]", None, depth)
        items = alternative.get("items")
        if isinstance(items, dict) and items:
            items = _resolved(root, items)
            if path == "" or _is_deep(root, items):
                yield from _walk(root, items, f"{path}[]", depth + 1)


def _field(root: Schema, field: Schema, path: str, presence: float | None, depth: int) -> Iterator[Row]:
    yield {"path": path, "types": _types(root, field, 0), "presence": presence, "detail": _detail(field)}
    yield from _walk(root, field, path, depth + 1)


def _alternatives(root: Schema, schema: Schema, depth: int = 0) -> Iterator[Schema]:
    yield schema
    if depth > _DEPTH:
        return
    for word in _BRANCHES:
        for branch in schema.get(word, []):
            yield from _alternatives(root, _resolved(root, branch), depth + 1)


def _resolved(root: Schema, schema: object) -> Schema:
    """What a local `$ref` points to; `{}` for `true`, which allows anything."""
    if not isinstance(schema, dict):
        return {}
    reference = schema.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return schema
    target: object = root
    for part in reference[2:].split("/"):
        target = target.get(part.replace("~1", "/").replace("~0", "~"), {}) if isinstance(target, dict) else {}
    return target if isinstance(target, dict) else {}


def _is_deep(root: Schema, schema: Schema) -> bool:
    return any(
        word in alternative for alternative in _alternatives(root, schema) for word in ("properties", "items", "prefixItems")
    )


def _share(schema: Schema, name: str, field: Schema) -> float | None:
    """What our own annotation says about the presence of a field that is not always there."""
    return None


def _types(root: Schema, schema: Schema, depth: int) -> str:
    found: list[str] = []
    for alternative in _alternatives(root, schema):
        declared = alternative.get("type", [])
        for name in [declared] if isinstance(declared, str) else declared:
            if name == "array":
                items = _resolved(root, alternative.get("items"))
                inner = _types(root, items, depth + 1) if items and depth < _DEPTH else ""
                name = f"array of {inner}" if inner else name
            found.append(name)
        if not declared and ("const" in alternative or "enum" in alternative):
            values = [alternative["const"]] if "const" in alternative else alternative["enum"]
            found.extend(_type_name(value) for value in values)
    return " | ".join(dict.fromkeys(found)) or ("" if any(word in schema for word in _BRANCHES) else "any")


def _type_name(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def _detail(field: Schema) -> str:
    parts = [str(field[word]) for word in ("format",) if word in field]
    if "const" in field:
        parts.append(f"always {json.dumps(field['const'], ensure_ascii=False)}")
    if "enum" in field:
        parts.append("one of " + ", ".join(json.dumps(value, ensure_ascii=False) for value in field["enum"]))
    parts += [f"{meaning} {field[word]}" for word, meaning in _RANGES.items() if word in field]
    return "; ".join(parts)
