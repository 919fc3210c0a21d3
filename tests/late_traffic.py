"""Real programs that talk over loopback, captured whole: to be joined at any packet, with the whole capture for the truth.

A server and clients of the package `websockets` of every sort that a long-lived service has, and beside them other
protocols on other ports. What is decoded from the middle must be what the whole capture says, and nothing else.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

from wsobserve.capture.live import LiveSource
from wsobserve.config import LIVE_LIMITS
from wsobserve.pipeline import Pipeline
from wsobserve.records import ChannelMessage, ConnectionSummary, Message, PacketBatch, Record

PORT = 18_990
FOREIGN_PORTS = {"http": 18_991, "redis": 18_992, "random": 18_993, "tls": 18_994}
WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi"]

# By how many of 50 connections there are of each.
MIX = {
    "plain": 14,
    "tiny": 2,
    "binary": 4,
    "push": 4,
    "takeover": 8,
    "alone": 6,  # without context takeover
    "pings": 3,
    "fragments": 3,
    "large": 2,
    "idle": 4,
}
DEFLATED = ("takeover", "alone")
Say = Callable[[ClientConnection, Random, int], Coroutine[Any, Any, None]]


def document(chance: Random, number: int) -> str:
    """A JSON text of about 20 to 300 bytes."""
    what: dict[str, object] = {"type": chance.choice(["tick", "order", "chat"]), "n": number}
    if chance.random() < 0.8:
        what["text"] = " ".join(chance.choices(WORDS, k=chance.randrange(1, 40)))
    return json.dumps(what)


async def _plain(client: ClientConnection, chance: Random, number: int) -> None:
    await client.send(document(chance, number))
    await client.recv()


async def _tiny(client: ClientConnection, chance: Random, number: int) -> None:
    await client.send(chance.choice(["ok", "1", "2probe", "hello", "y"]))
    await client.recv()


async def _binary(client: ClientConnection, chance: Random, number: int) -> None:
    await client.send(chance.randbytes(chance.randrange(20, 300)))
    await client.recv()


async def _push(client: ClientConnection, chance: Random, number: int) -> None:
    await client.recv()


async def _pings(client: ClientConnection, chance: Random, number: int) -> None:
    await (await client.ping())


async def _fragments(client: ClientConnection, chance: Random, number: int) -> None:
    text = " ".join(document(chance, number) for _ in range(30))
    await client.send([text[i : i + 1_000] for i in range(0, len(text), 1_000)])
    await client.recv()


async def _large(client: ClientConnection, chance: Random, number: int) -> None:
    await client.send(chance.randbytes(40_000))
    await client.recv()


SAY: dict[str, Say] = {
    "plain": _plain,
    "tiny": _tiny,
    "binary": _binary,
    "push": _push,
    "takeover": _plain,
    "alone": _plain,
    "pings": _pings,
    "fragments": _fragments,
    "large": _large,
    "idle": _plain,
}


async def _serve(socket: ServerConnection) -> None:
    chance = Random(socket.request.path if socket.request else "")
    async for message in socket:
        if isinstance(message, bytes):
            await socket.send(message[: len(message) // 2] + chance.randbytes(10))
        elif message.startswith("{"):
            await socket.send(json.dumps({"type": "ack", "of": len(message), "note": " ".join(chance.choices(WORDS, k=6))}))
        else:
            await socket.send(message[::-1])


@dataclass
class TalkingService:
    """`clients`: each with its sort. A `round` lets every one of them speak once, all at the same time."""

    clients: list[tuple[str, ClientConnection, Random]] = field(default_factory=list)
    kinds: dict[int, str] = field(default_factory=dict)  # by the client's port
    servers: dict[int, ServerConnection] = field(default_factory=dict)  # the same
    rounds: int = 0
    port: int = 0

    async def open(self, kinds: list[str], chance: Random) -> None:
        """One more client of each of these sorts."""

        async def one(number: int, kind: str) -> None:
            extensions = None
            if kind in DEFLATED:
                alone = kind == "alone"
                deflate = ClientPerMessageDeflateFactory(server_no_context_takeover=alone, client_no_context_takeover=alone)
                extensions = [deflate]
            client = await connect(
                f"ws://127.0.0.1:{self.port}/{kind}/{number}", compression=None, extensions=extensions, ping_interval=None
            )
            self.clients.append((kind, client, Random(f"{kind} {number}")))
            self.kinds[client.local_address[1]] = kind

        for start in range(0, len(kinds), 50):
            await asyncio.gather(*(one(start + place, kind) for place, kind in enumerate(kinds[start : start + 50])))
        chance.shuffle(self.clients)

    async def round(self, but: tuple[str, ...] = ()) -> None:
        """`but`: sorts that keep silent."""
        self.rounds += 1
        speaking = []
        for kind, client, chance in self.clients:
            if kind in but:
                continue
            if kind == "push":
                speaking.append(self.servers[client.local_address[1]].send(document(chance, self.rounds)))
            speaking.append(SAY[kind](client, chance, self.rounds))
        await asyncio.gather(*speaking)

    async def accept(self, socket: ServerConnection) -> None:
        """The server's side of one connection."""
        self.servers[socket.remote_address[1]] = socket
        await _serve(socket)

    async def close(self) -> None:
        await asyncio.gather(*(client.close() for _, client, _ in self.clients))


@asynccontextmanager
async def talking_service(kinds: list[str], chance: Random, port: int = 0) -> AsyncIterator[TalkingService]:
    """A server and its clients, all of them connected."""
    service = TalkingService()
    deflate = ServerPerMessageDeflateFactory()
    server: Server
    async with serve(
        service.accept, "127.0.0.1", port, compression=None, extensions=[deflate], ping_interval=None, backlog=1_000
    ) as server:
        service.port = server.sockets[0].getsockname()[1]
        await service.open(kinds, chance)
        try:
            yield service
        finally:
            await service.close()


def mixed(count: int) -> list[str]:
    """So many sorts, in the proportions of MIX."""
    fifty = [kind for kind, share in MIX.items() for _ in range(share)]
    return [fifty[place % len(fifty)] for place in range(count)]


# --- what is no WebSocket -----------------------------------------------------------------------------------------------


def _foreign_answer(kind: str, chance: Random, said: bytes) -> bytes:
    if kind == "http":
        body = document(chance, len(said)).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    if kind == "redis":
        return chance.choice([b"+OK\r\n", b":1\r\n", b"$5\r\nhello\r\n", b"*2\r\n$1\r\na\r\n$1\r\nb\r\n"])
    if kind == "tls":
        return _record(chance)
    return chance.randbytes(chance.randrange(1, 300))


def _record(chance: Random) -> bytes:
    body = chance.randbytes(chance.randrange(20, 300))
    return b"\x17\x03\x03" + len(body).to_bytes(2, "big") + body


def _foreign_word(kind: str, chance: Random) -> bytes:
    if kind == "http":
        return b"GET /%d HTTP/1.1\r\nHost: made.example\r\n\r\n" % chance.randrange(100)
    if kind == "redis":
        return b"*2\r\n$3\r\nGET\r\n$3\r\nk%02d\r\n" % chance.randrange(100)
    if kind == "tls":
        return _record(chance)
    return chance.randbytes(chance.randrange(1, 300))


@asynccontextmanager
async def foreign_traffic(connections: int) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """So many connections of each of the FOREIGN_PORTS' sorts; each call lets all of them speak once."""
    servers = []
    clients: list[tuple[str, Random, asyncio.StreamReader, asyncio.StreamWriter]] = []

    def answering(kind: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            chance = Random(kind)
            while said := await reader.read(65_536):
                writer.write(_foreign_answer(kind, chance, said))
            writer.close()

        return answer

    async def speak() -> None:
        for kind, chance, _, writer in clients:
            writer.write(_foreign_word(kind, chance))
        await asyncio.gather(*(reader.read(65_536) for _, _, reader, _ in clients))

    for kind, port in FOREIGN_PORTS.items():
        servers.append(await asyncio.start_server(answering(kind), "127.0.0.1", port))
        for number in range(connections):
            clients.append((kind, Random(f"{kind} {number}"), *await asyncio.open_connection("127.0.0.1", port)))
    try:
        yield speak
    finally:
        for *_, writer in clients:
            writer.close()
        await asyncio.sleep(0)
        for server in servers:
            server.close()
            await server.wait_closed()


# --- what was captured, and its truth -----------------------------------------------------------------------------------

Side = tuple[int, str]  # the client's port, and the direction
Said = tuple[int, bytes]  # opcode and payload


@dataclass
class Recording:
    """`batches` of all packets, `kinds` of the connections by the client's port."""

    batches: list[PacketBatch]
    kinds: dict[int, str]
    joined_at: int  # so many packets had come when half of the rounds were over, and those idle had still to speak

    def packets(self, start: int = 0) -> Iterator[PacketBatch]:
        """One by one, from the packet with this index on."""
        index = 0
        for batch in self.batches:
            for place in range(len(batch)):
                if index >= start:
                    yield batch.part(place, place + 1)
                index += 1


def record(count: int, rounds: int, seed: int, foreign: int = 2) -> Recording:
    """The whole life of `count` connections: opened, as many rounds of talk (those idle are silent for half), closed."""

    async def talk(source: LiveSource) -> tuple[dict[int, str], int]:
        chance = Random(seed)
        async with talking_service(mixed(count), chance, PORT) as service, foreign_traffic(foreign) as speak:
            for number in range(rounds):
                if number == rounds // 2:
                    joined_at = sum(len(batch) for batch in batches)
                await service.round(() if number >= rounds // 2 else ("idle",))
                await speak()
                batches.extend(_drained(source))
        return service.kinds, joined_at

    batches: list[PacketBatch] = []
    with LiveSource("lo", [PORT, *FOREIGN_PORTS.values()]) as source:
        kinds, joined_at = asyncio.run(talk(source))
        batches.extend(_drained(source))
    return Recording(batches, kinds, joined_at)


def _drained(source: LiveSource) -> Iterator[PacketBatch]:
    """What has come until now."""
    while True:
        batch = source._ring.take(0.1)  # the kernel gives out its last block after some milliseconds
        if batch is None:
            return
        yield batch


@dataclass
class Joined:
    """What a pipeline makes of a capture that begins in the middle, beside what it makes of the whole."""

    truth: dict[Side, list[Message]]
    found: dict[Side, list[Message]]
    recognised_at: dict[int, int]  # by the client's port: the packet at which the first record came
    summaries: dict[int, ConnectionSummary]
    first_packet: int
    foreign_found: list[Record]

    def wrong(self) -> list[Message]:
        """Messages said to be complete that are none of the sender's, in this order."""
        wrong = []
        for side, messages in self.found.items():
            said = {message.packet: [] for message in self.truth.get(side, [])}  # type: dict[int, list[Said]]
            for message in self.truth.get(side, []):
                said[message.packet].append((message.opcode, message.payload))
            for message in messages:
                if message.complete and (message.opcode, message.payload) not in said.get(message.packet, []):
                    wrong.append(message)
        return wrong

    def after(self, side: Side, packet: int = 0) -> list[Message]:
        """The sender's messages that lie whole in the part that was captured, up to this packet if one is given."""
        first = self.first_packet
        return [
            each for each in self.truth.get(side, []) if self._begins(each) >= first and (not packet or each.packet <= packet)
        ]

    def _begins(self, message: Message) -> int:
        return self.begins.get((message.half.connection, message.half.direction, message.started_ns), message.packet)

    begins: dict[tuple[str, str | None, int], int] = field(default_factory=dict)

    def needed(self, port: int) -> tuple[int, int]:
        """Messages of the client and of the server that had come when the connection was recognised."""
        at = self.recognised_at[port]
        return len(self.after((port, "client_to_server"), at)), len(self.after((port, "server_to_client"), at))


def port_of(half: Any) -> int:
    """The client's."""
    return int(half.client.rpartition(":")[2]) if half.client else 0


def messages_by_side(records: list[Record]) -> dict[Side, list[Message]]:
    found: dict[Side, list[Message]] = defaultdict(list)
    for record in records:
        if type(record) is ChannelMessage:
            message = record.message
            found[port_of(message.half), message.half.direction or ""].append(message)
    return found


def decode(recording: Recording) -> list[Record]:
    """What the whole capture says."""
    pipeline = Pipeline(folds=False, frames=False)
    records: list[Record] = []
    for batch in recording.batches:
        records += pipeline.receive(batch)
    return records + pipeline.finish()


def join(recording: Recording, start: int, whole: list[Record] | None = None) -> Joined:
    """What a capture says that begins with packet `start`."""
    whole = decode(recording) if whole is None else whole
    pipeline = Pipeline(LIVE_LIMITS, folds=False, frames=True)
    recognised_at: dict[int, int] = {}
    found: list[Record] = []
    number = 0
    for packet in recording.packets(start):
        number = packet.first_packet
        for each in pipeline.receive(packet):
            found.append(each)
            half = each.message.half if isinstance(each, ChannelMessage) else getattr(each, "half", None)
            if half is not None and half.client:
                recognised_at.setdefault(port_of(half), number)
    found += pipeline.finish()
    truth = messages_by_side(whole)
    foreign = [
        each
        for each in found
        if getattr(each, "half", None) is not None and port_of(each.half) not in recording.kinds  # type: ignore[attr-defined]
    ]
    summaries = {port_of(each.half): each for each in found if isinstance(each, ConnectionSummary)}
    first = next(iter(recording.packets(start))).first_packet
    starts = _starts(recording, truth)
    return Joined(truth, messages_by_side(found), recognised_at, summaries, first, foreign, starts)


def _starts(recording: Recording, truth: dict[Side, list[Message]]) -> dict[tuple[str, str | None, int], int]:
    """By connection, direction and the time of its first byte: the packet in which a message begins."""
    by_time: dict[int, int] = {}
    for batch in recording.batches:
        for place, time_ns in enumerate(batch.times_ns):
            by_time.setdefault(time_ns, batch.first_packet + place)
    return {
        (message.half.connection, message.half.direction, message.started_ns): by_time[message.started_ns]
        for messages in truth.values()
        for message in messages
    }


def told(joined: Joined, recording: Recording) -> dict[str, dict[str, object]]:
    """By sort: connections, how many were recognised, after how many messages, and what became of the messages."""
    table: dict[str, dict[str, object]] = {}
    for kind in MIX:
        ports = [port for port, of_kind in recording.kinds.items() if of_kind == kind]
        needed = Counter(min(joined.needed(port)) for port in ports if port in joined.recognised_at)
        most = Counter(max(joined.needed(port)) for port in ports if port in joined.recognised_at)
        sides = [(port, direction) for port in ports for direction in ("client_to_server", "server_to_client")]
        at_hand = sum(len(joined.after(side)) for side in sides)
        decoded = sum(message.complete for side in sides for message in joined.found.get(side, []))
        counted = sum(len(joined.found.get(side, [])) for side in sides)
        table[kind] = {
            "connections": len(ports),
            "recognised": sum(port in joined.recognised_at for port in ports),
            "least": dict(sorted(needed.items())),
            "most": dict(sorted(most.items())),
            "at hand": at_hand,
            "counted": counted,
            "decoded": decoded,
        }
    return table
