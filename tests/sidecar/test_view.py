"""The live view: what it shows, and that it keeps nobody waiting."""

from __future__ import annotations

import io
import threading

import msgspec
import pytest
from rich.console import Console

from tests.sidecar.statuses import SECOND_NS, channel, status
from wsobserve.sidecar.status import Status
from wsobserve.sidecar.view import View, page

pytestmark = pytest.mark.build_independent


def shown(now: Status, before: Status | None = None, rows: int = 10) -> list[str]:
    console = Console(file=io.StringIO(), width=200, force_terminal=False)
    console.print(page(now, before, rows))
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def later(before: Status, **changes: object) -> Status:
    return msgspec.structs.replace(before, time_ns=before.time_ns + 2 * SECOND_NS, **changes)


def test_what_is_shown() -> None:
    lines = shown(status(troubles=("worker 0 was restarted",)))
    assert lines[0] == "wsobserve chat  healthy  1m 5s  lo port 8080"
    assert lines[1] == "1,234 packets/s   6 messages/s   160 B/s"
    assert lines[2].startswith("connections  3 open")
    assert lines[3].startswith("lost         10 packets not captured (1 %)")
    assert lines[4] == "memory       85.1 MiB of 256 MiB"
    assert lines[5] == "worker 0 was restarted"
    assert lines[7].split() == ["channel", "direction", "messages/s", "messages", "p50", "size", "not", "decoded"]
    assert lines[8].split() == ["/rooms/{id}", "client", "→", "server", "-", "6", "10", "B", "1"]


def test_rates_of_channels_are_those_since_the_last_status() -> None:
    before = status()
    after = later(before, channels=(channel(messages=26), channel("/new", messages=4)))
    lines = shown(after, before)
    assert lines[7].split()[4:6] == ["10.0", "26"]
    assert lines[8].split()[4:6] == ["2.0", "4"]


def test_the_busiest_that_fit_are_shown_and_the_others_counted() -> None:
    lines = shown(status(channels=tuple(channel(f"/{number}", messages=number) for number in range(30))), rows=4)
    assert [line.split()[0] for line in lines[7:11]] == ["/29", "/28", "/27", "/26"]
    assert lines[11] == "and 26 more"


def test_names_of_others_are_neither_markup_nor_commands() -> None:
    lines = shown(status(channels=(channel("[red]/\x1b[2J"),), watching="[bold]lo"))
    assert "[bold]lo" in lines[0]
    assert lines[7].startswith(r"[red]/\x1b[2J")


class Terminal(io.StringIO):
    """A terminal; one that is `stopped` (Ctrl-S) takes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.drawn = threading.Event()

    def write(self, text: str) -> int:
        self.goes_on.wait(60)
        if "healthy" in text:
            self.drawn.set()
        return super().write(text)

    def isatty(self) -> bool:
        return True


def view_on(terminal: Terminal) -> View:
    return View(Console(file=terminal, force_terminal=True, width=100, height=30, legacy_windows=False))


def test_the_terminal_is_left_as_it_was() -> None:
    terminal = Terminal()
    view = view_on(terminal)
    view.update(status())
    assert terminal.drawn.wait(60)
    view.close()
    text = terminal.getvalue()
    assert text.count("\x1b[?1049h") == text.count("\x1b[?1049l") == 1, "to the other screen and back"
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") > 0, "the cursor is there again"


def test_a_stopped_terminal_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsobserve.sidecar.view.CLOSE_S", 0.1)
    terminal = Terminal()
    terminal.goes_on.clear()
    view = view_on(terminal)
    for number in range(1000):
        view.update(status(open_connections=number))
    view.close()
    terminal.goes_on.set()


def test_it_may_be_closed_before_anything_was_shown() -> None:
    terminal = Terminal()
    view_on(terminal).close()
    assert "healthy" not in terminal.getvalue()
