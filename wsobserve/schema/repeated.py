"""A structure and the numbers of its elements in; a value with the same shape out, each element in there with its number."""

from __future__ import annotations

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


def values_in(value: object, times: int = 1) -> int:
    """How many values there are inside of so many like this one."""
    if isinstance(value, dict):
        return len(value) * times + sum([values_in(inner, times) for inner in value.values()])
    if isinstance(value, list):
        return sum([element.times + values_in(element.element, element.times) for element in value])
    return 0
