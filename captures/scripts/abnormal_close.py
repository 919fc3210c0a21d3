"""Ends of every kind: a killed server, resets, vanished clients, close codes of either side, refused and unanswered upgrades.

Two servers: one that lives on (`PORT`), and one that is killed while three clients talk to it (`KILLED_PORT`).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import websockets
from logged_websockets import LoggedClient, LoggedServer, log_as, run_server
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

PORT = 8099
KILLED_PORT = 8100
CODES = {1001: "going away", 1008: "policy", 1011: "", 3000: "unauthorised", 4001: "session expired"}
REFUSALS = {"/forbidden": HTTPStatus.FORBIDDEN, "/missing": HTTPStatus.NOT_FOUND, "/old": HTTPStatus.UPGRADE_REQUIRED}


def reset(connection: LoggedClient | LoggedServer) -> None:
    """Ends the connection with a RST: no lingering, nothing sent any more."""
    connection.tcp = "reset"
    raw = connection.transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.transport.abort()


def vanish(connection: LoggedClient | LoggedServer) -> None:
    """Ends the TCP connection alone, without a close frame."""
    connection.tcp = "fin"
    connection.transport.abort()


async def serve_connection(connection: ServerConnection) -> None:
    """The path says how it will end."""
    assert isinstance(connection, LoggedServer)
    assert connection.request is not None
    words = connection.request.path.strip("/").split("/")
    try:
        async for text in connection:
            question = json.loads(text)
            await connection.send(json.dumps({"answer": question["question"] ** 2, "via": {"path": words, "pid": None}}))
            if question["question"] == 3:
                match words:
                    case ["server-closes", code]:
                        await connection.close(int(code), CODES[int(code)])
                    case ["server-resets"]:
                        await asyncio.sleep(0.05)
                        reset(connection)
                    case ["server-vanishes"]:
                        await asyncio.sleep(0.05)
                        vanish(connection)
    except websockets.ConnectionClosed:
        pass


async def answer_upgrade(connection: ServerConnection, request: Request) -> Response | None:
    path = request.path.partition("?")[0]
    if path == "/never":
        await asyncio.sleep(3)
    if path in REFUSALS:
        response = connection.respond(REFUSALS[path], f"{REFUSALS[path].phrase}\n")
        if REFUSALS[path] is HTTPStatus.UPGRADE_REQUIRED:
            response.headers["Upgrade"] = "websocket"
        return response
    return None


async def server(stop: asyncio.Future[None]) -> None:
    port = int(sys.argv[2]) if len(sys.argv) > 2 else PORT
    options: dict[str, Any] = {"create_connection": LoggedServer, "process_request": answer_upgrade, "ping_interval": None}
    async with serve(serve_connection, "127.0.0.1", port, **options):
        print("ready")
        await stop


async def ask(connection: ClientConnection, number: int) -> None:
    await connection.send(json.dumps({"question": number, "of": "squares"}))
    await connection.recv()


async def visit(
    path: str,
    port: int = PORT,
    *,
    open_timeout: float = 10,
    pause: float = 0.0,
    code: int | None = None,
    end: Callable[[LoggedClient], None] | None = None,
) -> None:
    """Three questions; then the client closes with `code`, or does what `end` says, or the server does something."""
    try:
        options: dict[str, Any] = {"create_connection": LoggedClient, "ping_interval": None, "proxy": None}
        connection = await connect(f"ws://127.0.0.1:{port}{path}", open_timeout=open_timeout, **options)
    except (websockets.InvalidStatus, TimeoutError):
        return
    assert isinstance(connection, LoggedClient)
    try:
        for number in (1, 2, 3):
            await ask(connection, number)
            await asyncio.sleep(pause)
        if end is not None:
            await asyncio.sleep(0.05)
            end(connection)
        if code is not None:
            await connection.close(code, CODES[code])
        await connection.recv()
    except websockets.ConnectionClosed:
        pass


async def clients() -> None:
    """One end after the other, then those of the server that is killed."""
    for code in CODES:
        await visit(f"/server-closes/{code}")
        await visit(f"/client-closes/{code}", code=code)
    await visit("/server-resets")
    await visit("/server-vanishes")
    await visit("/client-vanishes", end=vanish)
    await visit("/client-resets", end=reset)
    for path in REFUSALS:
        await visit(f"{path}?page=2")
    await visit("/never", open_timeout=0.5)
    await killed()


async def killed() -> None:
    """Clients of a server that is killed in the middle of it all."""
    victim = await asyncio.to_thread(
        subprocess.Popen,
        [sys.executable, __file__, "server", str(KILLED_PORT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "APPLICATION_LOG": os.devnull},
    )
    assert victim.stdout is not None
    await asyncio.to_thread(victim.stdout.readline)
    visits = [asyncio.create_task(visit(f"/killed/{number}", KILLED_PORT, pause=0.3)) for number in range(3)]
    await asyncio.sleep(0.8)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    await asyncio.gather(*visits)


if __name__ == "__main__":
    if sys.argv[1] == "server":
        log_as("server")
        run_server(server)
    else:
        log_as("client")
        asyncio.run(clients())
