"""Two schemas in, the narrowest one out that accepts what either accepted; None when they are not of one kind.

For the levels of a recursive structure, which differ only by what happened to be seen at each. An array of which no element
was ever seen was empty each time, so it takes the elements of the other; what was not described in full is never widened.
"""

from __future__ import annotations

from typing import Any

from wsobserve.publish.merging import merged_annotations
from wsobserve.publish.structure import (
    COUNT,
    FORMAT,
    PRESENCE,
    TRUNCATED,
    TYPES,
    Schema,
    is_annotation,
    types_of,
)

ALIKE = ("format", "pattern", "contentEncoding", FORMAT)  # kept where both say the same
BOUNDS = {"minimum": min, "minLength": min, "minItems": min, "maximum": max, "maxLength": max, "maxItems": max}
UNDERSTOOD = {*ALIKE, *BOUNDS, "type", "const", "enum", "properties", "required", "additionalProperties", "items", "$ref"}


def widened(one: Schema, other: Schema) -> Schema | None:
    """What accepts both, with counts added up."""
    if one.get(TRUNCATED) or other.get(TRUNCATED):
        return None
    (plain_one, null_one), (plain_other, null_other) = without_null(one), without_null(other)
    if plain_one is None or plain_other is None:
        plain = plain_one if plain_other is None else plain_other
    else:
        plain = _plain(plain_one, plain_other)
        if plain is None:
            return None
    made = {"type": "null"} if plain is None else with_null(plain) if null_one or null_other else plain
    return merged_annotations({**made}, [one, other])


def without_null(schema: Schema) -> tuple[Schema | None, bool]:
    """What it accepts apart from null (None: nothing), and whether it accepts null."""
    types = types_of(schema)
    if "null" in types:
        others = [name for name in types if name != "null"]
        if not others:
            return None, True
        made: Schema = {keyword: value for keyword, value in schema.items() if keyword not in (TYPES, COUNT)}
        made["type"] = others[0] if len(others) == 1 else others
        if "enum" in made:
            made["enum"] = [value for value in made["enum"] if value is not None]
        counts = {name: count for name, count in schema.get(TYPES, {}).items() if name != "null"}
        if counts:
            made[COUNT] = sum(counts.values())
        return made, True
    alternatives = schema.get("anyOf", [])
    rest = [part for part in alternatives if types_of(part) != ["null"]]
    if len(rest) == 1 < len(alternatives) and set(schema) - {"anyOf"} <= {key for key in schema if is_annotation(key)}:
        return rest[0], True
    return schema, False


def with_null(schema: Schema) -> Schema:
    """What accepts null too."""
    if types_of(schema) and "enum" not in schema and "const" not in schema:
        return {**schema, "type": sorted({*types_of(schema), "null"})}
    return {"anyOf": [schema, {"type": "null"}]}


def _plain(one: Schema, other: Schema) -> Schema | None:
    types = set(types_of(one)) | set(types_of(other))
    if types == {"integer", "number"}:
        types = {"number"}
    elif set(types_of(one)) != set(types_of(other)):
        return None
    if one.get("$ref") != other.get("$ref"):
        return None
    if "anyOf" in one or "prefixItems" in one or "anyOf" in other or "prefixItems" in other:
        return one if _bare(one) == _bare(other) else None
    if not {key for key in (*one, *other) if not is_annotation(key)} <= UNDERSTOOD:
        return None
    made: Schema = {"$ref": one["$ref"]} if "$ref" in one else {}
    if types:
        made["type"] = sorted(types) if len(types) > 1 else next(iter(types))
    made |= {keyword: one[keyword] for keyword in ALIKE if keyword in one and one[keyword] == other.get(keyword)}
    made |= {key: widest(one[key], other[key]) for key, widest in BOUNDS.items() if key in one and key in other}
    _widen_values(made, one, other)
    if "array" in types:
        items = _either(one.get("items"), other.get("items"))
        if items is None:
            return None
        made |= {"items": items} if items else {}
    if "object" in types and not _widen_object(made, one, other):
        return None
    return made


def _widen_values(made: Schema, one: Schema, other: Schema) -> None:
    """Constants and enumerations: all the values of both, when both have some."""
    values: list[Any] = []
    for schema in (one, other):
        found = [schema["const"]] if "const" in schema else schema.get("enum")
        if found is None:
            return
        values += [value for value in found if not any(value is known or _same(value, known) for known in values)]
    made |= {"const": values[0]} if len(values) == 1 else {"enum": values}


def _same(one: object, other: object) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _widen_object(made: Schema, one: Schema, other: Schema) -> bool:
    """Whether there is one record or map for both; then it is in `made`."""
    rest, others = one.get("additionalProperties"), other.get("additionalProperties")
    if isinstance(rest, dict) and isinstance(others, dict):
        rest = widened(rest, others)
        if rest is None:
            return False
    elif rest != others:
        return False
    if rest is not None:
        made["additionalProperties"] = rest
    ours, theirs = one.get("properties", {}), other.get("properties", {})
    objects = one.get(COUNT, 0) + other.get(COUNT, 0)
    properties = {}
    for name in sorted({*ours, *theirs}):
        part = _either(ours.get(name), theirs.get(name))
        if part is None:
            return False
        if COUNT in part and objects:
            part = {**part, PRESENCE: 1.0 if part[COUNT] >= objects else min(round(part[COUNT] / objects, 4), 0.9999)}
        properties[name] = part
    required = sorted({*one.get("required", ())} & {*other.get("required", ())})
    made |= {"properties": properties} if properties else {}
    made |= {"required": required} if required else {}
    return True


def _either(one: Schema | None, other: Schema | None) -> Schema | None:
    """The one that there is, or what accepts both; {} when there is none, None when they cannot be widened."""
    if one is None or other is None:
        return {**(one or other or {})}
    return widened(one, other)


def _bare(schema: Any) -> Any:
    """Without annotations."""
    if isinstance(schema, list):
        return [_bare(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {keyword: _bare(value) for keyword, value in schema.items() if not keyword.startswith("x-wsobserve-")}
