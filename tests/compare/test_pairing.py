"""Which kind is which, and which channel."""

from __future__ import annotations

from typing import Any

from wsobserve.compare.alternatives import Alternatives
from wsobserve.compare.described import Channel, Kind
from wsobserve.compare.nodes import Source
from wsobserve.compare.pairing import Pairing, address_key, pair_channels


def kind(identifier: str, name: str | None = None, *fields: str, told: str | None = None, to: str = "client") -> Kind:
    properties: dict[str, Any] = {field: {} for field in fields}
    if told is not None:
        properties["type"] = {"const": told}
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    direction: Any = "server_to_client" if to == "client" else "client_to_server"
    return Kind(id=identifier, name=name, directions=frozenset((direction,)), node=Source(schema).node())


def paired(old: list[Kind], new: list[Kind]) -> list[tuple[str, str]]:
    pairs, gone, came = Pairing(Alternatives()).kinds(old, new)
    assert len(pairs) + len(gone) == len(old)
    assert len(pairs) + len(came) == len(new)
    return sorted((one.id, other.id) for one, other in pairs)


def test_the_identifier_comes_first_then_the_discriminator() -> None:
    old = [kind("a", told="x"), kind("b", told="y")]
    new = [kind("c", told="x"), kind("b", told="z")]
    assert paired(old, new) == [("a", "c"), ("b", "b")]


def test_the_same_constant_in_the_other_direction_is_another_kind_where_there_is_one_in_this() -> None:
    old = [kind("a", told="x", to="client"), kind("b", told="x", to="server")]
    new = [kind("c", told="x", to="server"), kind("d", told="x", to="client")]
    assert paired(old, new) == [("a", "d"), ("b", "c")]


def test_likeness_needs_fields_and_name() -> None:
    old = [kind("a", "message", "text", "user", told="message")]
    assert paired(old, [kind("b", "chat.message", "text", "user", told="chat.message")]) == [("a", "b")]
    assert paired(old, [kind("b", "leave", "text", "user", told="leave")]) == []
    assert paired(old, [kind("b", "messages", "rows", "page", told="messages")]) == []


def test_kinds_without_name_are_alike_by_their_fields() -> None:
    assert paired([kind("a", None, "p", "q", "r", "s")], [kind("b", None, "p", "q", "r", "s", "t")]) == [("a", "b")]
    assert paired([kind("a", None, "p", "q")], [kind("b", None, "p", "x")]) == []


def test_channels_are_paired_by_address_whatever_their_parameters_are_called() -> None:
    old = [Channel(id="a", address="/rooms/{id}"), Channel(id="b", address="/old"), Channel(id="c", address="/gone")]
    new = [Channel(id="x", address="rooms/{room}"), Channel(id="b", address="/new"), Channel(id="y", address="/came")]
    pairs, gone, came = pair_channels(old, new)
    assert [(one.address, other.address) for one, other in pairs] == [("/rooms/{id}", "rooms/{room}"), ("/old", "/new")]
    assert (gone, came) == ([old[2]], [new[2]])
    assert address_key("/a/{x}/b") == address_key("a/{y}/b") != address_key("/a/b")
