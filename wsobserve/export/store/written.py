"""What the writer remembers of its run: which rows are in the store as they should be, and how many of what.

The marks kept for a row are a few numbers that change whenever the record does, so that a snapshot of thousands of
series of which ten have moved costs ten rows.
"""

from __future__ import annotations

from wsobserve.export.store import rows
from wsobserve.records import ChannelTotal, ConnectionSummary, Direction, SeriesTotal, Snapshot

Changes = tuple[list[rows.Row], list[int] | list[str]]  # rows to write, keys of rows that are gone
_Mark = tuple[int | None, ...]
_SeriesKey = tuple[str | None, ...]
_ChannelKey = tuple[str, Direction | None]


class Written:
    """The state of one run. `copy` it before a transaction, and go back to the copy when that fails."""

    def __init__(self) -> None:
        self.run: int | None = None
        self._series: dict[_SeriesKey, tuple[int, _Mark]] = {}
        self._channels: dict[_ChannelKey, tuple[int, _Mark]] = {}
        self._kinds: dict[str, _Mark] = {}
        self._open: dict[tuple[str, int | None], tuple[int, _Mark]] = {}
        self._taken: dict[tuple[str, str], int] = {}
        self._left_out = {"messages": 0, "anomalies": 0, "losses": 0, "drift": 0}
        self._numbers = 0

    def copy(self) -> Written:
        other = Written()
        for name, value in vars(self).items():
            setattr(other, name, value.copy() if isinstance(value, dict) else value)
        return other

    def _number(self, known: tuple[int, _Mark] | None) -> int:
        if known is not None:
            return known[0]
        self._numbers += 1
        return self._numbers

    def changed_series(self, snapshot: Snapshot) -> Changes:
        assert self.run is not None
        changed: list[rows.Row] = []
        now: dict[_SeriesKey, tuple[int, _Mark]] = {}
        for record in snapshot.series:
            key = (record.server, record.route, record.subprotocol, record.channel, record.direction, record.name)
            known = self._series.get(key)
            mark = _traffic_mark(record)
            now[key] = (self._number(known), mark)
            if snapshot.final or known is None or known[1] != mark:
                changed.append(rows.series_row(self.run, now[key][0], record))
        gone = [number for key, (number, _) in self._series.items() if key not in now]
        self._series = now
        return changed, gone

    def changed_channels(self, snapshot: Snapshot) -> Changes:
        assert self.run is not None
        changed: list[rows.Row] = []
        now: dict[_ChannelKey, tuple[int, _Mark]] = {}
        for record in snapshot.channels:
            key = (record.channel, record.direction)
            known = self._channels.get(key)
            mark = _traffic_mark(record)
            now[key] = (self._number(known), mark)
            if snapshot.final or known is None or known[1] != mark:
                changed.append(rows.channel_row(self.run, now[key][0], record))
        gone = [number for key, (number, _) in self._channels.items() if key not in now]
        self._channels = now
        return changed, gone

    def changed_kinds(self, snapshot: Snapshot) -> Changes:
        assert self.run is not None
        changed: list[rows.Row] = []
        now: dict[str, _Mark] = {}
        for record in snapshot.kinds:
            now[record.id] = mark = (record.messages, record.first_ns, record.last_ns)
            if snapshot.final or self._kinds.get(record.id) != mark:
                changed.append(rows.kind_row(self.run, record))
        gone = [key for key in self._kinds if key not in now]
        self._kinds = now
        return changed, gone

    def changed_connections(
        self, summaries: list[ConnectionSummary]
    ) -> tuple[list[rows.Row], list[tuple[str, int | None, int]]]:
        """Rows to write, and the connection, stream and start of open ones that turned out to have begun elsewhen."""
        assert self.run is not None
        ended = {_connection_key(record) for record in summaries if record.state != "open"}
        changed: list[rows.Row] = []
        replaced: list[tuple[str, int | None, int]] = []
        for record in summaries:
            key = _connection_key(record)[:2]
            known = self._open.get(key)
            mark = (record.time_ns, record.packet)
            if record.state == "open":
                if known == (record.started_ns, mark) or _connection_key(record) in ended:
                    continue
                self._open[key] = (record.started_ns, mark)
            else:
                self._open.pop(key, None)
            if known is not None and known[0] != record.started_ns:
                replaced.append((*key, known[0]))
            changed.append(rows.connection_row(self.run, record))
        return changed, replaced

    def take(self, what: str, sort: str, limit: int) -> bool:
        """True when one more of this sort is still to be stored; otherwise it is counted as left out."""
        count = self._taken.get((what, sort), 0)
        if count >= limit:
            self._left_out[what] += 1
            return False
        self._taken[what, sort] = count + 1
        return True

    def leave_out(self, what: str, total: int) -> None:
        """There were `total` in all, of which only the first were handed over."""
        taken = sum(count for (name, _), count in self._taken.items() if name == what)
        self._left_out[what] = max(self._left_out[what], total - taken)

    def left_out(self) -> dict[str, int]:
        return self._left_out.copy()


def _traffic_mark(record: SeriesTotal | ChannelTotal) -> _Mark:
    return (record.messages, record.undecoded, record.frame_bytes, record.payload_bytes, record.last_ns)


def _connection_key(record: ConnectionSummary) -> tuple[str, int | None, int]:
    return (record.half.connection, record.half.stream, record.started_ns)
