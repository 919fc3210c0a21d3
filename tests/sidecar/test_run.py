"""A whole sidecar on real interfaces: what it says is what was sent, whatever is done to it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.capture.network import ADDRESS, Network, network
from tests.sidecar.attached import attached, inject, packets_of, syn
from wsobserve.capture.privileges import held_lines
from wsobserve.doctor import may_capture
from wsobserve.export.store import StoreReader

pytestmark = pytest.mark.skipif(not may_capture(), reason="live capture needs Linux and CAP_NET_RAW")

LOAD = [sys.executable, "-m", "tests.benchmarks.live_load"]
SMALL = ["--port", "8080", "--rate", "200", "--seconds", "2", "--connections", "5"]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def net() -> Iterator[Network]:
    with network() as made:
        for side in ("west", "east"):  # what IPv6 says of itself is nobody's traffic
            with made.inside(side):
                Path("/proc/sys/net/ipv6/conf/all/disable_ipv6").write_text("1")
        yield made


def messages_of(reader: StoreReader, run: dict[str, Any]) -> int:
    accounting = reader.accounting(run["id"])
    return 0 if accounting is None else int(accounting["messages"])


def lost(accounting: dict[str, object]) -> int:
    losses = accounting["capture_loss"]
    assert isinstance(losses, dict)
    return sum(losses.values())


def lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# --- every packet has one end -------------------------------------------------------------------------------------------


def test_with_a_tiny_ring_and_a_stalled_worker_what_was_sent_is_decoded_or_counted_as_lost(
    wsobserve_command: list[str], tmp_path: Path, net: Network
) -> None:
    packets = packets_of("demo.pcapng")
    with attached(wsobserve_command, tmp_path, "-i", "west", "--ring", "1MiB", "-p", "1-65535", net=net) as watching:
        sent = inject(net, "east", packets)
        os.kill(watching.worker, signal.SIGSTOP)
        for _ in range(3):
            sent += inject(net, "east", packets)
        os.kill(watching.worker, signal.SIGCONT)
        sent += inject(net, "east", packets)
        accounting = watching.stop()
    assert lost(accounting) > 1_000
    assert accounting["packets_seen"] + lost(accounting) == sent
    assert set(accounting["capture_loss"]) == {"kernel_dropped"}


def test_a_worker_that_is_killed_takes_with_it_only_what_is_counted(
    wsobserve_command: list[str], tmp_path: Path, net: Network
) -> None:
    packets = packets_of("demo.pcapng")
    arguments = ["-i", "west", "-p", "1-65535", "--workers", "2", "--interval", "0.2"]
    with attached(wsobserve_command, tmp_path, *arguments, net=net) as watching:
        sent = 0
        for turn in range(4):
            sent += inject(net, "east", packets)
            if turn in (1, 2):
                os.kill(watching.worker, signal.SIGKILL)
                watching.wait_for(lambda: len(watching.children()) < 3)
                watching.wait_for(lambda: len(watching.children()) == 3)
        accounting = watching.stop()
    assert accounting["packets_seen"] + lost(accounting) == sent
    assert "status -9" in watching.log


def test_a_flood_of_syns_from_everywhere_is_survived_and_counted(
    wsobserve_command: list[str], tmp_path: Path, net: Network
) -> None:
    packets = packets_of("demo.pcapng")
    arguments = ["-i", "west", "-p", "1-65535", "--memory", "160MiB"]
    with attached(wsobserve_command, tmp_path, *arguments, net=net) as watching:
        sent = inject(net, "east", [syn(number) for number in range(200_000)])
        sent += inject(net, "east", packets, pause_s=0.001)
        accounting = watching.stop(seconds=120)
    assert accounting["packets_seen"] + lost(accounting) == sent
    assert accounting["connections"]["half_open"] + lost(accounting) >= 200_000
    if not lost(accounting):
        assert accounting["messages"] == 1654


# --- the world goes wrong -----------------------------------------------------------------------------------------------


def test_when_the_parent_is_killed_all_end_and_the_store_is_whole(
    wsobserve_command: list[str], tmp_path: Path, net: Network
) -> None:
    store = tmp_path / "live.db"
    arguments = ["-i", "west", "-p", "1-65535", "--interval", "0.2", "--store", str(store)]
    with attached(wsobserve_command, tmp_path, *arguments, net=net) as watching:
        inject(net, "east", packets_of("demo.pcapng"))
        children = watching.children()
        reader = StoreReader(str(store))
        watching.wait_for(lambda: any(messages_of(reader, run) == 1654 for run in reader.runs()))
        watching.process.kill()
        watching.wait_for(lambda: not any(map(lives, children)))
    assert sqlite3.connect(store).execute("PRAGMA integrity_check").fetchone() == ("ok",)
    (run,) = reader.runs()
    assert not run["finished"]
    with attached(wsobserve_command, tmp_path, *arguments, net=net) as watching:
        watching.stop()
    assert [run["finished"] for run in sorted(reader.runs(), key=lambda run: run["id"])] == [False, True]


def test_a_locked_store_delays_nothing_and_loses_nothing(wsobserve_command: list[str], tmp_path: Path, net: Network) -> None:
    store = tmp_path / "live.db"
    arguments = ["-i", "west", "-p", "1-65535", "--interval", "0.2", "--store", str(store)]
    with attached(wsobserve_command, tmp_path, *arguments, net=net) as watching:
        lock = sqlite3.connect(store, isolation_level=None, timeout=20)
        lock.execute("BEGIN EXCLUSIVE")
        sent = inject(net, "east", packets_of("demo.pcapng"), pause_s=0.01)
        time.sleep(1)
        lock.execute("ROLLBACK")
        lock.close()
        accounting = watching.stop()
    assert accounting["packets_seen"] == sent
    reader = StoreReader(str(store))
    (run,) = reader.runs()
    assert run["finished"]
    assert messages_of(reader, run) == 1654


def test_a_full_disk_is_said_and_capture_goes_on(wsobserve_command: list[str], tmp_path: Path, net: Network) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "none", str(disk)], check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        arguments = ["-i", "west", "-p", "1-65535", "--interval", "0.2", "--store", str(disk / "live.db")]
        with attached(wsobserve_command, tmp_path, *arguments, net=net) as watching:
            sent = 0
            for _ in range(3):
                sent += inject(net, "east", packets_of("demo.pcapng"))
            accounting = watching.stop()
            assert watching.process.returncode == 1
        assert accounting["packets_seen"] == sent
        assert "disk is full" in watching.log
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("collector", ["absent", "hanging"])
def test_a_collector_that_is_not_there_or_does_not_answer_delays_nothing(
    wsobserve_command: list[str], tmp_path: Path, net: Network, collector: str
) -> None:
    with net.inside("west"):
        listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    if collector == "absent":
        listener.close()
    arguments = ["-i", "west", "-p", "1-65535", "--interval", "0.2", "--otlp", f"http://127.0.0.1:{port}"]
    with attached(wsobserve_command, tmp_path, *arguments, net=net) as watching:
        sent = inject(net, "east", packets_of("demo.pcapng"))
        began = time.monotonic()
        accounting = watching.stop()
        assert time.monotonic() - began < 35
        assert watching.process.returncode == 1  # not everything was exported, and that is said
    listener.close()
    assert accounting["packets_seen"] == sent


def test_an_interface_may_go_down_and_up_and_ends_it_when_it_vanishes(
    wsobserve_command: list[str], tmp_path: Path, net: Network
) -> None:
    packets = packets_of("demo.pcapng")
    with attached(wsobserve_command, tmp_path, "-i", "west", "-p", "1-65535", net=net) as watching:
        sent = inject(net, "east", packets[:100])
        net.ip("west", "link set west down")
        time.sleep(0.3)
        net.ip("west", "link set west up")
        time.sleep(0.3)
        sent += inject(net, "east", packets[100:200])
        time.sleep(0.5)
        net.ip("west", "link del west")
        accounting = watching.ended()
        assert watching.process.returncode == 1
    assert accounting["packets_seen"] == sent
    assert "there is nothing to watch any more" in watching.log


def test_under_full_load_it_ends_within_its_bound(wsobserve_command: list[str], tmp_path: Path, net: Network) -> None:
    stop = threading.Event()
    packets = packets_of("demo.pcapng")

    def flood() -> None:
        while not stop.is_set():
            inject(net, "east", packets)

    with attached(wsobserve_command, tmp_path, "-i", "west", "-p", "1-65535", net=net) as watching:
        thread = threading.Thread(target=flood)
        thread.start()
        time.sleep(1)
        began = time.monotonic()
        accounting = watching.stop()
        lasted = time.monotonic() - began
        stop.set()
        thread.join()
    assert lasted < 30
    assert accounting["packets_seen"] > 0
    assert "left_in_ring" not in accounting["capture_loss"]


# --- targets and privileges ---------------------------------------------------------------------------------------------


def test_a_process_in_another_network_is_found_and_nothing_is_held_afterwards(
    wsobserve_command: list[str], tmp_path: Path, net: Network
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with net.inside("west"):
        server = subprocess.Popen(
            [*LOAD, "server", "--port", "8080", "--rate", "200", "--seconds", "2"],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
    assert server.stdout is not None
    server.stdout.readline()
    with attached(wsobserve_command, tmp_path, "--pid", str(server.pid)) as watching:
        assert f"any of process {server.pid} port 8080" in watching.log
        for process in (watching.process.pid, *watching.children()):
            status = dict(
                line.split(":\t", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines() if ":\t" in line
            )
            assert {status[name] for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {"0" * 16}
            assert status["NoNewPrivs"] == "1"
        with net.inside("east"):
            client = subprocess.run(
                [*LOAD, "client", "--host", ADDRESS["west"], *SMALL],
                capture_output=True, text=True, env=environment, check=True,
            )  # fmt: skip
        output, _ = server.communicate(timeout=30)
        accounting = watching.stop()
    sent = [json.loads(text.splitlines()[-1]) for text in (client.stdout, output)]
    assert accounting["messages_decoded"] == sum(one["messages"] for one in sent) > 100
    assert accounting["frame_bytes"] == sum(one["frame_bytes"] for one in sent)
    assert held_lines()  # we ourselves still hold what we held


def test_without_a_port_one_is_found_by_its_upgrade(wsobserve_command: list[str], tmp_path: Path, net: Network) -> None:
    with attached(wsobserve_command, tmp_path, "-i", "west", net=net) as watching:
        inject(net, "east", packets_of("demo.pcapng"), pause_s=0.01)
        accounting = watching.stop()
    assert accounting["messages"] == 1654


# --- live and offline ---------------------------------------------------------------------------------------------------


def test_live_and_offline_find_the_same(wsobserve_command: list[str], tmp_path: Path, net: Network) -> None:
    program = shutil.which("tcpdump", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("tcpdump is not installed")
    capture, store = tmp_path / "same.pcap", tmp_path / "live.db"
    with net.inside("west"):
        dump = subprocess.Popen(
            [program, "-i", "west", "-Z", "root", "-U", "-w", str(capture), "tcp"], stderr=subprocess.PIPE, text=True
        )
    assert dump.stderr is not None
    dump.stderr.readline()
    with attached(wsobserve_command, tmp_path, "-i", "west", "-p", "1-65535", "--store", str(store), net=net) as watching:
        for name in ("demo.pcapng", "socketio.pcapng"):
            inject(net, "east", packets_of(name), pause_s=0.01)
        time.sleep(0.5)
        accounting = watching.stop()
    dump.send_signal(signal.SIGINT)
    dump.communicate(timeout=20)
    offline_store = tmp_path / "offline.db"
    done = subprocess.run(
        [*wsobserve_command, "analyze", "--json", "--store", str(offline_store), str(capture)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    offline = json.loads(done.stdout)
    assert accounting["packets_seen"] == offline["packets_seen"]
    for name in ("messages", "messages_decoded", "frames", "frame_bytes", "payload_length", "handshakes", "bytes_delivered"):
        assert accounting[name] == offline[name], name
    told = []
    for path in (store, offline_store):
        reader = StoreReader(str(path))
        (run,) = reader.runs()
        channels = {
            (one["channel"], one["direction"]): (one["messages"], one["payload_bytes"]) for one in reader.channels(run["id"])
        }
        kinds = {one["id"]: (one["messages"], one["json_schema"]) for one in reader.kinds(run["id"])}
        messages = Counter(
            (one["channel"], one["direction"], one["name"], one["length"]) for one in reader.messages(run["id"], 10_000)
        )
        told.append((channels, kinds, messages))
    assert told[0] == told[1]
    assert len(told[0][2]) > 100
