"""A status is shown wherever it was asked for, and what shows it is closed in the end."""

from __future__ import annotations

import json
import time

import pytest

import wsobserve.sidecar.view
from tests.sidecar.statuses import status
from wsobserve.export.error import ExportError
from wsobserve.sidecar import status_text
from wsobserve.sidecar.asking import ask_status
from wsobserve.sidecar.health import open_health_socket
from wsobserve.sidecar.log import Log
from wsobserve.sidecar.settings import Settings
from wsobserve.sidecar.showing import Showing
from wsobserve.sidecar.status import Status

pytestmark = pytest.mark.build_independent


def test_the_latest_is_at_the_endpoint() -> None:
    listener = open_health_socket("127.0.0.1:0")
    assert listener is not None
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    showing = Showing(Settings(), listener, Log("text", lambda line: None))
    with pytest.raises(ExportError, match="starting"):
        ask_status(address)
    for number in range(3):
        showing.update(status(open_connections=number))
    assert ask_status(address).open_connections == 2
    showing.close()
    with pytest.raises(ExportError, match="nobody answers"):
        ask_status(address)


def test_the_log_hears_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_text.StatusLog.__init__, "__defaults__", (0.0, time.monotonic))
    lines: list[str] = []
    showing = Showing(Settings(), None, Log("json", lines.append))
    showing.update(status())
    showing.close()
    assert [json.loads(line)["event"] for line in lines] == ["status"]


class Seen:
    """A view that nobody looks at."""

    def __init__(self, shown: list[Status | None]) -> None:
        self._shown = shown

    def update(self, one: Status) -> None:
        self._shown.append(one)

    def close(self) -> None:
        self._shown.append(None)


def test_a_view_has_it_instead_of_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Status | None] = []
    monkeypatch.setattr(wsobserve.sidecar.view, "View", lambda: Seen(shown))
    monkeypatch.setattr(status_text.StatusLog.__init__, "__defaults__", (0.0, time.monotonic))
    lines: list[str] = []
    showing = Showing(Settings(ui=True), None, Log("json", lines.append))
    showing.update(status())
    showing.close()
    assert shown == [status(), None]
    assert lines == []
