"""Following: each packet to its connection, each counted once, and nothing grows without a limit."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.export.recording.secret_talk import TEXT, WAYS, Talk
from tests.segments import batch
from wsobserve.export.recording.choice import Choice
from wsobserve.export.recording.following import CLOSED_NS, IDLE_NS, MOST_FOLLOWED, Following
from wsobserve.export.recording.held_packet import HeldPacket
from wsobserve.export.recording.look_back import LookBack
from wsobserve.export.recording.settings import Payloads, RecordingSettings


class Followers:
    """Following, with what it writes."""

    def __init__(self, payloads: Payloads = "whole", sample: float = 0.0, anomalies: tuple[str, ...] = ()) -> None:
        self.written: list[HeldPacket] = []
        self.comments: list[str] = []
        self.look_back = LookBack(16 << 20)
        choice = Choice(RecordingSettings(directory="d", sample=sample, anomalies=anomalies))
        self.following = Following(payloads, choice, self.look_back, self._write)

    def _write(self, packet: HeldPacket, comment: str) -> None:
        self.written.append(packet)
        if comment:
            self.comments.append(comment)

    def check(self) -> None:
        """Every packet is somewhere."""
        following = self.following
        assert following.packets_seen == (
            len(self.written)
            + following.not_tcp
            + following.not_chosen
            + following.waiting_packets
            + self.look_back.packets
            + self.look_back.dropped
        )


@pytest.mark.parametrize("way", WAYS)
@given(data=st.lists(st.binary(max_size=120), max_size=8), link_type=st.sampled_from([0, 1, 101, 113, 276]))
@settings(max_examples=20, deadline=None)
def test_any_bytes_raise_nothing_and_are_counted(way: Payloads, data: list[bytes], link_type: int) -> None:
    followers = Followers(way, anomalies=("any",))
    followers.following.receive(batch(data, link_type=link_type))
    followers.check()
    followers.following.finish()
    followers.check()


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_broken_packets_of_a_real_talk_raise_nothing(seed: int) -> None:
    chance = Random(seed)
    talk = Talk(chance=chance).open().chat().close()
    packets = []
    for segment in talk.segments:
        packet = bytearray(segment.packet())
        if chance.random() < 0.3:
            packet[chance.randrange(len(packet))] = chance.randrange(256)
        packets.append(bytes(packet[: chance.randrange(14, len(packet) + 1)]) if chance.random() < 0.1 else bytes(packet))
    for way in WAYS:
        followers = Followers(way, sample=1.0)
        followers.following.receive(batch(packets))
        followers.following.finish()
        followers.check()


def test_what_is_not_in_the_sample_is_counted_and_nothing_of_it_is_held() -> None:
    followers = Followers(sample=0.0)
    talk = Talk().open().chat()
    followers.following.receive(batch([segment.packet() for segment in talk.segments]))
    assert followers.following.not_chosen == len(talk.segments)
    assert followers.look_back.packets == 0
    followers.check()


def test_arp_and_fragments_are_of_no_connection() -> None:
    talk = Talk().send(True, b"hello")
    fragment = bytearray(talk.segments[0].packet())
    fragment[20] = 0x20  # more fragments
    followers = Followers(sample=1.0)
    followers.following.receive(batch([bytes(12) + b"\x08\x06" + bytes(28), bytes(fragment)]))
    assert followers.following.not_tcp == 2
    followers.check()


def test_a_connection_is_forgotten_a_while_after_its_end_or_when_it_is_idle() -> None:
    followers = Followers(anomalies=("any",))
    closed = Talk(port=1).open().close()
    idle = Talk(port=2).open()
    packets = batch([segment.packet() for segment in [*closed.segments, *idle.segments]])
    followers.following.receive(packets)
    now_ns = packets.times_ns[-1]
    followers.following.expire(now_ns + CLOSED_NS // 2)
    assert followers.look_back.packets == len(packets)
    followers.following.expire(now_ns + 2 * CLOSED_NS)
    assert followers.look_back.packets == len(idle.segments)
    followers.following.expire(now_ns + 2 * IDLE_NS)
    assert followers.look_back.packets == 0
    followers.check()


def test_how_many_connections_are_followed_is_bounded() -> None:
    followers = Followers("headers", anomalies=("any",))
    template = Talk(port=40_000).send(True, b"", 2).segments[0].packet()
    for start in range(0, MOST_FOLLOWED + 5_000, 1_000):
        packets = []
        for number in range(start, start + 1_000):
            packet = bytearray(template)
            packet[26:30] = (0x0B000000 + number).to_bytes(4, "big")
            packets.append(bytes(packet))
        followers.following.receive(batch(packets))
    assert followers.following.connections <= MOST_FOLLOWED
    followers.check()


def test_a_flood_pushes_out_no_connection_that_is_more_than_a_packet() -> None:
    followers = Followers("headers", anomalies=("any",))
    talk = Talk(port=1).open()
    followers.following.receive(batch([segment.packet() for segment in talk.segments]))
    template = Talk(port=40_000).send(True, b"", 2).segments[0].packet()
    packets = []
    for number in range(2 * MOST_FOLLOWED):
        packet = bytearray(template)
        packet[26:30] = (0x0B000000 + number).to_bytes(4, "big")
        packets.append(bytes(packet))
    followers.following.receive(batch(packets, step_ns=1))
    followers.check()
    key = b"\x0a\0\0\x01\x0a\0\0\x02\0\x01\x1f\x90"
    followers.following.choose(key, 1 << 62, "anomaly", "anomaly any")
    assert len(followers.written) == len(talk.segments)


def test_ports_that_are_used_many_times_in_a_batch_leave_nothing_behind() -> None:
    followers = Followers(anomalies=("any",))
    talks = [Talk(sequence_numbers=(number * 10_000, number * 20_000)).open() for number in range(5)]
    followers.following.receive(batch([segment.packet() for talk in talks for segment in talk.segments]))
    followers.check()
    followers.following.forget_replaced()
    assert followers.look_back.packets == len(talks[-1].segments)
    followers.check()


def test_choosing_what_is_not_there_does_nothing() -> None:
    followers = Followers(anomalies=("any",))
    followers.following.choose(bytes(12), 0, "anomaly", "anomaly any")
    assert followers.written == []


def test_a_packet_that_waits_for_too_long_comes_out_cut() -> None:
    talk = Talk().open()
    gone = len(talk.segments)
    talk.say(False, TEXT, b"a").say(False, TEXT, b"b")
    packets = batch([segment.packet() for number, segment in enumerate(talk.segments) if number != gone])
    followers = Followers("redacted", sample=1.0)
    followers.following.receive(packets)
    assert followers.following.waiting_packets == 1
    followers.following.expire(packets.times_ns[-1] + 1_000_000_000)
    assert followers.following.waiting_packets == 1
    followers.following.expire(packets.times_ns[-1] + 3_000_000_000)
    assert followers.following.waiting_packets == 0
    assert followers.written[-1].cut
    followers.check()
    assert len(followers.comments) == 1
