"""A status as a running sidecar would tell it, for the tests of what is made from it."""

from __future__ import annotations

import msgspec

from wsobserve.export.queue import QueueCounts
from wsobserve.records import Accounting, ChannelTotal, Direction, Sizes
from wsobserve.sidecar.status import ExporterStatus, Status, WorkerStatus

START_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000


def channel(
    name: str = "/rooms/{id}", direction: Direction | None = "client_to_server", messages: int = 6, **changes: object
) -> ChannelTotal:
    """6 messages: two without payload, three of 10 bytes, one of 100."""
    whole = ChannelTotal(
        channel=name,
        direction=direction,
        messages=messages,
        undecoded=1,
        rate=2.0,
        frame_bytes=160,
        payload_bytes=130,
        size_p50=10.0,
        size_p95=100.0,
        size_p99=100.0,
        # base 2: (8, 16] and (64, 128]
        sizes=Sizes(scale=0, count=6, sum=130, minimum=0, maximum=100, zero_count=2, buckets={3: 3, 6: 1}),
        names={"say": 4},
        formats={"json": 6},
        first_ns=START_NS,
        last_ns=START_NS + SECOND_NS,
    )
    return msgspec.structs.replace(whole, **changes)


def queue_counts(**changes: object) -> QueueCounts:
    whole = QueueCounts(
        waiting={"ChannelMessage": 3},
        exported={"ChannelMessage": 5, "Snapshot": 2},
        replaced={},
        failed={},
        dropped={},
        volumes_dropped=0,
        drift_dropped=0,
        failures=0,
        last_error=None,
    )
    return msgspec.structs.replace(whole, **changes)


def status(**changes: object) -> Status:
    """Up for 65 s, healthy; of 1,000 packets that there were, the kernel dropped 10."""
    now_ns = START_NS + 65 * SECOND_NS
    whole = Status(
        version="0.1.0",
        time_ns=now_ns,
        started_ns=START_NS,
        watching="lo port 8080",
        service="chat",
        resource={"k8s.pod.name": "chat-0"},
        privileges=("user 65534", "no capabilities"),
        ready=True,
        healthy=True,
        troubles=(),
        workers=(
            WorkerStatus(number=0, process=7, restarts=1, packets=990, memory_bytes=40 * 2**20, heard_ns=now_ns - SECOND_NS),
        ),
        exporters=(ExporterStatus(name="store", counts=queue_counts()),),
        accounting=Accounting(
            packets_seen=990,
            packets_decoded=985,
            packets_dropped={"cut_header": 5},
            handshakes={"accepted": 3, "mid_stream": 1},
            frame_bytes=160,
            messages=6,
            messages_decoded=5,
            messages_undecoded={"context_lost": 1},
            capture_loss={"kernel_dropped": 10},
            bytes_lost=1_500,
            gaps=2,
        ),
        channels=(channel(),),
        rates={"packets": 1234.5, "messages": 6.0, "frame_bytes": 160.0},
        open_connections=3,
        memory_bytes=89_233_818,
        memory_budget=256 * 2**20,
        shedding=0,
        shed={},
    )
    return msgspec.structs.replace(whole, **changes)
