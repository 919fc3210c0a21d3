"""Two network namespaces joined by a veth pair, in which tests make real traffic; gone when the test is over.

A socket stays in the namespace in which it was made, so one test can hold sockets of both.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest

Side = Literal["west", "east"]

ADDRESS: dict[Side, str] = {"west": "10.9.0.1", "east": "10.9.0.2"}
ADDRESS_6: dict[Side, str] = {"west": "fd09::1", "east": "fd09::2"}
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Network:
    """The namespace `west` with an interface of that name, and `east` likewise; their loopback interfaces are up."""

    def __init__(self) -> None:
        self._home = _namespace()
        self._sides: dict[Side, int] = {}

    def open(self) -> None:
        for side in ADDRESS:
            if _libc.unshare(_CLONE_NEWNET):
                pytest.skip("no network namespace can be made here")
            self._sides[side] = _namespace()
            _enter(self._home)
        made = self.ip("west", "link add west type veth peer name east", check=False)
        if made.returncode:
            pytest.skip(f"no veth pair can be made here: {made.stderr.strip()}")
        self.ip("west", f"link set east netns /proc/{os.getpid()}/fd/{self._sides['east']}")
        for side in ADDRESS:
            self.ip(side, "link set lo up")
            self.ip(side, f"addr add {ADDRESS[side]}/24 dev {side}")
            self.ip(side, f"addr add {ADDRESS_6[side]}/64 dev {side} nodad")
            self.ip(side, f"link set {side} up")
        self._wait_until_up()

    def _wait_until_up(self) -> None:
        """An interface that is up drops what it is to send until the kernel has come to its queue."""
        ends: dict[Side, socket.socket] = {}
        for side in ADDRESS:
            with self.inside(side):
                ends[side] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            ends[side].bind((ADDRESS[side], 0))
            ends[side].settimeout(0.05)
        pairs: list[tuple[Side, Side]] = [("west", "east"), ("east", "west")]
        for sender, receiver in pairs:
            for _ in range(200):
                ends[sender].sendto(b"up?", ends[receiver].getsockname())
                try:
                    ends[receiver].recv(10)
                    break
                except TimeoutError:
                    continue
        for end in ends.values():
            end.close()

    def close(self) -> None:
        _enter(self._home)
        for descriptor in (self._home, *self._sides.values()):
            os.close(descriptor)

    @contextmanager
    def inside(self, side: Side) -> Iterator[None]:
        """What is opened in here is opened in that namespace."""
        _enter(self._sides[side])
        try:
            yield
        finally:
            _enter(self._home)

    def ip(self, side: Side, words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs `ip` in a namespace."""
        with self.inside(side):
            return subprocess.run(["ip", *words.split()], check=check, capture_output=True, text=True)

    def connect(self, family: socket.AddressFamily = socket.AF_INET, port: int = 0) -> tuple[socket.socket, socket.socket]:
        """A TCP connection from west to a server in the east: the client's socket, and the server's."""
        address = (ADDRESS if family == socket.AF_INET else ADDRESS_6)["east"]
        with self.inside("east"):
            server = socket.create_server((address, port), family=family)
        with server:
            with self.inside("west"):
                client = socket.create_connection(server.getsockname()[:2], timeout=20)
            accepted = server.accept()[0]
        accepted.settimeout(20)
        return client, accepted


@contextmanager
def network() -> Iterator[Network]:
    """A network; skips the test where none can be made."""
    if shutil.which("ip") is None:
        pytest.skip("ip, to make a network, is not installed")
    made = Network()
    try:
        made.open()
        yield made
    finally:
        made.close()


def talk(client: socket.socket, server: socket.socket, texts: list[bytes]) -> None:
    """Each text to the server and back, one after the other."""
    for text in texts:
        for sender, receiver in ((client, server), (server, client)):
            sender.sendall(text)
            left = len(text)
            while left:
                left -= len(receiver.recv(left))


def pour(sender: socket.socket, receiver: socket.socket, length: int) -> None:
    """`length` bytes as fast as they go, so that they leave in long segments."""
    thread = threading.Thread(target=sender.sendall, args=(bytes(length),))
    thread.start()
    while length:
        length -= len(receiver.recv(min(length, 1 << 20)))
    thread.join()


def _namespace() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
