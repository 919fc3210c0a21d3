"""The outlet hands everything on and says how things are, whatever becomes of exporters and of the parent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import msgspec

from tests.sidecar.test_joined import reports
from tests.sidecar.test_status import status
from wsobserve.config import DEFAULT_LIMITS
from wsobserve.export.error import ExportError
from wsobserve.records import CaptureLoss, ConnectionSummary, Record, Snapshot
from wsobserve.sidecar.outlet import Outlet
from wsobserve.sidecar.pipe import pipes
from wsobserve.sidecar.report import Began, Closing, Report, Supervision
from wsobserve.sidecar.status import Status, WorkerStatus


class Kept:
    """An exporter that keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.closed = False

    def export(self, records: Sequence[Record]) -> None:
        self.records += records

    def flush(self, timeout_s: float) -> bool:
        return True

    def close(self) -> None:
        self.closed = True

    def of(self, kind: type[Record]) -> list[Record]:
        return [record for record in self.records if isinstance(record, kind)]


class Refusing(Kept):
    """An exporter that takes nothing."""

    def export(self, records: Sequence[Record]) -> None:
        raise ExportError("the disk is full")


class Running:
    """An outlet in a thread, and the parent's end of its pipe."""

    def __init__(self, *exporters: tuple[str, Kept]) -> None:
        self.pipe, theirs = pipes()
        self.heard: list[object] = []
        self.shown: list[Status] = []

        def open_exporters() -> list[tuple[str, Kept]]:
            return list(exporters)

        self.outlet = Outlet(theirs, DEFAULT_LIMITS, open_exporters, interval_s=0.05, about=status(), show=self.shown.append)
        self.thread = threading.Thread(target=self.outlet.run)
        self.thread.start()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < until
            self.pipe.flush()
            self.heard += self.pipe.received()
            time.sleep(0.005)

    def finish(self, **changes: object) -> Closing:
        self.pipe.send(msgspec.structs.replace(supervision(), final=True, **changes))
        self.wait_for(lambda: any(isinstance(one, Closing) and one.exporters_closed for one in self.heard))
        self.thread.join(10)
        last = self.heard[-1]
        assert isinstance(last, Closing)
        return last


def supervision(heard_ns: int | None = None) -> Supervision:
    worker = WorkerStatus(
        number=0, process=1, restarts=0, packets=1, memory_bytes=1, heard_ns=time.time_ns() if heard_ns is None else heard_ns
    )
    return Supervision(workers=(worker,), memory_bytes=7, shedding=2, memory_budget=9)


def test_everything_that_is_reported_leaves() -> None:
    kept = Kept()
    running = Running(("kept", kept))
    stream: list[Report] = reports(0, 1)
    for report in stream:
        running.pipe.send(report)
    running.pipe.send(supervision())
    loss = CaptureLoss(source="lo", reason="kernel_dropped", packets=5, time_ns=1)
    closing = running.finish(losses=[loss])
    assert isinstance(running.heard[0], Began)
    assert closing.failures == []
    assert closing.snapshot is not None
    assert closing.snapshot.final
    assert closing.snapshot.accounting.messages == stream[-1].accounting.messages
    assert closing.snapshot.accounting.capture_loss == {"kernel_dropped": 5}
    assert kept.of(CaptureLoss) == [loss]
    told = sum(isinstance(record, ConnectionSummary) for report in stream for record in report.records)
    assert len(kept.of(ConnectionSummary)) == told > 0
    assert kept.of(Snapshot)[-1] == closing.snapshot
    assert kept.closed


def test_what_did_not_change_is_not_exported_again() -> None:
    kept = Kept()
    running = Running(("kept", kept))
    running.pipe.send(reports(0, 1)[-1])
    running.wait_for(lambda: len(running.shown) > 10)
    assert len(kept.of(Snapshot)) <= 3
    running.finish()


def test_the_status_says_how_things_are() -> None:
    running = Running(("kept", Kept()))
    running.pipe.send(supervision())
    running.pipe.send(reports(0, 1)[-1])
    running.wait_for(lambda: running.outlet.status.ready and bool(running.outlet.status.channels))
    now = running.outlet.status
    assert now.healthy
    assert (now.memory_bytes, now.memory_budget, now.shedding) == (7, 9, 2)
    assert now.exporters[0].name == "kept"
    assert now.accounting.messages > 0
    running.finish()


def test_a_silent_worker_is_trouble() -> None:
    running = Running()
    running.pipe.send(supervision(heard_ns=time.time_ns() - 60_000_000_000))
    running.wait_for(lambda: not running.outlet.status.healthy)
    assert "worker 0 does not tell anything" in running.outlet.status.troubles
    running.finish()


def test_an_exporter_that_fails_is_told_of_and_keeps_nobody_up() -> None:
    kept = Kept()
    running = Running(("bad", Refusing()), ("good", kept))
    running.pipe.send(reports(0, 1)[-1])
    running.wait_for(lambda: any("the disk is full" in line for line in running.outlet.status.troubles))
    closing = running.finish()
    assert any("the disk is full" in line for line in closing.failures)
    assert kept.of(Snapshot)[-1] == closing.snapshot


def test_an_exporter_that_cannot_be_opened_keeps_it_from_beginning() -> None:
    pipe, theirs = pipes()

    def open_exporters() -> list[tuple[str, Kept]]:
        raise ExportError("no such database")

    Outlet(theirs, DEFAULT_LIMITS, open_exporters, interval_s=1, about=status()).run()
    (closing,) = pipe.received()
    assert isinstance(closing, Closing)
    assert closing.could_not_begin == "no such database"


def test_without_a_parent_what_is_known_still_leaves() -> None:
    kept = Kept()
    running = Running(("kept", kept))
    running.pipe.send(reports(0, 1)[-1])
    running.wait_for(lambda: running.pipe.is_idle)
    running.pipe.close()
    running.thread.join(20)
    assert not running.thread.is_alive()
    last = kept.of(Snapshot)[-1]
    assert isinstance(last, Snapshot)
    assert not last.final  # whoever reads the store sees that this run was not finished
    assert last.accounting.messages > 0
