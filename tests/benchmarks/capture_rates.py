"""What capturing costs: our ring beside one call for each packet, tcpdump and scapy, on a veth pair, in turns.

    python -m tests.benchmarks.capture_rates BUILD [PURE_BUILD]      (root, Linux; make bench BENCH_ARGUMENTS='--only capture')

TCP segments with 64 bytes of payload are sent from one end of a veth pair, in a network namespace of its own, and captured
at the other. CPU time is that of the capturing process alone, from when it began to capture. Out: a table; of several
rounds the median. A consumer that got less than was sent and did not account for the rest makes the exit status 1.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import time
from array import array
from collections.abc import Callable
from pathlib import Path

from tests.capture.network import network

MODULE = "tests.benchmarks.capture_rates"
PORT = 7050
PAYLOAD = 64
SECONDS = 2.0
RATES = (20_000, 0)  # packets a second; 0: as fast as one sender goes
SETTLE_S = 0.5  # for what is on its way when the sender is done
CHECKOUT = Path(__file__).resolve().parents[2]
Counts = dict[str, float]  # delivered, dropped, cpu


def main() -> None:
    """Measures everything, or is one of the processes that do: see the names at the end."""
    if len(sys.argv) > 1 and sys.argv[1] in PROCESSES:
        PROCESSES[sys.argv[1]](*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=Path, help="directory with the compiled build")
    parser.add_argument("pure", type=Path, nargs="?", help="directory with the pure build")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    lines, wrong = measure(options.build, options.pure, options.rounds)
    print(*lines, *wrong, sep="\n")
    sys.exit(1 if wrong else 0)


def measure(build: Path, pure: Path | None, rounds: int) -> tuple[list[str], list[str]]:
    """A table, and what was wrong, a line each. A few packets more than were sent are what IPv6 says as it comes up."""
    consumers = _consumers(build, pure)
    lines = [
        "| capturing | sent, packets/s | delivered | said to be dropped | not accounted for | CPU us/packet delivered |",
        "|---|---|---|---|---|---|",
    ]
    wrong = []
    with network() as net:
        for rate in RATES:
            runs: dict[str, list[tuple[int, Counts]]] = {name: [] for name in consumers}
            for _ in range(rounds):
                for name, (words, environment) in consumers.items():
                    with net.inside("west"):
                        process = subprocess.Popen(
                            words, env=environment, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
                        )
                    _wait_until_ready(process)
                    with net.inside("east"):
                        sender = [sys.executable, "-m", MODULE, "send", str(rate)]
                        sent = int(subprocess.run(sender, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout)
                    time.sleep(SETTLE_S)
                    runs[name].append((sent, _ended(process)))
            for name, results in runs.items():
                line, trouble = _row(name, results)
                lines.append(line)
                wrong += trouble
    return lines, wrong


def _row(name: str, results: list[tuple[int, Counts]]) -> tuple[str, list[str]]:
    sent = statistics.median(sent for sent, _ in results)
    delivered = statistics.median(counts["delivered"] / sent for sent, counts in results)
    dropped = statistics.median(counts["dropped"] / sent for sent, counts in results)
    costs = [1e6 * counts["cpu"] / max(counts["delivered"], 1) for _, counts in results]
    missing = [sent - int(counts["delivered"] + counts["dropped"]) for sent, counts in results]
    row = f"| {name} | {sent / SECONDS:,.0f} | {delivered:.1%} | {dropped:.1%} | {max(missing):,} | "
    row += f"{statistics.median(costs):.3f} ({min(costs):.3f}-{max(costs):.3f}) |"
    return row, [f"{name}: {count} packets not accounted for" for count in missing if count > 0 and name.startswith("ring")]


def _consumers(build: Path, pure: Path | None) -> dict[str, tuple[list[str], dict[str, str]]]:
    def ours(what: str, directory: Path) -> tuple[list[str], dict[str, str]]:
        path = f"{directory.resolve()}{os.pathsep}{CHECKOUT}"
        return [sys.executable, "-P", "-m", MODULE, what], {**os.environ, "PYTHONPATH": path}

    consumers = {"ring, compiled": ours("ring", build)}
    if pure is not None:
        consumers["ring, pure"] = ours("ring", pure)
    consumers["a recvmsg for each packet"] = ours("recvmsg", build)
    if shutil.which("tcpdump"):
        words = ["tcpdump", "-i", "west", "-B", "32768", "-Z", "root", f"tcp port {PORT}", "-w"]
        consumers["tcpdump -w /dev/null"] = [*words, "/dev/null"], dict(os.environ)
        consumers["tcpdump -w tmpfs"] = [*words, "/dev/shm/wso-ring-rates.pcap"], dict(os.environ)
    consumers["scapy, bytes alone"] = ours("scapy_raw", build)
    consumers["scapy, sniff()"] = ours("scapy_sniff", build)
    return consumers


def _wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    while line := process.stderr.readline():
        if "ready" in line or "listening" in line:
            return
    raise RuntimeError(f"{process.args!r} ended before it was ready")


def _ended(process: subprocess.Popen[str]) -> Counts:
    """What it says at its end; of tcpdump, what it prints and what the system says it took."""
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert process.stderr is not None
    output, errors = process.stdout.read(), process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if output:
        counts: Counts = json.loads(output)
        return counts
    numbers = {line.split(maxsplit=1)[1]: int(line.split()[0]) for line in errors.splitlines() if line[:1].isdigit()}
    Path("/dev/shm/wso-ring-rates.pcap").unlink(missing_ok=True)
    return {
        "delivered": numbers["packets captured"],
        "dropped": numbers["packets dropped by kernel"],
        "cpu": used.ru_utime + used.ru_stime,
    }


# --- the processes


def send(rate: str) -> None:
    """Sends from `east` for SECONDS; prints how many."""
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40 + PAYLOAD, 7, 0, 64, 6, 0, b"\x0a\x09\x00\x02", b"\x0a\x09\x00\x01")
    tcp = struct.pack(">HHIIBBHHH", 40_000, PORT, 1, 1, 0x50, 0x18, 1000, 0, 0)
    frame = b"\xff" * 6 + bytes(6) + b"\x08\x00" + ip + tcp + bytes(PAYLOAD)
    sent = 0
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind(("east", 0))
        begin = time.monotonic()
        while (passed := time.monotonic() - begin) < SECONDS:
            due = int(passed * int(rate)) - sent if int(rate) else 200
            if due < 20:
                time.sleep(0.0005)
                continue
            for _ in range(due):
                sender.send(frame)
            sent += due
    print(sent)


class Stop:
    """Set by SIGINT."""

    def __init__(self) -> None:
        self.is_set = False
        signal.signal(signal.SIGINT, self._set)

    def _set(self, *_: object) -> None:
        self.is_set = True


def _ready() -> float:
    print("ready", file=sys.stderr, flush=True)
    return time.process_time()


def _tell(delivered: int, dropped: int, begin: float) -> None:
    print(json.dumps({"delivered": delivered, "dropped": dropped, "cpu": time.process_time() - begin}))


def ring() -> None:
    """Our source."""
    from wsobserve.capture.live import LiveSource

    stop = Stop()
    with LiveSource("west", [PORT]) as source:
        begin = _ready()
        for _ in source.batches(lambda: stop.is_set):
            pass
        _tell(source.delivered, source.dropped, begin)


def recvmsg() -> None:
    """One system call for each packet, into the arrays of a batch: the way without a ring."""
    from wsobserve.capture.filter import packet_filter

    stop = Stop()
    program = packet_filter([PORT])
    delivered = 0
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as source:
        instructions = array("B", program)
        source.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
        source.setsockopt(socket.SOL_SOCKET, 26, struct.pack("@HP", len(program) // 8, instructions.buffer_info()[0]))
        source.setsockopt(socket.SOL_SOCKET, 33, 32 << 20)  # SO_RCVBUFFORCE
        source.bind(("west", 3))
        source.settimeout(0.1)
        begin = _ready()
        buffer = memoryview(bytearray(1 << 19))
        while not stop.is_set:
            rows = [array("q") for _ in range(4)]
            position = 0
            while position < 1 << 18:
                try:
                    length, ancillary, _, _ = source.recvmsg_into([buffer[position + 16 :]], 64, socket.MSG_TRUNC)
                except TimeoutError:
                    break
                seconds, nanoseconds = struct.unpack("@ll", ancillary[0][2])
                for row, value in zip(rows, (position, length, length, seconds * 1_000_000_000 + nanoseconds), strict=True):
                    row.append(value)
                position += 16 + length
            delivered += len(rows[0])
        _tell(delivered, struct.unpack("=II", source.getsockopt(263, 6, 8))[1], begin)


def scapy_raw() -> None:
    """scapy's socket, and nothing made of the bytes."""
    from scapy.all import conf

    stop = Stop()
    source = conf.L2listen(iface="west", filter=f"tcp port {PORT}")
    source.ins.settimeout(0.1)
    delivered = 0
    begin = _ready()
    while not stop.is_set:
        try:
            delivered += source.recv_raw()[1] is not None
        except (TimeoutError, BlockingIOError):
            continue
    _tell(delivered, struct.unpack("=II", source.ins.getsockopt(263, 6, 8))[1], begin)


def scapy_sniff() -> None:
    """scapy as it is mostly used."""
    from scapy.all import AsyncSniffer

    stop = Stop()
    delivered = 0

    def count(_: object) -> None:
        nonlocal delivered
        delivered += 1

    sniffer = AsyncSniffer(iface="west", filter=f"tcp port {PORT}", store=False, prn=count)
    sniffer.start()
    time.sleep(1)
    begin = _ready()
    while not stop.is_set:
        time.sleep(0.05)
    _tell(delivered, 0, begin)
    sys.stdout.flush()
    os._exit(0)  # its thread may be behind for long


PROCESSES: dict[str, Callable[..., None]] = {
    "send": send,
    "ring": ring,
    "recvmsg": recvmsg,
    "scapy_raw": scapy_raw,
    "scapy_sniff": scapy_sniff,
}

if __name__ == "__main__":
    main()
