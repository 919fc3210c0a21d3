"""Spans as opentelemetry-sdk's own class, before anything is sent: names, times, parents, links, attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed: pip install 'wsobserve[otlp]'")

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanKind
from opentelemetry.trace.status import StatusCode

from wsobserve.export.otlp.traces import Spans
from wsobserve.records import (
    CLIENT_TO_SERVER,
    Accounting,
    Close,
    ConnectionSummary,
    Extension,
    Half,
    HalfCount,
    Handshake,
    Record,
    Snapshot,
)

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
T0 = 1_700_000_000 * SECOND  # 2023-11-14, 22:13:20 UTC

HALF = Half(
    connection="c7",
    source="10.0.0.1:50000",
    destination="10.0.0.2:8080",
    client="10.0.0.1:50000",
    server="10.0.0.2:8080",
    direction=CLIENT_TO_SERVER,
)


def handshake(**changed: Any) -> Handshake:
    fields: dict[str, Any] = {
        "half": HALF,
        "time_ns": T0 + 2_000_000,
        "packet": 6,
        "request_time_ns": T0,
        "request_packet": 4,
        "method": "GET",
        "target": "/rooms/{id}?token=REDACTED",
        "path_template": "/rooms/{id}",
        "host": "chat.example",
        "origin": "https://chat.example",
        "user_agent": "test/1",
        "traceparent": None,
        "version": "13",
        "status_code": 101,
        "accept_valid": True,
    }
    return Handshake(**(fields | changed))


def summary(time_ns: int, messages: int = 0, state: str = "closed", **changed: Any) -> ConnectionSummary:
    fields: dict[str, Any] = {
        "half": HALF,
        "time_ns": time_ns,
        "packet": 99,
        "started_ns": T0 - 1_000_000,
        "state": state,
        "started_mid_stream": False,
        "handshake": handshake(),
        "client_to_server": HalfCount(frames=messages + 1, messages=messages, wire_bytes=10 * messages),
        "close": Close(status_code=1000, first_sent_by="client", clean=True, tcp="fin", verdict="clean"),
    }
    return ConnectionSummary(**(fields | changed))


def snapshot(time_ns: int, *open_connections: ConnectionSummary, final: bool = False) -> Snapshot:
    return Snapshot(time_ns=time_ns, accounting=Accounting(), open_connections=open_connections, final=final)


def spans_of(records: Sequence[Record], **settings: Any) -> list[ReadableSpan]:
    spans = Spans(Resource({}), InstrumentationScope("wsobserve"), **({"segment_ns": 5 * MINUTE} | settings))
    return [span for record in records for span in spans.receive(record)] + spans.finish()


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def identity(span: ReadableSpan) -> tuple[int, int]:
    context = span.get_span_context()
    assert context is not None
    return context.trace_id, context.span_id


def linked(span: ReadableSpan) -> list[tuple[int, int]]:
    return [(link.context.trace_id, link.context.span_id) for link in span.links]


def interval(span: ReadableSpan) -> tuple[int, int]:
    assert span.start_time is not None
    assert span.end_time is not None
    return span.start_time, span.end_time


# --- the opening handshake --------------------------------------------------------------------------------------------


def test_a_handshake_is_one_span_from_its_request_to_its_response() -> None:
    extensions = (Extension("permessage-deflate", (("server_no_context_takeover", None), ("client_max_window_bits", "12"))),)
    [span] = spans_of([handshake(subprotocol="chat.v2", extensions=extensions)])
    assert span.name == "GET /rooms/{id}"
    assert span.kind is SpanKind.SERVER
    assert span.status.status_code is StatusCode.UNSET
    assert interval(span) == (T0, T0 + 2_000_000)
    assert span.parent is None
    assert attributes(span) == {
        "network.protocol.name": "websocket",
        "network.protocol.version": "13",
        "network.transport": "tcp",
        "server.address": "10.0.0.2",
        "server.port": 8080,
        "client.address": "10.0.0.1",
        "client.port": 50000,
        "http.request.method": "GET",
        "http.response.status_code": 101,
        "http.route": "/rooms/{id}",
        "url.path": "/rooms/{id}",
        "user_agent.original": "test/1",
        "websocket.connection.id": "c7",
        "websocket.subprotocol": "chat.v2",
        "websocket.extensions": ("permessage-deflate; server_no_context_takeover; client_max_window_bits=12",),
    }


def test_its_parent_is_the_traceparent_of_the_request() -> None:
    [span] = spans_of([handshake(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")])
    assert span.parent is not None
    assert span.parent.trace_id == 0x0AF7651916CD43DD8448EB211C80319C
    assert span.parent.span_id == 0xB7AD6B7169203331
    assert span.parent.is_remote
    assert identity(span)[0] == span.parent.trace_id
    assert identity(span)[1] != span.parent.span_id


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "00",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01-more",
        "\udcff\x00",
    ],
)
def test_a_malformed_traceparent_is_ignored(malformed: str) -> None:
    [span] = spans_of([handshake(traceparent=malformed)])
    assert span.parent is None
    assert identity(span) == identity(spans_of([handshake()])[0])


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"state": "refused", "status_code": 403}, "403"),
        ({"state": "refused", "status_code": None}, "refused"),
        ({"state": "unanswered", "status_code": None}, "unanswered"),
        ({"accept_valid": False}, "accept_invalid"),
    ],
)
def test_a_handshake_that_did_not_work_is_an_error(changed: dict[str, Any], error: str) -> None:
    [span] = spans_of([handshake(**changed)])
    assert span.status.status_code is StatusCode.ERROR
    assert attributes(span)["error.type"] == error


def test_what_is_not_known_of_a_handshake_is_left_out() -> None:
    unknown = dict.fromkeys(("request_time_ns", "request_packet", "method", "target", "path_template", "user_agent", "version"))
    [span] = spans_of([handshake(**unknown, accept_valid=None)])
    assert span.name == "HTTP"
    assert interval(span) == (T0 + 2_000_000, T0 + 2_000_000)
    assert not attributes(span).keys() & {"http.request.method", "http.route", "url.path", "network.protocol.version"}


def test_a_method_or_version_from_a_stranger_does_not_become_a_name() -> None:
    [span] = spans_of([handshake(method="SECRET", version="13 secret")])
    assert span.name == "HTTP /rooms/{id}"
    assert attributes(span)["http.request.method"] == "_OTHER"
    assert "network.protocol.version" not in attributes(span)


def test_a_handshake_is_told_once_though_its_connection_tells_it_too() -> None:
    names = [span.name for span in spans_of([handshake(), summary(T0 + MINUTE)])]
    assert names == ["GET /rooms/{id}", "websocket.connection /rooms/{id}"]


def test_a_handshake_that_only_the_summary_tells_is_told() -> None:
    names = [span.name for span in spans_of([summary(T0 + MINUTE)])]
    assert names == ["GET /rooms/{id}", "websocket.connection /rooms/{id}"]


@pytest.mark.parametrize("state", ["refused", "unanswered"])
def test_a_connection_that_never_opened_has_no_segment(state: str) -> None:
    failed = handshake(state=state, status_code=None)
    assert len(spans_of([failed, summary(T0 + MINUTE, state=state, handshake=failed)])) == 1
    assert len(spans_of([summary(T0 + MINUTE, state=state, handshake=failed)])) == 1


def test_a_second_try_on_the_same_connection_is_a_second_handshake() -> None:
    refused = handshake(state="refused", status_code=401)
    accepted = handshake(request_time_ns=T0 + SECOND, time_ns=T0 + 2 * SECOND)
    first, second, segment = spans_of([refused, accepted, summary(T0 + MINUTE, handshake=accepted)])
    assert identity(first) != identity(second)
    assert linked(segment) == [identity(second)]


# --- segments ---------------------------------------------------------------------------------------------------------


def test_a_short_connection_is_one_segment_with_its_counters_and_its_close() -> None:
    ended = summary(
        T0 + MINUTE,
        server_to_client=HalfCount(
            frames=3, messages=2, wire_bytes=30, payload_bytes=24, control_frames=1, lost_bytes=7, gaps=1
        ),
        undecoded={"incomplete": 1},
        anomalies={"gap_in_stream": 1},
        messages=4,
    )
    opened, segment = spans_of([handshake(), ended])
    assert segment.name == "websocket.connection /rooms/{id}"
    assert segment.kind is SpanKind.INTERNAL
    assert segment.status.status_code is StatusCode.UNSET
    assert interval(segment) == (T0 + 2_000_000, T0 + MINUTE)
    assert segment.parent is None
    assert linked(segment) == [identity(opened)]
    assert identity(segment)[0] != identity(opened)[0]
    assert attributes(segment) == {
        "network.protocol.name": "websocket",
        "network.protocol.version": "13",
        "network.transport": "tcp",
        "server.address": "10.0.0.2",
        "server.port": 8080,
        "client.address": "10.0.0.1",
        "client.port": 50000,
        "http.route": "/rooms/{id}",
        "websocket.connection.id": "c7",
        "websocket.segment.index": 0,
        "websocket.client_to_server.frames": 5,
        "websocket.client_to_server.control_frames": 0,
        "websocket.client_to_server.messages": 4,
        "websocket.client_to_server.bytes.wire": 40,
        "websocket.client_to_server.bytes.payload": 0,
        "websocket.client_to_server.bytes.lost": 0,
        "websocket.client_to_server.bytes.unsynchronised": 0,
        "websocket.client_to_server.gaps": 0,
        "websocket.server_to_client.frames": 3,
        "websocket.server_to_client.control_frames": 1,
        "websocket.server_to_client.messages": 2,
        "websocket.server_to_client.bytes.wire": 30,
        "websocket.server_to_client.bytes.payload": 24,
        "websocket.server_to_client.bytes.lost": 7,
        "websocket.server_to_client.bytes.unsynchronised": 0,
        "websocket.server_to_client.gaps": 1,
        "websocket.messages.undecoded": 1,
        "websocket.undecoded.incomplete": 1,
        "websocket.anomalies.gap_in_stream": 1,
        "websocket.close.code": 1000,
        "websocket.close.initiator": "client",
        "websocket.close.clean": True,
    }


def test_a_long_connection_is_told_in_segments_cut_where_its_counters_were_known() -> None:
    records: list[Record] = [handshake()]
    # Seen every two minutes: at 2 and 4 (6 would be beyond five), then at 6 and 8, and its end at 9.
    records += [snapshot(T0 + minute * MINUTE, summary(T0, messages=minute, state="open")) for minute in (2, 4, 6, 8)]
    records += [summary(T0 + 9 * MINUTE, messages=9)]
    opened, first, second = spans_of(records)
    assert [interval(first), interval(second)] == [(T0 + 2_000_000, T0 + 4 * MINUTE), (T0 + 4 * MINUTE, T0 + 9 * MINUTE)]
    counted = [attributes(span)["websocket.client_to_server.messages"] for span in (first, second)]
    assert counted == [4, 5]
    assert [attributes(span)["websocket.segment.index"] for span in (first, second)] == [0, 1]
    assert {attributes(span)["websocket.connection.id"] for span in (opened, first, second)} == {"c7"}
    assert linked(first) == [identity(opened)]
    assert linked(second) == [identity(opened), identity(first)]
    assert "websocket.close.code" not in attributes(first)
    assert attributes(second)["websocket.close.code"] == 1000


def test_a_connection_still_open_at_the_end_of_the_capture_has_its_last_segment() -> None:
    still_open = summary(T0 + MINUTE, messages=3, state="open", close=Close(verdict="open"))
    _, segment = spans_of([handshake(), snapshot(T0 + 2 * MINUTE, still_open, final=True)])
    assert interval(segment) == (T0 + 2_000_000, T0 + 2 * MINUTE)
    assert attributes(segment)["websocket.client_to_server.messages"] == 3
    assert segment.status.status_code is StatusCode.UNSET
    assert not [key for key in attributes(segment) if key.startswith("websocket.close")]


@pytest.mark.parametrize("state", ["refused", "unanswered"])
def test_what_never_was_a_connection_has_no_segment_though_a_snapshot_holds_it(state: str) -> None:
    failed = handshake(state=state, status_code=None)
    held = summary(T0 + MINUTE, state=state, handshake=failed)
    assert [span.name for span in spans_of([failed, snapshot(T0 + 20 * MINUTE, held, final=True)])] == ["GET /rooms/{id}"]


def test_a_clean_close_before_tcp_has_ended_is_not_the_end_yet() -> None:
    closing = summary(T0 + MINUTE, messages=3)
    records = [handshake(), snapshot(T0 + MINUTE, closing), summary(T0 + 2 * MINUTE, messages=3)]
    _, segment = spans_of(records)
    assert interval(segment) == (T0 + 2_000_000, T0 + 2 * MINUTE)


@pytest.mark.parametrize("final_first", [True, False])
def test_it_does_not_matter_in_which_order_the_end_of_the_capture_is_told(final_first: bool) -> None:
    still_open = summary(T0 + 2 * MINUTE, messages=3, state="open", close=Close(verdict="open"))
    ends: list[Record] = [snapshot(T0 + 2 * MINUTE, still_open, final=True), still_open]
    spans = spans_of([handshake(), *(ends if final_first else reversed(ends))])
    assert len(spans) == 2
    assert interval(spans[1]) == (T0 + 2_000_000, T0 + 2 * MINUTE)


def test_a_connection_joined_mid_stream_says_so_and_has_no_handshake_to_link_to() -> None:
    half = Half(connection="c9", source="10.0.0.1:1", destination="10.0.0.2:2")
    [segment] = spans_of([summary(T0 + MINUTE, half=half, handshake=None, started_mid_stream=True)])
    assert segment.name == "websocket.connection"
    assert segment.links == ()
    assert attributes(segment)["websocket.connection.mid_stream"] is True
    assert not attributes(segment).keys() & {"server.address", "client.address", "http.route"}


@pytest.mark.parametrize(
    ("close", "initiator", "error"),
    [
        (Close(status_code=1000, first_sent_by="server", clean=True, verdict="clean"), "server", None),
        (Close(status_code=1001, first_sent_by="client", clean=True, verdict="clean"), "client", None),
        (Close(first_sent_by="client", clean=True, verdict="clean"), "client", None),
        (Close(status_code=1011, first_sent_by="server", clean=True, verdict="clean"), "server", "1011"),
        (Close(status_code=4401, first_sent_by="server", clean=True, verdict="clean"), "server", "4401"),
        (Close(status_code=1000, first_sent_by="client", verdict="close_without_reply"), "client", "close_without_reply"),
        (Close(tcp="fin", verdict="no_close_frame"), "network", "no_close_frame"),
        (Close(tcp="reset", verdict="reset"), "network", "reset"),
        (Close(tcp="evicted", verdict="unknown"), "unknown", None),
    ],
)
def test_an_abnormal_close_is_an_error(close: Close, initiator: str, error: str | None) -> None:
    _, segment = spans_of([summary(T0 + MINUTE, close=close)])
    assert attributes(segment)["websocket.close.initiator"] == initiator
    assert attributes(segment).get("error.type") == error
    assert segment.status.status_code is (StatusCode.UNSET if error is None else StatusCode.ERROR)


def test_the_end_may_be_told_with_an_earlier_time_than_it_was_last_seen_open() -> None:
    still_open = summary(T0 + MINUTE, messages=1, state="open")
    _, segment = spans_of([snapshot(T0 + 3 * MINUTE, still_open), summary(T0 + 2 * MINUTE, messages=1)])
    assert interval(segment) == (T0 + 2_000_000, T0 + 3 * MINUTE)


# --- laws -------------------------------------------------------------------------------------------------------------


def test_the_same_capture_gives_the_same_identifiers_and_another_one_others() -> None:
    records = [handshake(), summary(T0 + 12 * MINUTE)]
    again = [identity(span) for span in spans_of(records)]
    assert [identity(span) for span in spans_of(records)] == again
    assert len(set(again)) == 4
    later = handshake(request_time_ns=T0 + 1, time_ns=T0 + 2_000_001)
    assert not {identity(span) for span in spans_of([later, summary(T0 + 12 * MINUTE, handshake=later)])} & set(again)


def test_connections_beyond_the_limit_are_forgotten_and_counted() -> None:
    spans = Spans(Resource({}), InstrumentationScope("wsobserve"), 5 * MINUTE, connections=2)
    for number in range(5):
        half = Half(connection=f"c{number}", source=f"10.0.0.1:{number}", destination="10.0.0.2:80")
        spans.receive(handshake(half=half))
    assert spans.evicted == 3


@given(st.integers(-(2**70), 2**70), st.integers(-(2**70), 2**70), st.text(max_size=20), st.text(max_size=20))
def test_whatever_a_capture_says_spans_can_be_encoded(request_ns: int, time_ns: int, path: str, agent: str) -> None:
    encoder = pytest.importorskip("opentelemetry.exporter.otlp.proto.common.trace_encoder")
    strange = handshake(request_time_ns=request_ns, time_ns=time_ns, path_template=path + "\udc80", user_agent=agent * 200)
    spans = spans_of([strange, summary(time_ns, handshake=strange)])
    assert len(spans) == 2
    assert encoder.encode_spans(spans).SerializeToString()


def test_a_segment_length_of_nothing_is_refused_at_the_door() -> None:
    with pytest.raises(ValueError):
        Spans(Resource({}), InstrumentationScope("wsobserve"), 0)
