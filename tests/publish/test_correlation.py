"""Which fields tie replies to requests: what is enough to say so, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.publish.snapshots import START_NS, a_kind, an_object
from wsobserve.publish.correlation import Exchange, correlated_fields, exchanges
from wsobserve.records import MessageKind


def a_request(name: str, messages: int = 10, **properties: Any) -> MessageKind:
    return a_kind(name, "client_to_server", an_object(**properties), messages=messages)


def a_reply(name: str, messages: int = 10, first_ns: int = START_NS, **properties: Any) -> MessageKind:
    return a_kind(name, "server_to_client", an_object(**properties), messages=messages, first_ns=first_ns)


def found(*kinds: MessageKind, subprotocols: tuple[str, ...] = ()) -> list[tuple[str | None, list[str | None], str, bool]]:
    names = {kind.id: kind.name for kind in kinds}
    return [
        (names[exchange.request], [names[reply] for reply in exchange.replies], exchange.field, exchange.certain)
        for exchange in exchanges(kinds, subprotocols)
    ]


@pytest.mark.parametrize("field", ["request_id", "requestId", "req-id", "correlationId", "reqid", "transaction_id"])
def test_a_telling_name_is_enough(field: str) -> None:
    ask = a_kind("ask", "client_to_server", an_object(**{field: "string"}))
    answer = a_kind("answer", "server_to_client", an_object(**{field: "string"}))
    assert found(ask, answer, a_reply("news", 9, text="string")) == [("ask", ["answer"], field, False)]


def test_a_field_that_is_not_always_there_is_not_enough() -> None:
    loose = {"type": "object", "properties": {"request_id": {"type": "string"}}}
    assert found(a_request("ask", request_id="string"), a_kind("answer", "server_to_client", loose)) == []


@pytest.mark.parametrize(
    "other", ["integer", {"const": "a"}, {"type": "string", "format": "uuid"}, {"type": ["null", "string"]}]
)
def test_nor_is_one_of_another_type_or_form_or_a_constant(other: object) -> None:
    assert found(a_request("ask", request_id="string"), a_reply("answer", request_id=other)) == []


def test_replies_do_not_come_before_their_request() -> None:
    assert found(a_request("ask", request_id="string"), a_reply("answer", first_ns=START_NS - 1, request_id="string")) == []


def test_an_id_ties_a_reply_when_there_is_one_for_each_request() -> None:
    assert found(a_request("ask", 20, id="integer"), a_reply("answer", 19, id="integer"), a_reply("news", 19)) == [
        ("ask", ["answer"], "id", False)
    ]


@pytest.mark.parametrize(
    "kinds",
    [
        pytest.param((a_request("ask", 20, id="integer"), a_reply("answer", 18, id="integer")), id="too few replies"),
        pytest.param(
            (a_request("ask", 20, id="integer"), a_reply("answer", 21, id="integer")), id="more replies than requests"
        ),
        pytest.param((a_request("ask", 4, id="integer"), a_reply("answer", 4, id="integer")), id="too few to say"),
        pytest.param(
            (a_request("ask", 20, id="integer"), a_reply("answer", 20, id="integer"), a_reply("news", 5, id="integer")),
            id="two kinds of reply",
        ),
        pytest.param(
            (a_request("ask", 20, id="integer"), a_request("tell", 5, id="integer"), a_reply("answer", 20, id="integer")),
            id="two kinds of request",
        ),
        pytest.param(
            (a_request("ask", 20, id="integer"), a_reply("answer", 20, first_ns=START_NS - 1, id="integer")), id="reply first"
        ),
    ],
)
def test_an_id_may_be_anything_else(kinds: tuple[MessageKind, ...]) -> None:
    assert found(*kinds) == []


def test_json_rpc_says_what_its_id_is_for() -> None:
    call = a_request("add", 3, jsonrpc={"const": "2.0"}, method={"const": "add"}, id="integer", params="array")
    notification = a_request("log", 3, method="string", params="array")
    result = a_reply("result", 2, id="integer", result="integer")
    error = a_reply("error", 1, id="integer", error="object")
    event = a_reply("event", 9, method="string", id="integer", result="string")
    assert found(call, notification, result, error, event) == [("add", ["error", "result"], "id", True)]


def test_a_server_may_ask_too() -> None:
    call = a_reply("ask", 3, method="string", id="integer")
    result = a_request("result", 3, id="integer", result="integer")
    [exchange] = exchanges([call, result])
    assert (exchange.request, exchange.direction, exchange.replies) == (call.id, "server_to_client", (result.id,))


def test_a_subprotocol_says_what_its_id_is_for_when_it_is_the_only_one() -> None:
    kinds = (
        a_request("subscribe", 3, id="string", type={"const": "subscribe"}),
        a_reply("next", 40, id="string"),
        a_kind("complete", None, an_object(id="string"), directions={"client_to_server": 1, "server_to_client": 2}),
        a_reply("pong", 2),
    )
    assert found(*kinds, subprotocols=("graphql-transport-ws",)) == [("subscribe", ["next", "complete"], "id", True)]
    assert found(*kinds, subprotocols=("graphql-transport-ws", "other")) == []


def test_a_kind_that_goes_both_ways_is_no_request() -> None:
    both = a_kind(
        "ask", None, an_object(request_id="string"), directions={"client_to_server": 5, "server_to_client": 5}, messages=10
    )
    assert found(both, a_reply("answer", request_id="string")) == []


def test_requests_and_replies_say_which_field_and_why() -> None:
    exchange = Exchange(
        request="a", direction="client_to_server", replies=("b", "c"), field="id", certain=False, evidence="as many"
    )
    assert correlated_fields([exchange]) == dict.fromkeys("abc", ("id", "as many"))


@pytest.mark.parametrize(
    "schema", [{}, {"anyOf": [{}]}, {"properties": {"id": True}, "required": ["id", "x"]}, {"required": "id", "properties": []}]
)
def test_schemas_of_any_form_are_looked_at(schema: dict[str, Any]) -> None:
    assert found(a_kind("a", "client_to_server", schema), a_kind("b", "server_to_client", schema)) == []
