"""A value that was seen at one place of messages, and for how many observations it stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Seen(NamedTuple):
    """`times`: how often exactly this was seen; `weight`: for how many messages of its structure it stands (as many, or more).

    `time_ns`, `direction`: of the message that it is in.
    """

    value: object
    times: int = 1
    weight: float = 1.0
    time_ns: int = 0
    direction: str = ""


def weight_of(seen: Iterable[Seen]) -> float:
    """For how many messages these stand together."""
    return sum([each.weight for each in seen])
