"""The bounded queue before an exporter. Threads are held and released by events; nothing waits for a clock to pass."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from wsobserve.export.error import ExportError
from wsobserve.export.queue import QueuedExporter, WaitingVolumes
from wsobserve.records import Accounting, CaptureLoss, ChannelVolume, Record, SchemaDrift, Snapshot

LONG_S = 30  # reached only when a test fails


class Recorder:
    """An exporter that keeps what it is given, in order."""

    def __init__(self) -> None:
        self.batches: list[list[Record]] = []
        self.calls: list[str] = []

    @property
    def records(self) -> list[Record]:
        return [record for batch in self.batches for record in batch]

    def export(self, records: Sequence[Record]) -> None:
        self.batches.append(list(records))

    def flush(self, timeout_s: float) -> bool:
        self.calls.append("flush")
        return True

    def close(self) -> None:
        self.calls.append("close")


class Stuck(Recorder):
    """An exporter that does not come back from `export` until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.released = threading.Event()

    def export(self, records: Sequence[Record]) -> None:
        self.entered.set()
        assert self.released.wait(LONG_S)
        super().export(records)


class Failing(Recorder):
    """An exporter that raises what it is told to, for as many calls."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__()
        self.errors = list(errors)

    def export(self, records: Sequence[Record]) -> None:
        if self.errors:
            raise self.errors.pop(0)
        super().export(records)


def loss(number: int) -> CaptureLoss:
    return CaptureLoss(source="eth0", reason="kernel_dropped", packets=number)


def volume(time_s: int, messages: int, channel: str = "/chat", step_s: int = 1) -> ChannelVolume:
    return ChannelVolume(
        channel=channel, direction="client_to_server", time_ns=time_s * 10**9, step_ns=step_s * 10**9, messages=messages
    )


def snapshot(time_s: int, *volumes: ChannelVolume, final: bool = False) -> Snapshot:
    return Snapshot(time_ns=time_s * 10**9, accounting=Accounting(), volumes=volumes, final=final)


def test_records_arrive_in_order_and_the_exporter_is_closed_once() -> None:
    recorder = Recorder()
    queue = QueuedExporter(recorder, capacity=100)
    queue.export([loss(1), loss(2)])
    queue.export([loss(3)])
    assert queue.flush(LONG_S)
    queue.close()
    queue.close()
    assert recorder.records == [loss(1), loss(2), loss(3)]
    assert recorder.calls == ["flush", "close"]
    assert queue.counts().exported == {"CaptureLoss": 3}


def test_what_waits_when_it_is_closed_is_still_exported() -> None:
    recorder = Recorder()
    queue = QueuedExporter(recorder, capacity=5_000)
    queue.export([loss(number) for number in range(3_000)])
    queue.close()
    assert recorder.records == [loss(number) for number in range(3_000)]
    assert max(len(batch) for batch in recorder.batches) <= 1_000


def test_a_full_queue_drops_what_comes_and_counts_it_by_type() -> None:
    stuck = Stuck()
    queue = QueuedExporter(stuck, capacity=2)
    queue.export([loss(0)])
    assert stuck.entered.wait(LONG_S)
    queue.export([loss(number) for number in range(1, 6)])
    assert queue.counts().dropped == {"CaptureLoss": 3}
    assert queue.counts().waiting == {"CaptureLoss": 3}  # two in the queue, one with the exporter
    stuck.released.set()
    queue.close()
    assert stuck.records == [loss(0), loss(1), loss(2)]


def test_a_snapshot_finds_room_in_a_full_queue() -> None:
    stuck = Stuck()
    queue = QueuedExporter(stuck, capacity=1)
    queue.export([loss(0)])
    assert stuck.entered.wait(LONG_S)
    queue.export([loss(1), snapshot(1), loss(2)])
    stuck.released.set()
    queue.close()
    assert stuck.records == [loss(0), loss(1), snapshot(1)]
    assert queue.counts().dropped == {"CaptureLoss": 1}


def test_only_the_newest_snapshot_waits_with_the_volumes_of_all_before() -> None:
    stuck = Stuck()
    queue = QueuedExporter(stuck, capacity=10)
    queue.export([loss(0)])
    assert stuck.entered.wait(LONG_S)
    queue.export([snapshot(1, volume(0, 5), volume(1, 1))])
    queue.export([loss(1)])
    queue.export([snapshot(2, volume(1, 4), volume(2, 2))])
    stuck.released.set()
    queue.close()
    # Behind the record that was queued before it was made: it knows of that one.
    assert stuck.records == [loss(0), loss(1), snapshot(2, volume(0, 5), volume(1, 4), volume(2, 2))]
    assert queue.counts().replaced == {"Snapshot": 1}


def test_volumes_of_a_refused_snapshot_leave_with_the_next_one() -> None:
    failing = Failing(ExportError("database is locked"), ExportError("database is locked"))
    queue = QueuedExporter(failing, capacity=10)
    for second in (1, 2, 3):
        queue.export([snapshot(second, volume(second, second), volume(0, second))])
        queue.flush(LONG_S)
    queue.close()
    assert failing.records == [snapshot(3, volume(1, 1), volume(2, 2), volume(3, 3), volume(0, 3))]
    assert queue.counts().failed == {"Snapshot": 2}
    assert queue.counts().last_error == "database is locked"


def test_volumes_that_were_taken_do_not_come_again() -> None:
    recorder = Recorder()
    queue = QueuedExporter(recorder, capacity=10)
    for second in (1, 2):
        queue.export([snapshot(second, volume(second, 1))])
        assert queue.flush(LONG_S)
    queue.close()
    assert recorder.records == [snapshot(1, volume(1, 1)), snapshot(2, volume(2, 1))]


def test_an_exporter_that_fails_is_counted_and_goes_on() -> None:
    failing = Failing(ExportError("collector 127.0.0.1:4318: refused"))
    queue = QueuedExporter(failing, capacity=10)
    queue.export([loss(1)])
    assert not queue.flush(LONG_S)
    queue.export([loss(2)])
    assert queue.flush(LONG_S)
    queue.close()
    counts = queue.counts()
    assert failing.records == [loss(2)]
    assert (counts.failed, counts.exported, counts.failures) == ({"CaptureLoss": 1}, {"CaptureLoss": 1}, 1)
    assert counts.last_error == "collector 127.0.0.1:4318: refused"


def test_of_an_unexpected_error_only_the_type_is_kept() -> None:
    queue = QueuedExporter(Failing(KeyError("my secret payload")), capacity=10)
    queue.export([loss(1)])
    queue.close()
    assert queue.counts().last_error == "KeyError"
    assert queue.counts().failed == {"CaptureLoss": 1}


def test_closing_does_not_wait_longer_than_its_bound_for_a_stuck_exporter() -> None:
    stuck = Stuck()
    queue = QueuedExporter(stuck, capacity=10, close_timeout_s=0.05)
    queue.export([loss(0)])
    assert stuck.entered.wait(LONG_S)
    queue.export([loss(1), snapshot(1)])
    queue.close()
    counts = queue.counts()
    assert counts.failed == {"CaptureLoss": 2, "Snapshot": 1}
    assert counts.waiting == {}
    assert counts.last_error == "the exporter did not come back in time"
    stuck.released.set()


def test_flushing_does_not_wait_longer_than_its_bound_for_a_stuck_exporter() -> None:
    stuck = Stuck()
    queue = QueuedExporter(stuck, capacity=10)
    queue.export([loss(0)])
    assert stuck.entered.wait(LONG_S)
    assert not queue.flush(0.01)
    stuck.released.set()
    queue.close()
    assert queue.counts().exported == {"CaptureLoss": 1}


def test_what_comes_after_closing_is_dropped_and_counted() -> None:
    recorder = Recorder()
    queue = QueuedExporter(recorder, capacity=10)
    queue.close()
    queue.export([loss(1), snapshot(1)])
    assert not queue.flush(0)
    assert recorder.records == []
    assert queue.counts().dropped == {"CaptureLoss": 1, "Snapshot": 1}


def test_a_flush_that_the_exporter_cannot_do_is_false() -> None:
    class NoFlush(Recorder):
        def flush(self, timeout_s: float) -> bool:
            raise ExportError("no")

    queue = QueuedExporter(NoFlush(), capacity=10)
    assert not queue.flush(LONG_S)
    assert queue.counts().last_error == "no"
    queue.close()


def test_a_queue_without_room_is_refused_at_the_door() -> None:
    with pytest.raises(ValueError):
        QueuedExporter(Recorder(), capacity=0)


def test_volumes_beyond_the_limit_are_dropped_oldest_first_and_counted() -> None:
    stuck = Stuck()
    queue = QueuedExporter(stuck, capacity=10, volumes=2)
    queue.export([loss(0)])
    assert stuck.entered.wait(LONG_S)
    for second in range(4):
        queue.export([snapshot(second, volume(second, 1))])
    stuck.released.set()
    queue.close()
    assert stuck.records == [loss(0), snapshot(3, volume(2, 1), volume(3, 1))]
    assert queue.counts().volumes_dropped == 2


def drift(number: int) -> SchemaDrift:
    return SchemaDrift(
        time_ns=number, packet=number, half=None, channel="/chat", kind="k", name=None, change="new_field", path=f"/{number}"
    )


def test_drift_of_snapshots_that_were_passed_over_or_refused_leaves_with_the_next_one() -> None:
    stuck = Stuck()
    queue = QueuedExporter(stuck, capacity=10)
    queue.export([loss(0)])
    assert stuck.entered.wait(LONG_S)
    for number in (1, 2):
        queue.export([structs.replace(snapshot(number), drift=(drift(number),))])
    stuck.released.set()
    queue.close()
    assert stuck.records == [loss(0), structs.replace(snapshot(2), drift=(drift(1), drift(2)))]

    failing = Failing(ExportError("database is locked"))
    queue = QueuedExporter(failing, capacity=10)
    for number in (1, 2, 3):
        queue.export([structs.replace(snapshot(number), drift=(drift(number),))])
        queue.flush(LONG_S)
    queue.close()
    told = [record.drift for record in failing.records if isinstance(record, Snapshot)]
    assert told == [(drift(1), drift(2)), (drift(3),)]


def test_drift_beyond_the_limit_is_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsobserve.export.queue.WAITING_DRIFT", 3)
    failing = Failing(ExportError("database is locked"))
    queue = QueuedExporter(failing, capacity=10)
    for number in (0, 2, 4):
        queue.export([structs.replace(snapshot(number), drift=(drift(number), drift(number + 1)))])
        queue.flush(LONG_S)
    queue.close()
    told = [record.drift for record in failing.records if isinstance(record, Snapshot)]
    assert told == [(drift(0), drift(1), drift(2)), (drift(4), drift(5))]
    assert queue.counts().drift_dropped == 1


def test_an_entry_that_was_joined_to_a_longer_step_is_told_to_be_empty() -> None:
    """So the volumes are made: what was handed out and is no longer comes once more, with zero messages."""
    waiting = WaitingVolumes(100)
    waiting.add([volume(10, 2), volume(11, 3), volume(11, 6, "/other")])
    waiting.add([volume(11, 0), volume(10, 5, step_s=10)])
    waiting.add([volume(10, 9, step_s=10)])
    assert waiting.entries() == [volume(11, 6, "/other"), volume(11, 0), volume(10, 9, step_s=10)]


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9), st.sampled_from(["/a", "/b"])), max_size=6), max_size=6),
    st.sets(st.integers(0, 6)),
)
def test_wherever_snapshots_are_passed_over_the_store_ends_up_the_same(
    changes: list[list[tuple[int, int, str]]], taken: set[int]
) -> None:
    """A store that replaces by channel, direction and time sees the same in the end, at every cut."""
    snapshots = [[volume(time_s, messages, channel) for time_s, messages, channel in change] for change in changes]
    direct, merged = {}, {}
    waiting = WaitingVolumes(1_000)
    for number, volumes in enumerate(snapshots):
        direct.update({(entry.channel, entry.time_ns): entry for entry in volumes})
        waiting.add(volumes)
        if number in taken or number == len(snapshots) - 1:
            merged.update({(entry.channel, entry.time_ns): entry for entry in waiting.entries()})
            waiting = WaitingVolumes(1_000)
    assert merged == direct
