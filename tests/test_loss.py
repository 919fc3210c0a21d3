"""Truth under loss: what is recovered of what the sender said, and that nothing else is ever reported.

The sender's truth comes from `sent_traffic`, or from one of our recordings as it was before packets were lost. Bursts
are 2 to 50 packets. A message counts as at hand when all bytes of its frames are in the capture.
"""

from __future__ import annotations

from array import array
from dataclasses import replace
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random

import pytest

from tests import sent_traffic
from tests.segments import batch, packets_of
from tests.sent_traffic import (
    Compression,
    Score,
    Talk,
    Traffic,
    lose,
    make,
    messages_in,
    observed,
    records_of,
    retransmit,
    score,
)
from wsobserve.records import Anomaly, AnomalyKind, Frame, Message, PacketBatch, Record

CAPTURES = Path(__file__).resolve().parents[1] / "captures"
HEADERS = 54  # Ethernet, IPv4, TCP
STEP_NS = 50_000
SHARES = [0.0001, 0.001, 0.002, 0.01, 0.05]
RECORDINGS = ["demo.pcapng", "fragments.pcap", "socketio.pcapng", "websockets_chat.pcap", "ws_deflate.pcapng"]


@cache
def traffic(seed: int, only: Compression | None = None) -> Traffic:
    return make(seed, 1_500, only=only)


def observe(of: Traffic, kept: list[sent_traffic.Packet]) -> Score:
    return score(of, kept, records_of([packet.data for packet in kept], step_ns=STEP_NS))


def assert_nothing_is_invented(result: Score) -> None:
    assert [(message.packet, message.wire_length) for message in result.never_sent] == []
    assert [(frame.packet, frame.opcode, frame.payload_length) for frame in result.wrong_frames] == []


@pytest.mark.parametrize("only", [None, "plain", "takeover", "no_takeover"])
def test_without_loss_everything_that_was_sent_is_reported_and_nothing_else(only: Compression | None) -> None:
    of = traffic(1, only)
    result = observe(of, of.packets)
    assert_nothing_is_invented(result)
    assert result.recovered == result.at_hand == sum(len(sent.messages) for sent in of.sent.values())
    assert result.frames == sum(len(sent.frames) for sent in of.sent.values())
    assert result.undecoded == {}


@pytest.mark.parametrize("resent", [False, True], ids=["sent once", "resent"])
@pytest.mark.parametrize("burst", [False, True], ids=["evenly", "bursts"])
@pytest.mark.parametrize("share", SHARES)
def test_what_is_at_hand_is_recovered_and_nothing_is_invented(share: float, burst: bool, resent: bool) -> None:
    independent = recovered = 0
    for seed in (1, 2):
        of = traffic(seed)
        chance = Random(f"{share} {burst} {resent} {seed}")
        packets = retransmit(of.packets, chance) if resent else of.packets
        # As many bursts in the small capture as a large one would have for its size.
        result = observe(of, lose(packets, chance, max(share, 0.01) if burst else share, burst))
        assert_nothing_is_invented(result)
        independent += result.at_hand - result.after_loss
        recovered += result.recovered - result.after_loss_recovered
    assert recovered / independent >= (0.999 if share <= 0.002 else 0.995)


@pytest.mark.parametrize("only", ["plain", "no_takeover"])
def test_of_every_thousand_messages_at_hand_999_are_recovered_when_2_packets_of_1000_are_lost(only: Compression) -> None:
    of = traffic(3, only)
    result = observe(of, lose(of.packets, Random(3), 0.002))
    assert_nothing_is_invented(result)
    assert result.recovered / result.at_hand >= 0.999


def test_behind_a_loss_a_shared_deflate_context_gives_what_is_certain_and_says_what_is_not() -> None:
    of = traffic(4, "takeover")
    result = observe(of, lose(of.packets, Random(4), 0.005))
    assert_nothing_is_invented(result)
    assert result.missed == []
    assert result.after_loss > 100
    assert result.after_loss_recovered + result.undecoded["context_lost"] >= result.after_loss


def test_where_a_boundary_is_found_again_the_evidence_is_stated() -> None:
    of = traffic(1, "plain")
    kept = lose(of.packets, Random(5), 0.05)
    found = [
        record
        for record in records_of([packet.data for packet in kept], step_ns=STEP_NS)
        if isinstance(record, Anomaly) and record.anomaly is AnomalyKind.RESYNCHRONISED
    ]
    assert len(found) > 20
    assert all(int(anomaly.detail.split(", ")[1].split(" bits of evidence")[0]) >= 34 for anomaly in found)


def test_step_is_kept_through_a_hole_inside_a_payload_and_the_fragments_around_it_are_marked() -> None:
    of = Traffic()
    talk = Talk(of, 20_000, "plain", Random(6))
    talk.open()
    text = b" ".join(b"%d" % number for number in range(4_000))
    talk.send(False, talk.message(False, 1, text, 3) + talk.message(False, 1, b"behind it"))
    talk.finish()
    large = of.sent[20_000, False].messages[0]
    _, second, _ = large.frames
    lost = next(packet for packet in of.packets if second.start + 14 < packet.start < packet.stop < second.stop)
    kept = [packet for packet in of.packets if packet is not lost]
    records = records_of([packet.data for packet in kept], step_ns=STEP_NS)
    result = score(of, kept, records)
    assert_nothing_is_invented(result)
    assert result.recovered == result.at_hand == sum(len(sent.messages) for sent in of.sent.values()) - 1
    assert result.frames == sum(len(sent.frames) for sent in of.sent.values())
    (incomplete,) = [message for message in messages_in(records) if not message.complete]
    assert (incomplete.undecoded, incomplete.fragments) == ("incomplete", len(large.frames))
    assert large.payload.startswith(incomplete.payload)
    assert len(incomplete.payload) > len(large.frames[0].payload)


@pytest.mark.parametrize("name", RECORDINGS)
def test_of_what_real_programs_sent_nothing_is_invented_when_packets_are_lost(name: str) -> None:
    packets = packets_of(CAPTURES / name)
    whole = records_of(packets)
    sent_messages = {message_key(record) for record in messages_in(whole) if record.complete}
    sent_frames = {frame_key(record) for record in whole if isinstance(record, Frame)}
    for share in (0.002, 0.01, 0.05):
        for seed in range(3):
            chance = Random(f"{name} {share} {seed}")
            records = records_of([packet for packet in packets if chance.random() >= share])
            assert {message_key(message) for message in messages_in(records) if message.complete} <= sent_messages
            assert {frame_key(record) for record in records if whole_frame(record)} <= sent_frames


def whole_frame(record: Record) -> bool:
    return isinstance(record, Frame) and len(record.payload) == record.payload_length


def message_key(message: object) -> tuple[object, ...]:
    assert isinstance(message, Message)
    return message.half.source, message.half.destination, message.opcode, message.payload


def frame_key(record: Record) -> tuple[object, ...]:
    assert isinstance(record, Frame)
    return record.half.source, record.half.destination, record.opcode, record.fin, record.rsv, record.payload


def cut_to(of: Traffic, snap_length: int) -> Score:
    """What became of it when of every packet only the first `snap_length` bytes were captured."""
    whole = batch([packet.data for packet in of.packets], STEP_NS)
    lengths = [min(length, snap_length) for length in whole.original_lengths]
    offsets = array("q", [0, *accumulate(lengths)][:-1])
    data = b"".join(packet.data[:snap_length] for packet in of.packets)
    cut = PacketBatch(data, offsets, array("q", lengths), whole.original_lengths, whole.times_ns, 1, 1, "cut")
    kept = [replace(packet, stop=min(packet.stop, packet.start + max(snap_length - HEADERS, 0))) for packet in of.packets]
    return score(of, kept, observed([cut]))


@pytest.mark.parametrize("only", ["plain", "no_takeover"])
def test_every_snap_length_leaves_lengths_and_counts_right_and_no_message_is_wrong(only: Compression) -> None:
    of = make(7, 30, connections=3, only=only, apart=True)
    frames = sum(len(sent.frames) for sent in of.sent.values())
    messages = sum(len(sent.messages) for sent in of.sent.values())
    handshake = max(packet.stop for packet in of.packets if packet.start == 0)
    for snap_length in range(HEADERS, 401):
        result = cut_to(of, snap_length)
        assert_nothing_is_invented(result)
        if snap_length >= HEADERS + handshake:
            assert result.frames == frames  # each of them as long as it was: none is wrong
            assert result.recovered == result.at_hand == messages - result.undecoded.get("incomplete", 0)
        elif snap_length >= HEADERS + 62:
            assert result.frames > frames / 2  # the first ones are spent on the evidence that this is a WebSocket
