"""Schemas as documents: one a channel, which accepts exactly the channel's messages; the same text for the same kinds."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # its types are a package of their own

from tests.publish.kinds import kind, kind_lists, record, shuffled
from wsobserve.publish.documents import channel_documents, directions_of, document_name, document_text
from wsobserve.records import MessageKind

USER = record("id name", id={"type": "integer"}, name={"type": "string"})


def valid(document: dict[str, Any], message: object) -> bool:
    Draft202012Validator.check_schema(document)
    return bool(Draft202012Validator(document).is_valid(message))


def test_a_channel_is_the_union_of_its_kinds() -> None:
    tick = kind("b.tick", record("n", n={"type": "integer"}), channel="/b")
    say = kind("a.say", record("say", say=USER), channel="/a")
    join = kind("a.join", record("join", join=USER), channel="/a")
    documents = channel_documents([tick, say, join])
    assert list(documents) == ["/a", "/b"]
    chat = documents["/a"]
    assert chat["anyOf"] == [{"$ref": "#/$defs/a.join"}, {"$ref": "#/$defs/a.say"}]
    assert list(chat["$defs"]) == ["Say", "a.join", "a.say"]
    user = {"id": 1, "name": "Ada"}
    assert valid(chat, {"say": user})
    assert valid(chat, {"join": user})
    assert not valid(chat, {"say": user, "join": user})
    assert not valid(chat, {"n": 1})
    assert valid(documents["/b"], {"n": 1})


def test_one_direction_when_asked_and_what_goes_in_an_unknown_one_in_both() -> None:
    kinds = [
        kind("a.up", {"const": "up"}, directions={"client_to_server": 3}, direction="client_to_server"),
        kind("a.down", {"const": "down"}),
        kind("a.both", {"const": "both"}, directions={"client_to_server": 1, "server_to_client": 1}, direction=None),
        kind("a.unknown", {"const": "unknown"}, directions={"unknown": 4}, direction=None),
        kind("a.old", {"const": "old"}, directions={}, direction="client_to_server"),
    ]
    document = channel_documents(kinds, "client_to_server")["/chat"]
    assert [reference["$ref"].rpartition(".")[2] for reference in document["anyOf"]] == ["both", "old", "unknown", "up"]
    assert not valid(document, "down")
    assert valid(channel_documents(kinds)["/chat"], "down")
    assert directions_of(kinds[2]) == ["client_to_server", "server_to_client"]


def test_directions_and_discriminators_are_told_beside_the_constraints() -> None:
    told = channel_documents([kind("a.say", {"type": "object"}, discriminator=(("/type", "say"),))])["/chat"]["$defs"]["a.say"]
    assert told["x-wsobserve-directions"] == {"server_to_client": 10}
    assert told["x-wsobserve-discriminator"] == {"/type": "say"}


@settings(max_examples=50)
@given(kind_lists(), st.integers(0, 1000))
def test_the_order_of_kinds_and_keys_does_not_change_the_text(kinds: list[MessageKind], seed: int) -> None:
    other = [kind(each.id, shuffled(each.json_schema, seed), name=each.name) for each in kinds]
    random.Random(seed).shuffle(other)
    text = document_text(channel_documents(kinds))
    assert text == document_text(channel_documents(other))
    for document in json.loads(text).values():
        Draft202012Validator.check_schema(document)


def test_a_lone_surrogate_is_written_as_an_escape() -> None:
    text = document_text({"\ud800": "ü"})
    assert text.encode() == b'{\n  "\\ud800": "\xc3\xbc"\n}\n'
    assert json.loads(text) == {"\ud800": "ü"}


def test_every_channel_has_a_file_name_of_its_own() -> None:
    names = {document_name(channel) for channel in ("/a/b", "/a-b", "/", "", "unknown route", "/" + "x" * 999)}
    assert len(names) == 6
    assert all("/" not in name and len(name) < 120 for name in names)
