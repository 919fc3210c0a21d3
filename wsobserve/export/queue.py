"""A bounded queue and a thread before an exporter, so that a slow or dead one costs records, never the observer's time.

Whoever observes hands records over and goes on at once. When the queue is full, what comes is dropped and counted; what
the exporter refuses is counted too. Of snapshots only the newest waits, since it holds the totals of all before. But
`Snapshot.volumes` and `Snapshot.drift` hold only what is new, so those of a snapshot that was passed over, or refused,
leave with the next one.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Sequence

import msgspec

from wsobserve.config import DEFAULT_LIMITS
from wsobserve.export.error import ExportError
from wsobserve.export.exporter import Exporter
from wsobserve.records import ChannelVolume, Direction, Record, SchemaDrift, Snapshot

WAITING_DRIFT = 10_000  # records; the first ones tell more than those that follow from them
BATCH = 1_000  # records handed to the exporter at once, so that `flush` and `close` have their say in between

Counts = dict[str, int]  # by the name of the record's type


class QueueCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all records: handed over == waiting + exported + replaced + failed + dropped, for each type."""

    waiting: Counts
    exported: Counts
    replaced: Counts  # snapshots passed over for a newer one
    failed: Counts  # refused by the exporter, or given up with it
    dropped: Counts  # the queue was full or closed
    volumes_dropped: int  # entries of `Snapshot.volumes` beyond the limit: the oldest
    drift_dropped: int  # of `Snapshot.drift` beyond the limit: the latest
    failures: int  # calls of the exporter that failed
    last_error: str | None  # why the last of them did; never holds a payload


class QueuedExporter:
    """`exporter` behind a queue of `capacity` records. From here on only the queue's thread calls it.

    The queue itself may be used from any thread. `close_timeout_s` bounds `close`, whatever the exporter does.
    """

    def __init__(
        self,
        exporter: Exporter,
        *,
        capacity: int = 10_000,
        volumes: int = DEFAULT_LIMITS.volume_buckets,
        close_timeout_s: float = 10,
        name: str = "exporter",
    ) -> None:
        if capacity <= 0 or volumes <= 0:
            raise ValueError("capacity and volumes must be positive")
        self._exporter = exporter
        self._capacity = capacity
        self._volume_limit = volumes
        self._close_timeout_s = close_timeout_s
        self._changed = threading.Condition()  # guards all below but `_refused`
        self._waiting: dict[int, Record] = {}  # by number, in order; a dict, so that a snapshot can leave from its middle
        self._number = 0
        self._snapshot: int | None = None  # the number of the one that waits; its volumes wait beside it
        self._volumes = WaitingVolumes(volumes)
        self._refused = WaitingVolumes(volumes)  # of snapshots that the exporter did not take; the thread's own
        self._in_hand: list[Record] = []  # with the exporter now
        self._flush_number = 0  # everything up to this number shall leave
        self._flush_until = 0.0
        self._flushes_asked = 0
        self._flushes_done = 0
        self._flushed = True
        self._closing = False
        self._close_until = 0.0
        self._given_up = False
        self._exported: Counts = {}
        self._replaced: Counts = {}
        self._failed: Counts = {}
        self._dropped: Counts = {}
        self._volumes_dropped = 0
        self._drift_dropped = 0
        self._failures = 0
        self._last_error: str | None = None
        # A daemon: stuck in its exporter, it must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=f"wsobserve-{name}", daemon=True)
        self._thread.start()

    def export(self, records: Sequence[Record]) -> None:
        """Queue `records`, and count those for which there is no room. Never waits, never fails."""
        with self._changed:
            for record in records:
                if self._closing:
                    _count(self._dropped, [record])
                elif isinstance(record, Snapshot):
                    self._queue_snapshot(record)
                elif len(self._waiting) - (self._snapshot is not None) >= self._capacity:
                    _count(self._dropped, [record])
                else:
                    self._number += 1
                    self._waiting[self._number] = record
            self._changed.notify_all()

    def flush(self, timeout_s: float) -> bool:
        """Wait until what is queued now has left the exporter too; False when it has not, or not within `timeout_s`."""
        with self._changed:
            if self._closing:
                return False
            failures = self._failures
            self._flushes_asked += 1
            mine = self._flushes_asked
            self._flush_number = self._number
            self._flush_until = max(self._flush_until, time.monotonic() + timeout_s)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._flushes_done >= mine or self._given_up, timeout_s)
            return self._flushes_done >= mine and self._flushed and self._failures == failures

    def close(self) -> None:
        """Export what waits and close the exporter, within `close_timeout_s`; what is left then counts as failed."""
        with self._changed:
            if not self._closing:
                self._closing = True
                self._close_until = time.monotonic() + self._close_timeout_s
                self._changed.notify_all()
        self._thread.join(max(self._close_until - time.monotonic(), 0))
        if self._thread.is_alive():
            with self._changed:
                self._give_up("the exporter did not come back in time")

    def counts(self) -> QueueCounts:
        """What became of everything handed over so far."""
        with self._changed:
            waiting: Counts = {}
            _count(waiting, [*self._waiting.values(), *self._in_hand])
            return QueueCounts(
                waiting=waiting,
                exported=dict(self._exported),
                replaced=dict(self._replaced),
                failed=dict(self._failed),
                dropped=dict(self._dropped),
                volumes_dropped=self._volumes_dropped + self._volumes.dropped,
                drift_dropped=self._drift_dropped + self._volumes.drift_dropped,
                failures=self._failures,
                last_error=self._last_error,
            )

    def _queue_snapshot(self, snapshot: Snapshot) -> None:
        self._number += 1
        if self._snapshot is not None:
            _count(self._replaced, [self._waiting.pop(self._snapshot)])
            if self._snapshot <= self._flush_number:
                self._flush_number = self._number  # whoever waits for the older one waits for its volumes
        # Behind what was queued since the older one: the newer one knows of that already.
        self._waiting[self._number] = msgspec.structs.replace(snapshot, volumes=(), drift=())
        self._snapshot = self._number
        self._volumes.add(snapshot.volumes, snapshot.drift)

    # --- the thread -----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while self._turn():
            pass
        with self._changed:
            self._give_up("no time was left")
        self._call(self._exporter.close)

    def _turn(self) -> bool:
        """Hand over one batch, or flush; False when it is time to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing or self._flushes_asked > self._flushes_done)
            if self._given_up or (self._closing and (not self._waiting or time.monotonic() >= self._close_until)):
                return False
            flushes = self._flushes_asked
            due = flushes > self._flushes_done and next(iter(self._waiting), self._flush_number + 1) > self._flush_number
            if not due:
                volumes = self._take()
            remaining_s = max(self._flush_until - time.monotonic(), 0)
        if due:
            self._flush(flushes, remaining_s)
        else:
            self._hand_over(volumes)
        return True

    def _take(self) -> WaitingVolumes | None:
        """Move a batch into `_in_hand`; the volumes that go with its snapshot, if there is one in it."""
        for number in list(itertools.islice(self._waiting, BATCH)):
            self._in_hand.append(self._waiting.pop(number))
            if number == self._snapshot:
                self._snapshot = None
                volumes, self._volumes = self._volumes, WaitingVolumes(self._volume_limit)
                self._volumes_dropped += volumes.dropped
                self._drift_dropped += volumes.drift_dropped
                return volumes  # the snapshot is the last of its batch, and so the only one
        return None

    def _hand_over(self, volumes: WaitingVolumes | None) -> None:
        batch = self._in_hand
        if volumes is not None:
            dropped, drift_dropped = self._refused.dropped, self._refused.drift_dropped
            self._refused.add(volumes.entries(), volumes.drift)
            volumes = self._refused
            snapshot = msgspec.structs.replace(batch[-1], volumes=tuple(volumes.entries()), drift=tuple(volumes.drift))
            batch = [*batch[:-1], snapshot]
            with self._changed:
                self._volumes_dropped += volumes.dropped - dropped
                self._drift_dropped += volumes.drift_dropped - drift_dropped
        done = self._call(lambda: self._exporter.export(batch))
        if done and volumes is not None:
            self._refused = WaitingVolumes(self._volume_limit)
        with self._changed:
            if not self._given_up:  # else they are counted already
                _count(self._exported if done else self._failed, self._in_hand)
                self._in_hand = []
            self._changed.notify_all()

    def _flush(self, flushes: int, remaining_s: float) -> None:
        flushed: list[bool] = []
        self._call(lambda: flushed.append(self._exporter.flush(remaining_s)))
        with self._changed:
            self._flushed = flushed == [True]
            self._flushes_done = flushes
            self._changed.notify_all()

    def _call(self, call: Callable[[], None]) -> bool:
        """The one place where an exporter's errors end: counted, its own words kept, nobody else's."""
        try:
            call()
        except Exception as error:  # noqa: BLE001  # whatever is wrong with an exporter, the observer goes on
            with self._changed:
                self._failures += 1
                # The text of an ExportError is made for people; that of any other error may hold what was exported.
                self._last_error = str(error) if isinstance(error, ExportError) else type(error).__name__
            return False
        return True

    def _give_up(self, why: str) -> None:
        """Nothing more will be handed over."""
        left = [*self._in_hand, *self._waiting.values()]
        if left:
            _count(self._failed, left)
            self._last_error = self._last_error or why
        self._in_hand, self._waiting, self._snapshot = [], {}, None
        self._given_up = True
        self._changed.notify_all()


class WaitingVolumes:
    """What is new in several snapshots as one snapshot would have it: volumes, at most `limit`, and drift."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: dict[tuple[str, Direction | None, int], ChannelVolume] = {}  # the ones unchanged longest come first
        self.dropped = 0
        self.drift: list[SchemaDrift] = []
        self.drift_dropped = 0

    def add(self, volumes: Iterable[ChannelVolume], drift: Iterable[SchemaDrift] = ()) -> None:
        """Later volumes: an entry replaces the one of its channel, direction and time. Later drift."""
        self.drift += drift
        self.drift_dropped += max(len(self.drift) - WAITING_DRIFT, 0)
        del self.drift[WAITING_DRIFT:]
        for volume in volumes:
            key = (volume.channel, volume.direction, volume.time_ns)
            self._entries.pop(key, None)
            self._entries[key] = volume
        while len(self._entries) > self._limit:
            del self._entries[next(iter(self._entries))]
            self.dropped += 1

    def entries(self) -> list[ChannelVolume]:
        """All of them, in the order in which they changed last."""
        return list(self._entries.values())


def _count(counts: Counts, records: Iterable[Record]) -> None:
    for record in records:
        name = type(record).__name__
        counts[name] = counts.get(name, 0) + 1
