"""Records, maps and objects of any form: whether keys are properties or name things."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import pytest

from wsobserve.schema.maps import is_free_form, is_map
from wsobserve.schema.seen import Seen


def seen(*objects: Mapping[Any, object], weight: float = 1.0) -> list[Seen]:
    return [Seen(each, weight=weight) for each in objects]


def spelled(number: int) -> str:
    """A word for a number, in letters, so that no key looks like an identifier."""
    return "".join(chr(97 + int(digit)) for digit in str(number)) + "ish"


def test_the_same_few_keys_in_all_objects_are_properties() -> None:
    assert not is_map(seen(*({"x": number, "y": number, "z": number} for number in range(100))))


@pytest.mark.parametrize(
    "keys",
    [
        [str(uuid.UUID(int=number << 64)) for number in range(4)],
        ["1", "22", "333", "4444"],
        ["alice@example.org", "bob@example.org"],
        ["file:///src/a.py", "file:///src/b.py", "file:///src/c.py"],
        ["/var/log/syslog", "/etc/hosts"],
        ["./a", "./b"],
    ],
)
def test_keys_that_look_like_names_of_things_make_a_map(keys: list[str]) -> None:
    assert is_map(seen(*({key: {"size": 1}} for key in keys)))


def test_one_object_with_one_such_key_proves_nothing() -> None:
    assert not is_map(seen({"42": 1}))


def test_keys_that_are_no_texts_name_things() -> None:
    assert is_map(seen({1: "a", 2: "b"}, {3: "c"}))


def test_objects_without_keys_are_no_maps() -> None:
    assert not is_map(seen({}, {}, {}))


def test_words_that_keep_being_new_with_values_alike_make_a_map() -> None:
    assert is_map(seen(*({spelled(number): 1.5, spelled(number + 1): 2} for number in range(0, 200, 2))))


def test_a_short_map_of_quantities_is_seen_in_a_few_objects() -> None:
    assert is_map(seen({"BTC": 1.5}, {"ETH": 2, "XRP": 1}, {"DOGE": 0.5, "SOL": 7}, {"ADA": 3}, {"DOT": 1, "UNI": 2}))


def test_independent_optional_properties_of_one_type_are_a_record() -> None:
    # Four of them, each in half of the objects: the entropy of their keys is high, and yet no key is new.
    names = ["title", "body", "summary", "footer"]
    objects: list[dict[object, object]] = [
        {name: "text" for bit, name in enumerate(names) if number >> bit & 1} for number in range(16)
    ]
    assert not is_map(seen(*objects * 10))


def test_a_wide_record_with_values_of_one_type_is_a_record() -> None:
    assert not is_map(seen(*({spelled(key): float(key) for key in range(30)} for _ in range(50))))


def test_a_tagged_union_by_its_key_is_no_map() -> None:
    # Externally tagged: each key holds objects of its own, so what is inside is told by the key.
    kinds: list[dict[object, object]] = [
        {spelled(kind): {spelled(kind) + "a": 1, spelled(kind) + "b": 2}} for kind in range(14)
    ]
    assert not is_map(seen(*kinds * 20))


def test_objects_that_hold_anything_under_new_keys_are_of_any_form() -> None:
    values: list[object] = [1, "x", [1], {"a": 1}, None, True]
    objects: list[dict[object, object]] = [
        {spelled(number): values[number % 6], spelled(number + 500): values[number % 5]} for number in range(60)
    ]
    assert is_free_form(seen(*objects))
    assert not is_map(seen(*objects))


def test_a_record_is_not_of_any_form() -> None:
    assert not is_free_form(seen(*({"id": number, "name": "x", "tags": []} for number in range(60))))


def test_a_few_objects_are_not_of_any_form_yet() -> None:
    assert not is_free_form(seen({"id": 1, "name": "x"}, {"id": 2, "size": [1]}))


def test_nulls_do_not_make_values_different() -> None:
    assert is_map(seen(*({spelled(number): None if number % 3 else 1} for number in range(100))))
