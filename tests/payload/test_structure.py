"""Structures: what they keep of a JSON text, that they never say more than a decoder does, and what is left to decoding."""

from __future__ import annotations

import json
from array import array
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wsobserve.payload.name import NAME_KEYS, message_name
from wsobserve.payload.structure import UNKNOWN, StructureReader, repeats_a_key

# As in the source, whose compiled build does not give them out.
LONGEST_TEXT, LONGEST_STRUCTURE, DEEPEST, MOST_ELEMENTS, MOST_SIBLINGS = 1_048_576, 4_096, 32, 256, 8

reader = StructureReader()


def shape(value: object) -> object:
    """Keys in their order, nesting and types, and nothing of the values; of arrays the elements that have different shapes."""
    if isinstance(value, dict):
        return tuple((key, shape(inner)) for key, inner in value.items())
    if isinstance(value, list):
        return list(dict.fromkeys(repr(shape(inner)) for inner in value))
    return type(value).__name__


def elements_of(value: object, skeleton: object) -> list[int]:
    """Of each element in the skeleton, in the order in which they begin: how many in the value have its shape."""
    return _elements_of([value], skeleton)


def _elements_of(values: list[Any], skeleton: object) -> list[int]:
    if isinstance(skeleton, dict):
        return [n for key, inner in skeleton.items() for n in _elements_of([value[key] for value in values], inner)]
    if not isinstance(skeleton, list):
        return []
    counts: list[int] = []
    for inner in skeleton:
        alike = [element for value in values for element in value if shape(element) == shape(inner)]
        counts += [len(alike), *_elements_of(alike, inner)]
    return counts


def is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


READ = [
    (b'{"a":1}', '{"a":0}'),
    (b' {\t"a" :\r\n[ 1 , 2.5,-0,-1e5, 1E+5 ,0.0e-9] } ', '{"a":[0,0.0]}'),
    (b'[true,false,null,"x",{},[]]', '[true,null,"",{},[]]'),
    (b'"text"', '""'),
    (b"7", "0"),
    (b"null", "null"),
    (b'{"type":"tick","text":"tick"}', '{"type":"tick","text":""}'),
    (b'{"event":"two words","op":"42","e":"","t":"a.b:c/d-e_$9"}', '{"event":"","op":"","e":"","t":"a.b:c/d-e_$9"}'),
    (b'{"a":{"type":"tick"},"type":["tick"]}', '{"a":{"type":""},"type":[""]}'),
    (b'["join","lobby"]', '["join",""]'),
    (b'[["join"]]', '[[""]]'),
    ('{"\u00e9":"\u20ac"}'.encode(), '{"\u00e9":""}'),
    (b'{"a":1,"a":"x"}', '{"a":0,"a":""}'),
    (b'{"type":"' + b"x" * 64 + b'"}', '{"type":"' + "x" * 64 + '"}'),
    (b'{"type":"' + b"x" * 65 + b'"}', '{"type":""}'),
]


@pytest.mark.parametrize(("text", "structure"), READ)
def test_keys_nesting_and_types_stay_and_of_the_values_only_what_may_be_a_name(text: bytes, structure: str) -> None:
    assert reader.structure(text, True) == structure


ARRAYS = [
    (b"[]", "[]", ()),
    (b"[7]", "[0]", (1,)),
    (b"[7,8,9]", "[0]", (3,)),
    (b"[1,2.5,3,null,4.5,true,false]", "[0,0.0,null,true]", (2, 2, 1, 2)),
    (b"[[],[1],[2,3],[]]", "[[],[0]]", (2, 2, 3)),
    (b"[[1],[2.5],[3,4]]", "[[0],[0.0]]", (2, 3, 1, 1)),
    (b'[[1,"a"],["b",2]]', '[[0,""],["",0]]', (1, 1, 1, 1, 1, 1)),
    (b'{"a":[1,2],"b":[],"c":[{"d":[3]},{},{"d":[4,5]}]}', '{"a":[0],"b":[],"c":[{"d":[0]},{}]}', (2, 2, 3, 1)),
    (b'[{"a":1},{"a":1,"b":[]},{"a":2},{"b":[],"a":1}]', '[{"a":0},{"a":0,"b":[]},{"b":[],"a":0}]', (2, 1, 1)),
    (b'["join","join","x"]', '["join",""]', (1, 2)),
    (b'["two words","join"]', '[""]', (2,)),
    (b'{"type":"x","of":["type","x"]}', '{"type":"x","of":[""]}', (2,)),
    (b"[[[1],[2,3]],[[4]],[]]", "[[[0]],[]]", (2, 3, 4, 1)),
]


@pytest.mark.parametrize(("text", "structure", "elements"), ARRAYS)
def test_of_an_array_what_is_different_stays_and_how_many_are_the_same_is_told_beside(
    text: bytes, structure: str, elements: tuple[int, ...]
) -> None:
    assert (reader.structure(text, True), reader.elements()) == (structure, elements)


def test_the_numbers_of_several_texts_of_one_structure_can_be_added_up() -> None:
    total = array("q", bytes(8 * 3))
    for text in (b'[{"a":[1]},2]', b'[{"a":[1,2,3]},{"a":[4]},3,4]'):
        assert (reader.structure(text, True), reader.count) == ('[{"a":[0]},0]', 3)
        reader.add_elements(total)
    assert list(total) == [3, 5, 3]
    assert (reader.structure(b"[1,", True), reader.count, reader.elements()) == (UNKNOWN, 0, ())
    reader.add_elements(array("q"))


def test_arrays_of_any_length_have_one_structure() -> None:
    texts = [json.dumps({"bids": [[number, 0.5, {"n": [number]}] for number in range(length)]}) for length in range(1, 50)]
    assert {reader.structure(text.encode(), True) for text in texts} == {'{"bids":[[0,0.0,{"n":[0]}]]}'}
    assert reader.elements() == (49, 49, 49, 49, 49)


NOT_READ = [
    b"",
    b" ",
    b"{",
    b"}",
    b"[1,]",
    b"[,1]",
    b"{,}",
    b'{"a"}',
    b'{"a":}',
    b'{"a":1,}',
    b'{"a":1 "b":2}',
    b"{1:2}",
    b"[1}",
    b"{]",
    b"1 2",
    b"1,2",
    b"[1]]",
    b":",
    b"-",
    b"01",
    b"-01",
    b"1.",
    b".5",
    b"1e",
    b"1e+",
    b"+1",
    b"0x1",
    b"NaN",
    b"tru",
    b"truex",
    b"nul",
    b"fals",
    b'"',
    b'"a',
    b'"\t"',
    b'"\x00"',
    b'["a" "b"]',
    b"\xef\xbb\xbf1",
    b"1\x00",
]
LEFT_TO_DECODING = [
    b'"\\u0041"',
    b'{"\\n":1}',
    b"1e100",
    b"1" * 201,
    b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
    b'"' + b"x" * LONGEST_TEXT + b'"',
    b'{"' + b"x" * LONGEST_STRUCTURE + b'":1}',
    b"[" + b",".join(b"{" + b'"":[],' * number + b'"":0}' for number in range(MOST_SIBLINGS + 2)) + b"]",
    b"{" + b",".join(b'"%d":[0]' % number for number in range(MOST_ELEMENTS + 1)) + b"}",
    b'{"a":[' + b",".join(b'{"' + b"x" * 150 + b'%d":0}' % number for number in range(30)) + b"]}",
]


@pytest.mark.parametrize("text", NOT_READ + LEFT_TO_DECODING)
def test_what_is_no_json_or_unusual_has_no_structure(text: bytes) -> None:
    assert reader.structure(text, True) == UNKNOWN


@pytest.mark.parametrize("text", LEFT_TO_DECODING)
def test_what_is_only_unusual_can_be_decoded(text: bytes) -> None:
    msgspec.json.decode(text)


def test_the_longest_text_and_the_longest_structure_are_read() -> None:
    filled = b"x" * (LONGEST_TEXT - 4)
    assert reader.structure(b'["' + filled + b'"]', True) == '[""]'
    assert reader.structure(b'["' + filled + b'x"]', True) == UNKNOWN
    assert reader.structure(b'{"' + filled[:-2] + b'":1}', True) == UNKNOWN  # too long for a structure
    assert reader.structure(b'"' * LONGEST_TEXT, True) == UNKNOWN
    key = b"x" * (LONGEST_STRUCTURE - 6)
    assert reader.structure(b'{"' + key + b'":1}', True) == '{"' + key.decode() + '":0}'
    assert reader.structure(b'{"' + key + b'x":1}', True) == UNKNOWN
    assert reader.structure(b"[" * DEEPEST + b"]" * DEEPEST, True) == "[" * DEEPEST + "]" * DEEPEST
    assert reader.structure(b"1" * 200, True) == "0"


def test_the_most_elements_and_the_most_siblings_are_read() -> None:
    most = b"{" + b",".join(b'"%d":[0]' % number for number in range(MOST_ELEMENTS)) + b"}"
    assert reader.structure(most, True) == most.decode()
    assert reader.elements() == (1,) * MOST_ELEMENTS
    siblings = b"[" + b",".join(b"{" + b'"":[],' * number + b'"":0}' for number in range(MOST_SIBLINGS + 1)) + b"]"
    assert reader.structure(siblings, True) == siblings.decode()
    assert reader.elements() == (1,) * (MOST_SIBLINGS + 1)
    many = b"[" + b"1,2.5," * 50_000 + b"1]"
    assert (reader.structure(many, True), reader.elements()) == ("[0,0.0]", (50_001, 50_000))


def test_whatever_stands_where_the_structure_becomes_too_long_is_left_to_decoding() -> None:
    behind = b'[{"' + b"".join(b'":{"' for _ in range(DEEPEST - 3)) + b'":null' + b"}" * (DEEPEST - 2) + b"]"
    for length in range(LONGEST_STRUCTURE - 300, LONGEST_STRUCTURE + 3):
        for text in (
            b'{"' + b"x" * length + b'":' + behind + b"}",
            b'{"' + b"x" * length + b'":[' + b"[[[1],1.5],false]," * 3 + b"[]]}",
        ):
            json.loads(text)
            assert reader.structure(text, True) == UNKNOWN or length < LONGEST_STRUCTURE - 20


def test_other_than_ascii_needs_to_be_known_as_utf8() -> None:
    assert reader.structure('"\u00e9"'.encode(), True) == '""'
    assert reader.structure('"\u00e9"'.encode(), False) == UNKNOWN
    assert reader.structure(b'"e"', False) == '""'


def test_no_two_naming_keys_have_both_first_letter_and_length_in_common() -> None:
    assert len({(key[0], len(key)) for key in NAME_KEYS}) == len(NAME_KEYS)


@pytest.mark.parametrize("key", NAME_KEYS)
def test_each_naming_key_keeps_its_value_and_its_neighbours_do_not(key: str) -> None:
    for one, kept in ((key, "join"), (key + "s", ""), ("x" + key[1:] + "y", ""), (key[:-1] + "_", "")):
        if one == key or one not in NAME_KEYS:
            assert reader.structure(f'{{"{one}":"join"}}'.encode(), True) == f'{{"{one}":"{kept}"}}'


KEYS = st.sampled_from(["type", "t", "event", "op", "a", "b", "", "\u00e9"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.sampled_from([0.5, -1e20, 1e-7])
    | st.sampled_from(["", "x", "a b", "y.z"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def first_named(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and value[0] in ("x", "y.z")


def named(value: Any) -> tuple[object, ...]:
    """The values of a message from which its name may be made, and are written like one."""
    kept = {"x", "y.z"}
    if isinstance(value, dict):
        return tuple(one if isinstance(one, str) and one in kept else "" for key in NAME_KEYS for one in [value.get(key)])
    return (value[0] if isinstance(value, list) and value and isinstance(value[0], str) and value[0] in kept else "",)


@given(VALUES, VALUES)
def test_two_messages_have_one_structure_when_keys_types_and_naming_values_are_the_same(first: object, second: object) -> None:
    def read(value: object) -> str:
        return reader.structure(json.dumps(value, ensure_ascii=False, sort_keys=True).encode(), True)

    assert UNKNOWN not in (read(first), read(second))
    same = shape(first) == shape(second) and named(first) == named(second)
    assert (read(first) == read(second)) == same


def assert_truthful(text: bytes) -> None:
    """When there is a structure, it says what a decoder says."""
    structure = reader.structure(text, is_utf8(text))
    elements = reader.elements()
    if structure == UNKNOWN:
        return
    decoded, told = msgspec.json.decode(text), msgspec.json.decode(structure)
    assert shape(decoded) == shape(told)
    assert message_name(decoded) == message_name(told)
    if not repeats_a_key(structure, told) and not first_named(told):
        assert list(elements) == elements_of(decoded, told)
    assert reader.structure(structure.encode(), True) == structure
    assert reader.elements() == (1,) * len(elements)


@settings(max_examples=300)
@given(st.binary(max_size=40) | st.text(alphabet='{}[]:,"\\ 0123456789.eE+-truefalsn\t\n\u00e9', max_size=30).map(str.encode))
@example(b'{"type":"\xc3"}')
def test_whatever_has_a_structure_is_read_alike_by_a_decoder(text: bytes) -> None:
    assert_truthful(text)


SAMPLE = '{"type": "tick", "id": 42, "p": [1.5, -0, 1e5,[],{}], "n": null,"ok": false, "\u00e9": "\u20ac"}'.encode()


def test_a_text_with_one_byte_changed_taken_out_or_doubled_is_read_as_a_decoder_reads_it() -> None:
    assert reader.structure(SAMPLE, True) != UNKNOWN
    for place in range(len(SAMPLE)):
        assert_truthful(SAMPLE[:place] + SAMPLE[place + 1 :])
        assert_truthful(SAMPLE[:place] + SAMPLE[place : place + 1] + SAMPLE[place:])
        for byte in b'{}[]:,"\\ 0.e-tn\x00\x1f\x7f\x80\xff':
            assert_truthful(SAMPLE[:place] + bytes([byte]) + SAMPLE[place + 1 :])


def test_a_text_at_every_cut_has_no_structure_before_its_end() -> None:
    assert [reader.structure(SAMPLE[:cut], True) for cut in range(len(SAMPLE))] == [UNKNOWN] * len(SAMPLE)


@settings(max_examples=200)
@given(VALUES)
def test_of_any_value_every_element_is_counted(value: object) -> None:
    assert_truthful(json.dumps(value, ensure_ascii=False).encode())
    assert_truthful(json.dumps([value, {"a": value}, value, {"a": value}, [value] * 3]).encode())


@pytest.mark.parametrize("text", [b'{"a":1,"a":[2]}', b'[{"a":1},{"b":{"":0,"":0}}]'])
def test_a_key_that_is_there_twice_is_noticed(text: bytes) -> None:
    structure = reader.structure(text, True)
    assert repeats_a_key(structure, msgspec.json.decode(structure))


@pytest.mark.parametrize("text", ['{"a":1,"b":{"a":1}}', '[{"\u20ac\x7f/<>&\u2028":[1.5,-0,1E9,true,"x",null]},"\U0001f600"]'])
def test_of_keys_that_are_not_there_twice_none_is_noticed(text: str) -> None:
    structure = reader.structure(text.encode(), True)
    assert not repeats_a_key(structure, msgspec.json.decode(structure))
