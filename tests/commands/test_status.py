"""`wsobserve status` asks one that runs: the page, JSON, and an exit status that a health check can use."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
from collections.abc import Callable, Iterator

import msgspec
import pytest

from tests.sidecar.statuses import status
from wsobserve.sidecar.health import HealthEndpoint, open_health_socket
from wsobserve.sidecar.status import Status

pytestmark = pytest.mark.build_independent

Serve = Callable[[Status], str]
Done = subprocess.CompletedProcess[str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Something that answers with this status; its address."""
    endpoints = []

    def serve(one: Status) -> str:
        listener = open_health_socket("127.0.0.1:0")
        assert listener is not None
        endpoints.append(HealthEndpoint(listener, lambda: one))
        endpoints[-1].start()
        return f"127.0.0.1:{listener.getsockname()[1]}"

    yield serve
    for endpoint in endpoints:
        endpoint.close()


def run(command: list[str], *arguments: str, **environment: str) -> Done:
    return subprocess.run(
        [*command, "status", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )


def test_the_page(wsobserve_command: list[str], serve: Serve) -> None:
    done = run(wsobserve_command, "--address", serve(status()))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("wsobserve 0.1.0 of chat: healthy, for 1m 5s\n  watches      lo port 8080\n")


def test_json_is_the_status_itself(wsobserve_command: list[str], serve: Serve) -> None:
    done = run(wsobserve_command, "--json", WSOBSERVE_HEALTH=serve(status()))
    assert done.returncode == 0
    assert msgspec.json.decode(done.stdout, type=Status) == status()


def test_one_that_is_not_healthy_is_status_1(wsobserve_command: list[str], serve: Serve) -> None:
    done = run(wsobserve_command, "--address", serve(status(healthy=False, troubles=("no worker runs",))))
    assert done.returncode == 1
    assert "not healthy" in done.stdout
    assert "troubles     no worker runs" in done.stdout


def test_nobody_there_is_one_line_and_status_1(wsobserve_command: list[str]) -> None:
    done = run(wsobserve_command, "--address", "unix:/nowhere/at/all.sock")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "wsobserve: unix:/nowhere/at/all.sock: nobody answers (No such file or directory)\n"


def test_watching_without_a_terminal_is_a_page_again_and_again(wsobserve_command: list[str], serve: Serve) -> None:
    process = subprocess.Popen(
        [*wsobserve_command, "status", "--watch", "--address", serve(status())],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    headings = 0
    for line in process.stdout:
        headings += line.startswith("wsobserve 0.1.0")
        if headings == 2:
            break
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert errors == "wsobserve: standard output is no terminal: one page a second\n"


def test_watching_on_a_terminal_is_the_view(wsobserve_command: list[str], serve: Serve) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*wsobserve_command, "status", "--watch", "--address", serve(status())],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(theirs)
    try:
        seen = b""
        while b"/rooms/{id}" not in seen:
            seen += os.read(ours, 65_536)
        process.send_signal(signal.SIGINT)
        while True:
            try:
                seen += os.read(ours, 65_536)
            except OSError:  # its end is closed
                break
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert (process.returncode, errors) == (0, b"")
    assert seen.count(b"\x1b[?1049h") == seen.count(b"\x1b[?1049l") == 1
