"""Kinds of message in, an overlay file to start from out: every kind with its fields, all of it comments until edited."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from wsobserve.publish.documents import by_channel
from wsobserve.publish.overlay_path import Step, written_path
from wsobserve.publish.sentences import counted, direction_words
from wsobserve.records import MessageKind

HEADING = """\
# What people know of these messages and no capture tells. `wsobserve schema export --overlay FILE` lays it over what was
# inferred, at every export; what it no longer finds is reported. Take the # away from what you want to say.
#
# Of a kind: rename, title, description, deprecated, hide (true), split_by (a field with several known values).
# A kind is meant by its id (kind), or by channel, name and direction; in all of them but the last, * stands for anything.
# Of a field: title, description, deprecated, secret (no value of it is shown), required, optional, format,
# ignore (it may hold anything). Fields: a.b, list[].a, map.*, and "a.b" in quotes for a name with a dot in it.
"""
MERGE = """\
merge:
#  - kinds: [SOME-ID, OTHER-ID]
#    name: one name for both
"""
MOST_FIELDS = 200  # of a kind


def starter(kinds: Iterable[MessageKind]) -> str:
    """The text of the file. As it is, it changes nothing."""
    channels = by_channel(kinds)
    lines = [HEADING, "channels:"]
    for channel in channels:
        lines += [f"#  {_text(channel)}:", "#    title:", "#    description:"]
    lines += ["", "kinds:"]
    for channel, ordered in channels.items():
        for kind in ordered:
            name = kind.name or "no name"
            lines.append(f"# {_text(channel)}: {_text(name)}, {counted(kind.messages, 'message')}, {direction_words(kind)}")
            lines += [f"#  - kind: {_text(kind.id)}", f"#    rename: {_text(name)}", "#    description:", "#    fields:"]
            paths = sorted({written_path(path) for path in _paths(kind.json_schema, ())})[:MOST_FIELDS]
            lines += [f"#      {_text(path)}: {{}}" for path in paths]
    return "\n".join([*lines, "", MERGE])


def _paths(schema: dict[str, Any], path: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    for name, inner in schema.get("properties", {}).items():
        if name:
            yield (*path, ("name", name))
            yield from _paths(inner, (*path, ("name", name)))
    for keyword, step in (("items", ("position", "")), ("additionalProperties", ("any", ""))):
        if isinstance(schema.get(keyword), dict) and path:
            yield from _paths(schema[keyword], (*path, step))
    for inner in schema.get("anyOf", ()):
        yield from _paths(inner, path)


def _text(text: str) -> str:
    """As YAML reads it back, on one line; JSON's way to write a text is one of YAML's."""
    return json.dumps(text)
