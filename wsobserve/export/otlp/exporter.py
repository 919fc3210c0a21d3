"""The OpenTelemetry exporter: records in, spans and metrics to a collector.

Spans wait until a request is full, a snapshot comes or `flush` is called; every snapshot is one set of metrics at once.
A request that the collector does not take within the timeout is given up and counted. What comes while it is left in
peace after that waits: of spans so many, of metrics the newest set, which holds all before. Sending blocks; in a live
process this stands behind a `QueuedExporter`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import wsobserve
from wsobserve.config import DEFAULT_LIMITS, SECOND_NS
from wsobserve.export.error import ExportError
from wsobserve.records import Record, Snapshot

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricsData
    from opentelemetry.sdk.trace import ReadableSpan

SPANS = 512  # in one request, as the SDK's own
WAITING_SPANS = 8_192  # beyond it the oldest are given up


class OtlpExporter:
    """Spans and metrics of what was observed, over OTLP. For one thread at a time.

    `endpoint`, `protocol`: see `endpoint.endpoint_of`. `service_name` and `resource` describe the observed service.
    What is None is taken from the `OTEL_*` environment as the SDK reads it. `ExportError` when the endpoint cannot be
    meant or opentelemetry is not installed; that nobody listens there is found out when exporting.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        *,
        protocol: Literal["http/protobuf", "grpc"] | None = None,
        service_name: str | None = None,
        resource: Mapping[str, str] = {},
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        close_timeout_s: float = 5,
        segment_ns: int = 300 * SECOND_NS,
    ) -> None:
        try:
            from opentelemetry.sdk.util.instrumentation import InstrumentationScope

            from wsobserve.export.otlp.collector import Collector, resource_of
            from wsobserve.export.otlp.metrics import metrics_of
            from wsobserve.export.otlp.traces import Spans

            self._resource = resource_of(service_name, resource)
            self._scope = InstrumentationScope("wsobserve", wsobserve.__version__)
            self._spans = Spans(self._resource, self._scope, segment_ns)
            self._collector = Collector(endpoint, protocol, timeout_s, headers)
        except ImportError as error:
            raise ExportError(f"OpenTelemetry is not installed ({error.name}): pip install 'wsobserve[otlp]'") from error
        self._metrics_of = metrics_of
        self._close_timeout_s = close_timeout_s
        self._waiting = threading.Lock()  # for the two lists: a sender left behind by `flush` may still take from them
        self._waiting_spans: list[ReadableSpan] = []
        self._waiting_metrics: list[MetricsData] = []
        self._drift: dict[tuple[str, str], int] = {}  # by channel and change, of all snapshots
        self._sending = threading.Lock()
        self._closed = False
        self.spans_sent = 0
        self.spans_failed = 0
        self.metrics_sent = 0  # requests
        self.metrics_failed = 0
        self.metrics_replaced = 0  # not sent, for a newer set

    def export(self, records: Sequence[Record]) -> None:
        """Make spans and metrics of `records` and send what is due.

        On `ExportError` one request of spans or metrics was given up; its records may have come with earlier calls.
        """
        if self._closed:
            raise ExportError(f"OTLP exporter for {self._collector.name} is closed")
        failure: ExportError | None = None
        for record in records:
            spans = self._spans.receive(record)
            metrics = self._metrics(record) if isinstance(record, Snapshot) else None
            with self._waiting:
                self._waiting_spans += spans
                if metrics is not None:
                    self.metrics_replaced += len(self._waiting_metrics)
                    self._waiting_metrics = metrics
            if len(self._waiting_spans) >= SPANS or metrics is not None:
                failure = self._send(only_ready=True) or failure
                self._give_up(beyond=WAITING_SPANS)
        if failure is not None:
            raise failure

    def flush(self, timeout_s: float) -> bool:
        """Send what waits; False when that took longer than `timeout_s` or the collector did not take it."""
        failures: list[ExportError | None] = []
        sender = threading.Thread(
            target=lambda: failures.append(self._send(only_ready=False)), name="wsobserve-otlp-flush", daemon=True
        )
        sender.start()
        sender.join(timeout_s)
        return failures == [None]

    def close(self) -> None:
        """Send the last segments and give the connections back, within `close_timeout_s` and a moment."""
        if self._closed:
            return
        self._closed = True
        with self._waiting:
            self._waiting_spans += self._spans.finish()
        self.flush(self._close_timeout_s)
        self._collector.close()
        self._give_up(beyond=0)
        self.metrics_failed += len(self._waiting_metrics)
        self._waiting_metrics = []

    def _metrics(self, snapshot: Snapshot) -> list[MetricsData]:
        for drift in snapshot.drift:
            key = (drift.channel, drift.change)
            if key not in self._drift and len(self._drift) >= DEFAULT_LIMITS.series:
                key = ("_overflow", drift.change)
            self._drift[key] = self._drift.get(key, 0) + 1
        evicted = {"connection_segments": self._spans.evicted}
        return self._metrics_of(snapshot, self._resource, self._scope, evicted, self._drift)

    def _send(self, only_ready: bool) -> ExportError | None:
        """What waits, in order. `only_ready`: not to a collector that is slow to fail, nor while another thread sends."""
        if not self._sending.acquire(blocking=not only_ready):
            return None
        try:
            # Traces and metrics often go to different backends, one of which may work.
            failures = [self._send_spans(only_ready), self._send_metrics(only_ready)]
        finally:
            self._sending.release()
        return failures[0] or failures[1]

    def _send_spans(self, only_ready: bool) -> ExportError | None:
        while self._waiting_spans and (self._collector.ready("spans") or not only_ready):
            with self._waiting:
                spans, self._waiting_spans = self._waiting_spans[:SPANS], self._waiting_spans[SPANS:]
            try:
                self._collector.send_spans(spans)
            except ExportError as error:
                self.spans_failed += len(spans)
                return error
            self.spans_sent += len(spans)
        return None

    def _send_metrics(self, only_ready: bool) -> ExportError | None:
        while self._waiting_metrics and (self._collector.ready("metrics") or not only_ready):
            with self._waiting:
                metrics, self._waiting_metrics = self._waiting_metrics[0], self._waiting_metrics[1:]
            try:
                self._collector.send_metrics(metrics)
            except ExportError as error:
                self.metrics_failed += 1
                return error
            self.metrics_sent += 1
        return None

    def _give_up(self, beyond: int) -> None:
        """The oldest spans beyond so many that may wait."""
        with self._waiting:
            given_up = max(len(self._waiting_spans) - beyond, 0)
            self.spans_failed += given_up
            del self._waiting_spans[:given_up]
