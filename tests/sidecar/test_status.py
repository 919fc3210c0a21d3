"""The status of a sidecar passes from process to process, and to programs, as JSON."""

from __future__ import annotations

import msgspec

from wsobserve.records import Accounting
from wsobserve.sidecar.status import Status, WorkerStatus


def status(**changes: object) -> Status:
    worker = WorkerStatus(number=0, process=7, restarts=1, packets=10, memory_bytes=1, heard_ns=5)
    whole = Status(
        version="1",
        time_ns=2,
        started_ns=1,
        watching="lo port 80",
        service=None,
        resource={},
        privileges=(),
        ready=True,
        healthy=True,
        troubles=(),
        workers=(worker,),
        exporters=(),
        accounting=Accounting(packets_seen=10, capture_loss={"kernel_dropped": 2}),
        channels=(),
        rates={"packets": 1.5},
        open_connections=3,
        memory_bytes=4,
        memory_budget=5,
        shedding=0,
        shed={},
    )
    return msgspec.structs.replace(whole, **changes)


def test_a_status_survives_json() -> None:
    before = status(troubles=("worker 0 was restarted",))
    assert msgspec.json.decode(msgspec.json.encode(before), type=Status) == before
