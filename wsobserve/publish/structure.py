"""A JSON Schema as a tree: the schemas directly inside one, what of it constrains, and the order in which it is written.

Keywords that only annotate (`x-wsobserve-*`, titles, descriptions) never decide what is accepted; everything else does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Schema = dict[str, Any]
Step = tuple[str, str]  # a keyword and what stands below it: ("properties", "price"), ("items", ""), ("anyOf", "0")

NAMED = ("properties", "patternProperties", "dependentSchemas")
LISTED = ("prefixItems", "anyOf", "oneOf", "allOf")
SINGLE = ("items", "additionalProperties", "propertyNames", "contains", "not", "if", "then", "else")

OWN = "x-wsobserve-"
COUNT, PRESENCE, TYPES = "x-wsobserve-count", "x-wsobserve-presence", "x-wsobserve-types"
LENGTHS, ELEMENTS = "x-wsobserve-lengths", "x-wsobserve-elements"
TRUNCATED, FORMAT, CONFIDENCE = "x-wsobserve-truncated", "x-wsobserve-format", "x-wsobserve-confidence"
STANDARD_ANNOTATIONS = ("title", "description", "deprecated", "readOnly", "writeOnly", "examples", "default", "$comment")

UNORDERED = ("type", "enum", "required", "anyOf")  # lists whose order says nothing

WRITTEN_FIRST = (
    *("$schema", "$id", "$ref", "title", "description", "deprecated", "type", "const", "enum"),
    *("format", "pattern", "contentEncoding", "minimum", "maximum", "minLength", "maxLength"),
    *("properties", "patternProperties", "required", "additionalProperties", "prefixItems", "items", "minItems", "maxItems"),
    *("anyOf", "oneOf", "allOf"),
)
WRITTEN_LAST = "$defs"
REFERENCE = "#/$defs/"


def subschemas(schema: Schema) -> Iterator[tuple[Step, Schema]]:
    """The schemas directly inside one, each with the step that leads to it."""
    for keyword in NAMED:
        for name, inner in schema.get(keyword, {}).items():
            if isinstance(inner, dict):
                yield (keyword, name), inner
    for keyword in LISTED:
        for index, inner in enumerate(schema.get(keyword, ())):
            if isinstance(inner, dict):
                yield (keyword, str(index)), inner
    for keyword in SINGLE:
        inner = schema.get(keyword)
        if isinstance(inner, dict):
            yield (keyword, ""), inner


def with_subschemas(schema: Schema, changed: Callable[[Step, Schema], Schema]) -> Schema:
    """The schema with another one in place of each directly inside it."""
    made = dict(schema)
    for (keyword, name), inner in subschemas(schema):
        new = changed((keyword, name), inner)
        if keyword in SINGLE:
            made[keyword] = new
        elif keyword in NAMED:
            made[keyword] = {**made[keyword], name: new}
        else:
            made[keyword] = [new if str(index) == name else old for index, old in enumerate(made[keyword])]
    return made


def size(schema: Schema) -> int:
    """How many schemas it is made of, itself included; definitions do not count."""
    return 1 + sum(size(inner) for _, inner in subschemas(schema))


def types_of(schema: Schema) -> list[str]:
    """The names in `type`; empty when it allows any."""
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else list(types)


def is_annotation(keyword: str) -> bool:
    """Whether the keyword says something without constraining anything."""
    return keyword.startswith(OWN) or keyword in STANDARD_ANNOTATIONS


def digest(value: object) -> str:
    """A short text that is the same for equal JSON values, in every process."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def digest_of(schema: Schema, inner_digests: Iterable[tuple[Step, str]]) -> str:
    """What two schemas have in common exactly when they accept the same for the same reasons.

    Own annotations do not count; titles and descriptions do, so that none is lost when two schemas become one.
    """
    kept = {keyword: value for keyword, value in schema.items() if not keyword.startswith(OWN)}
    for (keyword, name), inner in inner_digests:
        if keyword in SINGLE:
            kept[keyword] = inner
        elif keyword in NAMED:
            kept[keyword] = {**kept[keyword], name: inner}
        else:
            kept[keyword] = [inner if str(index) == name else old for index, old in enumerate(kept[keyword])]
    for keyword in UNORDERED:
        if isinstance(kept.get(keyword), list):
            kept[keyword] = sorted(kept[keyword], key=digest)
    return digest(kept)


def reference_name(schema: Schema) -> str | None:
    """The name of the definition that it refers to."""
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith(REFERENCE):
        return reference[len(REFERENCE) :]
    return None


def in_order(schema: Schema) -> Schema:
    """The same schema, its keywords in the order in which they are read best, its properties by name."""
    places = {keyword: place for place, keyword in enumerate(WRITTEN_FIRST)}

    def place(keyword: str) -> tuple[int, str]:
        if keyword == WRITTEN_LAST:
            return (len(places) + 2, "")
        return (len(places) + keyword.startswith(OWN), keyword) if keyword not in places else (places[keyword], "")

    inside = with_subschemas(schema, lambda _, inner: in_order(inner))
    made: Schema = {}
    for keyword in sorted(inside, key=place):
        value = inside[keyword]
        if keyword in NAMED or keyword == TYPES:
            value = dict(sorted(value.items()))
        elif keyword == "required":
            value = sorted(value)
        elif keyword == WRITTEN_LAST:
            value = {name: in_order(inner) for name, inner in sorted(value.items())}
        made[keyword] = value
    return made
