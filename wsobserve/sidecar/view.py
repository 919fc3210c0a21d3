"""The live view on a terminal: each new status replaces the one shown.

Drawing has a thread of its own, so that a terminal that does not take its output (Ctrl-S, a slow line) keeps nobody waiting:
of several statuses only the newest is drawn. Nothing is written but to the terminal, and that is left as it was found.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from wsobserve.records import ChannelTotal
from wsobserve.sidecar.log import one_line
from wsobserve.sidecar.quantities import rounded_duration, rounded_size
from wsobserve.sidecar.status import Status
from wsobserve.sidecar.status_text import busiest, connections_text, loss_text, memory_text, state_text

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

CLOSE_S = 2.0
BESIDES = 16  # lines of the view that are no channels
Totals = dict[tuple[str, str | None], int]  # messages, by channel and direction


class View:
    """Shows what it is given by `update`, until `close`."""

    def __init__(self, console: Console | None = None) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = console or Console()
        self._live = Live(console=self._console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
        self._changed = threading.Condition()  # guards the next two
        self._newest: Status | None = None
        self._closing = False
        self._shown: Status | None = None
        self._thread = threading.Thread(target=self._run, name="wsobserve-view", daemon=True)
        self._thread.start()

    def update(self, status: Status) -> None:
        """Show this one now. Never waits."""
        with self._changed:
            self._newest = status
            self._changed.notify()

    def close(self) -> None:
        """Leave the terminal as it was; bounded, even when it takes no output."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        try:
            with self._live:
                while (status := self._next()) is not None:
                    self._live.update(page(status, self._shown, self._console.height - BESIDES), refresh=True)
                    self._shown = status
        except OSError:
            pass  # the terminal is gone

    def _next(self) -> Status | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._newest is not None)
            status, self._newest = self._newest, None
            return None if self._closing else status


def page(status: Status, before: Status | None, rows: int) -> RenderableType:
    """What is shown of a status; rates of channels are those since the status `before`."""
    from rich.console import Group
    from rich.text import Text

    uptime = rounded_duration((status.time_ns - status.started_ns) / 1e9)
    name = f" {status.service}" if status.service else ""
    style = "bold green" if status.healthy and status.ready else "bold red" if not status.healthy else "bold yellow"
    heading = Text(one_line(f"wsobserve{name}"), "bold", no_wrap=True, overflow="ellipsis")
    heading.append(f"  {state_text(status)}", style).append(one_line(f"  {uptime}  {status.watching}"), "default")
    rates = status.rates
    now = (
        f"{rates.get('packets', 0):,.0f} packets/s   {rates.get('messages', 0):,.0f} messages/s   "
        f"{rounded_size(rates.get('frame_bytes', 0))}/s"
    )
    lost = loss_text(status.accounting)
    lines = [
        heading,
        Text(now),
        Text(f"connections  {connections_text(status)}"),
        Text(f"lost         {lost}", "default" if lost == "nothing" else "yellow"),
        Text(f"memory       {memory_text(status)}", "yellow" if status.shedding else "default"),
        *(Text(one_line(trouble), "red", no_wrap=True, overflow="ellipsis") for trouble in status.troubles[:5]),
        Text(""),
    ]
    return Group(*lines, _channels(status, before, max(rows, 3)))


def _channels(status: Status, before: Status | None, rows: int) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, expand=True, pad_edge=False, header_style="bold")
    table.add_column("channel", ratio=1, no_wrap=True, overflow="ellipsis")
    for heading in ("direction", "messages/s", "messages", "p50 size", "not decoded"):
        table.add_column(heading, justify="left" if heading == "direction" else "right", no_wrap=True)
    seconds = (status.time_ns - before.time_ns) / 1e9 if before is not None else 0.0
    totals: Totals = (
        {(total.channel, total.direction): total.messages for total in before.channels} if before is not None else {}
    )
    for total in busiest(status, rows):
        rate = _rate(total, totals, seconds)
        table.add_row(
            # Text, not str: what somebody named a channel is no markup.
            Text(one_line(total.channel)),
            Text((total.direction or "not known").replace("_to_", " → ")),
            "-" if rate is None else f"{rate:,.1f}",
            f"{total.messages:,}",
            "-" if total.size_p50 is None else rounded_size(total.size_p50),
            Text(f"{total.undecoded:,}", "yellow" if total.undecoded else "default"),
        )
    if len(status.channels) > rows:
        table.add_row(Text(f"and {len(status.channels) - rows:,} more", "dim"))
    return table


def _rate(total: ChannelTotal, before: Totals, seconds: float) -> float | None:
    """Messages a second since then; None: there was no then."""
    if seconds <= 0:
        return None
    return max(total.messages - before.get((total.channel, total.direction), 0), 0) / seconds
