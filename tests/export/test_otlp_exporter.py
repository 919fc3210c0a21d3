"""The whole way to a real receiver, over HTTP and over gRPC, and what happens when there is none.

These tests use sockets of the loopback interface, as this part is an edge; nothing waits for a fixed time.
"""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed: pip install 'wsobserve[otlp]'")

import grpc  # type: ignore[import-untyped]  # has no types of its own
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.otlp_receiver import Received, grpc_receiver, http_receiver, values
from wsobserve.export.error import ExportError
from wsobserve.export.otlp import OtlpExporter
from wsobserve.export.queue import QueuedExporter
from wsobserve.records import (
    CLIENT_TO_SERVER,
    Accounting,
    Anomaly,
    AnomalyKind,
    ChannelMessage,
    Close,
    ConnectionSummary,
    ConnectionTotal,
    Half,
    HalfCount,
    Handshake,
    Message,
    Record,
    SeriesTotal,
    Sizes,
    Snapshot,
)

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
T0 = 1_700_000_000 * SECOND

HALF = Half(
    connection="c7",
    source="10.0.0.1:50000",
    destination="10.0.0.2:8080",
    client="10.0.0.1:50000",
    server="10.0.0.2:8080",
    direction=CLIENT_TO_SERVER,
)
HANDSHAKE = Handshake(
    half=HALF,
    time_ns=T0 + 2_000_000,
    packet=6,
    request_time_ns=T0,
    request_packet=4,
    method="GET",
    target="/rooms/{id}?token=MARK-target",
    path_template="/rooms/{id}",
    host="MARK-host",
    origin="MARK-origin",
    user_agent="test/1",
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    version="13",
    status_code=101,
    subprotocols_offered=("MARK-offered", "chat.v2"),
    subprotocol="chat.v2",
    accept_valid=True,
)
ENDED = ConnectionSummary(
    half=HALF,
    time_ns=T0 + 7 * MINUTE,
    packet=99,
    started_ns=T0 - 1_000_000,
    state="closed",
    started_mid_stream=False,
    handshake=HANDSHAKE,
    client_to_server=HalfCount(frames=9, messages=8, wire_bytes=800),
    close=Close(status_code=1000, first_sent_by="client", clean=True, tcp="fin", verdict="clean"),
)
MESSAGE = Message(
    half=HALF,
    time_ns=T0 + SECOND,
    packet=9,
    started_ns=T0 + SECOND,
    opcode=1,
    fragments=1,
    compressed=False,
    wire_length=12,
    length=12,
    complete=True,
    valid_utf8=True,
    payload=b"MARK-payload",
)
SNAPSHOT = Snapshot(
    time_ns=T0 + 8 * MINUTE,
    accounting=Accounting(packets_seen=100, first_time_ns=T0 - SECOND),
    series=(
        SeriesTotal(
            server="10.0.0.2:8080",
            route="/rooms/{id}",
            subprotocol="chat.v2",
            channel="/rooms/{id}",
            direction="client_to_server",
            name="join",
            messages=8,
            frame_bytes=800,
            sizes=Sizes(count=2, sum=300, minimum=100, maximum=200, buckets={106: 1, 122: 1}),
        ),
    ),
    connection_totals=(ConnectionTotal(server="10.0.0.2:8080", route=None, subprotocol=None, opened=2, closed=1),),
)
RECORDS: list[Record] = [
    HANDSHAKE,
    ChannelMessage(message=MESSAGE, format="text", channel="/rooms/{id}", correlation="MARK-correlation", body="MARK-body"),
    Anomaly(half=HALF, time_ns=T0 + SECOND, packet=9, anomaly=AnomalyKind.GAP_IN_STREAM, detail="MARK-detail"),
    ENDED,
    SNAPSHOT,
]

Receiver = Callable[..., AbstractContextManager[Received]]
BOTH = pytest.mark.parametrize("receiver", [http_receiver, grpc_receiver])


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ENDPOINT", "PROTOCOL", "HEADERS", "TIMEOUT", "COMPRESSION"):
        monkeypatch.delenv(f"OTEL_EXPORTER_OTLP_{name}", raising=False)
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
    monkeypatch.delenv("OTEL_RESOURCE_ATTRIBUTES", raising=False)


@pytest.fixture
def nobody() -> Iterator[str]:
    """A port at which nobody listens, and nobody else will while the test runs."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


def sent(receiver: Receiver, records: list[Record] = RECORDS, **settings: Any) -> Received:
    with receiver() as received:
        exporter = OtlpExporter(received.endpoint, **settings)
        exporter.export(records)
        assert exporter.flush(10)
        exporter.close()
    return received


# --- arriving ---------------------------------------------------------------------------------------------------------


@BOTH
def test_spans_arrive_with_names_kinds_times_parents_and_links(receiver: Receiver) -> None:
    opened, first, last = sent(receiver).spans
    assert [span.name for span in (opened, first, last)] == [
        "GET /rooms/{id}",
        "websocket.connection /rooms/{id}",
        "websocket.connection /rooms/{id}",
    ]
    assert [span.kind for span in (opened, first)] == [Span.SPAN_KIND_SERVER, Span.SPAN_KIND_INTERNAL]
    assert [(span.start_time_unix_nano, span.end_time_unix_nano) for span in (opened, first, last)] == [
        (T0, T0 + 2_000_000),
        (T0 + 2_000_000, T0 + 2_000_000 + 5 * MINUTE),
        (T0 + 2_000_000 + 5 * MINUTE, T0 + 7 * MINUTE),
    ]
    assert opened.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert opened.parent_span_id.hex() == "b7ad6b7169203331"
    assert [(link.trace_id, link.span_id) for link in last.links] == [
        (opened.trace_id, opened.span_id),
        (first.trace_id, first.span_id),
    ]
    assert {values(span.attributes)["websocket.connection.id"] for span in (opened, first, last)} == {"c7"}
    assert values(opened.attributes)["http.response.status_code"] == 101
    assert values(last.attributes)["websocket.client_to_server.messages"] == 8
    assert {span.status.code for span in (opened, first, last)} == {Status.STATUS_CODE_UNSET}


@BOTH
def test_metrics_arrive_with_names_units_kinds_and_temporality(receiver: Receiver) -> None:
    metrics = {metric.name: metric for metric in sent(receiver).metrics}
    messages, active, size = (
        metrics["websocket.messages"],
        metrics["websocket.active_connections"],
        metrics["websocket.message.size"],
    )
    assert [metric.unit for metric in (messages, active, size)] == ["{message}", "{connection}", "By"]
    assert (messages.sum.is_monotonic, active.sum.is_monotonic) == (True, False)
    cumulative = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    assert messages.sum.aggregation_temporality == size.exponential_histogram.aggregation_temporality == cumulative
    [point] = messages.sum.data_points
    assert (point.as_int, point.start_time_unix_nano, point.time_unix_nano) == (8, T0 - SECOND, T0 + 8 * MINUTE)
    assert values(point.attributes)["websocket.message.name"] == "join"
    [histogram] = size.exponential_histogram.data_points
    assert (histogram.count, histogram.sum, histogram.min, histogram.max, histogram.scale) == (2, 300, 100, 200, 4)
    assert (histogram.positive.offset, list(histogram.positive.bucket_counts)) == (106, [1, *[0] * 15, 1])


@BOTH
def test_nothing_leaves_but_what_is_redacted(receiver: Receiver) -> None:
    received = sent(receiver)
    sent_bytes = [request.SerializeToString() for request in received.traces]
    sent_bytes += [request.SerializeToString() for request in received.metric_requests]
    assert len(sent_bytes) == 2
    assert not [body for body in sent_bytes if b"MARK" in body]


@BOTH
def test_the_observed_service_is_the_resource(receiver: Receiver) -> None:
    received = sent(receiver, service_name="chat", resource={"k8s.pod.name": "chat-1"})
    assert len(received.resources) == 2
    for resource in received.resources:
        assert (resource["service.name"], resource["k8s.pod.name"]) == ("chat", "chat-1")


@BOTH
def test_the_scope_is_wsobserve(receiver: Receiver) -> None:
    received = sent(receiver)
    assert received.traces[0].resource_spans[0].scope_spans[0].scope.name == "wsobserve"
    assert received.metric_requests[0].resource_metrics[0].scope_metrics[0].scope.name == "wsobserve"


@BOTH
def test_the_environment_is_honoured(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "from-environment")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=blue")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    received = sent(receiver)
    assert received.resources[0]["service.name"] == "from-environment"
    assert received.resources[0]["deployment.environment.name"] == "test"
    assert received.headers[0]["x-tenant"] == "blue"


@BOTH
def test_an_argument_comes_before_the_environment(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "from-environment")
    received = sent(receiver, service_name="chat", headers={"X-Tenant": "green"})
    assert received.resources[0]["service.name"] == "chat"
    assert received.headers[0]["x-tenant"] == "green"


def test_a_service_that_nobody_named_is_unknown() -> None:
    assert sent(http_receiver).resources[0]["service.name"] == "unknown_service"


def test_the_environment_alone_says_where_the_collector_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with http_receiver() as received:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", received.endpoint)
        exporter = OtlpExporter()
        exporter.export([HANDSHAKE])
        exporter.close()
    assert [span.name for span in received.spans] == ["GET /rooms/{id}"]


def test_many_spans_leave_in_several_requests() -> None:
    many: list[Record] = []
    for number in range(1_300):
        half = Half(connection=f"c{number}", source=f"10.0.0.1:{number}", destination="10.0.0.2:80")
        many.append(
            Handshake(
                half=half,
                time_ns=T0 + number,
                packet=number,
                request_time_ns=T0,
                request_packet=number,
                method="GET",
                target="/",
                path_template="/",
                host=None,
                origin=None,
                user_agent=None,
                traceparent=None,
                version="13",
                status_code=101,
            )
        )
    received = sent(http_receiver, many)
    assert [len(request.resource_spans[0].scope_spans[0].spans) for request in received.traces] == [512, 512, 276]
    assert len({span.span_id for span in received.spans}) == 1_300


def test_a_connection_of_which_no_end_was_told_leaves_when_the_exporter_is_closed() -> None:
    still_open = ConnectionSummary(
        half=HALF,
        time_ns=T0 + MINUTE,
        packet=9,
        started_ns=T0,
        state="open",
        started_mid_stream=False,
        handshake=HANDSHAKE,
    )
    with http_receiver() as received:
        exporter = OtlpExporter(received.endpoint)
        exporter.export([HANDSHAKE, still_open])
        exporter.close()
    assert [span.name for span in received.spans] == ["GET /rooms/{id}", "websocket.connection /rooms/{id}"]


def test_the_documentation_names_every_span_attribute_and_metric_that_leaves(checkout: Path) -> None:
    documented = (checkout / "docs" / "telemetry.md").read_text("utf-8")
    received = sent(http_receiver)
    keys = {key for span in received.spans for key in values(span.attributes)}
    for metric in received.metrics:
        data = getattr(metric, str(metric.WhichOneof("data")))
        assert f"`{metric.name}`" in documented
        assert metric.unit in documented
        keys |= {key for point in data.data_points for key in values(point.attributes)}
    for key in keys:
        name = key.replace("client_to_server", "{direction}").replace("server_to_client", "{direction}")
        assert f"`{name}`" in documented


# --- not arriving -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_where_nobody_listens_the_failure_is_told_and_counted(nobody: str, scheme: str) -> None:
    exporter = OtlpExporter(f"{scheme}://{nobody}", timeout_s=0.2)
    with pytest.raises(ExportError, match=nobody) as raised:
        exporter.export(RECORDS)
    assert len(str(raised.value).splitlines()) == 1
    assert (exporter.spans_sent, exporter.spans_failed) == (0, 3)
    assert (exporter.metrics_sent, exporter.metrics_failed) == (0, 1)
    exporter.close()


@pytest.mark.parametrize(
    ("receiver", "refusal", "reason"),
    [
        (http_receiver, {"status": 401}, "401"),
        (grpc_receiver, {"code": grpc.StatusCode.PERMISSION_DENIED}, "PERMISSION_DENIED"),
    ],
)
def test_a_collector_that_refuses_is_quoted(receiver: Receiver, refusal: dict[str, Any], reason: str) -> None:
    # The SDK does not log over gRPC what it has just logged; another test may just have failed too.
    for duplicates in logging.getLogger("opentelemetry.exporter.otlp.proto.grpc.exporter").filters:
        vars(duplicates).pop("last_log", None)
    with receiver(**refusal) as received:
        exporter = OtlpExporter(received.endpoint, timeout_s=5)
        with pytest.raises(ExportError, match=reason):
            exporter.export([HANDSHAKE, SNAPSHOT])
        exporter.close()


@BOTH
def test_a_collector_that_hangs_holds_neither_flush_nor_close(receiver: Receiver) -> None:
    hold = threading.Event()
    with receiver(hold=hold) as received:
        # A timeout that no test would wait for: the bounds are flush's and close's own.
        exporter = OtlpExporter(received.endpoint, timeout_s=600, close_timeout_s=0.05)
        exporter.export([HANDSHAKE])
        assert not exporter.flush(0.05)
        exporter.export([ENDED])
        exporter.close()
        assert exporter.spans_sent == 0
        hold.set()


@BOTH
def test_a_collector_that_failed_slowly_is_left_in_peace_while_spans_wait(receiver: Receiver) -> None:
    hold = threading.Event()
    with receiver(hold=hold) as received:
        exporter = OtlpExporter(received.endpoint, timeout_s=0.5)
        with pytest.raises(ExportError):
            exporter.export(RECORDS)
        exporter.export(RECORDS)  # would fail again if it were tried
        exporter.export([SNAPSHOT])
        assert (exporter.spans_failed, exporter.metrics_failed, exporter.metrics_replaced) == (3, 1, 1)
        hold.set()
        assert exporter.flush(10)  # tries, whatever was before
        assert (exporter.spans_sent, exporter.metrics_sent) == (3, 1)
        exporter.close()


def test_spans_that_wait_are_bounded_and_those_given_up_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsobserve.export.otlp.exporter.WAITING_SPANS", 2)
    hold = threading.Event()
    with http_receiver(hold=hold) as received:
        exporter = OtlpExporter(received.endpoint, timeout_s=0.5)
        with pytest.raises(ExportError):
            exporter.export(RECORDS)  # three spans in a request that failed
        exporter.export(RECORDS)  # three that wait, as a snapshot comes, for a better time: two of them
        assert exporter.spans_failed == 4
        hold.set()
        assert exporter.flush(10)
        exporter.close()
    assert exporter.spans_sent == 2


@BOTH
def test_behind_a_queue_a_collector_that_hangs_costs_the_caller_nothing(receiver: Receiver) -> None:
    hold = threading.Event()
    with receiver(hold=hold) as received:
        queue = QueuedExporter(OtlpExporter(received.endpoint, timeout_s=600), capacity=3, close_timeout_s=0.05)
        for _ in range(10):
            queue.export(RECORDS)
        queue.close()
        counts = queue.counts()
        assert counts.dropped
        assert counts.exported == {}
        assert not counts.waiting
        hold.set()


def test_behind_a_queue_a_dead_collector_is_counted_with_its_reason(nobody: str) -> None:
    queue = QueuedExporter(OtlpExporter(nobody, timeout_s=0.2, close_timeout_s=0.2), capacity=100)
    queue.export(RECORDS)
    assert not queue.flush(30)
    counts = queue.counts()
    assert counts.failed["ConnectionSummary"] == 1
    assert nobody in str(counts.last_error)
    queue.close()


def test_a_collector_for_metrics_alone_gets_them() -> None:
    """Each signal is tried, whatever became of the other."""
    with http_receiver() as received:
        exporter = OtlpExporter(received.endpoint)
        exporter._collector._spans._client._endpoint += "/elsewhere"  # type: ignore[attr-defined]  # answers 404
        with pytest.raises(ExportError, match="took no spans"):
            exporter.export(RECORDS)
        exporter.close()
    assert received.spans == []
    assert received.metrics


def test_nothing_is_exported_after_closing() -> None:
    with http_receiver() as received:
        exporter = OtlpExporter(received.endpoint)
        exporter.close()
        exporter.close()
        with pytest.raises(ExportError, match="closed"):
            exporter.export(RECORDS)
    assert received.spans == []


# --- the door ---------------------------------------------------------------------------------------------------------


def test_an_endpoint_that_cannot_be_meant_is_refused_before_anything_is_observed() -> None:
    with pytest.raises(ExportError, match="scheme 'ftp'"):
        OtlpExporter("ftp://collector")


def test_a_bad_variable_of_the_environment_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "soon")
    with pytest.raises(ExportError, match="soon"):
        OtlpExporter("grpc://127.0.0.1")


def test_without_opentelemetry_it_says_what_to_install() -> None:
    script = """
import sys
sys.modules["opentelemetry"] = None
from wsobserve.export.otlp import OtlpExporter
from wsobserve.export.error import ExportError
try:
    OtlpExporter("127.0.0.1")
except ExportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("OpenTelemetry is not installed (opentelemetry")
    assert done.stdout.endswith("): pip install 'wsobserve[otlp]'\n")


def test_importing_the_exporter_does_not_import_opentelemetry() -> None:
    script = "import sys, wsobserve.export.otlp, wsobserve.export.queue; print('opentelemetry' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_what_the_sdk_logs_does_not_reach_standard_error(nobody: str) -> None:
    script = f"""
from wsobserve.export.otlp import OtlpExporter
exporter = OtlpExporter("{nobody}", timeout_s=0.2)
exporter._waiting_spans = []
print(exporter.flush(5))
from wsobserve.records import Accounting, Snapshot
try:
    exporter.export([Snapshot(time_ns=1, accounting=Accounting())])
except Exception as error:
    print(type(error).__name__)
exporter.close()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("True\nExportError\n", "")
