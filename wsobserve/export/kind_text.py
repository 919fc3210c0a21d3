"""A message kind as lines for people: its fields, their types, and how often each is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from wsobserve.export.text import printable
from wsobserve.records import MessageKind

DEEPEST = 12
MEMBERS = 6  # of an enumeration that are listed


def kind_lines(kind: MessageKind) -> list[str]:
    """A heading and one line a field; of values only constants and members of enumerations are in it."""
    direction = (kind.direction or "direction unknown").replace("_", " ")
    heading = (
        f"{printable(kind.channel)}  {direction}  {printable(kind.name or '(no name)')}  {kind.messages} messages  [{kind.id}]"
    )
    return [heading, *(f"  {line}" for line in _lines(kind.json_schema, "", 0)), ""]


def _lines(schema: dict[str, Any], path: str, depth: int) -> Iterator[str]:
    if depth > DEEPEST:
        return
    required = set(schema.get("required", ()))
    for name, part in schema.get("properties", {}).items():
        inner = f"{path}.{name}" if path else name
        presence = part.get("x-wsobserve-presence")
        often = "" if name in required else "optional" if presence is None else f"in {presence:.1%}"
        yield from _field(part, inner, often, depth)
    for position, part in enumerate(schema.get("prefixItems", ())):
        yield from _field(part, f"{path}[{position}]", "" if position < schema.get("minItems", 0) else "optional", depth)
    for word, inner in (("items", f"{path}[]"), ("additionalProperties", f"{path}.*" if path else "*")):
        part = schema.get(word)
        if isinstance(part, dict) and part:
            yield from _field(part, inner, "", depth)
    for alternative in schema.get("anyOf", ()):
        yield from _lines(alternative, path, depth + 1)
    for name, definition in schema.get("$defs", {}).items() if not depth else ():
        yield f"{printable(name)}, which holds itself:"
        yield from (f"  {line}" for line in _lines(definition, "", depth + 1))


def _field(part: dict[str, Any], path: str, often: str, depth: int) -> Iterator[str]:
    yield f"{printable(path):<40} {_types(part):<24} {often}".rstrip()
    yield from _lines(part, path, depth + 1)


def _types(schema: dict[str, Any]) -> str:
    """The types of a place, or what is narrower than these: a constant, the members of an enumeration, a format, bounds."""
    if "const" in schema:
        return _value(schema["const"])
    if "enum" in schema:
        members = [_value(member) for member in schema["enum"]]
        more = [f"{len(members) - MEMBERS} more"] if len(members) > MEMBERS else []
        return " | ".join([*members[:MEMBERS], *more])
    if "$ref" in schema:
        return printable(str(schema["$ref"]).rpartition("/")[2])
    types = schema.get("type")
    if types is None:
        return " | ".join(dict.fromkeys(_types(part) for part in schema.get("anyOf", ()))) or "any"
    words = types if isinstance(types, str) else " | ".join(types)
    form = schema.get("x-wsobserve-format") or schema.get("format")
    bounds = f"{schema['minimum']} to {schema['maximum']}" if {"minimum", "maximum"} <= schema.keys() else ""
    return " ".join(word for word in (words, f"({form})" if form else "", bounds) if word)


def _value(value: object) -> str:
    return printable(json.dumps(value, ensure_ascii=False))
