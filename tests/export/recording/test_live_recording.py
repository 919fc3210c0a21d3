"""A ring on a real interface, recorded while real sockets talk: what is in the files is what was told while it was made."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from itertools import groupby
from pathlib import Path
from random import Random

import pytest

from tests.capture.network import network
from tests.export.recording.secret_talk import WAYS, Talk, observed
from tests.export.recording.test_recorder import told
from wsobserve.capture.filter import packet_filter
from wsobserve.capture.ring import open_rings
from wsobserve.doctor import may_capture
from wsobserve.export.recording.recorder import Recorder
from wsobserve.export.recording.settings import Payloads, RecordingSettings
from wsobserve.pipeline import Pipeline
from wsobserve.records import CaptureLoss, Handshake, Record

pytestmark = [
    pytest.mark.needs_kernel("packet sockets that we may open"),
    pytest.mark.skipif(not may_capture(), reason="capturing needs Linux and the capability CAP_NET_RAW"),
]


@pytest.mark.parametrize("way", WAYS)
def test_live_and_offline_agree(tmp_path: Path, way: Payloads) -> None:
    talk = Talk(deflate=True, chance=Random(5)).open().chat().close()
    recorder = Recorder(RecordingSettings(directory=str(tmp_path), channels=("/rooms/*",), payloads=way))
    pipeline = Pipeline()
    live: list[Record] = []
    with network() as made:
        with made.inside("west"):
            (ring,) = open_rings(["west"], packet_filter([7050]), ring_bytes=8 << 20, workers=1)
        client, server = made.connect(port=7050)
        for from_client, segments in groupby(talk.segments, lambda segment: segment.sender[8:10] == b"\x9c\x40"):
            data = b"".join(segment.payload for segment in segments)
            sender, receiver = (client, server) if from_client else (server, client)
            thread = threading.Thread(target=sender.sendall, args=(data,))  # more than fits into the kernel's buffers
            thread.start()
            left = len(data)
            while left:
                left -= len(receiver.recv(left))
            thread.join()
        client.close()
        server.close()
        deadline = time.monotonic() + 20
        seen = 0
        while time.monotonic() < deadline:
            batch = ring.take(0.2)
            if batch is not None:
                recorder.batch(batch)
                records = pipeline.receive(batch)
                recorder.records(records)
                recorder.tick(pipeline.now_ns)
                live += records
            counts = ring.statistics()
            seen += counts.seen
            if batch is None and seen == ring.taken:
                break
        ring.close()
    recorder.records([CaptureLoss(source="west", reason="kernel_dropped", packets=3)])
    live += pipeline.finish()
    recorder.close()
    counted = recorder.counts()
    assert counted.packets == counted.packets_seen - counted.left_out.get("not_tcp", 0)  # what an interface says by itself
    assert counted.packets > 20
    assert counted.packets_cut == 0
    files = sorted(tmp_path.iterdir())
    again = observed(files)
    assert any(isinstance(record, Handshake) for record in live)
    if way != "headers":
        assert told(again, way) == told(live, way)
    assert [record.packets for record in again if isinstance(record, CaptureLoss)] == [3]
    if shutil.which("tshark"):
        run = subprocess.run(["tshark", "-r", str(files[0]), "-Y", "tcp"], capture_output=True, text=True, check=True)
        assert len(run.stdout.splitlines()) == counted.packets
