"""AsyncAPI documents of both generations, told as channels, kinds, servers and what must be shown."""

from __future__ import annotations

from typing import Any

import pytest

from wsobserve.compare.asyncapi import described_asyncapi, is_asyncapi

SCHEMES = {"key": {"type": "httpApiKey", "in": "query", "name": "token"}, "basic": {"type": "http", "scheme": "basic"}}
SAY = {"name": "say", "title": "Say", "payload": {"$ref": "#/components/schemas/say"}}
SCHEMAS = {"say": {"type": "object", "properties": {"text": {"type": "string"}}}}

TWO: dict[str, Any] = {
    "asyncapi": "2.6.0",
    "info": {"title": "chat", "version": "1"},
    "servers": {"main": {"url": "wss://me:secret@example.com/ws", "protocol": "wss", "security": [{"key": []}]}},
    "channels": {
        "/rooms/{id}": {
            "publish": {"message": {"$ref": "#/components/messages/say"}},
            "subscribe": {
                "message": {"oneOf": [{"$ref": "#/components/messages/say"}, {"messageId": "ack", "payload": {"type": "null"}}]}
            },
            "bindings": {"ws": {"method": "GET", "query": {"type": "object", "properties": {"v": {"const": "2"}}}}},
        }
    },
    "components": {"messages": {"say": SAY}, "schemas": SCHEMAS, "securitySchemes": SCHEMES},
}

THREE: dict[str, Any] = {
    "asyncapi": "3.1.0",
    "info": {"title": "chat", "version": "1"},
    "servers": {
        "main": {
            "host": "example.com",
            "pathname": "/ws",
            "protocol": "wss",
            "security": [{"$ref": "#/components/securitySchemes/basic"}],
        }
    },
    "channels": {
        "rooms": {
            "address": "/rooms/{id}",
            "messages": {"say": {"$ref": "#/components/messages/say"}, "ack": {"payload": {"type": "null"}}, "idle": {}},
        },
        "again": {
            "address": "/rooms/{id}",
            "messages": {
                "ping": {"payload": {"schemaFormat": "application/vnd.apache.avro;version=1.9.0", "schema": {"type": "record"}}}
            },
        },
    },
    "operations": {
        "say": {
            "action": "receive",
            "channel": {"$ref": "#/channels/rooms"},
            "messages": [{"$ref": "#/channels/rooms/messages/say"}],
            "reply": {"channel": {"$ref": "#/channels/rooms"}, "messages": [{"$ref": "#/channels/rooms/messages/ack"}]},
        },
        "ping": {"action": "send", "channel": {"$ref": "#/channels/again"}},
    },
    "components": {"messages": {"say": SAY}, "schemas": SCHEMAS, "securitySchemes": SCHEMES},
}


def test_version_2_tells_directions_by_publish_and_subscribe() -> None:
    (channel,) = described_asyncapi(TWO, "x").channels
    assert channel.address == "/rooms/{id}"
    kinds = {kind.label: kind for kind in channel.kinds}
    assert kinds["say"].directions == {"client_to_server", "server_to_client"}
    assert kinds["ack"].direction == "server_to_client"
    assert kinds["say"].node[0].schema == {"$ref": "#/components/schemas/say"}
    assert channel.query
    assert channel.bindings == {"ws method": '"GET"'}


def test_version_3_tells_directions_by_operations_and_their_replies() -> None:
    side = described_asyncapi(THREE, "x")
    (channel,) = side.channels
    directions = {kind.label: kind.direction for kind in channel.kinds}
    assert directions == {"say": "client_to_server", "ack": "server_to_client", "idle": None, "ping": "server_to_client"}
    assert channel.replies == {"say": frozenset(("ack",))}
    assert not side.traffic


def test_a_schema_of_another_language_is_kept_as_text() -> None:
    (channel,) = described_asyncapi(THREE, "x").channels
    (ping,) = [kind for kind in channel.kinds if kind.label == "ping"]
    assert isinstance(ping.node[0].schema, str)
    assert "avro" in ping.node[0].schema


def test_security_is_told_in_words_and_no_server_tells_a_password() -> None:
    (server,) = described_asyncapi(TWO, "x").servers or ()
    assert server.security == {"httpApiKey query token"}
    assert server.address == "wss://***@example.com/ws"
    (server,) = described_asyncapi(THREE, "x").servers or ()
    assert (server.address, server.security) == ("example.com/ws", frozenset(("http basic",)))


def test_what_this_program_observed_is_traffic_and_keeps_its_channel() -> None:
    channels = {"rooms": {**THREE["channels"]["rooms"], "x-wsobserve-channel": "/rooms/{id} room"}}
    side = described_asyncapi({**THREE, "info": {"x-wsobserve-observed": {}}, "channels": channels, "operations": {}}, "x")
    assert side.traffic
    assert side.channels[0].address == "/rooms/{id} room"


def test_a_version_that_is_not_known_is_refused() -> None:
    assert is_asyncapi({"asyncapi": "1.2.0"})
    assert not is_asyncapi({"openapi": "3.0.0"})
    with pytest.raises(ValueError, match=r"1\.2\.0"):
        described_asyncapi({"asyncapi": "1.2.0"}, "x")


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"channels": []},
        {"channels": {"a": None, "b": {"messages": "x"}, "c": {"$ref": "#/channels/c"}, "d": {"$ref": "other.yaml"}}},
        {"operations": {"a": {"action": "receive"}, "b": {"action": 5, "channel": []}}, "servers": {"a": []}},
        {"servers": {"a": {"host": 5, "security": [[], {}, {"nowhere": []}]}}, "info": {}},
        {"channels": {"a": {"messages": {"m": {"payload": 5, "headers": [], "x-wsobserve-discriminator": 3}}}}},
    ],
)
@pytest.mark.parametrize("version", ["2.6.0", "3.0.0"])
def test_documents_that_are_not_what_they_should_be_do_not_raise(version: str, parts: dict[str, Any]) -> None:
    assert described_asyncapi({"asyncapi": version, **parts}, "x").label == "x"
