"""WebSockets of aiohttp, client and server, that write what they do to the application's log.

The hooks sit on the public interface: `send_str`, `send_bytes`, `receive`, `ping`, `close`.
"""

from __future__ import annotations

from typing import Any

import aiohttp
from aiohttp import WSMessage, WSMsgType, web
from application_log import ApplicationLog, Side, endpoint

LOG: list[ApplicationLog] = []  # of this program: one, once log_as was called


def log_as(side: Side) -> ApplicationLog:
    """Open the program's log for all connections of this module."""
    LOG.append(ApplicationLog(side))
    LOG[0].software(aiohttp=aiohttp.__version__)
    return LOG[0]


class LoggedClient(aiohttp.ClientWebSocketResponse):
    """A client's WebSocket; give it to `ClientSession(ws_response_class=...)`."""

    closing: Side | None = None
    logged: bool = False

    def opened(self, path: str) -> LoggedClient:
        """Called with the path right after the handshake."""
        self.names = (endpoint(self.get_extra_info("sockname")), endpoint(self.get_extra_info("peername")))
        LOG[0].handshake(*self.names, path, 101, self._response.headers)
        return self

    async def send_str(self, data: str, compress: int | None = None) -> None:
        LOG[0].sent(*self.names, data)
        await super().send_str(data, compress)

    async def send_bytes(self, data: Any, compress: int | None = None) -> None:
        LOG[0].sent(*self.names, bytes(data))
        await super().send_bytes(data, compress)

    async def ping(self, message: Any = b"") -> None:
        LOG[0].control(*self.names, "ping", bytes(message))
        await super().ping(message)

    async def receive(self, timeout: float | None = None) -> Any:
        message = await super().receive(timeout)
        _received(self, message)
        return message

    async def close(self, *, code: int = 1000, message: bytes = b"") -> bool:
        if not self.closed and self.close_code is None:
            self.closing = "client"
        done = await super().close(code=code, message=message)
        _closed(self)
        return done


class LoggedServer(web.WebSocketResponse):
    """A server's WebSocket; give it a request in `opened` instead of `prepare`."""

    closing: Side | None = None
    logged: bool = False

    async def opened(self, request: web.Request) -> None:
        """Complete the handshake."""
        assert request.transport is not None
        self.names = (
            endpoint(request.transport.get_extra_info("peername")),
            endpoint(request.transport.get_extra_info("sockname")),
        )
        await self.prepare(request)
        LOG[0].handshake(*self.names, request.path_qs, 101, self.headers)

    async def send_str(self, data: str, compress: int | None = None) -> None:
        LOG[0].sent(*self.names, data)
        await super().send_str(data, compress)

    async def send_bytes(self, data: Any, compress: int | None = None) -> None:
        LOG[0].sent(*self.names, bytes(data))
        await super().send_bytes(data, compress)

    async def ping(self, message: Any = b"") -> None:
        LOG[0].control(*self.names, "ping", bytes(message))
        await super().ping(message)

    async def receive(self, timeout: float | None = None) -> Any:
        message = await super().receive(timeout)
        _received(self, message)
        return message

    async def close(self, *, code: int = 1000, message: bytes = b"", drain: bool = True) -> bool:
        if not self.closed and self.close_code is None:
            self.closing = "server"
        done = await super().close(code=code, message=message, drain=drain)
        _closed(self)
        return done


def _received(connection: LoggedClient | LoggedServer, message: WSMessage) -> None:
    if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
        LOG[0].received(*connection.names, message.data)
    elif message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR):
        _closed(connection, message.extra if message.type is WSMsgType.CLOSE else "")


def _closed(connection: LoggedClient | LoggedServer, reason: str | None = "") -> None:
    """The end is told once, by whichever call sees it first."""
    if not connection.logged:
        connection.logged = True
        LOG[0].close(*connection.names, connection.close_code, reason or "", closed_by=connection.closing)
