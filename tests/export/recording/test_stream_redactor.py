"""StreamRedactor: a head, then frames; lost and found again; what is sent again."""

from __future__ import annotations

from wsobserve.export.recording.stream_redactor import StreamRedactor

WHOLE, CUT, LATER = 1, 0, -1
PROBATION = 8  # frames in a row
HEAD = b"HTTP/1.1 101 Switching Protocols\r\nServer: secret\r\n\r\n"
SHOWN = HEAD.replace(b"secret", b"xxxxxx")
FRAME = b"\x81\x06secret"


def opened() -> StreamRedactor:
    """A server's stream whose head has been read."""
    stream = StreamRedactor(100, True, 0)
    assert stream.learn(0, HEAD)
    stream.agree(False)
    return stream


def shown(stream: StreamRedactor, position: int, length: int) -> tuple[int, bytes]:
    parts: list[bytes] = []
    return stream.show(position, length, parts), b"".join(parts)


def test_a_head_is_shown_when_all_of_it_is_there() -> None:
    stream = StreamRedactor(100, True, 0)
    for at in range(len(HEAD) - 1):
        assert stream.learn(at, HEAD[at : at + 1])
        assert shown(stream, at, 1) == (LATER, b"")
    assert stream.learn(len(HEAD) - 1, b"\n")
    assert stream.agreeing
    assert stream.raw_head == HEAD
    assert shown(stream, 0, len(HEAD)) == (WHOLE, SHOWN)
    assert shown(stream, 10, 5) == (WHOLE, SHOWN[10:15])


def test_behind_the_head_nothing_is_read_before_both_have_agreed() -> None:
    stream = StreamRedactor(100, True, 0)
    assert stream.learn(0, HEAD + FRAME)
    assert not stream.learn(len(HEAD), FRAME)
    assert shown(stream, len(HEAD), 8)[0] == LATER
    stream.agree(False)
    assert stream.learn(0, HEAD + FRAME)
    assert shown(stream, 0, len(HEAD) + 8) == (WHOLE, SHOWN + b"\x81\x06xxxxxx")


def test_what_is_no_head_is_lost_at_once() -> None:
    for first in (b"\x16\x03\x01", b"GET / HTTP/1.1\r\n", b"H\x00"):
        stream = StreamRedactor(100, True, 0)
        stream.learn(0, first)
        assert stream.lost
        assert shown(stream, 0, len(first)) == (CUT, b"")


def test_a_request_that_asks_for_no_websocket_is_not_shown() -> None:
    stream = StreamRedactor(100, True, 1)
    stream.learn(0, b"GET /somebody/something HTTP/1.1\r\nHost: a.example\r\n\r\n")
    assert stream.lost
    assert shown(stream, 0, 30) == (CUT, b"")


def test_a_head_without_end_is_lost() -> None:
    stream = StreamRedactor(100, True, 1)
    stream.learn(0, b"GET / HTTP/1.1\r\n")
    for at in range(16, 40_000, 1_000):
        stream.learn(at, b"a" * 1_000)
    assert stream.lost


def test_positions_go_on_where_sequence_numbers_begin_anew() -> None:
    stream = StreamRedactor(2**32 - 10, True, 0)
    assert stream.position(2**32 - 10) == 0
    assert stream.position(20) == 30
    assert stream.learn(0, HEAD)
    assert stream.position((2**32 - 10 + len(HEAD)) % 2**32) == len(HEAD)
    assert stream.position(2**32 - 11) == -1


def test_part_of_a_header_is_shown_and_part_of_a_close_frame_s_code_is_not() -> None:
    stream = opened()
    start = len(HEAD)
    assert stream.learn(start, b"\x88")
    assert shown(stream, start, 1) == (WHOLE, b"\x88")
    assert stream.learn(start + 1, b"\x05\x03")
    assert shown(stream, start + 1, 2)[0] == LATER
    assert stream.learn(start + 3, b"\xe8sec")
    assert shown(stream, start + 1, 6) == (WHOLE, b"\x05\x03\xe8xxx")


def test_what_is_sent_again_is_shown_again_with_other_bytes_too() -> None:
    stream = opened()
    start = len(HEAD)
    for number in range(20):
        assert stream.learn(start + 8 * number, FRAME)
        stream.trim()
    assert shown(stream, start + 8 * 15, 16) == (WHOLE, b"\x81\x06xxxxxx" * 2)
    assert not stream.learn(start + 8 * 15, b"\x81\x06SECRET" * 2)
    assert shown(stream, start, 16) == (CUT, b"")  # too long ago
    assert shown(stream, start + 8 * 13 + 4, 36) == (WHOLE, b"xxxx" + b"\x81\x06xxxxxx" * 4)


def test_a_hole_in_a_payload_costs_nothing_and_one_in_a_header_is_waited_for() -> None:
    stream = opened()
    start = len(HEAD)
    assert stream.learn(start, b"\x81\x7e\x03\xe8" + b"s" * 96)
    assert shown(stream, start + 500, 504) == (WHOLE, b"x" * 504)
    assert not stream.learn(start + 1_012, FRAME)
    assert shown(stream, start + 1_012, 8)[0] == LATER
    assert stream.learn(start + 1_004, FRAME)
    assert stream.learn(start + 1_012, FRAME)
    assert shown(stream, start + 1_012, 8) == (WHOLE, b"\x81\x06xxxxxx")


def test_what_is_too_far_ahead_is_not_waited_for() -> None:
    stream = opened()
    assert shown(stream, 1 << 27, 10) == (CUT, b"")


def test_lost_it_shows_nothing_until_enough_frames_were_right() -> None:
    stream = opened()
    stream.lose()
    at = 10_000
    for number in range(PROBATION):
        assert stream.lost, number
        stream.learn(at, FRAME)
        at += 8
    assert not stream.lost
    assert shown(stream, at - 8, 8) == (CUT, b"")  # what proved it is not shown
    stream.learn(at, FRAME)
    assert shown(stream, at, 8) == (WHOLE, b"\x81\x06xxxxxx")


def test_a_run_that_breaks_off_begins_anew() -> None:
    stream = StreamRedactor(0, False, -1)
    at = 0
    for piece in [FRAME] * (PROBATION - 1) + [b"nothing!"] + [FRAME] * (PROBATION - 1):
        stream.learn(at, piece)
        at += 8
    assert stream.lost
    stream.learn(at + 8, FRAME)  # a packet is missing
    assert stream.lost
