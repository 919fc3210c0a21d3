"""What the parent says of a worker."""

from __future__ import annotations

from pathlib import Path

from tests.sidecar.file_ring import FileRing
from wsobserve.sidecar.supervised import Worker

DEMO = str(Path(__file__).resolve().parents[2] / "captures" / "demo.pcapng")


def test_a_worker_without_a_process_says_so() -> None:
    worker = Worker(3, FileRing([DEMO]))
    worker.restarts, worker.told = 2, 10
    status = worker.status()
    assert (status.number, status.process, status.restarts, status.packets, status.memory_bytes) == (3, None, 2, 10, 0)
