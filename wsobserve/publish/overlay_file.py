"""The text of an overlay file (YAML or JSON) in, what a person says of kinds, fields and channels out.

A file that says something that nobody understands is refused as a whole: one line tells where and why.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from wsobserve.publish.overlay_path import parse_path

DEEPEST = 20
OWN_LINE = re.compile(r"[\r\n]+")


class OverlayError(ValueError):
    """The file cannot be understood. One line: where, and what is wrong."""


class FieldNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person says of one field."""

    title: str | None = None
    description: str | None = None
    deprecated: bool | None = None
    secret: bool = False  # no value of it is shown: no enumeration, constant, range or pattern
    required: bool | None = None
    optional: bool | None = None
    format: str | None = None
    ignore: bool = False  # it may hold anything, and need not be there


class KindNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which kinds are meant (`kind`, `channel`, `name`, `direction`: all that are given), and what is said of them."""

    kind: str | None = None  # an id; in all three `*` stands for anything
    channel: str | None = None
    name: str | None = None
    direction: Literal["client_to_server", "server_to_client"] | None = None
    rename: str | None = None
    title: str | None = None
    description: str | None = None
    deprecated: bool | None = None
    hide: bool = False
    split_by: str | None = None
    fields: dict[str, FieldNote] = {}


class MergeNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """These kinds are one."""

    kinds: list[str]  # ids, or patterns of them
    name: str
    title: str | None = None
    description: str | None = None


class ChannelNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person says of a channel."""

    title: str | None = None
    description: str | None = None


class Overlay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that the file says."""

    channels: dict[str, ChannelNote] = {}
    kinds: list[KindNote] = []
    merge: list[MergeNote] = []


def parse_overlay(text: str) -> Overlay:
    """What the text says; OverlayError when it cannot be understood."""
    value, lines = _loaded(text)
    try:
        overlay = msgspec.convert({} if value is None else value, Overlay)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at ")
        raise OverlayError(_at(lines, where.strip("`"), _plainly(message))) from None
    for number, note in enumerate(overlay.kinds):
        _check(note, number, lines)
    for number, merge in enumerate(overlay.merge):
        if not merge.kinds:
            raise OverlayError(_at(lines, f"$.merge[{number}]", "names no kinds"))
    return overlay


def _check(note: KindNote, number: int, lines: dict[str, int]) -> None:
    entry = f"$.kinds[{number}]"
    if note.kind is None and note.channel is None and note.name is None:
        raise OverlayError(_at(lines, entry, "says of no kind: it needs `kind`, `channel` or `name`"))
    paths = [*note.fields, *([note.split_by] if note.split_by is not None else [])]
    for path in paths:
        try:
            parse_path(path)
        except ValueError as error:
            raise OverlayError(_at(lines, entry, f"{path!r}: {error}")) from None
    for path, field in note.fields.items():
        if field.required and field.optional:
            raise OverlayError(_at(lines, entry, f"{path!r} cannot be both required and optional"))


PLAIN_WORDS = {
    "Object contains unknown field": "there is no setting",
    "Object missing required field": "it needs",
    "Expected": "expected",
    "`array`": "a list",
    "`object`": "a mapping",
    "`str | null`": "text",
    "`str`": "text",
    "`bool | null`": "true or false",
    "`bool`": "true or false",
}


def _plainly(message: str) -> str:
    for theirs, ours in PLAIN_WORDS.items():
        message = message.replace(theirs, ours)
    return message


def _at(lines: dict[str, int], where: str, message: str) -> str:
    entry = where or "$"
    while entry not in lines and len(entry) > 1:
        entry = entry[: max(entry.rfind("."), entry.rfind("["), 1)]
    line = f"line {lines[entry]}: " if entry in lines else ""
    name = where.removeprefix("$").lstrip(".")
    return f"{line}{name}: {message}" if name else f"{line}{message}"


def _loaded(text: str) -> tuple[Any, dict[str, int]]:
    """The value of the text, and the line of each part of it by its path in the form `$.kinds[0].fields`."""
    import yaml

    lines: dict[str, int] = {}
    try:
        depth = 0
        for event in yaml.parse(text, yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise _refused(event, "nested too deeply")
            if isinstance(event, yaml.AliasEvent):  # a few lines of them can stand for billions of values
                raise _refused(event, "text with * in front needs quotes")
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        return (None if node is None else _value(loader, node, "$", lines)), lines
    except OverlayError:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}: " if mark else ""
        raise OverlayError(f"{place}{OWN_LINE.sub(' ', error.problem or 'not YAML')}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise OverlayError(OWN_LINE.sub(" ", str(error))) from None


def _refused(part: Any, why: str) -> OverlayError:
    return OverlayError(f"line {part.start_mark.line + 1}: {why}")


def _value(loader: Any, node: Any, where: str, lines: dict[str, int]) -> Any:
    import yaml

    line = node.start_mark.line + 1
    if where in lines:
        raise _refused(node, "is there twice")
    lines[where] = line
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, part, f"{where}[{index}]", lines) for index, part in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        made: dict[str, Any] = {}
        for key_node, part in node.value:
            key = loader.construct_object(key_node)
            if not isinstance(key, str):
                raise _refused(key_node, f"{key!r} must be text, in quotes")
            value = _value(loader, part, f"{where}.{key}", lines)
            if value is not None:  # a setting without a value says nothing
                made[key] = value
        return made
    return loader.construct_object(node)
