"""Long-lived connections of a job queue, captured into a new file every three seconds; they run on from file to file.

Workers take jobs, report progress, and deliver results that are larger than a packet, with and without deflate.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from typing import Any

import websockets
from logged_websockets import LoggedClient, LoggedServer, log_as, run_server
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

PORT = 8102
LENGTH = 8.0  # seconds


async def serve_connection(connection: ServerConnection) -> None:
    """Gives out jobs, takes back results."""
    chance = random.Random(8)
    number = 0
    try:
        async for text in connection:
            told = json.loads(text)
            if told["event"] == "idle":
                number += 1
                job = {
                    "event": "job",
                    "id": f"j{number:04d}",
                    "task": chance.choice(["resize", "index", "mail"]),
                    "arguments": {
                        "files": [f"f{chance.randrange(999)}" for _ in range(chance.randrange(1, 6))],
                        "force": False,
                    },
                }
                await connection.send(json.dumps(job))
            elif told["event"] == "result":
                await connection.send(json.dumps({"event": "thanks", "id": told["id"], "rows": len(told["rows"])}))
    except websockets.ConnectionClosed:
        pass


async def server(stop: asyncio.Future[None]) -> None:
    async with serve(serve_connection, "127.0.0.1", PORT, create_connection=LoggedServer, ping_interval=None):
        print("ready")
        await stop


async def worker(number: int) -> None:
    """Works until the shift ends."""
    chance = random.Random(number)
    await asyncio.sleep(0.4 * number)
    options: dict[str, Any] = {"create_connection": LoggedClient, "ping_interval": None, "proxy": None}
    uri = f"ws://127.0.0.1:{PORT}/queues/{'images' if number % 2 else 'texts'}"
    end = asyncio.get_running_loop().time() + LENGTH
    async with connect(uri, compression="deflate" if number % 2 else None, **options) as connection:
        while asyncio.get_running_loop().time() < end:
            await connection.send(json.dumps({"event": "idle", "worker": {"id": number, "load": round(chance.random(), 3)}}))
            job = json.loads(await connection.recv())
            for percent in (0, 50):
                await asyncio.sleep(chance.uniform(0.05, 0.2))
                await connection.send(json.dumps({"event": "progress", "id": job["id"], "percent": percent}))
            rows = [
                {"file": name, "score": chance.random(), "words": chance.randrange(9000)}
                for name in job["arguments"]["files"] * 9
            ]
            await connection.send(json.dumps({"event": "result", "id": job["id"], "rows": rows, "error": None}))
            await connection.recv()


async def workers() -> None:
    await asyncio.gather(*(worker(number) for number in range(3)))


if __name__ == "__main__":
    if sys.argv[1] == "server":
        log_as("server")
        run_server(server)
    else:
        log_as("client")
        asyncio.run(workers())
