"""What the messages of one stream talk about: one clock, counters that grow, identifiers and names that come again.

In: chance. Out: values as applications send them. A message moves the clock on; whoever names something mostly names what
was named before, and the oldest most.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

WORDS = (
    "account anchor archive basket border branch bridge cabinet candle carbon castle channel circle cobalt column copper "
    "corner cotton crystal delta desert detail device domain dragon engine falcon figure filter finger forest fossil frame "
    "galaxy garden gravel hammer harbor header island jacket kernel ladder lantern layer lemon linear magnet marble margin "
    "meadow metric mirror module monitor needle nickel object orange packet palace parcel pepper pillar planet pocket "
    "profile puzzle quartz rabbit record region ribbon rocket saddle sample scale screen second sensor shadow signal silver "
    "socket spiral stage stream summer switch table tempo thread ticket tunnel valley vector velvet violet wagon window"
).split()
HEADERS = (
    "accept accept-encoding accept-language authorization cache-control connection content-encoding content-length "
    "content-type cookie date etag host last-modified location origin pragma referer server set-cookie user-agent vary via"
).split()
EXTENSIONS = ("py", "ts", "js", "rs", "go", "json", "md", "html", "css", "yaml", "toml")
MEDIA = ("text/html", "application/json", "text/css", "image/png", "application/javascript", "font/woff2", "image/svg+xml")
START_MS = 1_760_000_000_000
NEW = 0.12  # of identifiers and names: how many have not been named before
BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class World:
    """The state behind a stream. `depth`: how many records of a recursive kind are being made around this one."""

    def __init__(self, seed: str) -> None:
        self.chance = Random(seed)
        self.now_ms = START_MS
        self.depth = 0
        self._counters: dict[str, int] = {}
        self._named: dict[str, list[str]] = {}
        self._asked: dict[str, list[int]] = {}

    def tick(self) -> None:
        """Time passes until the next message."""
        self.now_ms += 1 + int(self.chance.expovariate(1 / 80))

    def counted(self, what: str, most: int = 1) -> int:
        """A number that grows by 1 to `most` each time."""
        self._counters[what] = self._counters.get(what, 0) + self.chance.randint(1, most)
        return self._counters[what]

    def asked(self, what: str) -> int:
        """The number of a new request, which a reply will repeat."""
        number = self.counted(what)
        self._asked.setdefault(what, []).append(number)
        return number

    def answered(self, what: str) -> int:
        """The number of a request that waits for its reply; mostly an early one."""
        waiting = self._asked.get(what)
        if not waiting:
            return self.counted(what)
        return waiting.pop(min(int(self.chance.expovariate(1)), len(waiting) - 1))

    def again(self, what: str, make: Callable[[], str], new: float = NEW) -> str:
        """Something of this kind that was named before, the oldest most; or a new one."""
        named = self._named.setdefault(what, [])
        if not named or self.chance.random() < new:
            named.append(make())
            return named[-1]
        return named[int(len(named) * self.chance.random() ** 3)]

    # --- values ---------------------------------------------------------------------------------------------------------

    def uuid(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def hexadecimal(self, digits: int) -> str:
        return f"{self.chance.getrandbits(4 * digits):0{digits}X}"

    def token(self, length: int) -> str:
        return "".join(self.chance.choices(BASE62, k=length))

    def digits(self) -> str:
        return str(self.chance.randint(10**17, 10**18 - 1))

    def decimal(self) -> str:
        return f"{self.chance.lognormvariate(3, 2):.{self.chance.choice((1, 2, 4))}f}"

    def word(self) -> str:
        return self.chance.choice(WORDS)

    def name(self) -> str:
        """One to three words, as people and programs write names."""
        parts = self.chance.choices(WORDS, k=self.chance.choice((1, 2, 2, 3)))
        return self.chance.choice((" ".join(parts), "_".join(parts), "".join(part.title() for part in parts)))

    def sentence(self) -> str:
        words = self.chance.choices(WORDS, k=1 + int(self.chance.expovariate(1 / 6)))
        return " ".join(words).capitalize() + self.chance.choice(("", ".", "!", f" ({self.chance.randint(1, 999)})"))

    def path(self) -> str:
        folders = "/".join(self.chance.choices(WORDS[:40], k=self.chance.randint(1, 4)))
        return f"/srv/{folders}/{self.word()}.{self.chance.choice(EXTENSIONS)}"

    def file_uri(self) -> str:
        return "file://" + self.path()

    def address(self) -> str:
        return f"https://{self.word()}.example.com/{self.word()}/{self.chance.randint(1, 99_999)}"

    def date_time(self) -> str:
        moment = datetime.fromtimestamp((self.now_ms - self.chance.randint(0, 3_000)) / 1000, UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"

    def base64(self) -> str:
        return base64.b64encode(self.chance.randbytes(9 + 3 * int(self.chance.expovariate(1 / 8)))).decode()

    def header(self) -> str:
        """A name of a header: a few are in most messages, and there is always one more."""
        if self.chance.random() < 0.12:
            return f"x-{self.word()}-{self.word()}"
        return HEADERS[int(len(HEADERS) * self.chance.random() ** 2)]

    def size(self, typical: float = 40) -> int:
        """A quantity without a bound."""
        return int(self.chance.lognormvariate(0, 1.5) * typical)

    def free(self, depth: int = 0) -> object:
        """A value of whatever type, as applications put into fields that take everything."""
        dice = self.chance.random()
        if dice < 0.35 and depth < 3:
            return self.free_record(depth)
        if dice < 0.45 and depth < 3:
            return [self.free(depth + 1) for _ in range(self.chance.randint(0, 3))]
        if dice < 0.65:
            return self.size()
        if dice < 0.75:
            return self.chance.random() < 0.5
        return None if dice < 0.8 else self.sentence()

    def free_record(self, depth: int = 0) -> dict[str, object]:
        """A record whose keys nobody knows in advance."""
        return {self.free_key(): self.free(depth + 1) for _ in range(self.chance.randint(0, 4))}

    def free_key(self) -> str:
        return self.word() + self.word().title()
