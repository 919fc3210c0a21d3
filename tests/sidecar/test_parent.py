"""The parent loses no packet from sight: processes are killed, stalled and starved, and the sums still hold."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.sidecar.file_ring import FileRing
from tests.sidecar.test_status import status
from wsobserve.config import DEFAULT_LIMITS
from wsobserve.records import Accounting
from wsobserve.sidecar import parent as parent_module
from wsobserve.sidecar.outlet import Outlet
from wsobserve.sidecar.parent import SOURCE_GONE, Parent
from wsobserve.sidecar.pipe import Pipe
from wsobserve.sidecar.report import Began, Closing
from wsobserve.sidecar.supervised import Ring
from wsobserve.sidecar.worker import CaptureWorker

DEMO = str(Path(__file__).resolve().parents[2] / "captures" / "demo.pcapng")


def work(number: int, ring: Ring, pipe: Pipe, shedding: int) -> None:
    if not CaptureWorker(number, ring, pipe, DEFAULT_LIMITS, interval_s=0.05, shedding=shedding).run():
        os._exit(SOURCE_GONE)


def let_out(pipe: Pipe) -> None:
    Outlet(pipe, DEFAULT_LIMITS, list, interval_s=0.05, about=status()).run()


class Run:
    """A parent that runs here, while something is done to it in a thread."""

    def __init__(
        self,
        rings: Sequence[FileRing],
        meanwhile: Callable[[Run], None],
        *,
        work: Callable[[int, Ring, Pipe, int], None] = work,
        memory: int = 1 << 40,
        let_out: Callable[[Pipe], None] = let_out,
    ) -> None:
        self.rings = rings
        self.said: list[str] = []
        self.began = threading.Event()
        self.parent = Parent(rings, work, let_out, memory=memory, say=self.said.append, began=self.began.set)

        def act() -> None:
            assert self.began.wait(30)
            meanwhile(self)
            os.kill(os.getpid(), signal.SIGTERM)

        thread = threading.Thread(target=act)
        thread.start()
        self.closing: Closing = self.parent.run()
        thread.join(30)

    @property
    def accounting(self) -> Accounting:
        assert self.closing.snapshot is not None
        return self.closing.snapshot.accounting

    def process(self, number: int = 0) -> int:
        child = self.parent._workers[number].child
        assert child is not None
        return child.process

    def wait_for(self, condition: Callable[[], bool], seconds: float = 30) -> None:
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until
            time.sleep(0.01)

    def wait_until_told(self) -> None:
        self.wait_for(lambda: all(worker.told == worker.ring.taken > 0 for worker in self.parent._workers))


def test_what_workers_find_is_joined_and_what_the_kernel_dropped_stands_beside_it() -> None:
    rings = [FileRing([DEMO]), FileRing([DEMO], lost=7)]
    run = Run(rings, Run.wait_until_told)
    assert run.closing.failures == []
    assert run.accounting.packets_seen == 2 * rings[0].packets
    assert run.accounting.capture_loss == {"kernel_dropped": 7}
    assert run.said == ["7 packets lost (kernel_dropped)"]


def test_a_worker_that_is_killed_is_replaced_and_what_went_with_it_is_counted() -> None:
    def meanwhile(run: Run) -> None:
        run.wait_for(lambda: run.rings[0].taken > 0)
        os.kill(run.process(), signal.SIGKILL)
        run.wait_for(lambda: any("started again" in line for line in run.said))
        run.wait_for(lambda: run.rings[0].waiting() == 0)
        time.sleep(0.2)

    ring = FileRing([DEMO])
    run = Run([ring], meanwhile)
    lost = run.accounting.capture_loss.get("worker_lost", 0)
    assert run.accounting.packets_seen + lost == ring.packets
    assert ring.taken == ring.packets
    assert "status -9" in run.said[0]


def test_a_worker_with_a_bug_that_ends_it_each_time_is_replaced_ever_more_slowly() -> None:
    def failing(number: int, ring: Ring, pipe: Pipe, shedding: int) -> None:
        ring.take(1)
        os._exit(9)

    def meanwhile(run: Run) -> None:
        run.wait_for(lambda: len(run.said) >= 3)

    ring = FileRing([DEMO])
    run = Run([ring], meanwhile, work=failing)
    assert run.parent._workers[0].pause.seconds >= 1.0
    lost = run.accounting.capture_loss
    assert lost["worker_lost"] == ring.taken
    assert lost["worker_lost"] + lost["left_in_ring"] == ring.packets
    assert run.accounting.packets_seen == 0


def test_a_stalled_worker_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parent_module, "STALLED_S", 0.5)

    def meanwhile(run: Run) -> None:
        run.wait_until_told()
        os.kill(run.process(), signal.SIGSTOP)
        run.wait_for(lambda: any("started again" in line for line in run.said))

    ring = FileRing([DEMO])
    run = Run([ring], meanwhile)
    assert any("told nothing" in line for line in run.said)
    assert run.accounting.packets_seen == ring.packets


def test_when_there_is_nothing_to_watch_any_more_it_ends_by_itself() -> None:
    ring = FileRing([DEMO], gone_after=2)
    parent = Parent([ring], work, let_out, memory=1 << 40, say=lambda line: None)
    closing = parent.run()
    assert closing.failures == ["files: there is nothing to watch any more"]
    assert closing.snapshot is not None
    accounting = closing.snapshot.accounting
    assert accounting.packets_seen + accounting.capture_loss.get("left_in_ring", 0) == ring.packets


def test_the_process_that_exports_is_replaced() -> None:
    def meanwhile(run: Run) -> None:
        run.wait_until_told()
        assert run.parent._outlet is not None
        os.kill(run.parent._outlet.process, signal.SIGKILL)
        run.wait_for(lambda: any("the process that exports has ended" in line for line in run.said))
        time.sleep(0.5)

    ring = FileRing([DEMO])
    run = Run([ring], meanwhile)
    assert run.accounting.packets_seen == ring.packets  # a report tells everything since the start


def test_too_much_memory_makes_workers_hold_less() -> None:
    def meanwhile(run: Run) -> None:
        run.wait_for(lambda: run.parent._budget.steps >= 2)

    run = Run([FileRing([DEMO])], meanwhile, memory=1)
    assert any("shedding step 1" in line for line in run.said)


def test_exporters_that_cannot_be_opened_keep_it_from_beginning() -> None:
    def let_nothing_out(pipe: Pipe) -> None:
        pipe.send(Closing(snapshot=None, failures=[], could_not_begin="no such database"))

    parent = Parent([FileRing([DEMO])], work, let_nothing_out, memory=1 << 40, say=lambda line: None)
    assert parent.run().could_not_begin == "no such database"


def test_an_outlet_that_does_not_end_in_time_has_said_what_was_observed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parent_module, "END_S", 1.0)

    def never_done(pipe: Pipe) -> None:
        outlet = Outlet(pipe, DEFAULT_LIMITS, lambda: [("stuck", Stuck())], interval_s=0.05, about=status())
        outlet.run()

    run = Run([FileRing([DEMO])], Run.wait_until_told, let_out=never_done)
    assert run.closing.failures == ["the process that exports did not end in time: what waited is lost"]
    assert run.accounting.messages == 1654


class Stuck:
    """An exporter that never comes back."""

    def export(self, records: object) -> None:
        time.sleep(60)

    def flush(self, timeout_s: float) -> bool:
        return False

    def close(self) -> None:
        pass


def test_an_exporting_process_that_dies_each_time_is_replaced_ever_more_slowly_and_workers_wait() -> None:
    def dying(pipe: Pipe) -> None:
        pipe.send(Began())
        os._exit(9)

    def meanwhile(run: Run) -> None:
        run.wait_for(lambda: run.parent._outlet_restarts >= 3)

    run = Run([FileRing([DEMO])], meanwhile, let_out=dying)
    assert run.parent._outlet_pause.seconds >= 1.0
    assert not any("told nothing" in line for line in run.said)
    assert run.closing.failures == ["the process that exports did not end in time: what waited is lost"]
