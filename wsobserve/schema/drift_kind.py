"""One kind of message; message after message in, what is not as it was out. What was told is taken in, and told no more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from wsobserve.records import ChangeName
from wsobserve.redaction import looks_like_identifier
from wsobserve.schema.describe import NAMES
from wsobserve.schema.drift_claims import claim
from wsobserve.schema.drift_place import (
    LEAST,
    LONG,
    MAP,
    MOST_FIELDS,
    MOST_MEMBERS,
    MOST_NEW_FIELDS,
    OPEN,
    Budget,
    Fields,
    Place,
    is_settled,
)
from wsobserve.schema.leaves import ANY, place_of

MOST_POSITIONS = 64
BINARY = "binary"


class Change(NamedTuple):
    """What a message shows. `detail`: types, formats and counts. `which`: tells it from others of its sort at the place."""

    change: ChangeName
    path: str
    detail: str
    which: str = ""


class KindWatch:
    """What is known of a kind. `messages`: all of them, those from before it was watched included."""

    __slots__ = (
        "_budget",
        "_deepest",
        "_found",
        "_quiet",
        "_stamp",
        "_times",
        "identifier",
        "messages",
        "name",
        "root",
        "version",
    )

    def __init__(self, identifier: str, name: str | None, budget: Budget, deepest: int) -> None:
        self.identifier = identifier
        self.name = name
        self.messages = 0
        self.version = 0  # counts what changes about how values are looked into
        self.root = Place("")
        self._budget = budget
        self._deepest = deepest
        self._found: list[Change] = []
        self._stamp = 0
        self._times = 1
        self._quiet = False

    def claim(self, schema: dict[str, Any]) -> None:
        """Watch what this schema says."""
        claim(self.root, schema, self._budget)

    def learn(self, bodies: Iterable[tuple[object, int]], schema: dict[str, Any]) -> None:
        """Its first messages, in their order, each with how often it came; of them nothing is told."""
        self.claim(schema)
        self._quiet = True
        for body, times in bodies:
            self.see(body, times)
        self._quiet = False

    def see(self, body: object, times: int = 1) -> list[Change]:
        """What so many messages like this one show first."""
        self._stamp += 1
        self._times = times
        self._found = []
        self._walk(self.root, body, self._deepest)
        return self._found

    def _tell(self, change: ChangeName, place: str, detail: str, which: str = "") -> None:
        self._found.append(Change(change, place, detail, which))

    def _walk(self, place: Place, value: object, deepest: int) -> None:
        times = self._times
        kind = type(value)
        name = NAMES.get(kind, BINARY)
        inside = isinstance(value, (dict, list, tuple))
        if place.see_type(name, times, self._stamp, self._quiet):
            others = ", ".join(sorted(each for each in place.types if each != name))
            self._tell("new_type", place.path, f"{name}, beside {others}", name)
        if kind is str:
            change = place.see_text(value.encode("utf-8", "surrogatepass"), times, self._quiet)  # type: ignore[attr-defined]  # a text
            if change == "new_member":
                known = "no enumeration any more" if place.members is None else f"beside {len(place.members) - 1} others"
                self._tell("new_member", place.path, known, f"{len(place.told_members)}")
            elif change == "format_broken":
                self._tell("format_broken", place.path, f"not the format of {place.types['string'] - times} messages")
        elif kind is int or kind is float:
            change = place.see_number(value, self._quiet)  # type: ignore[arg-type]  # a number
            if change == "range_exceeded":
                self._tell(
                    change, place.path, f"beyond the numbers of {place.numbers - times} messages, by half of their range"
                )
            elif change == "new_member":
                self._tell(change, place.path, f"another number than in {place.numbers - times} messages")
        elif inside and deepest > 0:
            if isinstance(value, dict):
                self._object(place, value, deepest - 1)
            else:
                self._array(place, value, deepest - 1)  # type: ignore[arg-type]  # a list or tuple

    def _object(self, place: Place, value: dict[object, object], deepest: int) -> None:
        if place.layout == OPEN:
            return
        if place.layout == MAP:
            for inner in value.values():
                self._other(place, inner, deepest)
            return
        if place.tag is not None:
            variant = self._variant(place, place.tag, value)
            if variant is None:
                return
            place = variant
        if place.fields is None:
            place.fields = Fields()
        self._fields(place, place.fields, value.items(), value, deepest)

    def _variant(self, place: Place, tag: str, value: dict[object, object]) -> Place | None:
        """Among several sorts of record at one place, the place of this one's; None when there is no place for it."""
        constant = value.get(tag)
        if not isinstance(constant, str):
            constant = None  # what stands there is not what stood there
        variant = place.variants.get(constant)
        if variant is not None or len(place.variants) > MOST_MEMBERS:
            return variant
        known = [0 if each.fields is None else each.fields.messages for each in place.variants.values() if not each.was_told]
        variant = self._budget.place(place.path)
        if variant is None:
            return None
        place.variants[constant] = variant
        if not self._quiet and is_settled(sum(known), place.variants_at, known):
            variant.was_told = True
            where = f"{place.path}/{place_of(tag)}"
            if tag in value:
                self._tell("new_member", where, f"beside {len(known)} others, which tell records apart")
            else:
                self._tell("field_missing", where, f"was in all of {sum(known)} before")
        else:
            place.variants_at = sum(known) + 1
        return variant

    def _array(self, place: Place, value: list[object], deepest: int) -> None:
        if place.is_tuple:
            if place.positions is None:
                place.positions = Fields()
            self._fields(
                place, place.positions, enumerate(value[:MOST_POSITIONS]), range(min(len(value), MOST_POSITIONS)), deepest
            )
            return
        if place.layout == OPEN:
            return
        if place.items is None and value:
            place.items = self._budget.place(f"{place.path}/{ANY}")
        if place.items is not None:
            for inner in value:
                self._walk(place.items, inner, deepest)

    def _other(self, place: Place, inner: object, deepest: int) -> None:
        if place.others is None:
            place.others = self._budget.place(f"{place.path}/{ANY}")
        if place.others is not None:
            self._walk(place.others, inner, deepest)

    def _fields(self, place: Place, fields: Fields, items: Iterable[tuple[Any, object]], keys: Any, deepest: int) -> None:
        """The properties of a record, or the positions of a tuple."""
        first_here = fields.stamp != self._stamp
        before = fields.messages
        if first_here:
            fields.stamp = self._stamp
            fields.messages += self._times
        always = fields.always
        if always is None:
            always = fields.always = set(keys)
        else:
            # A set's order is not the same in every process: what is told is.
            for lost in sorted([key for key in always if key not in keys], key=str):
                self._missing(fields, lost, before)
        for key, inner in items:
            child = fields.by_key.get(key)
            if child is None:
                child = self._new_field(place, fields, key, inner, before)
                if child is None:
                    if place.layout == OPEN:
                        return
                    self._other(place, inner, deepest)
                    continue
            if child.present_stamp != self._stamp:
                child.present_stamp = self._stamp
                child.present += self._times
            self._walk(child, inner, deepest)

    def _missing(self, fields: Fields, key: str | int, before: int) -> None:
        assert fields.always is not None
        fields.always.discard(key)
        child = fields.by_key.get(key)
        if child is None:
            return  # one that stands for many
        if not self._quiet and child.present >= LEAST and before >= LONG * fields.shrunk_at:
            self._tell("field_missing", child.path, f"was in all of {before} before")
        else:
            fields.shrunk_at = before + 1

    def _new_field(self, place: Place, fields: Fields, key: Any, inner: object, before: int) -> Place | None:
        """The place of a key that has none; None when it stands for many, or the object is no record any more."""
        if isinstance(key, str):
            if looks_like_identifier(key):
                return None
        elif not isinstance(key, int) or fields is place.fields:
            return None
        if len(fields.by_key) >= MOST_FIELDS or fields.told >= MOST_NEW_FIELDS:
            self._open(place)
            return None
        child = self._budget.place(f"{place.path}/{place_of(key) if isinstance(key, str) else key}")
        if child is None:
            place.layout = OPEN
            self.version += 1
            return None
        if not self._quiet and fields.is_settled():
            fields.told += 1
            child.was_told = True
            self._tell("new_field", child.path, f"{NAMES.get(type(inner), BINARY)}, in none of {before} before")
        elif before:
            fields.grown_at = before + 1
        fields.by_key[key] = child
        return child

    def _open(self, place: Place) -> None:
        """This one's keys keep being new: it is no record, and nothing in it is watched any more."""
        self._budget.left_out += 1
        self._budget.left += places_in(place) - 1
        place.layout = OPEN
        place.fields = place.others = None
        self.version += 1


def places_in(place: Place) -> int:
    """How many places this is, with those inside."""
    return sum(1 for _ in every_place(place))


def every_place(place: Place) -> Iterable[Place]:
    """This one and all inside of it."""
    yield place
    for fields in (place.fields, place.positions):
        if fields is not None:
            for child in fields.by_key.values():
                yield from every_place(child)
    for inner in _inner(place):
        yield from every_place(inner)


def counted_fields(place: Place) -> Iterable[tuple[Place, Fields]]:
    """Every field with those that it is among."""
    for fields in (place.fields, place.positions):
        if fields is not None:
            for child in fields.by_key.values():
                yield child, fields
                yield from counted_fields(child)
    for inner in _inner(place):
        yield from counted_fields(inner)


def _inner(place: Place) -> list[Place]:
    return [*place.variants.values(), *(each for each in (place.others, place.items) if each is not None)]
