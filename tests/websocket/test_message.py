"""The assembler: fragments and interjections after RFC 6455, 5.4, text after 8.1, and the reason for what is not whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.websocket.wire import BINARY, CONTINUATION, RSV1, RSV2, SERVER_HALF, TEXT, Deflater
from wsobserve.records import AnomalyKind, Message, Record
from wsobserve.websocket.deflate import Inflater
from wsobserve.websocket.frame import CurrentFrame
from wsobserve.websocket.message import MessageAssembler

MIB = 1024 * 1024


def assembler(*, deflate: bool = False, keep: int = MIB, keep_inflated: int = MIB) -> MessageAssembler:
    made = MessageAssembler(SERVER_HALF, keep, keep_inflated)
    if deflate:
        made.inflater = Inflater(True, keep_inflated)
    return made


def part(
    opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0, length: int | None = None, time_ns: int = 5
) -> CurrentFrame:
    """A frame; `length` when not all of its payload is at hand."""
    frame = CurrentFrame()
    frame.time_ns = frame.packet = frame.started_ns = time_ns
    frame.fin, frame.rsv, frame.opcode = fin, rsv, opcode
    frame.payload_length = len(payload) if length is None else length
    frame.header_length = 2
    frame.at_hand = len(payload)
    frame._payload = payload
    return frame


def receive(made: MessageAssembler, frame: CurrentFrame) -> list[Message]:
    out: list[Record] = []
    made.receive(frame, out)
    return only_messages(out)


def lose(made: MessageAssembler, time_ns: int, packet: int) -> list[Message]:
    out: list[Record] = []
    made.lose(time_ns, packet, out)
    return only_messages(out)


def only_messages(out: list[Record]) -> list[Message]:
    found = [record for record in out if isinstance(record, Message)]
    assert len(found) == len(out)
    return found


def kinds(made: MessageAssembler) -> list[AnomalyKind]:
    return [kind for kind, _ in made.anomalies]


def test_a_frame_is_a_message() -> None:
    made = assembler()
    (only,) = receive(made, part(TEXT, b"Hello", time_ns=7))
    assert only == Message(SERVER_HALF, 7, 7, 7, TEXT, 1, False, 5, 5, True, True, b"Hello", None, 7)
    assert made.anomalies == []


def test_fragments_are_put_together() -> None:
    made = assembler()
    assert receive(made, part(TEXT, b"Hel", fin=False, time_ns=1)) == []
    assert made.in_message
    assert receive(made, part(CONTINUATION, b"", fin=False, time_ns=2)) == []
    (message,) = receive(made, part(CONTINUATION, b"lo", time_ns=3))
    assert (message.payload, message.fragments, message.wire_length, message.frame_bytes) == (b"Hello", 3, 5, 11)
    assert (message.started_ns, message.time_ns) == (1, 3)
    assert not made.in_message


def test_a_character_may_be_split_between_fragments() -> None:
    made = assembler()
    receive(made, part(TEXT, "é".encode()[:1], fin=False))
    (message,) = receive(made, part(CONTINUATION, "é".encode()[1:]))
    assert message.valid_utf8 is True
    assert made.anomalies == []


@pytest.mark.parametrize("payload", [b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xff", b"caf\xc3"])
def test_text_that_is_not_utf8_is_given_and_said_to_be(payload: bytes) -> None:
    made = assembler()
    (message,) = receive(made, part(TEXT, payload))
    assert (message.valid_utf8, message.payload, message.complete) == (False, payload, True)
    assert kinds(made) == [AnomalyKind.INVALID_UTF8]


def test_binary_may_be_anything() -> None:
    made = assembler()
    (message,) = receive(made, part(BINARY, b"\xff"))
    assert (message.valid_utf8, made.anomalies) == (None, [])


def test_a_continuation_of_nothing_is_no_message() -> None:
    made = assembler()
    assert receive(made, part(CONTINUATION, b"x")) == []
    assert kinds(made) == [AnomalyKind.CONTINUATION_UNEXPECTED]


def test_after_a_loss_a_continuation_of_what_we_did_not_see_is_no_violation() -> None:
    made = assembler()
    assert lose(made, 1, 1) == []
    assert receive(made, part(CONTINUATION, b"x", fin=False)) == []
    assert receive(made, part(CONTINUATION, b"x")) == []
    assert made.anomalies == []
    assert receive(made, part(CONTINUATION, b"x")) == []
    assert kinds(made) == [AnomalyKind.CONTINUATION_UNEXPECTED]


def test_a_message_inside_an_unfinished_one_cuts_it_off() -> None:
    made = assembler()
    receive(made, part(TEXT, b"Hel", fin=False))
    cut, message = receive(made, part(BINARY, b"new"))
    assert (cut.payload, cut.complete, cut.undecoded, cut.length, cut.fragments) == (b"Hel", False, "incomplete", None, 1)
    assert (message.payload, message.opcode) == (b"new", BINARY)
    assert kinds(made) == [AnomalyKind.CONTINUATION_EXPECTED]


def test_a_loss_ends_an_unfinished_message() -> None:
    made = assembler()
    receive(made, part(TEXT, b"Hel", fin=False))
    (cut,) = lose(made, 9, 9)
    assert (cut.payload, cut.undecoded, cut.time_ns, cut.packet) == (b"Hel", "incomplete", 9, 9)


def test_a_payload_with_a_hole_gives_its_prefix() -> None:
    made = assembler()
    receive(made, part(TEXT, b"He", length=3, fin=False))
    (message,) = receive(made, part(CONTINUATION, b"lo"))
    assert (message.payload, message.length, message.complete, message.undecoded) == (b"He", 5, False, "incomplete")
    assert message.valid_utf8 is None


@pytest.mark.parametrize("pieces", [[b"0123456789"], [b"012345", b"6789"], [b"0123", b"456789"], [b"0", b"", b"123456789"]])
def test_a_message_longer_than_we_keep_is_cut_and_its_length_is_right(pieces: list[bytes]) -> None:
    made = assembler(keep=4)
    messages = []
    for number, piece in enumerate(pieces):
        cut = part(TEXT if number == 0 else CONTINUATION, piece[:4], length=len(piece), fin=number == len(pieces) - 1)
        messages += receive(made, cut)
    (message,) = messages
    assert (message.payload, message.length, message.undecoded, message.complete) == (b"0123", 10, "over_limit", False)
    assert kinds(made) == [AnomalyKind.LIMIT_MESSAGE_SIZE]


def test_fragments_without_end_take_no_memory_beyond_the_limit() -> None:
    made = assembler(keep=100)
    receive(made, part(TEXT, b"x", fin=False))
    for _ in range(5_000):
        assert receive(made, part(CONTINUATION, b"y" * 10, fin=False)) == []
        assert receive(made, part(CONTINUATION, b"", fin=False)) == []
    assert made.weight == 100
    (message,) = receive(made, part(CONTINUATION, b"z"))
    assert (message.fragments, message.wire_length, message.payload) == (10_002, 50_002, b"x" + b"y" * 99)


# RFC 7692, 7.2.3.1
def test_a_compressed_message_in_one_frame_and_in_two() -> None:
    made = assembler(deflate=True)
    (whole,) = receive(made, part(TEXT, bytes.fromhex("f2 48 cd c9 c9 07 00"), rsv=RSV1))
    assert (whole.payload, whole.compressed, whole.wire_length, whole.length) == (b"Hello", True, 7, 5)
    made = assembler(deflate=True)
    assert receive(made, part(TEXT, bytes.fromhex("f2 48 cd"), rsv=RSV1, fin=False)) == []
    (halves,) = receive(made, part(CONTINUATION, bytes.fromhex("c9 c9 07 00")))
    assert (halves.payload, halves.fragments, halves.compressed) == (b"Hello", 2, True)
    assert made.anomalies == []


def test_compressed_and_plain_messages_may_follow_each_other() -> None:
    made, deflater = assembler(deflate=True), Deflater()
    payloads = [b"one", b"one two", b"one two three", b"one two three", b""]
    for number, payload in enumerate(payloads):
        compressed = number % 2 == 0
        (message,) = receive(made, part(TEXT, deflater(payload) if compressed else payload, rsv=RSV1 if compressed else 0))
        assert (message.payload, message.compressed, message.complete) == (payload, compressed, True)
    assert made.anomalies == []


def test_rsv1_without_the_extension_is_a_violation_and_the_payload_is_as_it_came() -> None:
    made = assembler()
    (message,) = receive(made, part(TEXT, b"Hello", rsv=RSV1))
    assert (message.payload, message.compressed, message.complete) == (b"Hello", False, True)
    assert kinds(made) == [AnomalyKind.FRAME_RESERVED_BIT]


def test_rsv1_on_a_continuation_is_a_violation() -> None:
    made = assembler(deflate=True)
    receive(made, part(TEXT, bytes.fromhex("f2 48 cd"), rsv=RSV1, fin=False))
    (message,) = receive(made, part(CONTINUATION, bytes.fromhex("c9 c9 07 00"), rsv=RSV1))
    assert message.payload == b"Hello"
    assert kinds(made) == [AnomalyKind.FRAME_RESERVED_BIT]


def test_what_cannot_be_inflated_is_an_error_and_what_refers_to_it_is_lost() -> None:
    made, deflater = assembler(deflate=True), Deflater()
    deflater(b"never sent: words that come again")
    (broken,) = receive(made, part(TEXT, b"\xff\xff\xff", rsv=RSV1))
    assert (broken.undecoded, broken.complete, broken.length, broken.wire_length) == ("inflate_error", False, None, 3)
    (after,) = receive(made, part(TEXT, deflater(b"words that come again"), rsv=RSV1))
    assert (after.undecoded, after.payload, after.length) == ("context_lost", b"", 21)
    assert kinds(made) == [AnomalyKind.INFLATE_ERROR, AnomalyKind.INFLATE_CONTEXT_LOST]


def test_a_hole_in_a_compressed_message_loses_the_context() -> None:
    made, deflater = assembler(deflate=True), Deflater()
    first = deflater(b"words that come again")
    (holed,) = receive(made, part(TEXT, first[:5], length=len(first), rsv=RSV1))
    assert (holed.undecoded, holed.payload, holed.length) == ("incomplete", b"", None)
    (after,) = receive(made, part(TEXT, deflater(b"words that come again"), rsv=RSV1))
    assert after.undecoded == "context_lost"
    (plain,) = receive(made, part(TEXT, b"plain"))
    assert plain.complete


def test_a_compressed_message_that_was_cut_off_loses_the_context() -> None:
    made, deflater = assembler(deflate=True), Deflater()
    first = deflater(b"words that come again")
    receive(made, part(TEXT, first[:5], rsv=RSV1, fin=False))
    cut, after = receive(made, part(TEXT, deflater(b"words that come again"), rsv=RSV1))
    assert (cut.undecoded, cut.payload) == ("incomplete", b"")
    assert after.undecoded == "context_lost"


def test_a_bomb_is_cut_and_the_next_message_is_whole() -> None:
    made, deflater = assembler(deflate=True, keep_inflated=1000), Deflater()
    (bomb,) = receive(made, part(TEXT, deflater(b"0123456789" * MIB), rsv=RSV1))
    assert (bomb.undecoded, bomb.length, bomb.payload, bomb.complete) == ("over_limit", 10 * MIB, b"0123456789" * 100, False)
    assert kinds(made) == [AnomalyKind.LIMIT_INFLATED_SIZE]
    (after,) = receive(made, part(TEXT, deflater(b"0123456789" * 3), rsv=RSV1))
    assert (after.payload, after.complete) == (b"0123456789" * 3, True)


def test_when_the_handshake_is_not_known_rsv1_tells_of_deflate() -> None:
    made, deflater = assembler(), Deflater()
    made.deflate_unknown = True
    deflater(b"before the capture: words that come again")
    (lost,) = receive(made, part(TEXT, deflater(b"words that come again"), rsv=RSV1))
    assert (lost.compressed, lost.undecoded) == (True, "context_lost")
    (own,) = receive(made, part(TEXT, Deflater()(b"by itself"), rsv=RSV1))
    assert (own.payload, own.complete) == (b"by itself", True)


def test_an_unknown_extension_changed_only_what_its_bits_mark() -> None:
    made = assembler()
    made.unknown_extension = True
    (marked,) = receive(made, part(TEXT, b"?", rsv=RSV1))
    (plain,) = receive(made, part(TEXT, b"plain"))
    assert (marked.undecoded, marked.length, marked.valid_utf8) == ("unknown_extension", None, None)
    assert (plain.complete, plain.payload) == (True, b"plain")
    assert made.anomalies == []


def test_of_two_extensions_deflate_is_told_from_the_unknown_one() -> None:
    made, deflater = assembler(deflate=True), Deflater()
    made.unknown_extension = True
    (ours,) = receive(made, part(TEXT, deflater(b"words"), rsv=RSV1))
    (theirs,) = receive(made, part(TEXT, deflater(b"words"), rsv=RSV1 | RSV2))
    (after,) = receive(made, part(TEXT, deflater(b"words"), rsv=RSV1))
    assert [each.undecoded for each in (ours, theirs, after)] == [None, "unknown_extension", "context_lost"]


frames = st.builds(
    part,
    st.sampled_from([0, 1, 2]),
    st.binary(max_size=20),
    fin=st.booleans(),
    rsv=st.integers(0, 7),
    length=st.none() | st.integers(20, 40),
)


@given(st.lists(frames, max_size=20), st.booleans(), st.booleans(), st.integers(0, 30))
def test_any_frames_never_raise_and_every_message_is_decoded_or_says_why(
    story: list[CurrentFrame], deflate: bool, unknown: bool, keep: int
) -> None:
    made = assembler(deflate=deflate, keep=keep, keep_inflated=keep)
    made.unknown_extension = unknown
    messages = [message for each in story for message in receive(made, each)] + lose(made, 1, 1)
    for message in messages:
        assert message.complete == (message.undecoded is None)
        assert len(message.payload) <= keep
        if message.complete:
            assert message.length == len(message.payload)
    started = sum(1 for each in story if each.opcode)
    assert len(messages) == made.messages == started
    assert sum(made.undecoded.values()) == len([message for message in messages if not message.complete])
    assert made.payload_bytes == sum(message.length or 0 for message in messages)
