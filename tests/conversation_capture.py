"""Capture files of WebSocket connections with given messages, on a given path, in both directions.

    talk = Conversation("/market?stream=trades")
    talk.client('{"op":"subscribe"}').server('{"op":"ack"}', '{"op":"tick"}')
    write_capture(tmp_path / "talk.pcap", talk)

Each message lies in a packet of its own (or several, when it is long), a millisecond behind the one before it; the number
of that packet is in `messages`. Text for `str`, binary for `bytes`. Frames are written down from RFC 6455, packets from
RFC 791 and RFC 9293, the file from the pcap format; nothing in here is taken from the package.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

START_NS = 1_700_000_000_000_000_000
STEP_NS = 1_000_000
SEGMENT = 60_000  # bytes of payload at most: IPv4 has 16 bits for the length
TEXT, BINARY, CLOSE = 1, 2, 8
FIN, SYN, PUSH, ACK = 1, 2, 8, 16
NONCE = b"dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455, 1.3
MASK = b"\x37\xfa\x21\x3d"  # RFC 6455, 5.7


@dataclass(frozen=True)
class Sent:
    """One message, and which packet of its conversation its last byte lies in (from 0)."""

    from_client: bool
    payload: str | bytes
    packet: int


class Conversation:
    """One TCP connection that opens a WebSocket on `path`, from 10.0.0.1:`client_port` to 10.0.0.2:`port`."""

    def __init__(
        self,
        path: str = "/",
        *,
        port: int = 8080,
        client_port: int = 40_000,
        headers: Iterable[tuple[str, str]] = (),
        subprotocol: str | None = None,
        start_ns: int = START_NS,
    ) -> None:
        self.ports = {True: client_port, False: port}
        self.start_ns = start_ns
        self.packets: list[bytes] = []
        self.messages: list[Sent] = []
        self._sent = {True: 0, False: 0}  # sequence numbers
        self._packet(True, SYN)
        self._packet(False, SYN | ACK)
        self._packet(True, ACK)
        offered = [("Sec-WebSocket-Protocol", subprotocol)] if subprotocol else []
        upgrade = [("Upgrade", "websocket"), ("Connection", "Upgrade")]
        key = [("Sec-WebSocket-Key", NONCE.decode()), ("Sec-WebSocket-Version", "13")]
        self._send(True, _head(f"GET {path} HTTP/1.1", [("Host", "made.example"), *upgrade, *key, *offered, *headers]))
        accept = base64.b64encode(hashlib.sha1(NONCE + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
        answer = [*upgrade, ("Sec-WebSocket-Accept", accept), *offered]
        self._send(False, _head("HTTP/1.1 101 Switching Protocols", answer))

    def client(self, *payloads: str | bytes) -> Conversation:
        """The client sends these messages."""
        return self._say(True, payloads)

    def server(self, *payloads: str | bytes) -> Conversation:
        """The server sends these messages."""
        return self._say(False, payloads)

    def close(self) -> Conversation:
        """Both sides close; nothing may follow."""
        for from_client in (True, False):
            self._send(from_client, _frame(CLOSE, b"\x03\xe8", from_client))
        for from_client in (True, False):
            self._packet(from_client, FIN | ACK)
        return self

    def _say(self, from_client: bool, payloads: Iterable[str | bytes]) -> Conversation:
        for payload in payloads:
            opcode, data = (TEXT, payload.encode()) if isinstance(payload, str) else (BINARY, payload)
            self._send(from_client, _frame(opcode, data, from_client))
            self.messages.append(Sent(from_client, payload, len(self.packets) - 1))
        return self

    def _send(self, from_client: bool, data: bytes) -> None:
        for start in range(0, len(data), SEGMENT):
            self._packet(from_client, PUSH | ACK, data[start : start + SEGMENT])

    def _packet(self, from_client: bool, flags: int, data: bytes = b"") -> None:
        """Ethernet, IPv4 (RFC 791), TCP (RFC 9293, 3.1), without checksums."""
        number, acknowledged = self._sent[from_client], self._sent[not from_client] if flags & ACK else 0
        header = struct.pack(
            "!HHIIBBHHH", self.ports[from_client], self.ports[not from_client], number, acknowledged, 0x50, flags, 65535, 0, 0
        )
        client, server = b"\x0a\x00\x00\x01", b"\x0a\x00\x00\x02"
        addresses = client + server if from_client else server + client
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 40 + len(data), 0, 0x4000, 64, 6, 0) + addresses
        ethernet = b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\x00"
        self.packets.append(ethernet + ip + header + data)
        self._sent[from_client] = (number + len(data) + bool(flags & (SYN | FIN))) % 2**32


def write_capture(path: Path, *conversations: Conversation) -> Path:
    """A pcap file with the packets of these, one conversation behind the other; `path` again."""
    records = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, 1)]  # times in nanoseconds
    for conversation in conversations:
        for number, packet in enumerate(conversation.packets):
            seconds, nanoseconds = divmod(conversation.start_ns + number * STEP_NS, 1_000_000_000)
            records += [struct.pack("<IIII", seconds, nanoseconds, len(packet), len(packet)), packet]
    path.write_bytes(b"".join(records))
    return path


def _head(first_line: str, fields: Iterable[tuple[str, str]]) -> bytes:
    return "\r\n".join([first_line, *(f"{name}: {value}" for name, value in fields), "", ""]).encode("latin-1")


def _frame(opcode: int, payload: bytes, masked: bool) -> bytes:
    """One frame (RFC 6455, 5.2); the client's are masked (5.3)."""
    length = len(payload)
    bit = 0x80 if masked else 0
    head = bytes([0x80 | opcode])
    if length < 126:
        head += bytes([bit | length])
    elif length < 65536:
        head += struct.pack("!BH", bit | 126, length)
    else:
        head += struct.pack("!BQ", bit | 127, length)
    if not masked:
        return head + payload
    key = (MASK * (length // 4 + 1))[:length]
    return head + MASK + (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(length, "big")
