"""Structures with the numbers of their elements: what they stand for, and how many values that is."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wsobserve.payload.structure import StructureReader
from wsobserve.schema.repeated import Repeated, repeated, values_in

reader = StructureReader()


def written_out(value: Any) -> Any:
    """An element and its number as a pair."""
    if isinstance(value, Repeated):
        return (written_out(value.element), value.times)
    if isinstance(value, dict):
        return {key: written_out(inner) for key, inner in value.items()}
    return [written_out(inner) for inner in value] if isinstance(value, list) else value


def test_each_element_of_an_array_has_its_number() -> None:
    assert written_out(repeated('{"a":[0,{"b":[""]},[]],"c":[0.0]}', [2, 3, 4, 1, 5])) == {
        "a": [(0, 2), ({"b": [("", 4)]}, 3), ([], 1)],
        "c": [(0.0, 5)],
    }


def test_without_elements_there_is_nothing_to_number() -> None:
    assert [repeated(structure, ()) for structure in ("[]", "0", '{"a":{"b":[]}}')] == [[], 0, {"a": {"b": []}}]


VALUES = st.recursive(
    st.none() | st.integers() | st.sampled_from(["", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)
        | st.tuples(inner, st.integers(0, 9)).map(lambda pair: [pair[0]] * pair[1])
    ),
    max_leaves=12,
)


def values(value: Any) -> int:
    inside = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return 1 + sum(values(inner) for inner in inside)


@given(VALUES)
def test_as_many_values_as_in_the_message_itself(value: object) -> None:
    structure = reader.structure(json.dumps(value).encode(), True)
    assert values_in(structure, reader.elements()) == values(value)
