"""One connection's life as spans of bounded length: its states in, segments out.

What a connection carried is known only at the moments at which a summary of it was made. A segment therefore ends at
the last such moment within its limit. Where there was none, segments of full length stand for that time without
counters, and the next one with counters says in `websocket.segment.counted` for how many segments they are.
"""

from __future__ import annotations

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind
from opentelemetry.trace.status import Status, StatusCode

from wsobserve.export.otlp.attributes import (
    Attributes,
    close_attributes,
    connection_attributes,
    moment,
    segment_counters,
    span_name,
)
from wsobserve.export.otlp.identity import handshake_identity, segment_identity
from wsobserve.records import ConnectionSummary

UNCOUNTED_SEGMENTS = 288  # in a row: a day of five minutes each. A longer silence is left out, and said


class Segments:
    """The segments of one connection: where the current one began, and what was last known."""

    __slots__ = (
        "_began_ns",
        "_counted",
        "_index",
        "_omitted",
        "_previous",
        "_resource",
        "_scope",
        "_seen",
        "_seen_ns",
        "_segment_ns",
        "_start_ns",
        "_uncounted",
    )

    def __init__(self, resource: Resource, scope: InstrumentationScope, segment_ns: int, start_ns: int) -> None:
        self._resource = resource
        self._scope = scope
        self._segment_ns = segment_ns
        self._began_ns = start_ns
        self._start_ns = moment(start_ns)  # of the current segment
        self._index = 0
        self._previous: SpanContext | None = None
        self._seen: ConnectionSummary | None = None  # the newest state of the connection,
        self._seen_ns = self._start_ns  # and when that was
        self._counted: ConnectionSummary | None = None  # the state up to which the counters have been told
        self._uncounted = 0  # segments since then
        self._omitted = 0  # segments since then that were left out

    def observe(self, summary: ConnectionSummary, time_ns: int, last: bool) -> list[ReadableSpan]:
        """The connection is as in `summary` at `time_ns` (`last`: and will not change). The segments that are over."""
        time_ns = max(moment(time_ns), self._seen_ns)
        spans: list[ReadableSpan] = []
        if self._seen is not None and time_ns - self._start_ns > self._segment_ns and self._seen_ns > self._start_ns:
            spans.append(self._counted_segment(self._seen, self._seen_ns))
        spans += self._silence(summary, time_ns)
        self._seen, self._seen_ns = summary, time_ns
        if last:
            spans.append(self._counted_segment(summary, time_ns, last=True))
        return spans

    def finish(self) -> list[ReadableSpan]:
        """The last segment, up to what was last known; none when nothing is known beyond the handshake."""
        return [] if self._seen is None else [self._counted_segment(self._seen, self._seen_ns, last=True)]

    def _silence(self, summary: ConnectionSummary, until_ns: int) -> list[ReadableSpan]:
        """The segments of full length before `until_ns`: nobody looked while they lasted."""
        segments = max((until_ns - self._start_ns - 1) // self._segment_ns, 0)
        spans = []
        for _ in range(min(segments, UNCOUNTED_SEGMENTS)):
            spans.append(self._segment(summary, self._start_ns + self._segment_ns, {}))
            self._uncounted += 1
        omitted = segments - len(spans)
        self._omitted += omitted
        self._index += omitted
        self._start_ns += omitted * self._segment_ns
        return spans

    def _counted_segment(self, summary: ConnectionSummary, end_ns: int, last: bool = False) -> ReadableSpan:
        attributes = segment_counters(summary, self._counted)
        if self._uncounted:
            attributes["websocket.segment.counted"] = 1 + self._uncounted + self._omitted
        if self._omitted:
            attributes["websocket.segment.omitted"] = self._omitted
        if last and summary.state == "closed":
            attributes |= close_attributes(summary.close)
        self._counted, self._uncounted, self._omitted = summary, 0, 0
        return self._segment(summary, end_ns, attributes)

    def _segment(self, summary: ConnectionSummary, end_ns: int, attributes: Attributes) -> ReadableSpan:
        attributes = connection_attributes(summary.half, summary.handshake) | attributes
        attributes["websocket.segment.index"] = self._index
        if summary.started_mid_stream:
            attributes["websocket.connection.mid_stream"] = True  # what was before the capture is not in here
        linked = [self._previous] if self._previous is not None else []
        if summary.handshake is not None:
            linked.insert(0, handshake_identity(summary.handshake)[0])
        context = segment_identity(summary.half, self._began_ns, self._index)
        span = ReadableSpan(
            name=span_name("websocket.connection", attributes),
            context=context,
            resource=self._resource,
            attributes=attributes,
            links=[Link(other) for other in linked],
            kind=SpanKind.INTERNAL,
            status=Status(StatusCode.ERROR if "error.type" in attributes else StatusCode.UNSET),
            start_time=self._start_ns,
            end_time=end_ns,
            instrumentation_scope=self._scope,
        )
        self._previous = context
        self._index += 1
        self._start_ns = end_ns
        return span
