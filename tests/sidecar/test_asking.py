"""Asking a running sidecar: its status, or one line that says why there is none."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.sidecar.statuses import status
from wsobserve.export.error import ExportError
from wsobserve.sidecar.asking import ask_status
from wsobserve.sidecar.health import HealthEndpoint, open_health_socket

pytestmark = pytest.mark.build_independent


@contextmanager
def answering(content: bytes) -> Iterator[str]:
    """Somebody who answers everything with `content`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(content)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def refused(address: str, timeout_s: float = 30) -> str:
    with pytest.raises(ExportError) as caught:
        ask_status(address, timeout_s)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("form", ["tcp", "unix"])
def test_a_status_arrives_as_it_is(form: str, tmp_path: Path) -> None:
    listener = open_health_socket("127.0.0.1:0" if form == "tcp" else f"unix:{tmp_path}/s")
    assert listener is not None
    address = f"127.0.0.1:{listener.getsockname()[1]}" if form == "tcp" else f"unix:{tmp_path}/s"
    serving = HealthEndpoint(listener, lambda: status(troubles=("a",)))
    serving.start()
    try:
        assert ask_status(address) == status(troubles=("a",))
    finally:
        serving.close()


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    assert refused(address) == f"{address}: nobody answers (Connection refused)"
    assert "nobody answers" in refused("unix:/nowhere/at/all.sock")
    assert "nobody answers" in refused("nowhere.invalid:1")


def test_no_address() -> None:
    assert refused("nonsense") == "nonsense: not host:port or unix:/path"
    assert "off" in refused("off")


def test_one_that_does_not_answer_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert "no answer in 0.2 s" in refused(f"127.0.0.1:{listener.getsockname()[1]}", 0.2)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\nit is starting\n", "it is starting"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "not a wsobserve that tells its status (HTTP 404)"),
        (b"HTTP/1.1 200 OK\r\n\r\n{}", "not a status of wsobserve, or one of another version"),
        (b"HTTP/1.1 200 OK\r\n\r\n\xff", "not a status of wsobserve, or one of another version"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not an answer of HTTP"),
        (b"", "not an answer of HTTP"),
    ],
)
def test_somebody_else_is_there(content: bytes, told: str) -> None:
    with answering(content) as address:
        assert refused(address) == f"{address}: {told}"
