"""A JSON Schema taken apart into alternatives of one type each, and put together again; every time in the same form.

A message fits the schema when it fits one of its alternatives. No alternatives: nothing fits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from wsobserve.schema.constraining import Schema, constraining

BOUNDS: Mapping[str, Callable[[Iterable[Any]], Any]] = {
    **dict.fromkeys(("minimum", "minLength", "minItems", "minProperties"), min),
    **dict.fromkeys(("maximum", "maxLength", "maxItems", "maxProperties"), max),
}
_FORMATS = ("format", "x-wsobserve-format")
_OF_NUMBERS = dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", *_FORMATS))
FACETS: Mapping[str, Mapping[str, None]] = {  # in this order
    "array": dict.fromkeys(("minItems", "maxItems", "uniqueItems")),
    "boolean": {},
    "integer": _OF_NUMBERS,
    "null": {},
    "number": _OF_NUMBERS,
    "object": dict.fromkeys(("minProperties", "maxProperties")),
    "string": dict.fromkeys(("minLength", "maxLength", "pattern", "contentEncoding", *_FORMATS)),
}
_TYPES = ("array", "boolean", "null", "number", "object", "string")
_WHOLE = frozenset(("$ref", "$dynamicRef", "anyOf", "oneOf", "allOf", "not", "if", "patternProperties"))
_TRUNCATED = "x-wsobserve-truncated"
_PRESENCE = "x-wsobserve-presence"

Alternatives: TypeAlias = "tuple[Alternative, ...]"


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of the schemas that a message may fit; of one type, or one that is not taken apart: its type is empty.

    `always`: fields that were never missing, the required ones among them; not part of what the alternative says.
    """

    type: str
    words: Schema = field(default_factory=dict)
    members: dict[str, Any] | None = None  # of an enumeration, by their text; None: it is none
    truncated: bool = False
    properties: dict[str, Alternatives] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    always: frozenset[str] = field(default=frozenset(), compare=False)
    others: Alternatives | None = None  # fields without a name of their own; None: not said
    prefix: tuple[Alternatives, ...] | None = None
    items: Alternatives | None = None  # behind the prefix; None: not said

    def with_fields(
        self, properties: dict[str, Alternatives], required: frozenset[str], others: Alternatives | None
    ) -> Alternative:
        return replace(self, properties=properties, required=required, always=required, others=others)

    def with_elements(self, prefix: tuple[Alternatives, ...] | None, items: Alternatives | None) -> Alternative:
        return replace(self, prefix=prefix, items=items)

    def without_words(self, *words: str) -> Alternative:
        return replace(self, words={word: value for word, value in self.words.items() if word not in words})


ANYTHING: Alternatives = tuple(Alternative(name) for name in _TYPES)


def text_of(value: Any) -> str:
    """The same text for the same JSON value."""
    return json.dumps(value, sort_keys=True)


def parsed(schema: Any, settled: Callable[[list[Alternative]], Alternatives]) -> Alternatives:
    """The alternatives of a schema; `settled` has the last word on those of each schema inside, and then on its own."""
    if not isinstance(schema, dict):
        return () if schema is False else ANYTHING
    words = {
        word for word in schema if not word.startswith(("x-", "$schema", "$defs")) and word not in ("title", "description")
    }
    if words == {"anyOf"}:
        return settled([one for part in schema["anyOf"] for one in parsed(part, settled)])
    if words & _WHOLE:
        return (Alternative("", constraining({word: schema[word] for word in words})),)
    declared = schema.get("type", _TYPES)
    types = [declared] if isinstance(declared, str) else sorted(declared)
    if "number" in types:  # every integer is one
        types = [name for name in types if name != "integer"]
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    found = (_of_type(name, schema, values, settled) for name in types)
    return settled([one for one in found if one.members is None or one.members])


def _of_type(
    name: str, schema: Schema, values: list[Any] | None, settled: Callable[[list[Alternative]], Alternatives]
) -> Alternative:
    one = Alternative(
        name,
        {word: schema[word] for word in FACETS[name] if word in schema and not (word in _FORMATS and _of_text(schema, name))},
        None if values is None else _members(name, values),
    )
    if name == "array":
        prefix = schema.get("prefixItems")
        return replace(
            one,
            truncated=bool(schema.get(_TRUNCATED)),
            prefix=tuple(parsed(part, settled) for part in prefix) if prefix else None,
            items=parsed(schema["items"], settled) if "items" in schema else None,
        )
    if name == "object":
        required, properties = frozenset(schema.get("required", ())), schema.get("properties", {})
        never_missing = {key for key, part in properties.items() if not isinstance(part, dict) or part.get(_PRESENCE, 1.0) >= 1}
        return replace(
            one,
            truncated=bool(schema.get(_TRUNCATED)),
            properties={key: parsed(part, settled) for key, part in properties.items()},
            required=required,
            # Where messages are few, a field that was always there may not be required yet: no share is given then.
            always=required | never_missing,
            others=parsed(schema["additionalProperties"], settled) if "additionalProperties" in schema else None,
        )
    return one


def _of_text(schema: Schema, name: str) -> bool:
    """Whether the format is that of the texts beside the numbers."""
    return name in ("integer", "number") and "string" in schema.get("type", _TYPES)


def _members(name: str, values: list[Any]) -> dict[str, Any] | None:
    members = {text_of(value): value for value in values if _is_of(name, value)}
    if name == "null" or (len(members) == 2 and name == "boolean"):
        return None if members else members  # all that there are
    return dict(sorted(members.items()))


def _is_of(name: str, value: object) -> bool:
    match value:
        case None:
            return name == "null"
        case bool():
            return name == "boolean"
        case int():
            return name in ("integer", "number")
        case float():
            return name == "number" or (name == "integer" and value.is_integer())
        case str():
            return name == "string"
        case list():
            return name == "array"
        case _:
            return name == "object"


def rendered(alternatives: Alternatives) -> Schema:
    """The alternatives as one schema."""
    if not alternatives:
        return {"not": {}}
    groups: list[list[Alternative]] = []
    for one in alternatives:
        group = next((group for group in groups if all(_fit_together(one, other) for other in group)), None)
        if group is None:
            groups.append([one])
        else:
            group.append(one)
    schemas = [_together(group) for group in groups]
    return schemas[0] if len(schemas) == 1 else {"anyOf": sorted(schemas, key=text_of)}


def _fit_together(one: Alternative, other: Alternative) -> bool:
    """Whether both can be said in one schema: each word of it concerns one of them alone."""
    if not one.type or not other.type or one.type == other.type or one.truncated != other.truncated:
        return False
    if "null" not in (one.type, other.type) and (one.members is None) != (other.members is None):
        return False
    return not (one.words.keys() & FACETS[other.type].keys() or other.words.keys() & FACETS[one.type].keys())


def _together(group: list[Alternative]) -> Schema:
    if not group[0].type:
        return dict(group[0].words)
    if len(group) == len(_TYPES) and all(one in ANYTHING for one in group):
        return {}
    types = sorted(one.type for one in group)
    schema: Schema = {"type": types[0] if len(types) == 1 else types}
    if any(one.members is not None for one in group):
        members = [value for one in group for value in (one.members.values() if one.members is not None else (None,))]
        schema |= {"const": members[0]} if len(members) == 1 else {"enum": members}
    for one in group:
        schema |= _inside(one)
    return schema


def _inside(one: Alternative) -> Schema:
    schema = dict(one.words)
    if one.properties:
        schema["properties"] = {name: rendered(one.properties[name]) for name in sorted(one.properties)}
    if one.required:
        schema["required"] = sorted(one.required)
    if one.others is not None:
        schema["additionalProperties"] = rendered(one.others) if one.others else False
    if one.prefix:
        schema["prefixItems"] = [rendered(position) for position in one.prefix]
    if one.items is not None:
        schema["items"] = rendered(one.items) if one.items else False
    if one.truncated:
        schema[_TRUNCATED] = True
    return schema
