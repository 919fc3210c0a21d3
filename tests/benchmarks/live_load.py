"""WebSocket traffic at a given rate over real sockets, by a sender that counts: the truth that a live capture is held to.

    python -m tests.benchmarks.live_load server --port 8080 --rate 16000 --seconds 60
    python -m tests.benchmarks.live_load client --host 10.0.0.1 --port 8080 --connections 200 --rate 4000 --seconds 60

Both ends send on schedule and read what comes. Frames are made beforehand (JSON of 64 to 200 bytes, client frames masked), so
that a message costs one send and is one segment. `--churn` connections a second are closed and opened anew. At the end each
prints what it sent, as one JSON object. Nothing of wsobserve is in here.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import json
import os
import random
import selectors
import socket
import struct
import sys
import time
from dataclasses import dataclass, field

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
POOL = 4_000  # frames that are made beforehand
STEP_S = 0.002
READ_AT_ONCE = 1 << 18
WORDS = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett"]


@dataclass
class Sent:
    """What this end sent."""

    messages: int = 0
    frame_bytes: int = 0
    connections: int = 0
    late_s: float = 0.0  # how far behind its schedule it was at worst
    read_bytes: int = 0
    kinds: dict[str, int] = field(default_factory=dict)


def payload(chance: random.Random, client: bool, number: int) -> tuple[str, bytes]:
    """One message: its kind, and its text of 64 to 200 bytes."""
    words = " ".join(chance.choices(WORDS, k=chance.randint(4, 16)))
    if client:
        kind = chance.choice(["say", "typing"])
        body = {"type": kind, "id": number, "room": chance.randint(1, 40), "text": words[: 120 if kind == "say" else 20]}
    else:
        kind = chance.choice(["message", "quote", "presence"])
        rest: dict[str, dict[str, object]] = {
            "message": {"id": number, "from": chance.choice(WORDS), "text": words[:110], "edited": chance.random() < 0.1},
            "quote": {
                "symbol": chance.choice(WORDS).upper(),
                "bid": round(chance.uniform(1, 999), 2),
                "ask": number / 7,
                "n": number,
            },
            "presence": {
                "users": chance.choices(WORDS, k=chance.randint(1, 5)),
                "online": chance.randint(0, 9999),
                "room": number % 40,
            },
        }
        body = {"type": kind, **rest[kind]}
    text = json.dumps(body).encode()
    return kind, text[:-1] + b" " * max(64 - len(text), 0) + b"}"


def frame(data: bytes, chance: random.Random, masked: bool) -> bytes:
    """RFC 6455, 5.2: one text frame."""
    head = bytes([0x81, (0x80 if masked else 0) | (len(data) if len(data) < 126 else 126)])
    if len(data) >= 126:
        head += struct.pack(">H", len(data))
    if not masked:
        return head + data
    key = chance.randbytes(4)
    pad = (key * (len(data) // 4 + 1))[: len(data)]
    return head + key + (int.from_bytes(data, "big") ^ int.from_bytes(pad, "big")).to_bytes(len(data), "big")


class End:
    """One end of all connections: sends on schedule, reads what comes."""

    def __init__(self, *, client: bool, rate: float, seconds: float, seed: int) -> None:
        chance = random.Random(seed)
        self.client = client
        self.rate = rate
        self.seconds = seconds
        self.sent = Sent()
        self.sockets: list[socket.socket] = []
        self.selector = selectors.DefaultSelector()
        made = [payload(chance, client, number) for number in range(POOL)]
        self.frames = [(kind, frame(text, chance, client)) for kind, text in made]
        self._unfinished: dict[socket.socket, bytes] = {}
        self._numbers = [0] * POOL  # how often each frame was sent

    def run(self, every_step: object = None) -> None:
        """Send for so long, and then read until nothing comes any more."""
        began = time.monotonic()
        done = 0
        while (now := time.monotonic()) < began + self.seconds:
            due = int((now - began) * self.rate)
            self.sent.late_s = max(self.sent.late_s, (due - done) / self.rate - STEP_S if self.rate else 0.0)
            while done < due and self.sockets:
                self._send(self.sockets[done % len(self.sockets)], done % POOL)
                done += 1
            if callable(every_step):
                every_step(now - began)
            self.read(STEP_S)
        quiet = time.monotonic()
        while time.monotonic() - quiet < 0.5:
            if self.read(0.05):
                quiet = time.monotonic()

    def _send(self, to: socket.socket, number: int) -> None:
        _, data = self.frames[number]
        try:
            if to in self._unfinished:
                self._flush(to)
            count = to.send(data)
        except BlockingIOError:
            count = 0
        except OSError:
            return
        if count < len(data):
            self._unfinished[to] = self._unfinished.get(to, b"") + data[count:]
        self._numbers[number] += 1

    def _flush(self, to: socket.socket) -> None:
        to.setblocking(True)
        to.sendall(self._unfinished.pop(to))
        to.setblocking(False)

    def read(self, timeout_s: float) -> bool:
        """What has come; whether anything had."""
        events = self.selector.select(timeout_s)
        for key, _ in events:
            if key.data is not None:
                key.data()
                continue
            with contextlib.suppress(OSError):
                data = key.fileobj.recv(READ_AT_ONCE)  # type: ignore[union-attr]
                self.sent.read_bytes += len(data)
                if not data:
                    self.forget(key.fileobj)  # type: ignore[arg-type]
        return bool(events)

    def add(self, connection: socket.socket) -> None:
        """One more connection."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        self.sockets.append(connection)
        self.selector.register(connection, selectors.EVENT_READ)
        self.sent.connections += 1

    def forget(self, connection: socket.socket) -> None:
        """This one is over."""
        self.selector.unregister(connection)
        self.sockets.remove(connection)
        if connection in self._unfinished:
            self._unfinished.pop(connection)
        connection.close()

    def result(self) -> Sent:
        """What was sent, added up."""
        for (kind, data), times in zip(self.frames, self._numbers, strict=True):
            self.sent.messages += times
            self.sent.frame_bytes += times * len(data)
            self.sent.kinds[kind] = self.sent.kinds.get(kind, 0) + times
        return self.sent


def serve(port: int, rate: float, seconds: float) -> Sent:
    """Accept, and send as soon as the first connections are there."""
    end = End(client=False, rate=rate, seconds=seconds, seed=2)
    listener = socket.create_server(("", port), backlog=4096)
    listener.setblocking(False)

    def accept() -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                connection, _ = listener.accept()
                connection.settimeout(10)
                request = b""
                while b"\r\n\r\n" not in request:
                    request += connection.recv(4096)
                key = request.lower().split(b"sec-websocket-key:")[1].split(b"\r\n")[0]
                place = request.lower().index(b"sec-websocket-key:") + len("sec-websocket-key:")
                key = request[place : place + len(key)].strip()
                answer = base64.b64encode(hashlib.sha1(key + GUID).digest())  # RFC 6455, 4.2.2
                connection.sendall(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Accept: " + answer + b"\r\n\r\n"
                )
                end.add(connection)

    end.selector.register(listener, selectors.EVENT_READ, accept)
    print("listening", flush=True)
    until = time.monotonic() + 30
    while not end.sockets and time.monotonic() < until:
        end.read(0.1)
    end.run()
    return end.result()


def connect(end: End, host: str, port: int, path: str) -> None:
    """One more connection, its handshake done."""
    connection = socket.create_connection((host, port), timeout=10)
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(
        f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nUser-Agent: load/1.0\r\n\r\n".encode()
    )
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(1)  # no byte of the first frame
    end.add(connection)


def visit(host: str, port: int, connections: int, rate: float, seconds: float, churn: float) -> Sent:
    """Open so many connections and talk; `churn` of them a second end and are replaced."""
    end = End(client=True, rate=rate, seconds=seconds, seed=1)
    for number in range(connections):
        connect(end, host, port, f"/rooms/{number % 20}")
    replaced = 0

    def replace(elapsed: float) -> None:
        nonlocal replaced
        while replaced < elapsed * churn:
            oldest = end.sockets[0]
            with contextlib.suppress(OSError):
                oldest.setblocking(True)
                oldest.sendall(b"\x88\x82\0\0\0\0" + struct.pack(">H", 1000))  # RFC 6455, 5.5.1, masked with zeros
            end.forget(oldest)
            connect(end, host, port, f"/rooms/{replaced % 20}")
            replaced += 1

    end.run(replace if churn else None)
    return end.result()


def main() -> None:
    """One end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["server", "client"])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--churn", type=float, default=0)
    given = parser.parse_args()
    if given.role == "server":
        sent = serve(given.port, given.rate, given.seconds)
    else:
        sent = visit(given.host, given.port, given.connections, given.rate, given.seconds, given.churn)
    json.dump(vars(sent), sys.stdout)
    print(flush=True)


if __name__ == "__main__":
    main()
