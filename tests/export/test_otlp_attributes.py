"""What a record says in attributes: known things alone, in a form that protobuf takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.export.otlp.attributes import (
    LATEST_NS,
    TEXT_LENGTH,
    address,
    close_attributes,
    close_initiator,
    extension_text,
    known,
    moment,
    segment_counters,
    span_name,
    text,
)
from wsobserve.records import Close, ConnectionSummary, Extension, Half, HalfCount


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("10.0.0.2:8080", {"server.address": "10.0.0.2", "server.port": 8080}),
        ("[2001:db8::1]:443", {"server.address": "2001:db8::1", "server.port": 443}),
        ("somewhere", {"server.address": "somewhere"}),
        (None, {}),
    ],
)
def test_an_endpoint_is_an_address_and_a_port(endpoint: str | None, expected: dict[str, object]) -> None:
    assert address("server", endpoint) == expected


@given(st.text(alphabet=st.characters(), max_size=3_000))
def test_every_text_fits_and_is_utf8(value: str) -> None:
    told = text(value + "\ud800")
    assert len(told) <= TEXT_LENGTH
    told.encode("utf-8")


def test_a_text_that_was_cut_says_so() -> None:
    assert text("a" * TEXT_LENGTH) == "a" * TEXT_LENGTH
    assert text("a" * (TEXT_LENGTH + 1)) == "a" * (TEXT_LENGTH - 1) + "…"


@pytest.mark.parametrize(("time_ns", "told"), [(-1, 0), (0, 0), (5, 5), (2**80, LATEST_NS)])
def test_every_time_fits(time_ns: int, told: int) -> None:
    assert moment(time_ns) == told


def test_what_is_not_known_is_left_out_and_false_and_zero_are_known() -> None:
    assert known({"a": None, "b": 0, "c": False, "d": "", "e": ("x\udc80",)}) == {"b": 0, "c": False, "d": "", "e": ("x?",)}


def test_an_extension_is_written_as_in_its_header() -> None:
    assert extension_text(Extension("permessage-deflate")) == "permessage-deflate"
    assert extension_text(Extension("x", (("a", None), ("b", "10")))) == "x; a; b=10"


def test_a_span_without_route_is_named_by_its_kind_alone() -> None:
    assert span_name("GET", {}) == "GET"
    assert span_name("GET", {"http.route": "/rooms/{id}"}) == "GET /rooms/{id}"


@pytest.mark.parametrize(
    ("close", "initiator"),
    [
        (Close(first_sent_by="client", tcp="reset"), "client"),
        (Close(first_sent_by="server"), "server"),
        (Close(tcp="fin"), "network"),
        (Close(tcp="reset"), "network"),
        (Close(tcp="evicted"), "unknown"),
        (Close(), "unknown"),
    ],
)
def test_who_ended_a_connection(close: Close, initiator: str) -> None:
    assert close_initiator(close) == initiator


def test_a_close_reason_is_told_only_as_far_as_it_was_kept() -> None:
    assert "websocket.close.reason" not in close_attributes(Close(status_code=1000, reason_length=12))
    assert close_attributes(Close(status_code=1000, reason="going away"))["websocket.close.reason"] == "going away"


def test_counters_are_those_since_the_state_before() -> None:
    def state(messages: int, undecoded: int) -> ConnectionSummary:
        return ConnectionSummary(
            half=Half(connection="c1", source="a", destination="b"),
            time_ns=0,
            packet=1,
            started_ns=0,
            state="open",
            started_mid_stream=False,
            handshake=None,
            server_to_client=HalfCount(messages=messages, frames=messages),
            undecoded={"incomplete": undecoded, "over_limit": 1},
        )

    counters = segment_counters(state(9, 3), state(4, 1))
    assert counters["websocket.server_to_client.messages"] == 5
    assert counters["websocket.messages.undecoded"] == 2
    assert counters["websocket.undecoded.incomplete"] == 2
    assert "websocket.undecoded.over_limit" not in counters
    assert segment_counters(state(4, 1), None)["websocket.messages.undecoded"] == 2
