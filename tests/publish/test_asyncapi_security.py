"""Security schemes: what requests carry to say who asks, by name, and required only when every request did."""

from __future__ import annotations

from typing import Any

import pytest

from tests.publish.snapshots import a_kind, a_route, an_object
from wsobserve.publish.asyncapi_security import password_scheme, required_security, scheme_names, security_schemes

EVERYTHING = a_route(
    "/rooms/{id}",
    requests=4,
    vouched=4,
    credentials={
        "cookie:session_id": 1,
        "header:authorization": 1,
        "header:authorization:basic": 1,
        "header:authorization:bearer": 4,
        "header:x-api-key": 1,
        "query:access_token": 2,
        "subprotocol:***": 1,
        "subprotocol:bearer": 1,
        "_overflow": 3,
    },
)


def test_every_place_has_its_scheme() -> None:
    names = scheme_names([EVERYTHING])
    schemes = security_schemes([EVERYTHING], names)
    described = {
        name: {key: value for key, value in scheme.items() if key != "description"} for name, scheme in schemes.items()
    }
    assert described == {
        "basic": {"type": "http", "scheme": "basic"},
        "bearer": {"type": "http", "scheme": "bearer"},
        "cookie-session_id": {"type": "httpApiKey", "in": "cookie", "name": "session_id"},
        "header-authorization": {"type": "httpApiKey", "in": "header", "name": "Authorization"},
        "header-x-api-key": {"type": "httpApiKey", "in": "header", "name": "X-Api-Key"},
        "query-access_token": {"type": "httpApiKey", "in": "query", "name": "access_token"},
        "subprotocol": {"type": "httpApiKey", "in": "header", "name": "Sec-WebSocket-Protocol"},
        "subprotocol-bearer": {"type": "httpApiKey", "in": "header", "name": "Sec-WebSocket-Protocol"},
    }
    assert schemes["bearer"]["description"] == "In all 4 accepted requests of `/rooms/{id}`."
    assert schemes["query-access_token"]["description"] == "In 2 of 4 accepted requests of `/rooms/{id}`."
    assert schemes["subprotocol"]["description"].startswith("Something that looks like a token among the subprotocols")


def test_counts_of_several_routes_add_up() -> None:
    routes = [
        a_route("/a", requests=2, credentials={"query:token": 2}),
        a_route("/b", requests=3, credentials={"query:token": 1}),
        a_route("/c", requests=9),
    ]
    [scheme] = security_schemes(routes, scheme_names(routes)).values()
    assert scheme["description"] == "In 3 of 5 accepted requests of `/a` and `/b`."


def test_names_that_look_alike_stay_apart() -> None:
    names = scheme_names([a_route(credentials={"query:api:key": 1, "query:api[key": 1, "query:api-key": 1})])
    assert sorted(names.values()) == ["query-api-key", "query-api-key-", "query-api-key--"]


def test_security_is_required_when_every_request_had_a_credential() -> None:
    names = scheme_names([EVERYTHING])
    with_token = a_route(requests=2, vouched=2, credentials={"query:access_token": 2})
    without = a_route(requests=3, vouched=2, credentials={"query:access_token": 2})
    unknown = a_route(requests=0, accepted=5)
    assert required_security([with_token], names) == ["query-access_token"]
    assert required_security([with_token, unknown], names) == ["query-access_token"]
    assert required_security([with_token, without], names) == []
    assert required_security([unknown], names) == []
    assert required_security([], names) == []


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (an_object(username="string", password="string"), True),
        (an_object(op="string", args=an_object(Login="string", PWD="string")), True),
        (an_object(password="string"), False),
        (an_object(user="object", password="string"), False),
        (an_object(user="string", inner=an_object(password="string")), False),
        ({"anyOf": []}, False),
    ],
)
def test_a_name_and_a_password_in_a_message_of_a_client(schema: dict[str, Any], expected: bool) -> None:
    schemes = password_scheme([a_kind("login", "client_to_server", schema), a_kind("user", "server_to_client", schema)])
    description = "In the payload of `login`, after the handshake."
    assert schemes == ({"password": {"type": "userPassword", "description": description}} if expected else {})
