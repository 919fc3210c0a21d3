"""`wsobserve attach` as a process that has begun to watch, and what can be done to it; and packets whose number is known."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.capture.network import Network, Side
from wsobserve.capture.files import read_captures
from wsobserve.records import PacketBatch

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
ETHERNET = 1


class Attached:
    """The parent, and the processes that it has made."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text()

    def children(self) -> list[int]:
        """The outlet, which is made first, and the workers."""
        with suppress(OSError):
            found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            return sorted(int(child) for child in found)
        return []

    @property
    def outlet(self) -> int:
        return self.children()[0]

    @property
    def worker(self) -> int:
        return self.children()[-1]

    def wait_for(self, condition: Callable[[], bool], seconds: float = 30) -> None:
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, self.log
            time.sleep(0.02)

    def wait_for_log(self, text: str, seconds: float = 30) -> None:
        self.wait_for(lambda: text in self.log, seconds)

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 60) -> dict[str, Any]:
        """End it; the accounting that it printed."""
        self.process.send_signal(number)
        return self.ended(seconds)

    def ended(self, seconds: float = 60) -> dict[str, Any]:
        """The accounting that it printed when it ended."""
        output, _ = self.process.communicate(timeout=seconds)
        accounting: dict[str, Any] = json.loads(output.splitlines()[-1])
        return accounting


@contextmanager
def attached(
    command: list[str], folder: Path, *arguments: str, net: Network | None = None, side: Side = "west"
) -> Iterator[Attached]:
    """It watches when this begins. With a network it runs in one of its namespaces."""
    log = folder / "attach.log"
    with log.open("w") as errors:
        whole = [*command, "attach", "--json", "--health", "off", *arguments]
        options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": errors, "text": True, "cwd": "/"}
        if net is None:
            process = subprocess.Popen(whole, **options)
        else:
            with net.inside(side):
                process = subprocess.Popen(whole, **options)
    one = Attached(process, log)
    try:
        one.wait_for(lambda: "watching" in one.log or process.poll() is not None)
        assert process.poll() is None, one.log
        yield one
    finally:
        children = one.children()
        process.kill()
        process.wait()
        for child in children:
            with suppress(OSError):
                os.kill(child, signal.SIGKILL)
        assert process.stdout is not None
        process.stdout.close()


def packets_of(name: str) -> list[bytes]:
    """The Ethernet packets of one of our captures."""
    found: list[bytes] = []
    for item in read_captures([str(CAPTURES / name)]):
        assert isinstance(item, PacketBatch)
        assert item.link_type == ETHERNET
        spans = zip(item.offsets, item.captured_lengths, strict=True)
        found += [item.buffer[offset : offset + length] for offset, length in spans]
    return found


def inject(net: Network, side: Side, packets: list[bytes], pause_s: float = 0.0) -> int:
    """Send packets as they are, out of the interface of one side; how many went."""
    with net.inside(side), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind((side, 0))
        sent = 0
        for packet in packets:
            while True:
                try:
                    sender.send(packet)
                    break
                except OSError:  # the queue is full
                    time.sleep(0.001)
            sent += 1
            if pause_s and not sent % 50:
                time.sleep(pause_s)
    return sent


def syn(number: int) -> bytes:
    """A SYN from an address that nobody has, to port 8080."""
    source = struct.pack(">I", 0x0B000000 + number)
    tcp = struct.pack(">HHIIBBHHH", 1024 + number % 60_000, 8080, number, 0, 0x50, 2, 65535, 0, 0)
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, 6, 0, source, b"\x0a\x09\x00\x01")
    return b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0" + ip + tcp
