"""AsyncAPI 2 and 3: channels, directions, messages, traits, replies, and what is refused."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from tests.contract.agreed import CHAT, DOWN, MARKET, UP, contract_of
from wsobserve.contract.asyncapi import media_of
from wsobserve.contract.sources import ContractError
from wsobserve.contract.terms import Contract, ContractChannel


def channel(contract: Contract, name: str) -> ContractChannel:
    (found,) = [each for each in contract.channels if each.name == name]
    return found


def test_in_asyncapi_3_what_is_sent_comes_from_the_server() -> None:
    contract, _ = contract_of(MARKET)
    assert (contract.title, contract.language) == ("Market", "AsyncAPI 3.0.0")
    assert channel(contract, "trades").directions("trade") == (DOWN,)
    control = channel(contract, "control")
    assert control.directions("subscribe") == (UP,)
    assert control.directions("ack") == control.directions("error") == (DOWN,)  # the reply goes back
    assert [operation.name for operation in control.operations] == ["onSubscribe", "onSubscribe (reply)"]


def test_from_the_side_of_a_client_it_is_the_other_way_round() -> None:
    contract, _ = contract_of(MARKET, "client")
    assert channel(contract, "trades").directions("trade") == (UP,)


def test_in_asyncapi_2_others_subscribe_to_what_the_server_sends() -> None:
    contract, _ = contract_of(CHAT)
    (rooms,) = contract.channels
    assert [message.name for message in rooms.messages] == ["say", "said", "joined"]
    assert rooms.directions("say") == (UP,)
    assert rooms.directions("said") == rooms.directions("joined") == (DOWN,)
    assert contract_of(CHAT, "client")[0].channels[0].directions("say") == (DOWN,)


def test_addresses_are_below_the_path_of_a_server_or_alone() -> None:
    assert channel(contract_of(MARKET)[0], "trades").routes == ("/ws/{symbol}@trade", "/{symbol}@trade")
    assert channel(contract_of(MARKET)[0], "control").routes == ("/ws", "/")
    assert contract_of(CHAT)[0].channels[0].routes == ("/v1/rooms/{room}", "/rooms/{room}")


def test_an_address_that_is_no_path_may_be_a_topic_on_the_connection() -> None:
    document = deepcopy(MARKET)
    document["channels"]["trades"]["address"] = "trades"  # type: ignore[index]
    assert channel(contract_of(document)[0], "trades").routes == ("/ws/trades", "/trades", "/ws", "/")


def test_a_channel_without_an_address_is_on_every_connection() -> None:
    document = deepcopy(MARKET)
    document["channels"]["trades"]["address"] = None  # type: ignore[index]
    assert channel(contract_of(document)[0], "trades").routes == ()


def test_a_channel_may_name_its_servers() -> None:
    document: Any = deepcopy(MARKET)
    document["servers"]["private"] = {"host": "private.example", "pathname": "/auth", "protocol": "wss"}
    document["channels"]["trades"]["servers"] = [{"$ref": "#/servers/private"}]
    assert channel(contract_of(document)[0], "trades").routes[0] == "/auth/{symbol}@trade"
    chat: Any = deepcopy(CHAT)
    chat["servers"]["other"] = {"url": "other.example:8080/v2", "protocol": "ws"}
    chat["channels"]["/rooms/{room}"]["servers"] = ["other"]
    assert contract_of(chat)[0].channels[0].routes[0] == "/v2/rooms/{room}"


def test_a_message_that_no_operation_names_goes_both_ways() -> None:
    document: Any = deepcopy(MARKET)
    document["channels"]["control"]["messages"]["ping"] = {"payload": {"const": "ping"}}
    assert channel(contract_of(document)[0], "control").directions("ping") == ()


def test_the_content_type_may_come_from_traits_and_from_the_document() -> None:
    document: Any = {
        "asyncapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "defaultContentType": "text/plain",
        "channels": {
            "c": {
                "address": "/",
                "messages": {
                    "default": {},
                    "trait": {"traits": [{"contentType": "application/octet-stream"}]},
                    "own": {"contentType": "application/json", "traits": [{"contentType": "text/plain"}]},
                },
            }
        },
    }
    assert [message.media for message in contract_of(document)[0].channels[0].messages] == ["text", "binary", "json"]
    old: Any = deepcopy(CHAT)
    old["components"]["messages"]["say"] |= {"contentType": "application/json", "traits": [{"contentType": "text/plain"}]}
    assert contract_of(old)[0].channels[0].messages[0].media == "text"  # in AsyncAPI 2 the trait has the last word


def test_a_schema_of_another_language_is_not_checked_and_says_so() -> None:
    document: Any = deepcopy(MARKET)
    trade = document["components"]["messages"]["trade"]
    trade["payload"] = {"schemaFormat": "application/vnd.apache.avro;version=1.9.0", "schema": {"type": "record"}}
    (message,) = channel(contract_of(document)[0], "trades").messages
    assert message.schema is None
    assert message.unchecked == "schema format application/vnd.apache.avro;version=1.9.0"


def test_the_dialect_of_a_schema_is_told_by_its_format() -> None:
    document: Any = deepcopy(MARKET)
    trade = document["components"]["messages"]["trade"]
    trade["payload"] = {"schemaFormat": "application/schema+json;version=2020-12", "schema": {"type": "object"}}
    (message,) = channel(contract_of(document)[0], "trades").messages
    assert message.schema is not None
    assert message.schema.dialect == "2020-12"
    (default,) = channel(contract_of(MARKET)[0], "trades").messages
    assert default.schema is not None
    assert default.schema.dialect == "draft-07"


def broken(**changes: Any) -> Any:
    return {**deepcopy(MARKET), **changes}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (broken(asyncapi="1.2.0"), "neither 2.x nor 3.x"),
        (broken(channels={}, operations={}), "no messages"),
        (broken(operations={"x": {"action": "shout", "channel": {"$ref": "#/channels/trades"}}}), "neither `action: send`"),
        (broken(operations={"x": {"action": "send"}}), "has no channel"),
        (
            broken(
                operations={
                    "x": {
                        "action": "send",
                        "channel": {"$ref": "#/channels/trades"},
                        "messages": [{"$ref": "#/channels/control/messages/ack"}],
                    }
                }
            ),
            "is no message of its channel",
        ),
        (broken(channels={"c": {"address": "/", "messages": {"m": {"payload": 5}}}}, operations={}), "is no schema"),
    ],
)
def test_what_cannot_be_understood_is_said_in_one_line(document: Any, words: str) -> None:
    with pytest.raises(ContractError, match=words) as raised:
        contract_of(document)
    assert "\n" not in str(raised.value)


def test_content_types_by_what_they_hold() -> None:
    assert {media_of(kind) for kind in ("application/json", "application/vnd.x+json; charset=utf-8", "application/cbor")} == {
        "json"
    }
    assert media_of("text/plain") == "text"
    assert media_of("application/octet-stream") == media_of("application/x-protobuf") == "binary"
