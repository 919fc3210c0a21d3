"""Protocol buffers told from other bytes without their descriptor. The bytes are written as the encoding guide shows them."""

from __future__ import annotations

import struct
import time
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.config import Limits
from wsobserve.payload.protobuf import DEEPEST, decode, looks_like_protobuf
from wsobserve.payload.stage import Payload
from wsobserve.records import Half, Message
from wsobserve.redaction import looks_like_identifier
from wsobserve.schema.fold import SchemaFold

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


# --- what it says ------------------------------------------------------------------------------------------------------


def varint(value: int) -> bytes:
    """The encoding guide, "Base 128 varints"; negative numbers as 64 bits."""
    value &= 2**64 - 1
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def content(field: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(data)) + data


HEAD = content(1, "evidence")  # enough to be recognised


def said(fields: bytes) -> Any:
    body = decode(HEAD + fields)
    assert body is not None
    assert body.pop("field_1") == "evidence"
    return body


def test_fields_have_their_numbers_for_keys() -> None:
    assert decode(MESSAGES["a number and a text"]) == {"field_1": 150, "field_2": "testing"}
    assert said(content(1000, "x")) == {"field_1000": "x"}
    assert not looks_like_identifier("field_1000")  # which would make it one key of a map


def test_a_field_that_comes_more_than_once_is_a_list() -> None:
    assert decode(MESSAGES["a repeated field"]) == {"field_1": ["abc", "def"]}
    assert said(number(2, 1) + number(2, 2) + number(2, 3) + number(3, 1)) == {"field_2": [1, 2, 3], "field_3": 1}


@pytest.mark.parametrize("value", [0, 1, 127, 128, 2**31, 2**63 - 1, -1, -(2**31), -(2**63)])
def test_varints_are_integers(value: int) -> None:
    assert said(number(2, value)) == {"field_2": value}


@pytest.mark.parametrize("value", [1.5, -0.001, 67_123.45, 1e14, 0, 1, -1, 2**40, 1_764_320_000_000_000_000, -(2**40)])
def test_64_bits_are_what_they_would_be_in_ordinary_life(value: float) -> None:
    packed = struct.pack("<d", value) if isinstance(value, float) else struct.pack("<q", value)
    found = said(b"\x11" + packed)["field_2"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("value", [1.5, -0.25, 3.14159, 0.1, 0, 1, -1, 65_536, 1_764_320_000])
def test_32_bits_as_well(value: float) -> None:
    packed = struct.pack("<f", value) if isinstance(value, float) else struct.pack("<i", value)
    found = said(b"\x15" + packed)["field_2"]
    assert (found, type(found)) == (value, type(value))


def test_text_is_text_and_bytes_are_bytes() -> None:
    assert said(content(2, "à bientôt")) == {"field_2": "à bientôt"}
    assert said(content(2, "")) == {"field_2": ""}
    assert said(content(2, "one\ntwo\r\n\tthree")) == {"field_2": "one\ntwo\r\n\tthree"}
    assert said(content(2, b"\x00\xff\xfe")) == {"field_2": b"\x00\xff\xfe"}
    assert said(content(2, "(10 ")) == {"field_2": "(10 "}  # two fields, if it were not printable


def test_messages_in_messages_are_objects() -> None:
    inner = number(1, 1_764_320_000) + number(2, 5)
    assert said(content(2, inner)) == {"field_2": {"field_1": 1_764_320_000, "field_2": 5}}
    assert said(content(2, number(1, 5))) == {"field_2": {"field_1": 5}}
    assert said(content(2, number(7, 5))) == {"field_2": number(7, 5)}  # no evidence: any two bytes do
    assert said(content(2, content(3, inner) + content(3, inner))) == {
        "field_2": {"field_3": [{"field_1": 1_764_320_000, "field_2": 5}] * 2}
    }


def test_deeper_than_anybody_goes_it_stays_bytes() -> None:
    nested = HEAD
    for _ in range(DEEPEST + 5):
        nested = HEAD + content(2, nested)
    body: Any = decode(nested)
    depth = 0
    while isinstance(body, dict):
        body = body["field_2"]
        depth += 1
    assert depth == DEEPEST + 1
    assert isinstance(body, bytes)


def test_many_fields_that_are_nearly_messages_take_no_time() -> None:
    nearly = number(1, 1) * 9_000 + b"\x0f"
    started = time.process_time()
    assert decode(HEAD + content(2, nearly) * 800) is not None
    assert time.process_time() - started < 5


def test_what_is_no_message_has_no_body() -> None:
    assert all(decode(payload) is None for payload in OTHERS.values())


@given(st.binary(max_size=200))
def test_any_bytes_behind_a_message_are_answered(payload: bytes) -> None:
    body = decode(HEAD + payload)
    assert (body is not None) == looks_like_protobuf(HEAD + payload)


TRADE = descriptor_pb2.FileDescriptorProto(
    name="trade.proto",
    package="feed",
    message_type=[
        descriptor_pb2.DescriptorProto(
            name="Level",
            field=[
                descriptor_pb2.FieldDescriptorProto(name="price", number=1, type=1, label=1),
                descriptor_pb2.FieldDescriptorProto(name="size", number=2, type=3, label=1),
            ],
        ),
        descriptor_pb2.DescriptorProto(
            name="Book",
            field=[
                descriptor_pb2.FieldDescriptorProto(name="symbol", number=1, type=9, label=1),
                descriptor_pb2.FieldDescriptorProto(name="time", number=2, type=6, label=1),
                descriptor_pb2.FieldDescriptorProto(name="bids", number=3, type=11, label=3, type_name=".feed.Level"),
                descriptor_pb2.FieldDescriptorProto(name="ratio", number=4, type=2, label=1),
                descriptor_pb2.FieldDescriptorProto(name="change", number=5, type=3, label=1),
            ],
        ),
    ],
)


def test_what_the_official_library_writes_is_read_as_it_was_meant() -> None:
    pool = descriptor_pool.DescriptorPool()
    pool.Add(TRADE)
    book = message_factory.GetMessageClass(pool.FindMessageTypeByName("feed.Book"))
    level = message_factory.GetMessageClass(pool.FindMessageTypeByName("feed.Level"))
    bids = [level(price=67_123.5, size=3), level(price=67_123.25, size=400)]
    written = book(symbol="BTCUSDT", time=1_764_320_000_000_000_000, bids=bids, ratio=0.1, change=-5).SerializeToString()
    assert decode(written) == {
        "field_1": "BTCUSDT",
        "field_2": 1_764_320_000_000_000_000,
        "field_3": [{"field_1": 67_123.5, "field_2": 3}, {"field_1": 67_123.25, "field_2": 400}],
        "field_4": 0.1,
        "field_5": -5,
    }


def test_its_schema_is_inferred_like_that_of_json() -> None:
    half = Half(connection="c", source="a", destination="b", direction="server_to_client")
    stage, schemas = Payload(), SchemaFold(Limits())
    for count in range(40):
        payload = HEAD + number(2, count) + content(3, content(1, "inner") + number(2, count))
        message = Message(half, 1, 1, 1, 2, 1, False, len(payload), len(payload), True, None, payload, None, len(payload))
        for said_message in stage.receive(message):
            assert said_message.format == "protobuf"
            schemas.add(said_message)
    (kind,) = schemas.kinds()
    assert (kind.messages, kind.formats) == (40, {"protobuf": 40})
    properties: Any = kind.json_schema["properties"]
    assert set(properties) == {"field_1", "field_2", "field_3"}
    assert properties["field_2"]["type"] == "integer"
    assert set(properties["field_3"]["properties"]) == {"field_1", "field_2"}
