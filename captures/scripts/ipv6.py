"""Weather stations report to aiohttp over IPv6, between two network namespaces; stations and server both speak first.

One station sends its readings as CBOR, one without compression, one leaves for 1001, one is sent away with 1008.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from typing import Any

import aiohttp
import cbor2
from aiohttp import WSMsgType, web
from logged_aiohttp import LoggedClient, LoggedServer, log_as
from logged_websockets import run_server

ADDRESS = "fd00:8095::1"
PORT = 8095


async def station_endpoint(request: web.Request) -> web.StreamResponse:
    connection = LoggedServer(compress=request.match_info["station"] != "north", heartbeat=None)
    await connection.opened(request)
    await connection.send_str(
        json.dumps({"op": "config", "interval_ms": 60, "units": {"temperature": "celsius", "wind": "m/s"}})
    )
    async for message in connection:
        if message.type is WSMsgType.BINARY:
            reading = cbor2.loads(message.data)
            await connection.send_bytes(cbor2.dumps({"op": "stored", "n": reading["n"]}))
            continue
        reading = json.loads(message.data)
        if reading["op"] == "hello":
            await connection.send_str(json.dumps({"op": "welcome", "station": reading["station"], "stored": None}))
        elif reading["wind"]["speed"] > 50:
            await connection.close(code=1008, message=b"impossible wind")
        elif reading["n"] % 4 == 0:
            warnings = [{"kind": "frost", "until": "06:00"}] if reading["temperature"] < 3 else []
            await connection.send_str(json.dumps({"op": "stored", "n": reading["n"], "warnings": warnings}))
    return connection


async def server(stop: asyncio.Future[None]) -> None:
    application = web.Application()
    application.router.add_get("/stations/{station}/readings", station_endpoint)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, ADDRESS, PORT).start()
    print("ready")
    await stop
    await runner.cleanup()


def reading(chance: random.Random, number: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        "op": "reading",
        "n": number,
        "temperature": round(chance.gauss(4, 3), 1),
        "wind": {"speed": round(chance.uniform(0, 14), 1), "direction": chance.choice(["N", "NE", "SW", None])},
    }
    if chance.random() < 0.4:
        made["rain"] = [round(chance.uniform(0, 2), 2) for _ in range(chance.randrange(1, 5))]
    return made


async def listen(connection: LoggedClient) -> None:
    async for _ in connection:
        pass


async def station(session: aiohttp.ClientSession, name: str, count: int) -> None:
    """Says hello, reports, and leaves in the way of its own."""
    chance = random.Random(name)
    path = f"/stations/{name}/readings"
    async with session.ws_connect(f"http://[{ADDRESS}]:{PORT}{path}", compress=15 if name != "east" else 0) as connection:
        assert isinstance(connection, LoggedClient)
        connection.opened(path)
        listening = asyncio.create_task(listen(connection))
        await connection.send_str(json.dumps({"op": "hello", "station": name, "firmware": {"major": 2, "minor": 11}}))
        for number in range(count):
            made = reading(chance, number)
            if name == "west" and number == count - 1:
                made["wind"]["speed"] = 71.0
            if name == "south":
                await connection.send_bytes(cbor2.dumps(made))
            else:
                await connection.send_str(json.dumps(made))
            if number == 5:
                await connection.ping(b"five")
            await asyncio.sleep(chance.uniform(0.01, 0.09))
        if name != "west":
            await connection.close(code=1001 if name == "east" else 1000, message=b"moving away" if name == "east" else b"")
        await listening


async def stations() -> None:
    async with aiohttp.ClientSession(ws_response_class=LoggedClient) as session:
        await asyncio.gather(*(station(session, name, 30) for name in ("north", "east", "south", "west")))


if __name__ == "__main__":
    if sys.argv[1] == "server":
        log_as("server")
        run_server(server)
    else:
        log_as("client")
        asyncio.run(stations())
