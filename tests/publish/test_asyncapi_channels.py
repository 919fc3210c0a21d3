"""Channels and operations, as the server sees them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.publish.snapshots import a_kind, a_route, a_total, an_object
from wsobserve.publish.asyncapi_channels import ChannelView, channel_object, document_keys, operations

ASK = a_kind("ask", "client_to_server", an_object(request_id="string"))
ANSWER = a_kind("answer", "server_to_client", an_object(request_id="string"))
NEWS = a_kind("news", "server_to_client")


def a_view(**fields: Any) -> ChannelView:
    return ChannelView(
        key=fields.pop("key", "chat"),
        channel=fields.pop("channel", "/chat"),
        address=fields.pop("address", "/chat"),
        kinds=fields.pop("kinds", ()),
        totals=fields.pop("totals", ()),
        routes=fields.pop("routes", ()),
        servers=fields.pop("servers", ()),
        **fields,
    )


def test_the_server_receives_what_clients_send() -> None:
    made = operations(a_view(kinds=(a_kind("hello", "client_to_server"), NEWS), security=("bearer",), totals=(a_total(),)))
    assert {key: operation["action"] for key, operation in made.items()} == {"chat.receive": "receive", "chat.send": "send"}
    assert made["chat.send"]["messages"] == [{"$ref": f"#/channels/chat/messages/{NEWS.id}"}]
    assert made["chat.receive"]["summary"] == "10 messages on this channel"
    assert made["chat.receive"]["security"] == [{"$ref": "#/components/securitySchemes/bearer"}]


def test_a_kind_that_goes_both_ways_is_received_and_sent() -> None:
    both = a_kind("ping", None, directions={"client_to_server": 5, "server_to_client": 5})
    made = operations(a_view(kinds=(both,)))
    assert [operation["messages"] for operation in made.values()] == [[{"$ref": f"#/channels/chat/messages/{both.id}"}]] * 2


def test_a_kind_of_unknown_direction_is_in_no_operation_and_that_is_said() -> None:
    view = a_view(kinds=(a_kind("x", None),))
    assert operations(view) == {}
    channel, messages = channel_object(view)
    assert list(channel["messages"]) == list(messages)
    assert "It is not known who sent `x`, so no operation has it." in channel["description"]


def test_a_request_with_its_reply_is_an_operation_of_its_own_and_said_to_be_inferred() -> None:
    view = a_view(kinds=(ASK, ANSWER, NEWS))
    made = operations(view)
    assert list(made) == [f"{ASK.id}.receive", "chat.send"]
    request = made[f"{ASK.id}.receive"]
    assert request["reply"] == {
        "channel": {"$ref": "#/channels/chat"},
        "messages": [{"$ref": f"#/channels/chat/messages/{ANSWER.id}"}],
    }
    assert "The reply is inferred: `request_id` is always there" in request["description"]
    assert request["x-wsobserve-reply"] == {"certainty": "inferred", "field": "request_id"}
    _, messages = channel_object(view)
    locations = {key: message.get("correlationId", {}).get("location") for key, message in messages.items()}
    assert locations == {ASK.id: "$message.payload#/request_id", ANSWER.id: "$message.payload#/request_id", NEWS.id: None}


@pytest.mark.parametrize(
    ("path", "address", "parameters"),
    [
        ("/chat", "/chat", []),
        ("/rooms/{id}", "/rooms/{id}", ["id"]),
        ("/{id}/users/{id}", "/{id}/users/{id2}", ["id", "id2"]),
        ("/a{b}c/{id};***", "/a%7Bb%7Dc/{id};***", ["id"]),
        (None, None, []),
    ],
)
def test_each_identifier_of_a_path_is_a_parameter(path: str | None, address: str | None, parameters: list[str]) -> None:
    channel, _ = channel_object(a_view(address=path))
    assert channel["address"] == address
    assert list(channel.get("parameters", [])) == parameters


def test_a_channel_tells_its_volumes_servers_and_how_to_connect() -> None:
    route = a_route(subprotocols={"chat.v1": 3}, extensions={"permessage-deflate": 2}, query_keys={"v": 4})
    other = a_route(host="other.example", requests=0, accepted=1, subprotocols={"chat.v1": 1})
    channel, _ = channel_object(
        a_view(
            totals=(a_total(), a_total("server_to_client", rate=None, undecoded=2)), routes=(route, other), servers=("a", "b")
        )
    )
    assert channel["summary"] == "20 messages"
    assert "| client to server | 10 | 2.0/s | 1.5 KB | 1.2 KB | 100 bytes | not known |" in channel["description"]
    assert "2 messages could not be decoded and are not described." in channel["description"]
    assert "Subprotocols agreed: `chat.v1` (4)." in channel["description"]
    assert channel["servers"] == [{"$ref": "#/servers/a"}, {"$ref": "#/servers/b"}]
    assert channel["bindings"]["ws"]["query"]["required"] == ["v"]
    assert channel["tags"] == [{"name": "chat.v1"}]
    assert channel["x-wsobserve-subprotocol"] == [{"name": "chat.v1", "connections": 4}]
    assert channel["x-wsobserve-extensions"] == [{"name": "permessage-deflate", "connections": 2}]


def test_channels_of_one_address_say_what_tells_them_apart() -> None:
    one = a_kind("a", discriminator=(("/topic", "x"), ("/type", "a")))
    channel, _ = channel_object(a_view(channel="/chat x", kinds=(one,), sharing=("/chat y",)))
    assert channel["x-wsobserve-discriminator"] == ["/topic", "/type"]
    assert (
        "Shares its address with `/chat y`: one connection carries them all, told apart by `/topic` and `/type`."
        in channel["description"]
    )


def test_messages_without_structure_are_messages_too() -> None:
    view = a_view(totals=(a_total(formats={"text": 10}), a_total("server_to_client", formats={"text": 10})))
    channel, messages = channel_object(view)
    assert list(channel["messages"]) == list(messages) == ["chat.text"]
    assert [operation["messages"] for operation in operations(view).values()] == [
        [{"$ref": "#/channels/chat/messages/chat.text"}]
    ] * 2


def test_keys_are_readable_and_never_the_same() -> None:
    keys = document_keys(["/", "/rooms/{id}", "/a/b", "/a-b", "unknown route"])
    assert (keys["/"], keys["/rooms/{id}"], keys["unknown route"]) == ("root", "rooms-id", "unknown-route")
    assert len(set(keys.values())) == 5
    assert keys["/a/b"].startswith("a-b-")
