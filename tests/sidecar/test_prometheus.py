"""Metrics as Prometheus's own parser reads them: every number of the status, no series twice, no counter that goes back."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sidecar.statuses import channel, queue_counts, status
from wsobserve.export.recording.counts import RecordingCounts
from wsobserve.records import Accounting, Sizes
from wsobserve.sidecar.prometheus import CHANNELS, NAMES, Metrics
from wsobserve.sidecar.status import ExporterStatus

parser = pytest.importorskip("prometheus_client.parser", reason="the package prometheus_client is not installed")

pytestmark = pytest.mark.build_independent

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(text: str) -> Series:
    """By name and labels. A series twice, and a counter that is not called one, are failures."""
    series: Series = {}
    names = set()
    for family in parser.text_string_to_metric_families(text):
        assert family.name not in names
        names.add(family.name)
        assert family.documentation
        assert family.type in ("counter", "gauge", "histogram")
        for sample in family.samples:
            assert family.type != "counter" or sample.name.endswith("_total")
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in series
            series[key] = sample.value
    return series


def value(series: Series, name: str, **labels: str) -> float:
    return series[name, tuple(sorted(labels.items()))]


def test_every_number_of_the_status() -> None:
    series = read(Metrics().text(status(shedding=1, shed={"payload_samples": 4})))
    assert value(series, "wsobserve_capture_packets_total") == 990
    assert value(series, "wsobserve_capture_packets_dropped_total", reason="kernel_dropped") == 10
    assert value(series, "wsobserve_capture_packets_dropped_total", reason="cut_header") == 5
    assert value(series, "wsobserve_capture_bytes_lost_total") == 1_500
    assert value(series, "wsobserve_capture_gaps_total") == 2
    assert value(series, "wsobserve_messages_undecoded_total", reason="context_lost") == 1
    assert value(series, "wsobserve_messages_undecoded_total", reason="incomplete") == 0
    assert value(series, "wsobserve_handshakes_total", state="accepted") == 3
    assert value(series, "websocket_active_connections") == 3
    assert value(series, "wsobserve_memory_bytes") == 89_233_818
    assert value(series, "wsobserve_memory_budget_bytes") == 268_435_456
    assert value(series, "wsobserve_shedding") == 1
    assert value(series, "wsobserve_shed_total", what="payload_samples") == 4
    assert value(series, "wsobserve_worker_up", worker="0") == 1
    assert value(series, "wsobserve_worker_restarts_total", worker="0") == 1
    assert value(series, "wsobserve_exporter_queue_records", exporter="store") == 3
    assert value(series, "wsobserve_exporter_records_total", exporter="store", outcome="exported") == 7
    assert value(series, "wsobserve_info", version="0.1.0", service="chat") == 1
    assert value(series, "wsobserve_ready") == value(series, "wsobserve_healthy") == 1
    assert value(series, "wsobserve_start_time_seconds") == 1_700_000_000


def test_messages_by_channel_direction_and_name() -> None:
    of_channel = {"messaging_destination_template": "/rooms/{id}", "websocket_message_direction": "client_to_server"}
    series = read(Metrics().text(status()))
    assert value(series, "websocket_messages_total", **of_channel, websocket_message_name="say") == 4
    assert value(series, "websocket_messages_total", **of_channel) == 2, "those without a name"
    assert value(series, "websocket_io_bytes_total", **of_channel) == 160


def test_sizes_are_a_histogram_that_adds_up() -> None:
    of_channel = {"messaging_destination_template": "/rooms/{id}", "websocket_message_direction": "client_to_server"}
    series = read(Metrics().text(status()))

    def up_to(bound: str) -> float:
        return value(series, "websocket_message_size_bytes_bucket", **of_channel, le=bound)

    # two of nothing, three in (8, 16], one in (64, 128]
    assert [up_to(bound) for bound in ("16", "64", "256", "16777216", "+Inf")] == [5, 5, 6, 6, 6]
    assert value(series, "websocket_message_size_bytes_sum", **of_channel) == 130
    assert value(series, "websocket_message_size_bytes_count", **of_channel) == 6


@pytest.mark.parametrize("scale", [-1, 0, 1, 4, 8])
def test_buckets_are_exact_at_their_bounds(scale: int) -> None:
    """A message of exactly 256 bytes lies in the bucket that ends at 256, and not in one beyond it."""
    last = 8 * 2**scale - 1 if scale >= 0 else 3  # (.., 256]
    sizes = Sizes(scale=scale, count=2, sum=257, minimum=1, maximum=257, buckets={last: 1, last + 1: 1})
    series = read(Metrics().text(status(channels=(channel(sizes=sizes, messages=2, names={}),))))
    by_bound = {dict(labels)["le"]: count for (name, labels), count in series.items() if name.endswith("_bucket")}
    assert by_bound["64"] == 0
    assert by_bound["256"] == 1
    assert by_bound["1024"] == 2


def test_an_exporter_in_trouble_is_told_with_numbers() -> None:
    counts = queue_counts(dropped={"A": 2, "B": 3}, failed={"A": 1}, failures=7, volumes_dropped=11)
    series = read(Metrics().text(status(exporters=(ExporterStatus(name="otlp", counts=counts),))))
    assert value(series, "wsobserve_exporter_records_total", exporter="otlp", outcome="dropped") == 5
    assert value(series, "wsobserve_exporter_records_total", exporter="otlp", outcome="failed") == 1
    assert value(series, "wsobserve_exporter_records_total", exporter="otlp", outcome="volumes_dropped") == 11
    assert value(series, "wsobserve_exporter_failures_total", exporter="otlp") == 7


def test_channels_beyond_the_limit_are_one_and_keep_their_place() -> None:
    """Whoever had a series keeps it, however the channels are told, so that no counter goes back."""
    metrics = Metrics()
    channels = [channel(f"/{number}", messages=6 + number) for number in range(CHANNELS + 50)]
    before = read(metrics.text(status(channels=tuple(channels))))
    random.Random(7).shuffle(channels)
    grown = tuple(channel(total.channel, messages=total.messages + 1) for total in channels)
    after = read(metrics.text(status(channels=(channel("/another"), *grown))))
    assert value(before, "wsobserve_metrics_overflow") == 50
    assert value(after, "wsobserve_metrics_overflow") == 51
    assert before.keys() == after.keys()
    counters = [key for key in before if key[0].endswith("_total")]
    assert all(after[key] >= before[key] for key in counters)
    total = sum(count for (name, _), count in after.items() if name == "websocket_messages_total")
    assert total == sum(each.messages for each in grown) + 6, "all messages are in there"


def test_names_beyond_the_limit_are_one() -> None:
    names = {f"name{number}": 2 for number in range(NAMES + 5)}
    series = read(Metrics().text(status(channels=(channel(messages=100, names=names),))))
    messages = {
        dict(labels).get("websocket_message_name"): count
        for (name, labels), count in series.items()
        if name == "websocket_messages_total"
    }
    assert len(messages) == NAMES + 2
    assert messages["_overflow"] == 10
    assert messages[None] == 100 - 2 * len(names)
    assert sum(messages.values()) == 100


@settings(max_examples=50)
@given(st.lists(st.text(alphabet=st.characters(exclude_categories=()), max_size=300), unique=True, max_size=6))
def test_whatever_a_channel_is_called_it_is_one_series(names: list[str]) -> None:
    read(Metrics().text(status(channels=tuple(channel(name, names=dict.fromkeys(names, 1), messages=9) for name in names))))


def test_long_names_that_begin_alike_stay_apart() -> None:
    channels = (channel("/" + "a" * 300 + "b"), channel("/" + "a" * 300 + "c"), channel("/\udc80"), channel("/\udc81"))
    text = Metrics().text(status(channels=channels))
    read(text)
    assert max(len(line) for line in text.splitlines()) < 500


def test_labels_are_read_as_they_were() -> None:
    series = read(Metrics().text(status(channels=(channel('/a"b\\c\nd{}', names={}),))))
    assert any(dict(labels).get("messaging_destination_template") == '/a"b\\c\nd{}' for _, labels in series)


def test_a_sidecar_that_saw_nothing_yet() -> None:
    series = read(Metrics().text(status(channels=(), accounting=Accounting(), exporters=(), workers=())))
    assert value(series, "wsobserve_capture_packets_dropped_total", reason="kernel_dropped") == 0


def test_what_was_recorded() -> None:
    assert "recording" not in Metrics().text(status())
    counts = RecordingCounts(packets=7, bytes=900, left_out={"disk": 2}, chosen={"anomaly": 1}, packets_held=3, failures=1)
    series = read(Metrics().text(status(recording=counts)))
    assert value(series, "wsobserve_recording_packets_total") == 7
    assert value(series, "wsobserve_recording_packets_left_out_total", reason="disk") == 2
    assert value(series, "wsobserve_recording_packets_left_out_total", reason="memory") == 0
    assert value(series, "wsobserve_recording_connections_total", by="anomaly") == 1
    assert value(series, "wsobserve_recording_packets_held") == 3
    assert value(series, "wsobserve_recording_failures_total") == 1
