"""Every text, number and truth value at one place of the messages of one name: what all of them have in common.

This is what a schema made from a sample of the messages is held against: it must accept those that are not in the sample,
too. Nothing here depends on the order in which values come, and all of it has a fixed size.
"""

from __future__ import annotations

from zlib import crc32

from wsobserve.excerpt import excerpt
from wsobserve.schema.formats import ALL_FORMATS, formats_of

MEMBERS = 32  # different texts that are known, by a hash of each; when there are more, none is
LONGEST_MEMBER = 64  # bytes; a longer text is no member of an enumeration


class Leaf:
    """The values seen at one place; two of them merge into one."""

    __slots__ = ("_members", "bits", "falses", "high", "low", "texts", "trues")

    def __init__(self) -> None:
        self.texts = 0
        self.bits = ALL_FORMATS  # formats that all texts have
        self._members: bytes | None = b""  # hashes of all texts, four bytes each; None: too many
        self.low: float | None = None  # of the numbers
        self.high: float | None = None
        self.trues = 0
        self.falses = 0

    def see_text(self, text: bytes) -> bool:
        """Whether this text (UTF-8) lacks a format of all before it, or is not one of the few that were known."""
        self.texts += 1
        new = False
        members = self._members
        if members is not None:
            if len(text) > LONGEST_MEMBER:
                self._members = None
                new = True
            else:
                member = crc32(text)
                if not _holds(members, member):
                    new = True
                    self._members = members + member.to_bytes(4, "little") if len(members) < 4 * MEMBERS else None
        if self.bits:
            bits = formats_of(text, self.bits)
            if bits != self.bits:
                self.bits = bits
                new = True
        return new

    def see_number(self, value: float) -> bool:
        """Whether this number is beyond all before it. What is no number (NaN, of MessagePack or CBOR) is beyond nothing."""
        if value != value:
            return False
        if self.low is None or self.high is None:
            self.low = self.high = value
            return True
        if value < self.low:
            self.low = value
            return True
        if value > self.high:
            self.high = value
            return True
        return False

    def see_truth(self, value: bool) -> bool:
        """Whether this truth value is the first of its kind."""
        if value:
            self.trues += 1
            return self.trues == 1
        self.falses += 1
        return self.falses == 1

    def see(self, text: bytes, start: int, end: int) -> bool:
        """The same for a value in a JSON text that has no escapes in it: of a string what is between the quotation marks."""
        if start > 0 and text[start - 1] == 0x22:
            # Of texts that have nothing in common nothing is to be learnt.
            if self._members is None and not self.bits:
                self.texts += 1
                return False
            return self.see_text(excerpt(text, start, end))
        first = text[start]
        if first == 0x74 or first == 0x66:  # t f
            return self.see_truth(first == 0x74)
        return self.see_number(number_of(excerpt(text, start, end)))

    def known_texts(self) -> set[int] | None:
        """The hashes (CRC-32) of all texts; None when there are too many."""
        members = self._members
        if members is None:
            return None
        return {int.from_bytes(members[start : start + 4], "little") for start in range(0, len(members), 4)}

    def merge(self, other: Leaf) -> None:
        """Take over what the other knows; it stays as it is."""
        self.texts += other.texts
        self.bits &= other.bits
        ours, theirs = self.known_texts(), other.known_texts()
        joined = None if ours is None or theirs is None else ours | theirs
        if joined is None or len(joined) > MEMBERS:
            self._members = None
        else:
            self._members = b"".join([member.to_bytes(4, "little") for member in sorted(joined)])
        for value in (other.low, other.high):
            if value is not None:
                self.see_number(value)
        self.trues += other.trues
        self.falses += other.falses


def _holds(members: bytes, member: int) -> bool:
    """Whether this is one of the hashes. They take a tenth of the room that a set of them does."""
    content = members
    for start in range(0, len(members), 4):
        if (
            content[start] == member & 0xFF
            and content[start + 1] == member >> 8 & 0xFF
            and content[start + 2] == member >> 16 & 0xFF
            and content[start + 3] == member >> 24
        ):
            return True
    return False


def number_of(token: bytes) -> float:
    """The number that a JSON text is, as a decoder would give it: an integer where it is written as one."""
    try:
        return int(token)
    except ValueError:
        return float(token)
