"""Channel totals: series of one channel and direction added up for people."""

from __future__ import annotations

from wsobserve.records import CLIENT_TO_SERVER, SERVER_TO_CLIENT, Direction, SeriesTotal, Sizes
from wsobserve.stats.channels import channel_totals

SECOND_NS = 1_000_000_000


def a_series(
    channel: str,
    direction: Direction | None,
    name: str | None,
    messages: int,
    first_ns: int | None = 0,
    last_ns: int | None = 2 * SECOND_NS,
    sizes: Sizes = Sizes(count=1, sum=8, minimum=8, maximum=8, buckets={47: 1}),  # noqa: B008  # frozen
) -> SeriesTotal:
    return SeriesTotal(
        server=None,
        route=channel,
        subprotocol=None,
        channel=channel,
        direction=direction,
        name=name,
        messages=messages,
        undecoded=1,
        frame_bytes=14,
        payload_bytes=8,
        formats={"json": messages},
        first_ns=first_ns,
        last_ns=last_ns,
        sizes=sizes,
    )


def test_series_of_one_channel_and_direction_are_added_up() -> None:
    totals = channel_totals(
        [
            a_series("/b", CLIENT_TO_SERVER, None, 1),
            a_series("/a", CLIENT_TO_SERVER, "join", 2),
            a_series("/a", CLIENT_TO_SERVER, "say", 6, last_ns=4 * SECOND_NS),
            a_series("/a", CLIENT_TO_SERVER, None, 2),
            a_series("/a", SERVER_TO_CLIENT, "say", 1),
        ]
    )
    assert [(total.channel, total.direction) for total in totals] == [
        ("/a", CLIENT_TO_SERVER),
        ("/a", SERVER_TO_CLIENT),
        ("/b", CLIENT_TO_SERVER),
    ]
    first = totals[0]
    assert (first.messages, first.undecoded, first.frame_bytes, first.payload_bytes) == (10, 3, 42, 24)
    assert first.rate == 2.5
    assert first.names == {"say": 6, "join": 2}
    assert first.formats == {"json": 10}
    assert (first.size_p50, first.size_p95, first.size_p99) == (8.0, 8.0, 8.0)
    assert first.sizes.count == 3


def test_histograms_of_different_scales_are_joined_at_the_coarser() -> None:
    coarse = Sizes(scale=0, count=1, sum=9, minimum=9, maximum=9, buckets={3: 1})
    [total] = channel_totals([a_series("/a", None, None, 1), a_series("/a", None, None, 1, sizes=coarse)])
    assert total.sizes == Sizes(scale=0, count=2, sum=17, minimum=8, maximum=9, buckets={2: 1, 3: 1})


def test_one_moment_has_no_rate_and_no_sizes_no_quantile() -> None:
    [total] = channel_totals([a_series("/a", None, None, 1, first_ns=5, last_ns=5, sizes=Sizes())])
    assert (total.rate, total.size_p50) == (None, None)
    [total] = channel_totals([a_series("/a", None, None, 0, first_ns=None, last_ns=None)])
    assert (total.rate, total.first_ns) == (None, None)


def test_nothing_gives_nothing() -> None:
    assert channel_totals([]) == []
