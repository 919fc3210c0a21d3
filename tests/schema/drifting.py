"""Streams of messages for the tests of drift: stationary ones, made from seeds, and changes to be planted into them.

Each stream is a recipe: kinds with weights, each a function of a random generator and the number of the message. Nothing
about a recipe depends on the time, but for identifiers and clocks, which grow.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any

from wsobserve.config import DEFAULT_LIMITS, Limits
from wsobserve.payload.stage import Payload
from wsobserve.records import CLIENT_TO_SERVER, SERVER_TO_CLIENT, Half, Message, SchemaDrift
from wsobserve.schema.drift import DriftWatch
from wsobserve.schema.fold import SchemaFold

Maker = Callable[[Random, int], Any]
Recipe = Sequence[tuple[float, Maker]]
START = 1_700_000_000_000

HALVES = [
    Half(connection="c", source="a:1", destination="b:2", client="a:1", server="b:2", direction=direction)
    for direction in (CLIENT_TO_SERVER, SERVER_TO_CLIENT)
]


def bodies(recipe: Recipe, count: int, seed: object) -> list[Any]:
    """So many messages of a recipe, drawn independently of each other."""
    chance = Random(f"{seed}")
    weights = [weight for weight, _ in recipe]
    makers = [maker for _, maker in recipe]
    return [maker(chance, number) for number, maker in enumerate(chance.choices(makers, weights, k=count))]


def message_of(number: int, body: Any, side: int = 1) -> Message:
    payload = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    length = len(payload)
    time_ns = (START + number) * 1_000_000
    return Message(HALVES[side], time_ns, number + 1, time_ns, 1, 1, False, length, length, True, True, payload)


class Watching:
    """A schema fold with a drift watch, which are given bodies."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS, *, structures: bool = False) -> None:
        self.fold = SchemaFold(limits)
        self.watch = DriftWatch(self.fold, limits)
        self._payload = Payload(limits, structures=structures)
        self._number = 0

    def see(self, body: Any) -> list[SchemaDrift]:
        """What one more message shows."""
        told: list[SchemaDrift] = []
        for message in self._payload.receive(message_of(self._number, body)):
            self.fold.add(message)
            told += self.watch.see(message)
        self._number += 1
        return told

    def see_all(self, stream: Iterable[Any]) -> list[tuple[int, SchemaDrift]]:
        """What these show, with the number of the message that shows it."""
        found = []
        for body in stream:
            number = self._number
            found += [(number, record) for record in self.see(body)]
        return found


# --- what messages are made of ------------------------------------------------------------------------------------------


def skewed(chance: Random, words: Sequence[str], ratio: float = 0.6) -> str:
    """The first one most often, each next one `ratio` times as often as the one before."""
    return chance.choices(words, [ratio**place for place in range(len(words))])[0]


def maybe(chance: Random, share: float, **fields: Any) -> dict[str, Any]:
    return fields if chance.random() < share else {}


def identifier(chance: Random) -> str:
    digits = f"{chance.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def moment(chance: Random, number: int) -> str:
    return (
        f"2026-{1 + number // 40_000:02d}-{1 + number // 2_000 % 28:02d}T{number % 24:02d}:{chance.randrange(60):02d}:07.123Z"
    )


def decimal(chance: Random) -> str:
    return f"{chance.lognormvariate(4, 2):.{chance.choice((2, 4))}f}"


def text(chance: Random) -> str:
    return " ".join(
        chance.choice(("la", "le", "lu", "ooo", "mmh")) + str(chance.randrange(100)) for _ in range(1 + chance.randrange(6))
    )


STATES = ("open", "held", "closed", "lost", "void")


def ticker() -> Recipe:
    """Tagged objects, with an optional field, an enumeration, growing numbers and a list of records."""

    def trade(chance: Random, number: int) -> Any:
        fields = {"type": "trade", "id": 10_000 + number, "at": START + number * 7, "price": decimal(chance)}
        return (
            fields | {"state": skewed(chance, STATES), "size": chance.randrange(1, 500)} | maybe(chance, 0.2, note=text(chance))
        )

    def book(chance: Random, number: int) -> Any:
        rows = [{"price": decimal(chance), "size": chance.randrange(1, 900)} for _ in range(chance.randrange(5))]
        return {"type": "book", "sequence": number, "bids": rows, "share": round(chance.uniform(0, 100), 3)}

    def ping(chance: Random, number: int) -> Any:
        return {"type": "ping", "number": number}

    return ((5, trade), (3, book), (1, ping))


def remote() -> Recipe:
    """JSON-RPC: requests by method, results and errors."""

    def call(method: str, *parameters: Callable[[Random], Any]) -> Maker:
        def made(chance: Random, number: int) -> Any:
            return {"jsonrpc": "2.0", "id": number, "method": method, "params": [each(chance) for each in parameters]}

        return made

    def notified(chance: Random, number: int) -> Any:
        result = {"number": hex(number + 99), "hash": f"0x{chance.getrandbits(160):040x}"} | maybe(
            chance, 0.6, fee=hex(number + 7)
        )
        return {"jsonrpc": "2.0", "method": "subscription", "params": {"subscription": hex(17), "result": result}}

    def failed(chance: Random, number: int) -> Any:
        error = {"code": chance.randint(-32_100, -32_000), "message": text(chance)}
        return {"jsonrpc": "2.0", "id": number, "error": error}

    tags = ("latest", "pending", "earliest")
    return (
        (4, call("getBalance", lambda chance: f"0x{chance.getrandbits(160):040x}", lambda chance: skewed(chance, tags))),
        (2, call("subscribe", lambda chance: skewed(chance, ("newHeads", "logs")))),
        (4, notified),
        (0.4, failed),
    )


def positional() -> Recipe:
    """Arrays in which each position has its own meaning."""

    def said(chance: Random, number: int) -> Any:
        sender = {"id": identifier(chance)} | maybe(
            chance, 0.5, avatar=f"https://pictures.example/{number}/{chance.randrange(9)}.png"
        )
        return ["said", sender, text(chance), moment(chance, number)]

    def moved(chance: Random, number: int) -> Any:
        return ["moved", round(chance.uniform(-90, 90), 4), round(chance.uniform(-180, 180), 4)]

    def typing(chance: Random, number: int) -> Any:
        return ["typing", identifier(chance), chance.random() < 0.5, skewed(chance, ("desk", "phone", "web"))]

    return ((4, said), (3, moved), (3, typing))


def untagged() -> Recipe:
    """Objects that nothing but their fields tells apart."""

    def place(chance: Random, number: int) -> Any:
        fields = {"device": identifier(chance), "at": START + number, "latitude": round(chance.uniform(-90, 90), 4)}
        return fields | {"longitude": round(chance.uniform(-180, 180), 4)} | maybe(chance, 0.4, height=chance.randrange(2_000))

    def weather(chance: Random, number: int) -> Any:
        return {
            "device": identifier(chance),
            "at": START + number,
            "warmth": round(chance.gauss(15, 8), 2),
            "wet": chance.randrange(101),
        }

    def line(chance: Random, number: int) -> Any:
        return {
            "device": identifier(chance),
            "at": START + number,
            "level": skewed(chance, ("info", "warn", "error")),
            "said": text(chance),
        }

    return ((4, place), (3, weather), (2, line))


def maps() -> Recipe:
    """Objects whose keys name things, and a union within a list."""

    def present(chance: Random, number: int) -> Any:
        users = {
            identifier(chance): {"state": skewed(chance, STATES), "since": moment(chance, number)}
            for _ in range(chance.randrange(6))
        }
        return {"event": "present", "users": users}

    def posted(chance: Random, number: int) -> Any:
        sorts: tuple[Callable[[], dict[str, Any]], ...] = (
            lambda: {"sort": "picture", "url": f"https://a.example/{number}", "width": chance.randrange(4_000)},
            lambda: {
                "sort": "file",
                "url": f"https://b.example/{number}",
                "bytes": chance.randrange(10**7),
                "name": text(chance),
            },
        )
        return {
            "event": "posted",
            "id": identifier(chance),
            "parts": [chance.choice(sorts)() for _ in range(1 + chance.randrange(2))],
        }

    def scored(chance: Random, number: int) -> Any:
        return {"event": "scored", "scores": {f"player{chance.randrange(10**6)}": chance.randrange(500) for _ in range(3)}}

    return ((3, present), (4, posted), (2, scored))


RECIPES: dict[str, Callable[[], Recipe]] = {
    "ticker": ticker,
    "remote": remote,
    "positional": positional,
    "untagged": untagged,
    "maps": maps,
}


# --- streams of any sort ------------------------------------------------------------------------------------------------

NAMES = (
    "alice",
    "bob",
    "carol",
    "dave",
    "erin",
    "frank",
    "grace",
    "heidi",
    "ivan",
    "judy",
    "mallory",
    "niaj",
    "olivia",
    "peggy",
)
FIELDS = "user room state amount note flags owner region level origin target reason share limit offset title"
FIELD_NAMES: list[str] = FIELDS.split()


def any_recipe(seed: int) -> Recipe:
    """Some kinds with some fields, weights, shares and skews, as the seed says: none of them changes with the time."""
    chance = Random(f"recipe {seed}")
    tag = chance.choice(("type", "event", "op", "kind"))
    weights = [chance.choice((30, 20, 10, 10, 5, 3, 1)) for _ in range(chance.randint(2, 8))]
    return [(weight, _any_kind(chance, tag, number)) for number, weight in enumerate(weights)]


def _any_kind(chance: Random, tag: str, number: int) -> Maker:
    made = _any_record(chance, 2)
    constant: str | int = f"kind-{'abcdefgh'[number]}" if tag != "op" else number
    around = chance.random() < 0.5
    return lambda source, at: {tag: constant} | ({"data": made(source, at)} if around else made(source, at))


def _any_record(chance: Random, deepest: int) -> Callable[[Random, int], dict[str, Any]]:
    names = chance.sample(FIELD_NAMES, chance.randint(1, 7))
    fields = [
        (name, 1.0 if chance.random() < 0.6 else chance.choice((0.05, 0.1, 0.2, 0.5, 0.8, 0.95)), _any_value(chance, deepest))
        for name in names
    ]
    return lambda source, at: {name: made(source, at) for name, share, made in fields if source.random() < share}


def _any_value(chance: Random, deepest: int) -> Maker:
    words = [
        f"{chance.choice(('on', 'off', 'up', 'in', 're'))}{word}"
        for word in ("line", "set", "hold", "sync", "make", "load", "take")
    ]
    words = words[: chance.randint(2, 7)]
    ratio, low, spread = chance.choice((1.0, 0.8, 0.6, 0.5)), chance.randrange(1_000), chance.choice((10, 1_000, 10**6))
    start, step = chance.randrange(10**6), chance.randint(1, 50)
    makers: list[Maker] = [
        lambda source, at: skewed(source, words, ratio),
        lambda source, at: skewed(source, NAMES, 0.9),
        lambda source, at: start + at * step + source.randrange(step),
        lambda source, at: START + at * 1_000 + source.randrange(1_000),
        lambda source, at: low + source.randrange(spread),
        lambda source, at: round(source.gauss(low, spread / 7), 3),
        lambda source, at: round(source.lognormvariate(3, 1), 2),
        lambda source, at: identifier(source),
        moment,
        lambda source, at: decimal(source),
        lambda source, at: text(source),
        lambda source, at: source.random() < 0.3,
        lambda source, at: None if source.random() < 0.3 else source.randrange(spread),
        lambda source, at: [text(source) for _ in range(source.randrange(4))],
    ]
    if deepest:
        record, other = _any_record(chance, deepest - 1), _any_record(chance, deepest - 1)
        makers += [
            record,
            lambda source, at: [record(source, at) for _ in range(source.randrange(4))],
            lambda source, at: {identifier(source): record(source, at) for _ in range(source.randrange(4))},
            lambda source, at: (
                {"sort": "one"} | record(source, at) if source.random() < 0.6 else {"sort": "two"} | other(source, at)
            ),
            lambda source, at: [{"sort": "one"} | record(source, at), {"sort": "two"} | other(source, at)][
                : source.randint(1, 2)
            ],
        ]
    return chance.choice(makers)
