"""The frame reader: RFC 6455, 5.2 at every cut, holes in and around payloads, and the limit of what is kept."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.websocket.wire import (
    BINARY,
    CLOSE,
    CONTINUATION,
    KEY,
    PING,
    PONG,
    SERVER_HALF,
    TEXT,
    cuts,
    frame,
    header,
    mask,
)
from wsobserve.records import Frame
from wsobserve.websocket.frame import FrameReader, smallest_header_length

MIB = 1024 * 1024


def fed(reader: FrameReader, data: bytes, time_ns: int, packet: int) -> list[Frame]:
    """Records of the frames that `data` completes."""
    frames = []
    reader.feed(data, time_ns, packet)
    while reader.next():
        frames.append(reader.frame.record(SERVER_HALF))
    return frames


def lacks(reader: FrameReader, length: int, time_ns: int, packet: int) -> list[Frame]:
    """Records of the frames that end with a hole."""
    return [reader.frame.record(SERVER_HALF)] if reader.gap(length, time_ns, packet) else []


def read(pieces: list[bytes], keep: int = MIB) -> list[Frame]:
    reader = FrameReader(keep)
    return [each for number, piece in enumerate(pieces) for each in fed(reader, piece, 1_000 + number, number)]


def shapes(frames: list[Frame]) -> list[tuple[int, bool, int, bool, int, int, bytes]]:
    return [(f.opcode, f.fin, f.rsv, f.masked, f.payload_length, f.header_length, f.payload) for f in frames]


# RFC 6455, 5.7.
EXAMPLES = [
    pytest.param(bytes.fromhex("81 05 48 65 6c 6c 6f"), (TEXT, True, 0, False, 5, 2, b"Hello"), id="unmasked text"),
    pytest.param(bytes.fromhex("81 85 37 fa 21 3d 7f 9f 4d 51 58"), (TEXT, True, 0, True, 5, 6, b"Hello"), id="masked text"),
    pytest.param(bytes.fromhex("01 03 48 65 6c"), (TEXT, False, 0, False, 3, 2, b"Hel"), id="first fragment"),
    pytest.param(bytes.fromhex("80 02 6c 6f"), (CONTINUATION, True, 0, False, 2, 2, b"lo"), id="last fragment"),
    pytest.param(bytes.fromhex("89 05 48 65 6c 6c 6f"), (PING, True, 0, False, 5, 2, b"Hello"), id="unmasked ping"),
    pytest.param(bytes.fromhex("8a 85 37 fa 21 3d 7f 9f 4d 51 58"), (PONG, True, 0, True, 5, 6, b"Hello"), id="masked pong"),
    pytest.param(
        bytes.fromhex("82 7e 01 00") + bytes(256), (BINARY, True, 0, False, 256, 4, bytes(256)), id="256 bytes of binary"
    ),
    pytest.param(
        bytes.fromhex("82 7f 00 00 00 00 00 01 00 00") + bytes(65536),
        (BINARY, True, 0, False, 65536, 10, bytes(65536)),
        id="64 KiB of binary",
    ),
]


@pytest.mark.parametrize(("data", "expected"), EXAMPLES)
def test_the_examples_of_the_rfc(data: bytes, expected: tuple[object, ...]) -> None:
    assert shapes(read([data])) == [expected]


def test_frames_do_not_depend_on_how_their_bytes_are_cut() -> None:
    data = (
        frame(TEXT, b"Hello", key=KEY)
        + frame(CONTINUATION)
        + frame(CLOSE, b"\x03\xe8", key=b"\0\0\0\0")
        + frame(BINARY, bytes(range(130)), rsv=5, fin=False, key=KEY)
        + frame(3, b"x", form=16)
        + frame(TEXT, b"y", form=64, key=KEY)
    )
    whole = shapes(read([data]))
    assert len(whole) == 6
    for pieces in cuts(data):
        assert shapes(read(pieces)) == whole


@pytest.mark.parametrize(("length", "expected"), [(0, 2), (125, 2), (126, 4), (65535, 4), (65536, 10), (1 << 40, 10)])
def test_the_payload_length_takes_as_few_bytes_as_possible(length: int, expected: int) -> None:
    assert smallest_header_length(length, masked=False) == expected
    assert smallest_header_length(length, masked=True) == expected + 4


def test_a_frame_has_the_times_of_its_first_and_of_its_last_byte() -> None:
    reader = FrameReader(MIB)
    assert fed(reader, b"\x81", 10, 1) == []
    assert fed(reader, b"\x05He", 20, 2) == []
    first, second = fed(reader, b"llo\x89\x00", 30, 3)
    assert (first.started_ns, first.time_ns, first.packet) == (10, 30, 3)
    assert (second.started_ns, second.time_ns, second.packet) == (30, 30, 3)


def test_a_frame_may_begin_in_the_first_nanosecond_of_1970() -> None:
    reader = FrameReader(MIB)
    fed(reader, b"\x81\x05He", 0, 1)
    (only,) = fed(reader, b"llo", 7, 2)
    assert (only.started_ns, only.time_ns) == (0, 7)


@pytest.mark.parametrize("key", [None, KEY])
def test_what_is_longer_than_we_keep_is_cut_and_its_length_is_right(key: bytes | None) -> None:
    data = frame(BINARY, b"0123456789", key=key) + frame(TEXT, b"next", key=key)
    for pieces in cuts(data):
        long, following = read(pieces, keep=4)
        assert (long.payload_length, long.payload) == (10, b"0123")
        assert (following.payload_length, following.payload) == (4, b"next")


def test_a_frame_said_to_be_of_4_gib_takes_no_more_memory_than_is_kept() -> None:
    reader = FrameReader(keep=1000)
    assert fed(reader, header(BINARY, 1 << 32), 1, 1) == []
    piece = b"x" * 100_000
    tracemalloc.start()
    for _ in range(1 << 12):
        fed(reader, piece, 2, 2)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 200_000
    (gone,) = lacks(reader, (1 << 32) - (1 << 12) * 100_000, 3, 3)
    assert (gone.payload_length, gone.payload) == (1 << 32, b"x" * 1000)
    assert reader.in_step


def test_the_largest_length_there_is() -> None:
    reader = FrameReader(keep=10)
    assert fed(reader, header(BINARY, (1 << 63) - 1, key=KEY) + b"x" * 100, 1, 1) == []
    assert reader.pending_bytes == 114
    assert lacks(reader, (1 << 63) - 200, 2, 2) == []
    (only,) = fed(reader, b"x" * 99, 3, 3)
    assert (only.payload_length, only.payload) == ((1 << 63) - 1, mask(b"x" * 10, KEY))


def test_a_length_with_the_highest_bit_cannot_be_and_what_follows_is_handed_back() -> None:
    data = frame(TEXT, b"a") + b"\x82\x7f\x80" + bytes(7) + b"rest"
    reader = FrameReader(MIB)
    (first,) = fed(reader, data, 1, 1)
    assert first.payload == b"a"
    assert not reader.in_step
    assert reader.invalid_length
    assert (reader.skipped_bytes, reader.rest) == (10, b"rest")


@pytest.mark.parametrize("key", [None, KEY])
def test_a_hole_inside_a_payload_keeps_step_and_leaves_a_prefix(key: bytes | None) -> None:
    data = frame(TEXT, b"0123456789", key=key)
    behind = len(data) - 10
    reader = FrameReader(MIB)
    fed(reader, data[: behind + 3], 1, 1)
    assert lacks(reader, 4, 2, 2) == []
    assert reader.pending_bytes == behind + 3
    holed, following = fed(reader, data[behind + 7 :] + frame(TEXT, b"next", key=key), 3, 3)
    assert (holed.payload_length, holed.payload) == (10, b"012")
    assert following.payload == b"next"
    assert (reader.in_step, reader.missing_bytes) == (True, 4)


def test_a_hole_up_to_the_end_of_a_payload_ends_the_frame_and_keeps_step() -> None:
    reader = FrameReader(MIB)
    fed(reader, frame(TEXT, b"0123456789")[:5], 1, 1)
    (holed,) = lacks(reader, 7, 2, 2)
    assert (holed.payload, holed.payload_length, holed.time_ns, holed.packet) == (b"012", 10, 2, 2)
    assert (reader.in_step, reader.in_frame, reader.missing_bytes) == (True, False, 7)


def test_a_hole_behind_a_payload_ends_the_frame_and_loses_step() -> None:
    reader = FrameReader(MIB)
    fed(reader, frame(TEXT, b"0123456789")[:5], 1, 1)
    (holed,) = lacks(reader, 8, 2, 2)
    assert holed.payload == b"012"
    assert not reader.in_step
    assert reader.missing_bytes == 7


@pytest.mark.parametrize("at_hand", [0, 1, 3])
def test_a_hole_between_frames_or_over_a_header_loses_step(at_hand: int) -> None:
    reader = FrameReader(MIB)
    fed(reader, frame(BINARY, bytes(200))[:at_hand], 1, 1)
    assert lacks(reader, 1, 2, 2) == []
    assert not reader.in_step
    assert reader.skipped_bytes == at_hand


def test_no_bytes_missing_is_no_hole() -> None:
    reader = FrameReader(MIB)
    assert lacks(reader, 0, 1, 1) == []
    assert reader.in_step


def test_after_a_loss_the_reader_begins_where_it_is_told() -> None:
    reader = FrameReader(MIB)
    fed(reader, b"\x81", 1, 1)
    reader.lose()
    assert (reader.in_step, reader.skipped_bytes) == (False, 1)
    reader.begin()
    (only,) = fed(reader, frame(TEXT, b"a"), 2, 2)
    assert (only.payload, only.started_ns) == (b"a", 2)


events = st.lists(st.one_of(st.binary(max_size=40), st.integers(1, 300)), max_size=30)


@given(events, st.integers(0, 50))
def test_any_bytes_and_holes_are_accounted_for(story: list[bytes | int], keep: int) -> None:
    reader = FrameReader(keep)
    delivered = in_frames = 0
    for event in story:
        if isinstance(event, int):
            frames = lacks(reader, event, 1, 1)
        else:
            delivered += len(event)
            frames = fed(reader, event, 1, 1)
        in_frames += sum(each.header_length + each.payload_length for each in frames)
        assert all(len(each.payload) <= min(keep, each.payload_length) for each in frames)
        assert delivered == in_frames - reader.missing_bytes + reader.skipped_bytes + reader.pending_bytes + len(reader.rest)
        if not reader.in_step:
            return
