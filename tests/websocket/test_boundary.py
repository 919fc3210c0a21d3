"""Where a frame begins: found where evidence says so, in all kinds of payload, and never in bytes that hold no frames."""

from __future__ import annotations

import json
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.websocket.wire import BINARY, CONTINUATION, PING, PONG, RSV1, TEXT, Deflater, close, fragmented, frame, header
from wsobserve.websocket.boundary import NO_EVIDENCE, RESYNCHRONISE_BITS, Boundary, Search

NUMBERS = random.Random(7)


def key(masked: bool) -> bytes | None:
    return NUMBERS.randbytes(4) if masked else None


def document(number: int) -> bytes:
    return json.dumps({"type": "tick", "number": number, "text": "some words", "price": number * 1.5}).encode()


def find(data: bytes, starts: set[int], masked: bool) -> Boundary | None:
    return Search(data, starts, masked).first(RESYNCHRONISE_BITS)


def bits(data: bytes, masked: bool = False, starts: set[int] | None = None) -> float:
    return Search(data, starts or set(), masked).bits(0)


@pytest.mark.parametrize("masked", [False, True])
def test_one_json_message_that_fills_a_segment_is_enough(masked: bool) -> None:
    data = frame(TEXT, document(1), key=key(masked))
    found = find(data, {0}, masked)
    assert found is not None
    assert found.offset == 0


@pytest.mark.parametrize("masked", [False, True])
def test_a_boundary_inside_a_segment_is_found_behind_the_end_of_a_payload(masked: bool) -> None:
    tail = frame(TEXT, document(0), key=key(masked))[-20:]
    data = tail + b"".join(frame(TEXT, document(number), key=key(masked)) for number in range(3))
    found = find(data, {0}, masked)
    assert found is not None
    assert found.offset == 20


@pytest.mark.parametrize("masked", [False, True])
def test_the_first_certain_boundary_is_given_although_a_later_segment_begins_with_one(masked: bool) -> None:
    first = b"....." + frame(TEXT, document(1), key=key(masked)) + frame(TEXT, document(2), key=key(masked))
    data = first + frame(TEXT, document(3), key=key(masked))
    found = find(data, {0, len(first)}, masked)
    assert found is not None
    assert found.offset == 5


@pytest.mark.parametrize("masked", [False, True])
def test_binary_messages_take_a_few_of_them(masked: bool) -> None:
    one = [frame(BINARY, NUMBERS.randbytes(60), key=key(masked)) for _ in range(3)]
    starts = {0, len(one[0]), len(one[0]) + len(one[1])}
    assert find(one[0], {0}, masked) is None
    assert find(b"".join(one), starts, masked) is not None


@pytest.mark.parametrize("masked", [False, True])
def test_compressed_messages_tell_by_their_beginning_and_end(masked: bool) -> None:
    deflater = Deflater()
    messages = [frame(TEXT, deflater(document(number)), rsv=RSV1, key=key(masked)) for number in range(3)]
    found = find(b"...." + b"".join(messages), {0}, masked)
    assert found is not None
    assert found.offset == 4
    assert Search(messages[0], {0}, masked, compressed=False).bits(0) == NO_EVIDENCE


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x83\x01x", id="reserved opcode"),
        pytest.param(b"\x91\x01x", id="reserved bit"),
        pytest.param(frame(PING, fin=False), id="fragmented control frame"),
        pytest.param(header(PING, 126), id="long control frame"),
        pytest.param(frame(TEXT, b"x", form=16), id="length not minimal"),
        pytest.param(frame(TEXT, b"x", key=b"abcd"), id="masked"),
        pytest.param(header(BINARY, 1 << 40), id="unlikely length"),
        pytest.param(frame(TEXT, b"\xff"), id="text that is not UTF-8"),
        pytest.param(frame(TEXT, b"caf\xc3"), id="text that ends in a character"),
        pytest.param(close(1016), id="close code"),
        pytest.param(frame(8, b"x"), id="close of one byte"),
        pytest.param(frame(TEXT, b"a") + frame(CONTINUATION, b"b"), id="continuation of nothing"),
        pytest.param(frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), id="message in a message"),
        pytest.param(frame(CONTINUATION, b"x", rsv=RSV1), id="RSV1 on a continuation"),
        pytest.param(frame(BINARY, b"\x07", rsv=RSV1), id="no block type"),
        pytest.param(frame(BINARY, Deflater()(b"words") + b"\xff", rsv=RSV1), id="no empty block at the end"),
        pytest.param(frame(TEXT, Deflater()(b"\xff\xfe\xff\xfe"), rsv=RSV1), id="compressed text that is not UTF-8"),
    ],
)
def test_what_breaks_a_rule_is_no_frame(data: bytes) -> None:
    assert bits(data) == NO_EVIDENCE


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x81", id="half a header"),
        pytest.param(b"\x81\x7e\x01", id="half a length"),
        pytest.param(frame(TEXT, "é".encode())[:-1], id="cut in a character"),
        pytest.param(frame(TEXT, b"a", fin=False) + frame(PING) + frame(CONTINUATION, b"b"), id="ping in a message"),
        pytest.param(frame(CONTINUATION, b"b") + frame(TEXT, b"a"), id="the end of a message that began before"),
        pytest.param(fragmented(TEXT, ["é".encode()[:1], "é".encode()[1:]]), id="a character in two fragments"),
        pytest.param(close(1000, b"bye"), id="close"),
        pytest.param(close(), id="close without a code"),
        pytest.param(frame(BINARY, b"\x00", rsv=RSV1), id="empty compressed message"),
        pytest.param(b"", id="nothing at all"),
    ],
)
def test_what_breaks_no_rule_is_not_refused(data: bytes) -> None:
    assert bits(data) >= 0


def test_a_compressed_message_may_refer_to_a_window_that_is_not_known() -> None:
    deflater = Deflater()
    deflater(document(1))
    assert bits(frame(TEXT, deflater(document(1)), rsv=RSV1)) > 0


def test_text_unmasked_with_a_wrong_key_is_no_evidence() -> None:
    """Inside a masked payload of text every place unmasks to XOR of text with text: ASCII, but full of control characters."""
    payload = b"the quick brown fox jumps over the lazy dog and runs away from it " * 40
    data = frame(TEXT, payload, key=b"\x91\x02\xfe\x55")[6:]
    search = Search(data, {0}, True)
    assert max(search.bits(offset) for offset in range(len(data))) < RESYNCHRONISE_BITS / 2


@pytest.mark.parametrize("masked", [False, True])
def test_headers_are_worth_nothing_where_everything_looks_like_one(masked: bool) -> None:
    # 8-bit audio near silence: each byte could begin a frame.
    data = bytes(NUMBERS.choice((0x80, 0x81, 0x82) if masked else (0x00, 0x01, 0x02)) for _ in range(3_000))
    search = Search(data, set(range(0, 3_000, 100)), masked)
    assert max(search.bits(offset) for offset in range(3_000)) < RESYNCHRONISE_BITS
    assert search.first(RESYNCHRONISE_BITS) is None


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(bytes(5_000), id="zeroes"),
        pytest.param(b"\x80" * 5_000, id="silence"),
        pytest.param(b"\xff" * 5_000, id="ones"),
        pytest.param(NUMBERS.randbytes(200_000), id="random"),
        pytest.param(json.dumps([document(number).decode() for number in range(200)]).encode(), id="JSON"),
        pytest.param("Съешь же ещё этих мягких французских булок, да выпей чаю. ".encode() * 100, id="Cyrillic"),
        pytest.param("Tränen, Ärger, Übermut und größte Mühe. ".encode() * 100, id="umlauts"),
        pytest.param(zlib.compress(NUMBERS.randbytes(5_000)), id="zlib"),
        pytest.param(b"".join(b"\x00" + bytes([n]) + NUMBERS.randbytes(n) for n in range(20, 100)), id="lengths of 16 bits"),
        pytest.param(b"".join(n.to_bytes(4, "big") + NUMBERS.randbytes(n) for n in range(2, 100)), id="lengths of 32 bits"),
        pytest.param(b"".join(NUMBERS.randbytes(1) + b"\x01\x00\x02" for _ in range(2_000)), id="16-bit samples"),
    ],
)
@pytest.mark.parametrize("masked", [False, True])
def test_bytes_that_hold_no_frames_have_no_boundary(data: bytes, masked: bool) -> None:
    assert find(data, set(range(0, len(data), 1_448)), masked) is None


def test_many_short_frames_take_time_in_proportion_to_their_bytes() -> None:
    # Chains that join are walked once: 100,000 places would otherwise take 10,000,000,000 steps.
    search = Search(frame(BINARY, b"\xee") * 33_000 + b"\x83", set(), False)
    assert search.first(RESYNCHRONISE_BITS) is None
    assert len(search._chains) < 100_000


def test_zeroes_are_stepped_over_at_once_from_wherever_a_segment_begins() -> None:
    search = Search(bytes(80_000) + b"\x83", set(range(0, 80_000, 20)), False)
    assert search.first(RESYNCHRONISE_BITS) is None
    assert len(search._chains) < 20_000


def test_large_frames_are_followed_beyond_the_bytes_at_hand() -> None:
    data = frame(BINARY, NUMBERS.randbytes(100_000))
    places = Search(data[:1_000], {0}, False).onward(1_000, 4)
    assert len(data) in places
    following = Search(data[:1_000], set(), False, expected={0: places[len(data)]})
    assert following.bits(0) > Search(data[:1_000], {0}, False).bits(0)


def test_expected_places_that_are_not_reached_yet_are_kept() -> None:
    search = Search(b"\xff" * 100, set(), False, expected={500: 20.0, 50: 10.0})
    assert search.onward(100, 4) == {500: 20.0}


def test_of_the_likely_places_the_best_is_told() -> None:
    data = b"\xff\xff" + frame(TEXT, document(1))
    assert Search(data, {0}, False).best() is None
    best = Search(data, {0, 2}, False).best()
    assert best is not None
    assert best.offset == 2


@given(
    st.binary(max_size=400),
    st.sets(st.integers(0, 450), max_size=5),
    st.booleans(),
    st.dictionaries(st.integers(0, 500), st.floats(0, 60)),
)
def test_any_bytes_at_all_never_raise(data: bytes, starts: set[int], masked: bool, expected: dict[int, float]) -> None:
    search = Search(data, starts, masked, expected=expected)
    found = search.first(RESYNCHRONISE_BITS)
    assert found is None or 0 <= found.offset < len(data)
    search.best()
    assert all(place >= len(data) // 2 for place in search.onward(len(data) // 2, 8))


@given(
    st.lists(st.tuples(st.sampled_from([TEXT, BINARY, PING, PONG]), st.text(max_size=60)), min_size=1, max_size=12),
    st.booleans(),
)
def test_a_true_boundary_is_never_refused(story: list[tuple[int, str]], masked: bool) -> None:
    numbers = random.Random(len(story))
    data = b"".join(
        frame(opcode, payload.encode()[:120].decode(errors="ignore").encode(), key=numbers.randbytes(4) if masked else None)
        for opcode, payload in story
    )
    for end in range(len(data) + 1):
        assert Search(data[:end], {0}, masked).bits(0) >= 0


def test_what_only_happens_to_end_where_a_true_frame_begins_is_no_frame() -> None:
    # A ping of 96 bytes by its first two bytes, with a key: all that follows is true, and vouches for itself alone.
    true = b"".join(frame(TEXT, document(number), key=key(True)) for number in range(6))
    data = NUMBERS.randbytes(700) + b"\x89\xe0" + NUMBERS.randbytes(100) + true
    assert Search(data, {0}, True).bits(700) > RESYNCHRONISE_BITS
    found = find(data, {0}, True)
    assert found is not None
    assert found.offset == 802


def test_a_frame_that_is_believed_for_its_own_sake_does_not_wait_for_the_next_segment() -> None:
    true = b"".join(frame(TEXT, document(number), key=key(True)) for number in range(6))
    found = find(NUMBERS.randbytes(700) + true, {0}, True)
    assert found is not None
    assert found.offset == 700
