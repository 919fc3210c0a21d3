"""Chat rooms on the Python library `websockets`: JSON of several kinds, presence, history, pings, a clean close each.

The server and the clients keep permessage-deflate as the library offers it; one client does without.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from typing import Any

import websockets
from logged_websockets import LoggedClient, LoggedServer, log_as, run_server
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

PORT = 8094
PEOPLE = {"mara": 17, "nils": 17, "olga": 17, "piet": 23, "quinn": 23, "rosa": 5}
SENTENCES = [
    "good morning",
    "has anybody got the key to the workshop?",
    "it is in the blue box, second shelf",
    "naïve question: do we need a façade for this? 🙂",
    "こんにちは",
    "the meeting moves to three o'clock, please tell the others, and bring the drawings of the new shed if you have them",
    "ok",
]


class Rooms:
    """The server's state: who is in which room, what was said last, and the next number of a message."""

    def __init__(self) -> None:
        self.members: dict[str, dict[ServerConnection, str]] = {}
        self.history: dict[str, list[dict[str, Any]]] = {}
        self.numbers = 100

    async def serve_connection(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        room = connection.request.path.partition("?")[0]
        members = self.members.setdefault(room, {})
        history = self.history.setdefault(room, [])
        try:
            async for text in connection:
                await self.answer(connection, json.loads(text), members, history)
        finally:
            name = members.pop(connection, None)
            await self.tell(members, {"type": "presence", "user": name, "state": "left", "online": len(members)})

    async def answer(
        self,
        connection: ServerConnection,
        message: dict[str, Any],
        members: dict[ServerConnection, str],
        history: list[dict[str, Any]],
    ) -> None:
        match message["type"]:
            case "join":
                members[connection] = message["user"]
                await connection.send(
                    json.dumps({"type": "history", "messages": history[-5:], "online": sorted(members.values())})
                )
                await self.tell(
                    members, {"type": "presence", "user": message["user"], "state": "joined", "online": len(members)}
                )
            case "message":
                self.numbers += 1
                said = {"id": self.numbers, "from": members[connection], "text": message["text"]}
                if "attachment" in message:
                    said["attachment"] = message["attachment"]
                history.append(said)
                await connection.send(json.dumps({"type": "ack", "ref": message["ref"], "id": self.numbers}))
                await self.tell(members, {"type": "message", **said})
            case "typing":
                await self.tell(members, {"type": "typing", "user": members[connection]}, but=connection)
            case other:
                await connection.send(json.dumps({"type": "error", "code": "unknown_type", "detail": {"type": other}}))

    async def tell(
        self, members: dict[ServerConnection, str], message: dict[str, Any], but: ServerConnection | None = None
    ) -> None:
        """To everybody in the room but one."""
        text = json.dumps(message, ensure_ascii=False)
        for member in [member for member in members if member is not but]:
            try:
                await member.send(text)
            except websockets.ConnectionClosed:
                pass


async def server(stop: asyncio.Future[None]) -> None:
    rooms = Rooms()
    async with serve(rooms.serve_connection, "127.0.0.1", PORT, create_connection=LoggedServer, ping_interval=None):
        print("ready")
        await stop


async def person(number: int, name: str, room: int) -> None:
    """Joins, talks, leaves."""
    chance = random.Random(number)
    await asyncio.sleep(0.15 * number)
    uri = f"ws://127.0.0.1:{PORT}/rooms/{room}?lang={'en' if number % 2 else 'de'}"
    compression = None if number == 2 else "deflate"
    options: dict[str, Any] = {"create_connection": LoggedClient, "ping_interval": None, "proxy": None}
    async with connect(uri, compression=compression, **options) as connection:
        listening = asyncio.create_task(listen(connection))
        await connection.send(
            json.dumps({"type": "join", "user": name, "client": {"app": "chat-cli", "version": [1, 4, number]}})
        )
        for turn in range(8):
            await asyncio.sleep(chance.uniform(0.02, 0.2))
            await connection.send(json.dumps({"type": "typing"}))
            await asyncio.sleep(chance.uniform(0.02, 0.3))
            message: dict[str, Any] = {"type": "message", "ref": f"{name}-{turn}", "text": chance.choice(SENTENCES)}
            if chance.random() < 0.2:
                message["attachment"] = {"name": "plan.pdf", "bytes": chance.randrange(10_000, 900_000), "pages": [1, 2, 5]}
            await connection.send(json.dumps(message, ensure_ascii=chance.random() < 0.5))
            if turn % 3 == 2:
                answered = await connection.ping(f"{name} {turn}")
                await answered
        if number == 4:
            await connection.send(json.dumps({"type": "poke", "whom": "rosa"}))
        await asyncio.sleep(0.2)
        await connection.close(1000, f"{name} leaves")
        await listening


async def listen(connection: ClientConnection) -> None:
    async for _ in connection:
        pass


async def clients() -> None:
    await asyncio.gather(*(person(number, name, room) for number, (name, room) in enumerate(PEOPLE.items())))


if __name__ == "__main__":
    if sys.argv[1] == "server":
        log_as("server")
        run_server(server)
    else:
        log_as("client")
        asyncio.run(clients())
