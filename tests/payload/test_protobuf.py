"""Protocol buffers told from other bytes without their descriptor. The bytes are written as the encoding guide shows them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.payload.protobuf import looks_like_protobuf

MESSAGES = {
    "a number and a text": b"\x08\x96\x01\x12\x07testing",
    "a text": b"\x0a\x05hello",
    "three numbers": b"\x08\x01\x10\x02\x18\x03",
    "a message in a message": b"\x1a\x04\x08\x01\x10\x02",
    "a repeated field": b"\x0a\x03abc\x0a\x03def",
    "fixed numbers": b"\x09\x00\x00\x00\x00\x00\x00\xf0\x3f\x15\x00\x00\x80\x3f\x18\x01",
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_recognised(name: str) -> None:
    assert looks_like_protobuf(MESSAGES[name])


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_that_is_cut_inside_a_field_is_not(name: str) -> None:
    assert not looks_like_protobuf(MESSAGES[name][:-1])


OTHERS = {
    "nothing": b"",
    "one number": b"\x08\x01",
    "two numbers, which chance gives too": b"\x08\x01\x10\x02",
    "field number 0": b"\x00\x01\x02\x05hello",
    "fields out of order": b"\x12\x05hello\x08\x01",
    "a field number that nobody chooses": b"\xfa\xff\xff\xff\x0f\x05hello",
    "a group": b"\x0a\x05hello\x13\x14",
    "a length beyond the end": b"\x0a\x7fhello",
    "a varint longer than it needs to be": b"\x08\x81\x00\x12\x05hello",
    "a varint without an end": b"\x08" + b"\xff" * 20,
    "English": b"hello world, this is plain text",
    "zeros": bytes(64),
    "one byte over and over, which reads as one field over and over": b"\x09" * 90,
    "PNG": b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x01",
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_bytes_are_not_taken_for_a_message(name: str) -> None:
    assert not looks_like_protobuf(OTHERS[name])


def test_many_fields_end_the_search() -> None:
    assert not looks_like_protobuf(b"\x08\x01" * 20_000)


@given(st.binary(max_size=80))
def test_any_bytes_are_answered(payload: bytes) -> None:
    looks_like_protobuf(payload)
