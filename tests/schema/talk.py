"""Messages to learn schemas from: what applications say, and what nobody should.

In: chance, and the number of the message. Out: a message as decoded JSON.
"""

from __future__ import annotations

from random import Random
from typing import Any

WORDS = ["amber", "birch", "cedar", "dune", "elm", "fjord", "glade", "heath", "inlet", "juniper"]


def chat(chance: Random, number: int) -> Any:
    """Kinds told by `type`, with optional fields, a union within, a map, formats and a counter."""
    dice = chance.random()
    user = {"id": str(chance.randrange(10**17, 10**18)), "name": chance.choice(WORDS)}
    if dice < 0.5:
        said = {"type": "message", "seq": number, "from": user, "text": " ".join(chance.choices(WORDS, k=4))}
        if chance.random() < 0.3:
            said["reply"] = chance.randrange(number + 1)
        if chance.random() < 0.2:
            file = {"kind": "file", "bytes": chance.randrange(10**6)}
            said["with"] = file if chance.random() < 0.5 else {"kind": "poll", "options": chance.sample(WORDS, 3)}
        return said
    if dice < 0.7:
        return {"type": "typing", "user": user["id"], "active": chance.random() < 0.5}
    if dice < 0.9:
        counts = {f"{chance.getrandbits(64):016x}": chance.randrange(9) for _ in range(chance.randrange(6))}
        return {"type": "scores", "at": f"2025-03-{chance.randint(10, 28)}T10:00:{chance.randint(10, 59)}Z", "of": counts}
    return {"type": "level", "to": chance.choice(["low", "high", "off"]), "ratio": chance.choice([1, 0.5, 0.25])}


def positional(chance: Random, number: int) -> Any:
    """Kinds told by the second place of an array, and by the only key of an object."""
    dice = chance.random()
    if dice < 0.4:
        return [2, "move", number, {"x": chance.uniform(0, 9), "y": chance.randrange(9)}]
    if dice < 0.6:
        return [2, "stop", number, None]
    if dice < 0.8:
        return {"Edit": {"at": [chance.randrange(99), chance.randrange(99)], "text": chance.choice(WORDS)}}
    if dice < 0.95:
        return {"Saved": number}
    return chance.choice(["bye", 7, None, True, [], {}])


def wild(chance: Random, number: int) -> Any:
    """Nothing comes twice: keys, tags, lengths and depths are chance."""
    value: Any = chance.choice([number, chance.random(), f"{chance.getrandbits(40):x}", None, True])
    for _ in range(chance.randrange(7)):
        if chance.random() < 0.3:
            value = [value] * chance.randrange(1, 6)
        else:
            value = {f"k{chance.randrange(200)}": value, chance.choice(WORDS): chance.choice([1, "a", None])}
    return {"type": f"t{chance.randrange(90)}", "v": value}
