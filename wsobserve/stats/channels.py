"""Series totals in; what people want to know of each channel and direction out."""

from __future__ import annotations

from collections.abc import Iterable

from wsobserve.config import SECOND_NS
from wsobserve.records import ChannelTotal, Direction, SeriesTotal, Sizes, size_quantile
from wsobserve.stats.sizes import SizesFold


def channel_totals(series: Iterable[SeriesTotal]) -> list[ChannelTotal]:
    """The series of each channel and direction added up, by channel and direction."""
    by_channel: dict[tuple[str, Direction | None], list[SeriesTotal]] = {}
    for one in series:
        by_channel.setdefault((one.channel, one.direction), []).append(one)
    return [_total(by_channel[key]) for key in sorted(by_channel, key=lambda key: (key[0], key[1] or ""))]


def _total(parts: list[SeriesTotal]) -> ChannelTotal:
    messages = sum(part.messages for part in parts)
    first_ns = min((part.first_ns for part in parts if part.first_ns is not None), default=None)
    last_ns = max((part.last_ns for part in parts if part.last_ns is not None), default=None)
    sizes = _joined(part.sizes for part in parts)
    names = _added((part.name, part.messages) for part in parts if part.name is not None)
    formats = _added(entry for part in parts for entry in part.formats.items())
    rate = None
    if first_ns is not None and last_ns is not None and last_ns > first_ns:
        rate = messages * SECOND_NS / (last_ns - first_ns)
    return ChannelTotal(
        channel=parts[0].channel,
        direction=parts[0].direction,
        messages=messages,
        undecoded=sum(part.undecoded for part in parts),
        rate=rate,
        frame_bytes=sum(part.frame_bytes for part in parts),
        payload_bytes=sum(part.payload_bytes for part in parts),
        size_p50=size_quantile(sizes, 0.50),
        size_p95=size_quantile(sizes, 0.95),
        size_p99=size_quantile(sizes, 0.99),
        sizes=sizes,
        names=dict(sorted(names.items(), key=lambda entry: (-entry[1], entry[0]))),
        formats=dict(sorted(formats.items())),
        first_ns=first_ns,
        last_ns=last_ns,
    )


def _joined(parts: Iterable[Sizes]) -> Sizes:
    joined = SizesFold(limit=1 << 16)  # as many entries as the parts have
    for part in parts:
        joined.merge(SizesFold.of(part, joined.limit))
    return joined.snapshot()


def _added(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    added: dict[str, int] = {}
    for name, count in counts:
        added[name] = added.get(name, 0) + count
    return added
