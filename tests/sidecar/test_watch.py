"""A live interface watched while real programs talk: what they sent is what is seen, in the store and at the collector."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import wsobserve
import wsobserve.sidecar.watch
from wsobserve.capture.error import CaptureError
from wsobserve.capture.files import read_captures
from wsobserve.doctor import may_capture
from wsobserve.export.error import ExportError
from wsobserve.export.store import StoreReader
from wsobserve.records import CaptureLoss, ChannelMessage, PacketBatch, Record

websockets = pytest.importorskip("websockets", reason="the package websockets is not installed")

pytestmark = pytest.mark.skipif(not may_capture(), reason="live capture needs Linux and CAP_NET_RAW")

Sent = Counter[tuple[str, str, str | None]]  # (channel, direction, name) -> messages


class Attached:
    """`wsobserve attach` as a process that has begun to watch."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.errors: list[str] = []

    def stop(self, number: signal.Signals = signal.SIGINT) -> str:
        """Stop it, and return what it printed."""
        self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=60)
        self.errors += errors.splitlines()
        return output


@contextmanager
def attached(command: list[str], *arguments: str) -> Iterator[Attached]:
    process = subprocess.Popen(
        [*command, "attach", "--interface", "lo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
    )
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        assert "watching lo" in line, line + process.stderr.read()
        yield Attached(process)
    finally:
        process.kill()
        process.wait()


async def talk(sent: Sent, lengths: list[int], meanwhile: Callable[[], None] = lambda: None, clients: int = 8) -> int:
    """Clients and a server that count what they send; returns the server's port. Bounded: 40 messages a client."""

    async def answer(socket: Any) -> None:
        async for text in socket:
            reply = json.dumps({"type": "ack", "of": json.loads(text)["number"]})
            await socket.send(reply)
            sent["/rooms/{id}", "server_to_client", "ack"] += 1
            lengths.append(len(reply))

    async with websockets.serve(answer, "127.0.0.1", PORT) as server:
        port: int = server.sockets[0].getsockname()[1]

        async def speak(room: int) -> None:
            compression = "deflate" if room % 2 else None
            async with websockets.connect(f"ws://127.0.0.1:{port}/rooms/{room}", compression=compression) as socket:
                for number in range(40):
                    text = json.dumps({"type": "say", "number": number, "text": "la" * random.randint(0, 200)})
                    await socket.send(text)
                    sent["/rooms/{id}", "client_to_server", "say"] += 1
                    lengths.append(len(text))
                    await socket.recv()

        await asyncio.gather(*(speak(room) for room in range(clients)))
        meanwhile()
    return port


PORT = 18977


def test_what_is_seen_is_what_was_sent(wsobserve_command: list[str], tmp_path: Path) -> None:
    store = str(tmp_path / "live.db")
    sent: Sent = Counter()
    lengths: list[int] = []
    with attached(wsobserve_command, "--port", str(PORT), "--store", store, "--interval", "0.2", "--json") as watching:
        asyncio.run(talk(sent, lengths))
        accounting = json.loads(watching.stop())
    assert watching.process.returncode == 0
    assert accounting["messages"] == accounting["messages_decoded"] == sum(sent.values())
    assert accounting["payload_length"] == sum(lengths)
    assert accounting["handshakes"] == {"accepted": 8}
    reader = StoreReader(store)
    run = reader.runs()[0]["id"]
    stored: Sent = Counter()
    for row in reader.series(run):
        stored[row["channel"], row["direction"], row["name"]] += row["messages"]
    assert stored == sent
    volumes = reader.volumes(run)
    assert sum(row["messages"] for row in volumes) == sum(sent.values())
    assert sum(row["payload_bytes"] for row in volumes) == sum(lengths)
    assert {row["state"] for row in reader.connections(run)} == {"closed"}


def test_what_is_recorded_agrees_with_what_was_told_and_says_nothing(wsobserve_command: list[str], tmp_path: Path) -> None:
    sent: Sent = Counter()
    record = ("--record", str(tmp_path), "--record-channel", "/rooms/*")
    with attached(wsobserve_command, "--port", str(PORT), "--health", "off", *record) as process:
        asyncio.run(talk(sent, []))
        process.stop()
    (file,) = tmp_path.iterdir()
    seen = wsobserve.analyze(file)
    messages = Counter((total.channel, total.direction) for total in seen.snapshot.channels for _ in range(total.messages))
    assert messages == Counter((channel, direction) for channel, direction, _ in sent.elements())
    assert (seen.accounting.bytes_lost, seen.accounting.messages_undecoded, seen.accounting.packets_cut) == (0, {}, 0)
    assert b"lala" not in file.read_bytes()


def test_what_was_sent_is_in_the_store_while_it_goes_on(wsobserve_command: list[str], tmp_path: Path) -> None:
    store = str(tmp_path / "live.db")
    sent: Sent = Counter()
    seen: list[int] = []

    def look() -> None:
        # The store is written by another process every 0.1 s: it is asked again until it has it, for 20 s at most.
        for _ in range(200):
            if Path(store).exists():
                try:
                    reader = StoreReader(store)
                    seen.append(sum(row["messages"] for row in reader.channels(reader.runs()[0]["id"])))
                except (IndexError, ExportError):  # not written yet
                    seen.append(0)
                if seen[-1] == sum(sent.values()):
                    return
            subprocess.run(["sleep", "0.1"], check=True)

    with attached(wsobserve_command, "--port", str(PORT), "--store", store, "--interval", "0.1") as watching:
        asyncio.run(talk(sent, [], look))
        assert seen[-1] == sum(sent.values()), "the store has everything while the process still watches"
        assert watching.process.poll() is None
        watching.stop(signal.SIGTERM)
    assert watching.process.returncode == 0


@pytest.mark.build_independent
def test_spans_and_metrics_arrive_at_a_collector(wsobserve_command: list[str]) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra [otlp] is not installed")
    from tests.otlp_receiver import http_receiver

    sent: Sent = Counter()
    with http_receiver() as received:
        options = ("--port", str(PORT), "--otlp", received.endpoint, "--service", "chat", "--interval", "0.2")
        with attached(wsobserve_command, *options) as watching:
            asyncio.run(talk(sent, []))
            watching.stop()
        assert watching.process.returncode == 0, watching.errors
        names = Counter(span.name for span in received.spans)
        assert names == {"GET /rooms/{id}": 8, "websocket.connection /rooms/{id}": 8}
        last = [metric for metric in received.metrics if metric.name == "websocket.messages"][-1]
        assert sum(point.as_int or int(point.as_double) for point in last.sum.data_points) == sum(sent.values())
        assert {resource["service.name"] for resource in received.resources} == {"chat"}


def test_a_collector_that_is_not_there_is_told_of_at_the_end(wsobserve_command: list[str]) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra [otlp] is not installed")
    sent: Sent = Counter()
    with attached(wsobserve_command, "--port", str(PORT), "--otlp", "http://127.0.0.1:9", "--json") as watching:
        asyncio.run(talk(sent, [], clients=2))
        accounting = json.loads(watching.stop())
    assert accounting["messages"] == sum(sent.values()), "capture goes on"
    assert watching.process.returncode == 1
    assert re.search(r"not exported|exporting failed", "\n".join(watching.errors))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up a privilege")
def test_without_the_privilege_it_says_what_to_do(wsobserve_command: list[str]) -> None:
    done = subprocess.run(
        ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw", *wsobserve_command, "attach", "--interface", "lo"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd="/",
    )
    assert done.returncode == 1
    assert "CAP_NET_RAW" in done.stderr
    assert len(done.stderr.splitlines()) == 1


class Vanishing:
    """A source whose interface goes away after it has given some packets."""

    def __init__(self) -> None:
        capture = Path(__file__).resolve().parents[2] / "captures" / "websockets_chat.pcap"
        self._items = list(read_captures([str(capture)]))

    def __enter__(self) -> Vanishing:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def batches(self, stop: Callable[[], bool]) -> Iterator[PacketBatch | CaptureLoss | None]:
        yield from self._items
        raise CaptureError("eth9: the interface is gone")


class Collected:
    """An exporter that keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.closed = False

    def export(self, records: Sequence[Record]) -> None:
        self.records += records

    def flush(self, timeout_s: float) -> bool:
        return True

    def close(self) -> None:
        self.closed = True


def test_what_was_decoded_leaves_although_the_interface_goes_away() -> None:
    exporter = Collected()
    result = wsobserve.sidecar.watch.watch(Vanishing, "eth9", [exporter], 3600, lambda line: None)
    assert result.failures == ["eth9: the interface is gone"]
    messages = [record for record in exporter.records if isinstance(record, ChannelMessage)]
    assert len(messages) == result.snapshot.accounting.messages > 0
    assert exporter.records[-1] == result.snapshot
    assert sum(volume.messages for volume in result.snapshot.volumes) == len(messages)
    assert exporter.closed
