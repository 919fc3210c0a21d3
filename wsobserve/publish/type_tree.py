"""Schemas in, types out as a programming language has them: records, maps, lists, tuples, unions, literals, scalars.

A type never rejects what its schema accepts. Where a language has no words for a constraint the type accepts more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

from wsobserve.publish.definitions import Definitions, shared_definitions
from wsobserve.publish.documents import by_channel
from wsobserve.publish.naming import free_name, kind_names, pascal_case
from wsobserve.publish.structure import Schema, Step, reference_name, types_of
from wsobserve.records import Json, MessageKind, Record


class Unknown(Record, frozen=True):
    """Anything at all."""


class Scalar(Record, frozen=True):
    """`string`, `integer`, `number`, `boolean` or `null`, with what the schema says of it."""

    name: str
    schema: Schema


class Constants(Record, frozen=True):
    """Exactly these values."""

    values: tuple[Json, ...]


class ListOf(Record, frozen=True):
    """Any number of elements of one type."""

    element: Type
    least: int | None = None
    most: int | None = None


class Positions(Record, frozen=True):
    """A tuple; the positions from `least` on may be missing. `rest`: what may follow, None: nothing may."""

    elements: tuple[Type, ...]
    least: int
    rest: Type | None = None


class MapOf(Record, frozen=True):
    """Any keys, with values of one type."""

    value: Type


class Field(Record, frozen=True):
    """A property of a record. `schema` tells what is known of it."""

    name: str
    type: Type
    required: bool
    schema: Schema


class Fields(Record, frozen=True):
    """A record. `rest`: the type of properties with other names, None: there are none."""

    fields: tuple[Field, ...]
    rest: Type | None


class OneOf(Record, frozen=True):
    """Any of several."""

    options: tuple[Type, ...]


class Named(Record, frozen=True):
    """A type that is written elsewhere, under this name."""

    name: str


Type = Unknown | Scalar | Constants | ListOf | Positions | MapOf | Fields | OneOf | Named


class Declaration(Record, frozen=True):
    """A type with its name; `kind`: the kind of message whose type it is, None: a part that several share."""

    name: str
    type: Type
    schema: Schema
    kind: MessageKind | None = None


class Declarations(Record, frozen=True):
    """All named types, parts before kinds, and for each channel the names of its kinds."""

    all: dict[str, Declaration]
    channels: dict[str, list[str]]
    unions: dict[str, str]  # by channel: a free name for the union of its kinds

    def behind(self, type_: Type) -> Type:
        """The type itself, whatever name it goes by."""
        seen: set[str] = set()
        while isinstance(type_, Named) and type_.name not in seen:
            seen.add(type_.name)
            type_ = self.all[type_.name].type
        return type_


def declared_types(kinds: Iterable[MessageKind], reserved: Collection[str] = ()) -> Declarations:
    """The types of these kinds under names that are free in the language: none is `reserved`."""
    ordered = sorted(kinds, key=lambda kind: kind.id)
    shared: Definitions = shared_definitions(ordered)
    names = kind_names(ordered, reserved)
    taken = {*reserved, *names.values()}
    parts: dict[str, str] = {}
    for definition in shared.definitions:
        parts[definition] = free_name([definition, f"{definition}Value"], taken)
        taken.add(parts[definition])
    made = {
        parts[name]: Declaration(parts[name], type_of(schema, parts.__getitem__), schema)
        for name, schema in shared.definitions.items()
    }
    for kind in ordered:
        schema = shared.schemas[kind.id]
        made[names[kind.id]] = Declaration(names[kind.id], type_of(schema, parts.__getitem__), schema, kind)
    channels = {channel: [names[kind.id] for kind in found] for channel, found in by_channel(ordered).items()}
    unions: dict[str, str] = {}
    for channel in channels:
        wished = _union_names(channel)
        unions[channel] = free_name(wished, taken)
        taken.add(unions[channel])
    return Declarations(all=made, channels=channels, unions=unions)


def _union_names(channel: str) -> list[str]:
    name = pascal_case(channel)
    return [f"{name}Message", f"Any{name}Message", f"{name}ChannelMessage"]


def type_of(schema: Schema, name_of: Callable[[str], str]) -> Type:
    """The type of what the schema accepts; `name_of` gives the name of the type of a definition."""
    target = reference_name(schema)
    if target is not None:
        return Named(name_of(target))
    if "const" in schema:
        return Constants((schema["const"],))
    if "enum" in schema:
        return Constants(tuple(schema["enum"]))
    for keyword in ("anyOf", "oneOf"):
        if schema.get(keyword):
            return one_of([type_of(option, name_of) for option in schema[keyword]])
    types = types_of(schema)
    if not types:
        return Unknown()  # other kinds of value are accepted, whatever is said of objects and arrays
    return one_of([_of_type(name, schema, name_of) for name in types])


def one_of(options: Sequence[Type]) -> Type:
    """The union, flat and without doubles; null is last."""
    flat: list[Type] = []
    for option in options:
        flat += option.options if isinstance(option, OneOf) else [option]
    if any(isinstance(option, Unknown) for option in flat):
        return Unknown()
    unique = [option for index, option in enumerate(flat) if option not in flat[:index]]
    unique.sort(key=lambda option: isinstance(option, Scalar) and option.name == "null")
    return unique[0] if len(unique) == 1 else OneOf(tuple(unique))


def _of_type(name: str, schema: Schema, name_of: Callable[[str], str]) -> Type:
    if name == "object":
        return _object(schema, name_of)
    if name == "array":
        return _array(schema, name_of)
    return Scalar(name, {} if name in ("null", "boolean") else schema)


def _object(schema: Schema, name_of: Callable[[str], str]) -> Type:
    properties: dict[str, Any] = schema.get("properties", {})
    required = set(schema.get("required", ()))
    others = schema.get("additionalProperties", True)
    rest = type_of(others, name_of) if isinstance(others, dict) else Unknown() if others else None
    if not properties and not required and rest is not None:
        return MapOf(rest)
    fields = [
        Field(name, type_of(properties.get(name, {}), name_of), name in required, properties.get(name, {}))
        for name in sorted({*properties, *required})
    ]
    return Fields(tuple(fields), rest)


def _array(schema: Schema, name_of: Callable[[str], str]) -> Type:
    items = schema.get("items", True)
    rest = type_of(items, name_of) if isinstance(items, dict) else Unknown() if items else None
    least, most = schema.get("minItems"), schema.get("maxItems")
    if "prefixItems" not in schema:
        return ListOf(Unknown(), least, 0) if rest is None else ListOf(rest, least, most)
    elements = tuple(type_of(part, name_of) for part in schema["prefixItems"])
    if most is not None and most <= len(elements):
        elements, rest = elements[:most], None
    return Positions(elements, min(least or 0, len(elements)), rest)


def without_null(options: Sequence[Type]) -> list[Type]:
    """The options but null."""
    return [option for option in options if not (isinstance(option, Scalar) and option.name == "null")]


def parts(type_: Type) -> Iterator[tuple[Step, Type]]:
    """The types directly inside, each with the step that leads to it."""
    match type_:
        case Fields(fields=fields, rest=rest):
            yield from ((("properties", field.name), field.type) for field in fields)
            if rest is not None:
                yield ("additionalProperties", ""), rest
        case ListOf(element=element):
            yield ("items", ""), element
        case MapOf(value=value):
            yield ("additionalProperties", ""), value
        case Positions(elements=elements, rest=rest):
            yield from ((("prefixItems", str(index)), element) for index, element in enumerate(elements))
            if rest is not None:
                yield ("items", ""), rest
        case OneOf(options=options):
            for index, option in enumerate(options):
                yield ("anyOf", str(index)), option


def discriminator(options: Sequence[Type], declarations: Declarations) -> str | None:
    """The one property that tells all of the options apart by its constants: strings or integers, in each other ones."""
    records = [declarations.behind(option) for option in options]
    if len(records) < 2 or not all(isinstance(record, Fields) for record in records):
        return None
    tags = [_tags(record) for record in records if isinstance(record, Fields)]
    for name in sorted(set.intersection(*(set(tag) for tag in tags)), key=lambda name: (name not in USUAL, name)):
        values = [value for tag in tags for value in tag[name]]
        if len({(type(value), value) for value in values}) == len(values):
            return name
    return None


USUAL = ("type", "kind", "event", "op", "action", "method", "name", "t", "e", "cmd", "command", "msg", "topic", "channel")


def _tags(record: Fields) -> dict[str, tuple[Json, ...]]:
    return {
        field.name: field.type.values
        for field in record.fields
        if field.required
        and isinstance(field.type, Constants)
        and all(type(value) in (str, int) for value in field.type.values)
    }
