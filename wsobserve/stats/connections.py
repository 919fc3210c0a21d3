"""Opening handshakes and ended connections in; totals out, one for each server, route and subprotocol.

A connection is counted as opened by its handshake, and by its summary when it was joined mid-stream. The summaries that
the websocket stage makes on request, while a connection lasts, are not for this fold: each connection comes once.
"""

from __future__ import annotations

from wsobserve.config import DEFAULT_LIMITS, Limits
from wsobserve.kept import Kept
from wsobserve.records import Close, ConnectionSummary, ConnectionTotal, Handshake
from wsobserve.stats.sizes import SizesFold

OVERFLOW = "_overflow"

ConnectionKey = tuple[str | None, str | None, str | None]  # server, route, subprotocol
OVERFLOW_KEY: ConnectionKey = (None, OVERFLOW, None)


def close_key(close: Close) -> str:
    """How a connection was closed, as `code initiator`: `1000 client`, `none server`, `none network`, `invalid client`.

    The initiator sent the first close frame; `network` when there was none and TCP ended all the same.
    """
    if close.first_sent_by is not None:
        initiator: str = close.first_sent_by
    else:
        initiator = "network" if close.tcp in ("fin", "reset") else "unknown"
    if close.status_code is None:
        code = "none"
    elif 1000 <= close.status_code <= 1015 or 3000 <= close.status_code <= 4999:  # RFC 6455, 7.4.2
        code = str(close.status_code)
    else:
        code = "invalid"
    return f"{code} {initiator}"


class Count:
    """How often one way to close was seen."""

    __slots__ = ("connections",)

    def __init__(self) -> None:
        self.connections = 0

    def merge(self, other: Count) -> None:
        """Take over what the other counted."""
        self.connections += other.connections


class Total:
    """What has been counted for one server, route and subprotocol."""

    __slots__ = ("closed", "closes", "duration_ns", "handshake_ns", "mid_stream", "opened", "refused", "unanswered")

    def __init__(self, sizes_limit: int, closes_limit: int) -> None:
        self.opened = 0
        self.closed = 0
        self.refused = 0
        self.unanswered = 0
        self.mid_stream = 0
        self.closes: Kept[str, Count] = Kept(closes_limit, Count)
        self.handshake_ns = SizesFold(sizes_limit)
        self.duration_ns = SizesFold(sizes_limit)

    def add(self, record: Handshake | ConnectionSummary) -> None:
        if isinstance(record, Handshake):
            self._add_handshake(record)
        elif record.state in ("open", "closed"):
            self._add_connection(record)

    def _add_handshake(self, handshake: Handshake) -> None:
        if handshake.state == "unanswered":
            self.unanswered += 1
            return
        if handshake.state == "refused":
            self.refused += 1
        else:
            self.opened += 1
        if handshake.request_time_ns is not None and handshake.status_code is not None:
            self.handshake_ns.add(handshake.time_ns - handshake.request_time_ns)

    def _add_connection(self, summary: ConnectionSummary) -> None:
        if summary.handshake is None or summary.handshake.state != "accepted":
            self.opened += 1  # recognised by its frames: the answer to the handshake is not in the capture
        if summary.started_mid_stream:
            self.mid_stream += 1
        if summary.state == "closed":
            self.closed += 1
            self.duration_ns.add(summary.time_ns - summary.started_ns)
            key = close_key(summary.close)
            (self.closes.entries.get(key) or self.closes.make(key)).connections += 1
            if self.closes.crowded():
                self.closes.settle()

    def merge(self, other: Total) -> None:
        """Take over what the other counted; it stays as it is."""
        self.opened += other.opened
        self.closed += other.closed
        self.refused += other.refused
        self.unanswered += other.unanswered
        self.mid_stream += other.mid_stream
        self.closes.merge(other.closes)
        self.closes.settle()
        self.handshake_ns.merge(other.handshake_ns)
        self.duration_ns.merge(other.duration_ns)

    def snapshot(self, key: ConnectionKey) -> ConnectionTotal:
        self.closes.settle()
        closes = {name: count.connections for name, count in sorted(self.closes.entries.items())}
        if self.closes.overflow is not None:
            closes["other unknown"] = self.closes.overflow.connections
        server, route, subprotocol = key
        return ConnectionTotal(
            server=server,
            route=route,
            subprotocol=subprotocol,
            opened=self.opened,
            closed=self.closed,
            refused=self.refused,
            unanswered=self.unanswered,
            mid_stream=self.mid_stream,
            closes=closes,
            handshake_ns=self.handshake_ns.snapshot(),
            duration_ns=self.duration_ns.snapshot(),
        )


class ConnectionFold:
    """A fold over handshakes and summaries with at most `limits.series` totals and one for the rest."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._sizes_limit = limits.total_sizes
        self._closes_limit = limits.closes
        self._totals: Kept[ConnectionKey, Total] = Kept(limits.series, self._new_total)

    def _new_total(self) -> Total:
        return Total(self._sizes_limit, self._closes_limit)

    def add(self, record: Handshake | ConnectionSummary) -> None:
        handshake = record if isinstance(record, Handshake) else record.handshake
        route, subprotocol = (handshake.path_template, handshake.subprotocol) if handshake is not None else (None, None)
        if isinstance(record, ConnectionSummary) and record.route is not None:
            route, subprotocol = record.route, record.subprotocol
        key = (record.half.server, route, subprotocol)
        (self._totals.entries.get(key) or self._make(key)).add(record)
        if self._totals.crowded():
            self._totals.settle()

    def _make(self, key: ConnectionKey) -> Total:
        return self._totals.others() if key == OVERFLOW_KEY else self._totals.make(key)

    def merge(self, other: ConnectionFold) -> None:
        """Take over what the other knows; it stays as it is."""
        self._totals.merge(other._totals)
        self._totals.settle()

    def snapshot(self, now_ns: int | None = None) -> tuple[ConnectionTotal, ...]:
        """Every total by its names, the overflow, if there is one, at the end with `route` `_overflow`."""
        self._totals.settle()
        entries = self._totals.entries
        totals = [
            entries[key].snapshot(key)
            for key in sorted(entries, key=lambda key: [(part is not None, part or "") for part in key])
        ]
        if self._totals.overflow is not None:
            totals.append(self._totals.overflow.snapshot(OVERFLOW_KEY))
        return tuple(totals)
