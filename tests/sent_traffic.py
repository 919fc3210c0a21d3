"""WebSocket traffic whose sender tells the truth: packets, with every frame and message that lies in them, and then loss.

Every message is told from every other, so that what was never sent cannot pass for something that was. Frames and masks
are written down from RFC 6455, compression from RFC 7692; nothing in here is taken from the package but its records.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from tests.segments import batch
from wsobserve.config import DEFAULT_LIMITS, Limits
from wsobserve.pipeline import Pipeline
from wsobserve.records import ChannelMessage, Frame, Message, PacketBatch, Record

SERVER_PORT = 8080
SEGMENT = 1448  # bytes of payload at most
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
Compression = Literal["plain", "takeover", "no_takeover"]
COMPRESSIONS: tuple[Compression, ...] = ("plain", "takeover", "no_takeover")
WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"]
Side = tuple[int, bool]  # the client's port, and whether the client sends


@dataclass(frozen=True)
class Packet:
    """One packet, and the bytes start..stop-1 of its side's stream that it carries."""

    data: bytes
    side: Side
    start: int
    stop: int


@dataclass(frozen=True)
class SentFrame:
    """One frame. `payload`: as on the wire, unmasked. `start`, `stop`: where it lies in the stream."""

    fin: bool
    rsv: int
    opcode: int
    payload: bytes
    start: int
    stop: int


@dataclass(frozen=True)
class SentMessage:
    """One message, and where its frames lie."""

    opcode: int
    payload: bytes
    frames: tuple[SentFrame, ...]


@dataclass
class Sent:
    """What one side sent."""

    compression: Compression
    frames: list[SentFrame] = field(default_factory=list)
    messages: list[SentMessage] = field(default_factory=list)
    length: int = 0


@dataclass
class Traffic:
    """Packets in their order, and what was sent in them."""

    packets: list[Packet] = field(default_factory=list)
    sent: dict[Side, Sent] = field(default_factory=dict)


class Talk:
    """A client and a server on one TCP connection."""

    def __init__(self, traffic: Traffic, port: int, compression: Compression, chance: Random) -> None:
        self.traffic, self.port, self.compression, self.chance = traffic, port, compression, chance
        self.sides = {from_client: Sent(compression) for from_client in (True, False)}
        self.numbers = {True: chance.randrange(2**32), False: chance.randrange(2**32)}
        self.position = {True: 0, False: 0}
        self.windows = {from_client: zlib.compressobj(6, zlib.DEFLATED, -15) for from_client in (True, False)}
        for from_client, sent in self.sides.items():
            traffic.sent[port, from_client] = sent

    def packet(self, from_client: bool, start: int, data: bytes, flags: int) -> Packet:
        """Ethernet, IPv4, TCP (RFC 9293, 3.1), without checksums. `start`: offset in the stream behind the SYN."""
        ports = (self.port, SERVER_PORT) if from_client else (SERVER_PORT, self.port)
        addresses = b"\x0a\x00\x00\x01\x0a\x00\x00\x02" if from_client else b"\x0a\x00\x00\x02\x0a\x00\x00\x01"
        syn = flags >> 1 & 1
        number = (self.numbers[from_client] + start + (1 - syn)) % 2**32
        acknowledged = (self.numbers[not from_client] + self.position[not from_client] + 1) % 2**32
        tcp = struct.pack("!HHIIBBHHH", *ports, number, acknowledged, 0x50, flags, 65535, 0, 0) + data
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + addresses
        head = b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\x00"
        return Packet(head + ip + tcp, (self.port, from_client), start, start + len(data))

    def send(self, from_client: bool, data: bytes) -> None:
        """`data` in segments, acknowledged by the other side now and then."""
        for offset in range(0, len(data), SEGMENT):
            part = data[offset : offset + SEGMENT]
            self.traffic.packets.append(self.packet(from_client, self.position[from_client], part, 0x18))
            self.position[from_client] += len(part)
            if self.chance.random() < 1 / 2:
                self.acknowledge(not from_client)
        self.acknowledge(not from_client)

    def acknowledge(self, from_client: bool, flags: int = 0x10) -> None:
        self.traffic.packets.append(self.packet(from_client, self.position[from_client], b"", flags))

    def open(self) -> None:
        self.acknowledge(True, 0x02)
        self.acknowledge(False, 0x12)
        self.acknowledge(True)
        key = base64.b64encode(self.chance.randbytes(16))
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        agreed = {
            "plain": b"",
            "takeover": b"Sec-WebSocket-Extensions: permessage-deflate\r\n",
            "no_takeover": b"Sec-WebSocket-Extensions: permessage-deflate; "
            b"server_no_context_takeover; client_no_context_takeover\r\n",
        }[self.compression]
        upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
        request = b"GET /ticks HTTP/1.1\r\nHost: made.example\r\n" + upgrade + b"Sec-WebSocket-Version: 13\r\n"
        self.send(True, request + b"Sec-WebSocket-Key: " + key + b"\r\n" + agreed + b"\r\n")
        response = b"HTTP/1.1 101 Switching Protocols\r\n" + upgrade
        self.send(False, response + b"Sec-WebSocket-Accept: " + accept + b"\r\n" + agreed + b"\r\n")
        for from_client, sent in self.sides.items():
            sent.length = self.position[from_client]

    def finish(self) -> None:
        for from_client in (True, False):
            self.send(from_client, self.frame(from_client, CLOSE, b"\x03\xe8")[0])
        self.acknowledge(True, 0x11)
        self.acknowledge(False, 0x11)

    def frame(self, from_client: bool, opcode: int, payload: bytes, fin: bool = True, rsv: int = 0) -> tuple[bytes, SentFrame]:
        """RFC 6455, 5.2; the client's are masked."""
        length = len(payload)
        mask_bit = 0x80 if from_client else 0
        head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
        if length < 126:
            head += bytes([mask_bit | length])
        elif length < 65536:
            head += struct.pack("!BH", mask_bit | 126, length)
        else:
            head += struct.pack("!BQ", mask_bit | 127, length)
        body = payload
        if from_client:
            key = self.chance.randbytes(4)
            masked = int.from_bytes(payload, "big") ^ int.from_bytes((key * (length // 4 + 1))[:length], "big")
            body = key + masked.to_bytes(length, "big")
        sent = self.sides[from_client]
        data = head + body
        frame = SentFrame(fin, rsv, opcode, payload, sent.length, sent.length + len(data))
        sent.length = frame.stop
        sent.frames.append(frame)
        return data, frame

    def message(self, from_client: bool, opcode: int, payload: bytes, fragments: int = 1) -> bytes:
        """One message in one or more frames (RFC 6455, 5.4), with a ping behind each that is not the last."""
        carried = payload
        rsv = 0
        if self.compression != "plain":
            if self.compression == "no_takeover":
                self.windows[from_client] = zlib.compressobj(6, zlib.DEFLATED, -15)
            window = self.windows[from_client]
            # RFC 7692, 7.2.1: without the last four octets of the flush.
            carried = (window.compress(payload) + window.flush(zlib.Z_SYNC_FLUSH))[:-4]
            rsv = 4
        step = len(carried) // fragments + 1
        out, frames = b"", []
        for number in range(fragments):
            part = carried[number * step : (number + 1) * step]
            first, last = number == 0, number == fragments - 1
            data, frame = self.frame(from_client, opcode if first else CONTINUATION, part, last, rsv if first else 0)
            out += data
            frames.append(frame)
            if not last:
                out += self.frame(from_client, PING, self.chance.randbytes(4))[0]
        self.sides[from_client].messages.append(SentMessage(opcode, payload, tuple(frames)))
        return out


def _tick(number: int, chance: Random, rows: int) -> bytes:
    """A JSON message as no other one is."""
    listed = [
        {"symbol": chance.choice(WORDS), "price": round(chance.uniform(1, 900), 2), "volume": chance.randrange(10**6)}
        for _ in range(rows)
    ]
    return json.dumps({"type": "tick", "sequence": number, "rows": listed}, separators=(",", ":")).encode()


def make(seed: int, writes: int, *, connections: int = 50, only: Compression | None = None, apart: bool = False) -> Traffic:
    """Conversations on `connections` connections.

    `only`: one way of compression; else they take turns. `apart`: each write is one frame, so each begins a segment.
    """
    chance = Random(seed)
    traffic = Traffic()
    talks = [
        Talk(traffic, 20_000 + number, only or COMPRESSIONS[(0, 0, 1, 2)[number % 4]], chance) for number in range(connections)
    ]
    for talk in talks:
        talk.open()
    number = 0
    for _ in range(writes):
        talk, from_client = chance.choice(talks), chance.random() < 0.3
        out = b""
        for _ in range(1 if apart else chance.choice((1, 1, 1, 1, 1, 2, 3, 6))):
            number += 1
            kind = chance.random()
            if kind < 0.7:
                out += talk.message(from_client, TEXT, _tick(number, chance, 3))
            elif kind < 0.8:
                out += talk.message(from_client, BINARY, struct.pack("!Q", number) + chance.randbytes(chance.randrange(200)))
            elif kind < 0.85:
                text = f"{number}: {' '.join(chance.choices(WORDS, k=chance.randrange(30)))} à bientôt"
                out += talk.message(from_client, TEXT, text.encode())
            elif kind < 0.91:
                out += talk.message(
                    from_client, TEXT, _tick(number, chance, chance.randrange(1, 60)), 1 if apart else chance.randrange(2, 6)
                )
            elif kind < 0.94:
                out += talk.message(from_client, TEXT, _tick(number, chance, chance.randrange(60, 400)))
            elif kind < 0.95:
                out += talk.message(from_client, BINARY, struct.pack("!Q", number) + chance.randbytes(20_000))
            else:
                out += talk.frame(from_client, chance.choice((PING, PONG)), chance.randbytes(chance.randrange(20)))[0]
        talk.send(from_client, out)
    for talk in talks:
        talk.finish()
    return traffic


# --- loss ---------------------------------------------------------------------------------------------------------------


def lose(packets: list[Packet], chance: Random, share: float, burst: bool = False) -> list[Packet]:
    """Without about `share` of the packets, one by one or 2 to 50 in a row."""
    kept: list[Packet] = []
    gone = 0
    for packet in packets:
        if gone:
            gone -= 1
        elif chance.random() < (share / 26 if burst else share):
            gone = chance.randint(2, 50) - 1 if burst else 0
        else:
            kept.append(packet)
    return kept


def retransmit(packets: list[Packet], chance: Random, share: float = 0.03) -> list[Packet]:
    """Some segments once more, a few packets later."""
    placed = list(enumerate(packets))
    placed += [
        (place + chance.randrange(2, 60), packet)
        for place, packet in enumerate(packets)
        if packet.stop > packet.start and chance.random() < share
    ]
    placed.sort(key=lambda each: each[0])  # stable: the first copy stays first
    return [packet for _, packet in placed]


class Ranges:
    """Bytes of one stream that are in the capture."""

    def __init__(self) -> None:
        self.there: dict[int, int] = {}

    def add(self, start: int, stop: int) -> None:
        self.there[start] = max(stop, self.there.get(start, 0))

    def joined(self) -> list[tuple[int, int]]:
        joined: list[tuple[int, int]] = []
        for start, stop in sorted(self.there.items()):
            if joined and start <= joined[-1][1]:
                joined[-1] = joined[-1][0], max(stop, joined[-1][1])
            else:
                joined.append((start, stop))
        return joined


# --- the verdict --------------------------------------------------------------------------------------------------------


@dataclass
class Score:
    """Messages and frames by what became of them."""

    at_hand: int = 0  # messages all of whose bytes are in the capture
    recovered: int = 0
    missed: list[tuple[Side, int]] = field(default_factory=list)  # at hand and not recovered: by number of the message
    after_loss: int = 0  # of those at hand: compressed with context takeover, behind the first loss of their direction
    after_loss_recovered: int = 0
    never_sent: list[Message] = field(default_factory=list)  # said to be complete
    wrong_frames: list[Frame] = field(default_factory=list)
    frames: int = 0
    undecoded: dict[str, int] = field(default_factory=dict)


def records_of(packets: Iterable[bytes], limits: Limits = DEFAULT_LIMITS, step_ns: int = 1_000_000) -> list[Record]:
    """What the pipeline makes of them."""
    return observed([batch(packets, step_ns)], limits)


def observed(batches: Iterable[PacketBatch], limits: Limits = DEFAULT_LIMITS) -> list[Record]:
    """What the pipeline makes of them."""
    pipeline = Pipeline(limits, folds=False)
    records: list[Record] = []
    for each in batches:
        records += pipeline.receive(each)
    return records + pipeline.finish()


def messages_in(records: Iterable[Record]) -> Iterator[Message]:
    """Each once, although several channel messages may lie in it."""
    last: Message | None = None
    for record in records:
        if type(record) is ChannelMessage and record.message is not last:
            last = record.message
            yield last


def side_of(record: Frame | Message) -> Side:
    assert record.half.client is not None
    return int(record.half.client.rpartition(":")[2]), record.half.direction == "client_to_server"


def score(traffic: Traffic, kept: list[Packet], records: list[Record]) -> Score:
    """What became of what was sent, when only `kept` was captured."""
    result = Score()
    ranges = {side: Ranges() for side in traffic.sent}
    for packet in kept:
        ranges[packet.side].add(packet.start, packet.stop)
    reported: dict[Side, list[Message]] = {side: [] for side in traffic.sent}
    for message in messages_in(records):
        if message.complete:
            reported[side_of(message)].append(message)
        if message.undecoded is not None:
            result.undecoded[message.undecoded] = result.undecoded.get(message.undecoded, 0) + 1
    frames: dict[Side, list[Frame]] = {side: [] for side in traffic.sent}
    for record in records:
        if type(record) is Frame:
            frames[side_of(record)].append(record)
            result.frames += 1
    for side, sent in traffic.sent.items():
        _score_side(result, side, sent, ranges[side].joined(), reported[side])
        result.wrong_frames += _never_sent(frames[side], sent.frames)
    return result


def _score_side(result: Score, side: Side, sent: Sent, there: list[tuple[int, int]], reported: list[Message]) -> None:
    first_loss = there[0][1] if there and there[0][0] == 0 else 0
    expected = {(message.opcode, message.payload): number for number, message in enumerate(sent.messages)}
    assert len(expected) == len(sent.messages)
    found: set[int] = set()
    for message in reported:
        number = expected.get((message.opcode, message.payload))
        if number is None or number in found:
            result.never_sent.append(message)
        else:
            found.add(number)
    for number, sent_message in enumerate(sent.messages):
        if not all(any(start <= frame.start and frame.stop <= stop for start, stop in there) for frame in sent_message.frames):
            continue
        result.at_hand += 1
        recovered = number in found
        result.recovered += recovered
        if sent.compression == "takeover" and sent_message.frames[-1].stop > first_loss:
            result.after_loss += 1
            result.after_loss_recovered += recovered
        elif not recovered:
            result.missed.append((side, number))


def _never_sent(frames: list[Frame], sent: list[SentFrame]) -> list[Frame]:
    """Frames that do not stand, in this order, among those that were sent."""
    wrong = []
    place = 0
    for frame in frames:
        ahead = place
        while ahead < len(sent) and not _is_same(frame, sent[ahead]):
            ahead += 1
        if ahead == len(sent):
            wrong.append(frame)
        else:
            place = ahead + 1
    return wrong


def _is_same(frame: Frame, sent: SentFrame) -> bool:
    return (
        (frame.fin, frame.rsv, frame.opcode, frame.payload_length) == (sent.fin, sent.rsv, sent.opcode, len(sent.payload))
        and sent.payload.startswith(frame.payload)
        and frame.header_length + frame.payload_length == sent.stop - sent.start
    )
