"""What a string or a number of a specification looks like on the wire, judged by the name of its field.

In: the field's type, its name and what else the specification says of it. Out: a node. The truth says what the node always
gives and no more: a reused identifier that is a UUID has the format `uuid`, a name or a path has none. Whatever is left to
chance depends on the stream and the field alone, so that each stream has its own ways, and always the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from random import Random

from tests.schema_benchmark.specifications.nodes import Boolean, Enumeration, Node, Number, Text
from tests.schema_benchmark.specifications.world import MEDIA, World

MOST_MEMBERS = 10  # of an enumeration that one application uses
UUID = {"format": "uuid"}
DATE_TIME = {"format": "date-time"}
ADDRESS = {"format": "uri"}
DIGITS = {"pattern": "^[0-9]{15,20}$"}
HEXADECIMAL = {"pattern": "^[0-9A-F]{32}$"}
DECIMAL = {"pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
# Shares of messages in which an optional field is; 0: this application does not use it.
PRESENCES = (0, 0, 0, 0, 0.06, 0.15, 0.3, 0.5, 0.5, 0.7, 0.85, 0.97)


# Words for quantities whose bounds everybody knows: percentages, shares of one, ports.
WHOLE_SHARES = frozenset(("percent", "percentage", "usage", "charge"))
BOUNDED = WHOLE_SHARES | {"ratio", "confidence", "mul", "port", "congestion"}


class Leaves:
    """Of one stream. `shown`: fields that are always used, by name, with how often they are there."""

    def __init__(self, stream: str, shown: dict[str, float] | None = None) -> None:
        self._stream = stream
        self._shown = shown or {}

    def chance(self, *where: str) -> Random:
        """Chance that depends on the place alone."""
        return Random("/".join((self._stream, *where)))

    def presence(self, record: str, field: str) -> float:
        """How often an optional field is there."""
        known = self._shown.get(f"{record}.{field}", self._shown.get(field))
        return self.chance("presence", record, field).choice(PRESENCES) if known is None else known

    def nullness(self, record: str, field: str) -> float:
        return self.chance("null", record, field).choice((0.1, 0.3, 0.6))

    def enumeration(self, name: str, members: Sequence[object]) -> Node:
        """The members that this application uses, in the order of how often it does."""
        used = list(members)
        self.chance("enumeration", name).shuffle(used)
        return Enumeration(used[:MOST_MEMBERS])

    def boolean(self, record: str, field: str) -> Node:
        return Boolean(self.chance("boolean", record, field).choice((0.03, 0.2, 0.5, 0.8, 0.97)))

    def string(self, record: str, field: str, form: str | None = None, known: Sequence[str] = ()) -> Node:
        """`form`: a format that the specification names. `known`: values that it names without excluding others."""
        words = _words(field)
        last = words[-1] if words else ""
        pool = f"{record}.{field}" if last in ("id", "name") and len(words) == 1 else field
        if known:
            return Text(lambda world: known[int(len(known) * world.chance.random() ** 2)], {})
        if form == "date-time" or (last in ("timestamp", "time", "date", "at") and form is None):
            return Text(World.date_time, DATE_TIME)
        if words in (["event", "id"], ["message", "id"]):  # of this message, never to come again
            return _reused(pool, lambda world: f"{words[0]}_{world.token(21)}", {}, new=1)
        if last in ("uuid", "guid"):
            return _reused(pool, World.uuid, UUID)
        if last == "uri" or form == "document-uri":
            return _reused("file uri", World.file_uri, ADDRESS)
        if form in ("uri", "url") or last in ("url", "href", "origin", "referrer"):
            return _reused(pool, World.address, ADDRESS)
        if last in ("id", "ids", "token", "key", "hash", "nonce", "reference"):
            return self._identifier(pool)
        if last in ("path", "file", "filename", "cwd", "directory", "folder", "root"):
            return _reused("path", World.path, {})
        if words == ["method"]:
            methods = ["GET", "GET", "GET", "POST", "PUT", "OPTIONS", "DELETE"]
            return Text(lambda world: world.chance.choice(methods), {})
        if last == "mimetype" or words[-2:] == ["mime", "type"]:
            return Text(lambda world: world.chance.choice(MEDIA) if world.chance.random() < 0.95 else f"x/{world.word()}", {})
        if last in ("data", "audio", "blob", "base64", "body", "certificate", "signature", "image") or form == "binary":
            return Text(World.base64, {})
        if last in ("value", "amount", "price") and self.chance("decimal", record, field).random() < 0.3:
            return Text(World.decimal, DECIMAL)
        if last in ("name", "title", "label", "group", "category", "model", "vendor", "type", "kind", "language"):
            return _reused(pool, World.name, {}, new=0.03)
        return Text(World.sentence, {})

    def _identifier(self, pool: str) -> Node:
        dice = self.chance("identifier", pool).random()
        if dice < 0.35:
            return _reused(pool, World.uuid, UUID)
        if dice < 0.55:
            return _reused(pool, World.digits, DIGITS)
        if dice < 0.75:
            return _reused(pool, lambda world: world.hexadecimal(32), HEXADECIMAL)
        prefix = "".join(_words(pool)[:1])[:4] or "id"
        return _reused(pool, lambda world: f"{prefix}_{world.token(14)}", {})

    def integer(self, record: str, field: str, bounds: tuple[int, int] | None = None) -> Node:
        """`bounds`: both of them, or None."""
        words = _words(field)
        last = words[-1] if words else ""
        bounds = bounds or next(((0, 100) if word in WHOLE_SHARES else (1, 65_535) for word in words if word in BOUNDED), None)
        if bounds is not None and bounds[1] - bounds[0] < 100_000:
            return Number(lambda world: world.chance.randint(*bounds), bounds=bounds)
        if last in ("id", "ids", "handle", "reference", "thread"):
            return Number(lambda world: int(world.again(f"number {field}", lambda: str(world.counted(field, 3)))))
        if last in ("seq", "sequence", "version", "revision", "generation", "no"):
            return Number(lambda world: world.counted(field, 2))
        if last in ("timestamp", "time", "at", "date", "ms"):
            return Number(lambda world: world.now_ms)
        if last in ("line", "character", "column", "index", "offset", "position", "start", "end"):
            return Number(lambda world: world.size(20))
        if last in ("code", "status"):
            codes = [200, 204, 301, 304, 400, 401, 403, 404, 500, 503]
            return Number(lambda world: codes[int(10 * world.chance.random() ** 3)] + (world.chance.random() < 0.03))
        typical = self.chance("size", record, field).choice((3, 30, 300, 5_000))
        return Number(lambda world: world.size(typical))

    def number(self, record: str, field: str, bounds: tuple[float, float] | None = None) -> Node:
        """JSON has one kind of number: without a fraction it looks like an integer."""
        words = _words(field)
        last = words[-1] if words else ""
        if bounds is None and not BOUNDED.isdisjoint(words):
            bounds = (0, 100) if not WHOLE_SHARES.isdisjoint(words) else (0, 1)
        if bounds is not None:
            low, high = bounds
            return Number(lambda world: round(world.chance.uniform(low, high), 3), whole=False, bounds=bounds)
        if last in ("timestamp", "at") or words in (["time"], ["start", "time"], ["end", "time"]):
            return Number(lambda world: world.now_ms / 1000, whole=False)
        if last in ("x", "y", "width", "height", "left", "top", "right", "bottom"):
            return Number(lambda world: world.size(200) + world.chance.choice((0, 0, 0, 0.5, 0.25)), whole=False)
        typical = self.chance("scale", record, field).choice((0.3, 10, 4_000))
        return Number(lambda world: round(world.chance.lognormvariate(0, 1) * typical, 4), whole=False)

    def map_key(self, field: str) -> Callable[[World], str]:
        """What the keys of a map look like that stands in this field."""
        words = _words(field)
        if "headers" in words or "header" in words:
            return World.header
        if "changes" in words or "files" in words or "uris" in words:
            return lambda world: world.again("file uri", world.file_uri)
        if "env" in words or "environment" in words:
            return lambda world: f"{world.word()}_{world.word()}".upper()
        dice = self.chance("map", field).random()
        if dice < 0.4:
            return lambda world: world.again(f"key of {field}", world.uuid, new=0.3)
        return World.free_key


def _reused(pool: str, make: Callable[[World], str], constraint: Mapping[str, str], new: float = 0.12) -> Node:
    return Text(lambda world: world.again(pool, lambda: make(world), new), dict(constraint))


def _words(name: str) -> list[str]:
    """`documentURLs` is document, url; `chat_room` is chat, room; a plural counts as its singular."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", name.replace("URLs", "Urls").replace("IDs", "Ids"))
    return [part.lower() for part in parts]
