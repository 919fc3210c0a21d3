"""The request path of a connection in, as template; the channels of the contract that it is about, out.

`/rooms/{id}` is what is known of a path that named somebody's room, so a segment of a contract's address fits when it
says the same: letter by letter, or because one of its parameters, or what was taken for an identifier, stands there.
Of several addresses that fit, the one with the most literal segments is meant; `/rooms/lobby` comes before `/rooms/{room}`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from wsobserve.contract.terms import Contract, ContractChannel
from wsobserve.redaction import PLACEHOLDER, path_template

PARAMETER = re.compile(r"\{[^{}/]*\}")


def channels_of(contract: Contract, channel: str, route: str | None) -> list[ContractChannel]:
    """The channels that messages of this channel and route are held against: those without an address always."""
    best = 0
    found: list[ContractChannel] = []
    for candidate in contract.channels:
        likeness = max((max(fits(each, channel), fits(each, route or channel)) for each in candidate.routes), default=0)
        if likeness > best:
            best, found = likeness, []
        if likeness and likeness == best:
            found.append(candidate)
    chosen = {id(each) for each in found} | {id(each) for each in contract.channels if not each.routes}
    return [each for each in contract.channels if id(each) in chosen]


def fits(address: str, path: str) -> int:
    """0: it does not; else the more, the more of the segments are the same literally."""
    wanted, there = address.strip("/").split("/"), path.strip("/").split("/")
    if len(wanted) != len(there):
        return 0
    literal = 0
    for pattern, segment in zip(wanted, there, strict=True):
        if pattern == segment and not PARAMETER.search(pattern):
            literal += 1
        elif not _segment_fits(pattern, segment):
            return 0
    return 1 + literal


@lru_cache(4096)
def _segment_fits(pattern: str, segment: str) -> bool:
    word = segment.partition(";")[0]
    if word == PLACEHOLDER:
        return PARAMETER.search(pattern) is not None or path_template(pattern) == PLACEHOLDER
    pieces = PARAMETER.split(pattern)
    return len(pieces) > 1 and re.fullmatch(".+".join(map(re.escape, pieces)), word) is not None
