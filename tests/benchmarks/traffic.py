"""WebSocket connections as packets in a capture file, with a tally of what was sent: the truth that decoders are held to.

In: what a client and a server say. Out: a pcap file of Ethernet, IPv4 and TCP with timestamps, segments as an MTU of 1500
makes them; checksums are left at zero, as behind an offloading network card. It is made for a million packets a minute, so
a segment is one `struct.pack`, and nothing is kept but the connections' own state.
"""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

CLIENT, SERVER = 0, 1
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
OPCODE_NAMES = {CONTINUATION: "continuation", TEXT: "text", BINARY: "binary", CLOSE: "close", PING: "ping", PONG: "pong"}

SEGMENT = 1448  # MTU 1500 less IPv4, TCP and its timestamps
START_US = 1_700_000_000_000_000
SERVER_ADDRESS = bytes([10, 255, 0, 1])

_FILE_HEAD = struct.Struct("<IHHiIII").pack(0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
_PACKET_HEAD = struct.Struct("<IIII").pack
# Ethernet and the first two bytes of IPv4; total length; the rest of IPv4 and the ports; sequence and acknowledgment number;
# data offset, flags, window, checksum with urgent pointer; two no-operations and the timestamps.
_HEADERS = struct.Struct(">16sH20sIIBBHIIII")
_ETHERNET = {CLIENT: b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\x00", SERVER: b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\x00"}


@dataclass
class Truth:
    """What is in a capture, counted by who sent it."""

    packets: int = 0
    connections: int = 0
    frames: dict[str, int] = field(default_factory=dict)
    frame_bytes: int = 0  # headers and payloads
    messages: int = 0  # text and binary
    payload_length: int = 0  # of messages, before they were compressed


class CaptureFile:
    """A pcap file being written, a packet about every `step_us` microseconds."""

    def __init__(self, path: Path, step_us: int = 100) -> None:
        self.truth = Truth()
        self.now_us = START_US
        self._step_us = step_us
        self._file = path.open("wb", buffering=1 << 20)
        self._file.write(_FILE_HEAD)

    def __enter__(self) -> CaptureFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def write(self, packet: bytes) -> None:
        """One packet from Ethernet on."""
        self.truth.packets += 1
        # Uneven, as packets arrive, and the same in every run.
        self.now_us += self._step_us - 16 + (self.truth.packets * 7919 & 31)
        length = len(packet)
        self._file.write(_PACKET_HEAD(self.now_us // 1_000_000, self.now_us % 1_000_000, length, length) + packet)


class Connection:
    """A client and a server on one TCP connection; whatever one of them sends is written as segments at once."""

    def __init__(self, file: CaptureFile, number: int, deflate: bool = False) -> None:
        self.file = file
        self.truth = file.truth
        self.truth.connections += 1
        self._deflate = deflate
        self._number = number
        address, port = struct.pack(">I", 0x0A000001 + number // 40_000), 10_000 + number % 40_000
        rest = b"\0\0\x40\0\x40\x06\0\0"  # identification, do not fragment, hops, TCP, checksum
        self._paths = (
            rest + address + SERVER_ADDRESS + struct.pack(">HH", port, 80),
            rest + SERVER_ADDRESS + address + struct.pack(">HH", 80, port),
        )
        self._next = [(number * 0x9E3779B1 + 1) & 0xFFFFFFFF, (number * 0x85EBCA6B + 7) & 0xFFFFFFFF]
        self._deflaters: list[zlib._Compress | None] = [None, None]

    # --- TCP --------------------------------------------------------------------------------------------------------

    def segment(self, sender: int, data: bytes, flags: int = ACK | PSH) -> None:
        """One segment, whatever its length."""
        sequence_number, acknowledged = self._next[sender], self._next[1 - sender]
        milliseconds = self.file.now_us // 1000 & 0xFFFFFFFF
        headers = _HEADERS.pack(
            _ETHERNET[sender] + b"\x45\0",
            52 + len(data),
            self._paths[sender],
            sequence_number,
            acknowledged if flags & ACK else 0,
            0x80,
            flags,
            65_535,
            0,
            0x0101080A,
            milliseconds,
            milliseconds,
        )
        self._next[sender] = (sequence_number + len(data) + (1 if flags & (SYN | FIN) else 0)) & 0xFFFFFFFF
        self.file.write(headers + data)

    def acknowledge(self, sender: int) -> None:
        """A segment without payload."""
        self.segment(sender, b"", ACK)

    def send(self, sender: int, data: bytes, acknowledge_every: int = 0) -> None:
        """Bytes, in as many segments as they need; the other side acknowledges every so many of them."""
        if len(data) <= SEGMENT:
            self.segment(sender, data)
            return
        for count, start in enumerate(range(0, len(data), SEGMENT), 1):
            self.segment(sender, data[start : start + SEGMENT])
            if acknowledge_every and count % acknowledge_every == 0:
                self.acknowledge(1 - sender)

    def skip(self, sender: int, length: int) -> None:
        """Bytes that were sent and are not in the capture."""
        self._next[sender] = (self._next[sender] + length) & 0xFFFFFFFF

    # --- opening and closing ----------------------------------------------------------------------------------------

    def open(self, path: str = "/ticks") -> None:
        """The three packets of TCP, and the opening handshake."""
        self.segment(CLIENT, b"", SYN)
        self.segment(SERVER, b"", SYN | ACK)
        self.acknowledge(CLIENT)
        key = base64.b64encode(hashlib.sha256(self._number.to_bytes(8, "big")).digest()[:16])
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        extension = b"Sec-WebSocket-Extensions: permessage-deflate\r\n" if self._deflate else b""
        upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
        request = b"GET " + path.encode() + b" HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: bench\r\n" + upgrade
        self.send(CLIENT, request + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n" + extension + b"\r\n")
        self.acknowledge(SERVER)
        response = b"HTTP/1.1 101 Switching Protocols\r\n" + upgrade + b"Sec-WebSocket-Accept: " + accept + b"\r\n"
        self.send(SERVER, response + extension + b"\r\n")
        self.acknowledge(CLIENT)

    def close(self, masking_key: bytes) -> None:
        """The closing handshake, begun by the client, and the end of TCP."""
        self.send(CLIENT, self.frame(CLOSE, b"\x03\xe8", masking_key))
        self.send(SERVER, self.frame(CLOSE, b"\x03\xe8"))
        self.segment(SERVER, b"", FIN | ACK)
        self.segment(CLIENT, b"", FIN | ACK)
        self.acknowledge(SERVER)

    # --- WebSocket --------------------------------------------------------------------------------------------------

    def frame(self, opcode: int, payload: bytes, masking_key: bytes = b"", final: bool = True, rsv1: bool = False) -> bytes:
        """A frame, RFC 6455, 5.2. A client gives a masking key, a server none."""
        name, truth = OPCODE_NAMES[opcode], self.truth
        truth.frames[name] = truth.frames.get(name, 0) + 1
        length = len(payload)
        first, mask_bit = (0x80 if final else 0) | (0x40 if rsv1 else 0) | opcode, 0x80 if masking_key else 0
        if length < 126:
            head = bytes((first, mask_bit | length))
        elif length < 65_536:
            head = struct.pack(">BBH", first, mask_bit | 126, length)
        else:
            head = struct.pack(">BBQ", first, mask_bit | 127, length)
        if masking_key:
            key = (masking_key * (length // 4 + 1))[:length]
            masked = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
            payload = masking_key + masked.to_bytes(length, "big")
        truth.frame_bytes += len(head) + len(payload)
        return head + payload

    def message(self, sender: int, opcode: int, payload: bytes, masking_key: bytes = b"", fragments: int = 1) -> bytes:
        """The frames of a message; compressed where the extension was agreed (RFC 7692, 7.2.1)."""
        self.truth.messages += 1
        self.truth.payload_length += len(payload)
        if self._deflate:
            deflater = self._deflaters[sender]
            if deflater is None:
                deflater = self._deflaters[sender] = zlib.compressobj(6, zlib.DEFLATED, -15)
            payload = (deflater.compress(payload) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]
        if fragments == 1:
            return self.frame(opcode, payload, masking_key, rsv1=self._deflate)
        size = max(1, -(-len(payload) // fragments))
        parts = [payload[start : start + size] for start in range(0, len(payload), size)]
        return b"".join(
            self.frame(
                CONTINUATION if i else opcode, part, masking_key, final=i == len(parts) - 1, rsv1=self._deflate and i == 0
            )
            for i, part in enumerate(parts)
        )
