"""What systemd is told, over a real socket as it would have it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from wsobserve.sidecar.service_manager import ServiceManager

pytestmark = [
    pytest.mark.build_independent,
    pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there are no Unix sockets"),
]


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        yield listener


def heard(systemd: socket.socket) -> list[str]:
    texts = []
    while True:
        try:
            texts.append(systemd.recv(4096).decode())
        except BlockingIOError:
            return texts


def test_what_happens_is_told_in_its_words(systemd: socket.socket) -> None:
    manager = ServiceManager({"NOTIFY_SOCKET": systemd.getsockname()}, clock_ns=lambda: 5_000_000)
    manager.ready("watching lo")
    manager.status("12 packets/s\nand more")
    manager.reloading()
    manager.ready("watching lo")
    manager.stopping()
    assert heard(systemd) == [
        "READY=1\nSTATUS=watching lo",
        "STATUS=12 packets/s and more",
        "RELOADING=1\nMONOTONIC_USEC=5000",
        "READY=1\nSTATUS=watching lo",
        "STOPPING=1",
    ]
    manager.close()
    manager.status("not any more")
    assert heard(systemd) == []


@pytest.mark.skipif(not os.path.exists("/proc/net/unix"), reason="abstract sockets are Linux's")
def test_an_abstract_socket() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        name = f"wsobserve-test-{os.getpid()}"
        listener.bind("\0" + name)
        listener.settimeout(10)
        ServiceManager({"NOTIFY_SOCKET": "@" + name}).ready("x")
        assert listener.recv(100) == b"READY=1\nSTATUS=x"


def test_the_watchdog_hears_twice_in_its_time(systemd: socket.socket) -> None:
    now = [0]
    environment = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "7"}
    manager = ServiceManager(environment, process=7, clock_ns=lambda: now[0])
    assert manager.watchdog_s == 10
    for second in range(21):
        now[0] = second * 1_000_000_000
        manager.alive()
    assert heard(systemd) == ["WATCHDOG=1"] * 5  # at 0, 5, 10, 15 and 20 s


def test_a_watchdog_that_is_not_ours_or_not_there(systemd: socket.socket) -> None:
    address = systemd.getsockname()
    for environment in ({}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"}):
        manager = ServiceManager({"NOTIFY_SOCKET": address, **environment}, process=7)
        manager.alive()
        assert manager.watchdog_s is None
    assert heard(systemd) == []


@pytest.mark.parametrize("address", ["", "relative", "vsock:2:1234"])
def test_without_a_service_manager_nothing_is_said(address: str) -> None:
    manager = ServiceManager({"NOTIFY_SOCKET": address})
    assert not manager.is_there
    manager.ready("x")
    manager.alive()


def test_a_service_manager_that_does_not_listen_keeps_nobody_waiting(systemd: socket.socket, tmp_path: Path) -> None:
    manager = ServiceManager({"NOTIFY_SOCKET": systemd.getsockname()})
    for _ in range(1000):  # the socket's queue is full long before
        manager.status("x")
    assert 0 < len(heard(systemd)) < 1000
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "nowhere")}).ready("x")
