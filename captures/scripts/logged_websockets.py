"""Connections of the Python library `websockets` that write what they do to the application's log.

The hooks sit on the public interface: `send`, `recv`, `ping`, `close`, and the handshake's request and response.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterable, Iterable
from importlib.metadata import version
from typing import Any, Literal

import websockets
from application_log import ApplicationLog, Side, endpoint
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.protocol import State


class _Logging(Connection):
    """`send`, `recv`, `ping` and `close` with a line in `log` for each."""

    log: ApplicationLog  # of the program; set once, before the first connection
    closing: Side | None = None  # who asked for the end, as far as this side knows
    tcp: Literal["fin", "reset"] | None = None  # how this side ended TCP, when it did so on purpose

    def names(self) -> tuple[str, str]:
        """Client and server of this connection, as `ip:port`."""
        local, remote = endpoint(self.local_address), endpoint(self.remote_address)
        return (local, remote) if self.log.by == "client" else (remote, local)

    async def send(self, message: Any, *, text: bool | None = None) -> None:
        if isinstance(message, (str, bytes)):
            whole, fragments = message, None
        elif isinstance(message, Iterable) and not isinstance(message, AsyncIterable):
            message = list(message)
            whole = message[0][:0].join(message)
            fragments = [len(part.encode() if isinstance(part, str) else part) for part in message]
            fragments.append(0)  # this library ends a fragmented message with an empty frame
        else:
            raise TypeError("only str, bytes and lists of them are logged")
        still_open = self.state is State.OPEN  # otherwise it only waits for the end, then raises or is cancelled
        line = self.log.sent(*self.names(), whole, fragments=fragments)
        try:
            await super().send(message, text=text)
        except (websockets.ConnectionClosed, asyncio.CancelledError):
            if not still_open:
                self.log.not_sent(line)
            raise

    async def recv(self, decode: bool | None = None) -> Any:
        message = await super().recv(decode)
        self.log.received(*self.names(), message)
        return message

    async def ping(self, data: Any = None) -> Any:
        payload = (data or "").encode() if isinstance(data, (str, type(None))) else bytes(data)
        self.log.control(*self.names(), "ping", payload)
        return await super().ping(payload)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        if self.closing is None and self.close_code is None:
            self.closing = self.log.by
        await super().close(code, reason)

    def connection_lost(self, exc: Exception | None) -> None:
        client, server = self.names()
        super().connection_lost(exc)
        status = getattr(self, "response", None)
        if status is not None and status.status_code == 101:
            self.log.close(client, server, self.close_code, self.close_reason or "", closed_by=self.closing, tcp=self.tcp)


class LoggedClient(_Logging, ClientConnection):
    """A client's connection; give it to `connect(create_connection=...)`."""

    async def handshake(self, *arguments: Any, **options: Any) -> None:
        try:
            await super().handshake(*arguments, **options)
        finally:
            if self.request is not None:
                response = self.response
                self.log.handshake(
                    *self.names(),
                    self.request.path,
                    None if response is None else response.status_code,
                    None if response is None else response.headers,
                )


class LoggedServer(_Logging, ServerConnection):
    """A server's connection; give it to `serve(create_connection=...)`."""

    async def handshake(self, *arguments: Any, **options: Any) -> None:
        try:
            await super().handshake(*arguments, **options)
        finally:
            if self.request is not None and self.response is not None:
                self.log.handshake(*self.names(), self.request.path, self.response.status_code, self.response.headers)


def log_as(side: Side) -> ApplicationLog:
    """Open the program's log for all connections of this module."""
    _Logging.log = ApplicationLog(side)
    _Logging.log.software(websockets=version("websockets"))
    return _Logging.log


def run_server(main: Any) -> None:
    """Run the coroutine function `main(stop)` until it is told to stop by a line, or the end, of standard input."""

    async def until_told() -> None:
        stop = asyncio.get_running_loop().create_future()

        def told() -> None:
            if not stop.done():
                stop.set_result(None)

        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), told)
        await main(stop)

    asyncio.run(until_told())
