"""What a whole sidecar costs and loses under real traffic, beside tcpdump and scapy, in network namespaces of its own.

    python -m tests.benchmarks.live BUILD rates --rates 20000 40000 --seconds 60       (root, Linux)
    python -m tests.benchmarks.live BUILD harm  --rate 2000 --seconds 10 --rounds 3
    python -m tests.benchmarks.live BUILD soak  --rate 10000 --minutes 30 --churn 100

Servers and clients talk over a veth pair; whoever captures sits in the server's namespace, as a sidecar does. The truth is
what both ends say that they sent. CPU time is of all processes of a capture. Nothing runs but what is named here; other
work on the machine makes losses larger than they are.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

SERVER, CLIENT = "wso-live-a", "wso-live-b"
ADDRESS, PORT = "10.78.0.1", 8080
INTERFACE = "wsolive0"
CHECKOUT = Path(__file__).resolve().parents[2]
TICK = os.sysconf("SC_CLK_TCK")
SHARE_OF_SERVER = 0.8  # of all messages
RATE_CONNECTIONS = 200


@contextlib.contextmanager
def network() -> Iterator[None]:
    """Two namespaces with a cable between them."""
    commands = [
        f"ip netns add {SERVER}",
        f"ip netns add {CLIENT}",
        f"ip link add {INTERFACE} netns {SERVER} type veth peer name wsolive1 netns {CLIENT}",
        f"ip -n {SERVER} addr add {ADDRESS}/24 dev {INTERFACE}",
        f"ip -n {CLIENT} addr add 10.78.0.2/24 dev wsolive1",
        *(f"ip -n {name} link set {device} up" for name, device in ((SERVER, INTERFACE), (CLIENT, "wsolive1"))),
        *(f"ip -n {name} link set lo up" for name in (SERVER, CLIENT)),
    ]
    try:
        for command in commands:
            subprocess.run(command.split(), check=True)
        yield
    finally:
        for name in (SERVER, CLIENT):
            subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)


def inside(name: str, *command: str, build: Path | None = None, **options: object) -> subprocess.Popen[str]:
    """A process in one of the namespaces."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT if build is None else build.resolve())}
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        ["ip", "netns", "exec", name, *command], text=True, cwd=CHECKOUT, env=environment, **options
    )


@dataclass
class Load:
    """What both ends sent."""

    messages: int = 0
    frame_bytes: int = 0
    connections: int = 0
    late_s: float = 0.0


@contextlib.contextmanager
def load(rate: float, seconds: float, connections: int, churn: float = 0) -> Iterator[Load]:
    """Traffic that begins now; what was sent is known behind the block, which should wait for nothing."""
    module = [sys.executable, "-m", "tests.benchmarks.live_load"]
    arguments = ["--port", str(PORT), "--seconds", str(seconds)]
    server = inside(SERVER, *module, "server", "--rate", str(rate * SHARE_OF_SERVER), *arguments, stdout=subprocess.PIPE)
    assert server.stdout is not None
    server.stdout.readline()
    client_rate = str(rate * (1 - SHARE_OF_SERVER))
    churning = ["--connections", str(connections), "--churn", str(churn)]
    client = inside(
        CLIENT, *module, "client", "--host", ADDRESS, "--rate", client_rate, *arguments, *churning, stdout=subprocess.PIPE
    )
    sent = Load()
    try:
        yield sent
        for end in (client, server):
            output, _ = end.communicate(timeout=seconds + 120)
            one = json.loads(output.splitlines()[-1])
            sent.messages += one["messages"]
            sent.frame_bytes += one["frame_bytes"]
            sent.late_s = max(sent.late_s, one["late_s"])
            sent.connections = one["connections"]
    finally:
        for end in (client, server):
            end.kill()
            end.wait()


@dataclass
class Captured:
    """What one way of capturing made of it."""

    name: str
    cpu_s: float = 0.0
    packets: int = 0
    dropped: int = 0
    messages: int | None = None
    frame_bytes: int | None = None
    memory_mb: float = 0.0
    extra: dict[str, object] = field(default_factory=dict)


def family(process: int) -> list[int]:
    """A process with its children, and theirs."""
    found = [process]
    for one in found:
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{one}/task"):
                found += [int(child) for child in Path(f"/proc/{one}/task/{thread}/children").read_text().split()]
    return found


def cpu_s(processes: list[int]) -> float:
    """What they have used, those that they waited for included."""
    total = 0
    for process in processes:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / TICK


def memory_mb(processes: list[int]) -> float:
    """Memory of their own."""
    total = 0
    for process in processes:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{process}/status").read_text().splitlines():
                if line.startswith("RssAnon:"):
                    total += int(line.split()[1])
    return total / 1024


@contextlib.contextmanager
def wsobserve(build: Path, folder: Path, *options: str, everything: bool = True) -> Iterator[Captured]:
    """`wsobserve attach` with store, collector, drift and health endpoint."""
    captured = Captured("wsobserve")
    command = [sys.executable, "-P", "-m", "wsobserve", "attach", "-i", INTERFACE, "-p", str(PORT), "--json", *options]
    if everything:
        (folder / "live.db").unlink(missing_ok=True)
        command += ["--store", str(folder / "live.db"), "--otlp", f"http://127.0.0.1:{COLLECTOR_PORT}"]
    log = (folder / "wsobserve.log").open("w+")
    process = inside(SERVER, *command, build=build, stdout=subprocess.PIPE, stderr=log)
    try:
        wait_for(lambda: "watching" in (folder / "wsobserve.log").read_text(), 60)
        time.sleep(1)
        watched = family(process.pid)
        began = cpu_s(watched)
        yield captured
        captured.cpu_s = cpu_s(family(process.pid)) - began
        captured.memory_mb = memory_mb(family(process.pid))
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=90)
        accounting = json.loads(output.splitlines()[-1])
        captured.packets = accounting["packets_seen"]
        captured.dropped = sum(accounting["capture_loss"].values())
        captured.messages = accounting["messages_decoded"]
        captured.frame_bytes = accounting["frame_bytes"]
        captured.extra = {"handshakes": accounting["handshakes"], "log": (folder / "wsobserve.log").read_text()}
    finally:
        process.kill()
        process.wait()
        log.close()


@contextlib.contextmanager
def tcpdump(folder: Path) -> Iterator[Captured]:
    """`tcpdump -w`."""
    captured = Captured("tcpdump -w")
    program = shutil.which("tcpdump", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "tcpdump"
    file = str(folder / "tcpdump.pcap")
    command = [program, "-i", INTERFACE, "-B", str(32 * 1024), "-Z", "root", "-w", file, "tcp", "port", str(PORT)]
    process = inside(SERVER, *command, stderr=subprocess.PIPE)
    try:
        time.sleep(1.5)
        began = cpu_s(family(process.pid))
        yield captured
        time.sleep(1)
        captured.cpu_s = cpu_s(family(process.pid)) - began
        captured.memory_mb = memory_mb(family(process.pid))
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        for line in errors.splitlines():
            if "packets captured" in line:
                captured.packets = int(line.split()[0])
            elif "dropped by kernel" in line:
                captured.dropped = int(line.split()[0])
    finally:
        process.kill()
        process.wait()
        Path(file).unlink(missing_ok=True)


SCAPY = """
import signal, sys
from scapy.all import AsyncSniffer
seen = 0
def count(packet):
    global seen
    seen += 1
sniffer = AsyncSniffer(iface=sys.argv[1], filter='tcp port ' + sys.argv[2], prn=count, store=False)
sniffer.start()
signal.signal(signal.SIGTERM, lambda *_: (print(seen, flush=True), __import__('os')._exit(0)))
while True:
    signal.pause()
"""


@contextlib.contextmanager
def scapy(folder: Path) -> Iterator[Captured]:
    """scapy's sniffer, which counts packets and does nothing else. It does not know what it lost."""
    captured = Captured("scapy sniffer")
    process = inside(
        SERVER, sys.executable, "-c", SCAPY, INTERFACE, str(PORT), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(3)
        began = cpu_s(family(process.pid))
        yield captured
        time.sleep(1)
        captured.cpu_s = cpu_s(family(process.pid)) - began
        captured.memory_mb = memory_mb(family(process.pid))
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
        captured.packets = int(output.split()[0])
    finally:
        process.kill()
        process.wait()


COLLECTOR_PORT = 4399


@contextlib.contextmanager
def collector() -> Iterator[None]:
    """A collector in the server's namespace that takes everything and keeps nothing."""
    code = (
        "import http.server\n"
        "class Take(http.server.BaseHTTPRequestHandler):\n"
        "    def do_POST(self):\n"
        "        self.rfile.read(int(self.headers['Content-Length']))\n"
        "        self.send_response(200); self.send_header('Content-Length', '0'); self.end_headers()\n"
        "    def log_message(self, *_): pass\n"
        f"http.server.ThreadingHTTPServer(('127.0.0.1', {COLLECTOR_PORT}), Take).serve_forever()\n"
    )
    process = inside(SERVER, sys.executable, "-c", code)
    try:
        time.sleep(1)
        yield
    finally:
        process.kill()
        process.wait()


def interface_packets() -> int:
    """All that went over the interface, both ways: /proc/net/dev."""
    output = subprocess.run(["ip", "netns", "exec", SERVER, "cat", "/proc/net/dev"], capture_output=True, text=True, check=True)
    line = next(line for line in output.stdout.splitlines() if INTERFACE in line)
    fields = line.split(":")[1].split()
    return int(fields[1]) + int(fields[9])


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    """Until it is so."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.05)


def rates(build: Path, wanted: list[float], seconds: float, others: bool, workers: int) -> None:
    """One line for each rate and way of capturing: what was sent, what was seen of it, and the CPU time."""
    print(
        "| sent, messages/s | capture | decoded | lost, packets | on the wire | CPU, cores | CPU us/message | own MB | late s |"
    )
    print("|---:|---|---:|---:|---:|---:|---:|---:|---:|")
    with network(), collector(), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for rate in wanted:
            ways: list[Callable[[], contextlib.AbstractContextManager[Captured]]]
            ways = [lambda: wsobserve(build, folder, "--workers", str(workers))]
            if others:
                ways += [lambda: tcpdump(folder), lambda: scapy(folder)]
            for way in ways:
                before = interface_packets()
                with way() as captured:
                    began = time.monotonic()
                    with load(rate, seconds, RATE_CONNECTIONS) as sent:
                        pass
                    lasted = time.monotonic() - began
                wire = interface_packets() - before
                decoded = "-" if captured.messages is None else f"{captured.messages} of {sent.messages}"
                lost = captured.dropped
                if captured.name.startswith("scapy"):
                    lost = max(wire - captured.packets, 0)
                exact = "" if captured.frame_bytes in (None, sent.frame_bytes) else " (bytes differ)"
                print(
                    f"| {sent.messages / seconds:,.0f} | {captured.name} | {decoded}{exact} | {lost} | {wire} "
                    f"| {captured.cpu_s / lasted:.2f} | {captured.cpu_s / max(sent.messages, 1) * 1e6:.1f} "
                    f"| {captured.memory_mb:.0f} | {sent.late_s:.2f} |",
                    flush=True,
                )


ECHO = """
import asyncio, sys
import websockets
async def main():
    async def echo(socket):
        async for message in socket:
            await socket.send(message)
    async with websockets.serve(echo, '', int(sys.argv[1]), compression=None):
        print('listening', flush=True)
        await asyncio.Future()
asyncio.run(main())
"""

ASK = """
import asyncio, json, sys, time
import websockets
async def one(number, rate, seconds, taken):
    async with websockets.connect(f'ws://{sys.argv[1]}:{sys.argv[2]}/echo', compression=None) as socket:
        began = time.perf_counter()
        turn = 0
        while (now := time.perf_counter()) < began + seconds:
            due = began + (turn + number / 50) / rate
            if due > now:
                await asyncio.sleep(due - now)
            sent = time.perf_counter()
            await socket.send(json.dumps({'type': 'ping', 'number': turn, 'text': 'x' * 80}))
            await socket.recv()
            taken.append(time.perf_counter() - sent)
            turn += 1
async def main():
    rate, seconds = float(sys.argv[3]), float(sys.argv[4])
    taken = []
    await asyncio.gather(*(one(number, rate / 50, seconds, taken) for number in range(50)))
    taken.sort()
    print(json.dumps({'count': len(taken), 'p50': taken[len(taken) // 2], 'p99': taken[int(len(taken) * 0.99)]}))
asyncio.run(main())
"""


def harm(build: Path, rate: float, seconds: float, rounds: int) -> None:
    """An echo server at a fixed load: alone, with wsobserve, with tcpdump, in turns; medians."""
    found: dict[str, list[dict[str, float]]] = {}
    with network(), collector(), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for _ in range(rounds):
            for way in ("alone", "wsobserve", "tcpdump -w"):
                context: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
                if way == "wsobserve":
                    context = wsobserve(build, folder)
                elif way == "tcpdump -w":
                    context = tcpdump(folder)
                with context:
                    server = inside(SERVER, sys.executable, "-c", ECHO, str(PORT), stdout=subprocess.PIPE)
                    try:
                        assert server.stdout is not None
                        server.stdout.readline()
                        began = cpu_s(family(server.pid))
                        client = inside(
                            CLIENT,
                            sys.executable,
                            "-c",
                            ASK,
                            ADDRESS,
                            str(PORT),
                            str(rate),
                            str(seconds),
                            stdout=subprocess.PIPE,
                        )
                        output, _ = client.communicate(timeout=seconds + 60)
                        figures = json.loads(output)
                        figures["cpu"] = (cpu_s(family(server.pid)) - began) / figures["count"]
                        found.setdefault(way, []).append(figures)
                    finally:
                        server.kill()
                        server.wait()
    print("| capture | echoes/s | p50 ms | p99 ms | server CPU us/echo |", "|---|---:|---:|---:|---:|", sep="\n")
    middle: dict[str, dict[str, float]] = {}
    for way, runs in found.items():
        middle[way] = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        one = middle[way]
        times = f"{one['p50'] * 1e3:.3f} | {one['p99'] * 1e3:.3f} | {one['cpu'] * 1e6:.1f}"
        print(f"| {way} | {one['count'] / seconds:,.0f} | {times} |")
    for key in ("count", "p50", "p99", "cpu"):
        print(f"wsobserve / tcpdump, {key}: {middle['wsobserve'][key] / middle['tcpdump -w'][key]:.3f}")


def soak(build: Path, rate: float, minutes: float, churn: float) -> None:
    """A long run with connections that come and go: memory, descriptors and losses, and then what idling costs."""
    seconds = minutes * 60
    samples: list[tuple[float, float, int, int]] = []
    with network(), collector(), tempfile.TemporaryDirectory() as name, wsobserve(build, Path(name)) as captured:
        watched = next(one for one in family(os.getpid()) if b"attach" in Path(f"/proc/{one}/cmdline").read_bytes())
        began = time.monotonic()
        with load(rate, seconds, RATE_CONNECTIONS, churn) as sent:
            while time.monotonic() < began + seconds:
                time.sleep(10)
                processes = family(watched)
                descriptors = sum(len(os.listdir(f"/proc/{one}/fd")) for one in processes)
                samples.append((time.monotonic() - began, memory_mb(processes), descriptors, len(processes)))
                at, memory, _, count = samples[-1]
                print(f"{at:.0f} s: {memory:.1f} MB, {descriptors} descriptors, {count} processes", flush=True)
        time.sleep(5)
        idle_began, cpu_began = time.monotonic(), cpu_s(family(watched))
        time.sleep(30)
        idle = (cpu_s(family(watched)) - cpu_began) / (time.monotonic() - idle_began)
        in_store = (Path(name) / "live.db").stat().st_size
    late = [memory for at, memory, _, _ in samples if at >= seconds / 3]
    print(
        f"decoded {captured.messages} of {sent.messages} messages of {sent.connections} connections, "
        f"{captured.dropped} packets lost"
    )
    print(f"memory in the last two thirds: {min(late):.1f} to {max(late):.1f} MB ({(max(late) / min(late) - 1) * 100:.1f} %)")
    print(f"descriptors: {samples[0][2]} at first, {samples[-1][2]} at last; store: {in_store / 1e6:.1f} MB")
    print(
        f"idle: {idle * 1e3:.2f} ms CPU a second; under load {captured.cpu_s / seconds:.2f} cores; "
        f"senders late by {sent.late_s:.2f} s at worst"
    )


def main() -> None:
    """One of the three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("what", choices=["rates", "harm", "soak"])
    parser.add_argument("--rates", type=float, nargs="+", default=[20_000])
    parser.add_argument("--rate", type=float, default=2_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--churn", type=float, default=100)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--alone", action="store_true", help="without tcpdump and scapy")
    given = parser.parse_args()
    if given.what == "rates":
        rates(given.build, given.rates, given.seconds, not given.alone, given.workers)
    elif given.what == "harm":
        harm(given.build, given.rate, given.seconds, given.rounds)
    else:
        soak(given.build, given.rate, given.minutes, given.churn)


if __name__ == "__main__":
    main()
