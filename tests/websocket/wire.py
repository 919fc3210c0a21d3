"""Frames, masks, messages and handshakes written down from RFC 6455, RFC 7692 and RFC 9112, byte by byte.

Nothing in here is taken from the package but the shape of its records: these bytes are what it has to understand.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterator, Sequence

import msgspec

from wsobserve.records import (
    CLIENT_TO_SERVER,
    SERVER_TO_CLIENT,
    Anomaly,
    AnomalyKind,
    Connection,
    ConnectionEnd,
    ConnectionSummary,
    Frame,
    Half,
    Handshake,
    Message,
    Record,
    StreamBytes,
    StreamEnd,
    StreamGap,
    StreamRecord,
)
from wsobserve.websocket.stage import WebSocket

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
RSV1, RSV2, RSV3 = 4, 2, 1
KEY = b"\x37\xfa\x21\x3d"  # the masking key of RFC 6455, 5.7
NONCE = "dGhlIHNhbXBsZSBub25jZQ=="  # the Sec-WebSocket-Key of RFC 6455, 1.3
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # and its answer

CLIENT, SERVER = "10.0.0.1:40000", "10.0.0.2:80"
CLIENT_HALF = Half(connection="c", source=CLIENT, destination=SERVER, client=CLIENT, server=SERVER, direction=CLIENT_TO_SERVER)
SERVER_HALF = Half(connection="c", source=SERVER, destination=CLIENT, client=CLIENT, server=SERVER, direction=SERVER_TO_CLIENT)


# --- RFC 6455, 5: frames ------------------------------------------------------------------------------------------------


def mask(payload: bytes, key: bytes) -> bytes:
    return bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


def header(
    opcode: int, length: int, *, fin: bool = True, rsv: int = 0, key: bytes | None = None, form: int | None = None
) -> bytes:
    """`form`: 7, 16 or 64 bits of length, whatever would be enough."""
    form = form or (7 if length < 126 else 16 if length < 65536 else 64)
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    masked = 0x80 if key is not None else 0
    if form == 7:
        packed = bytes([first, masked | length])
    elif form == 16:
        packed = bytes([first, masked | 126]) + length.to_bytes(2, "big")
    else:
        packed = bytes([first, masked | 127]) + length.to_bytes(8, "big")
    return packed + (key or b"")


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, key: bytes | None = None, form: int | None = None
) -> bytes:
    """One frame; masked when there is a key."""
    body = payload if key is None else mask(payload, key)
    return header(opcode, len(payload), fin=fin, rsv=rsv, key=key, form=form) + body


def text(payload: str | bytes, key: bytes | None = None) -> bytes:
    return frame(TEXT, payload.encode() if isinstance(payload, str) else payload, key=key)


def fragmented(opcode: int, pieces: Sequence[bytes], *, key: bytes | None = None, rsv: int = 0) -> bytes:
    """One message in several frames (RFC 6455, 5.4)."""
    return b"".join(
        frame(
            opcode if number == 0 else CONTINUATION,
            piece,
            fin=number == len(pieces) - 1,
            rsv=rsv if number == 0 else 0,
            key=key,
        )
        for number, piece in enumerate(pieces)
    )


def close(code: int | None = None, reason: bytes = b"", key: bytes | None = None) -> bytes:
    return frame(CLOSE, b"" if code is None else code.to_bytes(2, "big") + reason, key=key)


# --- RFC 7692, 7.2: permessage-deflate ----------------------------------------------------------------------------------


class Deflater:
    """One sender. `takeover`: whether the window lives on from message to message."""

    def __init__(self, takeover: bool = True, bits: int = 15, level: int = 6) -> None:
        self.takeover, self.bits, self.level = takeover, bits, level
        self._compressor = self._new()

    def _new(self) -> zlib._Compress:
        return zlib.compressobj(self.level, zlib.DEFLATED, -self.bits)

    def __call__(self, payload: bytes) -> bytes:
        if not self.takeover:
            self._compressor = self._new()
        compressed = self._compressor.compress(payload) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
        assert compressed.endswith(b"\x00\x00\xff\xff")
        return compressed[:-4]


# --- RFC 6455, 4: opening handshakes ------------------------------------------------------------------------------------


def accept(key: str) -> str:
    return base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()


def head(first_line: str, fields: Sequence[tuple[str, str]] = (), line_end: str = "\r\n") -> bytes:
    lines = [first_line, *(f"{name}: {value}" for name, value in fields), "", ""]
    return line_end.join(lines).encode("latin-1")


def request(target: str = "/chat", *extra: tuple[str, str], key: str = NONCE, version: str = "13") -> bytes:
    fields = [
        ("Host", "example.test"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", key),
        ("Sec-WebSocket-Version", version),
    ]
    return head(f"GET {target} HTTP/1.1", [*fields, *extra])


def response(*extra: tuple[str, str], key: str = NONCE) -> bytes:
    fields = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept(key))]
    return head("HTTP/1.1 101 Switching Protocols", [*fields, *extra])


DEFLATE_OFFER = ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")
DEFLATE_AGREED = ("Sec-WebSocket-Extensions", "permessage-deflate")


# --- cuts and conversations ---------------------------------------------------------------------------------------------


def cuts(data: bytes) -> Iterator[list[bytes]]:
    """`data` whole, byte by byte, and in two halves at each position."""
    yield [data]
    yield [data[i : i + 1] for i in range(len(data))]
    for i in range(1, len(data)):
        yield [data[:i], data[i:]]


class Wire:
    """A TCP connection as the transport tells of it. Time goes on by a millisecond and a packet with each event.

    `syn`: whether half 0, the client's, was seen to open it.
    """

    def __init__(self, stage: WebSocket | None = None, *, syn: bool = True, identifier: str = "c", partition: int = 0) -> None:
        self.stage = stage or WebSocket()
        self.identifier = identifier
        self.packet = 0
        self.records: list[Record] = []
        plain = (
            Half(connection=identifier, source=CLIENT, destination=SERVER),
            Half(connection=identifier, source=SERVER, destination=CLIENT),
        )
        self._tell(
            Connection(
                id=identifier,
                endpoints=(CLIENT, SERVER),
                halves=plain,
                time_ns=self.time_ns,
                packet=self.packet,
                initiator=0 if syn else None,
                partition=partition,
            )
        )

    @property
    def time_ns(self) -> int:
        return 1_700_000_000_000_000_000 + self.packet * 1_000_000

    def client(self, *data: bytes) -> Wire:
        return self.sends(0, *data)

    def server(self, *data: bytes) -> Wire:
        return self.sends(1, *data)

    def sends(self, half: int, *data: bytes) -> Wire:
        for piece in data:
            self.packet += 1
            self._tell(StreamBytes(self.identifier, half, self.time_ns, self.packet, piece))
        return self

    def gap(self, half: int, length: int) -> Wire:
        self.packet += 1
        return self._tell(StreamGap(self.identifier, half, self.time_ns, self.packet, length))

    def ends(self, how: str = "fin") -> Wire:
        """Both halves, then the connection."""
        assert how in ("fin", "reset", "capture_end")
        for half in (0, 1):
            self.packet += 1
            self._tell(StreamEnd(self.identifier, half, self.time_ns, self.packet, how))  # type: ignore[arg-type]  # checked
        return self._tell(
            ConnectionEnd(connection=self.identifier, time_ns=self.time_ns, packet=self.packet, how=how)  # type: ignore[arg-type]  # checked
        )

    def _tell(self, record: StreamRecord) -> Wire:
        self.records += self.stage.receive(record)
        return self

    def opened(self, *agreed: tuple[str, str]) -> Wire:
        """An accepted handshake."""
        return self.client(request("/chat", *((DEFLATE_OFFER,) if agreed else ()))).server(response(*agreed))

    @property
    def frames(self) -> list[Frame]:
        return frames(self.records)

    @property
    def messages(self) -> list[Message]:
        return messages(self.records)

    @property
    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.messages]

    @property
    def anomalies(self) -> list[AnomalyKind]:
        return anomalies(self.records)

    @property
    def handshakes(self) -> list[Handshake]:
        return [record for record in self.records if isinstance(record, Handshake)]

    @property
    def summary(self) -> ConnectionSummary:
        (summary,) = [record for record in self.records if isinstance(record, ConnectionSummary)]
        return summary


def frames(records: Sequence[Record]) -> list[Frame]:
    return [record for record in records if isinstance(record, Frame)]


def messages(records: Sequence[Record]) -> list[Message]:
    return [record for record in records if isinstance(record, Message)]


def anomalies(records: Sequence[Record]) -> list[AnomalyKind]:
    return [record.anomaly for record in records if isinstance(record, Anomaly)]


def timeless(records: Sequence[Record]) -> list[Record]:
    """The records without what depends on how the bytes were cut into packets."""
    kept: list[Record] = []
    for record in records:
        fields = {"time_ns", "packet", "started_ns", "request_time_ns", "request_packet"} & set(record.__struct_fields__)
        if isinstance(record, ConnectionSummary):
            record = msgspec.structs.replace(record, handshake=None)
        kept.append(msgspec.structs.replace(record, **dict.fromkeys(fields, 0)))
    return kept
