"""Spans: one for each opening handshake, and one for each segment of a connection's life.

A span as long as the socket would be seen only after hours, and one per message would make traces that nobody can open.
So a connection is told in segments of at most `segment_ns` and one at the end, each with the counters of its own time,
each in a trace of its own, linked to the handshake and to the segment before; `websocket.connection.id` joins them.
Every time is the capture's.
"""

from __future__ import annotations

from collections import OrderedDict

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanKind
from opentelemetry.trace.status import Status, StatusCode

from wsobserve.config import DEFAULT_LIMITS
from wsobserve.export.otlp.attributes import handshake_attributes, moment, span_name
from wsobserve.export.otlp.identity import handshake_identity
from wsobserve.export.otlp.segments import Segments
from wsobserve.records import ConnectionSummary, Half, Handshake, Record, Snapshot

Key = tuple[str, int | None, int | None]  # connection, HTTP/2 stream, time of the handshake


class Spans:
    """Records in, finished spans out. Never raises for what was on the wire."""

    def __init__(
        self,
        resource: Resource,
        scope: InstrumentationScope,
        segment_ns: int,
        connections: int = DEFAULT_LIMITS.connections,
    ) -> None:
        if segment_ns <= 0 or connections <= 0:
            raise ValueError("segment_ns and connections must be positive")
        self._resource = resource
        self._scope = scope
        self._segment_ns = segment_ns
        self._limit = connections
        self._connections: OrderedDict[Key, Segments] = OrderedDict()  # the one touched longest ago comes first
        self._final = False  # the final snapshot was received
        self.evicted = 0  # connections forgotten to stay within the limit; seen again, their segments start over

    def receive(self, record: Record) -> list[ReadableSpan]:
        """The spans that are over with `record`."""
        match record:
            case Handshake():
                return self._handshake(record)
            case ConnectionSummary(state="closed"):
                return self._observe(record, record.time_ns, last=True)
            case ConnectionSummary(state="open"):
                if self._final:
                    return []  # its last segment was made with the final snapshot
                return self._observe(record, record.time_ns, last=False)
            case ConnectionSummary():
                spans = [] if record.handshake is None else self._handshake(record.handshake)
                self._connections.pop(_key(record.half, record.handshake), None)
                return spans
            case Snapshot():
                return self._snapshot(record)
            case _:
                return []

    def finish(self) -> list[ReadableSpan]:
        """The last segment of every connection of which no end was told."""
        spans: list[ReadableSpan] = []
        for segments in self._connections.values():
            spans += segments.finish()
        self._connections.clear()
        return spans

    def _snapshot(self, snapshot: Snapshot) -> list[ReadableSpan]:
        self._final = snapshot.final
        spans: list[ReadableSpan] = []
        for summary in snapshot.open_connections:
            spans += self._observe(summary, snapshot.time_ns, last=snapshot.final)
        return spans

    def _observe(self, summary: ConnectionSummary, time_ns: int, last: bool) -> list[ReadableSpan]:
        handshake = summary.handshake
        key = _key(summary.half, handshake)
        segments = self._segments(key, summary.started_ns if handshake is None else handshake.time_ns)
        spans = [] if handshake is None else self._handshake_once(handshake, segments)
        spans += segments.observe(summary, time_ns, last)
        if last:
            del self._connections[key]
        return spans

    def _handshake(self, handshake: Handshake) -> list[ReadableSpan]:
        return self._handshake_once(handshake, self._segments(_key(handshake.half, handshake), handshake.time_ns))

    def _segments(self, key: Key, start_ns: int) -> Segments:
        segments = self._connections.get(key)
        if segments is not None:
            self._connections.move_to_end(key)
            return segments
        if len(self._connections) >= self._limit:
            self._connections.popitem(last=False)
            self.evicted += 1
        segments = self._connections[key] = Segments(self._resource, self._scope, self._segment_ns, start_ns)
        return segments

    def _handshake_once(self, handshake: Handshake, segments: Segments) -> list[ReadableSpan]:
        if segments.handshake_told:
            return []
        segments.handshake_told = True
        attributes = handshake_attributes(handshake)
        method = attributes.get("http.request.method", "_OTHER")
        context, parent = handshake_identity(handshake)
        end_ns = moment(handshake.time_ns)
        start_ns = end_ns if handshake.request_time_ns is None else min(moment(handshake.request_time_ns), end_ns)
        span = ReadableSpan(
            # The HTTP conventions call a span HTTP when its method is none of theirs, or not known.
            name=span_name("HTTP" if method == "_OTHER" else str(method), attributes),
            context=context,
            parent=parent,
            resource=self._resource,
            attributes=attributes,
            kind=SpanKind.SERVER,
            status=Status(StatusCode.ERROR if "error.type" in attributes else StatusCode.UNSET),
            start_time=start_ns,
            end_time=end_ns,
            instrumentation_scope=self._scope,
        )
        return [span]


def _key(half: Half, handshake: Handshake | None) -> Key:
    # A connection can carry several handshakes: one refused, and another try behind it.
    if handshake is None:
        return half.connection, half.stream, None
    started_ns = handshake.time_ns if handshake.request_time_ns is None else handshake.request_time_ns
    return half.connection, half.stream, started_ns
