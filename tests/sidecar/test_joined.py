"""What several workers reported adds up to what one would have, also when workers end in between."""

from __future__ import annotations

import pickle
from pathlib import Path

import msgspec
import pytest

from wsobserve.capture.files import read_captures
from wsobserve.export.recording.counts import RecordingCounts
from wsobserve.findings import Findings
from wsobserve.pipeline import Pipeline
from wsobserve.records import Accounting, CaptureLoss, ChannelMessage, PacketBatch, SchemaDrift, Snapshot
from wsobserve.sidecar import joined as joined_module
from wsobserve.sidecar.joined import Joined
from wsobserve.sidecar.report import Report

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
DEMO = CAPTURES / "demo.pcapng"


def batches() -> list[PacketBatch]:
    return [item for item in read_captures([str(DEMO)]) if isinstance(item, PacketBatch)]


def reports(worker: int, workers: int) -> list[Report]:
    """Of a worker that has its share of the connections, one for each batch, and the last one."""
    pipeline = Pipeline(frames=False, messages=0, worker=worker, workers=workers)
    found = []
    taken = 0
    for batch in [*batches(), None]:
        records = pipeline.finish() if batch is None else pipeline.receive(batch)
        taken += 0 if batch is None else len(batch)
        findings = pipeline.findings()
        report = Report(
            worker=worker,
            taken=taken,
            now_ns=pipeline.now_ns,
            accounting=findings.accounting,
            series=findings.series,
            connections=findings.connections,
            routes=findings.routes,
            records=records,
            volumes=findings.volumes.changed(),
            open_connections=findings.open_connections,
            schemas=findings.schemas,
            final=batch is None,
        )
        found.append(pickle.loads(pickle.dumps(report)))
    return found


def alone() -> Snapshot:
    pipeline = Pipeline(frames=False, messages=0)
    for batch in batches():
        pipeline.receive(batch)
    pipeline.finish()
    findings: Findings = pipeline.findings()
    return findings.snapshot(final=True)


def comparable(snapshot: Snapshot) -> dict[str, object]:
    built: dict[str, object] = msgspec.to_builtins(msgspec.structs.replace(snapshot, volumes=()), str_keys=True)
    return built


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_reports_add_up_to_what_one_pipeline_finds(workers: int) -> None:
    joined = Joined()
    volumes = {}
    streams = [reports(worker, workers) for worker in range(workers)]
    for turn in zip(*streams, strict=True):
        for report in turn:
            joined.take(report)
        for volume in joined.snapshot().volumes:
            volumes[volume.channel, volume.direction, volume.time_ns] = volume
    last = joined.snapshot(final=True)
    assert comparable(last) == comparable(alone())
    expected = {(one.channel, one.direction, one.time_ns): one for one in alone().volumes}
    assert volumes == expected


def test_what_a_worker_told_stays_when_it_ends_and_another_takes_its_place() -> None:
    stream = reports(0, 1)
    first = stream[len(stream) // 2]
    joined = Joined()
    joined.take(stream[-1])
    joined.end(0)
    once = joined.snapshot()
    assert once.accounting.messages == stream[-1].accounting.messages
    joined.take(msgspec.structs.replace(first, left_out={"Anomaly": 2}))
    joined.end(0)
    joined.take(stream[-1])
    twice = joined.snapshot(final=True)
    assert twice.accounting.messages == 2 * once.accounting.messages + first.accounting.messages
    assert sum(one.messages for one in twice.channels) == twice.accounting.messages
    assert sum(kind.messages for kind in twice.kinds) + twice.messages_without_kind == twice.accounting.messages
    assert sum(one.messages for one in twice.volumes) <= twice.accounting.messages
    assert joined.left_out() == {"Anomaly": 2}


def test_open_connections_of_a_worker_that_ended_are_open_no_more() -> None:
    joined = Joined()
    stream = reports(0, 1)
    joined.take(stream[len(stream) // 2])
    assert joined.snapshot().open_connections
    joined.end(0)
    assert not joined.snapshot().open_connections


def test_losses_stand_in_the_accounting() -> None:
    joined = Joined()
    joined.lose(CaptureLoss(source="x", reason="kernel_dropped", packets=3))
    joined.lose(CaptureLoss(source="x", reason="kernel_dropped", packets=4))
    joined.lose(CaptureLoss(source="x", reason="interface_dropped"))
    accounting = joined.snapshot().accounting
    assert accounting.capture_loss == {"kernel_dropped": 7}
    assert accounting.capture_loss_unknown == {"interface_dropped": 1}


def test_drift_goes_with_the_next_snapshot_and_messages_get_their_kind() -> None:
    drift = SchemaDrift(time_ns=1, packet=1, half=None, channel="/c", kind="k", name=None, change="new_field")
    report = reports(0, 1)[-1]
    joined = Joined()
    assert drift not in joined.take(msgspec.structs.replace(report, records=[drift]))
    assert joined.snapshot().drift == (drift,)
    assert joined.snapshot().drift == ()

    pipeline = Pipeline(frames=False)
    messages = [one for batch in batches() for one in pipeline.receive(batch) if isinstance(one, ChannelMessage)]
    labelled = joined.take(msgspec.structs.replace(report, records=list(messages)))
    assert any(isinstance(one, ChannelMessage) and one.schema for one in labelled)
    kinds = {kind.id for kind in joined.snapshot(final=True).kinds}
    assert {one.schema for one in labelled if isinstance(one, ChannelMessage)} <= kinds | {None}


def test_what_was_recorded_adds_up_and_what_an_ended_worker_held_is_gone() -> None:
    def report(worker: int, counts: RecordingCounts) -> Report:
        fold = Pipeline().findings()
        return Report(
            worker=worker,
            taken=0,
            now_ns=1,
            accounting=Accounting(),
            series=fold.series,
            connections=fold.connections,
            routes=fold.routes,
            recording=counts,
        )

    joined = Joined()
    assert joined.recording() is None
    joined.take(report(0, RecordingCounts(packets_seen=10, packets=4, packets_held=6, bytes_held=600)))
    joined.take(report(1, RecordingCounts(packets_seen=5, packets=5)))
    assert joined.recording() == RecordingCounts(packets_seen=15, packets=9, packets_held=6, bytes_held=600)
    joined.end(0)
    joined.take(report(0, RecordingCounts(packets_seen=1, packets=1)))
    assert joined.recording() == RecordingCounts(packets_seen=16, packets=10, left_out={"worker_ended": 6})
    joined.end(0)
    joined.end(1)
    assert joined.recording() == RecordingCounts(packets_seen=16, packets=10, left_out={"worker_ended": 6})


def test_drift_beyond_what_may_wait_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joined_module, "MOST_DRIFT", 2)
    drift = SchemaDrift(time_ns=1, packet=1, half=None, channel="/c", kind="k", name=None, change="new_field")
    joined = Joined()
    joined.take(msgspec.structs.replace(reports(0, 1)[-1], records=[drift] * 5))
    assert joined.snapshot().drift == (drift, drift)
    assert joined.left_out() == {"SchemaDrift": 3}
