"""One place in the messages of a kind: what its values have been, and whether that is settled enough to tell a change.

Something is *settled* when it was seen often, has not grown for long, and nothing of it is rare: of 400 messages or more,
nothing new in the last three quarters, and each alternative seen ten times. What comes in 5 % of all messages of a kind is
unseen in 400 of them with a chance of 1e-9, in 3 % with 5e-6; and where rare alternatives are seen, one more is waited for
(Good and Turing: the share of those that came once is the chance of a new one).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from zlib import crc32

from wsobserve.records import ChangeName
from wsobserve.schema.formats import ALL_FORMATS, FORMATS, formats_of
from wsobserve.schema.leaves import LONGEST_PLACE

LEAST = 400  # observations
LONG = 4  # times as many as when it grew last
EACH = 10  # observations of each alternative

MOST_MEMBERS = 64
LONGEST_MEMBER = 64  # bytes
MOST_TOLD = 8  # new members of one enumeration; then it is none
MOST_FIELDS = 256  # of one object; then it is no record
MOST_NEW_FIELDS = 32  # that are told of one object; the same
STEADY = 1.25  # times the range of half of the numbers that the range of all may be
MARGIN = 0.5  # of the range, beyond which a number is out of it

RECORD, MAP, OPEN = "record", "map", "open"

_BITS = {each.name: each.bit for each in FORMATS}
# What still passes for the format, where the form by which it is recognised is stricter.
_LOOSER = {
    "uri": re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*:[^\s]*"),
    "email": re.compile(rb"[^@\s]+@[^@\s]+"),
    **{each.name: re.compile(each.keywords["pattern"].encode()) for each in FORMATS if "pattern" in each.keywords},
}


def is_settled(observations: int, grown_at: int, alternatives: Iterable[int]) -> bool:
    """Whether one more alternative is a change. `grown_at`: observations when the last one came that was not told."""
    return observations >= LEAST and observations >= LONG * grown_at and min(alternatives, default=EACH) >= EACH


class Fields:
    """Properties of a record, or positions of a tuple, by key. `messages`: in which there was such a record."""

    __slots__ = ("always", "by_key", "grown_at", "messages", "shrunk_at", "stamp", "told")

    def __init__(self) -> None:
        self.by_key: dict[str | int, Place] = {}
        self.always: set[str | int] | None = None  # that were in every record; None: there was none
        self.messages = 0
        self.stamp = -1  # the message that was counted last
        self.grown_at = 0
        self.shrunk_at = 0
        self.told = 0

    def is_settled(self) -> bool:
        """Whether one more field is a change."""
        present = [place.present for place in self.by_key.values() if not place.was_told]
        return is_settled(self.messages, self.grown_at, present)


class Place:
    """The values at one place. `path`: a JSON pointer, with `*` for any key of a map and any element of a list."""

    __slots__ = (
        "bits",
        "claims_bounds",
        "claims_constant",
        "claims_enumeration",
        "claims_format",
        "early",
        "fields",
        "halfway",
        "has_range",
        "high",
        "is_tuple",
        "items",
        "layout",
        "low",
        "member_at",
        "members",
        "number",
        "others",
        "path",
        "positions",
        "present",
        "present_stamp",
        "seen",
        "stamps",
        "tag",
        "told_members",
        "told_types",
        "type_at",
        "types",
        "variants",
        "variants_at",
        "was_told",
    )

    def __init__(self, path: str, number: int = 0) -> None:
        self.path = path
        self.number = number  # that no other place of the channel has
        self.types: dict[str, int] = {}  # messages with a value of that type
        self.stamps: dict[str, int] = {}
        self.seen = 0
        self.type_at = 0
        self.told_types: set[str] = set()
        self.present = 0  # messages in which it was there
        self.present_stamp = -1
        self.was_told = False  # when it came first
        self.claims_enumeration = False  # what the schema of the kind says of it
        self.claims_format: str | None = None
        self.claims_bounds = False
        self.claims_constant = False  # a number
        self.members: dict[int, int] | None = {}  # times, by a hash of the text; None: too many
        self.member_at = 0
        self.told_members: set[int] = set()
        self.bits = ALL_FORMATS
        self.has_range = False  # of numbers
        self.low = 0.0
        self.high = 0.0
        # How many numbers there were, and their range, when their number last came to a power of two, and the time before.
        self.halfway: tuple[int, float, float] = (0, 0.0, 0.0)
        self.early: tuple[int, float, float] = (0, 0.0, 0.0)
        self.layout = RECORD
        self.is_tuple = False
        self.tag: str | None = None  # the property whose constants tell the records here apart
        self.variants: dict[str | None, Place] = {}  # by that constant; None: without it
        self.variants_at = 0
        self.fields: Fields | None = None
        self.positions: Fields | None = None
        self.others: Place | None = None
        self.items: Place | None = None

    def see_type(self, name: str, times: int, stamp: int, quiet: bool) -> bool:
        """Whether a value of this type is a change. It is counted once for each message, which `stamp` tells from others."""
        count = self.types.get(name)
        if count is not None:
            if self.stamps[name] != stamp:
                self.stamps[name] = stamp
                self.count(name, times)
            return False
        changed = False
        if self.types and not (name == "integer" and "number" in self.types):  # every integer is a number
            known = [number for each, number in self.types.items() if each not in self.told_types]
            if not quiet and is_settled(self.seen, self.type_at, known):
                changed = True
                self.told_types.add(name)
            else:
                self.type_at = self.seen + 1
        self.stamps[name] = stamp
        self.types[name] = 0
        self.count(name, times)
        return changed

    def count(self, name: str, messages: int) -> None:
        """So many more messages have a value of this type here."""
        self.types[name] += messages
        self.seen += messages

    def knows_text(self, text: bytes) -> bool:
        """Whether nothing would be learnt from this text."""
        if self.members is not None and self.members.get(crc32(text), 0) < EACH:
            return False
        return not self.bits or formats_of(text, self.bits) == self.bits

    def knows_number(self, value: float) -> bool:
        """Whether this number is no change; its range is widened."""
        if not self.low <= value <= self.high:
            if self.claims_bounds or self.claims_constant:
                return False
            self._widen(value)
        return True

    def see_text(self, text: bytes, times: int, quiet: bool) -> ChangeName | None:
        """The change that this text (UTF-8) is: `new_member`, `format_broken`, or none."""
        texts = self.types["string"] - times  # before this message
        change: ChangeName | None = None
        if self.members is not None:
            member = crc32(text)
            count = self.members.get(member)
            if count is None:
                if not quiet and self._is_new_member(texts):
                    change = "new_member"
                self._add_member(member, times, texts, len(text), told=change is not None)
            elif count < EACH:  # nobody asks for more
                self.members[member] = count + times
        if self.bits:
            bits = formats_of(text, self.bits)
            if bits != self.bits:
                if self.claims_format is not None and not bits & _BITS[self.claims_format]:
                    if not quiet and texts >= LEAST and not _passes(text, self.claims_format):
                        change = change or "format_broken"
                    self.claims_format = None
                self.bits = bits
        return change

    def _is_new_member(self, texts: int) -> bool:
        if not self.claims_enumeration or self.members is None:
            return False
        return is_settled(
            texts, self.member_at, [count for each, count in self.members.items() if each not in self.told_members]
        )

    def _add_member(self, member: int, times: int, texts: int, length: int, *, told: bool) -> None:
        assert self.members is not None
        if told:
            self.told_members.add(member)
        else:
            self.member_at = texts + 1
        self.members[member] = times
        if length > LONGEST_MEMBER or len(self.members) > MOST_MEMBERS or len(self.told_members) > MOST_TOLD:
            self.members = None
            self.claims_enumeration = False

    def see_number(self, value: float, quiet: bool) -> ChangeName | None:
        """The change that this number is: `range_exceeded`, far beyond a range that has long been steady; `new_member`, where
        there was one number only; or none."""
        changed: ChangeName | None = None
        if not self.has_range:
            self.has_range = True
            self.low = self.high = value
        elif not self.low <= value <= self.high:
            if not quiet and self.claims_bounds and self._is_beyond(value):
                changed = "range_exceeded"
                self.claims_bounds = False
            if not quiet and self.claims_constant:
                if self.low == self.high and self.numbers >= LEAST:
                    changed = "new_member"
                self.claims_constant = False
            self._widen(value)
        if quiet:
            self.mark()
        return changed

    @property
    def numbers(self) -> int:
        """Messages with a number here."""
        return self.types.get("integer", 0) + self.types.get("number", 0)

    def mark(self) -> None:
        """Remember the range of the numbers whenever there are twice as many, or a little more."""
        numbers = self.numbers
        if numbers.bit_length() != self.halfway[0].bit_length():
            self.early = self.halfway
            self.halfway = (numbers, self.low, self.high)

    def _widen(self, value: float) -> None:
        self.low = min(self.low, value)
        self.high = max(self.high, value)

    def _is_beyond(self, value: float) -> bool:
        width = self.high - self.low
        _, low, high = self.early
        if self.numbers < LEAST or not self.early[0] or width > STEADY * (high - low):
            return False
        margin = MARGIN * width
        return value < self.low - margin or value > self.high + margin


class Budget:
    """How many more places there may be."""

    __slots__ = ("left", "left_out", "made")

    def __init__(self, places: int) -> None:
        self.left = places
        self.made = 0
        self.left_out = 0  # fields that are not watched for want of a place

    def place(self, path: str) -> Place | None:
        """A new place; None when there may be no more."""
        if self.left <= 0 or len(path) > LONGEST_PLACE:
            self.left_out += 1
            return None
        self.left -= 1
        self.made += 1
        return Place(path, self.made)


def _passes(text: bytes, name: str) -> bool:
    looser = _LOOSER.get(name)
    return looser is not None and looser.fullmatch(text) is not None
