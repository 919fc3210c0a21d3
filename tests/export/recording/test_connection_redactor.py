"""ConnectionRedactor: packets come out in their order, none is lost, none waits for ever."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.export.recording.secret_talk import TEXT, Talk
from tests.segments import Segment, shuffle
from wsobserve.export.recording.connection_redactor import MOST_WAITING, ConnectionRedactor
from wsobserve.export.recording.held_packet import HeldPacket


class Redacting:
    """A redactor that is given segments; the position of each is its packet's time."""

    def __init__(self) -> None:
        self.redactor = ConnectionRedactor()
        self.ready: list[HeldPacket] = []
        self.given = 0

    def give(self, segments: list[Segment]) -> None:
        for segment in segments:
            index = int(segment.sender[8:10] != b"\x9c\x40")
            packet = HeldPacket(self.given, segment.head, 54 + len(segment.payload), 1, "lo")
            self.given += 1
            acknowledged = int.from_bytes(segment.head[42:46], "big")
            self.redactor.receive(
                index, segment.flags, segment.sequence_number, acknowledged, packet, segment.payload, self.ready
            )
            assert [each.time_ns for each in self.ready] == list(range(len(self.ready)))
            assert len(self.ready) + self.redactor.waiting_packets == self.given
            assert self.redactor.waiting_bytes <= MOST_WAITING


def test_in_order_every_packet_comes_out_at_once() -> None:
    redacting = Redacting()
    for segment in Talk().open().chat().close().segments:
        redacting.give([segment])
        assert redacting.redactor.waiting_packets <= 1  # a head of more than a segment


def test_out_of_order_they_wait_and_come_out_in_the_order_of_the_capture() -> None:
    for seed in range(5):
        redacting = Redacting()
        segments = shuffle(Talk(chance=Random(seed)).open().chat().close().segments, Random(seed))
        redacting.give(segments)
        assert redacting.redactor.waiting_packets == 0
        assert redacting.redactor.waiting_bytes == 0
        assert not any(packet.cut for packet in redacting.ready)
        assert [len(packet.data) for packet in redacting.ready] == [54 + len(segment.payload) for segment in segments]


def test_a_packet_that_never_comes_costs_what_it_would_have_explained() -> None:
    talk = Talk().open()
    lost = len(talk.segments)
    for _ in range(3):
        talk.say(False, TEXT, talk.secret(50))
    redacting = Redacting()
    redacting.give([*talk.segments[:lost], *talk.segments[lost + 1 :]])
    assert redacting.redactor.waiting_packets == 2
    assert redacting.redactor.waits_since_ns == lost
    redacting.redactor.give_up_waiting(redacting.ready)
    assert redacting.redactor.waiting_packets == redacting.redactor.waiting_bytes == 0
    assert [packet.cut for packet in redacting.ready[-2:]] == [True, True]
    assert [len(packet.data) for packet in redacting.ready[-2:]] == [54, 54]


def test_how_much_waits_is_bounded() -> None:
    talk = Talk().open()
    lost = len(talk.segments)
    for _ in range(1_000):
        talk.say(False, TEXT, talk.secret(1_000))
    redacting = Redacting()
    redacting.give([*talk.segments[:lost], *talk.segments[lost + 1 :]])
    assert redacting.redactor.waiting_packets == 0
    cut = [packet.cut for packet in redacting.ready]
    assert 0 < sum(cut) < 10  # no more than it took to find the frames again


def test_the_other_direction_s_packets_wait_behind() -> None:
    talk = Talk().open()
    lost = len(talk.segments)
    talk.say(False, TEXT, b"lost").say(False, TEXT, b"a").say(True, TEXT, b"b")
    redacting = Redacting()
    redacting.give([*talk.segments[:lost], *talk.segments[lost + 1 :]])
    assert redacting.redactor.waiting_packets == 2
    redacting.give([talk.segments[lost]])
    assert redacting.redactor.waiting_packets == 0


def test_without_the_client_s_syn_the_server_s_tells_where_it_begins() -> None:
    redacting = Redacting()
    redacting.give(Talk().open().chat().close().segments[1:])
    assert not any(packet.cut for packet in redacting.ready)


def test_frames_behind_the_response_in_one_segment() -> None:
    talk = Talk()
    frame = talk.frame_bytes(False, 0x80 | TEXT, talk.secret(30))
    talk.open(body=frame).say(True, TEXT, talk.secret(30))
    redacting = Redacting()
    redacting.give(talk.segments)
    assert redacting.ready[4].data.endswith(b"\r\n\r\n" + frame[:2] + b"x" * 30)
    assert not any(packet.cut for packet in redacting.ready)


def test_a_client_that_does_not_wait_for_the_response() -> None:
    talk = Talk().open()
    talk.say(True, TEXT, talk.secret(30))
    *before, response, early = talk.segments
    redacting = Redacting()
    redacting.give([*before, early])
    assert redacting.redactor.waiting_packets == 1
    redacting.give([response])
    assert not any(packet.cut for packet in redacting.ready)


def test_other_bytes_that_claim_the_same_place_are_not_shown() -> None:
    for seed in range(20):
        chance = Random(seed)
        talk = Talk(chance=chance).open().chat()
        liar = Talk(chance=Random(1_000 + seed))
        segments = []
        for segment in talk.segments:
            lie = replace(segment, payload=liar.secret(len(segment.payload)))
            segments += [segment, lie] if chance.random() < 0.7 else [segment]
        redacting = Redacting()
        redacting.give(segments)
        redacting.redactor.give_up_waiting(redacting.ready)
        text = b"".join(packet.data[54:] for packet in redacting.ready)
        lies = {secret[at : at + 5] for secret in liar.secrets for at in range(len(secret) - 4)}
        assert not lies & {text[at : at + 5] for at in range(len(text))}


def test_any_order_of_any_pieces_shows_no_secret_and_loses_no_packet() -> None:
    for seed in range(20):
        chance = Random(seed)
        talk = Talk(chance=chance, deflate=bool(seed % 2)).open()
        for _ in range(30):
            talk.say(chance.random() < 0.5, TEXT, talk.secret(chance.randrange(300)), pieces=chance.randrange(1, 4))
        pieces = [
            segment.part(start, min(start + size, len(segment.payload)))
            for segment in talk.segments[3:]
            for size in [chance.choice((1, 2, 3, 50, 200, 2_000))]
            for start in range(0, len(segment.payload), size)
        ]
        chance.shuffle(pieces)
        redacting = Redacting()
        redacting.give([*talk.segments[:3], *pieces, *chance.sample(pieces, len(pieces) // 3)])
        redacting.redactor.give_up_waiting(redacting.ready)
        assert len(redacting.ready) == redacting.given
        text = [packet.data[54:] for packet in redacting.ready]
        secrets = {secret[at : at + 5] for secret in talk.secrets for at in range(len(secret) - 4)}
        assert not secrets & {data[at : at + 5] for data in text for at in range(len(data))}
