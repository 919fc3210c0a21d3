"""A message kind as lines for people: its fields, their types, and how often each is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wsobserve.export.text import printable
from wsobserve.records import MessageKind

DEEPEST = 12


def kind_lines(kind: MessageKind) -> list[str]:
    """A heading and one line a field; no value of any message is in it."""
    direction = (kind.direction or "direction unknown").replace("_", " ")
    heading = (
        f"{printable(kind.channel)}  {direction}  {printable(kind.name or '(no name)')}  {kind.messages} messages  [{kind.id}]"
    )
    return [heading, *(f"  {line}" for line in _lines(kind.json_schema, "", 0)), ""]


def _lines(schema: dict[str, Any], path: str, depth: int) -> Iterator[str]:
    if depth > DEEPEST:
        return
    properties = schema.get("properties", {})
    required = set(schema.get("required", ()))
    for name, part in properties.items():
        inner = f"{path}.{name}" if path else name
        presence = part.get("x-wsobserve-presence")
        often = "" if name in required else "optional" if presence is None else f"in {presence:.1%}"
        yield f"{printable(inner):<40} {_types(part):<24} {often}".rstrip()
        yield from _lines(part, inner, depth + 1)
    items = schema.get("items")
    if isinstance(items, dict) and items:
        inner = f"{path}[]"
        yield f"{printable(inner):<40} {_types(items)}".rstrip()
        yield from _lines(items, inner, depth + 1)
    for alternative in schema.get("anyOf", ()):
        yield from _lines(alternative, path, depth + 1)


def _types(schema: dict[str, Any]) -> str:
    types = schema.get("type")
    if types is None:
        return " | ".join(dict.fromkeys(_types(part) for part in schema.get("anyOf", ()))) or "any"
    return types if isinstance(types, str) else " | ".join(types)
