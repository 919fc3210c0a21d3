"""Trace and span identifiers, made from what was captured.

They are hashes of the connection and its time, so that the same capture gives the same spans whenever it is analysed.
Only a handshake whose request carried a `traceparent` stands in the trace of its sender.
"""

from __future__ import annotations

from hashlib import blake2b

from opentelemetry.trace import SpanContext, TraceFlags, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from wsobserve.records import Half, Handshake

_PROPAGATOR = TraceContextTextMapPropagator()


def handshake_identity(handshake: Handshake) -> tuple[SpanContext, SpanContext | None]:
    """The span of a handshake, and its parent in the trace of the client when `traceparent` is well-formed."""
    started_ns = handshake.time_ns if handshake.request_time_ns is None else handshake.request_time_ns
    own = _identity(handshake.half, started_ns, "handshake")
    if handshake.traceparent is None:
        return own, None
    parent = get_current_span(_PROPAGATOR.extract({"traceparent": handshake.traceparent})).get_span_context()
    if not parent.is_valid:
        return own, None
    return SpanContext(parent.trace_id, own.span_id, is_remote=False, trace_flags=own.trace_flags), parent


def segment_identity(half: Half, started_ns: int, index: int) -> SpanContext:
    """The span of the `index`th segment of the connection that began at `started_ns`: the root of a trace of its own."""
    return _identity(half, started_ns, f"segment {index}")


def _identity(half: Half, started_ns: int, what: str) -> SpanContext:
    # Sorted: which side is the client may turn out only later, when a connection is joined mid-stream.
    ends = " ".join(sorted((half.source, half.destination)))
    seed = f"{half.connection} {half.stream} {ends} {started_ns} {what}".encode("utf-8", "replace")
    digest = blake2b(seed, digest_size=24, person=b"wsobserve span").digest()
    trace_id, span_id = int.from_bytes(digest[:16], "big"), int.from_bytes(digest[16:], "big")
    return SpanContext(trace_id or 1, span_id or 1, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
