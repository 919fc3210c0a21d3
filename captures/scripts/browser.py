"""A departure board in Chromium: the page connects, is sent away for a restart, connects again, and is left by its reader.

The page (browser.html) logs for the client. It cannot know its port, so the server tells which connection was which.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from aiohttp import web
from application_log import ApplicationLog
from logged_aiohttp import LoggedServer, log_as
from logged_websockets import run_server

PORT = 8098
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CONNECTIONS: dict[str, tuple[str, str]] = {}  # attempt: client and server


async def page(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(Path(__file__).with_suffix(".html"))


async def connections(request: web.Request) -> web.StreamResponse:
    return web.json_response(CONNECTIONS)


async def live(request: web.Request) -> web.StreamResponse:
    """Departures and map tiles; the first visitor is sent away after a while."""
    attempt = request.query["attempt"]
    connection = LoggedServer(protocols=("board.v1", "board.v2"), compress=True)
    await connection.opened(request)
    CONNECTIONS[attempt] = connection.names
    chance = random.Random(attempt)
    reader = asyncio.create_task(read(connection))
    for number in range(18 if attempt == "1" else 25):
        await asyncio.sleep(chance.uniform(0.02, 0.15))
        if number % 9 == 4:
            await connection.send_bytes(bytes(chance.randrange(256) for _ in range(700)))
            continue
        departure: dict[str, Any] = {
            "evt": "departure",
            "trip": f"{chance.choice('ABC')}{chance.randrange(100, 999)}",
            "line": {"name": chance.choice(["1", "14", "N3"]), "kind": chance.choice(["tram", "bus"])},
            "delay": chance.choice([0, 0, 1, 3, 7]),
            "platform": chance.choice(["a", "b", None]),
        }
        if number % 6 == 5:
            departure = {"evt": "notice", "severity": chance.choice(["info", "warn"]), "text": "lift at Harbour out of service"}
        await connection.send_str(json.dumps(departure))
    if attempt == "1":
        await connection.close(code=1012, message=b"service restart")
    await reader
    return connection


async def read(connection: LoggedServer) -> None:
    async for _ in connection:
        pass


async def server(stop: asyncio.Future[None]) -> None:
    application = web.Application()
    application.router.add_get("/", page)
    application.router.add_get("/live", live)
    application.router.add_get("/connections", connections)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", PORT).start()
    print("ready")
    await stop
    await runner.cleanup()


def client() -> None:
    """Read the board in a browser with a fresh profile, leave it, and write down what the page logged."""
    from playwright.sync_api import sync_playwright

    log = ApplicationLog("client")
    about = subprocess.run([CHROMIUM, "--version"], capture_output=True, text=True).stdout
    number = re.search(r"[\d.]+", about)
    log.software(chromium=number[0] if number else "unknown")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(profile, executable_path=CHROMIUM, args=FLAGS)
        tab = context.new_page()
        tab.goto(f"http://127.0.0.1:{PORT}/")
        tab.wait_for_function("finished", timeout=30_000)
        tab.wait_for_timeout(300)
        logged = tab.evaluate("collected()")
        names = tab.evaluate("fetch('/connections').then((answer) => answer.json())")
        tab.goto("about:blank")  # the reader leaves: the browser closes with 1001
        tab.wait_for_timeout(300)
        context.close()
    for line in logged:
        log.write(line.pop("kind"), *names[str(line.pop("attempt"))], **line)


if __name__ == "__main__":
    if sys.argv[1] == "server":
        log_as("server")
        run_server(server)
    else:
        client()
