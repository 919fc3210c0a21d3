"""Message kinds in, TypeScript types out, to which the messages that the kinds were made from can be assigned.

One type a kind and shared structure, a union a channel, and the messages of each channel by direction. A type may accept
more than the schema (it has no ranges and no integers), never less.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from wsobserve.publish.documents import in_direction
from wsobserve.publish.sentences import constraint_words, kind_sentence, presence_words
from wsobserve.publish.structure import Schema
from wsobserve.publish.type_tree import (
    Constants,
    Declaration,
    Declarations,
    Field,
    Fields,
    ListOf,
    MapOf,
    Named,
    OneOf,
    Positions,
    Scalar,
    Type,
    declared_types,
)
from wsobserve.records import Direction, Json, MessageKind

WIDTH = 100
RESERVED = frozenset(
    word
    for line in (
        "any unknown never number string boolean bigint symbol void object null undefined true false this Array Uint8Array",
        "Messages break case catch class const continue debugger default delete do else enum export extends finally for if",
        "function import in instanceof new return super switch throw try typeof var while with implements interface let",
        "package private protected public static yield as async await constructor declare get is module namespace require",
        "set type from of",
    )
    for word in line.split()
)
IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
SCALARS = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}

DIRECTIONS: dict[Direction, str] = {"client_to_server": "clientToServer", "server_to_client": "serverToClient"}

HEADING = "/** Types of WebSocket messages, inferred from captured traffic by wsobserve. */"


def typescript_text(kinds: Iterable[MessageKind]) -> str:
    """The text of the module."""
    declarations = declared_types(kinds, RESERVED)
    blocks = [HEADING, *(_declaration(declaration) for declaration in declarations.all.values())]
    for channel, names in declarations.channels.items():
        union = _joined(names, f"export type {declarations.unions[channel]} = ", ";")
        blocks.append(f"{_comment([f'Any message on {channel}.'], '')}\n{union}")
    blocks.append(_messages(declarations))
    return "\n\n".join(blocks) + "\n"


def _declaration(declaration: Declaration) -> str:
    said = [str(declaration.schema.get("description", ""))]
    said.append("Shared by several." if declaration.kind is None else kind_sentence(declaration.kind))
    comment = _comment([line for line in said if line], "", deprecated=bool(declaration.schema.get("deprecated")))
    if isinstance(declaration.type, Fields):
        return f"{comment}\nexport interface {declaration.name} {_record(declaration.type, '')}"
    return f"{comment}\nexport type {declaration.name} = {_written(declaration.type, '')};"


def _messages(declarations: Declarations) -> str:
    lines = ["/** Messages by channel and direction; in both where the direction is not known. */"]
    lines.append("export interface Messages {")
    for channel, names in declarations.channels.items():
        kinds = [(declarations.all[name].kind, name) for name in names]
        lines.append(f"  {_text(channel)}: {{")
        for direction, key in DIRECTIONS.items():
            going = [name for kind, name in kinds if kind is not None and in_direction([kind], direction)]
            lines.append(_joined(going or ["never"], f"    {key}: ", ";"))
        lines.append("  };")
    return "\n".join([*lines, "}"])


def _joined(options: Sequence[str], before: str, after: str) -> str:
    """A union, one option a line when it is long."""
    line = f"{before}{' | '.join(options)}{after}"
    if len(line) <= WIDTH or len(options) == 1:
        return line
    indent = " " * (len(before) - len(before.lstrip()) + 2)
    return f"{before.rstrip()}\n" + "\n".join(f"{indent}| {option}" for option in options) + after


def _written(type_: Type, indent: str) -> str:
    match type_:
        case Named(name=name):
            return name
        case Scalar(name=name, schema=schema):
            return "string | Uint8Array" if schema.get("contentEncoding") else SCALARS[name]
        case Constants(values=values):
            return " | ".join(dict.fromkeys(_constant(value) for value in values))
        case ListOf(most=0):
            return "[]"
        case ListOf(element=element):
            return _list(_written(element, indent))
        case MapOf(value=value):
            return f"{{ [key: string]: {_written(value, indent)} }}"
        case Positions():
            return _positions(type_, indent)
        case Fields():
            return _record(type_, indent)
        case OneOf(options=options):
            return " | ".join(dict.fromkeys(_written(option, indent) for option in options))
    return "unknown"


def _list(element: str) -> str:
    """`T[]`, with parentheses around what would otherwise be cut in two."""
    is_plain = re.fullmatch(r"[\w$]+(?:\[\])*", element) is not None or (element.startswith("{") and _is_one_block(element))
    return f"{element}[]" if is_plain else f"Array<{element}>"


def _is_one_block(text: str) -> bool:
    """Whether the brace that opens it closes at its end; texts in quotes do not count."""
    depth = 0
    bare = re.sub(r'"(?:[^"\\]|\\.)*"|/\*.*?\*/', lambda found: " " * len(found[0]), text, flags=re.DOTALL)
    for place, character in enumerate(bare):
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return place == len(bare) - 1
    return False


def _positions(tuple_: Positions, indent: str) -> str:
    written = []
    for place, element in enumerate(tuple_.elements):
        text = _written(element, indent)
        optional = place >= tuple_.least
        written.append(f"({text})?" if optional and " | " in text else f"{text}?" if optional else text)
    if tuple_.rest is not None:
        written.append(f"...{_list(_written(tuple_.rest, indent))}")
    return f"[{', '.join(written)}]"


def _record(record: Fields, indent: str) -> str:
    inner = indent + "  "
    lines = ["{"]
    for field in record.fields:
        comment = _field_comment(field, inner)
        lines += [comment] if comment else []
        optional = "" if field.required else "?"
        lines.append(f"{inner}{_key(field.name)}{optional}: {_written(field.type, inner)};")
    if record.rest is not None:
        lines.append(f"{inner}[key: string]: unknown;")
    elif not record.fields:
        return "{ [key: string]: never }"
    return "\n".join([*lines, f"{indent}}}"])


def _field_comment(field: Field, indent: str) -> str:
    said = [str(field.schema.get("description", "")), "; ".join(_facts(field.schema, field.required))]
    return _comment([line for line in said if line], indent, deprecated=bool(field.schema.get("deprecated")))


def _facts(schema: Schema, required: bool) -> list[str]:
    facts = constraint_words(schema)
    return facts if required else [*facts, *presence_words(schema)]


def _comment(lines: Sequence[str], indent: str, *, deprecated: bool = False) -> str:
    """A doc comment that nothing inside can end; empty when there is nothing to say."""
    texts = [_harmless(line) for line in lines] + (["@deprecated"] if deprecated else [])
    if not texts:
        return ""
    if len(texts) == 1:
        return f"{indent}/** {texts[0]} */"
    return "\n".join([f"{indent}/**", *(f"{indent} * {text}" for text in texts), f"{indent} */"])


def _harmless(text: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split()).replace("*/", "*\\/")


def _key(name: str) -> str:
    return name if IDENTIFIER.fullmatch(name) else _text(name)


def _constant(value: Json) -> str:
    if isinstance(value, list):
        return "unknown[]"
    if isinstance(value, dict):
        return "{ [key: string]: unknown }"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    return json.dumps(text)
