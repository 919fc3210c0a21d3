"""What decoding costs, through the command line as a user runs it: `make bench`.

In: directories that each hold one build of wsobserve (`build/compiled build/pure`). Out: a table with the CPU time and the
peak memory of `wsobserve messages FILE` on each, with tshark beside it where it is installed. The captures are made here,
from a fixed seed, so that figures of two days compare; how many messages are in them is known, and checked.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 50
FOLDER = Path("build") / "bench"
TSHARK_FIELDS = ["-Y", "websocket", "-T", "fields", "-e", "frame.number", "-e", "websocket.opcode", "-e", "websocket.payload"]


@dataclass
class Capture:
    """A capture made here, and what it holds."""

    path: Path
    packets: int = 0
    messages: int = 0


@dataclass
class Cost:
    """What one process used: seconds of CPU (user and system), MiB of memory at its peak, messages it wrote."""

    seconds: float
    mebibytes: float
    messages: int


def frame(payload: bytes, masking_key: bytes | None, rsv1: bool) -> bytes:
    """A text message in one frame, RFC 6455, 5.2."""
    mask_bit = 0x80 if masking_key else 0
    head = bytes([0x81 | (0x40 if rsv1 else 0)])
    if len(payload) < 126:
        head += bytes([mask_bit | len(payload)])
    elif len(payload) < 65536:
        head += struct.pack("!BH", mask_bit | 126, len(payload))
    else:
        head += struct.pack("!BQ", mask_bit | 127, len(payload))
    if masking_key is None:
        return head + payload
    key = (masking_key * (len(payload) // 4 + 1))[: len(payload)]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return head + masking_key + masked.to_bytes(len(payload), "big")


class Talk:
    """A client and a server on one TCP connection; each `send` gives the packets that carry its bytes."""

    def __init__(self, number: int, deflate: bool) -> None:
        self.ports = {True: 20000 + number, False: 8080}
        self.next = {True: 1000, False: 5000}
        self.key = base64.b64encode(hashlib.sha256(str(number).encode()).digest()[:16])
        self.deflate = deflate
        self.windows = {side: zlib.compressobj(6, zlib.DEFLATED, -15) for side in (True, False)}

    def send(self, from_client: bool, data: bytes, flags: int = 0x18) -> Iterator[bytes]:
        """Ethernet, IPv4, TCP. Checksums are left at zero, as behind an offloading network card."""
        addresses = b"\x0a\x00\x00\x01\x0a\x00\x00\x02" if from_client else b"\x0a\x00\x00\x02\x0a\x00\x00\x01"
        for start in range(0, max(len(data), 1), 1448):
            part = data[start : start + 1448]
            ports = struct.pack("!HH", self.ports[from_client], self.ports[not from_client])
            numbers = struct.pack("!II", self.next[from_client], self.next[not from_client])
            tcp = ports + numbers + struct.pack("!BBHHH", 0x50, flags, 65535, 0, 0) + part
            ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + addresses
            self.next[from_client] += len(part) + (1 if flags & 0x03 else 0)
            yield b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\x00" + ip + tcp

    def open(self) -> Iterator[bytes]:
        """The three packets of TCP, and the opening handshake."""
        yield from self.send(True, b"", 0x02)
        yield from self.send(False, b"", 0x12)
        yield from self.send(True, b"", 0x10)
        offer = b"Sec-WebSocket-Extensions: permessage-deflate\r\n" if self.deflate else b""
        accept = base64.b64encode(hashlib.sha1(self.key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
        request = b"GET /ticks HTTP/1.1\r\nHost: bench.example\r\n" + upgrade + b"Sec-WebSocket-Version: 13\r\n"
        yield from self.send(True, request + b"Sec-WebSocket-Key: " + self.key + b"\r\n" + offer + b"\r\n")
        response = b"HTTP/1.1 101 Switching Protocols\r\n" + upgrade
        yield from self.send(False, response + b"Sec-WebSocket-Accept: " + accept + b"\r\n" + offer + b"\r\n")

    def say(self, from_client: bool, text: bytes, masking_key: bytes) -> Iterator[bytes]:
        """One text message."""
        payload = text
        if self.deflate:  # RFC 7692, 7.2.1: without the last four octets of the flush
            window = self.windows[from_client]
            payload = (window.compress(text) + window.flush(zlib.Z_SYNC_FLUSH))[:-4]
        yield from self.send(from_client, frame(payload, masking_key if from_client else None, self.deflate))


def tick(chance: random.Random, size: int) -> bytes:
    """A JSON message of about `size` bytes."""
    rows = [
        {
            "symbol": chance.choice(["AAA", "BBB", "CCC"]),
            "price": round(chance.uniform(1, 900), 2),
            "volume": chance.randrange(10**6),
        }
        for _ in range(max(1, size // 52))
    ]
    return json.dumps({"type": "tick", "sequence": chance.randrange(10**9), "rows": rows}, separators=(",", ":")).encode()


def make(name: str, messages: int, size: int, deflate: bool) -> Capture:
    """A capture of `messages` text messages of about `size` bytes, one in ten of them sent by a client."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    capture = Capture(FOLDER / f"{name}.pcap", messages=messages)
    chance = random.Random(6455)
    talks = [Talk(number, deflate) for number in range(CONNECTIONS)]
    with capture.path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))

        def write(packets: Iterator[bytes]) -> None:
            for packet in packets:
                microseconds = capture.packets * 50
                time = struct.pack("<II", 1_700_000_000 + microseconds // 10**6, microseconds % 10**6)
                file.write(time + struct.pack("<II", len(packet), len(packet)) + packet)
                capture.packets += 1

        for talk in talks:
            write(talk.open())
        for number in range(messages):
            write(talks[number % CONNECTIONS].say(number % 10 == 0, tick(chance, size), chance.randbytes(4)))
        for talk in talks:
            write(talk.send(True, b"", 0x11))
            write(talk.send(False, b"", 0x11))
    return capture


def run(arguments: list[str], environment: dict[str, str]) -> Cost | str:
    """Runs it to its end, with its output in a file; why it failed in one line, if it did."""
    output, errors = FOLDER / "output", FOLDER / "errors"
    with output.open("wb") as out, errors.open("wb") as err:
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        lines = errors.read_text(errors="replace").strip().splitlines()
        return f"exit status {process.returncode}: {lines[-1] if lines else ''}"
    with output.open("rb") as lines_out:
        count = sum(1 for _ in lines_out)
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, count)


def row(capture: Capture, what: str, cost: Cost | str) -> str:
    """One line of the table."""
    start = f"{capture.path.stem:8} {what:12}"
    if isinstance(cost, str):
        return f"{start} {cost}"
    packets, messages = capture.packets / cost.seconds, capture.messages / cost.seconds
    wrong = "" if cost.messages == capture.messages else f"   WRONG: {cost.messages:,} of {capture.messages:,} messages"
    return f"{start} {cost.seconds:8.2f} {packets:12,.0f} {messages:12,.0f} {cost.mebibytes:9,.0f}{wrong}"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("builds", nargs="+", type=Path, help="directories with one build each")
    parser.add_argument("--scale", type=float, default=1.0, help="how large the captures are (1: 100,000 small messages)")
    options = parser.parse_args()

    scale: float = options.scale
    captures = [make("small", int(100_000 * scale), 160, False), make("deflated", int(20_000 * scale), 4_000, True)]
    for capture in captures:
        size = capture.path.stat().st_size / 2**20
        print(f"{capture.path.stem}: {capture.packets:,} packets, {capture.messages:,} messages, {size:.0f} MiB")
    print("Rates are by CPU time, user and system, the start of the program included.\n")
    print(f"{'capture':8} {'':12} {'CPU s':>8} {'packets/s':>12} {'messages/s':>12} {'peak MiB':>9}")

    for capture in captures:
        for build in options.builds:
            environment = {**os.environ, "PYTHONPATH": str(build.resolve())}
            arguments = [sys.executable, "-P", "-m", "wsobserve", "messages", str(capture.path)]
            print(row(capture, build.name, run(arguments, environment)), flush=True)
        if shutil.which("tshark"):
            arguments = ["tshark", "-r", str(capture.path), "-d", "tcp.port==8080,http", *TSHARK_FIELDS]
            print(row(capture, "tshark", run(arguments, dict(os.environ))), flush=True)


if __name__ == "__main__":
    main()
