"""Capture files observed by one process or by several that share the connections; the results are the same.

Every worker reads all packets and follows the connections of its own partitions (see `Pipeline`). What they found comes
back in an order that depends on the capture alone: by batch of packets, and within a batch by connection.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from wsobserve.capture.error import CaptureError
from wsobserve.capture.files import read_captures
from wsobserve.config import DEFAULT_LIMITS, PARTITIONS, Limits
from wsobserve.findings import Findings
from wsobserve.pipeline import Pipeline
from wsobserve.records import Anomaly, CaptureLoss, ChannelMessage, ConnectionSummary, Handshake, Record

if TYPE_CHECKING:
    from multiprocessing.connection import Connection as Pipe
    from multiprocessing.process import BaseProcess

    from wsobserve.progress import Progress

# Below this many bytes of capture files one process takes a second or two; sharing them saves some of it at the price of
# a third more CPU time, which is worth it only to who asks for it.
WORTH_SHARING = 512 * 1024 * 1024
BATCHES_BETWEEN_SIGNS = 64  # a worker with nothing to tell says how far it is after so many batches


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be observed, and what is asked for."""

    paths: tuple[str, ...]
    limits: Limits = DEFAULT_LIMITS
    folds: bool = True
    messages: int | None = None  # how many ChannelMessage records are given out; None: all
    snapshot_every_ns: int | None = None  # findings are wanted that often, in the capture's time, and not only at the end


class Step(msgspec.Struct):
    """What one batch brought. `findings`: everything that is known now, where it is wanted; `last`: nothing follows."""

    batch: int
    records: list[Record]
    findings: Findings | None = None
    last: bool = False
    failures: list[str] = []
    bytes_read: int = 0
    bytes_total: int | None = None


def fitting_workers(paths: Sequence[str], asked: int | None = None) -> int:
    """How many processes to use: as many as asked for, else the cores, if that is worth it; never more than partitions.

    Standard input and what else can be read only once is read by one process.
    """
    if asked is not None and asked < 1:
        raise ValueError(f"at least one worker is needed: {asked}")
    if not all(os.path.isfile(path) for path in paths):
        return 1
    if asked is not None:
        return min(asked, PARTITIONS)
    if sum(os.path.getsize(path) for path in paths) < WORTH_SHARING:
        return 1
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(cores, PARTITIONS)


class Workers:
    """The processes that observe `plan`: started when this is made, before whoever uses them has threads of his own."""

    def __init__(self, plan: Plan, workers: int) -> None:
        self._plan = plan
        self._processes: list[tuple[BaseProcess, Pipe]] = []
        if workers == 1:
            return
        import multiprocessing  # takes longer than a small capture does

        # A fork shares the modules that are loaded; where there is none, or none that is safe, a new interpreter is started.
        context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        for worker in range(workers):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(theirs, plan, worker, workers), daemon=True)  # type: ignore[attr-defined]
            process.start()
            theirs.close()
            self._processes.append((process, ours))

    def steps(self, progress: Progress | None = None) -> Iterator[Step]:
        """Steps with something in them, and the last one with the findings. What went wrong stands in `failures`."""
        sources = [_received(*of) for of in self._processes] or [_steps(self._plan, 0, 1)]
        for step in _joined(sources, self._plan):
            if progress is not None and step.bytes_read:
                progress(step.bytes_read, step.bytes_total)
            if step.records or step.findings is not None:
                yield step

    def close(self) -> None:
        """Ends the processes, whether they are done or not."""
        for process, pipe in self._processes:
            pipe.close()
            process.terminate()
        for process, _ in self._processes:
            process.join()
        self._processes.clear()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _steps(plan: Plan, worker: int, workers: int) -> Iterator[Step]:
    """What one worker finds, a step for each batch of packets."""
    pipeline = Pipeline(
        plan.limits,
        folds=plan.folds,
        frames=False,
        messages=plan.messages,
        survive=True,
        worker=worker,
        workers=workers,
    )
    batch = 0
    read = [0, None]
    failures: list[str] = []

    def note(bytes_read: int, total: int | None) -> None:
        read[:] = bytes_read, total

    try:
        next_findings_ns: int | None = None
        for item in read_captures(plan.paths, progress=note):
            records = pipeline.receive(item)
            step = Step(batch, records, bytes_read=read[0] or 0, bytes_total=read[1])
            if plan.snapshot_every_ns is not None and pipeline.now_ns >= (next_findings_ns or pipeline.now_ns):
                if next_findings_ns is not None:
                    step.findings = pipeline.findings()
                next_findings_ns = pipeline.now_ns + plan.snapshot_every_ns
            yield step
            batch += 1
    except CaptureError as error:
        failures.append(str(error))
    records = pipeline.finish()
    yield Step(batch, records, pipeline.findings(), last=True, failures=failures, bytes_read=read[0] or 0, bytes_total=read[1])


def _work(pipe: Pipe, plan: Plan, worker: int, workers: int) -> None:
    """The life of a worker process."""
    try:
        for step in _steps(plan, worker, workers):
            if step.records or step.findings is not None or step.batch % BATCHES_BETWEEN_SIGNS == 0:
                pipe.send(step)
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(1)  # whoever asked is gone, or says himself that he was interrupted


def _received(process: BaseProcess, pipe: Pipe) -> Iterator[Step]:
    """The steps of a worker process; when it ends before its last one, a last one that says so."""
    batch = 0
    while True:
        try:
            step: Step = pipe.recv()
        except EOFError:
            process.join()
            failure = f"a worker process ended too early (status {process.exitcode}): what its connections carried is missing"
            yield Step(batch, [], Findings(), last=True, failures=[failure])
            return
        batch = step.batch + 1
        yield step
        if step.last:
            return


def _joined(sources: list[Iterator[Step]], plan: Plan) -> Iterator[Step]:
    """The steps of all workers as if one had done it all."""
    heads = [next(source) for source in sources]
    ended: list[Step] = []
    messages = 0
    while heads:
        batch = min(step.batch for step in heads)
        now = [index for index, step in enumerate(heads) if step.batch == batch]
        step = _join([heads[index] for index in now], plan.limits)
        if len(now) < len(sources) + len(ended) or step.last:
            step.findings = None  # not everybody's
        step.last = False
        if plan.messages is not None:
            messages = _keep_messages(step, messages, plan.messages)
        yield step
        for index in reversed(now):
            if heads[index].last:
                ended.append(heads.pop(index))
                del sources[index]
            else:
                heads[index] = next(sources[index])
    end = _join(ended, plan.limits)
    end.records = []
    yield end


def _join(steps: list[Step], limits: Limits) -> Step:
    """Steps of one batch as one; of failures that several tell, one."""
    first = steps[0]
    records = [record for step in steps for record in step.records]
    records.sort(key=_owner)  # stable: each connection's own order stays
    findings = [step.findings for step in steps if step.findings is not None]
    joined = findings[0] if findings else None
    if len(findings) > 1:
        joined = Findings(limits)
        for one in findings:
            joined.merge(one)
    failures = list(dict.fromkeys(failure for step in steps for failure in step.failures))
    return Step(first.batch, records, joined, first.last, failures, first.bytes_read, first.bytes_total)


def _keep_messages(step: Step, given: int, most: int) -> int:
    """Take out what is beyond the number of messages that was asked for; how many have been given now."""
    kept: list[Record] = []
    for record in step.records:
        if isinstance(record, ChannelMessage):
            given += 1
            if given > most:
                continue
        kept.append(record)
    step.records = kept
    return given


def _owner(record: Record) -> str:
    match record:
        case ChannelMessage():
            return record.message.half.connection
        case Handshake() | ConnectionSummary() | Anomaly():
            return record.half.connection
        case CaptureLoss():
            return ""
        case _:
            raise TypeError(f"nobody asked for a {type(record).__name__}")
