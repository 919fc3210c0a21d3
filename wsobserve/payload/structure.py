"""JSON text in; its structure out: the same text without white space and values, and of an array what is different in it.

    {"type": "tick", "id": 42, "prices": [1.5, 2, 3, 4.5], "note": "...", "ok": false}
    {"type":"tick","id":0,"prices":[0.0,0],"note":"","ok":true}    elements: 2, 2

So a structure is a JSON text itself, and decodes to the keys, the nesting and the types of the original. The only values
that stay are those from which the message's name may be made (see `name`), when they are written like one. Of elements
of one array that have one structure the first stays, and how many there are is told beside: a number for each element
that stayed, in the order in which they begin. Where such an element holds an array itself, its numbers are those of all
that it stands for, together. Messages of one program have few structures, whatever the lengths of their arrays: what
follows from one is worked out once and looked up from then on.

The reader is strict: it answers for JSON that every decoder accepts. For anything else, and for what is long, deep or
unusual, it answers nothing, and the message is decoded instead. Beside the structure it tells where the values are: each
text, number and truth value, with the position in the structure that stands for it. It takes a pass over the text, byte by
byte, which is worth it compiled and not otherwise.
"""

from __future__ import annotations

from array import array

import msgspec

from wsobserve.excerpt import digits_end, plain_end
from wsobserve.payload.name import NAME_KEYS

UNKNOWN = ""
LONGEST_TEXT = 1_048_576  # bytes of a text that is read at all
LONGEST_STRUCTURE = 4_096  # of its structure, and of what has been written of it at any time
DEEPEST = 32
MOST_ELEMENTS = 256  # that stay, of all arrays
MOST_VALUES = 8_192  # texts, numbers and truth values of one message
# Of one array. Where there are more, the next message has others, or has them in another order: decoding it is cheaper than
# learning a structure that never comes again. And each element may have to be compared to all of them.
MOST_SIBLINGS = 8
MOST_DIGITS = 200  # together with an exponent of two digits still within the range of a number
LONGEST_NAME = 64

# No two of these keys have both the first letter and the length in common, so a key need be compared to one only.
LONGEST_NAMING_KEY = max(map(len, NAME_KEYS))
NAMING_KEYS = [b""] * (128 * (LONGEST_NAMING_KEY + 1))
for naming_key in NAME_KEYS:
    NAMING_KEYS[ord(naming_key[0]) * (LONGEST_NAMING_KEY + 1) + len(naming_key)] = naming_key.encode()

NULL, TRUE, FALSE = b"null", b"true", b"false"
NAMING = bytes(map(bool, NAMING_KEYS))  # which places are taken: a look costs a fourth of taking the key out of the list

_encode = msgspec.json.Encoder().encode

# What comes next.
VALUE, VALUE_OR_END, KEY, KEY_OR_END, COLON, COMMA_OR_END = range(6)


class StructureReader:
    """Reads one text after the other, into one buffer. `count`: how many numbers belong to the last structure.

    `values`: how many texts, numbers and truth values there are in the last text, or so many of them that there is room for
    (then they are not `all_values`); `value_starts` and `value_ends`: where in
    the text each is, of a string what is between its quotation marks; `value_places`: which place of the structure it is like.
    """

    __slots__ = (
        "_behind",
        "_counts",
        "_ends",
        "_first",
        "_last",
        "_starts",
        "_structure",
        "_utf8",
        "_values_before",
        "_written",
        "all_values",
        "count",
        "value_ends",
        "value_places",
        "value_starts",
        "values",
    )

    def __init__(self) -> None:
        # Only a comma or a key asks whether there is room; between two of them no more than this comes from brackets.
        self._structure = bytearray(LONGEST_STRUCTURE + 6 * DEEPEST + 16)
        self._written = 0
        self._utf8 = False
        # Of each element that stays: how many there are, where it begins and ends in the structure, and the number of the
        # first element that is not inside of it.
        self.count = 0
        self._counts, self._starts, self._ends, self._behind = (array("q", bytes(8 * MOST_ELEMENTS)) for _ in range(4))
        self.values = 0
        self.all_values = True
        self.value_starts, self.value_ends, self.value_places = (array("q", bytes(8 * MOST_VALUES)) for _ in range(3))
        self._values_before = array("q", bytes(8 * MOST_ELEMENTS))  # of each element that stays: how many values came before it
        # Of each depth: the numbers of the first and the last element of the array that is open there.
        self._first, self._last = (array("q", bytes(8 * (DEEPEST + 1))) for _ in range(2))

    def structure(self, text: bytes, utf8: bool) -> str:
        """The structure of this JSON text; UNKNOWN when it is none, or has to be decoded. `utf8`: known to be valid UTF-8."""
        self.count = 0
        self.values = 0
        self.all_values = True
        if len(text) > LONGEST_TEXT:
            return UNKNOWN
        self._utf8 = utf8
        self._written = 0
        if not self._value(text, len(text)) or self._written > LONGEST_STRUCTURE:
            self.count = 0
            self.values = 0
            return UNKNOWN
        return self._structure[: self._written].decode()

    def elements(self) -> tuple[int, ...]:
        """The numbers that belong to the last structure."""
        return tuple([self._counts[number] for number in range(self.count)]) if self.count else ()

    def add_elements(self, counts: array[int]) -> None:
        """Adds the numbers that belong to the last structure to those in an array("q") of `count` of them, or more."""
        for number in range(self.count):
            counts[number] += self._counts[number]

    def _value(self, text: bytes, end: int) -> bool:
        """Whether the text is one JSON value, whose structure has then been written."""
        structure = self._structure
        position = 0
        depth = 0
        objects = 0  # a bit for each open container, the innermost lowest: whether it is an object
        expected = VALUE
        names = False  # whether the next value may name the message
        while position < end:
            byte = text[position]
            if byte == 0x20 or byte == 0x0A or byte == 0x0D or byte == 0x09:
                position += 1
                continue
            if byte == 0x22:  # "
                if expected in (KEY, KEY_OR_END):
                    start = self._written
                    position = self._string(text, position + 1, end, LONGEST_STRUCTURE + 1 - start)
                    if self._written > LONGEST_STRUCTURE:
                        return False
                    names = depth == 1 and self._is_naming_key(start)
                    expected = COLON
                    if 0 <= position < end and text[position] == 0x3A:  # as nearly always: saves a turn
                        structure[self._written] = 0x3A
                        self._written += 1
                        position += 1
                        expected = VALUE
                elif expected in (VALUE, VALUE_OR_END):
                    start = self._written
                    begin = position + 1
                    position = self._string(text, begin, end, LONGEST_NAME + 1 if names else 0)
                    if names:
                        self._keep_name(start)
                        names = False
                    self._note_value(begin, position - 1, start)
                    expected = COMMA_OR_END
                else:
                    return False
                if position < 0:
                    return False
                continue
            if byte == 0x3A:  # :
                if expected != COLON:
                    return False
                expected = VALUE
            elif byte == 0x2C:  # ,
                if expected != COMMA_OR_END or not depth or self._written > LONGEST_STRUCTURE:
                    return False
                if objects & 1:
                    expected = KEY
                else:
                    expected = VALUE
                    siblings = self._end_element(depth)
                    if siblings >= 0:
                        structure[self._written] = byte
                        self._written += 1
                    if siblings >= MOST_SIBLINGS or not self._begin_element(depth):
                        return False
                    position += 1
                    continue
            elif byte == 0x7B or byte == 0x5B:  # { [
                if (expected != VALUE and expected != VALUE_OR_END) or depth == DEEPEST:
                    return False
                depth += 1
                objects = objects << 1 | (byte == 0x7B)
                expected = KEY_OR_END if byte == 0x7B else VALUE_OR_END
                structure[self._written] = byte
                self._written += 1
                if byte == 0x5B:
                    names = depth == 1  # the first element of an array
                    self._first[depth] = self.count
                    if not self._begin_element(depth):
                        return False
                position += 1
                continue
            elif byte == 0x7D or byte == 0x5D:  # } ]
                empty = KEY_OR_END if byte == 0x7D else VALUE_OR_END
                if (expected != COMMA_OR_END and expected != empty) or not depth or (objects & 1) != (byte == 0x7D):
                    return False
                if byte == 0x5D:
                    if expected == VALUE_OR_END:
                        self.count -= 1
                    elif self._end_element(depth) < 0:
                        self._written -= 1  # the comma before it
                depth -= 1
                objects >>= 1
                expected = COMMA_OR_END
            else:
                if expected != VALUE and expected != VALUE_OR_END:
                    return False
                start = self._written
                begin = position
                if byte == 0x2D or 0x30 <= byte <= 0x39:  # - 0-9
                    position = self._number(text, position, end)
                else:
                    position = self._literal(text, position, end)
                if position < 0:
                    return False
                if byte != 0x6E:  # a null is no value
                    self._note_value(begin, position, start)
                names = False
                expected = COMMA_OR_END
                continue
            structure[self._written] = byte
            self._written += 1
            position += 1
        return expected == COMMA_OR_END and not depth

    def _note_value(self, start: int, end: int, place: int) -> None:
        """Remembers where a value is, if there is room."""
        number = self.values
        if number == MOST_VALUES:
            self.all_values = False
            return
        self.value_starts[number] = start
        self.value_ends[number] = end
        self.value_places[number] = place
        self.values = number + 1

    def _begin_element(self, depth: int) -> bool:
        """Makes room for another element of the innermost array; whether there is any."""
        number = self.count
        if number == MOST_ELEMENTS:
            return False
        self._last[depth] = number
        self._starts[number] = self._written
        self._counts[number] = 1
        self._values_before[number] = self.values
        self.count = number + 1
        return True

    def _end_element(self, depth: int) -> int:
        """How many elements of the innermost array stayed before its last; -1: one of them is the same, and counts for it."""
        structure = self._structure
        last = self._last[depth]
        start = self._starts[last]
        length = self._written - start
        earlier = self._first[depth]
        siblings = 0
        while earlier < last:
            begin = self._starts[earlier]
            if self._ends[earlier] - begin == length:
                place = 0
                while place < length and structure[begin + place] == structure[start + place]:
                    place += 1
                if place == length:
                    for number in range(self.count - last):
                        self._counts[earlier + number] += self._counts[last + number]
                    for number in range(self._values_before[last], self.values):
                        self.value_places[number] -= start - begin
                    self.count = last
                    self._written = start
                    return -1
            earlier = self._behind[earlier]
            siblings += 1
        self._ends[last] = self._written
        self._behind[last] = self.count
        return siblings

    def _string(self, text: bytes, position: int, end: int, most: int) -> int:
        """Writes so much of the string that begins before `position`; the position behind it, -1 when it is unusual."""
        structure, written, utf8 = self._structure, self._written, self._utf8
        structure[written] = 0x22
        written += 1
        kept = written + most
        while position < end:
            if written == kept:  # most strings are passed over, and hold little that is asked for below
                position = plain_end(text, position, end)
                if position == end:
                    return -1
            byte = text[position]
            position += 1
            if byte == 0x22:
                structure[written] = 0x22
                self._written = written + 1
                return position
            if byte < 0x20 or byte == 0x5C or (byte > 0x7F and not utf8):  # a control character, a backslash, not ASCII
                return -1
            if written < kept:
                structure[written] = byte
                written += 1
        return -1

    def _keep_name(self, start: int) -> None:
        """Makes the string that has been written from `start` on an empty one, unless it is written like a name."""
        structure = self._structure
        first, end = start + 1, self._written - 1
        fit = 0 < end - first <= LONGEST_NAME
        if fit:
            for position in range(first, end):
                byte = structure[position]
                if 0x61 <= byte <= 0x7A or 0x41 <= byte <= 0x5A or byte == 0x5F or byte == 0x24:  # a-z A-Z _ $
                    continue
                if position == first or not 0x2D <= byte <= 0x3A:  # - . / 0-9 :
                    fit = False
                    break
        if not fit:
            structure[first] = 0x22
            self._written = first + 1

    def _is_naming_key(self, start: int) -> bool:
        """Whether the key that has been written from `start` on is one of NAME_KEYS."""
        structure = self._structure
        length = self._written - start - 2
        if not 0 < length <= LONGEST_NAMING_KEY:
            return False
        first = structure[start + 1]
        if first > 0x7F:
            return False
        place = first * (LONGEST_NAMING_KEY + 1) + length
        if not NAMING[place]:
            return False
        key = NAMING_KEYS[place]
        position = 0
        while position < length and key[position] == structure[start + 1 + position]:
            position += 1
        return position == length

    def _number(self, text: bytes, position: int, end: int) -> int:
        """Writes `0` for an integer and `0.0` for any other number (RFC 8259, 6); the position behind it, -1 when unusual."""
        integer = True
        start = position
        if text[position] == 0x2D:  # -
            position += 1
        digits = position
        position = digits_end(text, position, end)
        if position == digits or (text[digits] == 0x30 and position > digits + 1):  # a leading zero stands alone
            return -1
        if position < end and text[position] == 0x2E:  # .
            integer = False
            position += 1
            digits = position
            position = digits_end(text, position, end)
            if position == digits:
                return -1
        if position - start > MOST_DIGITS:
            return -1
        if position < end and (text[position] == 0x65 or text[position] == 0x45):  # e E
            integer = False
            position += 1
            if position < end and (text[position] == 0x2B or text[position] == 0x2D):  # + -
                position += 1
            digits = position
            while position < end and 0x30 <= text[position] <= 0x39:
                position += 1
            if not 1 <= position - digits <= 2:
                return -1
        structure, written = self._structure, self._written
        structure[written] = 0x30
        if not integer:
            structure[written + 1] = 0x2E
            structure[written + 2] = 0x30
            written += 2
        self._written = written + 1
        return position

    def _literal(self, text: bytes, position: int, end: int) -> int:
        """Writes `null`, or `true` for both of its kind; the position behind it, -1 when it is none of these."""
        first = text[position]
        literal = NULL if first == 0x6E else FALSE if first == 0x66 else TRUE
        for byte in literal:
            if position == end or text[position] != byte:
                return -1
            position += 1
        structure, written = self._structure, self._written
        for byte in NULL if first == 0x6E else TRUE:
            structure[written] = byte
            written += 1
        self._written = written
        return position


def repeats_a_key(structure: str, decoded: object) -> bool:
    """Whether an object in there has a key twice. A decoder leaves one of the two out, and the numbers are those of both."""
    return bool(_encode(decoded) != structure.encode())


COMPILED = type(StructureReader.__init__).__name__ != "function"
