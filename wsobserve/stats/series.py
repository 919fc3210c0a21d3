"""Channel messages in; totals since the start out, one for each server, route, subprotocol, channel, direction and name.

Series beyond the limit are one: which they are depends on the data alone (see `kept`).
"""

from __future__ import annotations

from typing import TypeAlias

from wsobserve.config import DEFAULT_LIMITS, Limits
from wsobserve.kept import Kept
from wsobserve.records import ChannelMessage, Direction, SeriesTotal
from wsobserve.stats.sizes import SizesFold

OVERFLOW = "_overflow"
LATEST = 2**63 - 1  # nanoseconds

# server, route, subprotocol, channel, direction, name
SeriesKey: TypeAlias = "tuple[str | None, str | None, str | None, str, Direction | None, str | None]"
OVERFLOW_KEY: SeriesKey = (None, None, None, OVERFLOW, None, None)


class Total:
    """What has been counted for one series."""

    __slots__ = ("_first_ns", "_last_ns", "formats", "frame_bytes", "messages", "payload_bytes", "sizes", "undecoded")

    def __init__(self, sizes_limit: int) -> None:
        self.messages = 0
        self.undecoded = 0
        self.frame_bytes = 0
        self.payload_bytes = 0
        self.formats: dict[str, int] = {}
        self._first_ns = LATEST  # as long as there is no message
        self._last_ns = -LATEST
        self.sizes = SizesFold(sizes_limit)

    def add(self, form: str, time_ns: int, frame_bytes: int, length: int) -> None:
        self.messages += 1
        self.frame_bytes += frame_bytes
        self.formats[form] = self.formats.get(form, 0) + 1
        if form == "undecoded":
            self.undecoded += 1
        else:
            self.payload_bytes += length
            self.sizes.add_length(length)
        if time_ns < self._first_ns:
            self._first_ns = time_ns
        if time_ns > self._last_ns:
            self._last_ns = time_ns

    def add_like(
        self, form: str, messages: int, first_ns: int, last_ns: int, frame_bytes: int, payload_bytes: int, sizes: SizesFold
    ) -> None:
        """So many decoded messages at once, with the sums and the histogram of theirs."""
        self.messages += messages
        self.frame_bytes += frame_bytes
        self.formats[form] = self.formats.get(form, 0) + messages
        self.payload_bytes += payload_bytes
        self.sizes.merge(sizes)
        self._first_ns = min(self._first_ns, first_ns)
        self._last_ns = max(self._last_ns, last_ns)

    def merge(self, other: Total) -> None:
        """Take over what the other counted; it stays as it is."""
        self.messages += other.messages
        self.undecoded += other.undecoded
        self.frame_bytes += other.frame_bytes
        self.payload_bytes += other.payload_bytes
        for name, count in other.formats.items():
            self.formats[name] = self.formats.get(name, 0) + count
        self._first_ns = min(self._first_ns, other._first_ns)
        self._last_ns = max(self._last_ns, other._last_ns)
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
            first_ns=self._first_ns if self.messages else None,
            last_ns=self._last_ns if self.messages else None,
            sizes=self.sizes.snapshot(),
        )


class SeriesFold:
    """A fold over channel messages with at most `limits.series` series and one for the rest."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._sizes_limit = limits.total_sizes
        self._totals: Kept[SeriesKey, Total] = Kept(limits.series, self._new_total)
        self._by_key = self._totals.entries

    def _new_total(self) -> Total:
        return Total(self._sizes_limit)

    def add(self, message: ChannelMessage) -> None:
        known = len(self._by_key)
        self._total(message).add(message.format, message.message.time_ns, message.frame_bytes, message.length)
        if len(self._by_key) > known and self._totals.crowded():
            self._totals.settle()

    def add_like(
        self,
        message: ChannelMessage,
        messages: int,
        first_ns: int,
        last_ns: int,
        frame_bytes: int,
        payload_bytes: int,
        sizes: SizesFold,
    ) -> None:
        """So many decoded messages of the series and format of this one, seen from one time to the other."""
        known = len(self._by_key)
        total = self._total(message)
        total.add_like(message.format, messages, first_ns, last_ns, frame_bytes, payload_bytes, sizes)
        if len(self._by_key) > known and self._totals.crowded():
            self._totals.settle()

    def _total(self, message: ChannelMessage) -> Total:
        half = message.message.half
        key = (half.server, message.route, message.subprotocol, message.channel, half.direction, message.name)
        total = self._by_key.get(key)
        if total is None:
            total = self._totals.others() if key == OVERFLOW_KEY else self._totals.make(key)
        return total

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
