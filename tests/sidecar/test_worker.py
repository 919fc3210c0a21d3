"""A worker reports what a pipeline finds, whatever happens on the other side of the pipe."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

import wsobserve
from tests.sidecar.file_ring import FileRing
from wsobserve.config import DEFAULT_LIMITS
from wsobserve.export.recording.counts import RecordingCounts
from wsobserve.export.recording.recorder import Recorder
from wsobserve.export.recording.settings import RecordingSettings
from wsobserve.pipeline import Pipeline
from wsobserve.records import Anomaly, CaptureLoss, ChannelMessage, ConnectionSummary, Handshake, PacketBatch, Record
from wsobserve.sidecar import worker as worker_module
from wsobserve.sidecar.pipe import pipes
from wsobserve.sidecar.report import Order, Report, opened
from wsobserve.sidecar.worker import CaptureWorker

DEMO = str(Path(__file__).resolve().parents[2] / "captures" / "demo.pcapng")


class Running:
    """A worker in a thread of its own, and our end of its pipe."""

    def __init__(self, ring: FileRing, **options: object) -> None:
        self.pipe, theirs = pipes()
        self.reports: list[Report] = []
        self.taken = 0
        settings: dict[str, object] = {"interval_s": 0.05, "messages": 10_000} | options
        self.worker = CaptureWorker(0, ring, theirs, DEFAULT_LIMITS, **settings)  # type: ignore[arg-type]
        self.ended: list[bool] = []
        self.thread = threading.Thread(target=lambda: self.ended.append(self.worker.run()))
        self.thread.start()

    def hear(self) -> None:
        for packed in self.pipe.received_packed():
            self.taken, report = opened(packed)
            self.reports.append(pickle.loads(report))
            assert self.reports[-1].taken == self.taken

    def hear_until_final(self) -> Report:
        until = time.monotonic() + 30
        while not (self.reports and self.reports[-1].final):
            self.hear()
            assert time.monotonic() < until
            time.sleep(0.005)
        self.thread.join(10)
        return self.reports[-1]

    def stop(self) -> Report:
        self.pipe.send(Order(stop=True))
        return self.hear_until_final()


def test_the_last_report_is_what_one_pipeline_finds() -> None:
    ring = FileRing([DEMO])
    running = Running(ring)
    last = running.stop()
    assert running.ended == [True]
    assert last.taken == ring.packets

    pipeline = Pipeline(frames=False)
    records = []
    for batch in FileRing([DEMO])._batches:
        records += pipeline.receive(batch)
    records += pipeline.finish()
    findings = pipeline.findings()
    assert last.accounting == findings.accounting
    assert last.series.snapshot() == findings.series.snapshot()
    assert last.connections.snapshot() == findings.connections.snapshot()
    assert last.schemas is not None
    assert last.schemas.kinds() == findings.schemas.kinds()
    told = [record for report in running.reports for record in report.records]
    for kind in (Handshake, ChannelMessage, ConnectionSummary, Anomaly):
        assert sum(isinstance(record, kind) for record in told) == sum(isinstance(record, kind) for record in records), kind
    volumes = {(one.channel, one.direction, one.time_ns): one for report in running.reports for one in report.volumes}
    assert sum(one.messages for one in volumes.values()) == last.accounting.messages


def test_a_parent_that_does_not_listen_costs_records_and_never_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "WAITING_RECORDS", 100)
    ring = FileRing([DEMO])
    running = Running(ring)
    until = time.monotonic() + 30
    while ring.taken < ring.packets:  # nobody has heard anything yet
        assert time.monotonic() < until
        time.sleep(0.01)
    last = running.stop()
    told = sum(len(report.records) for report in running.reports)
    assert sum(last.left_out.values()) > 0
    pipeline = Pipeline(frames=False)
    whole = sum(len(pipeline.receive(batch)) for batch in FileRing([DEMO])._batches) + len(pipeline.finish())
    assert told + sum(last.left_out.values()) == whole  # each is told or counted
    assert last.accounting.messages == pipeline.accounting().messages


def test_a_worker_ends_when_its_parent_is_gone() -> None:
    running = Running(FileRing([DEMO]))
    running.pipe.close()
    running.thread.join(10)
    assert running.ended == [True]


def test_a_worker_says_when_there_is_nothing_to_watch_any_more() -> None:
    ring = FileRing([DEMO], gone_after=3)
    running = Running(ring)
    last = running.hear_until_final()
    assert running.ended == [False]
    assert last.taken == last.accounting.packets_seen == sum(len(batch) for batch in ring._batches[:3])


def test_shedding_is_obeyed() -> None:
    running = Running(FileRing([DEMO]), shedding=6)
    last = running.stop()
    assert last.accounting.packets_skipped["sampled_out"] > 0
    assert not any(isinstance(record, ChannelMessage) for report in running.reports for record in report.records)


def test_another_interval_is_obeyed() -> None:
    running = Running(FileRing([DEMO]), interval_s=3600)
    running.pipe.send(Order(interval_s=0.01))
    until = time.monotonic() + 20
    while not running.reports:
        running.hear()
        assert time.monotonic() < until
        time.sleep(0.01)
    assert running.stop().final


def test_what_the_worker_takes_is_recorded_to_the_last_packet(tmp_path: Path) -> None:
    ring = FileRing([DEMO])
    recorder = Recorder(RecordingSettings(directory=str(tmp_path), sample=1.0, payloads="whole"))
    last = Running(ring, recorder=recorder).stop()
    assert last.recording is not None
    assert last.recording.packets == last.recording.packets_seen == ring.packets
    assert wsobserve.analyze(*tmp_path.iterdir()).accounting.messages == last.accounting.messages


def test_a_clock_that_steps_back_loses_nothing() -> None:
    ring = FileRing([DEMO])
    for batch in ring._batches[len(ring._batches) // 2 :]:
        for index in range(len(batch)):
            batch.times_ns[index] -= 3_600_000_000_000
    last = Running(ring).stop()
    assert last.accounting.messages == last.accounting.messages_decoded == 1654
    assert last.accounting.packets_seen == ring.packets
    assert last.accounting.gaps == 0


class Kept:
    """A recorder that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Record] = []

    def batch(self, batch: PacketBatch) -> None:
        pass

    def records(self, records: Sequence[Record]) -> None:
        self.told += records

    def tick(self, now_ns: int) -> None:
        pass

    def counts(self) -> RecordingCounts:
        return RecordingCounts()

    def shed(self, steps: int) -> None:
        pass

    def close(self) -> None:
        pass


def test_what_the_kernel_dropped_is_told_to_the_recording() -> None:
    recorder = Kept()
    running = Running(FileRing([DEMO]), recorder=recorder)
    loss = CaptureLoss(source="lo", reason="kernel_dropped", packets=4)
    running.pipe.send(Order(loss=loss))
    last = running.stop()
    assert loss in recorder.told
    assert not last.accounting.capture_loss  # there it is the parent's


def test_a_worker_with_rare_exports_still_says_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "QUIET_S", 0.05)
    running = Running(FileRing([DEMO]), interval_s=3600)
    until = time.monotonic() + 20
    while len(running.reports) < 3:
        running.hear()
        assert time.monotonic() < until
        time.sleep(0.01)
    assert running.stop().final
