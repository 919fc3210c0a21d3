"""The way to a collector: spans and metrics to opentelemetry-sdk's OTLP exporters, over HTTP or gRPC.

The exporters retry by themselves within their timeout, and tell in the log alone what went wrong; the first such line
of an attempt is kept here, so that whoever asks why nothing arrived gets an answer.

An attempt that fails in vain for seconds must not be repeated at once for everything that follows: after it, `ready` is
false for `PAUSE` times as long as it took. So a dead collector costs at most a fifth of the time, and a restarted one is
found soon.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, MetricsData
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from wsobserve.export.error import ExportError
from wsobserve.export.otlp.endpoint import endpoint_of

Signal = Literal["spans", "metrics"]

REASON_LENGTH = 300  # characters kept of a reason
PAUSE = 4


class Collector:
    """One collector, until `close`. `OTEL_*` variables hold wherever an argument is None."""

    def __init__(
        self, endpoint: str | None, protocol: str | None, timeout_s: float | None, headers: Mapping[str, str] | None
    ) -> None:
        where = endpoint_of(endpoint, protocol, os.environ)
        self.name = where.name
        self._again_s = {"spans": 0.0, "metrics": 0.0}  # not asked before, by the monotonic clock
        self._reason = _Complaint()
        _sdk_logger().addHandler(self._reason)
        lower = None if headers is None else {key.lower(): value for key, value in headers.items()}  # as gRPC wants them
        self._spans: SpanExporter
        self._metrics: MetricExporter
        try:
            if where.protocol == "grpc":
                from opentelemetry.exporter.otlp.proto.grpc import metric_exporter as grpc_metrics
                from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as grpc_traces

                self._spans = grpc_traces.OTLPSpanExporter(where.traces, headers=lower, timeout=timeout_s)
                self._metrics = grpc_metrics.OTLPMetricExporter(where.metrics, headers=lower, timeout=timeout_s)
            else:
                from opentelemetry.exporter.otlp.proto.http import metric_exporter as http_metrics
                from opentelemetry.exporter.otlp.proto.http import trace_exporter as http_traces

                self._spans = http_traces.OTLPSpanExporter(where.traces, headers=lower, timeout=timeout_s)
                self._metrics = http_metrics.OTLPMetricExporter(where.metrics, headers=lower, timeout=timeout_s)
        except ImportError:
            raise
        except Exception as error:  # what the SDK raises for a bad OTEL_* variable has no common type
            _sdk_logger().removeHandler(self._reason)
            raise ExportError(f"OTLP exporter for {self.name}: {type(error).__name__}: {error}") from error

    def ready(self, signal: Signal) -> bool:
        """Whether it makes sense to send now; false for a while after an attempt that took long to fail."""
        return time.monotonic() >= self._again_s[signal]

    def send_spans(self, spans: Sequence[ReadableSpan]) -> None:
        """Blocks until they arrived, or raises `ExportError` within the timeout."""
        self._send("spans", lambda: self._spans.export(spans) is SpanExportResult.SUCCESS)

    def send_metrics(self, metrics: MetricsData) -> None:
        """Blocks until they arrived, or raises `ExportError` within the timeout."""
        self._send("metrics", lambda: self._metrics.export(metrics) is MetricExportResult.SUCCESS)

    def _send(self, signal: Signal, export: Callable[[], bool]) -> None:
        self._reason.wanted = True
        started_s = time.monotonic()
        if export():
            return
        ended_s = time.monotonic()
        self._again_s[signal] = ended_s + PAUSE * (ended_s - started_s)
        raise ExportError(f"OTLP collector {self.name} took no {signal}: {self._reason.text or 'no reason given'}")

    def close(self) -> None:
        """Give the connections back. An export that another thread is waiting for ends soon."""
        self._spans.shutdown()
        self._metrics.shutdown()
        _sdk_logger().removeHandler(self._reason)


def resource_of(service_name: str | None, attributes: Mapping[str, str]) -> Resource:
    """What is observed: arguments, then `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`, then `unknown_service`."""
    given = dict(attributes)
    if service_name is not None:
        given["service.name"] = service_name
    resource = Resource.create(given)
    # The SDK would add the name of this program to it, which is not the service that is observed.
    if str(resource.attributes.get("service.name")).startswith("unknown_service:"):
        return resource.merge(Resource({"service.name": "unknown_service"}))
    return resource


class _Complaint(logging.Handler):
    """Keeps the first line that the exporters log when `wanted`: addresses and status codes, nothing of what was sent.

    Over gRPC the SDK does not log what it has just logged; then the text of the attempt before stands.
    As a handler it also keeps those lines off standard error where the program has set up no logging.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.wanted = True
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        line = " ".join(record.getMessage().split())
        if self.wanted and line:
            # Out of a nest of exceptions the operating system's own words, where there are some.
            errno = re.search(r"\[Errno -?\d+\] [^'\")]+", line)
            self.text = (errno.group() if errno else line)[:REASON_LENGTH]
            self.wanted = False


def _sdk_logger() -> logging.Logger:
    return logging.getLogger("opentelemetry.exporter.otlp")
