"""The WebSocket binding: names of the query and of header fields, and how often each was there."""

from __future__ import annotations

from tests.publish.snapshots import a_route
from wsobserve.publish.handshake_schema import added, field_name, websocket_binding


def test_a_request_that_carries_nothing() -> None:
    assert websocket_binding([a_route()]) == {"method": "GET", "bindingVersion": "0.1.0"}
    assert websocket_binding([]) == {"method": "GET", "bindingVersion": "0.1.0"}


def test_query_keys_with_their_presence_and_the_values_that_choose_a_version() -> None:
    routes = [
        a_route(requests=3, query_keys={"EIO": 3, "token": 1, "v": 2}, query_values={"EIO=4": 3, "v=1": 1}),
        a_route(host="other.example", requests=1, query_keys={"EIO": 1}, query_values={"EIO=3": 1}),
    ]
    assert websocket_binding(routes)["query"] == {
        "type": "object",
        "properties": {
            "EIO": {"type": "string", "description": "In all 4 accepted requests.", "enum": ["3", "4"]},
            "token": {"type": "string", "description": "In 1 of 4 accepted requests.", "x-wsobserve-presence": 0.25},
            "v": {"type": "string", "description": "In 2 of 4 accepted requests.", "x-wsobserve-presence": 0.5},
        },
        "required": ["EIO"],
    }


def test_header_fields_origins_and_subprotocols() -> None:
    route = a_route(
        requests=2,
        request_fields={"authorization": 2, "cookie": 1, "x-tenant": 2},
        credentials={"cookie:session_id": 1, "header:authorization:bearer": 2},
        origins={"https": 1, "none": 1},
        subprotocols={"chat.v1": 2},
    )
    headers = websocket_binding([route])["headers"]
    assert list(headers["properties"]) == ["Authorization", "Cookie", "Origin", "Sec-WebSocket-Protocol", "X-Tenant"]
    assert headers["required"] == ["Authorization", "X-Tenant"]
    assert headers["properties"]["Cookie"]["description"].endswith("these seem to say who asks: `session_id`.")
    assert headers["properties"]["Origin"]["description"] == "In 1 of 2 accepted requests. By scheme: `https` (1)."
    assert headers["properties"]["Sec-WebSocket-Protocol"]["description"] == "Agreed on in connections: `chat.v1` (2)."


def test_names_that_are_not_shown_are_said_to_be_there() -> None:
    query = websocket_binding([a_route(requests=2, query_keys={"***": 2, "_overflow": 1})])["query"]
    assert query == {"type": "object", "description": "There were others, whose names may be values and are not shown."}


def test_a_cookie_whose_field_was_beyond_the_limit() -> None:
    binding = websocket_binding([a_route(requests=1, request_fields={"_overflow": 3}, credentials={"cookie:sid": 1})])
    assert "properties" not in binding["headers"]


def test_names_of_fields_and_sums() -> None:
    assert field_name("x-api-key") == "X-Api-Key"
    assert added([{"b": 1}, {"a": 2, "b": 3}]) == {"a": 2, "b": 4}
