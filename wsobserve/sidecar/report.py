"""What the processes of a sidecar tell each other.

worker -> parent -> outlet   Report
parent -> outlet             Supervision
parent -> worker             Order
outlet -> parent             Began, and Closing at the very end
"""

from __future__ import annotations

import pickle
import struct

import msgspec

from wsobserve.export.recording.counts import RecordingCounts
from wsobserve.records import Accounting, CaptureLoss, ChannelVolume, ConnectionSummary, Record, Snapshot
from wsobserve.schema.fold import SchemaFold
from wsobserve.sidecar.status import WorkerStatus
from wsobserve.stats.connections import ConnectionFold
from wsobserve.stats.routes import RouteFold
from wsobserve.stats.series import SeriesFold


class Report(msgspec.Struct, kw_only=True):
    """What a worker knows: everything since it began, but for what comes once: `records`, `volumes` and `drift`.

    What is costly to tell comes less often: `schemas` and `open_connections` are None when they are not in here.
    """

    worker: int
    taken: int  # packets from the ring, by this worker and those before it: all of them are accounted for now
    now_ns: int
    accounting: Accounting
    series: SeriesFold
    connections: ConnectionFold
    routes: RouteFold
    records: list[Record] = []
    left_out: dict[str, int] = {}  # records that were not told, by type, since it began
    volumes: tuple[ChannelVolume, ...] = ()  # changed since the report before
    open_connections: list[ConnectionSummary] | None = None
    schemas: SchemaFold | None = None
    drift_stride: int = 1  # one in so many messages is looked at for drift
    recording: RecordingCounts | None = None  # None: nothing is to be recorded
    final: bool = False


TAKEN = struct.Struct("<Q")


def enveloped(report: Report) -> bytes:
    """A report as it travels. On the envelope stands what the parent has to know, which does not look into it."""
    return TAKEN.pack(report.taken) + pickle.dumps(report, pickle.HIGHEST_PROTOCOL)


def opened(packed: bytes) -> tuple[int, bytes]:
    """How many packets the worker had taken, and the report, for whoever unpickles it."""
    return TAKEN.unpack_from(packed)[0], packed[TAKEN.size :]


class Order(msgspec.Struct, kw_only=True):
    """What a worker is told. `stop`: take what is in the ring, report and end."""

    stop: bool = False
    shedding: int | None = None
    interval_s: float | None = None
    loss: CaptureLoss | None = None  # of its ring, for its recording: in the accounting it is the parent's


class Supervision(msgspec.Struct, kw_only=True):
    """What the parent sees from outside."""

    workers: tuple[WorkerStatus, ...]
    memory_bytes: int
    shedding: int
    losses: list[CaptureLoss] = []  # since the one before
    ended: list[int] = []  # workers that have ended since; what they reported stays, and what they follow is theirs no more
    troubles: tuple[str, ...] = ()
    memory_budget: int = 0
    interval_s: float | None = None  # where it has changed
    final: bool = False


class Began(msgspec.Struct):
    """The outlet has opened everything that it was asked to."""


class Closing(msgspec.Struct, kw_only=True):
    """The end: what was observed, and what of it did not leave."""

    snapshot: Snapshot | None
    failures: list[str]
    could_not_begin: str | None = None
    exporters_closed: bool = True  # false: this is what was observed; what did not leave is told later
