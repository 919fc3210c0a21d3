"""A JSON Schema document in, the channel that it describes out.

A document that is a choice between definitions, as `schema export` writes one for each channel, holds a kind for each of
them; any other is one kind.
"""

from __future__ import annotations

from typing import Any

from wsobserve.compare.described import PLAIN, Channel, Kind, Words
from wsobserve.compare.nodes import Node, Part, Source, text_of
from wsobserve.records import CLIENT_TO_SERVER, SERVER_TO_CLIENT, Direction

OWN = "x-wsobserve-"
# Keywords that may stand beside the choice and say nothing of the messages.
_BESIDE = frozenset(("$schema", "$id", "$comment", "$defs", "definitions", "title", "description"))
_KNOWN_KEYWORDS = frozenset(
    (
        "$schema",
        "$ref",
        "$defs",
        "definitions",
        "type",
        "const",
        "enum",
        "properties",
        "required",
        "items",
        "prefixItems",
        "anyOf",
        "oneOf",
        "allOf",
        "not",
        "if",
        "additionalProperties",
        "patternProperties",
        "format",
        "pattern",
        "minimum",
        "maximum",
    )
)


def is_json_schema(document: object) -> bool:
    """Whether this can be meant as a JSON Schema."""
    return isinstance(document, bool) or (
        isinstance(document, dict) and (not document or bool(_KNOWN_KEYWORDS & document.keys()))
    )


def from_traffic(document: object) -> bool:
    """Whether the schema was inferred by this program."""
    waiting: list[object] = [document]
    for _ in range(10_000):
        if not waiting:
            return False
        value = waiting.pop()
        if isinstance(value, dict):
            if any(isinstance(key, str) and key.startswith(OWN) for key in value):
                return True
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return False


def described_schema(document: Any, name: str) -> Channel:
    """The channel of one document. `name`: what to call it when it has no title."""
    root = Source(document).node()[0]
    title = document.get("title") if isinstance(document, dict) else None
    title = title if isinstance(title, str) else None
    choices = _choices(root)
    if choices:
        return Channel(id=name, address=title or name, kinds=tuple(_kind(part) for part in choices))
    kind = Kind(id=name, name=title, directions=directions(root), node=(root,), words={})
    return Channel(id=PLAIN, address=PLAIN, kinds=(kind,))


def _choices(root: Part) -> list[Part]:
    """The definitions between which the document is a choice; none when it is something else."""
    schema = root.schema
    if not isinstance(schema, dict):
        return []
    keywords = [key for key in schema if key not in _BESIDE and not key.startswith("x-")]
    if keywords not in (["anyOf"], ["oneOf"]) or not isinstance(schema[keywords[0]], list):
        return []
    parts = []
    for choice in schema[keywords[0]]:
        target = root.source.follow(choice["$ref"]) if isinstance(choice, dict) and set(choice) == {"$ref"} else None
        if target is None or not target.pointer.startswith(("/$defs/", "/definitions/")):
            return []
        parts.append(target)
    return parts


def _kind(part: Part) -> Kind:
    identifier = part.pointer.rsplit("/", 1)[1].replace("~1", "/").replace("~0", "~")
    schema = part.schema if isinstance(part.schema, dict) else {}
    told = schema.get(f"{OWN}discriminator")
    discriminator = {str(pointer): text_of(constant) for pointer, constant in told.items()} if isinstance(told, dict) else {}
    name = schema.get(f"{OWN}name") or schema.get("title")
    return Kind(
        id=identifier,
        name=name if isinstance(name, str) and name != identifier else None,
        directions=directions(part),
        node=(part,),
        discriminator=discriminator,
    )


def directions(part: Part) -> frozenset[Direction]:
    """The directions that our annotation tells."""
    told = part.schema.get(f"{OWN}directions") if isinstance(part.schema, dict) else None
    known: tuple[Direction, ...] = (CLIENT_TO_SERVER, SERVER_TO_CLIENT)
    return frozenset(direction for direction in known if isinstance(told, dict) and told.get(direction))


def words_of(part: Part, *names: str) -> Words:
    """Texts of an object of a document, for people."""
    schema = part.schema if isinstance(part.schema, dict) else {}
    return {name: text_of(schema[name]) for name in names if name in schema}


def node_of(part: Part, name: str) -> Node:
    """The schema under a name; nothing when there is none."""
    schema = part.schema
    return (part.inner(name),) if isinstance(schema, dict) and isinstance(schema.get(name), dict | bool) else ()
