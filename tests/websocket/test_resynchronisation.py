"""Finding the way back after a loss: how much of what is at hand is recovered, and that nothing is invented."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import msgspec
import pytest

from tests.websocket.wire import BINARY, RSV1, TEXT, Deflater, fragmented, frame, text
from wsobserve.config import Limits
from wsobserve.records import Half, Message
from wsobserve.websocket.direction import DirectionDecoder
from wsobserve.websocket.opening import Chunk
from wsobserve.websocket.resynchronisation import MOST_CHUNKS, Found, Resynchronisation

SEGMENT = 1_448
HALF = Half(connection="c", source="a", destination="b")


def documents(numbers: random.Random, count: int, words: str = "alpha beta gamma delta") -> list[bytes]:
    return [
        json.dumps(
            {
                "type": numbers.choice(["tick", "trade", "quote"]),
                "number": number,
                "text": words[: numbers.randrange(len(words))],
            }
            | {"values": [round(numbers.random(), 4) for _ in range(numbers.choice((1, 3, 3, 40, 300)))]},
            ensure_ascii=False,
        ).encode()
        for number in range(count)
    ]


class Sent(msgspec.Struct):
    """A stream with the place of each message in it."""

    data: bytes
    messages: list[tuple[int, int, bytes]]  # first byte, behind the last, payload


def stream(payloads: list[bytes], encode: Callable[[int, bytes], bytes]) -> Sent:
    data, messages = bytearray(), []
    for number, payload in enumerate(payloads):
        wire = encode(number, payload)
        messages.append((len(data), len(data) + len(wire), payload))
        data += wire
    return Sent(bytes(data), messages)


def lose(sent: Sent, numbers: random.Random, one_in: int, masked: bool, deflate: bool) -> tuple[int, int, int]:
    """How many messages were wholly at hand behind the first loss, how many of them were found, how many were invented."""
    decoder = DirectionDecoder(HALF, masked, Limits(), in_step=True)
    decoder.agree_on(True if deflate else None, other_extension=False)
    lost: list[tuple[int, int]] = []
    found: list[Message] = []
    missing = 0
    # What a program writes at once leaves in full segments and a shorter one.
    ends = {end for _, end, _ in sent.messages if numbers.random() < 0.5}
    position = 0
    for end in sorted(ends | {len(sent.data)}):
        while position < end:
            segment = sent.data[position : min(position + SEGMENT, end)]
            if numbers.randrange(one_in) == 0 and position:
                lost.append((position, position + len(segment)))
                missing += len(segment)
            else:
                if missing:
                    found += [each for each in decoder.gap(missing, position, position) if isinstance(each, Message)]
                    missing = 0
                found += [each for each in decoder.receive(segment, position, position) if isinstance(each, Message)]
            position += len(segment)
    found += [each for each in decoder.end(position, position) if isinstance(each, Message)]
    contained = {
        payload
        for start, end, payload in sent.messages
        if lost and start > lost[0][0] and not any(start < last and first < end for first, last in lost)
    }
    complete = [each.payload for each in found if each.complete]
    assert len(set(complete)) == len(complete)
    every = {payload for _, _, payload in sent.messages}
    return len(contained), len(contained & set(complete)), len([payload for payload in complete if payload not in every])


def key(numbers: random.Random, masked: bool) -> bytes | None:
    return numbers.randbytes(4) if masked else None


GREEK = "Ὁ δὲ λόγος τοῦ θεοῦ ἐν ἀρχῇ ἦν καὶ πρὸς αὐτόν, сын мой"
KINDS = ["json", "greek", "binary", "fragments", "small"]


@pytest.mark.parametrize("masked", [False, True], ids=["unmasked", "masked"])
@pytest.mark.parametrize("kind", KINDS)
def test_of_what_is_wholly_at_hand_after_losses_nearly_all_is_found_and_nothing_invented(kind: str, masked: bool) -> None:
    numbers = random.Random(f"{kind} {masked}")
    contained = found = invented = 0
    for _ in range(4):
        payloads = documents(numbers, 700, GREEK if kind == "greek" else "alpha beta gamma delta")
        if kind == "binary":
            payloads = [numbers.randbytes(numbers.choice((8, 30, 200, 2_000))) for _ in payloads]
        if kind == "small":
            payloads = [b'{"n":%d}' % number for number in range(20_000)]

        def encode(number: int, payload: bytes, kind: str = kind) -> bytes:
            if kind == "fragments" and number % 3 == 0:
                half = len(payload) // 2
                return fragmented(TEXT, [payload[:half], payload[half:]], key=key(numbers, masked))
            return frame(BINARY if kind == "binary" else TEXT, payload, key=key(numbers, masked))

        some = lose(stream(payloads, encode), numbers, 200, masked, deflate=False)
        contained, found, invented = contained + some[0], found + some[1], invented + some[2]
    print(f"{kind} masked={masked}: {found} of {contained}")
    assert invented == 0
    assert found / contained > 0.95


@pytest.mark.parametrize("masked", [False, True], ids=["unmasked", "masked"])
@pytest.mark.parametrize("takeover", [False, True], ids=["own contexts", "one context"])
def test_after_losses_no_compressed_message_is_invented(masked: bool, takeover: bool) -> None:
    numbers = random.Random(f"{masked} {takeover}")
    contained = found = 0
    for _ in range(6):
        deflater = Deflater(takeover)

        def encode(number: int, payload: bytes, deflater: Deflater = deflater) -> bytes:
            return frame(TEXT, deflater(payload), rsv=RSV1, key=key(numbers, masked))

        some = lose(stream(documents(numbers, 500), encode), numbers, 100, masked, deflate=True)
        assert some[2] == 0
        contained, found = contained + some[0], found + some[1]
    print(f"deflate masked={masked} takeover={takeover}: {found} of {contained}")


def hold(search: Resynchronisation, data: bytes, masked: bool = False, size: int = SEGMENT) -> Found | None:
    found = None
    for start in range(0, len(data), size):
        found = search.receive(Chunk(data[start : start + size], start, start), masked)
        if found is not None:
            break
    return found


def test_what_lies_before_the_boundary_is_counted_and_what_lies_behind_it_keeps_its_packet() -> None:
    search = Resynchronisation(100_000)
    assert search.receive(Chunk(b"....", 1, 1), False) is None
    assert search.held_bytes == 4
    found = search.receive(Chunk(b".." + text('{"a":1,"b":2}') + text('{"a":2,"b":3}'), 2, 2), False)
    assert found is not None
    assert (found.passed_over, search.passed_bytes, search.held_bytes) == (6, 6, 0)
    assert [(chunk.data[:3], chunk.packet) for chunk in found.chunks] == [(b"\x81\x0d{", 2)]


def test_what_is_held_is_bounded_in_bytes_and_in_pieces() -> None:
    numbers = random.Random(3)
    search = Resynchronisation(10_000)
    for _ in range(300):
        search.receive(Chunk(numbers.randbytes(1_448), 1, 1), True)
        assert search.held_bytes <= 10_000
    assert search.passed_bytes + search.held_bytes == 300 * 1_448
    search = Resynchronisation(10_000_000)
    for _ in range(3 * MOST_CHUNKS):
        search.receive(Chunk(b"\xff", 1, 1), True)
        assert len(search._chunks) <= MOST_CHUNKS


@pytest.mark.parametrize("masked", [False, True])
def test_frames_larger_than_what_is_held_are_found_again(masked: bool) -> None:
    numbers = random.Random(4)
    frames = [frame(BINARY, numbers.randbytes(100_000), key=key(numbers, masked)) for _ in range(8)]
    search = Resynchronisation(20_000)
    found = hold(search, frames[0][50_000:] + b"".join(frames[1:]), masked)
    # The first frame does not begin with a segment, nor do the others: their lengths lead from one to the next.
    assert found is not None
    assert (search.passed_bytes - len(frames[0][50_000:])) % len(frames[0]) == 0


def test_a_hole_does_not_hide_where_a_large_frame_ends() -> None:
    numbers = random.Random(5)
    frames = [frame(BINARY, numbers.randbytes(100_000)) for _ in range(8)]
    search = Resynchronisation(20_000)
    assert search.receive(Chunk(frames[0][:1_448], 0, 0), False) is None
    assert search.stop(False, missing=len(frames[0]) - 1_448) is None
    data = b"".join(frames[1:])
    found = hold(search, data)
    assert found is not None
    assert (search.passed_bytes - 1_448) % len(frames[0]) == 0


def test_at_the_end_what_is_held_is_searched_for_the_last_time() -> None:
    search = Resynchronisation(100_000)
    search.receive(Chunk(b"\xff" * 40, 1, 1), False)
    assert search.receive(Chunk(text('{"a":1}'), 2, 2), False) is None  # not due
    found = search.stop(False)
    assert found is not None
    assert found.passed_over == 40
    search.receive(Chunk(b"\xff" * 40, 1, 1), False)
    assert search.stop(False) is None
    assert (search.held_bytes, search.passed_bytes) == (0, 80)


def test_evidence_can_be_weighed_without_a_search() -> None:
    search = Resynchronisation(100_000)
    search.hold(Chunk(text('{"a":1,"b":2}'), 1, 1), False)
    assert search.weigh(False) > 30
    assert search.weigh(True) > 30  # not due again
    assert search.weigh(True, now=True) == float("-inf")


def test_what_begins_like_frames_is_held_longer_on_a_connection_that_was_joined() -> None:
    data = frame(BINARY, b"\xa5\x5b\xff" * 300)
    held = {}
    for start in (data, b"\xff" * len(data)):
        search = Resynchronisation(500, joined=True, most=2_000)
        for offset in range(0, 900, 100):
            search.hold(Chunk(start[offset : offset + 100], 1, 1), False)
        held[start[:1]] = search.held_bytes
    assert held[b"\xff"] <= 500
    assert held[data[:1]] == 900


def test_the_first_chunks_of_a_joined_connection_are_all_looked_at() -> None:
    search = Resynchronisation(100_000, joined=True)
    small = text('{"a":1}')
    assert search.receive(Chunk(b"\xff" * 100, 1, 1), False) is None
    found = search.receive(Chunk(small, 2, 2), False)
    assert found is not None
    assert found.passed_over == 100
