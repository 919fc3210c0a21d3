"""Stretches: what a payload becomes, at every cut, and that compressed ones can be inflated."""

from __future__ import annotations

import zlib

import pytest

from wsobserve.export.recording.stretch import NO_KEY, Stretch, deflated_stretch, head_stretch, plain_stretch

KEY = b"\x37\xfa\x21\x3d"


def written(stretch: Stretch, start: int | None = None, end: int | None = None) -> bytes:
    return stretch.piece(stretch.start if start is None else start, stretch.end if end is None else end)


def unmasked(payload: bytes, key: bytes) -> bytes:
    return bytes(byte ^ key[index & 3] for index, byte in enumerate(payload))


def test_a_head_is_what_was_given() -> None:
    stretch = head_stretch(0, b"HTTP/1.1 101 x\r\n\r\n")
    assert written(stretch) == b"HTTP/1.1 101 x\r\n\r\n"
    assert written(stretch, 5, 8) == b"1.1"


@pytest.mark.parametrize("key", [NO_KEY, KEY])
@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 9, 200])
def test_a_payload_becomes_x_masked_as_it_was(key: bytes, length: int) -> None:
    header = bytes([0x82, length]) + (key if key != NO_KEY else b"")
    start = 1_000
    payload_start = start + len(header)
    stretch = plain_stretch(start, header, payload_start, payload_start + length, key)
    whole = written(stretch)
    assert whole[: len(header)] == header
    assert unmasked(whole[len(header) :], key) == b"x" * length


def test_of_a_close_frame_the_code_stays() -> None:
    code = bytes(a ^ b for a, b in zip(b"\x03\xe8", KEY, strict=False))
    stretch = plain_stretch(0, b"\x88\x8c" + KEY + code, 6, 18, KEY)
    assert unmasked(written(stretch)[6:], KEY) == b"\x03\xe8" + b"x" * 10


@pytest.mark.parametrize("key", [NO_KEY, KEY])
@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 6, 7, 8, 9, 100])
def test_a_compressed_message_inflates_whatever_its_length(key: bytes, length: int) -> None:
    stretch, unfinished = deflated_stretch(50, b"\xc1\x00", 52 + length, key, True, False)
    payload = unmasked(written(stretch)[2:], key)
    assert len(payload) == length
    assert not unfinished
    inflated = zlib.decompressobj(-15)
    assert inflated.decompress(payload + b"\0\0\xff\xff") == b"x" * max(length - 2, 0)
    # The context goes on: the next message inflates too.
    assert inflated.decompress(payload + b"\0\0\xff\xff") == b"x" * max(length - 2, 0)


@pytest.mark.parametrize("lengths", [(6, 6), (1, 2), (7, 1), (5, 4, 3, 2), (100, 3, 50), (6, 1), (8, 8, 8, 8, 1), (2, 2, 9, 1)])
def test_a_compressed_message_in_fragments_inflates_too(lengths: tuple[int, ...]) -> None:
    unfinished = False
    payload = b""
    for number, length in enumerate(lengths):
        stretch, unfinished = deflated_stretch(0, b"\x00\x00", 2 + length, NO_KEY, number == len(lengths) - 1, unfinished)
        payload += written(stretch)[2:]
    assert len(payload) == sum(lengths)
    inflated = zlib.decompressobj(-15)
    for _ in range(2):
        assert set(inflated.decompress(payload + b"\0\0\xff\xff")) <= {ord("x")}
        assert not inflated.unused_data


@pytest.mark.parametrize("length", [0, 1, 2, 5, 6, 7, 13])
@pytest.mark.parametrize("final", [True, False])
@pytest.mark.parametrize("begun", [True, False])
def test_at_every_cut_the_bytes_are_the_same(length: int, final: bool, begun: bool) -> None:
    stretch, _ = deflated_stretch(10, b"\xc1\x80" + KEY, 16 + length, KEY, final, begun)
    whole = written(stretch)
    assert len(whole) == 6 + length
    for cut in range(10, stretch.end + 1):
        assert written(stretch, 10, cut) + written(stretch, cut, stretch.end) == whole
    assert b"".join(written(stretch, at, at + 1) for at in range(10, stretch.end)) == whole
