"""JSON Schema documents as channels: exported ones with a kind for each definition, all others as one kind."""

from __future__ import annotations

from typing import Any

import pytest

from wsobserve.compare.described import PLAIN
from wsobserve.compare.json_schema import described_schema, from_traffic, is_json_schema

EXPORTED: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "/rooms/{id}",
    "anyOf": [{"$ref": "#/$defs/rooms.join"}, {"$ref": "#/$defs/rooms.say"}],
    "x-wsobserve-count": 5,
    "$defs": {
        "rooms.join": {
            "title": "join",
            "type": "object",
            "x-wsobserve-directions": {"client_to_server": 3},
            "x-wsobserve-discriminator": {"/type": "join"},
        },
        "rooms.say": {"type": "object"},
        "shared": {"type": "string"},
    },
}


def test_an_exported_document_is_a_channel_with_its_kinds() -> None:
    channel = described_schema(EXPORTED, "file")
    assert channel.address == "/rooms/{id}"
    join, say = channel.kinds
    assert (join.id, join.label, join.direction) == ("rooms.join", "join", "client_to_server")
    assert join.discriminator == {"/type": '"join"'}
    assert (say.label, say.directions) == ("rooms.say", frozenset())
    assert join.node[0].pointer == "/$defs/rooms.join"


@pytest.mark.parametrize(
    "document",
    [
        True,
        {"type": "string", "title": "t"},
        {**EXPORTED, "type": "object"},
        {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/a"}], "$defs": {"a": {}}},
        {"anyOf": [{"$ref": "#/properties/a"}], "properties": {"a": {}}},
    ],
)
def test_any_other_document_is_one_kind(document: Any) -> None:
    channel = described_schema(document, "file")
    assert channel.address == PLAIN
    assert len(channel.kinds) == 1


def test_our_annotations_tell_what_was_inferred() -> None:
    assert from_traffic(EXPORTED)
    assert not from_traffic({"type": "object", "properties": {"a": {"x-other": 1}}})


@pytest.mark.parametrize(
    ("document", "expected"),
    [({}, True), (False, True), ({"type": "x"}, True), ({"a": 1}, False), ([], False), ("x", False), (None, False)],
)
def test_what_can_be_meant_as_a_schema(document: object, expected: bool) -> None:
    assert is_json_schema(document) is expected
