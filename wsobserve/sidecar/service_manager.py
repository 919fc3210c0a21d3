"""What systemd is told of a service of `Type=notify` (sd_notify(3)): that it is ready, what it does, that it lives.

Without a service manager (no $NOTIFY_SOCKET) nothing is said. It never waits and never fails: a service manager that does
not listen must not keep anything from being observed. Made before privileges are dropped, since it opens a socket.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping

STATUS_LENGTH = 200


class ServiceManager:
    """`environment`: where systemd says how it wants to be told."""

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        process: int | None = None,
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._clock_ns = clock_ns
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self._socket = None if self._address is None else _datagram_socket()
        self.watchdog_s = _watchdog_s(environment, process or os.getpid())
        self._fed_ns: int | None = None

    @property
    def is_there(self) -> bool:
        """Whether anybody is told anything."""
        return self._socket is not None

    def ready(self, status: str) -> None:
        """It began, or has done what RELOADING announced."""
        self._tell("READY=1", f"STATUS={_line(status)}")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._tell(f"STATUS={_line(text)}")

    def alive(self) -> None:
        """Call it often, while all is well: every half of the watchdog's time the service manager hears of it."""
        if self.watchdog_s is None:
            return
        now_ns = self._clock_ns()
        if self._fed_ns is None or now_ns - self._fed_ns >= self.watchdog_s / 2 * 1e9:
            self._fed_ns = now_ns
            self._tell("WATCHDOG=1")

    def reloading(self) -> None:
        """Settings are being read again; `ready` says when that is done."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={self._clock_ns() // 1000}")

    def stopping(self) -> None:
        """It was asked to end, and does."""
        self._tell("STOPPING=1")

    def close(self) -> None:
        """Nothing more will be said."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _tell(self, *lines: str) -> None:
        if self._socket is None or self._address is None:
            return
        try:
            self._socket.sendto("\n".join(lines).encode("utf-8", "replace"), socket.MSG_DONTWAIT, self._address)
        except OSError:
            pass  # nobody listens, or not now


def _address(path: str) -> str | None:
    if path.startswith("@"):  # an abstract socket
        return "\0" + path[1:]
    return path if path.startswith("/") else None


def _datagram_socket() -> socket.socket | None:
    try:
        return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    except (OSError, AttributeError):  # not everywhere are there Unix sockets
        return None


def _watchdog_s(environment: Mapping[str, str], process: int) -> float | None:
    microseconds = environment.get("WATCHDOG_USEC", "")
    if not microseconds.isdecimal() or environment.get("WATCHDOG_PID", str(process)) != str(process):
        return None
    return int(microseconds) / 1e6 or None


def _line(text: str) -> str:
    return " ".join(text.split())[:STATUS_LENGTH]
