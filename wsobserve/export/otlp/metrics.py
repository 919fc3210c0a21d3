"""Metrics: one snapshot of the folds in, one set of cumulative points out.

Nothing is counted here: the totals of a snapshot are already what OTLP calls cumulative, from the first packet of the
capture to the moment of the snapshot. Histograms go out as they are kept, base-2 exponential with exact counts.

Durations are kept in nanoseconds and told in seconds. 1e9 is no power of a histogram's base, so the buckets move by the
nearest whole number: always by less than half a bucket, and at scale 4, the one in use, every bucket is told 1.6 % too
high. Count, sum, minimum and maximum are exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Buckets,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from wsobserve.config import DEFAULT_LIMITS
from wsobserve.export.otlp.attributes import Attributes, address, known, moment, text
from wsobserve.records import ConnectionTotal, SeriesTotal, Sizes, Snapshot

MAX_BUCKETS = 160  # of one histogram, as the SDK's own; beyond it neighbours are joined, which is exact, and scale falls
POINTS = 2_000  # of one request: collectors take 4 MiB over gRPC
OVERFLOW = "_overflow"  # the channel or route of the series that stands for all beyond the limit, as in `records`
NANOSECONDS = 1e9

# Told from the start, at zero, so that the first one is seen as an increase.
DROP_REASONS = ("kernel_dropped", "interface_dropped", "worker_lost", "left_in_ring", "file_cut", "file_damaged")
UNDECODED_REASONS = ("incomplete", "context_lost", "inflate_error", "over_limit", "unknown_extension")

CUMULATIVE = AggregationTemporality.CUMULATIVE


def metrics_of(
    snapshot: Snapshot,
    resource: Resource,
    scope: InstrumentationScope,
    evicted: Mapping[str, int] | None = None,
    drift: Mapping[tuple[str, str], int] | None = None,
) -> list[MetricsData]:
    """The metrics of `snapshot`, in requests of bounded size.

    `evicted`: entries that the exporter itself gave up. `drift`: by channel and change, of this snapshot and all before.
    """
    points = _Points(snapshot)
    metrics = [
        _active(points, snapshot),
        *_of_connections(points, snapshot.connection_totals),
        *_of_messages(points, snapshot.series),
        _of_drift(points, drift or {}),
        *_of_accounting(points, snapshot, evicted or {}),
    ]
    return [
        MetricsData([ResourceMetrics(resource, [ScopeMetrics(scope, part, "")], "")])
        for part in _parts([metric for metric in metrics if metric.data.data_points], POINTS)
    ]


def exponential(sizes: Sizes, unit: float = 1) -> tuple[int, Buckets]:
    """Scale and buckets of `sizes`, its values divided by `unit`; at most `MAX_BUCKETS` of them."""
    scale = sizes.scale
    shift = 0 if unit == 1 else round(math.log2(unit) * 2.0**scale)
    counts: dict[int, int] = {}
    for index, count in sizes.buckets.items():
        counts[index - shift] = count
    if not counts:
        return scale, Buckets(0, [])
    while max(counts) - min(counts) >= MAX_BUCKETS:
        joined: dict[int, int] = {}
        for index, count in counts.items():
            joined[index >> 1] = joined.get(index >> 1, 0) + count
        counts, scale = joined, scale - 1
    first = min(counts)
    return scale, Buckets(first, [counts.get(index, 0) for index in range(first, max(counts) + 1)])


class _Points:
    """Makes data points that all begin with the capture and end with the snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._time_ns = moment(snapshot.time_ns)
        first_ns = snapshot.accounting.first_time_ns
        self._start_ns = self._time_ns if first_ns is None else min(moment(first_ns), self._time_ns)

    def number(self, attributes: Attributes, value: int) -> NumberDataPoint:
        return NumberDataPoint(attributes, self._start_ns, self._time_ns, value)

    def histogram(self, attributes: Attributes, sizes: Sizes, unit: float = 1) -> ExponentialHistogramDataPoint:
        scale, positive = exponential(sizes, unit)
        return ExponentialHistogramDataPoint(
            attributes=attributes,
            start_time_unix_nano=self._start_ns,
            time_unix_nano=self._time_ns,
            count=sizes.count,
            sum=sizes.sum / unit,
            scale=scale,
            zero_count=sizes.zero_count,
            positive=positive,
            negative=Buckets(0, []),
            flags=0,
            min=(sizes.minimum or 0) / unit,
            max=(sizes.maximum or 0) / unit,
        )


def _active(points: _Points, snapshot: Snapshot) -> Metric:
    key: tuple[str | None, str | None, str | None]  # server, route, subprotocol
    counts: dict[tuple[str | None, str | None, str | None], int] = {}
    for total in snapshot.connection_totals:
        # When nothing more will come, no connection is followed any more; those without an end were open to the last.
        counts[total.server, total.route, total.subprotocol] = total.opened - total.closed if snapshot.final else 0
    for summary in snapshot.open_connections if not snapshot.final else ():
        if summary.state != "open":
            continue
        key = (summary.half.server, None, None)
        if summary.handshake is not None:
            key = (summary.half.server, summary.handshake.path_template, summary.handshake.subprotocol)
        if key not in counts and len(counts) >= DEFAULT_LIMITS.series:
            key = (None, OVERFLOW, None)
        counts[key] = counts.get(key, 0) + 1
    open_now = [points.number(_series_attributes(*key), count) for key, count in counts.items()]
    return _sum("websocket.active_connections", "{connection}", "Connections that are open.", open_now, monotonic=False)


def _of_connections(points: _Points, totals: Iterable[ConnectionTotal]) -> list[Metric]:
    durations, handshakes, closes = [], [], []
    for total in totals:
        of_total = _series_attributes(total.server, total.route, total.subprotocol)
        if total.duration_ns.count:
            durations.append(points.histogram(of_total, total.duration_ns, NANOSECONDS))
        if total.handshake_ns.count:
            handshakes.append(points.histogram(of_total, total.handshake_ns, NANOSECONDS))
        for code_and_initiator, count in total.closes.items():
            closes.append(points.number(of_total | _close_attributes(code_and_initiator), count))
    return [
        _histogram("websocket.connection.duration", "s", "How long connections lasted that have ended.", durations),
        _histogram(
            "websocket.handshake.duration", "s", "From the request of the opening handshake to its response.", handshakes
        ),
        _sum("websocket.closes", "{connection}", "Connections that have ended, by status code and who ended them.", closes),
    ]


def _of_messages(points: _Points, series: Iterable[SeriesTotal]) -> list[Metric]:
    messages, sizes, wire = [], [], []
    for total in series:
        of_series = _message_attributes(total)
        messages.append(points.number(of_series, total.messages))
        wire.append(points.number(of_series, total.frame_bytes))
        if total.sizes.count:
            sizes.append(points.histogram(of_series, total.sizes))
    return [
        _sum("websocket.messages", "{message}", "Messages.", messages),
        _histogram("websocket.message.size", "By", "Length of messages after inflation.", sizes),
        _sum("websocket.io", "By", "Bytes of messages on the wire: headers and payloads of their frames.", wire),
    ]


def _of_drift(points: _Points, drift: Mapping[tuple[str, str], int]) -> Metric:
    changes = []
    for (channel, change), count in drift.items():
        attributes = known({"messaging.destination.template": channel, "websocket.schema.change": change})
        if channel == OVERFLOW:
            attributes["otel.metric.overflow"] = True
        changes.append(points.number(attributes, count))
    return _sum("websocket.schema.changes", "{change}", "Changes of what messages look like.", changes)


def _of_accounting(points: _Points, snapshot: Snapshot, evicted: Mapping[str, int]) -> list[Metric]:
    accounting = snapshot.accounting
    dropped = _added(dict.fromkeys(DROP_REASONS, 0), accounting.packets_dropped, accounting.capture_loss)
    undecoded = _added(dict.fromkeys(UNDECODED_REASONS, 0), accounting.messages_undecoded)
    given_up = _added({"connection": sum(accounting.connections_evicted.values())}, evicted)
    return [
        _sum("wsobserve.capture.packets", "{packet}", "Packets seen.", [points.number({}, accounting.packets_seen)]),
        _by(
            points, "wsobserve.capture.packets.dropped", "{packet}", "Packets not captured or not decodable.", "reason", dropped
        ),
        _by(points, "wsobserve.capture.losses", "{loss}", "Losses of unknown size.", "reason", accounting.capture_loss_unknown),
        _sum("wsobserve.capture.bytes.lost", "By", "Stream bytes missing.", [points.number({}, accounting.bytes_lost)]),
        _sum("wsobserve.capture.gaps", "{gap}", "Holes in streams.", [points.number({}, accounting.gaps)]),
        _by(points, "wsobserve.messages.undecoded", "{message}", "Messages not decoded.", "reason", undecoded),
        _sum(
            "wsobserve.messages.overflow",
            "{message}",
            "Messages beyond the limit of series: counted in the overflow series.",
            [points.number({}, snapshot.messages_in_overflow)],
        ),
        _by(points, "wsobserve.state.evicted", "{entry}", "State given up to stay within a limit.", "what", given_up),
    ]


def _by(points: _Points, name: str, unit: str, description: str, key: str, counts: Mapping[str, int]) -> Metric:
    return _sum(name, unit, description, [points.number({key: text(value)}, count) for value, count in counts.items()])


def _sum(name: str, unit: str, description: str, points: list[NumberDataPoint], monotonic: bool = True) -> Metric:
    return Metric(name, description, unit, Sum(points, CUMULATIVE, monotonic))


def _histogram(name: str, unit: str, description: str, points: list[ExponentialHistogramDataPoint]) -> Metric:
    return Metric(name, description, unit, ExponentialHistogram(points, CUMULATIVE))


def _added(*many: Mapping[str, int]) -> dict[str, int]:
    total: dict[str, int] = {}
    for counts in many:
        for key, count in counts.items():
            total[key] = total.get(key, 0) + count
    return total


def _series_attributes(server: str | None, route: str | None, subprotocol: str | None) -> Attributes:
    attributes = address("server", server) | known({"http.route": route, "websocket.subprotocol": subprotocol})
    if route == OVERFLOW:
        attributes["otel.metric.overflow"] = True
    return attributes


def _message_attributes(total: SeriesTotal) -> Attributes:
    attributes = _series_attributes(total.server, total.route, total.subprotocol) | known(
        {
            "websocket.message.direction": total.direction,
            "websocket.message.name": total.name,
            "messaging.destination.template": total.channel,
        }
    )
    if total.channel == OVERFLOW:
        attributes["otel.metric.overflow"] = True
    return attributes


def _close_attributes(code_and_initiator: str) -> Attributes:
    """`1000 client`; `none network`: no code was sent; `invalid client`: one that must not be; `other unknown`: all others."""
    code, _, initiator = code_and_initiator.partition(" ")
    attributes = known({"websocket.close.initiator": initiator or None})
    if code.isdecimal():
        attributes["websocket.close.code"] = int(code)
    elif code == "other":
        attributes["otel.metric.overflow"] = True
    elif code != "none":
        attributes["error.type"] = text(code)
    return attributes


def _parts(metrics: list[Metric], limit: int) -> list[list[Metric]]:
    """The same points in lists of at most `limit` points, a metric continued under its own name."""
    parts: list[list[Metric]] = [[]]
    room = limit
    for metric in metrics:
        points = metric.data.data_points
        start = 0
        while start < len(points):
            if room == 0:
                parts.append([])
                room = limit
            stop = min(start + room, len(points))
            # A slice of a kind of data's points is of that kind, which the union of kinds does not tell.
            data = replace(metric.data, data_points=points[start:stop])  # type: ignore[arg-type]
            parts[-1].append(replace(metric, data=data))
            room -= stop - start
            start = stop
    return parts
