"""Where in a message a field is, as a person writes it in, the schemas that stand there out.

`a.b` is field b of field a, `a[].b` field b of each element of the list a, `a[0]` its first position, `prices.*` any value
of the map prices. A name with a dot, bracket or star in it is written in quotes, as in JSON: `"a.b".c`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from wsobserve.publish.structure import Schema, reference_name
from wsobserve.records import Record

STEP = re.compile(r'(?P<quoted>"(?:[^"\\]|\\.)*")|\[(?P<position>[0-9]*)\]|(?P<any>\*)|(?P<name>[^".\[\]*]+)')

Step = tuple[str, str]  # ("name", "price"), ("position", "0") or ("position", "") for every one, ("any", "")


class Place(Record, frozen=True):
    """A schema that stands at a path; `record` and `name` when it is the field of a record."""

    schema: Schema
    record: Schema | None
    name: str


def parse_path(text: str) -> tuple[Step, ...]:
    """The steps of a path; ValueError when it is none."""
    steps: list[Step] = []
    at = 0
    while at < len(text):
        if steps and text[at] != "[":
            if text[at] != ".":
                raise ValueError(f"no path of a field, from its character {at + 1} on")
            at += 1
        found = STEP.match(text, at)
        if found is None or found.end() == at:
            raise ValueError(f"no path of a field, from its character {at + 1} on")
        steps.append(_step(found))
        at = found.end()
    if not steps:
        raise ValueError("no path of a field: it is empty")
    return tuple(steps)


def _step(found: re.Match[str]) -> Step:
    if found["quoted"] is not None:
        return ("name", json.loads(found["quoted"]))
    if found["position"] is not None:
        return ("position", found["position"])
    return ("any", "") if found["any"] else ("name", found["name"])


def written_path(steps: tuple[Step, ...]) -> str:
    """The path as text, which gives the same steps again."""
    made = ""
    for word, name in steps:
        if word == "position":
            made += f"[{name}]"
            continue
        plain = re.fullmatch(r'[^".\[\]*]+', name) is not None
        made += "." * bool(made) + ("*" if word == "any" else name if plain else json.dumps(name, ensure_ascii=False))
    return made


def places(root: Schema, path: tuple[Step, ...]) -> list[Place]:
    """What stands at the path, in every alternative and behind references to `$defs` of the root."""
    found: list[Place] = []
    known: set[int] = set()
    for place in _places(root, Place(root, None, ""), path):
        if id(place.schema) not in known:
            known.add(id(place.schema))
            found.append(place)
    return found


def _places(root: Schema, place: Place, path: tuple[Step, ...]) -> Iterator[Place]:
    schema = place.schema
    if not path:
        yield place
        return
    target = reference_name(schema)
    definition = root.get("$defs", {}).get(target) if target is not None else None
    if definition is not None:
        yield from _places(root, Place(definition, None, ""), path)
    for keyword in ("anyOf", "oneOf"):
        for alternative in schema.get(keyword, ()):
            yield from _places(root, Place(alternative, None, ""), path)
    for inner in _inside(schema, path[0]):
        yield from _places(root, inner, path[1:])


def _inside(schema: Schema, step: Step) -> Iterator[Place]:
    word, name = step
    properties: dict[str, Any] = schema.get("properties", {})
    if word == "name" and name in properties:
        yield Place(properties[name], schema, name)
    elif word == "any":
        yield from (Place(inner, schema, each) for each, inner in properties.items())
        if isinstance(schema.get("additionalProperties"), dict):
            yield Place(schema["additionalProperties"], None, "")
    elif word == "position":
        positions = schema.get("prefixItems", [])
        for index, inner in enumerate(positions):
            if name in ("", str(index)):
                yield Place(inner, None, "")
        if isinstance(schema.get("items"), dict) and (name == "" or int(name) >= len(positions)):
            yield Place(schema["items"], None, "")
