"""One connection's states in, segments out: short, joined, and adding up, however often it is looked at."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed: pip install 'wsobserve[otlp]'")

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from wsobserve.export.otlp.segments import UNCOUNTED_SEGMENTS, Segments
from wsobserve.records import ConnectionSummary, Half, HalfCount

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
T0 = 1_700_000_000 * SECOND
HALF = Half(connection="c7", source="10.0.0.1:50000", destination="10.0.0.2:8080")
MESSAGES = "websocket.client_to_server.messages"


def state(messages: int) -> ConnectionSummary:
    return ConnectionSummary(
        half=HALF,
        time_ns=T0,
        packet=9,
        started_ns=T0,
        state="open",
        started_mid_stream=True,
        handshake=None,
        client_to_server=HalfCount(messages=messages),
    )


def segments_of(looks: list[tuple[int, int]], segment_ns: int = 5 * MINUTE) -> list[ReadableSpan]:
    """The segments of a connection with so many messages so long after its start; the last look is its end."""
    segments = Segments(Resource({}), InstrumentationScope("wsobserve"), segment_ns, T0)
    spans = []
    for number, (after_ns, messages) in enumerate(looks):
        spans += segments.observe(state(messages), T0 + after_ns, last=number == len(looks) - 1)
    return spans


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def interval(span: ReadableSpan) -> tuple[int, int]:
    assert span.start_time is not None
    assert span.end_time is not None
    return span.start_time - T0, span.end_time - T0


def test_time_in_which_nobody_looked_is_told_without_counters() -> None:
    segments = segments_of([(12 * MINUTE, 9)])
    assert [interval(span) for span in segments] == [
        (0, 5 * MINUTE),
        (5 * MINUTE, 10 * MINUTE),
        (10 * MINUTE, 12 * MINUTE),
    ]
    assert [attributes(span).get(MESSAGES) for span in segments] == [None, None, 9]
    assert [attributes(span).get("websocket.segment.counted") for span in segments] == [None, None, 3]


def test_a_look_at_exactly_the_limit_is_within_it() -> None:
    assert [interval(span) for span in segments_of([(5 * MINUTE, 1)])] == [(0, 5 * MINUTE)]
    assert [interval(span) for span in segments_of([(5 * MINUTE, 1), (10 * MINUTE, 2)])] == [
        (0, 5 * MINUTE),
        (5 * MINUTE, 10 * MINUTE),
    ]


def test_a_capture_that_claims_a_century_does_not_make_ten_million_spans() -> None:
    segments = segments_of([(100 * 365 * 24 * 60 * MINUTE, 1)])
    assert len(segments) == UNCOUNTED_SEGMENTS + 1
    last = attributes(segments[-1])
    assert last["websocket.segment.index"] == UNCOUNTED_SEGMENTS + last["websocket.segment.omitted"]
    assert last["websocket.segment.counted"] == UNCOUNTED_SEGMENTS + last["websocket.segment.omitted"] + 1


def test_a_state_of_no_duration_is_a_segment_too() -> None:
    assert [interval(span) for span in segments_of([(0, 1)])] == [(0, 0)]


def test_a_time_before_the_one_last_seen_does_not_turn_a_segment_around() -> None:
    assert [interval(span) for span in segments_of([(3 * MINUTE, 1), (2 * MINUTE, 1)])] == [(0, 3 * MINUTE)]


def test_without_any_state_there_is_no_segment() -> None:
    assert Segments(Resource({}), InstrumentationScope("wsobserve"), MINUTE, T0).finish() == []


@given(
    looks=st.lists(st.integers(1, 3_000), max_size=8, unique=True).map(sorted),
    lasted=st.integers(0, 3_000),
    segment_s=st.integers(1, 400),
)
def test_however_often_it_is_looked_at_the_segments_are_short_join_and_add_up(
    looks: list[int], lasted: int, segment_s: int
) -> None:
    seen = [(look * SECOND, look) for look in looks if look < lasted]
    segments = segments_of([*seen, (lasted * SECOND, lasted)], segment_s * SECOND)
    assert (interval(segments[0])[0], interval(segments[-1])[1]) == (0, lasted * SECOND)
    assert all(interval(span)[1] - interval(span)[0] <= segment_s * SECOND for span in segments)
    told = [attributes(span) for span in segments]
    omitted = sum(told_of.get("websocket.segment.omitted", 0) for told_of in told)
    if not omitted:
        assert all(interval(one)[1] == interval(other)[0] for one, other in itertools.pairwise(segments))
    assert sum(told_of.get(MESSAGES, 0) for told_of in told) == lasted
    assert sum(told_of.get("websocket.segment.counted", 1) for told_of in told if MESSAGES in told_of) == len(told) + omitted
    for before, after in itertools.pairwise(segments):
        assert [link.context for link in after.links] == [before.get_span_context()]
