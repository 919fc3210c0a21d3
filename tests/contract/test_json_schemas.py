"""JSON Schemas as a contract: the title is the channel, and each alternative at the root is a message."""

from __future__ import annotations

import pytest

from tests.contract.agreed import ADDRESS, contract_of, fold_of, said
from wsobserve.contract.json_schemas import dialect_of, is_channel, schemas_contract
from wsobserve.contract.sources import ContractError, Place, Sources

KINDS = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "/rooms/{id}",
    "x-wsobserve-count": 3,
    "anyOf": [{"$ref": "#/$defs/rooms.join"}, {"$ref": "#/$defs/rooms.leave"}],
    "$defs": {
        "rooms.join": {"properties": {"type": {"const": "join"}}, "required": ["type"]},
        "rooms.leave": {"properties": {"type": {"const": "leave"}}, "required": ["type"]},
    },
}


def test_what_the_export_writes_is_a_channel_with_its_kinds() -> None:
    contract, _ = contract_of(KINDS)
    (channel,) = contract.channels
    assert channel.name == channel.address == "/rooms/{id}"
    assert channel.routes == ("/rooms/{id}",)
    assert [message.name for message in channel.messages] == ["rooms.join", "rooms.leave"]
    assert all(message.whole is None for message in channel.messages)  # the alternatives say everything


def test_a_schema_with_another_title_is_about_every_channel() -> None:
    contract, _ = contract_of({"title": "Join messages", "type": "object"})
    (channel,) = contract.channels
    assert channel.routes == ()
    assert channel.address is None


def test_what_stands_beside_alternatives_holds_too() -> None:
    fold = fold_of({"type": "object", "required": ["id"], "anyOf": [{"required": ["a"]}, {"required": ["b"]}]})
    fold.add(said({"id": 1, "a": 1}))
    fold.add(said({"a": 1}))
    assert (fold.valid, fold.violating) == (1, 1)


def test_of_one_of_exactly_one_may_fit() -> None:
    fold = fold_of({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]})
    fold.add(said({"a": 1}))
    fold.add(said({"a": 1, "b": 2}))
    assert (fold.valid, fold.violating) == (1, 1)


def test_alternatives_of_alternatives_are_messages_as_well() -> None:
    inner = {"anyOf": [{"title": "one", "const": 1}, {"const": 2}]}
    contract, _ = contract_of({"anyOf": [inner, {"const": 3}, {"title": "one", "const": 4}]})
    assert [message.name for message in contract.channels[0].messages] == [
        "one",
        "alternative 2",
        "alternative 2 (2)",
        "one (2)",
    ]


def test_of_a_directory_the_schemas_with_a_channel_count() -> None:
    other = "file:///agreed/shared.json"
    sources = Sources({ADDRESS: KINDS, other: {"title": "Shared", "type": "object"}})
    assert [channel.name for channel in schemas_contract(sources, [ADDRESS, other], directory=True).channels] == ["/rooms/{id}"]
    with pytest.raises(ContractError, match="none of the 1 schemas has a channel"):
        schemas_contract(sources, [other], directory=True)


def test_a_channel_is_a_path() -> None:
    assert is_channel("/rooms")
    assert is_channel("unknown route")
    assert not is_channel("Rooms")
    assert not is_channel(None)


def test_a_dialect_that_nobody_knows_is_said() -> None:
    assert dialect_of(Place("x#", {"$schema": "http://json-schema.org/draft-07/schema#"}), "2020-12") == "draft-07"
    assert dialect_of(Place("x#", {}), "2020-12") == "2020-12"
    with pytest.raises(ContractError, match="dialect that is not known"):
        dialect_of(Place("x#", {"$schema": "https://elsewhere.example/dialect"}), "2020-12")
