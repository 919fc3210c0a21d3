"""A schema in which inference wrote a recursive structure out level by level in, the same with one definition out.

`{id, text, replies: [{id, text, replies: [{id, text, replies: []}]}]}` is a comment with comments. It is folded when the
levels are alike, none was described only in part, and two steps down were seen, or one to a level whose recursive field
was there and empty: so that further levels are what the traffic itself promises.
"""

from __future__ import annotations

from collections.abc import Iterator

from wsobserve.publish.structure import (
    COUNT,
    PRESENCE,
    REFERENCE,
    STANDARD_ANNOTATIONS,
    TRUNCATED,
    Schema,
    Step,
    subschemas,
    types_of,
    with_subschemas,
)
from wsobserve.publish.widening import widened, without_null

DEEPEST_WRAPPING = 4  # arrays, maps and alternatives between a field and the record in it
PLACEHOLDER = "recursive"


def folded(schema: Schema) -> Schema:
    """The schema with `$defs` for what it repeats inside itself; the same schema when it does not."""
    definitions: dict[str, Schema] = {}
    taken = schema.get("$defs", {})

    def fold(node: Schema) -> Schema:
        name = next(name for number in range(1_000_000) if (name := f"{PLACEHOLDER}-{number}") not in definitions | taken)
        body = _one_for_all_levels(node, name)
        if body is None:
            return with_subschemas(node, lambda _, inner: fold(inner))
        definitions[name] = {}  # the name is taken while its inside is folded
        definitions[name] = with_subschemas(body, lambda _, inner: fold(inner))
        return _reference(node, name)

    top = {keyword: value for keyword, value in schema.items() if keyword != "$defs"}
    made = fold(top)
    if definitions or taken:
        made["$defs"] = {**taken, **definitions}
    if "$schema" in schema:
        made["$schema"] = schema["$schema"]
    return made


def _one_for_all_levels(node: Schema, name: str) -> Schema | None:
    """What accepts the record at each of its levels and refers to itself by `name`; None when it has no such levels."""
    if not _is_record(node):
        return None
    levels: list[tuple[int, Schema]] = [(0, node)]
    fields: set[str] = set()
    for depth, level in levels:  # grows while it is walked
        for field, value in level["properties"].items():
            for record in _records(value):
                if _alike(node, record):
                    levels.append((depth + 1, record))
                    fields.add(field)
    deepest = max(depth for depth, _ in levels)
    told = any(depth and fields & level["properties"].keys() for depth, level in levels)
    if not fields or not (deepest > 1 or told):
        return None
    inside = {id(level) for _, level in levels}
    if any(
        not _leads_on(level["properties"][field], inside)
        for _, level in levels
        for field in fields & level["properties"].keys()
    ):
        return None
    body: Schema | None = None
    for _, level in levels:
        next_body = _with_reference(level, fields, inside, name)
        body = next_body if body is None else widened(body, next_body)
        if body is None:
            return None
    return body


def _is_record(schema: Schema) -> bool:
    types = [name for name in types_of(schema) if name != "null"]
    return types == ["object"] and bool(schema.get("properties")) and not schema.get(TRUNCATED)


def _records(schema: Schema, depth: int = 0) -> Iterator[Schema]:
    """The records in a field, through arrays, maps and alternatives."""
    if _is_record(schema):
        yield schema
    elif depth < DEEPEST_WRAPPING:
        for (keyword, _), inner in subschemas(schema):
            if keyword in ("items", "additionalProperties", "anyOf"):
                yield from _records(inner, depth + 1)


def _alike(outer: Schema, inner: Schema) -> bool:
    """Whether `inner` may be the same record further down: no other fields, and all but fields that may lead on."""
    ours, theirs = outer["properties"], inner["properties"]
    missing = {name for name in outer.get("required", ()) if name not in theirs}
    own = {name for name in theirs if not any(True for _ in _records(theirs[name]))}
    return (
        theirs.keys() <= ours.keys()
        and all(any(True for _ in _records(ours[name])) for name in missing)
        and bool(own)
        and all(_could_be_one(ours[name], theirs[name]) for name in own)
        and outer.get("additionalProperties") == inner.get("additionalProperties")
    )


def _could_be_one(one: Schema, other: Schema) -> bool:
    types = set(types_of(one)) - {"null"}, set(types_of(other)) - {"null"}
    return not types[0] or not types[1] or bool(types[0] & types[1]) or types[0] | types[1] == {"integer", "number"}


def _leads_on(schema: Schema, inside: set[int], depth: int = 0) -> bool:
    """Whether a recursive field holds levels, or is empty, and nothing else."""
    if id(schema) in inside:
        return True
    plain, _ = without_null(schema)
    if plain is None or id(plain) in inside:
        return True
    if schema.get(TRUNCATED) or depth > DEEPEST_WRAPPING or "prefixItems" in plain or plain.get("properties"):
        return False
    inner = [part for _, part in subschemas(plain)]
    if types_of(plain) == ["array"] and not inner:
        return True
    return bool(inner) and all(_leads_on(part, inside, depth + 1) for part in inner)


def _reference(schema: Schema, name: str) -> Schema:
    """What stands at the place of a level instead of it."""
    beside = {key: schema[key] for key in (*STANDARD_ANNOTATIONS, COUNT, PRESENCE) if key in schema}
    if "null" not in types_of(schema):
        return {"$ref": REFERENCE + name, **beside}
    return {"anyOf": [{"$ref": REFERENCE + name}, {"type": "null"}], **beside}


def _with_reference(level: Schema, fields: set[str], inside: set[int], name: str) -> Schema:
    """The level itself, with references in place of the levels further down."""

    def replaced(_: Step, schema: Schema) -> Schema:
        return _reference(schema, name) if id(schema) in inside else with_subschemas(schema, replaced)

    plain, _ = without_null(level)
    assert plain is not None, "a level is a record"
    bare = {key: value for key, value in plain.items() if key not in (*STANDARD_ANNOTATIONS, PRESENCE)}
    return with_subschemas(bare, lambda step, schema: replaced(step, schema) if step[1] in fields else schema)
