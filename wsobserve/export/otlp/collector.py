"""The way to a collector: spans and metrics to opentelemetry-sdk's OTLP exporters, over HTTP or gRPC.

The exporters retry by themselves within their timeout, and tell in the log alone why they gave up; the last such line
is kept here, so that whoever asks why nothing arrived gets an answer.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence

from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, MetricsData
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from wsobserve.export.error import ExportError
from wsobserve.export.otlp.endpoint import endpoint_of

REASON_LENGTH = 300  # characters kept of a reason


class Collector:
    """One collector, until `close`. `OTEL_*` variables hold wherever an argument is None."""

    def __init__(
        self, endpoint: str | None, protocol: str | None, timeout_s: float | None, headers: Mapping[str, str] | None
    ) -> None:
        where = endpoint_of(endpoint, protocol, os.environ)
        self.name = where.name
        self._reason = _LastLine()
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

    def send_spans(self, spans: Sequence[ReadableSpan]) -> None:
        """Blocks until they arrived, or raises `ExportError` within the timeout."""
        if self._spans.export(spans) is not SpanExportResult.SUCCESS:
            raise ExportError(f"OTLP collector {self.name} took no spans: {self._reason.line or 'no reason given'}")

    def send_metrics(self, metrics: MetricsData) -> None:
        """Blocks until they arrived, or raises `ExportError` within the timeout."""
        if self._metrics.export(metrics) is not MetricExportResult.SUCCESS:
            raise ExportError(f"OTLP collector {self.name} took no metrics: {self._reason.line or 'no reason given'}")

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


class _LastLine(logging.Handler):
    """Keeps the last line that the exporters log, which holds addresses and status codes but nothing of what was sent.

    As a handler it also keeps those lines off standard error where the program has set up no logging.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.line = ""

    def emit(self, record: logging.LogRecord) -> None:
        lines = record.getMessage().splitlines()
        if lines:
            self.line = lines[0][:REASON_LENGTH]


def _sdk_logger() -> logging.Logger:
    return logging.getLogger("opentelemetry.exporter.otlp")
