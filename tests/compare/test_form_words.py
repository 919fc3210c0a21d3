"""Schemas in a few words."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from wsobserve.compare.form_words import float_of, number_words
from wsobserve.compare.nodes import Source
from wsobserve.compare.schemas import SchemaWalk


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (True, "anything"),
        (False, "nothing"),
        ({"type": ["integer", "null"]}, "null or integer"),
        ({"type": "string", "format": "uuid"}, "string (uuid)"),
        ({"type": "number", "minimum": 0, "exclusiveMaximum": 9.5}, "number (at least 0, less than 9.5)"),
        ({"enum": ["b", "a", None]}, 'null or "a", "b"'),
        ({"type": "string", "pattern": "^secret$"}, "string (with a pattern)"),
        ({"anyOf": [{"const": i, "format": f"f{i}"} for i in "abcdefg"]}, '"a" or "b" or "c" or "d" or ...'),
    ],
)
def test_a_schema_in_words(schema: Any, words: str) -> None:
    assert SchemaWalk().words(Source(schema).node()) == words


def test_numbers_are_written_as_json_writes_them() -> None:
    assert [number_words(Fraction(value)) for value in (5, 0.25, 10**30)] == ["5", "0.25", "1e+30"]
    assert float_of(Fraction(-(10**400))) == float("-inf")
