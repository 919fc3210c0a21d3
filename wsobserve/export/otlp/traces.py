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
        # By connection and HTTP/2 stream; the one touched longest ago comes first.
        self._connections: OrderedDict[tuple[str, int | None], _Connection] = OrderedDict()
        self._final = False  # the final snapshot was received
        self.evicted = 0  # connections forgotten to stay within the limit; seen again, their segments start over

    def receive(self, record: Record) -> list[ReadableSpan]:
        """The spans that are over with `record`."""
        match record:
            case Handshake():
                return self._handshake(record, self._connection(record.half))
            case ConnectionSummary(state="open"):
                # After the final snapshot its last segment has been made.
                return [] if self._final else self._observe(record, record.time_ns, last=False)
            case ConnectionSummary():
                return self._end(record)
            case Snapshot():
                return self._snapshot(record)
            case _:
                return []

    def finish(self) -> list[ReadableSpan]:
        """The last segment of every connection of which no end was told."""
        spans: list[ReadableSpan] = []
        for connection in self._connections.values():
            if connection.segments is not None:
                spans += connection.segments.finish()
        self._connections.clear()
        return spans

    def _snapshot(self, snapshot: Snapshot) -> list[ReadableSpan]:
        spans: list[ReadableSpan] = []
        for summary in snapshot.open_connections:
            if summary.state in ("open", "closed"):  # closed: TCP has not ended yet. Others are no WebSocket connections
                spans += self._observe(summary, snapshot.time_ns, last=False)
        if snapshot.final:
            self._final = True
            spans += self.finish()
        return spans

    def _end(self, summary: ConnectionSummary) -> list[ReadableSpan]:
        if summary.state == "closed":
            spans = self._observe(summary, summary.time_ns, last=True)
        else:  # refused or unanswered: there was no WebSocket connection to tell of
            handshake = summary.handshake
            spans = [] if handshake is None else self._handshake(handshake, self._connection(summary.half))
        self._connections.pop((summary.half.connection, summary.half.stream), None)
        return spans

    def _observe(self, summary: ConnectionSummary, time_ns: int, last: bool) -> list[ReadableSpan]:
        connection = self._connection(summary.half)
        handshake = summary.handshake
        spans = [] if handshake is None else self._handshake(handshake, connection)
        if connection.segments is None:
            start_ns = summary.started_ns if handshake is None else handshake.time_ns
            connection.segments = Segments(self._resource, self._scope, self._segment_ns, start_ns)
        return spans + connection.segments.observe(summary, time_ns, last)

    def _connection(self, half: Half) -> _Connection:
        key = (half.connection, half.stream)
        connection = self._connections.get(key)
        if connection is not None:
            self._connections.move_to_end(key)
            return connection
        if len(self._connections) >= self._limit:
            self._connections.popitem(last=False)
            self.evicted += 1
        connection = self._connections[key] = _Connection()
        return connection

    def _handshake(self, handshake: Handshake, connection: _Connection) -> list[ReadableSpan]:
        # Each comes twice, by itself and in the summary. A connection can carry several: one refused, then another try.
        told = (handshake.request_time_ns, handshake.time_ns)
        if connection.told == told:
            return []
        connection.told = told
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


class _Connection:
    """What is kept of one connection."""

    __slots__ = ("segments", "told")

    def __init__(self) -> None:
        self.told: tuple[int | None, int] | None = None  # times of the handshake whose span was made last
        self.segments: Segments | None = None  # from its first summary on
