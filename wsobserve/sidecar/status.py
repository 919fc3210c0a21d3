"""What a running sidecar says of itself: one record, from which health, metrics, `wsobserve status` and `--ui` are made."""

from __future__ import annotations

from wsobserve.export.queue import QueueCounts
from wsobserve.export.recording.counts import RecordingCounts
from wsobserve.records import Accounting, ChannelTotal, Record


class WorkerStatus(Record, frozen=True, kw_only=True):
    """One capture worker."""

    number: int
    process: int | None  # None: not running now
    restarts: int
    packets: int  # that it, and those before it, took from the ring
    memory_bytes: int
    heard_ns: int  # when it last told what it found, by the machine's clock


class ExporterStatus(Record, frozen=True, kw_only=True):
    """One way out, and what became of what was handed to it."""

    name: str  # `store`, `otlp`
    counts: QueueCounts


class Status(Record, frozen=True, kw_only=True):
    """The sidecar at one moment. `accounting` holds every loss; `shed`, what was given up to stay within the memory budget."""

    version: str
    time_ns: int  # by the machine's clock
    started_ns: int
    watching: str  # one line for people: interfaces, ports, namespace
    service: str | None
    resource: dict[str, str]
    privileges: tuple[str, ...]  # what the process holds, a line each
    ready: bool
    healthy: bool
    troubles: tuple[str, ...]  # why it is not ready or not healthy, and what else should be known; a line each
    workers: tuple[WorkerStatus, ...]
    exporters: tuple[ExporterStatus, ...]
    accounting: Accounting
    channels: tuple[ChannelTotal, ...]
    rates: dict[str, float]  # in the last interval, a second: `packets`, `messages`, `frame_bytes`
    open_connections: int
    memory_bytes: int  # of all processes together
    memory_budget: int
    shedding: int  # how many steps are in force: 0 none, 1 payload samples ... 4 connections are sampled
    shed: dict[str, int]  # by step: what was given up
    recording: RecordingCounts | None = None  # None: nothing is to be recorded
    interval_s: float = 1.0  # the next status comes after this
