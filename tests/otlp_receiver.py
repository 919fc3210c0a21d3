"""A real OTLP receiver for tests: HTTP with protobuf, or gRPC, on a free port of the loopback interface.

It shares nothing with wsobserve: requests are read with the protocol's own generated classes.
"""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc  # type: ignore[import-untyped]  # has no types of its own
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics_service
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace_service
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as trace_grpc
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Received:
    """What arrived so far, and where to send more."""

    def __init__(self) -> None:
        self.endpoint = ""
        self.traces: list[trace_service.ExportTraceServiceRequest] = []
        self.metric_requests: list[metrics_service.ExportMetricsServiceRequest] = []
        self.headers: list[dict[str, str]] = []

    @property
    def spans(self) -> list[Span]:
        return [
            span for request in self.traces for resource in request.resource_spans for scope in resource.scope_spans
            for span in scope.spans
        ]  # fmt: skip

    @property
    def metrics(self) -> list[Metric]:
        return [
            metric for request in self.metric_requests for resource in request.resource_metrics
            for scope in resource.scope_metrics for metric in scope.metrics
        ]  # fmt: skip

    @property
    def resources(self) -> list[dict[str, Any]]:
        traces = [resource.resource for request in self.traces for resource in request.resource_spans]
        metrics = [resource.resource for request in self.metric_requests for resource in request.resource_metrics]
        return [values(resource.attributes) for resource in traces + metrics]

    def receive(self, request: Any, headers: dict[str, str]) -> None:
        self.headers.append(headers)
        if isinstance(request, trace_service.ExportTraceServiceRequest):
            self.traces.append(request)
        else:
            self.metric_requests.append(request)


def values(attributes: Any) -> dict[str, Any]:
    """Attributes as a dict of plain values."""
    pairs: list[KeyValue] = list(attributes)
    return {pair.key: _plain(pair.value) for pair in pairs}


def _plain(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_plain(item) for item in value.array_value.values]
    return None if kind is None else getattr(value, kind)


@contextmanager
def http_receiver(status: int = 200, hold: threading.Event | None = None) -> Iterator[Received]:
    """Answers `POST /v1/traces` and `/v1/metrics` with `status`, once `hold` (when given) is set."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
            if hold is not None:
                hold.wait()
            kinds: dict[str, type[Any]] = {
                "/v1/traces": trace_service.ExportTraceServiceRequest,
                "/v1/metrics": metrics_service.ExportMetricsServiceRequest,
            }
            answer = status if self.path in kinds else 404
            if answer == 200:
                received.receive(kinds[self.path].FromString(body), {key.lower(): value for key, value in self.headers.items()})
            self.send_response(answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    received.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield received
    finally:
        if hold is not None:
            hold.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def grpc_receiver(code: Any = None, hold: threading.Event | None = None) -> Iterator[Received]:
    """Answers both services; with `code`, a `grpc.StatusCode`, it refuses; once `hold` (when given) is set."""
    received = Received()

    def answering(answer: Callable[[], Any]) -> Callable[[Any, Any, Any], Any]:
        def export(self: Any, request: Any, context: Any) -> Any:
            if hold is not None:
                hold.wait()
            if code is not None:
                context.abort(code, "refused by the test")
            received.receive(request, {pair.key: str(pair.value) for pair in context.invocation_metadata()})
            return answer()

        return export

    traces = type("Traces", (trace_grpc.TraceServiceServicer,), {"Export": answering(trace_service.ExportTraceServiceResponse)})
    metrics = type(
        "Metrics", (metrics_grpc.MetricsServiceServicer,), {"Export": answering(metrics_service.ExportMetricsServiceResponse)}
    )
    server = grpc.server(ThreadPoolExecutor(4))  # referred to until the end: one that nobody refers to stops serving
    trace_grpc.add_TraceServiceServicer_to_server(traces(), server)  # type: ignore[no-untyped-call]  # generated code
    metrics_grpc.add_MetricsServiceServicer_to_server(metrics(), server)  # type: ignore[no-untyped-call]  # generated code
    received.endpoint = f"grpc://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield received
    finally:
        if hold is not None:
            hold.set()
        server.stop(0).wait()
