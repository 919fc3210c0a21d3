"""The parent of all processes of the sidecar. It has no thread and follows no connection: it sees to it that others do.

    rings -> workers -> parent -> outlet -> store, collector, health endpoint

It holds the rings, so a worker that dies is replaced by one that goes on behind the last block that was taken. It asks
the kernel what was dropped, adds up the memory of all, and tells workers to hold less when that becomes too much.
Every packet has one end: seen by the kernel == dropped by it + told of by a worker + lost with a worker + left in a ring.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from collections.abc import Callable, Sequence
from typing import Literal

from wsobserve.capture.filter import NOTHING
from wsobserve.config import MIB
from wsobserve.records import CaptureLoss
from wsobserve.sidecar.child import Child, wait_for
from wsobserve.sidecar.memory import Budget, anonymous_bytes
from wsobserve.sidecar.pipe import Pipe
from wsobserve.sidecar.report import Closing, Order, Supervision, opened
from wsobserve.sidecar.supervised import Pause, Ring, Worker

LOOK_S = 1.0  # between looks at the kernel's counters, at memory and at who is alive
SOURCE_GONE = 3  # exit status of a worker whose interface or network namespace is no more
STALLED_S = 30.0  # a worker that told nothing for so long is ended, and replaced
BEGIN_S = 60.0  # for exporters to open
END_S = 20.0  # for workers to end, and again for the outlet
CONGESTED = 32 * MIB  # waiting for the outlet: workers are not heard before it has taken some


class Parent:
    """Supervises until SIGINT or SIGTERM. `work` is the life of a worker, `let_out` that of the outlet."""

    def __init__(
        self,
        rings: Sequence[Ring],
        work: Callable[[int, Ring, Pipe, int], None],
        let_out: Callable[[Pipe], None],
        *,
        memory: int,
        ring_bytes: int = 0,
        say: Callable[[str], None],
        began: Callable[[], None] = lambda: None,
        reload: Callable[[Parent], None] = lambda parent: None,
        alive: Callable[[], None] = lambda: None,
        stopping: Callable[[], None] = lambda: None,
    ) -> None:
        self._workers = [Worker(number, ring) for number, ring in enumerate(rings)]
        self._work = work
        self._let_out = let_out
        self._say = say
        self._tell_began = began
        self._ring_bytes = ring_bytes
        self._reload = reload
        self._alive = alive
        self._tell_stopping = stopping
        self._budget = Budget(memory)
        self._memory_bytes = 0
        self._outlet: Child | None = None
        self._outlet_restarts = 0
        self._outlet_pause = Pause()
        self._losses: list[CaptureLoss] = []  # that the outlet has not been told
        self._ended: list[int] = []
        self._new_interval_s: float | None = None
        self._interval_s: float | None = None
        self._began = False
        self._observed: Closing | None = None
        self._closing: Closing | None = None
        self._failures: list[str] = []
        self._reloads = False
        self._stop = False
        self._woken, wake = socket.socketpair()
        self._woken.setblocking(False)
        wake.setblocking(False)
        self._wake = wake

    # --- what others may ask for while it runs

    def set_filter(self, program: bytes) -> None:
        """Another filter for all rings."""
        for worker in self._workers:
            worker.ring.set_filter(program)

    def set_interval(self, interval_s: float) -> None:
        """Another interval between exports."""
        self._interval_s = self._new_interval_s = interval_s
        for worker in self._workers:
            self._order(worker, Order(interval_s=interval_s))

    def set_memory(self, budget: int) -> None:
        """Another budget."""
        self._budget.bytes = budget

    # --- running

    def run(self) -> Closing:
        """Everything from the first process to the end of the last one."""
        before = {number: signal.signal(number, self._signalled) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        old_wakeup = signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        try:
            self._begin_outlet()
            if not self._wait_for_outlet():
                return self._closing or Closing(snapshot=None, failures=[], could_not_begin="the exporters could not be opened")
            for worker in self._workers:
                self._begin(worker)
            self._tell_began()
            self._supervise()
            self._tell_stopping()
            if self._outlet is None:
                self._begin_outlet()
            self._end_workers()
            return self._end_outlet()
        finally:
            for child in self._children():
                child.kill()
            signal.set_wakeup_fd(old_wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
            for worker in self._workers:
                worker.ring.close()
            self._woken.close()
            self._wake.close()

    def _signalled(self, number: int, _: object) -> None:
        if number == signal.SIGHUP:
            self._reloads = True
        elif self._stop:  # the second time: now
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        else:
            self._stop = True

    def _not_for(self, others: Sequence[Child], rings: Sequence[Ring]) -> Callable[[], None]:
        """What a child closes that it got from here: ends of pipes to others, or nobody would see who is gone."""

        def close() -> None:
            for other in others:
                other.pipe.close()
            for ring in rings:
                ring.close()
            self._woken.close()
            self._wake.close()

        return close

    def _children(self) -> list[Child]:
        children = [worker.child for worker in self._workers if worker.child is not None]
        return children if self._outlet is None else [*children, self._outlet]

    def _supervise(self) -> None:
        next_look = time.monotonic() + LOOK_S
        while not self._stop:
            self._wait(next_look - time.monotonic())
            self._alive()
            if self._reloads:
                self._reloads = False
                self._reload(self)
            if time.monotonic() >= next_look:
                next_look = max(next_look + LOOK_S, time.monotonic())
                self._look()

    def _wait(self, timeout_s: float) -> None:
        """Until something comes, and what comes."""
        outlet = self._outlet
        heard = [] if self._is_congested() else [worker for worker in self._workers if worker.child is not None]
        readers: list[socket.socket | Pipe] = [
            self._woken,
            *(worker.child.pipe for worker in heard if worker.child is not None),
        ]
        writers = [child.pipe for child in self._children() if not child.pipe.is_idle and not child.pipe.closed]
        if outlet is not None and not outlet.pipe.closed:
            readers.append(outlet.pipe)
        select.select(readers, writers, [], max(timeout_s, 0))
        try:
            self._woken.recv(4096)
        except BlockingIOError:
            pass
        for pipe in writers:
            pipe.flush()
        for worker in heard:
            self._hear(worker)
        if outlet is not None:
            self._hear_outlet(outlet)

    def _hear(self, worker: Worker) -> None:
        child = worker.child
        if child is None:
            return
        for packed in child.pipe.received_packed():
            taken, report = opened(packed)
            worker.told = taken
            worker.heard_s = time.monotonic()
            worker.heard_ns = time.time_ns()
            if self._outlet is not None:
                self._outlet.pipe.send_packed(report)
        if child.pipe.closed and not self._stop:
            wait_for([child], 5.0)
            if child.ended() == SOURCE_GONE:
                self._failures.append(f"{worker.ring.source}: there is nothing to watch any more")
                self._stop = True
            else:
                self._ended_early(worker)

    def _hear_outlet(self, outlet: Child) -> None:
        for item in outlet.pipe.received():
            if isinstance(item, Closing) and not item.exporters_closed:
                self._observed = item
            elif isinstance(item, Closing):
                self._closing = item
            else:
                self._began = True
        if outlet.pipe.closed and not self._stop and self._began:
            self._say("the process that exports has ended; it is started again")
            outlet.kill()
            self._outlet_restarts += 1
            outlet.pipe.close()
            self._outlet = self._closing = None
            self._outlet_pause.ended()

    def _is_congested(self) -> bool:
        """Whether the outlet takes nothing more for now: workers then wait, and are not stalled."""
        return self._outlet is None or self._outlet.pipe.waiting_bytes > CONGESTED

    # --- workers

    def _begin(self, worker: Worker) -> None:
        worker.ring.resume()
        worker.restarts += 1
        worker.pause.began()
        worker.heard_s = time.monotonic()
        others = self._children()
        rings = [other.ring for other in self._workers if other is not worker]
        worker.child = Child(
            lambda pipe: self._work(worker.number, worker.ring, pipe, self._budget.steps), self._not_for(others, rings)
        )
        if self._interval_s is not None:
            self._order(worker, Order(interval_s=self._interval_s))

    def _ended_early(self, worker: Worker) -> None:
        """It is gone, and what it had taken and not told of is lost: that is known exactly."""
        child = worker.child
        assert child is not None
        child.kill()
        wait_for([child], 5.0)
        child.pipe.close()
        worker.child = None
        status = child.ended()
        lost = worker.ring.taken - worker.told
        self._ended.append(worker.number)
        if lost:
            self._lose(worker, "worker_lost", lost)
        worker.told += lost
        self._say(f"worker {worker.number} ended (status {status}); {lost} packets went with it; it is started again")
        worker.pause.ended()

    def _order(self, worker: Worker, order: Order) -> None:
        if worker.child is not None:
            worker.child.pipe.send(order)

    def _lose(
        self, worker: Worker, reason: Literal["kernel_dropped", "worker_lost", "left_in_ring"], packets: int
    ) -> CaptureLoss:
        loss = CaptureLoss(source=worker.ring.source, reason=reason, packets=packets, time_ns=time.time_ns())
        self._losses.append(loss)
        return loss

    # --- once a second

    def _look(self) -> None:
        now = time.monotonic()
        if self._outlet is None and self._outlet_pause.is_over():
            self._begin_outlet()
        congested = self._is_congested()
        for worker in self._workers:
            self._count(worker)
            if worker.child is None:
                if worker.pause.is_over():
                    self._begin(worker)
            elif not congested and now - worker.heard_s > STALLED_S:
                self._say(f"worker {worker.number} told nothing for {STALLED_S:.0f} s")
                self._ended_early(worker)
        self._watch_memory(now)
        self._tell()

    def _count(self, worker: Worker) -> None:
        statistics = worker.ring.statistics()
        worker.seen += statistics.seen
        worker.dropped += statistics.dropped
        if statistics.dropped:
            self._say(f"{statistics.dropped} packets lost (kernel_dropped)")
            self._order(worker, Order(loss=self._lose(worker, "kernel_dropped", statistics.dropped)))

    def _watch_memory(self, now: float) -> None:
        processes = [os.getpid(), *(child.process for child in self._children())]
        rings = len(self._workers) * self._ring_bytes
        self._memory_bytes = sum(anonymous_bytes(process) for process in processes) + rings
        if self._budget.look(self._memory_bytes, now):
            used, budget = self._memory_bytes // MIB, self._budget.bytes // MIB
            self._say(f"{used} MiB of {budget} MiB are used; shedding step {self._budget.steps}")
            for worker in self._workers:
                self._order(worker, Order(shedding=self._budget.steps))

    def _tell(self, *, final: bool = False) -> None:
        outlet = self._outlet
        if outlet is None:
            return
        if outlet.pipe.waiting_bytes > CONGESTED and not final:
            return  # losses and ends of workers wait
        troubles = [
            f"worker {worker.number} was replaced {worker.restarts} times" for worker in self._workers if worker.restarts > 0
        ]
        if self._outlet_restarts:
            troubles.append(f"the process that exports was replaced {self._outlet_restarts} times")
        supervision = Supervision(
            workers=tuple(worker.status() for worker in self._workers),
            memory_bytes=self._memory_bytes,
            shedding=self._budget.steps,
            losses=self._losses,
            ended=self._ended,
            troubles=tuple(troubles),
            memory_budget=self._budget.bytes,
            interval_s=self._new_interval_s,
            final=final,
        )
        outlet.pipe.send(supervision)
        self._losses, self._ended, self._new_interval_s = [], [], None

    # --- the outlet

    def _begin_outlet(self) -> None:
        others = [worker.child for worker in self._workers if worker.child is not None]
        rings = [worker.ring for worker in self._workers]
        self._outlet_pause.began()
        self._outlet = Child(self._let_out, self._not_for(others, rings))

    def _wait_for_outlet(self) -> bool:
        until = time.monotonic() + BEGIN_S
        outlet = self._outlet
        assert outlet is not None
        while not self._began and self._closing is None and not outlet.pipe.closed and time.monotonic() < until:
            if self._stop:
                break
            self._wait(0.1)
        return self._began

    # --- the end

    def _end_workers(self) -> None:
        """Nothing more comes in; what is in the rings is told of, within a bound."""
        self.set_filter(NOTHING)
        for worker in self._workers:
            self._order(worker, Order(stop=True))
        until = time.monotonic() + END_S
        while time.monotonic() < until and any(worker.child is not None for worker in self._workers):
            self._wait(0.05)
            for worker in self._workers:
                child = worker.child
                if child is not None and child.ended() is not None:
                    self._hear(worker)  # its last words
                    child.pipe.close()
                    worker.child = None
        for worker in self._workers:
            if worker.child is not None:
                self._say(f"worker {worker.number} did not end in time")
                worker.child.kill()
                wait_for([worker.child], 5.0)
                self._hear(worker)
                worker.child.pipe.close()
                worker.child = None
            self._count(worker)
            lost = worker.ring.taken - worker.told
            if lost:
                self._lose(worker, "worker_lost", lost)
            left = worker.seen - worker.dropped - worker.ring.taken
            if left > 0:
                self._lose(worker, "left_in_ring", left)

    def _end_outlet(self) -> Closing:
        self._tell(final=True)
        outlet = self._outlet
        assert outlet is not None
        until = time.monotonic() + END_S
        while self._closing is None and not outlet.pipe.closed and time.monotonic() < until:
            self._wait(0.1)
        wait_for([outlet], 2.0)
        if self._closing is None:
            self._failures.append("the process that exports did not end in time: what waited is lost")
            observed = None if self._observed is None else self._observed.snapshot
            return Closing(snapshot=observed, failures=self._failures)
        self._closing.failures[:0] = self._failures
        return self._closing
