"""Metrics as opentelemetry-sdk's own classes, before anything is sent: names, units, kinds, attributes, numbers."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed: pip install 'wsobserve[otlp]'")

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Metric,
    NumberDataPoint,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from wsobserve.config import Limits
from wsobserve.export.otlp import metrics
from wsobserve.export.otlp.metrics import exponential, metrics_of
from wsobserve.records import Accounting, ConnectionSummary, ConnectionTotal, Half, SeriesTotal, Sizes, Snapshot

SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND


def sizes_of(values: list[int], scale: int = 4) -> Sizes:
    """The histogram of `values`, written down from its definition: bucket i counts values in (base**i, base**(i+1)]."""
    buckets: dict[int, int] = {}
    for value in values:
        if value:
            index = math.ceil(math.log2(value) * 2**scale) - 1
            buckets[index] = buckets.get(index, 0) + 1
    return Sizes(
        scale=scale,
        count=len(values),
        sum=sum(values),
        minimum=min(values),
        maximum=max(values),
        zero_count=values.count(0),
        buckets=buckets,
    )


SERIES = SeriesTotal(
    server="[2001:db8::1]:443",
    route="/rooms/{id}",
    subprotocol="chat.v2",
    channel="/rooms/{id}",
    direction="client_to_server",
    name="join",
    messages=3,
    frame_bytes=90,
    payload_bytes=60,
    sizes=sizes_of([0, 20, 40]),
)
CONNECTIONS = ConnectionTotal(
    server="10.0.0.2:8080",
    route="/rooms/{id}",
    subprotocol=None,
    opened=5,
    closed=3,
    closes={"1000 client": 2, "none network": 1, "invalid client": 1, "none unknown": 1, "other unknown": 3},
    handshake_ns=sizes_of([2_000_000, 4_000_000]),
    duration_ns=sizes_of([1 * SECOND, 60 * SECOND, 3600 * SECOND]),
)
ACCOUNTING = Accounting(
    packets_seen=100,
    packets_dropped={"cut_header": 2},
    capture_loss={"kernel_dropped": 7},
    capture_loss_unknown={"file_cut": 1},
    first_time_ns=T0,
    bytes_lost=123,
    gaps=4,
    messages_undecoded={"context_lost": 5},
    connections_evicted={"limit": 4, "idle": 2},
)


def built(**changed: Any) -> dict[str, Metric]:
    fields: dict[str, Any] = {
        "time_ns": T0 + 10 * SECOND,
        "accounting": ACCOUNTING,
        "series": (SERIES,),
        "connection_totals": (CONNECTIONS,),
        "messages_in_overflow": 8,
    }
    requests = metrics_of(Snapshot(**(fields | changed)), Resource({}), InstrumentationScope("wsobserve"))
    return {
        metric.name: metric
        for request in requests
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


def numbers(metric: Metric) -> list[NumberDataPoint]:
    assert isinstance(metric.data, Sum)
    return list(metric.data.data_points)


def histograms(metric: Metric) -> list[ExponentialHistogramDataPoint]:
    assert isinstance(metric.data, ExponentialHistogram)
    return list(metric.data.data_points)


def by(metric: Metric, key: str) -> dict[Any, float]:
    return {(point.attributes or {}).get(key): point.value for point in numbers(metric)}


def test_every_metric_has_its_name_unit_and_kind() -> None:
    def kind(metric: Metric) -> str:
        assert isinstance(metric.data, Sum | ExponentialHistogram)
        assert metric.data.aggregation_temporality is AggregationTemporality.CUMULATIVE
        if isinstance(metric.data, ExponentialHistogram):
            return "histogram"
        return "counter" if metric.data.is_monotonic else "up-down"

    assert {name: (metric.unit, kind(metric)) for name, metric in built().items()} == {
        "websocket.active_connections": ("{connection}", "up-down"),
        "websocket.connection.duration": ("s", "histogram"),
        "websocket.handshake.duration": ("s", "histogram"),
        "websocket.closes": ("{connection}", "counter"),
        "websocket.messages": ("{message}", "counter"),
        "websocket.message.size": ("By", "histogram"),
        "websocket.io": ("By", "counter"),
        "wsobserve.capture.packets": ("{packet}", "counter"),
        "wsobserve.capture.packets.dropped": ("{packet}", "counter"),
        "wsobserve.capture.losses": ("{loss}", "counter"),
        "wsobserve.capture.bytes.lost": ("By", "counter"),
        "wsobserve.capture.gaps": ("{gap}", "counter"),
        "wsobserve.messages.undecoded": ("{message}", "counter"),
        "wsobserve.messages.overflow": ("{message}", "counter"),
        "wsobserve.state.evicted": ("{entry}", "counter"),
    }


def test_points_reach_from_the_first_packet_to_the_snapshot() -> None:
    for metric in built().values():
        for point in metric.data.data_points:
            assert isinstance(point, NumberDataPoint | ExponentialHistogramDataPoint)
            assert (point.start_time_unix_nano, point.time_unix_nano) == (T0, T0 + 10 * SECOND)


def test_a_series_says_what_and_where_it_is() -> None:
    metrics_by_name = built()
    [messages] = numbers(metrics_by_name["websocket.messages"])
    [wire] = numbers(metrics_by_name["websocket.io"])
    [size] = histograms(metrics_by_name["websocket.message.size"])
    expected = {
        "server.address": "2001:db8::1",
        "server.port": 443,
        "http.route": "/rooms/{id}",
        "websocket.subprotocol": "chat.v2",
        "websocket.message.direction": "client_to_server",
        "websocket.message.name": "join",
        "messaging.destination.template": "/rooms/{id}",
    }
    assert messages.attributes == wire.attributes == size.attributes == expected
    assert (messages.value, wire.value) == (3, 90)
    assert (size.count, size.sum, size.zero_count, size.min, size.max) == (3, 60, 1, 0, 40)


def test_what_is_not_known_of_a_series_is_left_out() -> None:
    unknown = SeriesTotal(server=None, route=None, subprotocol=None, channel="unknown route", direction=None, name=None)
    metrics_by_name = built(series=(unknown,))
    [messages] = numbers(metrics_by_name["websocket.messages"])
    assert messages.attributes == {"messaging.destination.template": "unknown route"}
    assert "websocket.message.size" not in metrics_by_name  # not one size is known


def test_the_overflow_series_is_told_as_such() -> None:
    overflow = SeriesTotal(
        server=None, route=None, subprotocol=None, channel="_overflow", direction=None, name=None, messages=8
    )
    [messages] = numbers(built(series=(overflow,))["websocket.messages"])
    assert messages.attributes == {"messaging.destination.template": "_overflow", "otel.metric.overflow": True}
    assert by(built()["wsobserve.messages.overflow"], "none") == {None: 8}


def test_closes_are_told_by_code_and_initiator_each_in_a_series_of_its_own() -> None:
    points = numbers(built()["websocket.closes"])
    where = {"server.address": "10.0.0.2", "server.port": 8080, "http.route": "/rooms/{id}"}
    told = [(dict((point.attributes or {}).items() - where.items()), point.value) for point in points]
    assert told == [
        ({"websocket.close.code": 1000, "websocket.close.initiator": "client"}, 2),
        ({"websocket.close.initiator": "network"}, 1),
        ({"error.type": "invalid", "websocket.close.initiator": "client"}, 1),
        ({"websocket.close.initiator": "unknown"}, 1),
        ({"otel.metric.overflow": True, "websocket.close.initiator": "unknown"}, 3),
    ]


def open_connection(number: int, state: Any = "open") -> ConnectionSummary:
    half = Half(connection=f"c{number}", source="a", destination="b", server=f"10.0.0.{number}:80")
    return ConnectionSummary(
        half=half, time_ns=T0, packet=1, started_ns=T0, state=state, started_mid_stream=True, handshake=None
    )


def test_active_connections_are_those_that_are_followed_now() -> None:
    following = (open_connection(1), open_connection(1), open_connection(3), open_connection(4, "closed"))
    active = by(built(open_connections=following)["websocket.active_connections"], "server.address")
    assert active == {"10.0.0.2": 0, "10.0.0.1": 2, "10.0.0.3": 1}


def test_when_nothing_more_will_come_those_without_an_end_count_as_active() -> None:
    assert by(built(final=True)["websocket.active_connections"], "server.address") == {"10.0.0.2": 2}


def test_active_connections_beyond_the_limit_of_series_are_one_series(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "DEFAULT_LIMITS", Limits(series=1))
    following = (open_connection(2), open_connection(3), open_connection(4))
    points = numbers(built(open_connections=following)["websocket.active_connections"])
    assert [point.value for point in points] == [0, 3]
    assert points[1].attributes == {"http.route": "_overflow", "otel.metric.overflow": True}


def test_what_was_lost_is_told_by_reason_from_zero_on() -> None:
    metrics_by_name = built()
    assert by(metrics_by_name["wsobserve.capture.packets.dropped"], "reason") == {
        "kernel_dropped": 7,
        "interface_dropped": 0,
        "worker_lost": 0,
        "left_in_ring": 0,
        "file_cut": 0,
        "file_damaged": 0,
        "cut_header": 2,
    }
    assert by(metrics_by_name["wsobserve.capture.losses"], "reason") == {"file_cut": 1}
    assert by(metrics_by_name["wsobserve.messages.undecoded"], "reason") == {
        "incomplete": 0,
        "context_lost": 5,
        "inflate_error": 0,
        "over_limit": 0,
        "unknown_extension": 0,
    }
    assert by(metrics_by_name["wsobserve.state.evicted"], "what") == {"connection": 6}
    assert by(metrics_by_name["wsobserve.capture.packets"], "none") == {None: 100}
    assert by(metrics_by_name["wsobserve.capture.bytes.lost"], "none") == {None: 123}
    assert by(metrics_by_name["wsobserve.capture.gaps"], "none") == {None: 4}


def test_an_empty_capture_has_its_counters_at_zero_and_no_histogram() -> None:
    empty = built(accounting=Accounting(), series=(), connection_totals=(), messages_in_overflow=0)
    assert {point.value for metric in empty.values() for point in numbers(metric)} == {0}
    assert "wsobserve.capture.packets.dropped" in empty


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=50))
def test_a_histogram_of_sizes_goes_out_exactly(values: list[int]) -> None:
    sizes = sizes_of(values)
    scale, buckets = exponential(sizes)
    assert len(buckets.bucket_counts) <= metrics.MAX_BUCKETS
    assert sum(buckets.bucket_counts) + sizes.zero_count == len(values)
    expected = sizes_of(values, scale).buckets  # counted anew at the scale that it went out with
    assert {buckets.offset + place: count for place, count in enumerate(buckets.bucket_counts) if count} == expected


@given(st.lists(st.integers(1, 10**15), min_size=1, max_size=50), st.integers(-2, 6))
def test_a_histogram_of_durations_is_off_by_less_than_half_a_bucket(values: list[int], scale: int) -> None:
    sizes = sizes_of(values, 4) if scale > 4 else sizes_of(values, scale)
    out_scale, buckets = exponential(sizes, 1e9)
    base = 2.0 ** (2.0**-out_scale)
    told = [
        (base ** (buckets.offset + place), base ** (buckets.offset + place + 1))
        for place, count in enumerate(buckets.bucket_counts)
        for _ in range(count)
    ]
    half_a_bucket = 2.0 ** (0.5 * 2.0**-sizes.scale) * (1 + 1e-9)
    for value, (lower, upper) in zip(sorted(values), sorted(told), strict=True):
        assert lower / half_a_bucket <= value / 1e9 <= upper * half_a_bucket


def test_at_scale_4_every_bucket_of_a_duration_is_told_1_6_percent_too_high() -> None:
    shift = round(math.log2(1e9) * 16)
    assert 2 ** ((math.log2(1e9) * 16 - shift) / 16) == pytest.approx(1.0156, abs=1e-4)


def test_count_sum_and_extremes_of_durations_are_exact_seconds() -> None:
    [duration] = histograms(built()["websocket.connection.duration"])
    assert (duration.count, duration.sum, duration.min, duration.max) == (3, 3661, 1, 3600)
    [opening] = histograms(built()["websocket.handshake.duration"])
    assert (opening.count, opening.min, opening.max) == (2, 0.002, 0.004)
    assert opening.sum == pytest.approx(0.006)


def test_many_series_leave_in_requests_of_bounded_size_and_none_twice() -> None:
    series = tuple(
        SeriesTotal(server=None, route=None, subprotocol=None, channel=f"/{number}", direction=None, name=None, messages=number)
        for number in range(3_000)
    )
    snapshot = Snapshot(time_ns=T0, accounting=Accounting(), series=series)
    requests = metrics_of(snapshot, Resource({}), InstrumentationScope("wsobserve"))
    in_requests = [
        [
            (metric.name, point.attributes)
            for scope in request.resource_metrics[0].scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
        ]
        for request in requests
    ]
    assert max(len(points) for points in in_requests) == metrics.POINTS
    told = [attributes for points in in_requests for name, attributes in points if name == "websocket.messages"]
    assert told == [{"messaging.destination.template": f"/{number}"} for number in range(3_000)]


def test_a_snapshot_before_1970_or_before_its_first_packet_is_still_told() -> None:
    encoder = pytest.importorskip("opentelemetry.exporter.otlp.proto.common.metrics_encoder")
    snapshot = Snapshot(time_ns=-5, accounting=Accounting(first_time_ns=T0), series=(SERIES,))
    for request in metrics_of(snapshot, Resource({}), InstrumentationScope("wsobserve")):
        assert encoder.encode_metrics(request).SerializeToString()


def test_changes_of_messages_are_counted_by_channel_and_change() -> None:
    snapshot = Snapshot(time_ns=T0, accounting=Accounting())
    counts = {("/ticks", "new_field"): 2, ("_overflow", "new_type"): 1}
    [data] = metrics_of(snapshot, Resource({}), InstrumentationScope("x"), None, counts)
    [found] = [each for each in data.resource_metrics[0].scope_metrics[0].metrics if each.name == "websocket.schema.changes"]
    points = [(dict(point.attributes or {}), point.value) for point in found.data.data_points]  # type: ignore[union-attr]  # numbers
    assert points == [
        ({"messaging.destination.template": "/ticks", "websocket.schema.change": "new_field"}, 2),
        (
            {
                "messaging.destination.template": "_overflow",
                "websocket.schema.change": "new_type",
                "otel.metric.overflow": True,
            },
            1,
        ),
    ]
