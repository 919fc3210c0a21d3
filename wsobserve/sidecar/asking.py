"""A running sidecar asked for its status, over its health endpoint."""

from __future__ import annotations

import contextlib
import socket
import time

import msgspec

from wsobserve.export.error import ExportError
from wsobserve.sidecar.address import Address, parse_address
from wsobserve.sidecar.status import Status

TIMEOUT_S = 5.0
ANSWER_BYTES = 64 * 1024 * 1024


def ask_status(address: str, timeout_s: float = TIMEOUT_S) -> Status:
    """The status of the one that answers there. Raises ExportError, one line, when none does."""
    try:
        parsed = parse_address(address)
    except ValueError:
        raise ExportError(f"{address}: not host:port or unix:/path") from None
    if parsed is None:
        raise ExportError("health endpoint: off, so nobody can be asked")
    try:
        code, content = _get(parsed, "/status", timeout_s)
    except TimeoutError:
        raise ExportError(f"{address}: no answer in {timeout_s:g} s") from None
    except (OSError, UnicodeError) as error:
        raise ExportError(f"{address}: nobody answers ({getattr(error, 'strerror', None) or error})") from None
    except ValueError as error:
        raise ExportError(f"{address}: {error}") from None
    if code == 503:
        raise ExportError(f"{address}: it is starting")
    if code != 200:
        raise ExportError(f"{address}: not a wsobserve that tells its status (HTTP {code})")
    try:
        return msgspec.json.decode(content, type=Status)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise ExportError(f"{address}: not a status of wsobserve, or one of another version") from None


def _get(address: Address, path: str, timeout_s: float) -> tuple[int, bytes]:
    """Status code and content; ValueError for what is no answer of HTTP. The answer ends with the connection."""
    until_s = time.monotonic() + timeout_s
    with contextlib.closing(_connected(address, timeout_s)) as connection:
        # A fixed Host: an address that is a name needs none, and a Unix socket has none.
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: wsobserve\r\nConnection: close\r\n\r\n".encode())
        received = bytearray()
        while True:
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            connection.settimeout(left_s)
            part = connection.recv(65_536)
            if not part:
                break
            received += part
            if len(received) > ANSWER_BYTES:
                raise ValueError("the answer does not end")
    head, _, content = bytes(received).partition(b"\r\n\r\n")
    version, _, rest = head.partition(b" ")
    if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
        raise ValueError("not an answer of HTTP")
    return int(rest[:3]), content


def _connected(address: Address, timeout_s: float) -> socket.socket:
    if not address.path:
        return socket.create_connection((address.host, address.port), timeout_s)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout_s)
        connection.connect(address.path)
    except BaseException:
        connection.close()
        raise
    return connection
