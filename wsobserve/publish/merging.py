"""Schemas that constrain alike in, one out that says of all of them what each said of itself: counts add up.

What cannot be said of all (a format that only some had) is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wsobserve.publish.structure import (
    CONFIDENCE,
    COUNT,
    ELEMENTS,
    LENGTHS,
    OWN,
    PRESENCE,
    TRUNCATED,
    TYPES,
    Schema,
    Step,
    subschemas,
    with_subschemas,
)


def merged(schemas: Sequence[Schema], digest_of: Callable[[Schema], str]) -> Schema:
    """One for all; they have the same digest. Alternatives of `anyOf` are matched by theirs."""
    first = schemas[0]
    if len(schemas) == 1:
        return first
    inside = [_by_step(schema, digest_of) for schema in schemas]
    objects = [_objects(schema) for schema in schemas]

    def joined(step: Step, inner: Schema) -> Schema:
        place = _place(step, inner, digest_of, inside[0])
        parts = [steps[place] for steps in inside]
        made = merged(parts, digest_of)
        if any(PRESENCE in part for part in parts):
            made = made | {PRESENCE: merged_presence(parts, objects)}
        return made

    return merged_annotations(with_subschemas(first, joined), schemas)


Place = tuple[str, str, int]


def _by_step(schema: Schema, digest_of: Callable[[Schema], str]) -> dict[Place, Schema]:
    found: dict[Place, Schema] = {}
    for step, inner in subschemas(schema):
        keyword, name = step[0], digest_of(inner) if step[0] == "anyOf" else step[1]
        nth = 0  # alternatives that constrain alike
        while (keyword, name, nth) in found:
            nth += 1
        found[keyword, name, nth] = inner
    return found


def _place(step: Step, inner: Schema, digest_of: Callable[[Schema], str], places: dict[Place, Schema]) -> Place:
    name = digest_of(inner) if step[0] == "anyOf" else step[1]
    nth = 0
    while places[step[0], name, nth] is not inner:
        nth += 1
    return (step[0], name, nth)


def merged_annotations(schema: Schema, schemas: Sequence[Schema]) -> Schema:
    """The schema with the annotations that are true of all of the schemas together; presence is the surroundings' matter."""
    made = {keyword: value for keyword, value in schema.items() if not keyword.startswith(OWN)}
    keywords = sorted({keyword for one in schemas for keyword in one if keyword.startswith(OWN)} - {PRESENCE})
    for keyword in keywords:
        values = [one[keyword] for one in schemas if keyword in one]
        if keyword == COUNT:
            made[keyword] = sum(values)
        elif keyword == TYPES:
            made[keyword] = _added_types(schemas)
        elif keyword in (LENGTHS, ELEMENTS):
            made[keyword] = [min(value[0] for value in values), max(value[1] for value in values)]
        elif keyword == TRUNCATED:
            made[keyword] = any(values)
        elif keyword == CONFIDENCE and len(values) == len(schemas):
            made[keyword] = min(values)
        elif len(values) == len(schemas) and all(value == values[0] for value in values):
            made[keyword] = values[0]
    return made


def _added_types(schemas: Sequence[Schema]) -> dict[str, int]:
    added: dict[str, int] = {}
    for schema in schemas:
        only = schema.get("type")
        for name, count in schema.get(TYPES, {only: schema.get(COUNT, 0)} if isinstance(only, str) else {}).items():
            added[name] = added.get(name, 0) + count
    return dict(sorted(added.items()))


def merged_presence(parts: Sequence[Schema], objects: Sequence[int]) -> float:
    """The share of all surrounding objects that have it: four digits, and 1 means all."""
    if sum(objects) == 0:
        return min(float(part.get(PRESENCE, 1.0)) for part in parts)
    if all(part.get(PRESENCE, 1.0) == 1.0 for part in parts):
        return 1.0
    if all(COUNT in part for part in parts):
        share = sum(part[COUNT] for part in parts) / sum(objects)
    else:
        share = sum(part.get(PRESENCE, 1.0) * count for part, count in zip(parts, objects, strict=True)) / sum(objects)
    return float(min(round(share, 4), 0.9999))


def _objects(schema: Schema) -> int:
    """How many objects it describes, as far as it says so."""
    count = schema.get(TYPES, {}).get("object", schema.get(COUNT, 0))
    return int(count)
