"""The health endpoint over real sockets: what it answers, and that nobody can make it do more than that."""

from __future__ import annotations

import http.client
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.sidecar.statuses import status
from wsobserve.export.error import ExportError
from wsobserve.sidecar import health
from wsobserve.sidecar.health import (
    CONNECTIONS,
    REQUEST_BYTES,
    Answers,
    HealthEndpoint,
    exposure_warning,
    health_socket,
    open_health_socket,
)
from wsobserve.sidecar.log import Log
from wsobserve.sidecar.settings import Settings
from wsobserve.sidecar.status import Status

pytestmark = pytest.mark.build_independent

Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def endpoint(status_of: Callable[[], Status | None]) -> Iterator[tuple[str, int]]:
    listener = open_health_socket("127.0.0.1:0")
    assert listener is not None
    where = listener.getsockname()
    serving = HealthEndpoint(listener, status_of, now_ns=lambda: status().time_ns)
    serving.start()
    try:
        yield where
    finally:
        serving.close()


def ask(where: tuple[str, int], path: str, method: str = "GET") -> Answer:
    connection = http.client.HTTPConnection(*where, timeout=30)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def say(where: tuple[str, int], *parts: bytes) -> bytes:
    """Send these, and return all that is answered."""
    with socket.create_connection(where, timeout=30) as connection:
        for part in parts:
            connection.sendall(part)
        answer = bytearray()
        while part := connection.recv(65_536):
            answer += part
        return bytes(answer)


def test_a_healthy_one() -> None:
    with endpoint(status) as where:
        code, fields, content = ask(where, "/healthz")
        assert code == 200
        assert fields["Content-Type"] == "application/json"
        assert json.loads(content) == {"healthy": True, "reasons": [], "troubles": []}
        code, _, content = ask(where, "/readyz?verbose")
        assert (code, json.loads(content)["ready"]) == (200, True)


def test_one_in_trouble_says_why() -> None:
    ill = status(healthy=False, ready=False, troubles=("worker 0 does not tell anything",))
    with endpoint(lambda: ill) as where:
        for path in ("/healthz", "/readyz"):
            code, _, content = ask(where, path)
            assert code == 503
            assert json.loads(content)["reasons"] == ["worker 0 does not tell anything"]


def test_a_trouble_that_is_no_illness_is_told_all_the_same() -> None:
    with endpoint(lambda: status(troubles=("store: exporting failed 3 times",))) as where:
        code, _, content = ask(where, "/healthz")
        assert (code, json.loads(content)["troubles"]) == (200, ["store: exporting failed 3 times"])


def test_one_that_starts_is_neither_healthy_nor_ready() -> None:
    with endpoint(lambda: None) as where:
        for path in ("/healthz", "/readyz", "/metrics", "/status"):
            code, _, content = ask(where, path)
            assert code == 503
            assert b"starting" in content


def test_one_that_went_silent_is_not_healthy_whatever_it_said_last() -> None:
    answers = Answers(status, 30.0, lambda: status().time_ns + 31_000_000_000)
    code, _, text = answers.to(b"GET /healthz HTTP/1.1")
    assert code == 503
    assert json.loads(text)["reasons"] == ["nothing was heard from it for 31 s"]
    assert answers.to(b"GET /readyz HTTP/1.1")[0] == 503
    assert answers.to(b"GET /status HTTP/1.1")[0] == 200, "what is known is still told"
    seldom = Answers(lambda: status(interval_s=60.0), 30.0, lambda: status().time_ns + 179_000_000_000)
    assert seldom.to(b"GET /healthz HTTP/1.1")[0] == 200, "it is not due yet"


def test_metrics_and_status() -> None:
    with endpoint(status) as where:
        code, fields, content = ask(where, "/metrics")
        assert (code, fields["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        assert b"\nwsobserve_capture_packets_total 990\n" in content
        code, fields, content = ask(where, "/status")
        assert (code, fields["Content-Type"]) == (200, "application/json")
        assert msgspec.json.decode(content, type=Status) == status()


def test_what_is_not_there_and_what_is_not_done() -> None:
    with endpoint(status) as where:
        assert ask(where, "/")[0] == ask(where, "/healthz/")[0] == ask(where, "/../etc/passwd")[0] == 404
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
            code, fields, _ = ask(where, "/metrics", method)
            assert (code, fields["Allow"]) == (405, "GET, HEAD")
        code, fields, content = ask(where, "/status", "HEAD")
        assert (code, content) == (200, b"")
        assert int(fields["Content-Length"]) > 1_000


@pytest.mark.parametrize(
    ("request_bytes", "code"),
    [
        (b"\r\n\r\n", b"400"),
        (b"GET /metrics\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"400"),
        (b"GET /metrics HTTP/2.0\r\n\r\n", b"400"),
        (b"GET  HTTP/1.1\r\n\r\n", b"404"),
        (b"GET /\xff\xfe HTTP/1.1\r\n\r\n", b"404"),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 2000, b"431"),
    ],
)
def test_whatever_is_sent_there_is_one_answer(request_bytes: bytes, code: bytes) -> None:
    with endpoint(status) as where:
        assert say(where, request_bytes).startswith(b"HTTP/1.1 " + code)
        assert ask(where, "/healthz")[0] == 200


def test_a_request_may_come_in_pieces() -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with endpoint(status) as where:
        answer = say(where, *(request[index : index + 1] for index in range(len(request))))
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_bug_in_an_answer_is_told_and_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Status:
        raise RuntimeError("secret")

    with endpoint(broken) as where:
        code, _, content = ask(where, "/metrics")
        assert (code, content) == (500, b"RuntimeError\n")
        assert ask(where, "/nowhere")[0] == 404


def test_those_who_ask_nothing_and_those_who_take_nothing_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "REQUEST_S", 0.3)
    with endpoint(status) as where:
        silent = [socket.create_connection(where, timeout=30) for _ in range(CONNECTIONS + 5)]
        half = socket.create_connection(where, timeout=30)
        half.sendall(b"GET /healthz HT")
        try:
            # It is behind more connections than there are places, and is answered when those have had their time.
            assert ask(where, "/healthz")[0] == 200
            assert half.recv(100).startswith(b"HTTP/1.1 408")
            assert silent[0].recv(100) == b""
        finally:
            for connection in (*silent, half):
                connection.close()


def test_a_long_answer_to_a_slow_reader_keeps_nobody_else_waiting() -> None:
    many = status(troubles=("x" * 1000,) * 20_000)
    with endpoint(lambda: many) as where, socket.create_connection(where, timeout=30) as slow:
        slow.sendall(b"GET /status HTTP/1.1\r\n\r\n")
        assert slow.recv(10) == b"HTTP/1.1 2"
        assert ask(where, "/nowhere")[0] == 404
        received = 10
        while part := slow.recv(1_000_000):
            received += len(part)
        assert received > 20_000_000


def test_many_at_once() -> None:
    codes: list[int] = []

    def look(where: tuple[str, int]) -> None:
        for _ in range(20):
            codes.append(ask(where, "/metrics")[0])

    with endpoint(status) as where:
        threads = [threading.Thread(target=look, args=(where,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert codes == [200] * 160


def test_closing_leaves_nothing_open() -> None:
    before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else None
    with endpoint(status) as where, socket.create_connection(where, timeout=30):
        pass
    with pytest.raises(OSError):
        socket.create_connection(where, timeout=5).close()
    assert before is None or len(os.listdir("/proc/self/fd")) == before


# --- the socket ---


def test_a_port_in_use_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ExportError, match=f"health endpoint {address}: already in use"):
            open_health_socket(address)


@pytest.mark.parametrize("address", ["192.0.2.1:9464", "nowhere.invalid:9464", "unix:/nowhere/at/all.sock", "nonsense"])
def test_an_address_that_cannot_be_is_one_line(address: str) -> None:
    with pytest.raises(ExportError, match=f"health endpoint {address}: ") as caught:
        open_health_socket(address)
    assert "\n" not in str(caught.value)


def test_off_is_none() -> None:
    assert open_health_socket("off") is None


def logged(address: str) -> tuple[Any, list[str]]:
    lines: list[str] = []
    return health_socket(address, Log("text", lines.append)), lines


def test_an_address_that_nobody_chose_may_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ExportError):
            logged(address)
        monkeypatch.setattr(health, "Settings", lambda: Settings(health=address))
        listener, lines = logged(address)
    assert listener is None
    assert len(lines) == 1
    assert "no health endpoint" in lines[0]


def test_an_address_that_others_reach_is_warned_of() -> None:
    listener, lines = logged("0.0.0.0:0")
    listener.close()
    assert "answers whoever reaches it" in lines[0]
    assert exposure_warning("127.0.0.1:9464") is exposure_warning("off") is exposure_warning("unix:/x") is None


def test_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "wsobserve.sock"
    for _ in range(2):  # the second finds the file that the first left behind
        listener = open_health_socket(f"unix:{path}")
        assert listener is not None
        assert path.stat().st_mode & 0o777 == 0o660
        with pytest.raises(ExportError, match="already in use"):
            open_health_socket(f"unix:{path}")
        listener.close()
    path.unlink()
    path.write_text("mine")
    with pytest.raises(ExportError, match="already in use"):
        open_health_socket(f"unix:{path}")
    assert path.read_text() == "mine"


def test_the_limits_are_small() -> None:
    assert CONNECTIONS * REQUEST_BYTES * 2 < 1_000_000
