"""The health endpoint: questions over HTTP in, answers made from the latest status out. It runs in the outlet process.

One thread, a few connections, short requests, a bounded time for each: whoever asks can cost no more than that. Each answer
ends its connection. There is nothing in here but GET, and no payload; channels and message names there are, so it listens
on the loopback interface unless told otherwise.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import stat
import threading
import time
from collections.abc import Callable

import msgspec

from wsobserve.export.error import ExportError
from wsobserve.sidecar.address import Address, parse_address
from wsobserve.sidecar.log import Log
from wsobserve.sidecar.prometheus import CONTENT_TYPE, Metrics
from wsobserve.sidecar.settings import Settings
from wsobserve.sidecar.status import Status

CONNECTIONS = 16  # at once; further ones wait in the kernel's queue
REQUEST_BYTES = 8_192
REQUEST_S = 5.0  # for a whole request to come, and as long again for its answer to be taken
STALE_S = 30.0
REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
JSON = "application/json"
PLAIN = "text/plain; charset=utf-8"


def health_socket(address: str, log: Log) -> socket.socket | None:
    """`open_health_socket`, with what should be known of it in the log.

    An address that nobody chose may be taken, by another sidecar as a rule: then there is no endpoint, which is told.
    """
    try:
        listener = open_health_socket(address)
    except AddressInUse as error:
        if address != Settings().health:
            raise
        log.warn("health_endpoint_missing", f"no health endpoint: {error}")
        return None
    warning = exposure_warning(address)
    if warning is not None:
        log.warn("health_endpoint_exposed", warning, address=address)
    return listener


class AddressInUse(ExportError):
    """Somebody else listens there."""


def open_health_socket(address: str) -> socket.socket | None:
    """A socket that listens there; None: `off`. Raises ExportError."""
    try:
        parsed = parse_address(address)
    except ValueError:
        raise ExportError(f"health endpoint {address}: not host:port, unix:/path or off") from None
    if parsed is None:
        return None
    try:
        listener = _unix_socket(parsed.path) if parsed.path else _tcp_socket(parsed)
    except OSError as error:
        remedy = "(choose another with --health, or off)"
        if error.errno == errno.EADDRINUSE:
            raise AddressInUse(f"health endpoint {address}: already in use {remedy}") from None
        raise ExportError(f"health endpoint {address}: {error.strerror or error} {remedy}") from None
    listener.setblocking(False)
    return listener


def exposure_warning(address: str) -> str | None:
    """What should be known about an address that others can reach; None when it is fine."""
    parsed = parse_address(address)
    if parsed is None or parsed.is_local:
        return None
    return f"health endpoint {address} answers whoever reaches it: names of channels and messages, no payloads"


def _tcp_socket(address: Address) -> socket.socket:
    family, kind, protocol, _, where = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(CONNECTIONS)
    except BaseException:
        listener.close()
        raise
    return listener


def _unix_socket(path: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_if_nobody_listens(path)
        listener.bind(path)
        os.chmod(path, 0o660)
        listener.listen(CONNECTIONS)
    except BaseException:
        listener.close()
        raise
    return listener


def _remove_if_nobody_listens(path: str) -> None:
    """A socket file stays behind when its process dies. Anything else there is left to `bind`, which refuses."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return
    except OSError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
        except OSError:
            pass


class HealthEndpoint:
    """Answers on `listener` from `status_of` until it is closed.

    A status that is older than `stale_s` and than three of its intervals is no sign of health.
    """

    def __init__(
        self,
        listener: socket.socket,
        status_of: Callable[[], Status | None],
        *,
        stale_s: float = STALE_S,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._listener = listener
        self._answers = Answers(status_of, stale_s, now_ns)
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._asking: dict[socket.socket, _Asking] = {}
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._selector.register(listener, selectors.EVENT_READ)
        self._accepting = True
        self._closing = False
        # A daemon: it must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="wsobserve-health", daemon=True)

    def start(self) -> None:
        """Answer from now on, in a thread."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering and close the socket."""
        self._closing = True
        self._wake.send(b".")
        if self._thread.is_alive():
            self._thread.join(2 * REQUEST_S)
        for open_socket in (*self._asking, self._listener, self._wake, self._woken):
            open_socket.close()
        self._selector.close()

    def _run(self) -> None:
        while not self._closing:
            until = min((one.until_s for one in self._asking.values()), default=None)
            for key, _ in self._selector.select(None if until is None else max(until - time.monotonic(), 0)):
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is not self._woken:
                    self._go_on(self._asking[key.fileobj])  # type: ignore[index]  # the sockets that we registered
            now = time.monotonic()
            for late in [one for one in self._asking.values() if one.until_s <= now]:
                if late.unsent or not late.request:
                    self._end(late)
                else:
                    self._answer(late, 408, PLAIN, "the request did not come in time\n")

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:  # it is gone again, or there is no descriptor left: the next turn tries again
            time.sleep(0.01)
            return
        connection.setblocking(False)
        self._asking[connection] = _Asking(connection)
        self._selector.register(connection, selectors.EVENT_READ)
        self._listen(len(self._asking) < CONNECTIONS)

    def _listen(self, accepting: bool) -> None:
        if accepting != self._accepting:
            self._accepting = accepting
            if accepting:
                self._selector.register(self._listener, selectors.EVENT_READ)
            else:
                self._selector.unregister(self._listener)

    def _go_on(self, asking: _Asking) -> None:
        try:
            if asking.unsent:
                del asking.unsent[: asking.connection.send(asking.unsent)]
                if not asking.unsent:
                    self._end(asking)
                return
            received = asking.connection.recv(REQUEST_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self._end(asking)
            return
        asking.request += received
        head, complete, _ = bytes(asking.request).partition(b"\r\n\r\n")
        if complete:
            self._answer(asking, *self._answers.to(head))
        elif not received:
            self._end(asking)
        elif len(asking.request) > REQUEST_BYTES:
            self._answer(asking, 431, PLAIN, "the request is too long\n")

    def _answer(self, asking: _Asking, code: int, kind: str, body: str) -> None:
        content = body.encode("utf-8", "replace")
        head = [
            f"HTTP/1.1 {code} {REASONS[code]}",
            f"Content-Type: {kind}",
            f"Content-Length: {len(content)}",
            "Cache-Control: no-store",
            "X-Content-Type-Options: nosniff",
            "Connection: close",
            *(["Allow: GET, HEAD"] if code == 405 else []),
        ]
        asking.unsent += "\r\n".join([*head, "", ""]).encode()
        if not asking.request.startswith(b"HEAD "):
            asking.unsent += content
        asking.until_s = time.monotonic() + REQUEST_S
        self._selector.modify(asking.connection, selectors.EVENT_WRITE)

    def _end(self, asking: _Asking) -> None:
        self._selector.unregister(asking.connection)
        del self._asking[asking.connection]
        asking.connection.close()
        self._listen(len(self._asking) < CONNECTIONS)


class _Asking:
    """One connection: its request as far as it came, then what of the answer was not sent yet."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.request = bytearray()
        self.unsent = bytearray()
        self.until_s = time.monotonic() + REQUEST_S


class Answers:
    """What is answered to the head of a request: status code, media type, content."""

    def __init__(self, status_of: Callable[[], Status | None], stale_s: float, now_ns: Callable[[], int]) -> None:
        self._status_of = status_of
        self._stale_s = stale_s
        self._now_ns = now_ns
        self._metrics = Metrics()

    def to(self, head: bytes) -> tuple[int, str, str]:
        """The answer. Whatever was asked, there is one."""
        method, target, version = (*head.partition(b"\r\n")[0].split(b" "), b"", b"", b"")[:3]
        if not version.startswith(b"HTTP/1."):
            return 400, PLAIN, "not a request of HTTP/1\n"
        path = target.partition(b"?")[0]
        answer = {
            b"/healthz": self._health,
            b"/readyz": self._readiness,
            b"/metrics": self._all_metrics,
            b"/status": self._whole_status,
        }.get(path)
        if answer is None:
            return 404, PLAIN, "there are /healthz, /readyz, /metrics and /status\n"
        if method not in (b"GET", b"HEAD"):
            return 405, PLAIN, "only GET\n"
        try:
            return answer()
        except Exception as error:  # noqa: BLE001  # a bug of ours must not end the thread that tells of health
            return 500, PLAIN, f"{type(error).__name__}\n"

    def _health(self) -> tuple[int, str, str]:
        status = self._status_of()
        reasons = self._stale(status)
        if status is not None and not status.healthy:
            reasons += status.troubles or ("not healthy",)
        return self._verdict("healthy", reasons, status)

    def _readiness(self) -> tuple[int, str, str]:
        status = self._status_of()
        reasons = self._stale(status)
        if status is not None and not status.ready:
            reasons += status.troubles or ("not ready",)
        return self._verdict("ready", reasons, status)

    def _verdict(self, what: str, reasons: tuple[str, ...], status: Status | None) -> tuple[int, str, str]:
        told = {what: not reasons, "reasons": reasons, "troubles": () if status is None else status.troubles}
        return 503 if reasons else 200, JSON, msgspec.json.encode(told).decode() + "\n"

    def _stale(self, status: Status | None) -> tuple[str, ...]:
        if status is None:
            return ("it is starting",)
        age_s = (self._now_ns() - status.time_ns) / 1e9
        limit_s = max(self._stale_s, 3 * status.interval_s)
        return (f"nothing was heard from it for {age_s:.0f} s",) if age_s > limit_s else ()

    def _all_metrics(self) -> tuple[int, str, str]:
        status = self._status_of()
        if status is None:
            return 503, PLAIN, "it is starting\n"
        return 200, CONTENT_TYPE, self._metrics.text(status)

    def _whole_status(self) -> tuple[int, str, str]:
        status = self._status_of()
        if status is None:
            return 503, PLAIN, "it is starting\n"
        return 200, JSON, msgspec.json.encode(status).decode() + "\n"
