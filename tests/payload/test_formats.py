"""Formats: what text and bytes are recognised as, and what they are not taken for."""

from __future__ import annotations

import json

import cbor2
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.payload.formats import recognise

TEXTS: list[tuple[bytes, str, object]] = [
    (b"", "empty", None),
    (b'{"type":"ping"}', "json", {"type": "ping"}),
    (b' \r\n\t[1, 2.5, "x", null] ', "json", [1, 2.5, "x", None]),
    (b"42", "json", 42),
    (b'"hi"', "json", "hi"),
    (b"true", "json", True),
    (b"null", "json", None),
    (b"1.0", "json", 1.0),
    (b"123456789012345678901234567890", "json", 123456789012345678901234567890),
    (b"\xef\xbb\xbf{}", "json", {}),
    (b'{"\\ud800":"\\udfff"}', "json", {"?": "\udfff"}),
    (b"hello", "text", None),
    (b"   ", "text", None),
    (b"NaN", "text", None),
    (b"[NaN]", "text", None),
    (b"[Infinity]", "text", None),
    (b'42["chat message","hi"]', "text", None),
    (b'{"a":1}{"a":2}', "text", None),
    (b'{"a":1}\x1e', "text", None),
    (b'{"a":', "text", None),
    (b'{"a":"\xff"}', "text", None),
    (b"\xff\xfe", "text", None),
]


@pytest.mark.parametrize(("payload", "form", "body"), TEXTS)
def test_a_text_is_json_when_it_is(payload: bytes, form: str, body: object) -> None:
    assert recognise(payload, text=True) == (form, body)


@pytest.mark.parametrize("payload", [b"1" * 10_000, b"[" + b"9" * 400 + b"]", b"1e999", b"[-1e999]"])
def test_a_number_beyond_any_machine_is_still_json(payload: bytes) -> None:
    assert recognise(payload, text=True)[0] == "json"


@pytest.mark.parametrize("payload", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 50_000 + b"]" * 50_000])
def test_what_is_nested_beyond_reason_is_text(payload: bytes) -> None:
    assert recognise(payload, text=True) == ("text", None)


BINARIES: list[tuple[bytes, str, object]] = [
    (b"", "empty", None),
    (b'{"type":"ping"}', "json", {"type": "ping"}),
    (b"[1,2]", "json", [1, 2]),
    (b"42", "binary", None),
    (b'"hi"', "binary", None),
    (b"{", "binary", None),
    (b"hello", "binary", None),
    (b"\x81\xa4type\xa4ping", "msgpack", {"type": "ping"}),
    (b"\x93\x01\xa5hello\xc0", "msgpack", [1, "hello", None]),
    (b"\xdc\x00\x01\xa5hello", "msgpack", ["hello"]),
    (b"\xdf\x00\x00\x00\x01\xa1a\x01", "msgpack", {"a": 1}),
    (b"\x81\xa3bin\xc4\x02\x00\xff", "msgpack", {"bin": b"\x00\xff"}),
    (b"\xa1\x64type\x64ping", "cbor", {"type": "ping"}),
    (b"\x82\x01\x65hello", "cbor", [1, "hello"]),
    (b"\xbf\x61a\x01\xff", "cbor", {"a": 1}),
    (b"\xd9\xd9\xf7\xa1\x61a\x01", "cbor", {"a": 1}),
    (b"\x08\x96\x01\x12\x07testing", "protobuf", {"field_1": 150, "field_2": "testing"}),
    (b"\x80", "binary", None),  # an empty map of MessagePack, an empty array of CBOR
    (b"\xa0", "binary", None),
    (b"\x91\x06", "binary", None),  # fits, and so does anything
    (b"\x2a", "binary", None),  # a number in MessagePack and in CBOR: no evidence
    (b"\x81\xa4type\xa4ping\x00", "binary", None),
    (b"\x81\xa4type\xa4pin", "binary", None),
    (b"\x89PNG\r\n\x1a\n", "binary", None),
    (b"\x00\x01\x02\x03", "binary", None),
    (b"\xff" * 10, "binary", None),
]


@pytest.mark.parametrize(("payload", "form", "body"), BINARIES)
def test_bytes_are_what_they_give_evidence_of(payload: bytes, form: str, body: object) -> None:
    assert recognise(payload, text=False) == (form, body)


@pytest.mark.parametrize(
    "payload", [b"\x91" * 100_000, b"\x81" * 100_000, b"\xdd\xff\xff\xff\xff", b"\x9a\x7f\xff\xff\xff" + b"\x00" * 9]
)
def test_bytes_that_promise_more_than_they_hold_are_binary(payload: bytes) -> None:
    assert recognise(payload, text=False) == ("binary", None)


OBJECTS = st.dictionaries(
    st.from_regex(r"[a-z]{1,8}", fullmatch=True),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ),
    min_size=1,
    max_size=5,
)


@given(OBJECTS)
def test_an_object_with_names_is_recognised_in_every_structured_format(body: dict[str, object]) -> None:
    assert recognise(json.dumps(body).encode(), text=True)[0] == "json"
    assert recognise(json.dumps(body).encode(), text=False)[0] == "json"
    assert recognise(msgspec.msgpack.encode(body), text=False) == ("msgpack", body)
    assert recognise(cbor2.dumps(body), text=False) == ("cbor", body)


@given(st.binary(max_size=100), st.booleans())
def test_any_bytes_are_recognised_as_something(payload: bytes, text: bool) -> None:
    form, body = recognise(payload, text=text)
    assert form in ("json", "msgpack", "cbor", "protobuf", "text", "binary", "empty")
    assert body is None or form in ("json", "msgpack", "cbor", "protobuf")


@given(st.text(alphabet='[]{}",:0123456789eE.-+ntrufalsN \\"', max_size=40))
def test_any_text_that_a_strict_parser_accepts_is_json(text: str) -> None:
    def refuse(constant: str) -> object:
        raise ValueError(constant)

    try:
        json.loads(text, parse_constant=refuse)
        expected = "json"
    except ValueError:
        expected = "text" if text else "empty"
    assert recognise(text.encode(), text=True)[0] == expected
