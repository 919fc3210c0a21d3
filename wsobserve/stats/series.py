"""Channel messages in; totals since the start out, one for each server, route, subprotocol, channel, direction and name.

Series beyond the limit are one: which they are depends on the data alone (see `kept`).
"""

from __future__ import annotations

from wsobserve.config import DEFAULT_LIMITS, Limits
from wsobserve.records import ChannelMessage, Direction, SeriesTotal
from wsobserve.stats.kept import Kept
from wsobserve.stats.sizes import SizesFold

OVERFLOW = "_overflow"

# server, route, subprotocol, channel, direction, name
SeriesKey = tuple[str | None, str | None, str | None, str, Direction | None, str | None]
OVERFLOW_KEY: SeriesKey = (None, None, None, OVERFLOW, None, None)


class Total:
    """What has been counted for one series."""

    __slots__ = ("first_ns", "formats", "frame_bytes", "last_ns", "messages", "payload_bytes", "sizes", "undecoded")

    def __init__(self, sizes_limit: int) -> None:
        self.messages = 0
        self.undecoded = 0
        self.frame_bytes = 0
        self.payload_bytes = 0
        self.formats: dict[str, int] = {}
        self.first_ns: int | None = None
        self.last_ns: int | None = None
        self.sizes = SizesFold(sizes_limit)

    def add(self, message: ChannelMessage) -> None:
        self.messages += 1
        self.frame_bytes += message.frame_bytes
        self.formats[message.format] = self.formats.get(message.format, 0) + 1
        if message.format == "undecoded":
            self.undecoded += 1
        else:
            self.payload_bytes += message.length
            self.sizes.add(message.length)
        time_ns = message.message.time_ns
        if self.first_ns is None or time_ns < self.first_ns:
            self.first_ns = time_ns
        if self.last_ns is None or time_ns > self.last_ns:
            self.last_ns = time_ns

    def merge(self, other: Total) -> None:
        """Take over what the other counted; it stays as it is."""
        self.messages += other.messages
        self.undecoded += other.undecoded
        self.frame_bytes += other.frame_bytes
        self.payload_bytes += other.payload_bytes
        for name, count in other.formats.items():
            self.formats[name] = self.formats.get(name, 0) + count
        if self.first_ns is None or (other.first_ns is not None and other.first_ns < self.first_ns):
            self.first_ns = other.first_ns
        if self.last_ns is None or (other.last_ns is not None and other.last_ns > self.last_ns):
            self.last_ns = other.last_ns
        self.sizes.merge(other.sizes)

    def snapshot(self, key: SeriesKey) -> SeriesTotal:
        server, route, subprotocol, channel, direction, name = key
        return SeriesTotal(
            server=server,
            route=route,
            subprotocol=subprotocol,
            channel=channel,
            direction=direction,
            name=name,
            messages=self.messages,
            undecoded=self.undecoded,
            frame_bytes=self.frame_bytes,
            payload_bytes=self.payload_bytes,
            formats=dict(sorted(self.formats.items())),
            first_ns=self.first_ns,
            last_ns=self.last_ns,
            sizes=self.sizes.snapshot(),
        )


class SeriesFold:
    """A fold over channel messages with at most `limits.series` series and one for the rest."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._sizes_limit = limits.total_sizes
        self._totals: Kept[SeriesKey, Total] = Kept(limits.series, self._new_total)

    def _new_total(self) -> Total:
        return Total(self._sizes_limit)

    def add(self, message: ChannelMessage) -> None:
        half = message.message.half
        key = (half.server, message.route, message.subprotocol, message.channel, half.direction, message.name)
        total = self._totals.entries.get(key)
        if total is None:
            total = self._totals.others() if key == OVERFLOW_KEY else self._totals.make(key)
            total.add(message)
            if self._totals.crowded():
                self._totals.settle()
        else:
            total.add(message)

    def merge(self, other: SeriesFold) -> None:
        """Take over what the other knows; it stays as it is."""
        self._totals.merge(other._totals)
        self._totals.settle()

    def snapshot(self, now_ns: int | None = None) -> tuple[SeriesTotal, ...]:
        """Every series by its names, the overflow, if there is one, at the end."""
        self._totals.settle()
        entries = self._totals.entries
        keys = sorted(entries, key=lambda key: [(part is not None, part or "") for part in key])
        series = [entries[key].snapshot(key) for key in keys]
        if self._totals.overflow is not None:
            series.append(self._totals.overflow.snapshot(OVERFLOW_KEY))
        return tuple(series)

    @property
    def overflow_messages(self) -> int:
        """Messages that are in the overflow series."""
        self._totals.settle()
        return self._totals.overflow.messages if self._totals.overflow is not None else 0
