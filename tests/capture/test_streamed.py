"""A capture that is still being written: each packet comes when it is there, and nobody waits for the writer."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.capture.network import network, talk
from wsobserve.capture.error import CaptureError
from wsobserve.capture.streamed import StreamedSource
from wsobserve.doctor import may_capture
from wsobserve.records import CaptureLoss, PacketBatch

pytestmark = [pytest.mark.build_independent, pytest.mark.needs_kernel("packet sockets that we may open")]

PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 101)
END_S = 20.0


def record(number: int, payload: bytes) -> bytes:
    return struct.pack("<IIII", number, 0, len(payload), len(payload)) + payload


def block(kind: int, body: bytes) -> bytes:
    return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[tuple[StreamedSource, int]]:
    """A source, and the end of its pipe that is written to."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with StreamedSource(str(pipe)) as source:
        writer = os.open(pipe, os.O_WRONLY)
        try:
            yield source, writer
        finally:
            try:
                os.close(writer)
            except OSError:
                pass  # the test has closed it


def first_item(source: StreamedSource) -> PacketBatch | CaptureLoss | None:
    """The first item that is no tick; None at the end of the stream."""
    deadline = time.monotonic() + END_S
    return next((item for item in source.batches(lambda: time.monotonic() > deadline) if item is not None), None)


def numbers(batch: PacketBatch | CaptureLoss | None) -> list[bytes]:
    assert isinstance(batch, PacketBatch)
    return [batch.buffer[at : at + length] for at, length in zip(batch.offsets, batch.captured_lengths, strict=True)]


def test_each_packet_comes_when_it_is_there(stream: tuple[StreamedSource, int]) -> None:
    source, writer = stream
    os.write(writer, PCAP_HEADER)
    for number in range(5):
        os.write(writer, record(number, b"packet %d" % number))
        assert numbers(first_item(source)) == [b"packet %d" % number]
    os.close(writer)
    assert first_item(source) is None
    assert (source.seen, source.delivered, source.dropped) == (5, 5, 0)


def test_while_nothing_comes_the_caller_is_not_kept_waiting(stream: tuple[StreamedSource, int]) -> None:
    source, writer = stream
    ticks = 0
    for written in (b"", PCAP_HEADER[:7], PCAP_HEADER[7:], record(1, b"whole")[:20]):  # waits before, in and behind the header
        os.write(writer, written)
        for item in source.batches(lambda: False):
            assert item is None
            ticks += 1
            break
    assert ticks == 4
    assert list(source.batches(lambda: True)) == [], "in the middle of a packet too"
    os.write(writer, record(1, b"whole")[20:])
    assert numbers(first_item(source)) == [b"whole"]


def test_when_it_is_stopped_what_was_read_is_given_out(stream: tuple[StreamedSource, int]) -> None:
    source, writer = stream
    os.write(writer, PCAP_HEADER + record(1, b"a") + record(2, b"b"))
    deadline = time.monotonic() + END_S
    while not source._items.qsize() and time.monotonic() < deadline:
        time.sleep(0.01)
    (batch,) = source.batches(lambda: True)
    assert numbers(batch) == [b"a", b"b"]


def test_a_writer_that_is_faster_waits_and_nothing_is_lost(stream: tuple[StreamedSource, int]) -> None:
    source, writer = stream
    data = PCAP_HEADER + b"".join(record(i, i.to_bytes(4, "big") + bytes(996)) for i in range(4000))

    def write() -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(writer, view) :]
        os.close(writer)

    thread = threading.Thread(target=write)
    thread.start()
    found: list[bytes] = []
    for item in source.batches(lambda: False):
        if item is not None:
            found += numbers(item)
    thread.join()
    assert [int.from_bytes(packet[:4], "big") for packet in found] == list(range(4000))


def test_what_pcapng_says_was_lost_is_counted(stream: tuple[StreamedSource, int]) -> None:
    source, writer = stream
    section = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    interface = block(1, struct.pack("<HHI", 101, 0, 262144))
    packet = block(6, struct.pack("<IIIII", 0, 0, 1_000_000, 4, 4) + b"text")
    statistics = block(5, struct.pack("<III", 0, 0, 0) + struct.pack("<HHQ", 7, 8, 12) + bytes(4))
    os.write(writer, section + interface + packet + statistics)
    assert numbers(first_item(source)) == [b"text"]
    os.close(writer)
    loss = first_item(source)
    assert isinstance(loss, CaptureLoss)
    assert (loss.reason, loss.packets) == ("kernel_dropped", 12)
    assert (source.seen, source.delivered, source.dropped) == (13, 1, 12)


def test_what_is_no_capture_is_told(stream: tuple[StreamedSource, int]) -> None:
    source, writer = stream
    os.write(writer, b"this is some text\n" * 10)
    os.close(writer)
    with pytest.raises(CaptureError, match="not a capture file"):
        first_item(source)


def test_a_stream_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="no such file"):
        first_item(StreamedSource(str(tmp_path / "nowhere")))


def test_standard_input_is_a_stream() -> None:
    script = """
import sys
from wsobserve.capture.streamed import StreamedSource
for item in StreamedSource().batches(lambda: False):
    if item is not None:
        print(item.source, len(item), flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(PCAP_HEADER + record(1, b"a"))
    process.stdin.flush()
    assert process.stdout.readline() == b"- 1\n", "before the end of the stream"
    assert process.communicate()[0] == b""
    assert process.returncode == 0


@pytest.mark.skipif(shutil.which("tcpdump") is None, reason="tcpdump is not installed")
@pytest.mark.skipif(not may_capture(), reason="capturing needs Linux and the capability CAP_NET_RAW")
def test_tcpdump_writes_and_we_read_along(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with network() as net, StreamedSource(str(pipe)) as source:
        with net.inside("west"):
            words = ["tcpdump", "-U", "-w", str(pipe), "-i", "west", "-Z", "root", "--immediate-mode", "tcp port 7050"]
            process = subprocess.Popen(words, stderr=subprocess.PIPE)
        try:
            assert process.stderr is not None
            if b"listening" not in process.stderr.readline():
                pytest.skip("tcpdump cannot capture here")
            client, server = net.connect(port=7050)
            for text in (b"one text", b"another"):
                talk(client, server, [text])
                deadline = time.monotonic() + END_S
                found = b""
                for item in source.batches(lambda: time.monotonic() > deadline):  # noqa: B023 - used in this turn alone
                    if item is not None:
                        found += b"".join(numbers(item))
                    if found.count(text) == 2:
                        break
                assert found.count(text) == 2
        finally:
            process.terminate()
            process.communicate()
