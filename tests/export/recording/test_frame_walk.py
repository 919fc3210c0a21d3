"""FrameWalk: from header to header, at every cut, and where it stops."""

from __future__ import annotations

import pytest

from wsobserve.export.recording.frame_walk import UNKNOWN, FrameWalk
from wsobserve.export.recording.stretch import Stretch

MASKED_HELLO = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"  # RFC 6455, 5.7
FRAMES = (
    MASKED_HELLO
    + b"\x82\xfe\x00\x80\x01\x02\x03\x04" + bytes(128)
    + b"\x89\x80abcd"
    + b"\x02\xff\x00\x00\x00\x00\x00\x01\x00\x00\x05\x06\x07\x08" + bytes(65_536)
    + b"\x80\x80\x00\x00\x00\x00"
    + b"\x88\x82\x00\x00\x00\x00\x03\xe8"
)  # fmt: skip
ENDS = [11, 147, 153, 65_703, 65_709, 65_717]


def walked(
    pieces: list[bytes], masked: int = 1, deflate: bool = False, unproven: bool = False
) -> tuple[FrameWalk, list[Stretch]]:
    walk = FrameWalk(0, masked, deflate, unproven)
    stretches: list[Stretch] = []
    position = 0
    for piece in pieces:
        offset = walk.end + len(walk.header) - position
        if offset < len(piece) and not walk.broken:
            walk.read(piece, offset, stretches)
        position += len(piece)
    return walk, stretches


def test_each_frame_is_a_stretch() -> None:
    walk, stretches = walked([FRAMES])
    assert [stretch.end for stretch in stretches] == ENDS
    assert [stretch.start for stretch in stretches] == [0, *ENDS[:-1]]
    assert stretches[0].shown == MASKED_HELLO[:6]
    assert stretches[-1].shown == b"\x88\x82\x00\x00\x00\x00\x03\xe8"  # the code too
    assert (walk.frames, walk.end, walk.header) == (6, len(FRAMES), b"")


@pytest.mark.parametrize("cut", [*range(1, 170), *range(65_690, len(FRAMES))])
def test_at_every_cut_the_frames_are_the_same(cut: int) -> None:
    walk, stretches = walked([FRAMES[:cut], FRAMES[cut:]])
    assert [(stretch.end, stretch.shown) for stretch in stretches] == [
        (stretch.end, stretch.shown) for stretch in walked([FRAMES])[1]
    ]
    assert not walk.broken


def test_byte_by_byte_the_frames_are_the_same() -> None:
    _, stretches = walked([FRAMES[at : at + 1] for at in range(200)])
    assert [stretch.end for stretch in stretches] == ENDS[:4]


def test_a_code_that_may_be_anything_is_not_shown() -> None:
    _, (stretch,) = walked([b"\x88\x04\xff\xffhi"], masked=0)
    assert stretch.shown == b"\x88\x04\x00\x00"


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (b"\x83\x00", "a reserved opcode"),
        (b"\x8b\x00", "a reserved opcode"),
        (b"\xa1\x00", "RSV2"),
        (b"\xc1\x00", "RSV1 that nobody agreed on"),
        (b"\x81\x7f\x80\x00\x00\x00\x00\x00\x00\x00", "a length that cannot be"),
        (b"\x81\x7f\x01\x00\x00\x00\x00\x00\x00\x00", "a length that nobody sends"),
    ],
)
def test_what_cannot_be_a_header_ends_the_walk(header: bytes, why: str) -> None:
    walk, stretches = walked([b"\x81\x01a", header, b"\x81\x01a"], masked=0)
    assert walk.broken, why
    assert len(stretches) == 1


def test_with_deflate_rsv1_is_allowed_on_the_first_frame_of_a_message_alone() -> None:
    assert not walked([b"\x41\x01a\x80\x01b"], masked=0, deflate=True)[0].broken
    assert walked([b"\x41\x01a\xc0\x01b"], masked=0, deflate=True)[0].broken
    assert walked([b"\xc9\x01a"], masked=0, deflate=True)[0].broken
    assert walked([b"AB" + bytes(66)], masked=1, deflate=True)[0].broken  # a client's letters


@pytest.mark.parametrize(
    "header",
    [b"\x81\x05hello", b"\x81\x7e\x00\x05hello", b"\x80\x00", b"\x09\x00"],
    ids=["not masked", "length not minimal", "nothing to continue", "a fragmented ping"],
)
def test_other_violations_are_followed_but_prove_nothing(header: bytes) -> None:
    assert not walked([header], masked=1)[0].broken
    assert walked([MASKED_HELLO, header], masked=1, unproven=True)[0].broken


def test_a_walk_that_must_prove_itself_takes_the_first_frame_s_word_on_masking() -> None:
    assert walked([MASKED_HELLO * 3], UNKNOWN, unproven=True)[0].frames == 3
    assert walked([MASKED_HELLO + b"\x81\x01a"], UNKNOWN, unproven=True)[0].broken
    assert walked([bytes(100)], UNKNOWN, unproven=True)[0].broken
