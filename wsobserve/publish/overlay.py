"""Kinds and what a person says of them in, the kinds as that person wants them published out, and what no longer fits.

Nothing here looks at messages: what is said is laid over what was inferred, at every export anew. An entry that finds
nothing to speak of is reported, never silently dropped.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from wsobserve.publish.merging import merged
from wsobserve.publish.overlay_file import ChannelNote, FieldNote, KindNote, MergeNote, Overlay
from wsobserve.publish.overlay_path import Place, parse_path, places
from wsobserve.publish.structure import (
    COUNT,
    FORMAT,
    OWN,
    REFERENCE,
    STANDARD_ANNOTATIONS,
    Schema,
    digest_of,
    reference_name,
    subschemas,
    with_subschemas,
)
from wsobserve.records import Direction, Json, MessageKind, Record, kind_id

SHOWS_VALUES = (
    *("const", "enum", "examples", "default", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("multipleOf", f"{OWN}examples"),
)
SECRET = f"{OWN}secret"


class Overlaid(Record, frozen=True):
    """The kinds to publish, what is said of channels, and the entries that found nothing, as lines for people."""

    kinds: tuple[MessageKind, ...]
    channels: dict[str, ChannelNote]
    unmatched: tuple[str, ...]


def overlaid(kinds: Iterable[MessageKind], overlay: Overlay) -> Overlaid:
    """The kinds with all that the overlay says of them."""
    seen = sorted(kinds, key=lambda kind: kind.id)
    made = {kind.id: kind for kind in seen}
    hidden: set[str] = set()
    unmatched: list[str] = []
    for number, note in enumerate(overlay.kinds):
        found = [kind for kind in seen if _means(note, kind)]
        entry = f"kinds[{number}] ({_called(note)})"
        if not found:
            unmatched.append(f"{entry}: no such kind")
            continue
        touched: set[str] = set()
        for kind in found:
            made[kind.id] = _noted(made[kind.id], note, touched)
        paths = [*note.fields, *([f"split_by {note.split_by}"] if note.split_by else [])]
        unmatched += [f"{entry}: {_missing(path)}" for path in paths if path not in touched]
        hidden |= {kind.id for kind in found} if note.hide else set()
    result = {id: kind for id, kind in made.items() if id not in hidden}
    for number, merge in enumerate(overlay.merge):
        ids = [id for id in result if any(_matches(pattern, id) for pattern in merge.kinds)]
        idle = [pattern for pattern in merge.kinds if not any(_matches(pattern, id) for id in result)]
        entry = f"merge[{number}] ({merge.name})"
        unmatched += [f"{entry}: no kind {pattern}" for pattern in idle]
        channels = {result[id].channel for id in ids}
        if len(channels) > 1:
            unmatched.append(f"{entry}: the kinds are of different channels: {', '.join(sorted(channels))}")
        elif len(ids) > 1:
            one = _one_kind([result.pop(id) for id in ids], merge)
            result[one.id] = one
        elif ids:
            unmatched.append(f"{entry}: only one such kind, {ids[0]}")
    known = {kind.channel for kind in seen}
    channels_said = {channel: note for channel, note in overlay.channels.items() if channel in known}
    unmatched += [f"channels: no channel {channel}" for channel in overlay.channels if channel not in known]
    return Overlaid(tuple(sorted(result.values(), key=lambda kind: kind.id)), channels_said, tuple(unmatched))


def _called(note: KindNote) -> str:
    return " ".join(part for part in (note.kind, note.channel, note.name, note.direction) if part)


def _missing(path: str) -> str:
    if path.startswith("split_by "):
        return f"{path}: no field that is always there and holds one of several known values"
    return f"no field {path}"


def _means(note: KindNote, kind: MessageKind) -> bool:
    return (
        (note.kind is None or _matches(note.kind, kind.id))
        and (note.channel is None or _matches(note.channel, kind.channel))
        and (note.name is None or _matches(note.name, kind.name or ""))
        and (note.direction is None or note.direction == kind.direction or bool(kind.directions.get(note.direction)))
    )


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None


def _noted(kind: MessageKind, note: KindNote, touched: set[str]) -> MessageKind:
    schema: dict[str, Any] = copy.deepcopy(kind.json_schema)
    discriminator = kind.discriminator
    name = kind.name if note.rename is None else note.rename
    if note.rename is not None and note.title is None:
        schema["title"] = note.rename
    schema |= {key: said for key in ("title", "description", "deprecated") if (said := getattr(note, key)) is not None}
    for path, field in note.fields.items():
        steps = parse_path(path)
        found = places(schema, steps)
        if found:
            touched.add(path)
        for place in found:
            _note_field(place, field, schema)
        if field.secret or field.ignore:
            pointer = "".join(f"/{_pointer_step(word, step)}" for word, step in steps)
            discriminator = tuple(
                each for each in discriminator if each[0] != pointer and not each[0].startswith(f"{pointer}/")
            )
    if note.split_by is not None:
        alternatives = _split(schema, note.split_by)
        if alternatives is not None:
            touched.add(f"split_by {note.split_by}")
            schema = alternatives
    return msgspec.structs.replace(kind, name=name, json_schema=schema, discriminator=discriminator)


def _pointer_step(word: str, name: str) -> str:
    return "*" if word == "any" else name.replace("~", "~0").replace("/", "~1")


def _note_field(place: Place, note: FieldNote, root: Schema) -> None:
    schema = place.schema
    if note.ignore:
        schema.clear()
    if note.secret:
        _hide_values(schema, root.get("$defs", {}))
    schema.update({key: said for key in ("title", "description", "deprecated") if (said := getattr(note, key)) is not None})
    if note.format is not None:
        schema.pop(FORMAT, None)
        schema["format"] = note.format
    is_required = note.required if note.required is not None else None if note.optional is None else not note.optional
    if note.ignore:
        is_required = False
    if is_required is not None and place.record is not None:
        required = {*place.record.get("required", ())} - {place.name} | ({place.name} if is_required else set())
        place.record.pop("required", None)
        if required:
            place.record["required"] = sorted(required)


def _hide_values(schema: Schema, definitions: dict[str, Schema]) -> None:
    """Types and formats stay, here and inside and in what is referred to; what shows or bounds values goes."""
    if schema.get(SECRET):
        return
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if values is not None and "type" not in schema:
        types = sorted({_type_of(value) for value in values})
        schema["type"] = types[0] if len(types) == 1 else types
    for keyword in SHOWS_VALUES:
        schema.pop(keyword, None)
    schema[SECRET] = True
    for _, inner in subschemas(schema):
        _hide_values(inner, definitions)
    target = definitions.get(reference_name(schema) or "")
    if target is not None:
        _hide_values(target, definitions)


def _type_of(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def _split(schema: Schema, path: str) -> Schema | None:
    """One alternative for each value of the field; None when it is not always there, or has not several known values."""
    steps = parse_path(path)
    node = schema
    for word, name in steps:
        if word != "name" or name not in node.get("required", ()) or not isinstance(node.get("properties", {}).get(name), dict):
            return None
        node = node["properties"][name]
    values = node.get("enum", [])
    if len(values) < 2 or any(isinstance(value, list | dict) for value in values):
        return None
    kept = {
        key: value for key, value in schema.items() if key in ("$schema", "$defs", *STANDARD_ANNOTATIONS) or key.startswith(OWN)
    }
    body = {key: value for key, value in schema.items() if key not in kept}
    alternatives = []
    for value in sorted(values, key=lambda value: (str(type(value)), value)):
        one = _without_counts(body)  # how many messages had which value is not known
        inner = one
        for _, name in steps:
            inner = inner["properties"][name]
        del inner["enum"]
        inner["const"] = value
        alternatives.append({"title": str(value), **one})
    return kept | {"anyOf": alternatives}


def _without_counts(schema: Schema) -> Schema:
    told = (FORMAT, SECRET)
    bare = {key: copy.copy(value) for key, value in schema.items() if not key.startswith(OWN) or key in told}
    return with_subschemas(bare, lambda _, inner: _without_counts(inner))


def _one_kind(kinds: Sequence[MessageKind], merge: MergeNote) -> MessageKind:
    """What several kinds are together: it accepts what any of them accepts."""
    first = min(kinds, key=lambda kind: (kind.first_ns, kind.id))
    directions: dict[str, int] = {}
    formats: dict[str, int] = {}
    for kind in kinds:
        for direction, count in (kind.directions or {kind.direction or "unknown": kind.messages}).items():
            directions[direction] = directions.get(direction, 0) + count
        for form, count in kind.formats.items():
            formats[form] = formats.get(form, 0) + count
    common: Direction | None = first.direction if all(kind.direction == first.direction for kind in kinds) else None
    confidences = [kind.confidence for kind in kinds]
    return MessageKind(
        id=kind_id(first.channel, common, merge.name),
        channel=first.channel,
        direction=common,
        name=merge.name,
        messages=sum(kind.messages for kind in kinds),
        first_ns=first.first_ns,
        last_ns=max(kind.last_ns for kind in kinds),
        formats=dict(sorted(formats.items())),
        json_schema=_union(kinds, merge),
        directions=dict(sorted(directions.items())),
        discriminator=tuple(each for each in first.discriminator if all(each in kind.discriminator for kind in kinds)),
        first_connection=first.first_connection,
        confidence=min((each for each in confidences if each is not None), default=None) if None not in confidences else None,
    )


def _union(kinds: Sequence[MessageKind], merge: MergeNote) -> Schema:
    definitions: dict[str, Schema] = {}
    alternatives: list[Schema] = []
    for number, kind in enumerate(kinds):
        own: dict[str, Any] = kind.json_schema.get("$defs", {})  # type: ignore[assignment]  # JSON Schema has it so
        renamed = {name: f"{name}-{number}" for name in own}
        definitions |= {renamed[name]: _renamed(body, renamed) for name, body in own.items()}
        body = {key: value for key, value in kind.json_schema.items() if key not in ("$schema", "$defs")}
        alternatives.append(_renamed(body, renamed))
    bare = [{key: value for key, value in one.items() if key not in STANDARD_ANNOTATIONS} for one in alternatives]
    if len({_digest(one) for one in bare}) == 1:
        made = merged(bare, _digest)
    else:
        made = {"anyOf": alternatives, COUNT: sum(kind.messages for kind in kinds)}
    made = {"$schema": kinds[0].json_schema.get("$schema"), "title": merge.title or merge.name, **made}
    made |= {"description": merge.description} if merge.description else {}
    made |= {"$defs": definitions} if definitions else {}
    return {key: value for key, value in made.items() if value is not None}


def _renamed(schema: Schema, names: dict[str, str]) -> Schema:
    target = reference_name(schema)
    made = {**schema, "$ref": REFERENCE + names[target]} if target in names else schema
    return with_subschemas(made, lambda _, inner: _renamed(inner, names))


def _digest(schema: Schema) -> str:
    return digest_of(schema, [(step, _digest(inner)) for step, inner in subschemas(schema)])
