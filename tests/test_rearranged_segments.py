"""Messages do not depend on how TCP carried them: the same bytes in other segments, in another order, doubled, overlapping.

Segments of real captures are rearranged and must give the same connections, handshakes, frames and messages, whole and in
the same order per direction; only packet numbers and times differ. With segments lost, no message appears that was not sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.segments import Segment, batch, cut, double, join, lose, overlap, segments_of, shuffle
from tests.test_pipeline import check_equations
from wsobserve.config import Limits
from wsobserve.pipeline import Pipeline
from wsobserve.records import (
    CLIENT_TO_SERVER,
    Anomaly,
    AnomalyKind,
    ChannelMessage,
    ConnectionSummary,
    Frame,
    Handshake,
    Message,
    Record,
)

CAPTURES = Path(__file__).resolve().parents[1] / "captures"
NAMES = ["abnormal_close.pcap", "browser.pcapng", "fragments.pcap", "ipv6.pcapng", "websockets_chat.pcap", "ws_deflate.pcapng"]

REARRANGE: dict[str, Callable[[list[Segment], Random], list[Segment]]] = {
    "join": join,
    "cut": cut,
    "double": double,
    "overlap": overlap,
    "shuffle": shuffle,
}
BOUNDED = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])

Half = tuple[str | None, str | None, str | None]  # client, server, direction
Told = dict[Half, list[tuple[Any, ...]]]


@cache
def captured(name: str) -> tuple[Segment, ...]:
    return tuple(segments_of(CAPTURES / name))


def observed(segments: list[Segment], step_ns: int = 1_000_000) -> tuple[list[Record], Pipeline]:
    pipeline = Pipeline(Limits(), folds=False)
    records = pipeline.receive(batch((segment.packet() for segment in segments), step_ns))
    return records + pipeline.finish(), pipeline


def messages_of(records: list[Record]) -> list[Message]:
    """Each once, though a message may hold several of its channel."""
    return list({id(record.message): record.message for record in records if isinstance(record, ChannelMessage)}.values())


def half_of(record: Handshake | Frame | Message | ConnectionSummary) -> Half:
    return record.half.client, record.half.server, record.half.direction


def told(records: list[Record]) -> tuple[Told, Told, Told, Told]:
    """Messages, frames, handshakes and ends per direction, without packets and times."""
    messages: Told = defaultdict(list)
    frames: Told = defaultdict(list)
    handshakes: Told = defaultdict(list)
    ends: Told = defaultdict(list)
    for message in messages_of(records):
        kept = (message.opcode, message.payload, message.fragments, message.compressed, message.undecoded, message.frame_bytes)
        messages[half_of(message)].append(kept)
    for record in records:
        match record:
            case Frame():
                header = (record.fin, record.rsv, record.opcode, record.masked, record.payload_length)
                frames[half_of(record)].append((*header, record.payload))
            case Handshake():
                answer = (record.target, record.status_code, record.state, record.subprotocol, record.extensions)
                handshakes[half_of(record)].append(answer)
            case ConnectionSummary(close=close):
                ends[half_of(record)].append((record.state, close.tcp))  # the first of two close frames may be another now
    return messages, frames, handshakes, ends


@cache
def told_of_capture(name: str) -> tuple[Told, Told, Told, Told]:
    records, _ = observed(list(captured(name)))
    return told(records)


@pytest.mark.parametrize("name", NAMES)
def test_rebuilt_packets_are_the_captured_ones(name: str) -> None:
    messages, *_ = told_of_capture(name)
    assert sum(map(len, messages.values())) > 10
    assert all(undecoded is None for half in messages.values() for *_, undecoded, _ in half)


@pytest.mark.parametrize("name", NAMES)
@BOUNDED
@given(ways=st.sets(st.sampled_from(list(REARRANGE)), min_size=1), seed=st.integers(0, 2**32))
def test_messages_do_not_depend_on_how_tcp_carried_them(name: str, ways: set[str], seed: int) -> None:
    segments = list(captured(name))
    chance = Random(seed)
    for way, rearrange in REARRANGE.items():
        if way in ways:
            segments = rearrange(segments, chance)
    records, pipeline = observed(segments)
    for ours, expected in zip(told(records), told_of_capture(name), strict=True):
        assert ours == expected
    check_equations(pipeline.accounting())
    assert not any(isinstance(record, Anomaly) and record.anomaly == AnomalyKind.TCP_OVERLAP_CONFLICT for record in records)


def test_a_response_may_be_captured_in_the_middle_of_its_request() -> None:
    segments = list(captured("websockets_chat.pcap"))
    request = next(i for i, segment in enumerate(segments) if segment.payload)
    response = next(i for i, segment in enumerate(segments) if segment.payload.startswith(b"HTTP/1.1 101 "))
    first, second = segments[request].part(0, 100), segments[request].part(100, len(segments[request].payload))
    between = segments[request + 1 : response]
    records, _ = observed([*segments[:request], first, *between, segments[response], second, *segments[response + 1 :]])
    assert told(records)[0] == told_of_capture("websockets_chat.pcap")[0]


@pytest.mark.parametrize("name", [*NAMES, "midstream.pcap", "socketio.pcapng"])
@BOUNDED
@given(
    share=st.sampled_from([0.01, 0.1, 0.5]),
    step_ns=st.sampled_from([1_000_000, 300_000_000]),  # holes are given up at the end, or in between
    seed=st.integers(0, 2**32),
)
def test_what_is_lost_never_makes_a_message_that_was_not_sent(name: str, share: float, step_ns: int, seed: int) -> None:
    check_nothing_is_made_up(name, lose(list(captured(name)), Random(seed), share), step_ns)


def test_a_hole_behind_an_answer_whose_request_is_lost_is_not_forgotten() -> None:
    check_nothing_is_made_up("websockets_chat.pcap", lose(list(captured("websockets_chat.pcap")), Random(3), 0.5), 10_000_000)


def check_nothing_is_made_up(name: str, segments: list[Segment], step_ns: int) -> None:
    records, pipeline = observed(segments, step_ns)
    sent, *_ = told_of_capture(name)
    # A half that lost its handshake may not know who is the client; the sender is known.
    by_sender: dict[tuple[str, str], list[tuple[int, bytes]]] = defaultdict(list)
    for message in messages_of(records):
        if message.complete:
            by_sender[message.half.source, message.half.destination].append((message.opcode, message.payload))
    for sender, messages in by_sender.items():
        remaining = iter([(opcode, payload) for opcode, payload, *_ in sent_by(sent, sender)])
        for complete in messages:
            assert complete in remaining, sender  # a subsequence: nothing else, and nothing twice
    check_equations(pipeline.accounting())


def sent_by(sent: Told, sender: tuple[str, str]) -> list[tuple[Any, ...]]:
    source, destination = (without_brackets(end) for end in sender)
    for (client, server, direction), messages in sent.items():
        ends = (without_brackets(client or ""), without_brackets(server or ""))
        if (source, destination) == (ends if direction == CLIENT_TO_SERVER else ends[::-1]):
            return messages
    return []


def without_brackets(address: str) -> str:
    return address.replace("[", "").replace("]", "")


@pytest.mark.parametrize("name", ["websockets_chat.pcap", "ws_deflate.pcapng", "fragments.pcap", "ipv6.pcapng"])
@pytest.mark.parametrize("of_clients", [True, False])
def test_of_a_capture_of_one_direction_alone_every_message_is_decoded(name: str, of_clients: bool) -> None:
    segments = captured(name)
    clients = {segment.sender for segment in segments if segment.payload.startswith(b"GET ")}
    records, pipeline = observed([segment for segment in segments if (segment.sender in clients) == of_clients])
    wanted = {
        half: messages for half, messages in told_of_capture(name)[0].items() if (half[2] == CLIENT_TO_SERVER) == of_clients
    }
    assert told(records)[0] == wanted
    check_equations(pipeline.accounting())
