"""`wsobserve dashboard`: starts the Streamlit app on a store, says where it answers, and ends with Ctrl-C.

Streamlit runs as a process of its own, by its public command line. It listens on the loopback interface unless told
otherwise, and answers only to the names that it is known by (another web page could point a name of its own to us).
"""

from __future__ import annotations

import errno
import http.client
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

STORE_VARIABLE = "WSOBSERVE_STORE"

_START_S = 120.0  # until the page answers; a loaded machine needs a while to import Streamlit
_STOP_S = 5.0
_ANY_ADDRESS = ("0.0.0.0", "::", "")


def run_dashboard(store_url: str, *, host: str = "127.0.0.1", port: int = 8501, open_browser: bool = False) -> int:
    """Serves the dashboard until SIGINT, SIGTERM or SIGHUP. 0: ended that way; 1: it could not run, and a line says why."""
    complaint = _missing() or _unreadable(store_url) or _occupied(host, port)
    if complaint:
        sys.stderr.write(f"wsobserve: {complaint}\n")
        return 1
    app = _app()
    assert app is not None
    with _stop_signals() as stopped:
        process = subprocess.Popen(
            _command(app, host, port),
            env={**os.environ, STORE_VARIABLE: store_url},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches us alone, and we pass it on once
        )
        try:
            return _serve(process, stopped, host, port, open_browser)
        finally:
            _stop(process)


def _serve(process: subprocess.Popen[bytes], stopped: list[int], host: str, port: int, open_browser: bool) -> int:
    shown = f"http://{_in_url(_reachable(host))}:{port}"
    deadline = time.monotonic() + _START_S
    answered = False
    while not stopped and process.poll() is None:
        if not answered and (answered := _answers(host, port)):
            sys.stdout.write(f"The dashboard answers on {shown} (end it with Ctrl-C)\n")
            sys.stdout.flush()
            if open_browser:
                webbrowser.open(shown)
        if not answered and time.monotonic() > deadline:
            sys.stderr.write(f"wsobserve: the dashboard does not answer within {_START_S:g} s\n")
            return 1
        time.sleep(0.1)
    if stopped:
        return 0
    sys.stderr.write(f"wsobserve: the dashboard has ended by itself (exit status {process.returncode})\n")
    return 1


def _missing() -> str | None:
    if importlib.util.find_spec("streamlit") is None:
        return "the dashboard needs Streamlit; install it with: pip install 'wsobserve[dashboard]'"
    if _app() is None:
        return "the dashboard's pages are not installed; reinstall wsobserve"
    return None


def _app() -> Path | None:
    """The app in the installed package, or in a checkout beside it."""
    package = Path(__file__).resolve().parent
    for place in (package / "_dashboards", package.parent / "dashboards"):
        if (place / "app.py").is_file():
            return place / "app.py"
    return None


def _unreadable(store_url: str) -> str | None:
    from wsobserve.export.error import ExportError
    from wsobserve.export.store.read import StoreReader

    try:
        StoreReader(store_url)
    except ExportError as error:
        return str(error)
    return None


def _occupied(host: str, port: int) -> str | None:
    if not 0 < port < 65536:
        return f"there is no port {port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except socket.gaierror:
        return f"there is no address {host}"
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return f"port {port} is in use; choose another one with --port"
        return f"cannot listen on {host} port {port}: {error.strerror}"
    return None


def _command(app: Path, host: str, port: int) -> list[str]:
    names = {"localhost", "127.0.0.1", "[::1]", _in_url(host)}
    if host in _ANY_ADDRESS:
        names |= {socket.gethostname(), socket.getfqdn()}
    options = {
        "server.address": host or "0.0.0.0",
        "server.port": port,
        "server.headless": "true",
        "server.allowedHosts": sorted(name for name in names if name and name not in _ANY_ADDRESS),
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "browser.serverAddress": _reachable(host),
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "logger.level": "error",
        "theme.light.primaryColor": "#0e7490",
        "theme.dark.primaryColor": "#22a5c4",
        "theme.metricValueFontSize": "1.5rem",
        "theme.paddingTop": "1rem",
    }
    command = [sys.executable, "-P", "-m", "streamlit", "run", str(app)]
    for name, value in options.items():
        command += [f"--{name}={entry}" for entry in value] if isinstance(value, list) else [f"--{name}={value}"]
    return command


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "") else "::1" if host == "::" else host


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(_reachable(host), port, timeout=2)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """A list that receives SIGINT, SIGTERM and SIGHUP (the terminal was closed) instead of this process."""
    received: list[int] = []

    def receive(number: int, frame: FrameType | None) -> None:
        received.append(number)

    before = {number: signal.signal(number, receive) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
