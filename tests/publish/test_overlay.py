"""What a person said of kinds, fields and channels is laid over them at every export; what finds nothing is reported."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # its types are a package of their own

from tests.publish.kinds import kind, record
from wsobserve.publish.overlay import Overlaid, overlaid
from wsobserve.publish.overlay_file import parse_overlay
from wsobserve.records import MessageKind

USER = record("email id", email={"type": "string", "const": "ada@example.org"}, id={"type": "integer", "minimum": 3})
SAY = kind("chat.say-1", record("type user", type={"const": "say"}, user=USER), name="say", discriminator=(("/type", "say"),))
JOIN = kind("chat.join-2", record("type", type={"const": "join"}, room={"type": "string"}), name="join")


def laid(text: str, *kinds: MessageKind) -> Overlaid:
    before = copy.deepcopy(kinds)
    made = overlaid(kinds, parse_overlay(text))
    assert kinds == before, "what was inferred stays as it is"
    return made


def only(made: Overlaid) -> dict[str, Any]:
    assert made.unmatched == ()
    (one,) = made.kinds
    return dict(one.json_schema)


def test_kinds_are_named_and_described_by_id_or_by_pattern() -> None:
    made = laid("kinds: [{kind: 'chat.say*', rename: speak, description: d}, {channel: /c*, name: jo*, title: T}]", SAY, JOIN)
    join, say = made.kinds
    assert (say.id, say.name, say.json_schema["title"], say.json_schema["description"]) == ("chat.say-1", "speak", "speak", "d")
    assert (join.name, join.json_schema["title"]) == ("join", "T")
    assert made.unmatched == ()


def test_fields_are_described_and_marked() -> None:
    schema = only(
        laid(
            """
kinds:
  - name: join
    fields:
      room: {description: which one, deprecated: true, required: true, format: hostname}
      type: {optional: true}
""",
            JOIN,
        )
    )
    room = {"type": "string", "description": "which one", "deprecated": True, "format": "hostname"}
    assert schema["properties"]["room"] == room
    assert schema["required"] == ["room"]


def test_of_a_secret_no_value_is_shown() -> None:
    text = "kinds: [{name: say, fields: {user: {secret: true}, type: {secret: true}}}]"
    made = laid(text, SAY)
    schema = only(made)
    assert schema["properties"]["type"] == {"type": "string", "x-wsobserve-secret": True}
    email = {"type": "string", "x-wsobserve-secret": True}
    assert schema["properties"]["user"]["properties"] == {"email": email, "id": {"type": "integer", "x-wsobserve-secret": True}}
    assert "example.org" not in str(schema)
    assert made.kinds[0].discriminator == ()


def test_a_secret_in_a_definition_is_one_everywhere() -> None:
    schema = {"$ref": "#/$defs/t", "$defs": {"t": record(key={"enum": ["a", "b"]}, next={"$ref": "#/$defs/t"})}}
    inside = only(laid("kinds: [{kind: k, fields: {next: {secret: true}}}]", kind("k", schema)))
    assert "enum" not in str(inside["$defs"])


def test_an_ignored_field_may_hold_anything() -> None:
    schema = only(laid("kinds: [{name: say, fields: {user: {ignore: true}}}]", SAY))
    validator = Draft202012Validator(schema)
    assert validator.is_valid({"type": "say"})
    assert validator.is_valid({"type": "say", "user": [1]})
    assert not validator.is_valid({"type": "say", "other": 1})


def test_a_hidden_kind_is_not_published() -> None:
    assert [each.name for each in laid("kinds: [{name: say, hide: true}]", SAY, JOIN).kinds] == ["join"]


def test_merged_kinds_accept_what_either_accepted() -> None:
    made = laid("merge: [{kinds: [chat.say-1, 'chat.join*'], name: any, description: both}]", SAY, JOIN)
    (one,) = made.kinds
    assert (one.name, one.messages, one.channel, one.directions) == ("any", 20, "/chat", {"server_to_client": 20})
    assert one.id.startswith("chat.server.any-")
    assert one.json_schema["description"] == "both"
    validator = Draft202012Validator(one.json_schema)
    assert validator.is_valid({"type": "join"})
    assert validator.is_valid({"type": "say", "user": {"email": "ada@example.org", "id": 5}})
    assert not validator.is_valid({"type": "leave"})


def test_kinds_that_are_alike_merge_into_one_structure_and_definitions_stay_apart() -> None:
    tree = {"$ref": "#/$defs/t", "$defs": {"t": record(a={"type": "integer"}, next={"$ref": "#/$defs/t"})}}
    other = {"$ref": "#/$defs/t", "$defs": {"t": record(b={"type": "integer"}, next={"$ref": "#/$defs/t"})}}
    counted = [kind(id, record(n={"type": "integer", "x-wsobserve-count": 4}) | {"x-wsobserve-count": 4}) for id in "ab"]
    schema = only(laid("merge: [{kinds: ['*'], name: n}]", *counted))
    assert schema["properties"]["n"]["x-wsobserve-count"] == 8
    validator = Draft202012Validator(only(laid("merge: [{kinds: ['*'], name: n}]", kind("a", tree), kind("b", other))))
    assert validator.is_valid({"a": 1, "next": {"a": 2}})
    assert validator.is_valid({"b": 1, "next": {"b": 2}})
    assert not validator.is_valid({"a": 1, "next": {"b": 2}})


def test_a_kind_is_split_by_the_values_that_a_field_had() -> None:
    side = {"enum": ["buy", "sell"], "type": "string", "x-wsobserve-count": 9}
    order = kind("o", record("data", data=record("side", side=side)) | {"x-wsobserve-count": 9}, name="order")
    schema = only(laid("kinds: [{name: order, split_by: data.side}]", order))
    assert [one["title"] for one in schema["anyOf"]] == ["buy", "sell"]
    assert schema["anyOf"][0]["properties"]["data"]["properties"]["side"] == {"const": "buy", "type": "string"}
    assert schema["x-wsobserve-count"] == 9
    assert Draft202012Validator(schema).is_valid({"data": {"side": "sell"}})
    assert not Draft202012Validator(schema).is_valid({"data": {"side": "hold"}})


@pytest.mark.parametrize("path", ["type", "room", "nothing", "user.email"])
def test_without_several_known_values_that_are_always_there_nothing_is_split(path: str) -> None:
    made = laid(f"kinds: [{{kind: 'chat*', split_by: {path}}}]", SAY, JOIN)
    assert made.kinds == (JOIN, SAY)
    assert "split_by" in made.unmatched[0]


def test_channels_are_described() -> None:
    made = laid("channels: {/chat: {title: Chat}, /gone: {title: Gone}}", SAY)
    assert made.channels["/chat"].title == "Chat"
    assert made.unmatched == ("channels: no channel /gone",)


def test_entries_that_find_nothing_are_reported() -> None:
    text = """
kinds:
  - kind: gone
    rename: x
  - {channel: /chat, name: say, direction: client_to_server, rename: y}
  - name: say
    fields: {user.phone: {secret: true}, user.id: {secret: true}}
merge:
  - {kinds: [chat.say-1, gone], name: alone}
  - {kinds: [chat.say-1, other], name: elsewhere}
"""
    made = laid(text, SAY, kind("other", record(), channel="/other"))
    assert made.unmatched == (
        "kinds[0] (gone): no such kind",
        "kinds[1] (/chat say client_to_server): no such kind",
        "kinds[2] (say): no field user.phone",
        "merge[0] (alone): no kind gone",
        "merge[0] (alone): only one such kind, chat.say-1",
        "merge[1] (elsewhere): the kinds are of different channels: /chat, /other",
    )
    assert [each.name for each in made.kinds] == ["say", None]
