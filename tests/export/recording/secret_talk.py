"""A WebSocket connection that is full of secrets, as TCP segments; and a recording of it, looked through for them.

    talk = Talk(deflate=True)
    talk.open().text(True, secret(40)).close()
    files = recorded(directory, [batch([segment.packet() for segment in talk.segments])], sample=1.0)
    assert leaks(files, talk) == set()

Names that look like words are no secrets (see `wsobserve.redaction`), so those in here have a digit.
Whatever goes over the wire as somebody's content is random, so five bytes of it in a row are found in a file by no chance.
Frames are written down from RFC 6455, heads from RFC 9112, packets from RFC 791 and RFC 9293.
"""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random

import dpkt

from tests.segments import Segment
from wsobserve.export.recording.counts import RecordingCounts
from wsobserve.export.recording.recorder import Recorder
from wsobserve.export.recording.settings import Payloads, RecordingSettings
from wsobserve.observing import observe_files
from wsobserve.pipeline import Pipeline
from wsobserve.records import PacketBatch, Record

FIN, SYN, PUSH, ACK = 1, 2, 8, 16
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
WINDOW = 5  # bytes of a secret that are not found by chance
LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwyz23456789"  # but x, which everything becomes


class Talk:
    """Segments of one connection. `chance` makes the secrets; `sequence_numbers`: the first ones of client and server."""

    def __init__(
        self,
        *,
        deflate: bool = False,
        chance: Random | None = None,
        sequence_numbers: tuple[int, int] = (1000, 2000),
        port: int = 40_000,
    ) -> None:
        self.segments: list[Segment] = []
        self.secrets: list[bytes] = []  # as they are on the wire
        self._chance = chance or Random(1)
        self._deflate = deflate
        self._port = port
        self._next = {True: sequence_numbers[0], False: sequence_numbers[1]}
        self._compressors = {side: zlib.compressobj(9, zlib.DEFLATED, -15) for side in (True, False)}

    def secret(self, length: int) -> bytes:
        """Random letters, never the same."""
        text = bytes(self._chance.choice(LETTERS) for _ in range(length))
        self.secrets.append(text)
        return text

    def open(self, status: bytes = b"101 Switching Protocols", body: bytes = b"") -> Talk:
        """The TCP handshake and the opening handshake, with a secret wherever there is room for one."""
        self.send(True, b"", SYN).send(False, b"", SYN | ACK).send(True, b"", ACK)
        secret = self.secret
        key = base64.b64encode(bytes(self._chance.randrange(256) for _ in range(16)))
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        offer = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, other; p=" + secret(20) + b"\r\n"
        self.send(
            True,
            b"GET /rooms/%s/a7%s;m=%s/feed?token=%s&%s=1&EIO=4&version=%s HTTP/1.1\r\n"
            % (b"0123456789" + secret(30), secret(30), secret(9), secret(33), secret(40), secret(36))
            + b"Host: chat.example\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nOrigin: https://chat.example\r\n"
            + b"Sec-WebSocket-Key: "
            + key
            + b"\r\nSec-WebSocket-Version: 13\r\n"
            + b"Sec-WebSocket-Protocol: chat.v1, bearer."
            + secret(40)
            + b", 7"
            + secret(24)
            + b"\r\n"
            + offer
            + b"Authorization: Bearer "
            + secret(40)
            + b"\r\n"
            + b"Cookie: session_id="
            + secret(30)
            + b'; other="'
            + secret(10)
            + b";"
            + secret(10)
            + b'"; '
            + secret(20)
            + b"\r\n"
            + b"User-Agent: "
            + secret(30)
            + b"\r\nX-Api-Key: "
            + secret(30)
            + b"\r\nX-7"
            + secret(30)
            + b": 1\r\n"
            + b"X-Folded: a\r\n "
            + secret(30)
            + b"\r\n"
            + secret(30)
            + b"\r\nReferer: https://"
            + secret(30)
            + b"\r\n\r\n",
        )
        agreed = b"Sec-WebSocket-Extensions: permessage-deflate\r\n" if self._deflate else b""
        self.send(
            False,
            b"HTTP/1.1 "
            + status
            + b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            + accept
            + b"\r\n"
            + b"Sec-WebSocket-Protocol: chat.v1\r\nSet-Cookie: session_id="
            + secret(30)
            + b"\r\nServer: "
            + secret(12)
            + b"\r\n"
            + agreed
            + b"\r\n"
            + body,
        )
        return self

    def say(self, from_client: bool, opcode: int, payload: bytes, pieces: int = 1) -> Talk:
        """One message, in so many frames, compressed if that was agreed; each frame in a segment of its own."""
        reserved = 0
        if self._deflate:
            compressor = self._compressors[from_client]
            payload = (compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]
            reserved = 0x40
        size = -(-len(payload) // pieces)
        for number in range(pieces):
            final = number == pieces - 1
            part = payload[number * size :] if final else payload[number * size : (number + 1) * size]
            first = (0x80 if final else 0) | (opcode | reserved if number == 0 else CONTINUATION)
            self.frame(from_client, first, part)
        return self

    def frame(self, from_client: bool, first: int, payload: bytes, shown: int = 0) -> Talk:
        """A frame that begins with the byte `first`; all but `shown` bytes of its payload are secret."""
        return self.send(from_client, self.frame_bytes(from_client, first, payload, shown))

    def frame_bytes(self, from_client: bool, first: int, payload: bytes, shown: int = 0) -> bytes:
        """The same, not sent."""
        length = len(payload)
        bit = 0x80 if from_client else 0
        if length < 126:
            head = bytes([first, bit | length])
        elif length < 65_536:
            head = struct.pack("!BBH", first, bit | 126, length)
        else:
            head = struct.pack("!BBQ", first, bit | 127, length)
        if from_client:
            key = bytes(self._chance.randrange(256) for _ in range(4))
            head += key
            payload = bytes(byte ^ key[index & 3] for index, byte in enumerate(payload))
        self.secrets.append(payload[shown:])
        return head + payload

    def close(self) -> Talk:
        """Close frames both ways, with secret reasons, and FINs."""
        for from_client in (True, False):
            self.frame(from_client, 0x80 | CLOSE, b"\x03\xe8" + self.secret(20), 2)
        return self.send(True, b"", FIN | ACK).send(False, b"", FIN | ACK)

    def chat(self) -> Talk:
        """Some of everything."""
        chance = self._chance
        for number in range(24):
            from_client = bool(number % 2)
            self.say(from_client, TEXT if number % 3 else BINARY, self.secret(chance.randrange(400)), pieces=1 + number % 4)
            if number % 5 == 0:
                self.frame(from_client, 0x80 | PING, self.secret(20))
        return self.say(False, BINARY, self.secret(70_000)).say(True, TEXT, self.secret(3_000), pieces=3)

    def send(self, from_client: bool, data: bytes, flags: int = PUSH | ACK) -> Talk:
        """Segments of at most 1,400 bytes."""
        for start in range(0, max(len(data), 1), 1_400):
            part = data[start : start + 1_400]
            ports = (self._port, 8080) if from_client else (8080, self._port)
            number, acknowledged = self._next[from_client], self._next[not from_client] if flags & ACK else 0
            tcp = struct.pack("!HHIIBBHHH", *ports, number, acknowledged, 0x50, flags, 65535, 0, 0)
            client, server = b"\x0a\x00\x00\x01", b"\x0a\x00\x00\x02"
            addresses = client + server if from_client else server + client
            ip = struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0x4000, 64, 6, 0) + addresses
            head = b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\x00" + ip + tcp
            self.segments.append(Segment(head, 34, number, flags, part))
            self._next[from_client] = (number + len(part) + bool(flags & (SYN | FIN))) % 2**32
        return self


def recorded(
    directory: Path, batches: Iterable[PacketBatch], counts: RecordingCounts | None = None, **settings: object
) -> tuple[list[Path], list[Record]]:
    """The files of a recording of these packets, and what the pipeline made of them while they were recorded."""
    recorder = Recorder(RecordingSettings(directory=str(directory), **settings))  # type: ignore[arg-type]  # checked there
    pipeline = Pipeline()
    found: list[Record] = []
    for each in batches:
        recorder.batch(each)
        records = pipeline.receive(each)
        recorder.records(records)
        recorder.tick(pipeline.now_ns)
        found += records
    records = pipeline.finish()
    recorder.records(records)
    recorder.close()
    total = recorder.counts()
    assert total.packets_seen == total.packets + sum(total.left_out.values()) + total.packets_held
    assert total.packets_held == 0
    if counts is not None:
        counts.merge(total)
    return sorted(directory.glob("wsobserve-*")), found + records


def observed(files: Sequence[Path]) -> list[Record]:
    """What the files say."""
    return [record for records in observe_files([str(file) for file in files], Pipeline()) for record in records]


def payloads(files: Sequence[Path]) -> list[bytes]:
    """The TCP payloads of the files, by dpkt."""
    found = []
    for file in files:
        with file.open("rb") as stream:
            for _, packet in dpkt.pcapng.Reader(stream):
                start = 34 + 4 * (packet[46] >> 4)
                found.append(bytes(packet[start:]))
    return found


def leaks(files: Sequence[Path], talk: Talk) -> set[bytes]:
    """Pieces of secrets that are in the payloads of the files, or in the files themselves."""
    windows = {secret[start : start + WINDOW] for secret in talk.secrets for start in range(len(secret) - WINDOW + 1)}
    held = [*payloads(files), b"".join(payloads(files)), *(file.read_bytes() for file in files)]
    return windows & {data[start : start + WINDOW] for data in held for start in range(len(data) - WINDOW + 1)}


WAYS: tuple[Payloads, ...] = ("whole", "redacted", "headers")
