"""Volumes over time: counted by the second, joined to longer steps when there are too many, handed out when they change."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsobserve.config import Limits
from wsobserve.records import CLIENT_TO_SERVER, SERVER_TO_CLIENT, ChannelMessage, ChannelVolume, Direction, Half, Message, Sizes
from wsobserve.stats.volume import OVERFLOW, VolumeFold

S = 1_000_000_000
HALVES = {
    direction: Half(connection="c", source="a:1", destination="b:2", direction=direction)
    for direction in (CLIENT_TO_SERVER, SERVER_TO_CLIENT, None)
}


def said(
    second: float, channel: str = "/a", length: int = 10, direction: Direction | None = CLIENT_TO_SERVER, form: str = "text"
) -> ChannelMessage:
    time_ns = int(second * S)
    message = Message(HALVES[direction], time_ns, 1, time_ns, 1, 1, False, length, length, True, True, b"")
    return ChannelMessage(message=message, format=form, channel=channel, frame_bytes=length + 6, length=length)


def folded(messages: list[ChannelMessage], limits: Limits) -> VolumeFold:
    fold = VolumeFold(limits)
    for message in messages:
        fold.add(message)
    return fold


def brief(volumes: tuple[ChannelVolume, ...]) -> list[tuple[str, int, int, int]]:
    return [(one.channel, one.time_ns // S, one.step_ns // S, one.messages) for one in volumes]


def test_messages_are_counted_by_channel_direction_and_second() -> None:
    fold = folded([said(100.0), said(100.9, length=20), said(101.0), said(100.5, direction=SERVER_TO_CLIENT)], Limits())
    first, second, other = fold.snapshot()
    assert first == ChannelVolume(
        channel="/a",
        direction=CLIENT_TO_SERVER,
        time_ns=100 * S,
        step_ns=S,
        messages=2,
        frame_bytes=42,
        payload_bytes=30,
        sizes=Sizes(count=2, sum=30, minimum=10, maximum=20, buckets={53: 1, 69: 1}),
    )
    assert (second.time_ns, second.messages) == (101 * S, 1)
    assert (other.direction, other.messages) == (SERVER_TO_CLIENT, 1)


def test_an_undecoded_message_counts_on_the_wire_and_has_no_size() -> None:
    [volume] = folded([said(1, form="undecoded", length=10)], Limits()).snapshot()
    assert (volume.messages, volume.undecoded, volume.frame_bytes, volume.payload_bytes) == (1, 1, 16, 0)
    assert volume.sizes == Sizes()


def test_too_many_seconds_are_joined_to_longer_steps() -> None:
    fold = folded([said(second) for second in range(40)], Limits(volume_buckets=20))
    assert brief(fold.snapshot()) == [("/a", 0, 10, 10), ("/a", 10, 10, 10), ("/a", 20, 10, 10), ("/a", 30, 10, 10)]


def test_a_quiet_channel_keeps_its_seconds_beside_a_busy_one() -> None:
    fold = folded([said(second) for second in range(40)] + [said(7, "/b"), said(9, "/b")], Limits(volume_buckets=20))
    assert [entry for entry in brief(fold.snapshot()) if entry[0] == "/b"] == [("/b", 7, 1, 1), ("/b", 9, 1, 1)]


def test_channels_beyond_the_limit_are_one() -> None:
    fold = folded([said(1, f"/{number}") for number in range(10)], Limits(channels=3))
    volumes = fold.snapshot()
    assert len(volumes) == 4
    assert {one.channel: one.messages for one in volumes}[OVERFLOW] == 7
    assert fold.overflow_messages == 7


def test_a_channel_that_is_called_like_the_overflow_is_counted_in_it() -> None:
    fold = folded([said(1, OVERFLOW)] + [said(1, f"/{number}") for number in range(2)], Limits(channels=1))
    assert sum(one.messages for one in fold.snapshot()) == 3
    assert [one.channel for one in fold.snapshot()].count(OVERFLOW) == 1


MESSAGES = st.builds(
    said,
    st.integers(0, 30) | st.integers(0, 5_000) | st.integers(0, 10**9),
    st.sampled_from(["/a", "/b", "/c", "/d", "/e", "/f"]),
    st.integers(0, 300),
    st.sampled_from([CLIENT_TO_SERVER, SERVER_TO_CLIENT, None]),
    st.sampled_from(["text", "undecoded"]),
)
SMALL_LIMITS = st.builds(Limits, volume_buckets=st.integers(6, 30), channels=st.integers(1, 8), volume_sizes=st.integers(2, 8))


@settings(max_examples=120)
@given(st.lists(st.lists(MESSAGES, max_size=25), max_size=4), SMALL_LIMITS)
def test_the_result_depends_neither_on_order_nor_on_the_split(parts: list[list[ChannelMessage]], limits: Limits) -> None:
    whole = [message for part in parts for message in part]
    expected = folded(whole, limits).snapshot()
    assert folded(whole[::-1], limits).snapshot() == expected
    assert folded(sorted(whole, key=lambda message: message.channel), limits).snapshot() == expected
    forward = VolumeFold(limits)
    for part in parts:
        forward.merge(folded(part, limits))
    assert forward.snapshot() == expected
    backward = VolumeFold(limits)
    for part in reversed(parts):
        other = folded(part, limits)
        other.merge(backward)
        backward = other
    assert backward.snapshot() == expected


@given(st.lists(MESSAGES, max_size=60), SMALL_LIMITS)
def test_everything_is_counted_within_the_limit(messages: list[ChannelMessage], limits: Limits) -> None:
    volumes = folded(messages, limits).snapshot()
    assert len(volumes) <= limits.volume_buckets
    assert sum(one.messages for one in volumes) == len(messages)
    assert sum(one.frame_bytes for one in volumes) == sum(message.frame_bytes for message in messages)
    assert sum(one.sizes.count for one in volumes) == sum(message.format != "undecoded" for message in messages)


@given(st.lists(MESSAGES, max_size=20), st.lists(MESSAGES, max_size=20), SMALL_LIMITS)
def test_a_fold_can_be_handed_to_another_process_and_gone_on_with(
    first: list[ChannelMessage], second: list[ChannelMessage], limits: Limits
) -> None:
    fold = pickle.loads(pickle.dumps(folded(first, limits)))
    for message in second:
        fold.add(message)
    assert fold.snapshot() == folded(first + second, limits).snapshot()


def test_merging_leaves_the_other_as_it_was() -> None:
    other = folded([said(1), said(2)], Limits())
    before = other.snapshot()
    fold = folded([said(1)], Limits())
    fold.merge(other)
    fold.add(said(1))
    assert other.snapshot() == before


def test_only_what_changed_is_handed_out_again() -> None:
    fold = folded([said(1), said(2)], Limits())
    assert brief(fold.changed()) == [("/a", 1, 1, 1), ("/a", 2, 1, 1)]
    assert fold.changed() == ()
    fold.add(said(2.5))
    assert brief(fold.changed()) == [("/a", 2, 1, 2)]


def test_what_was_handed_out_and_is_joined_to_others_is_taken_back() -> None:
    fold = folded([said(second) for second in (10, 11, 12)], Limits(volume_buckets=12))
    fold.changed()
    for second in range(20, 40):
        fold.add(said(second))
    assert brief(fold.changed()) == [
        ("/a", 10, 10, 3),
        ("/a", 11, 1, 0),
        ("/a", 12, 1, 0),
        ("/a", 20, 10, 10),
        ("/a", 30, 10, 10),
    ]


class Ledger:
    """A reader who replaces entries by channel, direction and time, as the store does."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str | None, int], int] = {}

    def read(self, volumes: tuple[ChannelVolume, ...]) -> None:
        for one in volumes:
            self.rows[one.channel, one.direction, one.time_ns] = one.messages


@settings(max_examples=120)
@given(
    st.lists(st.lists(MESSAGES, max_size=12), max_size=6),
    st.lists(st.integers(0, 6_000), min_size=6, max_size=6),
    SMALL_LIMITS,
)
def test_a_reader_of_the_changes_has_every_message_once(
    rounds: list[list[ChannelMessage]], forget_before: list[int], limits: Limits
) -> None:
    fold = VolumeFold(limits)
    ledger = Ledger()
    messages = 0
    for number, part in enumerate(rounds):
        for message in part:
            fold.add(message)
        messages += len(part)
        if number % 2:
            fold.forget_before(forget_before[number] * S)  # what has not been handed out yet stays
        ledger.read(fold.changed())
        assert sum(ledger.rows.values()) == messages
        fold.forget_before(forget_before[number] * S)
        assert len(fold.snapshot()) <= limits.volume_buckets


def test_what_was_handed_out_can_be_forgotten() -> None:
    fold = folded([said(1), said(2), said(3)], Limits())
    fold.changed()
    fold.forget_before(3 * S)
    assert brief(fold.snapshot()) == [("/a", 3, 1, 1)]


def test_nothing_is_forgotten_behind_what_has_not_been_handed_out() -> None:
    fold = folded([said(0, direction=SERVER_TO_CLIENT), said(1, direction=SERVER_TO_CLIENT)], Limits())
    fold.changed()
    fold.add(said(0))
    fold.forget_before(1 * S)
    assert brief(fold.snapshot()) == [("/a", 0, 1, 1), ("/a", 0, 1, 1), ("/a", 1, 1, 1)]


def test_what_comes_late_for_a_forgotten_second_is_counted_in_the_first_that_is_left() -> None:
    fold = folded([said(1), said(3)], Limits())
    fold.changed()
    fold.forget_before(3 * S)
    fold.add(said(1))
    assert brief(fold.changed()) == [("/a", 3, 1, 2)]


def test_folds_of_different_limits_do_not_add_up() -> None:
    with pytest.raises(ValueError):
        VolumeFold(Limits(volume_buckets=10)).merge(VolumeFold(Limits(volume_buckets=20)))
