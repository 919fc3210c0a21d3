"""Messages held against a contract: each is counted in one place, and the parts of traffic add up, however it is split."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.agreed import CHAT, DOWN, MARKET, TRADE, UP, contract_of, fold_of, said
from wsobserve.config import Limits
from wsobserve.contract.fold import ContractFold
from wsobserve.contract.report import ContractReport
from wsobserve.contract.snapshot import report
from wsobserve.records import ChannelMessage

TRADES = "/ws/btcusdt@trade"
CONTROL = "/ws"


def checked(document: Any, *messages: ChannelMessage, **options: Any) -> ContractReport:
    fold = fold_of(document, **options)
    for message in messages:
        fold.add(message)
    found = report(fold)
    assert found.messages == found.valid + found.violating + found.uncontracted_messages + found.not_checked_messages
    return found


def counts(found: ContractReport) -> tuple[int, int, int, int]:
    return found.valid, found.violating, found.uncontracted_messages, found.not_checked_messages


def violations(found: ContractReport) -> list[tuple[str, str | None, str, str, int]]:
    return [(each.channel, each.message, each.path, each.keyword, each.messages) for each in found.violations]


def test_messages_that_keep_to_the_contract_are_valid() -> None:
    subscribe = {"method": "SUBSCRIBE", "params": ["a"], "id": 1}
    found = checked(
        MARKET,
        said(TRADE, TRADES),
        said(subscribe, CONTROL, UP),
        said({"result": None, "id": 1}, CONTROL),
        said({"error": {"code": 1}}, CONTROL),
    )
    assert counts(found) == (4, 0, 0, 0)


def test_a_violation_tells_what_where_how_often_and_where_first() -> None:
    late = said({**TRADE, "p": "1"}, TRADES, packet=9, connection="b")
    found = checked(MARKET, late, said({**TRADE, "p": "x"}, TRADES, packet=7), said(TRADE, TRADES))
    (violation,) = found.violations
    assert violation.messages == 2
    assert (violation.channel, violation.direction, violation.message) == ("trades", DOWN, "trade")
    assert (violation.path, violation.keyword) == ("/p", "pattern")
    assert violation.location == "main.yaml#/components/schemas/Price/pattern"
    assert (violation.first.packet, violation.first.time_ns, violation.first.connection) == (7, 7_000, "c")
    assert violation.first.client == "10.0.0.1:4"


def test_what_the_reader_of_structures_left_undecoded_is_decoded_here() -> None:
    message = said(TRADE, TRADES, structure="{}")
    assert message.body is None
    assert counts(checked(MARKET, message)) == (1, 0, 0, 0)


def test_null_is_a_message_as_well() -> None:
    assert counts(checked({"type": "null"}, said("null", form="json"))) == (1, 0, 0, 0)


def test_a_message_in_the_wrong_direction_violates_the_contract() -> None:
    found = checked(MARKET, said(TRADE, TRADES, UP))
    assert violations(found) == [("trades", "trade", "", "direction", 1)]


def test_of_the_other_direction_without_a_word_of_the_contract_nothing_is_said() -> None:
    found = checked(MARKET, said({"hello": 1}, TRADES, UP, name="hello"))
    assert counts(found) == (0, 0, 1, 0)
    (entry,) = found.uncontracted
    assert (entry.channel, entry.direction, entry.name) == (TRADES, UP, "hello")


def test_a_message_of_none_of_the_kinds_violates_the_contract() -> None:
    found = checked(CHAT, said({"type": "dance"}, "/v1/rooms/{id}"))
    assert violations(found) == [("/rooms/{room}", None, "/type", "discriminator", 1)]


def test_of_a_channel_that_is_not_in_the_contract_nothing_is_said() -> None:
    found = checked(MARKET, said({"x": 1}, "/other", name="x"), said("ping", "/other"), said({"x": 1}, "/other", name="x"))
    assert counts(found) == (0, 0, 3, 0)
    assert [(entry.name, entry.messages) for entry in found.uncontracted] == [("x", 2), (None, 1)]


def test_without_its_address_a_message_may_be_any_of_the_contract_or_none() -> None:
    found = checked(MARKET, said(TRADE, "unknown route", route=None), said({"x": 1}, "unknown route", route=None))
    assert counts(found) == (1, 0, 1, 0)
    anywhere = {"type": "object", "required": ["x"]}
    assert counts(checked(anywhere, said({}, "unknown route", route=None))) == (0, 1, 0, 0)


def test_without_a_direction_a_message_may_go_either_way() -> None:
    found = checked(CHAT, said({"text": "x"}, "/rooms/a", None), said({"type": "joined"}, "/rooms/a", None))
    assert counts(found) == (2, 0, 0, 0)


def test_what_cannot_be_checked_is_counted_by_its_reason() -> None:
    found = checked(
        MARKET,
        said("ping", CONTROL),
        said(b"\x00\x01", CONTROL),
        said(b"", CONTROL, undecoded="incomplete"),
        said("x", CONTROL, form="json", body="\ud800"),
    )
    assert counts(found) == (0, 0, 0, 4)
    assert sorted(entry.reason for entry in found.not_checked) == [
        "format binary",
        "format text",
        "nested too deeply, or text that is no Unicode",
        "undecoded: incomplete",
    ]


def with_messages(**messages: Any) -> Any:
    return {"asyncapi": "3.0.0", "info": {}, "channels": {"c": {"address": "/x", "messages": messages}}}


def test_text_is_a_message_where_the_contract_has_such() -> None:
    document = with_messages(
        ping={"contentType": "text/plain", "payload": {"enum": ["ping", "42"]}}, data={"payload": {"type": "object"}}
    )
    found = checked(document, said("ping"), said("42", form="json", body=42), said({}), said("pong"))
    assert counts(found) == (3, 1, 0, 0)
    assert violations(found) == [("c", "ping", "", "enum", 1)]


def test_binary_content_is_seen_and_not_checked() -> None:
    found = checked(with_messages(image={"contentType": "image/png"}), said(b"\x89PNG"))
    assert counts(found) == (0, 0, 0, 1)
    assert [(entry.message, entry.messages) for entry in found.coverage] == [("image", 1)]


def test_messagepack_and_cbor_are_held_against_the_same_schemas() -> None:
    document = with_messages(
        m={"payload": {"type": "object", "properties": {"data": {"type": "string"}}, "required": ["data"]}}
    )
    good, bad = {"data": b"\x00"}, {1: 2}
    encode = msgspec.msgpack.encode
    found = checked(document, *(said(encode(body), form="msgpack", body=body) for body in (good, bad)))
    assert counts(found) == (1, 1, 0, 0)


def test_a_schema_that_cannot_be_checked_leaves_its_messages_unchecked() -> None:
    avro = {"payload": {"schemaFormat": "application/vnd.apache.avro", "schema": {}}}
    found = checked(with_messages(avro=avro, known={"payload": {"const": 1}}), said(1, form="json", body=1), said({"x": 1}))
    assert counts(found) == (1, 0, 0, 1)
    assert found.not_checked[0].reason == "schema format application/vnd.apache.avro"


def test_several_channels_may_share_an_address() -> None:
    # As Kraken does: one connection, the channel is named in the messages.
    def channel(name: str) -> Any:
        schema = {
            "type": "object",
            "required": ["channel", "data"],
            "properties": {"channel": {"const": name}, "data": {"type": "array", "items": {"type": "object"}}},
        }
        return {"address": "/v2", "messages": {"update": {"payload": schema}}}

    channels = {name: channel(name) for name in ("ticker", "book")}
    found = checked(
        {"asyncapi": "3.1.0", "info": {}, "channels": channels},
        said({"channel": "book", "data": []}, "/v2"),
        said({"channel": "ticker", "data": [1]}, "/v2"),
        said({"channel": "trade", "data": []}, "/v2"),
    )
    assert counts(found) == (1, 2, 0, 0)
    assert sorted(violations(found), key=repr) == [
        ("ticker", "update", "/data/*", "type", 1),
        ("ticker", None, "/channel", "discriminator", 1),
    ]
    assert [(each.channel, each.messages) for each in found.channels] == [("ticker", 0), ("book", 1)]


def test_the_address_parameters_of_gemini() -> None:
    def derived(tag: str, **more: Any) -> Any:
        own = {"properties": {"type": {"type": "string", "const": tag}, **more}, "required": list(more)}
        return {"allOf": [own, {"$ref": "#/components/schemas/default"}]}

    schemas = {
        "heartbeat": derived("heartbeat"),
        "update": derived("update", eventId={"type": "integer"}),
        "default": {
            "type": "object",
            "properties": {"type": {}, "socket_sequence": {"type": "integer"}},
            "required": ["type", "socket_sequence"],
        },
    }
    either = {"oneOf": [{"$ref": "#/components/schemas/heartbeat"}, {"$ref": "#/components/schemas/update"}]}
    document = {
        "asyncapi": "2.0.0",
        "info": {"title": "Gemini"},
        "servers": {"public": {"url": "wss://api.gemini.example", "protocol": "wss"}},
        "channels": {
            "/v1/marketdata/{symbol}": {
                "bindings": {"ws": {"query": {"type": "object"}}},
                "subscribe": {"message": {"$ref": "#/components/messages/marketData"}},
            }
        },
        "components": {"messages": {"marketData": {"payload": either}}, "schemas": schemas},
    }
    channel = "/v1/marketdata/BTCUSD"
    found = checked(
        document,
        said({"type": "heartbeat", "socket_sequence": 1}, channel),
        said({"type": "update", "socket_sequence": 2, "eventId": 5}, channel),
        said({"type": "update", "socket_sequence": 3}, channel),
    )
    assert counts(found) == (2, 1, 0, 0)
    assert violations(found) == [("/v1/marketdata/{symbol}", "marketData", "/eventId", "required", 1)]


def test_a_hundred_faults_of_a_message_are_told_in_part() -> None:
    schema = {"type": "object", "required": [f"field {number}" for number in range(100)]}
    found = checked(schema, said({}))
    assert len(found.violations) == Limits().contract_faults
    assert found.faults_left_out == 1  # it is known that there are more, and not how many


def test_tables_are_bounded_and_what_does_not_fit_is_counted() -> None:
    limits = Limits(contract_violations=4)
    schema = {"type": "object", "properties": {"known": {}}, "additionalProperties": False}
    names = ["".join(chr(97 + int(digit)) for digit in str(number)) for number in range(100, 150)]
    found = checked(schema, *(said({name: 1}) for name in names), limits=limits)
    assert len(found.violations) == 4
    assert found.violations_left_out + sum(each.messages for each in found.violations) == 50
    others = checked(MARKET, *(said({}, f"/other/{name}") for name in names), limits=limits)
    assert len(others.uncontracted) == 4
    assert others.uncontracted_messages == 50


def test_no_value_of_a_payload_is_in_the_report() -> None:
    secret = "hunter2-the-secret"
    found = checked(
        MARKET,
        said({**TRADE, "p": secret}, TRADES),
        said({**TRADE, "side": secret}, TRADES),
        said({**TRADE, "e": secret}, TRADES),
        said({"method": secret, "params": [secret]}, CONTROL, UP),
        said(f"{secret}", CONTROL),
    )
    assert found.violating == 4
    assert secret not in repr(found)
    assert secret not in json.dumps(msgspec.to_builtins(found))


# --- laws --------------------------------------------------------------------------------------------------------------

LAW_LIMITS = Limits(contract_violations=3, contract_faults=2)
PAYLOADS = st.sampled_from(
    [
        TRADE,
        {**TRADE, "p": 1},
        {**TRADE, "side": "sell", "note": "n"},
        {**TRADE, "side": 1, "p": 2, "s": 3},
        {"e": "other"},
        {"method": "SUBSCRIBE", "params": []},
        {"method": "X", "params": {}},
        {"result": None, "id": 1},
        {"unknown": 1, "more": 2},
        [],
        "text",
        b"\x00",
    ]
)
MESSAGES = st.builds(
    said,
    PAYLOADS,
    st.sampled_from([TRADES, CONTROL, "/other", "/more"]),
    st.sampled_from([UP, DOWN, None]),
    packet=st.integers(1, 5),
    connection=st.sampled_from(["a", "b"]),
    name=st.sampled_from([None, "n", "m"]),
)


def law_fold(messages: list[ChannelMessage]) -> ContractFold:
    fold = fold_of(MARKET, limits=LAW_LIMITS)
    for message in messages:
        fold.add(message)
    return fold


@settings(max_examples=60, deadline=None)
@given(st.lists(MESSAGES, max_size=24), st.lists(st.integers(0, 2), min_size=24, max_size=24), st.permutations(range(3)))
def test_the_same_messages_give_the_same_report_in_any_split(
    messages: list[ChannelMessage], places: list[int], order: list[int]
) -> None:
    whole = report(law_fold(messages))
    parts: list[list[ChannelMessage]] = [[], [], []]
    for message, place in zip(messages, places, strict=False):
        parts[place].append(message)
    first, second, third = (law_fold(parts[place]) for place in order)
    second.merge(third)
    first.merge(second)
    assert report(first) == whole
    neutral = law_fold([])
    neutral.merge(first)
    assert report(neutral) == whole


def test_folds_of_different_contracts_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="different contracts"):
        fold_of(MARKET).merge(fold_of(CHAT))
    with pytest.raises(ValueError, match="different contracts"):
        fold_of(MARKET).merge(fold_of(MARKET, limits=LAW_LIMITS))


@settings(max_examples=60, deadline=None)
@given(PAYLOADS)
def test_with_and_without_dispatch_the_same_messages_are_valid(payload: Any) -> None:
    if isinstance(payload, str | bytes):
        return
    document = deepcopy(MARKET)
    control: Any = document["channels"]["control"]["messages"]  # type: ignore[index]
    alone = [
        jsonschema_rs.Draft7Validator({**message["payload"], "components": document["components"]}).is_valid(payload)
        for name, message in control.items()
        if name != "subscribe"
    ]
    found = checked(document, said(payload, CONTROL))
    assert (found.valid == 1) == any(alone)


def test_the_contract_is_part_of_the_fold() -> None:
    contract, sources = contract_of(MARKET)
    assert ContractFold(contract, sources).contract == contract
