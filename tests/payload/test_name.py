"""Names: which value of a message says what kind it is, and which values must never become a name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.payload.name import message_name

NAMED: list[tuple[object, str]] = [
    ({"type": "order.update", "id": 7}, "order.update"),
    ({"event": "client-typing", "type": 3}, "client-typing"),
    ({"action": "buy", "type": "trade"}, "trade"),  # in the order of the keys' rank, not of the message
    ({"op": 0, "t": "MESSAGE_CREATE"}, "MESSAGE_CREATE"),
    ({"jsonrpc": "2.0", "method": "textDocument/didOpen"}, "textDocument/didOpen"),
    ({"method": "$/progress"}, "$/progress"),
    ({"e": "24hrTicker", "kind": "ticker"}, "ticker"),
    (["EVENT", {"kind": 1}], "EVENT"),
    (["subscribe", 7], "subscribe"),
]


@pytest.mark.parametrize(("body", "name"), NAMED)
def test_an_obvious_discriminator_names_the_message(body: object, name: str) -> None:
    assert message_name(body) == name


UNNAMED: list[object] = [
    None,
    42,
    "ping",
    {},
    [],
    {"id": 1, "result": {}},
    {"type": 4},
    {"type": None},
    {"type": {"name": "x"}},
    {"type": ""},
    {"type": "two words"},
    {"type": "alice@example.org"},
    {"type": "42"},
    {"type": "x" * 65},
    {"type": "550e8400-e29b-41d4-a716-446655440000"},
    {"type": "a550e8400e29b41d4a716446655440000"},
    {"type": "user.12345"},
    {"type": "room/deadbeef01"},
    {"type": "caf\u00e9"},
    {"msg": "hello"},  # as likely as a kind of message, this is what somebody said
    {"message": "hello"},
    {"name": "alice"},
    ["alice", "bob"],
    ["hello"],
    [1, {"type": "x"}],
    [{"type": "x"}],
    [["EVENT", 1]],
    {None: "type"},
    {b"type": "x"},
]


@pytest.mark.parametrize("body", UNNAMED)
def test_what_is_not_written_like_a_kind_names_nothing(body: object) -> None:
    assert message_name(body) is None


@given(
    st.dictionaries(st.sampled_from(["type", "event", "op", "t"]), st.text() | st.integers() | st.none()) | st.lists(st.text())
)
def test_any_name_is_short_and_printable(body: object) -> None:
    name = message_name(body)
    assert name is None or (0 < len(name) <= 64 and name.isascii() and name.isprintable() and " " not in name)
