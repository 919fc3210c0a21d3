"""A small trading floor on one server: market data, orders, chat rooms, notifications and sensors, for about 25 seconds.

Eighteen clients from addresses of their own. Content comes from seeded random numbers, only the timing is the machine's.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from http import HTTPStatus
from typing import Any

import msgspec
import websockets
from demo_market import PRICES, Market
from logged_websockets import LoggedClient, LoggedServer, log_as, run_server
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

SERVER = ("10.20.0.10", 8080)
LENGTH = 25.0  # seconds
PEOPLE = ["ana", "bilal", "chen", "dunja", "emeka", "farah", "goran", "hana", "ines", "jonas"]
TALK = [
    "morning everyone",
    "did you see the spread on CIRO?",
    "rebalancing at 14:00, please keep the book quiet",
    "sent you the numbers",
    "ok, thanks",
    "latency on the second gateway is up again",
    "who owns the BRIO order from yesterday? It is still open and nobody answered in the other room",
    "on it",
    "lunch?",
]
NOTIFICATIONS: list[dict[str, Any]] = [
    {"event": "price_alert", "data": {"symbol": "ALFA", "above": 188.0, "repeat": False}},
    {
        "event": "margin",
        "data": {"account": "A-1031", "used": 0.71, "limit": 0.8, "positions": [{"symbol": "ECHO", "share": 0.4}]},
    },
    {"event": "news", "data": {"id": 7712, "title": "CIRO raises its outlook", "tags": ["earnings", "energy"], "url": None}},
    {"event": "maintenance", "data": {"from": "2026-11-28T02:00:00Z", "to": "2026-11-28T02:30:00Z", "services": ["orders"]}},
]


def dumps(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


# --- the server -------------------------------------------------------------------------------------------------------


class Floor:
    """What the server knows: the market, and who is in which room."""

    def __init__(self) -> None:
        self.market = Market()
        self.rooms: dict[str, dict[ServerConnection, str]] = {}

    async def serve_connection(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        path = connection.request.path.partition("?")[0]
        try:
            if path == "/stream":
                await self.stream(connection)
            elif path == "/notifications":
                await self.notifications(connection)
            elif path.startswith("/rooms/"):
                await self.room(connection, path)
            else:
                await self.telemetry(connection)
        except websockets.ConnectionClosed:
            pass

    async def stream(self, connection: ServerConnection) -> None:
        await connection.send(dumps({"type": "welcome", "version": "2.3", "limits": {"symbols": 4, "orders_per_second": 10}}))
        feeds: list[asyncio.Task[None]] = []
        try:
            async for text in connection:
                request = json.loads(text)
                match request["type"]:
                    case "subscribe":
                        symbols = request["symbols"]
                        if len(symbols) > 4:
                            await connection.close(1008, "too many symbols")
                            return
                        await connection.send(
                            dumps({"type": "subscribed", "id": request["id"], "channels": request["channels"]})
                        )
                        feeds += [asyncio.create_task(self.feed(connection, name, symbols)) for name in request["channels"]]
                    case "order":
                        await self.order(connection, request)
                    case "cancel":
                        await connection.send(dumps({"type": "order_status", "id": request["id"], "status": "cancelled"}))
                    case "session":
                        await asyncio.sleep(request["seconds"])
                        await connection.close(4001, "session expired")
                        return
        finally:
            for task in feeds:
                task.cancel()

    async def feed(self, connection: ServerConnection, name: str, symbols: list[str]) -> None:
        chance = self.market.random
        pause = {"quotes": 0.2, "trades": 0.36, "orderbook": 0.65}[name]
        try:
            while True:
                await asyncio.sleep(chance.expovariate(1 / pause))
                symbol = chance.choice(symbols)
                match name:
                    case "quotes":
                        message = self.market.quote(symbol)
                    case "trades":
                        message = self.market.trade(symbol)
                    case _:
                        message = self.market.orderbook(symbol, chance.choice([5, 5, 10]))
                await connection.send(dumps(message))
        except websockets.ConnectionClosed:
            pass

    async def order(self, connection: ServerConnection, request: dict[str, Any]) -> None:
        order = request["order"]
        await asyncio.sleep(self.market.random.uniform(0.002, 0.03))
        if order["quantity"] > 500:
            error = {"code": "QUANTITY", "message": "quantity above 500", "field": "order.quantity"}
            await connection.send(dumps({"type": "order_status", "id": request["id"], "status": "rejected", "error": error}))
            return
        await connection.send(dumps({"type": "order_status", "id": request["id"], "status": "accepted"}))
        await asyncio.sleep(self.market.random.uniform(0.05, 0.4))
        price, rest = self.market.price(order["symbol"]), order["quantity"]
        fills = []
        while rest:
            part = min(rest, self.market.random.choice([10, 50, 100]))
            fills.append({"price": price, "quantity": part, "liquidity": self.market.random.choice(["maker", "taker"])})
            rest -= part
        filled = {
            "type": "order_status",
            "id": request["id"],
            "status": "filled",
            "fills": fills,
            "fee": round(0.002 * price, 4),
        }
        await connection.send(dumps(filled))

    async def room(self, connection: ServerConnection, path: str) -> None:
        members = self.rooms.setdefault(path, {})
        try:
            async for text in connection:
                message = json.loads(text)
                if message["type"] == "join":
                    members[connection] = message["user"]["name"]
                    await connection.send(dumps({"type": "history", "messages": [], "members": sorted(members.values())}))
                    answer: dict[str, Any] = {"type": "presence", "user": message["user"], "online": len(members)}
                elif message["type"] == "message":
                    number = self.market.number()
                    await connection.send(dumps({"type": "ack", "ref": message["ref"], "id": number}))
                    answer = {"type": "message", "id": number, "from": members[connection], "text": message["text"]}
                    if "reply_to" in message:
                        answer["reply_to"] = message["reply_to"]
                else:
                    answer = {**message, "user": members[connection]}
                for other in [member for member in members if member is not connection]:
                    await other.send(dumps(answer))
        finally:
            members.pop(connection, None)

    async def notifications(self, connection: ServerConnection) -> None:
        chance = random.Random(3)
        try:
            async with asyncio.timeout(LENGTH - 3):
                while True:
                    await asyncio.sleep(chance.expovariate(1 / 1.4))
                    note = chance.choice(NOTIFICATIONS)
                    await connection.send(
                        dumps({"id": f"n-{self.market.number()}", "priority": chance.choice([1, 1, 2, 3]), **note})
                    )
                    if chance.random() < 0.5:
                        await connection.recv()  # marked as read
        except TimeoutError:
            await connection.close(1001, "restarting")

    async def telemetry(self, connection: ServerConnection) -> None:
        count = 0
        async for packed in connection:
            count += 1
            assert isinstance(packed, bytes)
            reading = msgspec.msgpack.decode(packed)
            if count % 10 == 0:
                await connection.send(msgspec.msgpack.encode({"kind": "stored", "upto": reading["n"], "count": count}))


def answer_upgrade(connection: ServerConnection, request: Request) -> Response | None:
    path = request.path.partition("?")[0]
    if path == "/admin":
        return connection.respond(HTTPStatus.FORBIDDEN, "administrators only\n")
    if path not in ("/stream", "/notifications") and not path.startswith(("/rooms/", "/devices/")):
        return connection.respond(HTTPStatus.NOT_FOUND, "no such channel\n")
    return None


async def server(stop: asyncio.Future[None]) -> None:
    floor = Floor()
    options: dict[str, Any] = {"create_connection": LoggedServer, "process_request": answer_upgrade, "ping_interval": None}
    async with serve(floor.serve_connection, *SERVER, **options):
        print("ready")
        await stop


# --- the clients ------------------------------------------------------------------------------------------------------


class Client:
    """One client with an address of its own."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.random = random.Random(number)

    def connect(self, path: str, **options: Any) -> connect:
        address = (f"10.20.0.{100 + self.number}", 0)
        uri = f"ws://{SERVER[0]}:{SERVER[1]}{path}"
        return connect(uri, create_connection=LoggedClient, local_addr=address, ping_interval=None, proxy=None, **options)

    async def pause(self, mean: float) -> None:
        await asyncio.sleep(self.random.expovariate(1 / mean))

    async def stream(self, start: float, length: float, channels: list[str], count: int, orders: bool) -> None:
        """Follow the market, with or without orders, and leave."""
        await asyncio.sleep(start)
        symbols = self.random.sample(sorted(PRICES), count)
        async with self.connect("/stream?format=json") as connection:
            subscribe = {"type": "subscribe", "id": 1, "channels": channels, "symbols": symbols, "snapshot": True}
            await connection.send(dumps(subscribe))
            reader = asyncio.create_task(self.read(connection))
            try:
                async with asyncio.timeout(length):
                    await (self.trade(connection, symbols) if orders else asyncio.shield(reader))
            except (TimeoutError, websockets.ConnectionClosed):
                pass
            await connection.close()
            await reader

    async def trade(self, connection: ClientConnection, symbols: list[str]) -> None:
        number = 0
        while True:
            await self.pause(1.1)
            number += 1
            kind = self.random.choice(["limit", "market"])
            order: dict[str, Any] = {
                "symbol": self.random.choice(symbols),
                "side": self.random.choice(["buy", "sell"]),
                "quantity": self.random.choice([10, 20, 50, 150, 600]),
                "kind": kind,
            }
            if kind == "limit":
                order["price"] = PRICES[order["symbol"]]
                order["expires"] = {"mode": "day", "at": None}
            await connection.send(dumps({"type": "order", "id": f"c{self.number}-{number}", "order": order, "dry_run": False}))
            if self.random.random() < 0.15:
                await connection.send(dumps({"type": "cancel", "id": f"c{self.number}-{number}"}))
            if self.random.random() < 0.1:
                await connection.ping(f"beat {number}")

    async def read(self, connection: ClientConnection) -> None:
        """Until the connection is closed, whoever closes it and how."""
        try:
            async for _ in connection:
                pass
        except websockets.ConnectionClosedError:
            pass

    async def session(self, start: float, seconds: float) -> None:
        """A session that the server ends."""
        await asyncio.sleep(start)
        async with self.connect("/stream?format=json") as connection:
            await connection.send(dumps({"type": "subscribe", "id": 1, "channels": ["trades"], "symbols": ["ECHO", "FYRA"]}))
            await connection.send(dumps({"type": "session", "id": 2, "seconds": seconds}))
            await self.read(connection)

    async def greedy(self, start: float) -> None:
        """Asks for more than it may."""
        await asyncio.sleep(start)
        async with self.connect("/stream") as connection:
            await connection.send(dumps({"type": "subscribe", "id": 1, "channels": ["quotes"], "symbols": sorted(PRICES)}))
            await self.read(connection)

    async def chat(self, start: float, length: float, room: int) -> None:
        await asyncio.sleep(start)
        name = PEOPLE[self.number % len(PEOPLE)]
        async with self.connect(f"/rooms/{room}", compression="deflate" if self.number % 3 else None) as connection:
            await connection.send(
                dumps({"type": "join", "user": {"id": 4000 + self.number, "name": name, "roles": ["trader"]}})
            )
            reader = asyncio.create_task(self.read(connection))
            try:
                async with asyncio.timeout(length):
                    await self.talk(connection)
            except TimeoutError:
                pass
            await connection.close(1000, "bye")
            await reader

    async def talk(self, connection: ClientConnection) -> None:
        number = 0
        while True:
            await self.pause(0.9)
            await connection.send(dumps({"type": "typing", "active": True}))
            await self.pause(0.8)
            number += 1
            message: dict[str, Any] = {"type": "message", "ref": number, "text": self.random.choice(TALK)}
            if self.random.random() < 0.3:
                message["reply_to"] = {"id": self.random.randrange(1, 400), "quote": self.random.choice(TALK)[:12]}
            await connection.send(dumps(message))

    async def notifications(self, start: float) -> None:
        await asyncio.sleep(start)
        async with self.connect("/notifications?user=emeka") as connection:
            async for text in connection:
                await connection.send(dumps({"read": json.loads(text)["id"]}))

    async def telemetry(self, start: float, length: float, device: int) -> None:
        """A sensor that sends MessagePack, and vanishes without a word."""
        await asyncio.sleep(start)
        connection = await self.connect(f"/devices/{device}/telemetry", compression=None)
        reader = asyncio.create_task(self.read(connection))
        for number in range(int(length / 0.25)):
            reading: dict[str, Any] = {"kind": "reading", "n": number, "celsius": round(self.random.gauss(21, 0.4), 2)}
            if number % 8 == 0:
                reading["battery"] = {"volts": round(3.3 - number / 500, 3), "charging": False}
            await connection.send(msgspec.msgpack.encode(reading))
            await asyncio.sleep(0.25)
        await asyncio.sleep(0.2)
        connection.transport.abort()
        await reader

    async def refused(self, start: float, path: str) -> None:
        await asyncio.sleep(start)
        try:
            async with self.connect(path):
                raise RuntimeError(f"{path} was not refused")
        except websockets.InvalidStatus:
            pass


async def clients() -> None:
    every = ["quotes", "trades", "orderbook"]
    await asyncio.gather(
        Client(1).stream(0.0, 24.5, every, 4, True),
        Client(2).stream(0.3, 23.0, every, 3, True),
        Client(3).stream(1.1, 19.0, ["quotes", "trades"], 4, True),
        Client(4).stream(2.0, 20.0, ["quotes"], 2, False),
        Client(5).stream(4.0, 9.0, ["orderbook"], 1, False),
        Client(5).stream(14.0, 9.0, ["orderbook", "trades"], 1, False),
        Client(6).session(3.0, 11.0),
        Client(7).greedy(6.5),
        Client(8).chat(0.5, 23.0, 17),
        Client(9).chat(0.9, 22.0, 17),
        Client(10).chat(2.5, 15.0, 17),
        Client(11).chat(1.5, 21.0, 23),
        Client(12).chat(2.2, 18.0, 23),
        Client(13).notifications(0.4),
        Client(14).telemetry(1.0, 20.0, 301),
        Client(15).telemetry(5.0, 12.0, 302),
        Client(16).refused(7.0, "/admin?tab=users"),
        Client(17).refused(9.0, "/v1/stream"),
        Client(18).stream(10.0, 12.0, ["quotes", "trades"], 2, False),
    )


if __name__ == "__main__":
    if sys.argv[1] == "server":
        log_as("server")
        run_server(server)
    else:
        log_as("client")
        asyncio.run(clients())
