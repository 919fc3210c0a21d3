"""CBOR: the examples of RFC 8949, Appendix A, hostile bytes, and a foreign implementation's opinion."""

from __future__ import annotations

import math

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.payload.cbor import decode

EXAMPLES: list[tuple[str, object]] = [
    ("00", 0),
    ("17", 23),
    ("1818", 24),
    ("1903e8", 1000),
    ("1bffffffffffffffff", 18446744073709551615),
    ("3863", -100),
    ("3bffffffffffffffff", -18446744073709551616),
    ("f93c00", 1.0),
    ("fa47c35000", 100000.0),
    ("fb3ff199999999999a", 1.1),
    ("f97c00", math.inf),
    ("f4", False),
    ("f5", True),
    ("f6", None),
    ("f7", None),
    ("4401020304", b"\x01\x02\x03\x04"),
    ("6449455446", "IETF"),
    ("62c3bc", "\u00fc"),
    ("80", []),
    ("8301820203820405", [1, [2, 3], [4, 5]]),
    ("a0", {}),
    ("a26161016162820203", {"a": 1, "b": [2, 3]}),
    ("a201020304", {1: 2, 3: 4}),
    ("5f42010243030405ff", b"\x01\x02\x03\x04\x05"),
    ("7f657374726561646d696e67ff", "streaming"),
    ("9fff", []),
    ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
    ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
]


@pytest.mark.parametrize(("encoded", "value"), EXAMPLES)
def test_an_example_of_the_rfc_decodes_to_its_value(encoded: str, value: object) -> None:
    assert decode(bytes.fromhex(encoded)) == value


@pytest.mark.parametrize(
    ("encoded", "content"),
    [
        ("c074323031332d30332d32315432303a30343a30305a", "2013-03-21T20:04:00Z"),
        ("c11a514b67b0", 1363896240),
        ("c249010000000000000000", b"\x01\x00\x00\x00\x00\x00\x00\x00\x00"),
        ("d9d9f7a0", {}),
        ("d8235828" + "28" * 40, b"(" * 40),
        ("d81d00", 0),
    ],
)
def test_a_tag_is_passed_over_and_builds_nothing(encoded: str, content: object) -> None:
    assert decode(bytes.fromhex(encoded)) == content


MALFORMED = [
    ("", "nothing"),
    ("18", "an argument that is cut"),
    ("1c", "reserved additional information"),
    ("62c3", "a text that is cut"),
    ("61ff", "a text that is not UTF-8"),
    ("0000", "two items"),
    ("ff", "a stop code alone"),
    ("81ff", "a stop code in an array of known length"),
    ("a1ff00", "a stop code for a key"),
    ("bf00ff", "a key without a value"),
    ("1fff", "an integer of indefinite length"),
    ("dfff", "a tag of indefinite length"),
    ("5f00ff", "a chunk that is no byte string"),
    ("7f4100ff", "a chunk that is no text"),
    ("f0", "an unassigned simple value"),
    ("f818", "a reserved simple value"),
    ("9bffffffffffffffff", "an array longer than any memory"),
    ("bb7fffffffffffffff", "a map longer than any memory"),
    ("5b7fffffffffffffff", "a byte string longer than any memory"),
    ("81" * 100_000, "arrays in arrays"),
    ("c1" * 100_000 + "00", "tags on tags"),
    ("9f" * 100_000, "arrays of indefinite length in each other"),
]


@pytest.mark.parametrize("encoded", [encoded for encoded, _ in MALFORMED], ids=[what for _, what in MALFORMED])
def test_what_is_not_one_item_is_refused(encoded: str) -> None:
    with pytest.raises(ValueError):
        decode(bytes.fromhex(encoded))


def test_too_many_items_are_refused() -> None:
    with pytest.raises(ValueError):
        decode(b"\x9a\x00\x10\x00\x00" + bytes(0x100000))


def test_a_key_that_is_a_container_becomes_an_unnamed_one() -> None:
    assert decode(bytes.fromhex("a18001")) == {None: 1}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(0, 9), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_what_another_implementation_writes_is_read_back(value: object, indefinite: bool) -> None:
    assert decode(cbor2.dumps(value, indefinite_containers=indefinite)) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_decoded_or_refused(payload: bytes) -> None:
    try:
        decode(payload)
    except ValueError:
        pass
