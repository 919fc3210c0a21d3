"""Workers: one process or several give the same records in the same order, the same findings, and say what failed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import msgspec
import pytest

from wsobserve.config import PARTITIONS
from wsobserve.records import CaptureLoss, ChannelMessage
from wsobserve.workers import WORTH_SHARING, Plan, Step, Workers, fitting_workers

CAPTURES = Path(__file__).resolve().parents[1] / "captures"
DEMO = str(CAPTURES / "demo.pcapng")
ROTATED = tuple(str(path) for path in sorted(CAPTURES.glob("rotated_*")))


def steps_of(plan: Plan, workers: int) -> list[Step]:
    with Workers(plan, workers) as observers:
        return list(observers.steps())


def told(plan: Plan, workers: int) -> list[object]:
    """Everything that the steps say, as plain values; taken as they come, for findings grow on."""
    with Workers(plan, workers) as observers:
        return [
            (
                step.batch,
                [repr(record) for record in step.records],
                step.findings
                and json.dumps(msgspec.to_builtins(step.findings.snapshot(final=step.last), str_keys=True), sort_keys=True),
                step.last,
                step.failures,
            )
            for step in observers.steps()
        ]


@pytest.mark.parametrize("paths", [(DEMO,), ROTATED], ids=["one file", "rotated files"])
@pytest.mark.parametrize("workers", [2, 3, PARTITIONS])
def test_any_number_of_workers_gives_the_same(paths: tuple[str, ...], workers: int) -> None:
    plan = Plan(paths=paths, snapshot_every_ns=1_000_000_000)
    assert told(plan, workers) == told(plan, 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_no_more_messages_come_than_were_asked_for(workers: int) -> None:
    everything = [record for step in steps_of(Plan(paths=(DEMO,)), 1) for record in step.records]
    messages = [repr(record) for record in everything if isinstance(record, ChannelMessage)]
    some = [record for step in steps_of(Plan(paths=(DEMO,), messages=321), workers) for record in step.records]
    assert [repr(record) for record in some if isinstance(record, ChannelMessage)] == messages[:321]
    none = [record for step in steps_of(Plan(paths=(DEMO,), messages=0), workers) for record in step.records]
    assert not any(isinstance(record, ChannelMessage) for record in none)
    others = [repr(record) for record in everything if not isinstance(record, ChannelMessage)]
    assert [repr(record) for record in none] == others


@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_that_is_cut_is_told_once_and_one_that_is_missing_too(workers: int, tmp_path: Path) -> None:
    cut = tmp_path / "cut.pcapng"
    cut.write_bytes(Path(DEMO).read_bytes()[:-7])
    steps = steps_of(Plan(paths=(str(cut), str(tmp_path / "missing.pcap"))), workers)
    losses = [record for step in steps for record in step.records if isinstance(record, CaptureLoss)]
    assert [loss.reason for loss in losses] == ["file_cut"]
    assert len(steps[-1].failures) == 1
    assert "missing.pcap" in steps[-1].failures[0]
    assert steps[-1].findings is not None
    assert steps[-1].findings.accounting.capture_loss_unknown == {"file_cut": 1}


def test_a_worker_that_is_killed_is_said_to_be_missing() -> None:
    with Workers(Plan(paths=(DEMO,) * 40), 2) as observers:
        killed, _ = observers._processes[1]
        assert killed.pid is not None
        os.kill(killed.pid, signal.SIGKILL)
        steps = list(observers.steps())
    assert steps[-1].failures == ["a worker process ended too early (status -9): what its connections carried is missing"]
    assert steps[-1].findings is not None
    assert steps[-1].findings.accounting.packets_seen > 0  # what the other one found


def test_closing_ends_the_processes() -> None:
    with Workers(Plan(paths=(DEMO,) * 40), 2) as observers:
        processes = [process for process, _ in observers._processes]
        assert all(process.is_alive() for process in processes)
    assert not any(process.is_alive() for process in processes)


def test_how_many_workers_are_fitting(tmp_path: Path) -> None:
    small, large = tmp_path / "small.pcap", tmp_path / "large.pcap"
    small.write_bytes(b"x")
    with large.open("wb") as file:
        file.truncate(WORTH_SHARING)
    cores = min(len(os.sched_getaffinity(0)), PARTITIONS)
    assert fitting_workers([str(small)]) == 1
    assert fitting_workers([str(large)]) == cores
    assert fitting_workers([str(small)], 2) == 2
    assert fitting_workers([str(small)], 1_000) == PARTITIONS
    assert fitting_workers(["-"], 2) == 1
    assert fitting_workers([str(large), str(tmp_path / "missing")]) == 1
    with pytest.raises(ValueError, match="at least one"):
        fitting_workers([str(large)], 0)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_command_counts_the_same_with_any_number(wsobserve_command: list[str], workers: str) -> None:
    done = subprocess.run(
        [*wsobserve_command, "count", DEMO, "--json", "--workers", workers], capture_output=True, timeout=60, check=True
    )
    accounting = json.loads(done.stdout)
    assert accounting["packets_seen"] == accounting["packets_decoded"] == 3452
    assert accounting["frames"] == {"text": 1514, "ping": 8, "pong": 8, "binary": 140, "close": 30}
    assert done.stderr == b""
