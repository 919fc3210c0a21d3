"""Findings of pipelines that shared the connections of a capture add up to those of one that saw all of it."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import msgspec
import pytest

from wsobserve.capture.files import read_captures
from wsobserve.findings import Findings
from wsobserve.pipeline import Pipeline

CAPTURES = Path(__file__).resolve().parents[1] / "captures"
NAMES = sorted(path.name for path in CAPTURES.glob("*.pcap*"))


def findings_of(name: str, worker: int = 0, workers: int = 1, at_the_end: bool = True) -> Findings:
    pipeline = Pipeline(messages=0, worker=worker, workers=workers)
    for item in read_captures([str(CAPTURES / name)]):
        pipeline.receive(item)
    if at_the_end:
        pipeline.finish()
    return pipeline.findings()


def told(findings: Findings) -> str:
    """The snapshot with every table in one order: a dict's order tells only who came first."""
    return json.dumps(msgspec.to_builtins(findings.snapshot(final=True), str_keys=True), sort_keys=True)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("workers", [2, 3, 8])
def test_the_findings_of_workers_add_up_in_any_order(name: str, workers: int) -> None:
    alone = told(findings_of(name))
    shares = [findings_of(name, worker, workers) for worker in range(workers)]
    assert sum(share.accounting.packets_seen for share in shares) == findings_of(name).accounting.packets_seen
    for order in (shares, shares[::-1]):
        together = Findings()
        for share in order:
            together.merge(share)
        assert told(together) == alone


@pytest.mark.parametrize("name", NAMES)
def test_open_connections_of_workers_add_up(name: str) -> None:
    together = Findings()
    for worker in range(2):
        together.merge(findings_of(name, worker, 2, at_the_end=False))
    assert told(together) == told(findings_of(name, at_the_end=False))


def test_findings_survive_the_way_to_another_process() -> None:
    findings = findings_of("demo.pcapng")
    assert told(pickle.loads(pickle.dumps(findings))) == told(findings)


def test_empty_findings_are_neutral() -> None:
    together = Findings()
    together.merge(findings_of("demo.pcapng"))
    together.merge(Findings())
    assert told(together) == told(findings_of("demo.pcapng"))
