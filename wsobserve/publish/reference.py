"""Kinds of message in, what a reader wants to look up out: channels, their kinds, and each field as a row of a table.

Structures that several share are a table of their own, to which the others refer. Nothing in here is markup.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wsobserve.publish.definitions import shared_definitions
from wsobserve.publish.documents import Noted, by_channel
from wsobserve.publish.sentences import constraint_words, presence_words
from wsobserve.publish.structure import COUNT, TRUNCATED, Schema, reference_name, types_of
from wsobserve.records import MessageKind, Record, name_hash

DEEPEST = 32
MOST_VALUES = 24  # of an enumeration, in a table; the schema has them all


class Word(Record, frozen=True):
    """A piece of text: plain words, a value or name as it is on the wire (`code`), or the name of a shared structure."""

    text: str
    code: bool = False
    target: str | None = None


class Row(Record, frozen=True):
    """A field, or one of several forms that a field may have (then there is only `path` and `type`)."""

    path: str
    depth: int
    type: tuple[Word, ...]
    presence: str
    description: str
    facts: tuple[Word, ...]  # constraints and values, one after the other
    count: int | None
    deprecated: bool = False
    is_form: bool = False


class KindTable(Record, frozen=True):
    """One kind of message with its fields."""

    kind: MessageKind
    description: str
    deprecated: bool
    rows: tuple[Row, ...]
    schema: Schema


class ChannelPart(Record, frozen=True):
    """One channel with its kinds."""

    channel: str
    title: str
    description: str
    kinds: tuple[KindTable, ...]


class SharedTable(Record, frozen=True):
    """A structure that several places share."""

    name: str
    rows: tuple[Row, ...]
    count: int | None


class Reference(Record, frozen=True):
    """All of it."""

    channels: tuple[ChannelPart, ...]
    shared: tuple[SharedTable, ...]


def reference(kinds: Iterable[MessageKind], notes: Mapping[str, Noted] | None = None) -> Reference:
    """What there is to look up about these kinds."""
    found = shared_definitions(kinds := list(kinds))
    channels = []
    for channel, ordered in by_channel(kinds).items():
        note = (notes or {}).get(channel)
        tables = [_kind_table(kind, found.schemas[kind.id]) for kind in ordered]
        title, description = (note.title, note.description) if note is not None else (None, None)
        channels.append(ChannelPart(channel, title or channel, description or "", tuple(tables)))
    shared = [
        SharedTable(name, tuple(_rows(schema, "", 0)), _count(schema)) for name, schema in sorted(found.definitions.items())
    ]
    return Reference(tuple(channels), tuple(shared))


def _kind_table(kind: MessageKind, schema: Schema) -> KindTable:
    rows = tuple(_rows(schema, "", 0))
    return KindTable(kind, str(schema.get("description", "")), bool(schema.get("deprecated")), rows, schema)


def _rows(schema: Schema, path: str, depth: int) -> Iterator[Row]:
    """The fields inside, those of lists and maps and alternatives too; of what is no record, one row for itself."""
    if not path and not schema.get("properties"):
        yield _row("", 0, schema, None)
    if depth > DEEPEST:
        return
    required = schema.get("required", ())
    for name, inner in schema.get("properties", {}).items():
        place = _joined(path, name)
        yield _row(place, depth, inner, name in required)
        yield from _rows(inner, place, depth + 1)
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        yield from _elements(others, f"{path}.*" if path else "*", depth)
    for index, inner in enumerate(schema.get("prefixItems", ())):
        yield from _elements(inner, f"{path}[{index}]", depth)
    if isinstance(schema.get("items"), dict):
        yield from _elements(schema["items"], f"{path}[]", depth)
    alternatives = [part for part in schema.get("anyOf", ()) if _is_structured(part)]
    for number, inner in enumerate(alternatives, 1):
        if len(alternatives) > 1:
            name = inner.get("title") or f"form {number} of {len(alternatives)}"
            yield Row(path, depth, (Word(str(name)),), "", "", (), _count(inner), is_form=True)
        yield from _rows(inner, path, depth + (len(alternatives) > 1)) if path or inner.get("properties") else ()


def _elements(schema: Schema, path: str, depth: int) -> Iterator[Row]:
    """A row for an element only where the row of the list does not say it all."""
    says_more = any(schema.get(key) for key in ("properties", "prefixItems", "anyOf", "enum", "description", "deprecated"))
    if says_more or constraint_words(schema):
        yield _row(path, depth, schema, None)
        depth += 1
    if _is_structured(schema):
        yield from _rows(schema, path, depth)


def _is_structured(schema: Schema) -> bool:
    return any(schema.get(key) for key in ("properties", "prefixItems", "anyOf")) or any(
        isinstance(schema.get(key), dict) for key in ("items", "additionalProperties")
    )


def _joined(path: str, name: str) -> str:
    shown = name if name and not set(name) & set('.[]*"') else json.dumps(name, ensure_ascii=False)
    return f"{path}.{shown}" if path else shown


def _row(path: str, depth: int, schema: Schema, required: bool | None) -> Row:
    presence = "" if required is None else "always" if required else next(iter(presence_words(schema)), "optional")
    facts = [Word(text) for text in constraint_words(schema)]
    if "enum" in schema:
        facts += [Word(_value(value), code=True) for value in schema["enum"][:MOST_VALUES]]
        more = len(schema["enum"]) - MOST_VALUES
        facts += [Word(f"and {more} more")] if more > 0 else []
    return Row(
        path,
        depth,
        tuple(_type_words(schema)),
        presence,
        str(schema.get("description", "")),
        tuple(facts),
        _count(schema),
        deprecated=bool(schema.get("deprecated")),
    )


def _count(schema: Schema) -> int | None:
    count = schema.get(COUNT)
    return count if isinstance(count, int) else None


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _type_words(schema: Schema, depth: int = 0) -> list[Word]:
    target = reference_name(schema)
    if target is not None:
        return [Word(target, target=target)]
    if "const" in schema:
        return [Word(_value(schema["const"]), code=True)]
    if schema.get("anyOf"):
        return _either([_type_words(part, depth + 1) for part in schema["anyOf"]])
    types = types_of(schema)
    if not types:
        return [Word("anything" if not schema.get("enum") else "one of these")]
    return _either([_of_type(name, schema, depth) for name in types])


def _of_type(name: str, schema: Schema, depth: int) -> list[Word]:
    if depth > 3:
        return [Word(name)]
    if name == "array":
        if "prefixItems" in schema:
            inside = [_type_words(part, depth + 1) for part in schema["prefixItems"]]
            return [Word("["), *_separated(inside, ", "), Word("]")]
        items = schema.get("items")
        return [Word("list of "), *_type_words(items, depth + 1)] if isinstance(items, dict) else [Word("list")]
    if name == "object":
        others = schema.get("additionalProperties")
        if isinstance(others, dict) and not schema.get("properties"):
            return [Word("map of "), *_type_words(others, depth + 1)]
        return [Word("object (not described in full)" if schema.get(TRUNCATED) else "object")]
    return [Word(name)]


def _either(options: list[list[Word]]) -> list[Word]:
    unique = [option for index, option in enumerate(options) if option not in options[:index]]
    return _separated(unique, " or ")


def _separated(parts: list[list[Word]], between: str) -> list[Word]:
    words: list[Word] = []
    for part in parts:
        words += [Word(between), *part] if words else part
    return words


def anchor(text: str, before: str = "") -> str:
    """A name for a place on a page: letters, digits, dots and dashes; another one for every text."""
    if not before and re.fullmatch(r"[A-Za-z0-9._-]+", text):
        return text
    readable = re.sub(r"[^A-Za-z0-9]+", "-", f"{before}-{text}").strip("-")[:60]
    return f"{readable}-{name_hash(text) >> 40:06x}"
