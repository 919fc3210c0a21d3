"""A status as text: the page of `wsobserve status`, and the line that a log gets once a minute."""

from __future__ import annotations

import time
from collections.abc import Callable

from wsobserve.records import Accounting, ChannelTotal
from wsobserve.sidecar.log import Log, one_line
from wsobserve.sidecar.quantities import rounded_duration, rounded_size
from wsobserve.sidecar.status import ExporterStatus, Status, WorkerStatus

TOP_CHANNELS = 10
LOG_EVERY_S = 60.0
STEPS = ("nothing", "payload samples", "schema values", "message records", "connections (sampled by hash)")


def status_lines(status: Status) -> list[str]:
    """Everything that a sidecar says of itself, for people."""
    uptime = rounded_duration((status.time_ns - status.started_ns) / 1e9)
    name = f" of {status.service}" if status.service else ""
    lines = [
        f"wsobserve {status.version}{name}: {state_text(status)}, for {uptime}",
        f"  watches      {status.watching}",
        *_listed("resource", [f"{key}={value}" for key, value in sorted(status.resource.items())]),
        *_listed("privileges", list(status.privileges)),
        *_listed("workers", [_worker_text(worker, status.time_ns) for worker in status.workers]),
        f"  memory       {memory_text(status)}",
        *_listed("given up", [f"{name}: {count:,}" for name, count in sorted(status.shed.items()) if count]),
        f"  connections  {connections_text(status)}",
        f"  packets      {_of_total(status, 'packets', status.accounting.packets_seen)}",
        f"  messages     {_of_total(status, 'messages', status.accounting.messages)}",
        f"  wire bytes   {_bytes_of_total(status)}",
        f"  lost         {loss_text(status.accounting)}",
        *_listed("exporters", [_exporter_text(exporter) for exporter in status.exporters]),
        *_listed("troubles", list(status.troubles)),
    ]
    return [one_line(line) for line in [*lines, *_channel_lines(status)]]


def status_line(status: Status) -> str:
    """The same in one line, for a log."""
    rates = status.rates
    return (
        f"{rates.get('packets', 0):,.0f} packets/s, {rates.get('messages', 0):,.0f} messages/s, "
        f"{status.open_connections:,} connections; {status.accounting.messages:,} messages so far; "
        f"lost: {loss_text(status.accounting)}; memory {memory_text(status)}"
    )


class StatusLog:
    """Puts a status into the log once a minute."""

    def __init__(self, log: Log, every_s: float = LOG_EVERY_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._every_s = every_s
        self._clock = clock
        self._next_s = clock() + every_s

    def update(self, status: Status) -> None:
        """Call it with every new status."""
        now_s = self._clock()
        if now_s < self._next_s:
            return
        self._next_s = now_s + self._every_s
        accounting = status.accounting
        self._log.info(
            "status",
            status_line(status),
            packets=accounting.packets_seen,
            messages=accounting.messages,
            connections=status.open_connections,
            packets_lost=sum(accounting.capture_loss.values()),
            packets_undecodable=sum(accounting.packets_dropped.values()),
            messages_undecoded=sum(accounting.messages_undecoded.values()),
            bytes_lost=accounting.bytes_lost,
            memory_bytes=status.memory_bytes,
            shedding=status.shedding,
            healthy=status.healthy,
        )


def state_text(status: Status) -> str:
    """`healthy`, `not ready yet` or `not healthy`."""
    if not status.healthy:
        return "not healthy"
    return "healthy" if status.ready else "not ready yet"


def loss_text(accounting: Accounting) -> str:
    """Everything that is missing from the results, beside what it is missing from; `nothing`."""
    parts = []
    # What the kernel dropped was never seen: the whole is both together.
    lost = sum(accounting.capture_loss.values())
    if lost:
        parts.append(f"{lost:,} packets not captured ({_share(lost, accounting.packets_seen + lost)})")
    unknown = sum(accounting.capture_loss_unknown.values())
    if unknown:
        parts.append(f"{unknown:,} times an unknown number of packets")
    undecodable = sum(accounting.packets_dropped.values())
    if undecodable:
        parts.append(f"{undecodable:,} packets not decodable ({_share(undecodable, accounting.packets_seen)})")
    undecoded = sum(accounting.messages_undecoded.values())
    if undecoded:
        parts.append(f"{undecoded:,} messages not decoded ({_share(undecoded, accounting.messages)})")
    if accounting.bytes_lost or accounting.gaps:
        parts.append(f"{rounded_size(accounting.bytes_lost)} in {accounting.gaps:,} gaps")
    if accounting.bytes_unsynchronised:
        parts.append(f"{rounded_size(accounting.bytes_unsynchronised)} without a frame boundary")
    return ", ".join(parts) or "nothing"


def memory_text(status: Status) -> str:
    """`85.1 MiB of 256 MiB; gives up payload samples`."""
    text = f"{rounded_size(status.memory_bytes)} of {rounded_size(status.memory_budget)}"
    if not status.shedding:
        return text
    return f"{text}; gives up {', '.join(STEPS[1 : min(status.shedding, len(STEPS) - 1) + 1])}"


def connections_text(status: Status) -> str:
    """Open ones, and those there were."""
    handshakes = status.accounting.handshakes
    seen = sum(handshakes.values())
    by_state = ", ".join(f"{count:,} {state.replace('_', ' ')}" for state, count in sorted(handshakes.items()) if count)
    return f"{status.open_connections:,} open; {seen:,} so far{f' ({by_state})' if by_state else ''}"


def busiest(status: Status, most: int) -> list[ChannelTotal]:
    """The channels with most messages, each direction by itself."""
    return sorted(status.channels, key=lambda total: (-total.messages, total.channel, total.direction or ""))[:most]


def _channel_lines(status: Status) -> list[str]:
    if not status.channels:
        return []
    more = len(status.channels) - TOP_CHANNELS
    lines = ["", f"{'  channel':<42} {'direction':<17} {'messages':>12} {'p50 size':>10} {'not decoded':>12}"]
    for total in busiest(status, TOP_CHANNELS):
        size = "-" if total.size_p50 is None else rounded_size(total.size_p50)
        channel = total.channel if len(total.channel) <= 40 else total.channel[:39] + "…"
        lines.append(
            f"  {channel:<40} {total.direction or 'not known':<17} {total.messages:>12,} {size:>10} {total.undecoded:>12,}"
        )
    return [*lines, f"  and {more} more"] if more > 0 else lines


def _listed(name: str, items: list[str]) -> list[str]:
    return [f"  {name if not number else '':<12} {item}" for number, item in enumerate(items)]


def _worker_text(worker: WorkerStatus, now_ns: int) -> str:
    process = "not running" if worker.process is None else f"process {worker.process}"
    restarts = f", restarted {worker.restarts} times" if worker.restarts else ""
    heard = f", heard {rounded_duration((now_ns - worker.heard_ns) / 1e9)} ago" if worker.heard_ns else ", not heard yet"
    return f"{worker.number}: {process}, {worker.packets:,} packets, {rounded_size(worker.memory_bytes)}{restarts}{heard}"


def _exporter_text(exporter: ExporterStatus) -> str:
    counts = exporter.counts
    parts = [f"{sum(counts.exported.values()):,} records exported", f"{sum(counts.waiting.values()):,} waiting"]
    for name, lost in (("dropped", counts.dropped), ("failed", counts.failed)):
        if lost:
            parts.append(f"{sum(lost.values()):,} {name}")
    if counts.last_error is not None:
        parts.append(f"failed {counts.failures} times, last: {counts.last_error}")
    return f"{exporter.name}: {', '.join(parts)}"


def _of_total(status: Status, name: str, total: int) -> str:
    return f"{status.rates.get(name, 0):,.1f} a second; {total:,} so far"


def _bytes_of_total(status: Status) -> str:
    return f"{rounded_size(status.rates.get('frame_bytes', 0))} a second; {rounded_size(status.accounting.frame_bytes)} so far"


def _share(part: int, whole: int) -> str:
    share = 100 * part / max(whole, 1)
    return f"{share:.2g} %" if share < 99.5 else f"{share:.0f} %"
