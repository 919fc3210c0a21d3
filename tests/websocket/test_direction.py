"""One direction of an open connection: every violation is said while decoding goes on, every byte is accounted for."""

from __future__ import annotations

import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.websocket.wire import (
    BINARY,
    CLIENT_HALF,
    CLOSE,
    CONTINUATION,
    KEY,
    PING,
    PONG,
    RSV1,
    RSV3,
    SERVER_HALF,
    TEXT,
    Deflater,
    anomalies,
    close,
    cuts,
    fragmented,
    frame,
    frames,
    header,
    messages,
    text,
    timeless,
)
from wsobserve.config import Limits
from wsobserve.records import Anomaly, AnomalyKind, Record
from wsobserve.websocket.direction import DirectionDecoder

A = AnomalyKind


def server(limits: Limits | None = None, *, in_step: bool = True) -> DirectionDecoder:
    return DirectionDecoder(SERVER_HALF, False, limits or Limits(), in_step)


def client(limits: Limits | None = None, *, in_step: bool = True) -> DirectionDecoder:
    return DirectionDecoder(CLIENT_HALF, True, limits or Limits(), in_step)


def feed(decoder: DirectionDecoder, *pieces: bytes | int, end: bool = True) -> list[Record]:
    """Bytes, or how many are missing."""
    records: list[Record] = []
    for packet, piece in enumerate(pieces, 1):
        records += decoder.gap(piece, packet, packet) if isinstance(piece, int) else decoder.receive(piece, packet, packet)
    return records + (decoder.end(len(pieces), len(pieces)) if end else [])


def payloads(records: list[Record]) -> list[bytes]:
    return [message.payload for message in messages(records)]


DIALOGUE = (
    text("Hello")
    + frame(TEXT, b"Hel", fin=False)
    + frame(PING, b"now")
    + frame(CONTINUATION, b"lo")
    + frame(BINARY, bytes(range(200)))
    + close(1000, b"bye")
)


def test_control_frames_may_come_between_fragments() -> None:
    decoder = server()
    records = feed(decoder, DIALOGUE)
    assert payloads(records) == [b"Hello", b"Hello", bytes(range(200))]
    assert [each.opcode for each in frames(records)] == [TEXT, TEXT, PING, CONTINUATION, BINARY, CLOSE]
    assert anomalies(records) == []
    count = decoder.count()
    assert (count.frames, count.messages, count.control_frames) == (6, 3, 2)
    assert (count.wire_bytes, count.payload_bytes) == (len(DIALOGUE), 210)
    assert decoder.frames == {"text": 2, "ping": 1, "continuation": 1, "binary": 1, "close": 1}


def test_records_do_not_depend_on_how_bytes_are_cut() -> None:
    whole = timeless(feed(server(), DIALOGUE))
    for pieces in cuts(DIALOGUE):
        assert timeless(feed(server(), *pieces)) == whole


AFTER = text("after")
VIOLATIONS = [
    pytest.param(frame(TEXT, b"x", rsv=RSV1), A.FRAME_RESERVED_BIT, id="RSV1 without an extension"),
    pytest.param(frame(TEXT, b"x", rsv=RSV3), A.FRAME_RESERVED_BIT, id="RSV3"),
    pytest.param(frame(PING, b"x", rsv=RSV1), A.FRAME_RESERVED_BIT, id="RSV1 on a control frame"),
    pytest.param(frame(3, b"x"), A.FRAME_RESERVED_OPCODE, id="reserved data opcode"),
    pytest.param(frame(0xB, b"x"), A.FRAME_RESERVED_OPCODE, id="reserved control opcode"),
    pytest.param(text("x", KEY), A.FRAME_MASKED, id="masked by the server"),
    pytest.param(frame(TEXT, b"x", form=16), A.FRAME_LENGTH_NOT_MINIMAL, id="16 bits for one byte"),
    pytest.param(frame(TEXT, bytes(200), form=64), A.FRAME_LENGTH_NOT_MINIMAL, id="64 bits for 200 bytes"),
    pytest.param(frame(PING, bytes(126)), A.CONTROL_FRAME_TOO_LONG, id="long ping"),
    pytest.param(frame(PONG, b"x", fin=False), A.CONTROL_FRAME_FRAGMENTED, id="fragmented pong"),
    pytest.param(frame(CONTINUATION, b"x"), A.CONTINUATION_UNEXPECTED, id="continuation of nothing"),
    pytest.param(frame(TEXT, b"x", fin=False) + text("y"), A.CONTINUATION_EXPECTED, id="message in a message"),
    pytest.param(text(b"\xff"), A.INVALID_UTF8, id="text that is no UTF-8"),
]


@pytest.mark.parametrize(("data", "kind"), VIOLATIONS)
def test_each_violation_is_said_and_decoding_goes_on(data: bytes, kind: AnomalyKind) -> None:
    records = feed(server(), data + AFTER)
    assert anomalies(records) == [kind]
    assert payloads(records)[-1] == b"after"
    for pieces in cuts(data + AFTER):
        assert anomalies(feed(server(), *pieces)) == [kind]


def test_a_client_that_does_not_mask() -> None:
    records = feed(client(), text("x") + text("y", KEY))
    assert anomalies(records) == [A.FRAME_NOT_MASKED]
    assert payloads(records) == [b"x", b"y"]


@pytest.mark.parametrize(
    ("data", "kinds"),
    [
        pytest.param(frame(CLOSE, b"x"), [A.CLOSE_PAYLOAD_INVALID], id="one byte"),
        pytest.param(close(1000, b"\xff"), [A.CLOSE_PAYLOAD_INVALID], id="reason that is no UTF-8"),
        pytest.param(close(999), [A.CLOSE_CODE_INVALID], id="999"),
        pytest.param(close(1005), [A.CLOSE_CODE_INVALID], id="1005"),
        pytest.param(close(1006), [A.CLOSE_CODE_INVALID], id="1006"),
        pytest.param(close(1015), [A.CLOSE_CODE_INVALID], id="1015"),
        pytest.param(close(2999), [A.CLOSE_CODE_INVALID], id="2999"),
        pytest.param(close(5000), [A.CLOSE_CODE_INVALID], id="5000"),
        pytest.param(close(), [], id="none"),
        pytest.param(close(1014), [], id="1014"),
        pytest.param(close(3000), [], id="3000"),
        pytest.param(close(4999, b"why"), [], id="4999"),
        pytest.param(frame(CLOSE, b"\x03\xe8" + b"x" * 256), [A.CONTROL_FRAME_TOO_LONG], id="258 bytes"),
    ],
)
def test_what_a_close_frame_may_hold(data: bytes, kinds: list[AnomalyKind]) -> None:
    assert anomalies(feed(server(), data)) == kinds


def test_frames_after_a_close_are_said_and_given() -> None:
    decoder = server()
    records = feed(decoder, close(1001, b"going away") + AFTER + close(1000))
    assert anomalies(records) == [A.FRAME_AFTER_CLOSE, A.FRAME_AFTER_CLOSE]
    assert payloads(records) == [b"after"]
    assert decoder.close_frame is not None
    assert (decoder.close_frame.status_code, decoder.close_frame.reason) == (1001, "going away")


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        (b"Going away.", "Going away."),
        (b"token=abc123", None),
        (b"user bob@example.test left", None),
        ("até já".encode(), None),
        (b"", None),
    ],
)
def test_a_reason_is_shown_only_when_it_looks_like_a_fixed_phrase(reason: bytes, shown: str | None) -> None:
    decoder = server()
    feed(decoder, close(1000, reason))
    assert decoder.close_frame is not None
    assert (decoder.close_frame.reason, decoder.close_frame.reason_length) == (shown, len(reason))


def test_a_reason_with_a_hole_is_not_judged() -> None:
    decoder = server()
    records = feed(decoder, close(1000, "à plus tard".encode())[:5], 11)
    assert anomalies(records) == [A.GAP_IN_STREAM]
    assert decoder.close_frame is not None
    assert (decoder.close_frame.status_code, decoder.close_frame.reason, decoder.close_frame.reason_length) == (1000, None, 12)


def test_a_length_that_cannot_be_loses_the_direction_until_a_boundary_is_certain() -> None:
    broken = text("a") + b"\x82\x7f\x80" + bytes(7)
    rest = text('{"a":1,"b":"x"}') * 3
    decoder = server()
    records = feed(decoder, broken + rest)
    assert anomalies(records) == [A.FRAME_LENGTH_INVALID, A.DIRECTION_LOST, A.RESYNCHRONISED]
    assert payloads(records) == [b"a"] + [b'{"a":1,"b":"x"}'] * 3
    assert decoder.count().unsynchronised_bytes == 10


def test_a_stream_that_ends_inside_a_frame_or_a_message_says_so() -> None:
    records = feed(server(), text("Hello")[:4])
    assert anomalies(records) == [A.FRAME_INCOMPLETE]
    decoder = server()
    (message,) = messages(feed(decoder, frame(TEXT, b"Hel", fin=False)))
    assert (message.payload, message.undecoded) == (b"Hel", "incomplete")
    assert decoder.undecoded == {"incomplete": 1}
    assert decoder.end(9, 9) == []


@pytest.mark.parametrize("key", [None, KEY])
def test_a_hole_inside_a_payload_costs_only_that_message(key: bytes | None) -> None:
    data = text("0123456789", key)
    decoder = server() if key is None else client()
    records = feed(decoder, data[: len(data) - 7], 3, data[-4:] + text("after", key))
    holed, after = messages(records)
    assert (holed.payload, holed.length, holed.undecoded) == (b"012", 10, "incomplete")
    assert (after.payload, after.complete) == (b"after", True)
    assert anomalies(records) == [A.GAP_IN_STREAM]
    count = decoder.count()
    assert (count.lost_bytes, count.gaps, count.unsynchronised_bytes, decoder.missing_bytes) == (3, 1, 0, 3)


def test_a_hole_in_one_fragment_leaves_the_message_incomplete_and_in_step() -> None:
    data = fragmented(TEXT, [b"first", b"second", b"third"])
    records = feed(server(), data[:10], 3, data[13:] + AFTER)
    holed, after = messages(records)
    assert (holed.payload, holed.fragments, holed.length, holed.undecoded) == (b"firsts", 3, 16, "incomplete")
    assert after.complete


def test_a_lost_fragment_ends_its_message_and_the_rest_of_it_is_no_violation() -> None:
    pieces = [b'{"a":"' + b"x" * 50, b"y" * 50, b'z"}']
    data = fragmented(TEXT, pieces)
    first, second = len(frame(TEXT, pieces[0])), len(frame(CONTINUATION, pieces[1]))
    behind = text('{"after":1,"b":"c"}') * 2
    records = feed(server(), data[:first], second, data[first + second :] + behind)
    assert [(each.undecoded, each.fragments) for each in messages(records)] == [("incomplete", 1), (None, 1), (None, 1)]
    assert anomalies(records) == [A.GAP_IN_STREAM, A.DIRECTION_LOST, A.RESYNCHRONISED]


@pytest.mark.parametrize("cut", [0, 1, 2, 3])
def test_a_hole_over_a_header_is_survived_with_the_right_counts(cut: int) -> None:
    lost = frame(TEXT, b'{"lost":"' + b"x" * 200 + b'"}')
    kept = text('{"kept":1,"b":"c"}')
    decoder = server()
    records = feed(decoder, kept + lost[:cut], 5, lost[cut + 5 :] + kept * 3)
    assert payloads(records) == [b'{"kept":1,"b":"c"}'] * 4
    assert anomalies(records) == [A.GAP_IN_STREAM, A.DIRECTION_LOST, A.RESYNCHRONISED]
    count = decoder.count()
    assert (count.lost_bytes, count.unsynchronised_bytes) == (5, len(lost) - 5)
    assert count.wire_bytes == 4 * len(kept)


def test_a_direction_that_never_becomes_certain_stays_lost_and_counts() -> None:
    decoder = server()
    noise = random.Random(1).randbytes(3_000)
    records = feed(decoder, text("a"), 5, noise)
    assert anomalies(records) == [A.GAP_IN_STREAM, A.DIRECTION_LOST]
    assert (decoder.count().unsynchronised_bytes, decoder.count().wire_bytes) == (3_000, 3)


def test_holes_one_after_the_other_while_lost() -> None:
    message = text('{"kept":1,"b":"c"}')
    decoder = server()
    records = feed(decoder, 5, b"\xff" * 9, 7, b"\xfe" * 9, 3, message * 2)
    assert payloads(records) == [b'{"kept":1,"b":"c"}'] * 2
    assert (decoder.count().gaps, decoder.count().lost_bytes, decoder.count().unsynchronised_bytes) == (3, 15, 18)


def test_a_boundary_that_turns_out_wrong_is_given_up() -> None:
    good = text('{"kept":1,"b":"c"}')
    decoder = server()
    # Two messages are believed; then comes a frame that no server of this connection would send.
    records = feed(decoder, 5, good * 2, frame(7, b"?"), good * 2)
    assert anomalies(records) == [A.GAP_IN_STREAM, A.DIRECTION_LOST, A.RESYNCHRONISED, A.DIRECTION_LOST, A.RESYNCHRONISED]
    assert len(payloads(records)) == 4
    assert decoder.count().unsynchronised_bytes == 3


@pytest.mark.parametrize(
    "wrong",
    [
        frame(CONTINUATION, b"x"),
        text(b"\xff"),
        frame(TEXT, b"x", rsv=RSV3),
        text("x", KEY),
        frame(TEXT, b"x", form=16),
        frame(PING, bytes(126)),
        frame(PING, b"", fin=False),
        frame(TEXT, b"x", fin=False) + text("y"),
    ],
)
def test_soon_after_a_loss_any_violation_means_that_the_boundary_was_wrong(wrong: bytes) -> None:
    good = text('{"kept":1,"b":"c"}')
    decoder = server()
    records = feed(decoder, 5, good * 2, wrong)
    assert anomalies(records)[-1] == A.DIRECTION_LOST


def test_a_server_that_masks_is_found_again_by_its_masks() -> None:
    good = text('{"kept":1,"b":"c"}', KEY)
    records = feed(server(), good, 5, good * 2)
    assert len(payloads(records)) == 3


def test_a_compressed_stream_after_a_loss_says_what_it_cannot_know() -> None:
    deflater = Deflater()
    wires = [frame(TEXT, deflater(b'{"type":"tick","number":%d}' % number), rsv=RSV1) for number in range(12)]
    decoder = server()
    decoder.agree_on(True, other_extension=False)
    records = feed(decoder, wires[0], len(wires[1]), *wires[2:], text("plain"))
    first, *rest, last = messages(records)
    assert (first.complete, last.complete) == (True, True)
    assert {message.undecoded for message in rest} == {"context_lost"}
    assert decoder.anomaly_counts[A.INFLATE_CONTEXT_LOST] == len(rest)


def test_without_context_takeover_a_loss_costs_only_what_was_lost() -> None:
    deflater = Deflater(takeover=False)
    sent = [b'{"type":"tick","number":%d}' % number for number in range(12)]
    wires = [frame(TEXT, deflater(each), rsv=RSV1) for each in sent]
    decoder = server()
    decoder.agree_on(False, other_extension=False)
    records = feed(decoder, wires[0], len(wires[1]), *wires[2:])
    assert payloads(records) == [sent[0], *sent[2:]]


def test_an_unknown_extension_defines_the_reserved_bits() -> None:
    decoder = server()
    decoder.agree_on(None, other_extension=True)
    records = feed(decoder, frame(TEXT, b"x", rsv=RSV3) + frame(TEXT, b"x", rsv=RSV1) + text("plain"))
    assert anomalies(records) == []
    assert [message.undecoded for message in messages(records)] == ["unknown_extension", "unknown_extension", None]


def test_anomalies_are_capped_but_counted() -> None:
    decoder = server(Limits(held_anomalies=3))
    records = feed(decoder, frame(3) * 10)
    assert len([each for each in records if isinstance(each, Anomaly)]) == 3
    assert decoder.anomaly_counts == {A.FRAME_RESERVED_OPCODE: 10}


def test_a_message_over_the_limit_is_cut_and_counted_in_full() -> None:
    decoder = server(Limits(message_payload=10))
    records = feed(decoder, text("x" * 100) + fragmented(TEXT, [b"y" * 8] * 5) + AFTER)
    assert [(each.length, len(each.payload), each.undecoded) for each in messages(records)] == [
        (100, 10, "over_limit"),
        (40, 10, "over_limit"),
        (5, 5, None),
    ]
    assert anomalies(records) == [A.LIMIT_MESSAGE_SIZE] * 2
    assert decoder.count().payload_bytes == 145


def test_a_bomb_is_cut_and_the_window_stays_in_step() -> None:
    decoder, deflater = server(Limits(inflated_payload=100)), Deflater()
    decoder.agree_on(True, other_extension=False)
    wires = [frame(TEXT, deflater(b"0123456789" * size), rsv=RSV1) for size in (1_000_000, 5)]
    bomb, after = messages(feed(decoder, *wires))
    assert (bomb.length, len(bomb.payload), bomb.undecoded) == (10_000_000, 100, "over_limit")
    assert (after.payload, after.complete) == (b"0123456789" * 5, True)


def test_joined_in_the_middle_nothing_is_believed_before_it_is_certain() -> None:
    decoder = client(in_step=False)
    records = feed(decoder, text('{"type":"x","n":1}', KEY)[7:], *[text('{"type":"x","n":1}', KEY)] * 3)
    assert len(messages(records)) == 3
    assert anomalies(records) == [A.RESYNCHRONISED]


valid_frame = st.builds(
    lambda opcode, payload, fin, form: frame(opcode, payload, fin=fin, form=form),
    st.integers(0, 15),
    st.binary(max_size=30),
    st.booleans(),
    st.sampled_from([None, 16, 64]),
)
GIVE_UP = None
events = st.lists(
    st.one_of(valid_frame, valid_frame, st.binary(max_size=40), st.integers(1, 200), st.just(GIVE_UP)), max_size=25
)


@given(events, st.booleans(), st.booleans(), st.integers(1, 60))
def test_any_bytes_and_holes_are_accounted_for_whatever_is_given_up(
    story: list[bytes | int | None], in_step: bool, deflate: bool, limit: int
) -> None:
    limits = Limits(message_payload=limit, inflated_payload=limit, resynchronise_buffer=limit)
    decoder = server(limits, in_step=in_step)
    decoder.agree_on(True if deflate else None, other_extension=False)
    records: list[Record] = []
    delivered = lost = 0
    for packet, event in enumerate([*story, "end"]):
        match event:
            case "end":
                records += decoder.end(packet, packet)
            case None:
                decoder.give_up()
                assert decoder.weight == 0
            case int():
                lost += event
                records += decoder.gap(event, packet, packet)
            case bytes():
                delivered += len(event)
                records += decoder.receive(event, packet, packet)
        count = decoder.count()
        in_frames = count.wire_bytes - decoder.missing_bytes
        assert delivered == in_frames + count.unsynchronised_bytes + decoder.pending_bytes
        assert count.lost_bytes == lost
    assert count.frames == len(frames(records)) == sum(decoder.frames.values())
    assert count.messages == len(messages(records))
    assert sum(decoder.undecoded.values()) == len([each for each in messages(records) if not each.complete])


@given(st.lists(valid_frame, max_size=12), st.integers(1, 20))
def test_in_step_nothing_depends_on_how_bytes_are_cut(story: list[bytes], size: int) -> None:
    data = b"".join(story)
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    assert timeless(feed(server(), *pieces)) == timeless(feed(server(), data))


def test_thousands_of_broken_headers_at_once_are_survived() -> None:
    good, broken = text('{"kept":1,"b":"c"}'), b"\x82\x7f\x80" + bytes(7)
    decoder = server()
    data = (good * 2 + broken) * 2_000
    records = feed(decoder, data, good * 3)
    assert len(payloads(records)) >= 5
    data += good * 3
    assert decoder.count().wire_bytes + decoder.count().unsynchronised_bytes == len(data)


def test_a_hole_that_shows_a_boundary_to_be_wrong_loses_the_direction_once() -> None:
    good = text('{"kept":1,"b":"c"}')
    decoder = server()
    records = feed(decoder, 5, good * 2, frame(7, b"?" * 20)[:5], 30, end=False)
    assert anomalies(records)[-2:] == [A.GAP_IN_STREAM, A.DIRECTION_LOST]
    assert decoder.anomaly_counts[A.DIRECTION_LOST] == 2
    assert (decoder.missing_bytes, decoder.count().unsynchronised_bytes) == (0, 5)


@pytest.mark.parametrize("key", [None, KEY])
def test_a_long_message_takes_twice_its_memory_at_most(key: bytes | None) -> None:
    length = 4 * 1024 * 1024
    data = frame(BINARY, bytes(length), key=key) if key is None else header(BINARY, length, key=key) + b"\1" * length
    decoder = server() if key is None else client()
    tracemalloc.start()
    records: list[Record] = []
    for start in range(0, len(data), 1_460):
        records += decoder.receive(data[start : start + 1_460], 1, 1)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(payloads(records)[0]) == length
    assert most < 2.3 * length


@pytest.mark.parametrize("payload", [b"plain", b"\xc3\xa9 \xff"])
def test_without_records_of_frames_and_messages_the_same_is_counted(payload: bytes) -> None:
    data = DIALOGUE + text(payload) + fragmented(TEXT, [payload, payload]) + frame(TEXT, payload, rsv=RSV3)
    decoder = DirectionDecoder(SERVER_HALF, False, Limits(), True, frames=False, messages=False)
    other = server()
    records = feed(decoder, data)
    assert records == [record for record in feed(other, data) if isinstance(record, Anomaly)]
    assert (decoder.count(), decoder.frames) == (other.count(), other.frames)


def test_a_bomb_without_end_is_given_up_and_its_length_is_not_known() -> None:
    decoder, deflater = server(Limits(inflated_payload=100, inflated_walk=200_000)), Deflater()
    decoder.agree_on(True, other_extension=False)
    wires = [frame(TEXT, deflater(b"0123456789" * size), rsv=RSV1) for size in (100_000, 5)]
    bomb, after = messages(feed(decoder, *wires))
    assert (bomb.length, len(bomb.payload), bomb.undecoded) == (None, 100, "over_limit")
    assert after.undecoded == "context_lost"
    assert decoder.anomaly_counts[A.LIMIT_INFLATED_SIZE] == 1
