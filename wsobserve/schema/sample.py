"""A sample of the messages of one channel, from which its kinds and schemas are worked out.

Two rules say which messages stay, and both look at the message alone, so that it does not matter in which order messages
come, nor which pipeline sees which of them:

- of all messages, those with the smallest hashes, as many as fit: all of them, in most captures;
- of each stratum (messages with one name, direction and structure) the two with the smallest hashes, and of the strata
  those with the smallest hashes: so a kind that is rare has its place beside one that is frequent.

Equal messages are one, with a number. A message that stays was here from the first time it came, in every part: its
numbers are exact.
"""

from __future__ import annotations

from zlib import crc32

import msgspec

from wsobserve.records import name_hash
from wsobserve.schema.leaves import place_of

OF_STRATUM = 2  # messages of each
SLACK = 1.125  # how much more than the limit there may be before it is cut back
OVERHEAD = 320  # bytes that a message takes beside its payload
NO_BOUND = 1 << 64
LONGEST = 16_384  # bytes of a message in the sample
LONGEST_OF_STRATUM = 640  # bytes of a message that is there for its stratum alone
NONE: tuple[int, bytes] = (NO_BOUND, b"")

_json = msgspec.json.Decoder().decode
_msgpack = msgspec.msgpack.Decoder().decode
_encode = msgspec.msgpack.Encoder().encode

Key = tuple[int, bytes, int]  # hash, payload, stratum: the same bytes say something else in another format


class Sampled:
    """A message in the sample. `binary`: its body is kept as MessagePack, as it did not come as JSON."""

    __slots__ = ("binary", "connection", "direction", "first_ns", "form", "key", "last_ns", "name", "times")

    def __init__(
        self, key: Key, binary: bool, direction: str, name: str | None, form: str, time_ns: int, connection: str
    ) -> None:
        self.key = key
        self.binary = binary
        self.direction = direction
        self.name = name
        self.form = form
        self.times = 0
        self.first_ns = time_ns
        self.last_ns = time_ns
        self.connection = connection  # that showed it first

    @property
    def payload(self) -> bytes:
        """The message, or what was made of it."""
        return self.key[1]

    @property
    def stratum(self) -> int:
        """The hash of the stratum to which it belongs."""
        return self.key[2]

    def count(self, times: int, first_ns: int, last_ns: int, connection: str) -> None:
        """So many more like it, the first and the last of them at these times."""
        self.times += times
        if (first_ns, connection) < (self.first_ns, self.connection) or not self.connection:
            self.first_ns, self.connection = first_ns, connection
        self.last_ns = max(self.last_ns, last_ns)

    def body(self) -> object:
        """What it says."""
        return _msgpack(self.payload) if self.binary else decoded(self.payload)


def _key_of(message: Sampled) -> Key:
    return message.key


class Stratum:
    """Messages of one name, direction, format and structure: how many, and the two with the smallest hashes."""

    __slots__ = ("direction", "first_ns", "form", "last_ns", "lowest", "messages", "name")

    def __init__(self, name: str | None, direction: str, form: str) -> None:
        self.name = name
        self.direction = direction
        self.form = form
        self.messages = 0
        self.first_ns = 0
        self.last_ns = 0
        self.lowest: tuple[Sampled, ...] = ()  # by hash

    def limit(self) -> int:
        """Messages with a hash above this do not stay."""
        return NO_BOUND if len(self.lowest) < OF_STRATUM else self.lowest[-1].key[0]

    def count(self, messages: int, first_ns: int, last_ns: int) -> None:
        """So many more messages."""
        self.first_ns = min(self.first_ns, first_ns) if self.messages else first_ns
        self.last_ns = max(self.last_ns, last_ns)
        self.messages += messages

    def find(self, key: Key) -> Sampled | None:
        """The message of this key, if it is among the lowest."""
        for message in self.lowest:
            if message.key == key:
                return message
        return None

    def keep(self, message: Sampled) -> None:
        """Take it in, if it is among the lowest; instead of one with its key."""
        others = [one for one in self.lowest if one.key != message.key]
        self.lowest = tuple(sorted([*others, message], key=_key_of)[:OF_STRATUM])


def payload_hash(payload: bytes) -> int:
    """32 bits by which messages are ordered; the same in every process."""
    return (crc32(payload) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF) >> 32


def decoded(payload: bytes) -> object:
    """The body of a JSON text that has been decoded before, so that it can be."""
    try:
        return _json(payload)
    except (msgspec.MsgspecError, ValueError):
        import json

        return json.loads(payload.decode("utf-8-sig"))


class MessageSample:
    """Of one channel, bounded by `most_bytes` and `most_strata`, or `SLACK` times that between two calls of `trim`."""

    __slots__ = ("_bytes", "below", "messages", "overlooked", "strata", "strata_below", "uniform", "version")

    def __init__(self) -> None:
        self.messages = 0  # that might have come into the sample
        self.overlooked = 0  # others: too long to be looked into
        self.uniform: dict[Key, Sampled] = {}
        self.below: tuple[int, bytes] = NONE  # messages whose hash and payload are not below this do not stay
        self._bytes = 0
        self.strata: dict[int, Stratum] = {}
        self.strata_below = NO_BOUND
        self.version = 0  # counts what changed besides numbers

    def stratum(self, number: int, name: str | None, direction: str, form: str) -> Stratum | None:
        """The stratum with this hash; None when it would not stay."""
        stratum = self.strata.get(number)
        if stratum is None and number < self.strata_below:
            stratum = self.strata[number] = Stratum(name, direction, form)
            self.version += 1
        return stratum

    def limit(self, stratum: Stratum | None) -> int:
        """A message of this stratum with a hash above this stays in neither part of the sample."""
        uniform = self.below[0]
        return uniform if stratum is None else max(uniform, stratum.limit())

    def offer(
        self,
        number: int,
        payload: bytes,
        hashed: int,
        direction: str,
        name: str | None,
        form: str,
        time_ns: int,
        connection: str,
        binary: bool = False,
    ) -> None:
        """One message, which has been counted already."""
        if len(payload) > LONGEST:
            return
        key = (hashed, payload, number)
        stratum = self.strata.get(number)
        kept = self.uniform.get(key)
        lowest = stratum.find(key) if stratum is not None else None
        message = kept or lowest
        if message is None:
            message = Sampled(key, binary, direction, name, form, time_ns, connection)
        if kept is None and (hashed, payload) < self.below:
            self.uniform[message.key] = message
            self._bytes += len(payload) + OVERHEAD
            self.version += 1
        if stratum is not None and lowest is None and len(payload) <= LONGEST_OF_STRATUM and hashed <= stratum.limit():
            stratum.keep(message)
            self.version += 1
        message.count(1, time_ns, time_ns, connection)

    def trim(self, most_bytes: int, most_strata: int, *, exactly: bool = True) -> None:
        """Give up what is beyond the limits; unless `exactly`, only when it is clearly more."""
        if self._bytes > most_bytes * (1 if exactly else SLACK):
            left = most_bytes
            kept = 0
            ordered = sorted(self.uniform)
            for key in ordered:
                left -= len(key[1]) + OVERHEAD
                if left < 0:
                    break
                kept += 1
            if kept < len(ordered):
                self.below = min(self.below, ordered[kept][:2])
            # A payload of several strata goes in all of them, so that who stays does not depend on these.
            self.uniform = {key: self.uniform[key] for key in ordered[:kept] if key[:2] < self.below}
            self._bytes = sum(len(key[1]) + OVERHEAD for key in self.uniform)
        if len(self.strata) > most_strata * (1 if exactly else SLACK):
            ordered_strata = sorted(self.strata)
            self.strata_below = min(self.strata_below, ordered_strata[most_strata])
            self.strata = {number: self.strata[number] for number in ordered_strata[:most_strata]}

    def merge(self, other: MessageSample) -> None:
        """Take over what the other knows; it stays as it is."""
        self.messages += other.messages
        self.overlooked += other.overlooked
        self.version += 1
        self.below = min(self.below, other.below)
        self.strata_below = min(self.strata_below, other.strata_below)
        ours = self.kept()
        joined: dict[Key, Sampled] = {}
        for key, theirs in other.kept().items():
            mine = ours.get(key)
            if mine is None:
                mine = Sampled(
                    key, theirs.binary, theirs.direction, theirs.name, theirs.form, theirs.first_ns, theirs.connection
                )
            mine.count(theirs.times, theirs.first_ns, theirs.last_ns, theirs.connection)
            joined[key] = mine
        for key in other.uniform:
            self.uniform[key] = joined[key]
        self.uniform = {key: message for key, message in self.uniform.items() if key[:2] < self.below}
        self._bytes = sum(len(key[1]) + OVERHEAD for key in self.uniform)
        for number, theirs_of in other.strata.items():
            stratum = self.stratum(number, theirs_of.name, theirs_of.direction, theirs_of.form)
            if stratum is None:
                continue
            stratum.count(theirs_of.messages, theirs_of.first_ns, theirs_of.last_ns)
            for message in theirs_of.lowest:
                stratum.keep(joined[message.key])
        if self.strata_below < NO_BOUND:
            self.strata = {number: stratum for number, stratum in self.strata.items() if number < self.strata_below}

    def kept(self) -> dict[Key, Sampled]:
        """All messages of the sample."""
        found = dict(self.uniform)
        for stratum in self.strata.values():
            found.update((message.key, message) for message in stratum.lowest)
        return found

    @property
    def every_structure(self) -> bool:
        """Whether a message of every structure of the channel is in the sample."""
        return (
            not self.overlooked
            and sum(stratum.messages for stratum in self.strata.values()) == self.messages
            and all(stratum.lowest for stratum in self.strata.values())
        )

    @property
    def complete(self) -> bool:
        """Whether every message of the channel is in the sample."""
        return not self.overlooked and sum(message.times for message in self.uniform.values()) == self.messages


def stratum_of(body: object, name: str | None, direction: str, form: str) -> int:
    """The hash of a message's stratum."""
    return name_hash((_outline(body, 0), name, direction, form))


def encoded(body: object) -> bytes | None:
    """A body that did not come as JSON, for the sample; None for one that cannot be written."""
    try:
        return _encode(body)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None


def _outline(value: object, depth: int) -> str:
    """Keys, nesting and types, whatever the order of keys and the lengths of arrays; keys that name one thing are alike."""
    if isinstance(value, dict):
        if depth > 6:
            return "{}"
        return "{" + ",".join(sorted({f"{place_of(key)}:{_outline(inner, depth + 1)}" for key, inner in value.items()})) + "}"
    if isinstance(value, (list, tuple)):
        if depth > 6:
            return "[]"
        return "[" + ",".join(sorted({_outline(inner, depth + 1) for inner in value})) + "]"
    if value is None:
        return "0"
    if isinstance(value, bool):
        return "b"
    return "n" if isinstance(value, (int, float)) else "s"
