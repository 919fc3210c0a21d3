"""Auctions that were already running when the capture started: no handshake of theirs is in it.

One connection is plain, one is compressed with context takeover (nobody who came late can inflate it from its first
message on), one without, one has nothing left but its closing handshake, and one opens when the capture is running.
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
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

PORT = 8101


def bid(chance: random.Random, lot: str, number: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        "kind": "bid",
        "lot": lot,
        "number": number,
        "amount": round(chance.uniform(10, 900), 2),
        "bidder": {"id": 17},
    }
    if chance.random() < 0.3:
        made["limit"] = {"amount": 1000, "until": chance.choice([None, "18:00"])}
    return made


async def serve_connection(connection: ServerConnection) -> None:
    """Each bid is answered, and told again as news."""
    try:
        async for text in connection:
            told = json.loads(text)
            await connection.send(json.dumps({"kind": "accepted", "number": told["number"], "leading": told["amount"] > 400}))
            await connection.send(
                json.dumps({"kind": "news", "lot": told["lot"], "high": [told["amount"], told["amount"] - 5]})
            )
            if told["number"] % 5 == 0:
                await connection.send(bytes(range(told["number"] % 200)))
    except websockets.ConnectionClosed:
        pass


async def server(stop: asyncio.Future[None]) -> None:
    options: dict[str, Any] = {"create_connection": LoggedServer, "ping_interval": None}
    deflate = [ServerPerMessageDeflateFactory()]
    async with serve(serve_connection, "127.0.0.1", PORT, compression=None, extensions=deflate, **options):
        print("ready")
        await stop


async def talk(connection: ClientConnection, lot: str, first: int, count: int) -> None:
    """Bids, one after the other, each with its answers."""
    chance = random.Random(f"{lot} {first}")
    for number in range(first, first + count):
        await connection.send(json.dumps(bid(chance, lot, number)))
        for _ in range(3 if number % 5 == 0 else 2):
            await connection.recv()
        await asyncio.sleep(chance.uniform(0.005, 0.04))


def open_connection(lot: str) -> connect:
    extensions = {
        "takeover": [ClientPerMessageDeflateFactory(client_max_window_bits=True)],
        "no-takeover": [ClientPerMessageDeflateFactory(server_no_context_takeover=True, client_no_context_takeover=True)],
    }.get(lot)
    options: dict[str, Any] = {"create_connection": LoggedClient, "ping_interval": None, "proxy": None, "compression": None}
    return connect(f"ws://127.0.0.1:{PORT}/auctions/{lot}", extensions=extensions, **options)


async def clients() -> None:
    log = log_as("client")
    lots = ["plain", "takeover", "no-takeover", "quiet"]
    connections = {lot: await open_connection(lot) for lot in lots}
    await asyncio.gather(*(talk(connection, lot, 1, 12) for lot, connection in connections.items()))
    await asyncio.sleep(0.3)  # nothing is on its way any more
    print("capture")
    await asyncio.to_thread(sys.stdin.readline)
    log.capture_started()
    await asyncio.sleep(0.2)
    late = await open_connection("late")
    talking = {lot: connection for lot, connection in {**connections, "late": late}.items() if lot != "quiet"}
    await asyncio.gather(*(talk(connection, lot, 20, 25) for lot, connection in talking.items()))
    for connection in (*connections.values(), late):
        await connection.close(1000, "hammer fell")


if __name__ == "__main__":
    if sys.argv[1] == "server":
        log_as("server")
        run_server(server)
    else:
        asyncio.run(clients())
