"""How fuzzing targets read their input: as a script of what happens on the wire, which stays one whatever is mutated.

Bytes are what is said, as they stand. 0xff and a byte behind it are a mark: who speaks now, where a piece ends, what is
lost, how often the last piece is said again. So bytes that are put in or taken out move nothing else, and every input is
a script.
"""

from __future__ import annotations

from typing import NamedTuple

CLIENT, SERVER, CUT, GAP, END, RESET, TIME, LOST, DOUBLED, LATE, OTHER, AGAIN = range(12)
SPEAKERS = (CLIENT, SERVER)
WITH_NUMBER = (GAP, TIME, OTHER, AGAIN)  # marks that have a byte behind them
MOST_TIMES = 64
MOST_SAID = 8_192  # bytes with repetitions: more than all limits together
LITERAL = 0xFF


class Event(NamedTuple):
    """`kind` CUT: `data` is said by `half`; any other kind: the mark itself, with its number."""

    kind: int
    half: int
    data: bytes = b""
    number: int = 0


def events(script: bytes, most: int = MOST_SAID) -> list[Event]:
    """What happens, in order. Whoever speaks, speaks in one piece until a mark. `most`: bytes that repetitions add up to."""
    found: list[Event] = []
    half = 0
    first, *rest = script.split(b"\xff")
    said = first
    literal = False
    for index, part in enumerate(rest):
        if literal:  # the second of two: a byte 0xff, and `part` goes on behind it
            said += b"\xff" + part
            literal = False
            continue
        if not part:
            literal = index < len(rest) - 1
            continue
        mark = part[0]
        if mark > AGAIN:
            said += b"\xff" + part
            continue
        if said:
            found.append(Event(CUT, half, said))
        behind = 2 if mark in WITH_NUMBER else 1
        said = part[behind:]
        if mark in SPEAKERS:
            half = mark
        elif mark == AGAIN and found and found[-1].kind == CUT and len(part) > 1:
            found += _repeated(found[-1], part[1], most - sum([len(each.data) for each in found]))
        elif mark not in (CUT, AGAIN):
            found.append(Event(mark, half, number=part[1] if len(part) > 1 else 0))
    if said:
        found.append(Event(CUT, half, said))
    return found


def _repeated(event: Event, times: int, room: int) -> list[Event]:
    """So a short script reaches limits; but there is an end to it."""
    return [event] * min(times, MOST_TIMES, max(room, 0) // len(event.data))


def joined(found: list[Event]) -> list[Event]:
    """The same with every two pieces as one that follow each other in the same direction."""
    whole: list[Event] = []
    for event in found:
        before = whole[-1] if whole else None
        if before is not None and before.kind == event.kind == CUT and before.half == event.half:
            whole[-1] = Event(CUT, event.half, before.data + event.data)
        else:
            whole.append(event)
    return whole


def written(*said: bytes | int | tuple[int, int]) -> bytes:
    """The script of these: bytes, marks, and marks with a number."""
    script = b""
    for each in said:
        if isinstance(each, bytes):
            script += each.replace(b"\xff", b"\xff\xff")
        elif isinstance(each, int):
            script += bytes([LITERAL, each])
        else:
            assert each[1] != LITERAL, "a number that would be a mark"
            script += bytes([LITERAL, *each])
    return script
