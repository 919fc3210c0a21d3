"""`wsobserve analyze`: one capture into the store and to a collector, with the same numbers everywhere."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from wsobserve.analysis import analyze_files
from wsobserve.export.error import ExportError
from wsobserve.export.store import StoreExporter, StoreReader
from wsobserve.records import ConnectionSummary, Record, Snapshot
from wsobserve.workers import Plan, Workers

CAPTURES = Path(__file__).resolve().parents[1] / "captures"
DEMO = str(CAPTURES / "demo.pcapng")


def observers(*paths: str, snapshot_every_ns: int | None = None, messages: int | None = None) -> Workers:
    return Workers(Plan(paths=paths, snapshot_every_ns=snapshot_every_ns, messages=messages), 1)


class Collected:
    """An exporter that keeps what it is given; with `failing` it refuses everything."""

    def __init__(self, failing: bool = False) -> None:
        self.records: list[Record] = []
        self.closed = False
        self.failing = failing

    def export(self, records: Sequence[Record]) -> None:
        if self.failing:
            raise ExportError("collector: no room")
        self.records += records

    def flush(self, timeout_s: float) -> bool:
        return True

    def close(self) -> None:
        self.closed = True


def test_exporters_get_every_record_and_the_last_snapshot() -> None:
    exporter = Collected()
    result = analyze_files(observers(DEMO), [exporter])
    assert result.failures == []
    assert exporter.records[-1] == result.snapshot
    assert isinstance(result.snapshot, Snapshot)
    assert result.snapshot.final
    connections = [record for record in exporter.records if isinstance(record, ConnectionSummary)]
    assert len(connections) == sum(result.snapshot.accounting.handshakes.values())
    assert exporter.closed


def test_an_exporter_that_fails_does_not_keep_the_others_from_working() -> None:
    good, bad = Collected(), Collected(failing=True)
    result = analyze_files(observers(DEMO), [bad, good])
    assert good.records[-1] == result.snapshot
    assert len(result.failures) == 1
    assert result.failures[0].startswith("collector: no room")
    assert bad.closed


def test_a_file_that_cannot_be_read_is_a_failure_beside_the_results() -> None:
    result = analyze_files(observers(DEMO, "/nowhere.pcap"), [])
    assert "nowhere.pcap" in result.failures[0]
    assert result.snapshot.accounting.messages > 0


def test_snapshots_in_between_come_by_the_capture_s_clock() -> None:
    exporter = Collected()
    files = sorted(str(path) for path in CAPTURES.glob("rotated_*.pcap*"))
    result = analyze_files(observers(*files, snapshot_every_ns=1_000_000_000), [exporter])
    snapshots = [record for record in exporter.records if isinstance(record, Snapshot)]
    assert len(snapshots) > 2
    assert [snapshot.final for snapshot in snapshots] == [False] * (len(snapshots) - 1) + [True]
    assert any(snapshot.open_connections for snapshot in snapshots[:-1])
    assert snapshots[-1] == result.snapshot


def test_messages_that_were_not_asked_for_are_counted_as_left_out(tmp_path: Path) -> None:
    store = str(tmp_path / "seen.db")
    result = analyze_files(observers(DEMO, messages=100), [StoreExporter(store)])
    total = sum(series.messages for series in result.snapshot.series)
    reader = StoreReader(store)
    run = reader.runs()[0]
    assert len(reader.messages(run["id"], limit=1_000)) == 100
    assert run["messages_left_out"] == total - 100


def test_progress_ends_at_the_size_of_the_file() -> None:
    seen: list[tuple[int, int | None]] = []
    analyze_files(observers(DEMO), [], lambda bytes_read, total: seen.append((bytes_read, total)))
    size = Path(DEMO).stat().st_size
    assert seen[-1] == (size, size)


def test_store_and_summary_say_the_same(wsobserve_command: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [*wsobserve_command, "analyze", DEMO, "--store", "seen.db", "--json"],
        capture_output=True,
        cwd=tmp_path,
        timeout=120,
        check=True,
    )
    accounting = json.loads(done.stdout)
    reader = StoreReader(str(tmp_path / "seen.db"))
    run = reader.runs()[0]["id"]
    assert reader.accounting(run) == accounting
    assert sum(row["messages"] for row in reader.channels(run)) == accounting["messages"]
    assert sum(row["messages"] for row in reader.volumes(run)) == accounting["messages"]


@pytest.mark.build_independent
@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_capture_arrives_at_a_real_collector(wsobserve_command: list[str], tmp_path: Path, protocol: str) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra [otlp] is not installed")
    from tests.otlp_receiver import grpc_receiver, http_receiver

    with (grpc_receiver if protocol == "grpc" else http_receiver)() as received:
        environment = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc" if protocol == "grpc" else "http/protobuf"}
        done = subprocess.run(
            [*wsobserve_command, "analyze", DEMO, "--otlp", received.endpoint, "--json"],
            capture_output=True,
            cwd=tmp_path,
            timeout=120,
            check=False,
            env={**os.environ, **environment},
        )
        assert done.returncode == 0, done.stderr.decode()
        accounting = json.loads(done.stdout)
        handshakes = [span for span in received.spans if span.name.startswith("GET ")]
        assert len(handshakes) == sum(accounting["handshakes"].values())
        metrics = {metric.name: metric for metric in received.metrics}
        assert metrics["websocket.messages"].unit == "{message}"
        assert (
            sum(int(point.as_int or point.as_double) for point in metrics["websocket.messages"].sum.data_points)
            == (accounting["messages"])
        )
        assert metrics["websocket.io"].unit == "By"
