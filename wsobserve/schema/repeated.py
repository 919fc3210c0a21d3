"""A structure and the numbers of its elements in; a value with the same shape out, each element in there with its number."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import msgspec

_decode = msgspec.json.Decoder().decode


class Repeated:
    """An element of an array that stands for so many: of all the values that are put together there."""

    __slots__ = ("element", "times")

    def __init__(self, element: object, times: int) -> None:
        self.element = element
        self.times = times


def repeated(structure: str, elements: Sequence[int]) -> object:
    """What messages of this structure look like; `elements`: how many there are of each element, as in ChannelMessage."""
    value = _decode(structure)
    return _with_numbers(value, iter(elements)) if elements else value


def _with_numbers(value: object, numbers: Iterator[int]) -> object:
    if isinstance(value, dict):
        return {key: _with_numbers(inner, numbers) for key, inner in value.items()}
    if not isinstance(value, list):
        return value
    with_numbers = []
    for element in value:
        times = next(numbers)  # it begins before what is inside of it
        with_numbers.append(Repeated(_with_numbers(element, numbers), times))
    return with_numbers


def values_in(structure: str, elements: Sequence[int]) -> int:
    """How many values there are in a message of this structure, itself counted."""
    values = _values_by_element(structure)
    return values[0] + sum([times * values[number] for number, times in enumerate(elements, 1)])


@functools.lru_cache(maxsize=256)
def _values_by_element(structure: str) -> tuple[int, ...]:
    """What is in no array, the structure itself counted, and of each element: itself, and what is in it and no array of its."""
    values = [1]
    _count_values(_decode(structure), values, 0)
    return tuple(values)


def _count_values(value: object, values: list[int], number: int) -> None:
    if isinstance(value, dict):
        values[number] += len(value)
        for inner in value.values():
            _count_values(inner, values, number)
    elif isinstance(value, list):
        for element in value:
            values.append(1)
            _count_values(element, values, len(values) - 1)
