"""The launcher, as a person meets it: a line and an exit status when it cannot run, and an address when it does.

The dashboard itself runs once for this file, on the loopback interface, and is looked at with a real browser.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.dashboards.observed import HOSTILE, fill, observation, open_store
from wsobserve.dashboard import run_dashboard
from wsobserve.export.store import StoreExporter

needs_streamlit = pytest.mark.skipif(
    importlib.util.find_spec("streamlit") is None, reason="Streamlit is not installed: pip install 'wsobserve[dashboard]'"
)

pytestmark = pytest.mark.build_independent

WAIT_MS = 30_000  # for something to appear: a loaded machine is slow


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def store(tmp_path: Path) -> str:
    fill(tmp_path / "obs.db")
    return str(tmp_path / "obs.db")


def complaint(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("wsobserve: ")
    assert err.count("\n") == 1
    return err


def test_without_streamlit_it_says_how_to_get_it(
    store: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "streamlit", None)  # as if it were not installed
    assert run_dashboard(store) == 1
    assert "pip install 'wsobserve[dashboard]'" in complaint(capsys)


@needs_streamlit
def test_a_port_in_use_is_one_line(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert run_dashboard(store, port=port) == 1
    assert f"port {port} is in use" in complaint(capsys)


@needs_streamlit
def test_a_store_that_cannot_be_read_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_dashboard(str(tmp_path / "missing.db")) == 1
    assert "there is no such file" in complaint(capsys)
    assert run_dashboard("nonsense://user:hunter2@host/db") == 1
    assert "hunter2" not in complaint(capsys)


@needs_streamlit
@pytest.mark.parametrize(
    ("host", "port"), [("127.0.0.1", 0), ("127.0.0.1", 70_000), ("192.0.2.1", 8501), ("no such host", 8501)]
)
def test_a_place_where_nobody_can_listen_is_one_line(
    store: str, host: str, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_dashboard(store, host=host, port=port) == 1
    complaint(capsys)


class Dashboard(NamedTuple):
    process: subprocess.Popen[bytes]
    port: int
    path: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def start(path: Path) -> Dashboard:
    port = free_port()
    call = (
        "import sys; from wsobserve.dashboard import run_dashboard; sys.exit(run_dashboard(sys.argv[1], port=int(sys.argv[2])))"
    )
    process = subprocess.Popen([sys.executable, "-P", "-c", call, str(path), str(port)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == f"The dashboard answers on http://127.0.0.1:{port} (end it with Ctrl-C)\n".encode()
    return Dashboard(process, port, path)


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    path = tmp_path_factory.mktemp("dashboard") / "obs.db"
    fill(path, lossy=True)
    running = start(path)
    yield running
    running.process.send_signal(signal.SIGINT)
    running.process.wait(30)
    assert running.process.stdout is not None
    running.process.stdout.close()


def upgrade(dashboard: Dashboard, host: str) -> int:
    """The status with which the app's WebSocket answers a page of `host`."""
    request = (
        f"GET /_stcore/stream HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", dashboard.port), timeout=30) as connection:
        connection.sendall(request.encode())
        answer = connection.recv(4096)
    return int(answer.split(b" ", 2)[1])


@needs_streamlit
def test_only_pages_of_its_own_names_reach_it(dashboard: Dashboard) -> None:
    assert upgrade(dashboard, f"127.0.0.1:{dashboard.port}") == 101
    assert upgrade(dashboard, f"localhost:{dashboard.port}") == 101
    assert upgrade(dashboard, "evil.example") == 403  # a name that somebody else lets point to 127.0.0.1


@needs_streamlit
def test_it_listens_on_the_loopback_interface_alone(dashboard: Dashboard) -> None:
    if not Path("/proc/net/tcp").is_file():
        pytest.skip("needs /proc/net/tcp to see who listens")
    wanted = f":{dashboard.port:04X}"
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    assert [fields[1] for fields in lines if fields[1].endswith(wanted) and fields[3] == "0A"] == [f"0100007F{wanted}"]


@needs_streamlit
def test_a_browser_shows_the_pages_live_and_asks_nobody_else(dashboard: Dashboard) -> None:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium is installed")
    switches = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    switches += ["--disable-background-networking", "--disable-component-update"]
    asked: list[str] = []
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=switches)
        page = browser.new_page(viewport={"width": 1300, "height": 1400})
        page.set_default_timeout(WAIT_MS)
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda websocket: asked.append(websocket.url))

        # Tables are painted; what is in them also stands in a table for those who cannot see it.
        page.goto(dashboard.url)
        page.get_by_text("4,321", exact=True).wait_for()
        page.get_by_text("dropped by the kernel").wait_for()
        page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first.wait_for()
        page.locator("td", has_text="no close frame").first.wait_for(state="attached")

        page.get_by_role("link", name="Channels").click()
        page.locator("td", has_text="4320").first.wait_for(state="attached")
        page.goto(f"{dashboard.url}/channels?channel={HOSTILE.replace('&', '%26')}")
        page.get_by_role("heading", name="Message names").wait_for()
        assert page.get_by_role("combobox", name="Channel").input_value() == HOSTILE

        page.get_by_role("link", name="Schemas").click()
        page.get_by_role("combobox", name="Channel").wait_for()
        page.goto(f"{dashboard.url}/schemas?run=1&channel=/quotes")
        page.locator("td", has_text="symbol").first.wait_for(state="attached")
        page.get_by_text('"x-wsobserve-presence"').first.wait_for()
        with page.expect_download() as download:
            page.get_by_role("button", name="Download", exact=True).click()
        assert '"symbol"' in Path(download.value.path()).read_text()

        page.goto(f"{dashboard.url}/history?run=1")
        page.get_by_text("1 message kind with 1 published version").wait_for()
        page.locator("td", has_text="first version").first.wait_for(state="attached")
        page.get_by_role("link", name="Drift").click()
        page.get_by_text("No drift").wait_for()

        page.goto(dashboard.url)
        page.get_by_text("4,321", exact=True).wait_for()
        _grow(dashboard.path, page)
        browser.close()
    outside = [url for url in asked if re.match(r"(data|blob):", url) is None and f"//127.0.0.1:{dashboard.port}/" not in url]
    assert asked
    assert outside == []


def _grow(path: Path, page: object) -> None:
    """A new run begins and goes on while the page is open."""
    store: StoreExporter = open_store(path)
    for messages in (5_555, 6_666):
        store.export([observation(messages)])
        page.get_by_text(f"{messages:,}", exact=True).wait_for()  # type: ignore[attr-defined]  # a page of playwright, which is optional
    store.close()


@needs_streamlit
def test_a_signal_ends_it_cleanly_and_gives_the_port_back(tmp_path: Path) -> None:
    fill(tmp_path / "obs.db")
    running = start(tmp_path / "obs.db")
    os.kill(running.process.pid, signal.SIGTERM)
    assert running.process.wait(30) == 0
    assert running.process.stdout is not None
    assert running.process.stdout.read() == b""
    running.process.stdout.close()
    with socket.create_server(("127.0.0.1", running.port)):
        pass
