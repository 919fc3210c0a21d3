"""The text of a document: what is read back is what was written, also by readers of another YAML than the writer's."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from wsobserve.publish.asyncapi_text import asyncapi_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_what_is_read_is_what_was_written(document: dict[str, Any]) -> None:
    assert yaml.safe_load(asyncapi_text(document)) == document
    assert json.loads(asyncapi_text(document, "json")) == document


# YAML 1.2.2, 10.3.2, the core schema: what a plain scalar is, if it is no text.
CORE_SCHEMA = re.compile(
    r"null|Null|NULL|~||true|True|TRUE|false|False|FALSE|[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN"
)


@given(
    st.from_regex(CORE_SCHEMA, fullmatch=True) | st.sampled_from(["1e3", "0o17", "12E5", "y", "N", "yes", "off", "1:30", "="])
)
def test_a_text_that_looks_like_something_else_is_quoted(text: str) -> None:
    line = asyncapi_text({"const": text}).removeprefix("const: ").strip()
    assert line[0] in "\"'"
    assert not CORE_SCHEMA.fullmatch(line)


@pytest.mark.parametrize("text", ["0x1F", "deadbeef", "1e3a", "v1.0", "/rooms/{id}"])
def test_other_texts_are_read_as_they_are(text: str) -> None:
    assert yaml.safe_load(asyncapi_text({"const": text})) == {"const": text}


def test_the_same_part_twice_is_written_twice() -> None:
    part = {"type": "string"}
    assert asyncapi_text({"a": part, "b": part}) == "a:\n  type: string\nb:\n  type: string\n"


def test_several_lines_are_a_block() -> None:
    assert asyncapi_text({"description": "one\n\ntwo"}) == "description: |-\n  one\n\n  two\n"


def test_order_is_kept() -> None:
    document = {"b": 1, "a": {"d": 1, "c": 2}}
    assert list(yaml.safe_load(asyncapi_text(document))) == ["b", "a"]
    assert asyncapi_text(document, "json").index('"d"') < asyncapi_text(document, "json").index('"c"')


def test_half_of_a_character_can_be_written() -> None:
    document = {"title": "a\ud800b"}
    assert json.loads(asyncapi_text(document, "json").encode()) == document
    assert yaml.safe_load(asyncapi_text(document).encode()) == {"title": "a\ufffdb"}
