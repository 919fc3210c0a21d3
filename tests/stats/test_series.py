"""Series totals: who is added up with whom, what happens beyond the limit, and the laws of a fold."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.config import Limits
from wsobserve.records import CLIENT_TO_SERVER, SERVER_TO_CLIENT, ChannelMessage, Direction, Half, Message, SeriesTotal, Sizes
from wsobserve.stats.series import OVERFLOW, SeriesFold


def said(
    time_ns: int = 5,
    channel: str = "/a",
    name: str | None = "join",
    form: str = "json",
    length: int = 10,
    direction: Direction | None = CLIENT_TO_SERVER,
    server: str | None = "10.0.0.2:80",
) -> ChannelMessage:
    half = Half(connection="c", source="a:1", destination="b:2", server=server, direction=direction)
    message = Message(half, time_ns, 1, time_ns, 1, 1, False, length, length, True, True, b"")
    return ChannelMessage(
        message=message, format=form, channel=channel, route=channel, name=name, frame_bytes=length + 6, length=length
    )


def folded(messages: list[ChannelMessage], limits: Limits) -> SeriesFold:
    fold = SeriesFold(limits)
    for message in messages:
        fold.add(message)
    return fold


def test_messages_of_one_series_are_added_up() -> None:
    fold = folded([said(7), said(5, length=0), said(9, form="undecoded", length=30)], Limits())
    assert fold.snapshot() == (
        SeriesTotal(
            server="10.0.0.2:80",
            route="/a",
            subprotocol=None,
            channel="/a",
            direction=CLIENT_TO_SERVER,
            name="join",
            messages=3,
            undecoded=1,
            frame_bytes=16 + 6 + 36,
            payload_bytes=10,
            formats={"json": 2, "undecoded": 1},
            first_ns=5,
            last_ns=9,
            sizes=Sizes(count=2, sum=10, minimum=0, maximum=10, zero_count=1, buckets={53: 1}),
        ),
    )


@pytest.mark.parametrize(
    "other", [said(channel="/b"), said(name=None), said(direction=SERVER_TO_CLIENT), said(direction=None), said(server=None)]
)
def test_another_channel_name_direction_or_server_is_another_series(other: ChannelMessage) -> None:
    assert [one.messages for one in folded([said(), other], Limits()).snapshot()] == [1, 1]


def test_series_beyond_the_limit_are_one_overflow_series() -> None:
    fold = folded([said(name=f"name{letter}", length=number) for number, letter in enumerate("abcdef")], Limits(series=2))
    series = fold.snapshot()
    assert len(series) == 3
    overflow = series[-1]
    assert (overflow.channel, overflow.server, overflow.route, overflow.direction, overflow.name) == (
        OVERFLOW,
        None,
        None,
        None,
        None,
    )
    assert overflow.messages == 4 == fold.overflow_messages
    assert sum(one.payload_bytes for one in series) == 0 + 1 + 2 + 3 + 4 + 5


def test_without_an_overflow_nothing_is_in_it() -> None:
    assert folded([said()], Limits()).overflow_messages == 0


MESSAGES = st.builds(
    said,
    st.integers(0, 99),
    st.sampled_from(["/a", "/b", OVERFLOW]),
    st.sampled_from([None, "", "x", "y", "z"]),
    st.sampled_from(["json", "text", "undecoded"]),
    st.integers(0, 10**6),
    st.sampled_from([CLIENT_TO_SERVER, None]),
    st.sampled_from([None, "s:1"]),
)
SMALL_LIMITS = st.builds(Limits, series=st.integers(1, 12), total_sizes=st.integers(2, 6))


@given(st.lists(st.lists(MESSAGES, max_size=30), max_size=4), SMALL_LIMITS)
def test_the_result_depends_neither_on_order_nor_on_the_split(parts: list[list[ChannelMessage]], limits: Limits) -> None:
    whole = [message for part in parts for message in part]
    expected = folded(whole, limits).snapshot()
    assert folded(whole[::-1], limits).snapshot() == expected
    forward = SeriesFold(limits)
    for part in parts:
        forward.merge(folded(part, limits))
    assert forward.snapshot() == expected
    backward = SeriesFold(limits)
    for part in reversed(parts):
        other = folded(part, limits)
        other.merge(backward)
        backward = other
    assert backward.snapshot() == expected
    assert len(expected) <= limits.series + 1
    assert sum(one.messages for one in expected) == len(whole)


@given(st.lists(MESSAGES, max_size=20), st.lists(MESSAGES, max_size=20), SMALL_LIMITS)
def test_a_fold_can_be_handed_to_another_process_and_gone_on_with(
    first: list[ChannelMessage], second: list[ChannelMessage], limits: Limits
) -> None:
    fold = pickle.loads(pickle.dumps(folded(first, limits)))
    for message in second:
        fold.add(message)
    assert fold.snapshot() == folded(first + second, limits).snapshot()


def test_merging_leaves_the_other_as_it_was() -> None:
    other = folded([said()], Limits())
    before = other.snapshot()
    fold = SeriesFold(Limits())
    fold.merge(other)
    fold.add(said())
    assert other.snapshot() == before
