"""What all workers reported, as if one had done it all: reports in, snapshots out.

Reports tell everything since their worker began, so the latest of each is enough. What a worker that has ended reported
stays; only that its connections are open is not said any more, since nobody follows them now.
"""

from __future__ import annotations

import time

import msgspec

from wsobserve.config import DEFAULT_LIMITS, SECOND_NS, Limits
from wsobserve.export.recording.counts import RecordingCounts
from wsobserve.records import (
    Accounting,
    CaptureLoss,
    ChannelMessage,
    ChannelVolume,
    ConnectionSummary,
    Direction,
    MessageKind,
    Record,
    SchemaDrift,
    Snapshot,
)
from wsobserve.schema.fold import SchemaFold
from wsobserve.sidecar.report import Report
from wsobserve.stats.channels import channel_totals
from wsobserve.stats.connections import ConnectionFold
from wsobserve.stats.routes import RouteFold
from wsobserve.stats.series import SeriesFold
from wsobserve.stats.sizes import SizesFold

LEARNING_SHARE = 0.2  # of the time may go into working out kinds
LONGEST_LAST_LEARNING_S = 5.0  # at the end; what would take longer stays as it was
KEPT_VOLUMES_NS = 150 * SECOND_NS  # a little longer than workers keep theirs
MOST_DRIFT = 10_000  # records that wait for a snapshot

VolumeKey = tuple[str, Direction | None, int]


class Joined:
    """Everything that was reported."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._reports: dict[int, Report] = {}  # the latest of each worker
        self._open: dict[int, list[ConnectionSummary]] = {}
        self._ended = _Totals(limits)  # of workers that have ended
        self._losses = Accounting()
        self._volumes: dict[VolumeKey, dict[int | None, ChannelVolume]] = {}  # by worker; None: those that have ended
        self._changed: set[VolumeKey] = set()
        self._kinds = _Kinds(limits)
        self._drift: list[SchemaDrift] = []
        self._left_out: dict[str, int] = {}  # by workers that have ended, and here
        self._recording: RecordingCounts | None = None  # by workers that have ended
        self.now_ns = 0

    def take(self, report: Report) -> list[Record]:
        """One report; what came once, for the exporters."""
        number = report.worker
        self.now_ns = max(self.now_ns, report.now_ns)
        if report.open_connections is not None:
            self._open[number] = report.open_connections
        if report.schemas is not None:
            self._kinds.take(number, report.schemas)
        for volume in report.volumes:
            key = (volume.channel, volume.direction, volume.time_ns)
            self._volumes.setdefault(key, {})[number] = volume
            self._changed.add(key)
        records: list[Record] = []
        for record in report.records:
            if isinstance(record, SchemaDrift):
                if len(self._drift) < MOST_DRIFT:
                    self._drift.append(record)
                else:
                    self._left_out["SchemaDrift"] = self._left_out.get("SchemaDrift", 0) + 1
            elif isinstance(record, ChannelMessage):
                records.append(self._kinds.labelled(record))
            else:
                records.append(record)
        self._reports[number] = msgspec.structs.replace(report, records=[], volumes=(), open_connections=None, schemas=None)
        return records

    def end(self, worker: int) -> None:
        """The worker of this number has ended; another one may take over its number."""
        report = self._reports.pop(worker, None)
        if report is not None:
            self._ended.merge(report)
            for name, count in report.left_out.items():
                self._left_out[name] = self._left_out.get(name, 0) + count
            self._recording = _recorded(self._recording, report.recording, ended=True)
        self._open.pop(worker, None)
        self._kinds.end(worker)
        for key, parts in self._volumes.items():
            if worker in parts:
                part = parts.pop(worker)
                parts[None] = part if None not in parts else _added([parts[None], part], self._limits.volume_sizes)
                self._changed.add(key)

    def lose(self, loss: CaptureLoss) -> None:
        """Packets that no worker got, or told of."""
        counts = self._losses.capture_loss if loss.packets is not None else self._losses.capture_loss_unknown
        counts[loss.reason] = counts.get(loss.reason, 0) + (1 if loss.packets is None else loss.packets)

    def accounting(self) -> Accounting:
        """Of all, with what was lost."""
        accounting = Accounting()
        for part in (self._losses, self._ended.accounting, *(report.accounting for report in self._reports.values())):
            accounting.merge(part)
        return accounting

    def left_out(self) -> dict[str, int]:
        """Records that workers had no room for, by type."""
        counts = dict(self._left_out)
        for report in self._reports.values():
            for name, count in report.left_out.items():
                counts[name] = counts.get(name, 0) + count
        return counts

    def recording(self) -> RecordingCounts | None:
        """What became of the packets that were to be recorded; None when none are."""
        counts = _recorded(None, self._recording)
        for report in self._reports.values():
            counts = _recorded(counts, report.recording)
        return counts

    def drift_stride(self) -> int:
        """One in so many messages is looked at for drift."""
        return max((report.drift_stride for report in self._reports.values()), default=1)

    def snapshot(self, *, final: bool = False) -> Snapshot:
        """All of it as one record; of volumes those that changed since the one before."""
        totals = self._totals()
        series = totals.series.snapshot(self.now_ns)
        kinds = self._kinds.now(self.now_ns, final=final)
        drift, self._drift = self._drift, []
        return Snapshot(
            time_ns=self.now_ns,
            accounting=self.accounting(),
            series=series,
            channels=tuple(channel_totals(series)),
            volumes=self._changed_volumes(),
            connection_totals=totals.connections.snapshot(self.now_ns),
            open_connections=tuple(summary for number in sorted(self._open) for summary in self._open[number]),
            routes=totals.routes.snapshot(self.now_ns),
            kinds=kinds,
            messages_without_kind=self._kinds.without_kind,
            drift=tuple(drift),
            messages_in_overflow=totals.series.overflow_messages,
            final=final,
        )

    def _totals(self) -> _Totals:
        reports = list(self._reports.values())
        if len(reports) == 1 and self._ended.is_empty:
            return _Totals(self._limits, reports[0])
        totals = _Totals(self._limits)
        totals.merge(self._ended)
        for report in reports:
            totals.merge(report)
        return totals

    def _changed_volumes(self) -> tuple[ChannelVolume, ...]:
        changed = [
            _added(list(self._volumes[key].values()), self._limits.volume_sizes) for key in sorted(self._changed, key=_order)
        ]
        self._changed.clear()
        before_ns = self.now_ns - KEPT_VOLUMES_NS
        for key in [key for key in self._volumes if key[2] < before_ns]:
            del self._volumes[key]
        return tuple(changed)


class _Totals:
    """The folds whose totals add up."""

    def __init__(self, limits: Limits, report: Report | None = None) -> None:
        self.is_empty = report is None
        self.accounting = Accounting() if report is None else report.accounting
        self.series = SeriesFold(limits) if report is None else report.series
        self.connections = ConnectionFold(limits) if report is None else report.connections
        self.routes = RouteFold(limits) if report is None else report.routes

    def merge(self, other: _Totals | Report) -> None:
        self.is_empty = False
        self.accounting.merge(other.accounting)
        self.series.merge(other.series)
        self.connections.merge(other.connections)
        self.routes.merge(other.routes)


class _Kinds:
    """The kinds of messages, worked out from what workers told, as often as that may cost time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._told: dict[int | None, SchemaFold] = {}  # by worker; None: those that have ended
        self._fold: SchemaFold | None = None  # from which the kinds were last worked out
        self._is_new = False
        self._took_s = 0.0
        self._not_before_s = 0.0
        self._kinds: tuple[MessageKind, ...] = ()
        self.without_kind = 0

    def take(self, worker: int, schemas: SchemaFold) -> None:
        self._told[worker] = schemas
        self._is_new = True

    def end(self, worker: int) -> None:
        fold = self._told.pop(worker, None)
        if fold is not None:
            self._told[None] = fold if None not in self._told else self._joined([self._told[None], fold])

    def now(self, now_ns: int, *, final: bool) -> tuple[MessageKind, ...]:
        began = time.monotonic()
        due = began >= self._not_before_s if not final else self._took_s < LONGEST_LAST_LEARNING_S
        if self._is_new and due:
            folds = list(self._told.values())
            self._fold = folds[0] if len(folds) == 1 else self._joined(folds)
            self._kinds = self._fold.kinds(now_ns)
            self.without_kind = self._fold.without_kind
            self._is_new = False
            self._took_s = time.monotonic() - began
            self._not_before_s = began + self._took_s / LEARNING_SHARE
        return self._kinds

    def labelled(self, message: ChannelMessage) -> ChannelMessage:
        """With its kind, as far as the kinds are known."""
        kind = None if self._fold is None else self._fold.kind_of(message)
        return message if kind is None else msgspec.structs.replace(message, schema=kind)

    def _joined(self, folds: list[SchemaFold]) -> SchemaFold:
        joined = SchemaFold(self._limits)
        for fold in folds:
            joined.merge(fold)
        return joined


def _added(parts: list[ChannelVolume], sizes_limit: int) -> ChannelVolume:
    if len(parts) == 1:
        return parts[0]
    sizes = SizesFold(sizes_limit)
    for part in parts:
        sizes.merge(SizesFold.of(part.sizes, sizes_limit))
    return msgspec.structs.replace(
        parts[0],
        step_ns=max(part.step_ns for part in parts),
        messages=sum(part.messages for part in parts),
        undecoded=sum(part.undecoded for part in parts),
        frame_bytes=sum(part.frame_bytes for part in parts),
        payload_bytes=sum(part.payload_bytes for part in parts),
        sizes=sizes.snapshot(),
    )


def _order(key: VolumeKey) -> tuple[int, str, str]:
    return key[2], key[0], key[1] or ""


def _recorded(total: RecordingCounts | None, counts: RecordingCounts | None, *, ended: bool = False) -> RecordingCounts | None:
    """Both together. `ended`: what this worker had held when it was last heard is gone with it."""
    if counts is None:
        return total
    together = RecordingCounts()
    for each in (total, counts):
        if each is not None:
            together.merge(each)
    if ended and counts.packets_held:
        together.packets_held -= counts.packets_held
        together.bytes_held -= counts.bytes_held
        together.left_out["worker_ended"] = together.left_out.get("worker_ended", 0) + counts.packets_held
    return together
