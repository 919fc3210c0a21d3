"""Two JSON Schemas of one kind of message in, one out that holds for the messages behind both.

Both were inferred from messages. Where `known` says something that `seen` contradicts, the union says less: another type,
another member of an enumeration, a field more, a field that may be missing. Where `seen` merely does not say it (no
enumeration, no format, no bound, not closed), there are two cases. From `sure` messages that silence counts: they did not
bear the statement out, and the union drops it. Otherwise they were too few to say it, and the statement stays.

Bounds of numbers are estimates: inference puts a margin beyond what it saw. A bound that is contradicted for certain, margin
aside, is widened; one that merely lies further in or out is not. Where few messages mixed several types, inference lets any
scalar be there; that is no observation of each.

An open record (no `additionalProperties`) accepts fields that it does not name, but none was seen; so a field that only
one side names is taken as that side has it, unless the other side was truncated and may have seen it. It is the same with
a list that does not say what its elements are.
"""

from __future__ import annotations

from typing import Any

from wsobserve.schema.alternatives import ANYTHING, BOUNDS, FACETS, Alternative, Alternatives, parsed, rendered, text_of
from wsobserve.schema.constraining import Schema, without_counts

MOST_ALTERNATIVES = 64  # of one `anyOf`; beyond, those of one type become one
_ESTIMATES = ("minimum", "maximum")
MOST_MEMBERS = 256  # of one enumeration; beyond, it is none


def union(known: Schema, seen: Schema, *, sure: bool = True) -> Schema:
    """What holds for the messages behind both; `sure`: the silence of `seen` counts too. Without counts, in one form."""
    join = _Join(sure)
    united = join.schemas(known, seen)
    both: dict[str, list[Schema]] = {}
    for side in (known, seen):
        for name, definition in side.get("$defs", {}).items():
            both.setdefault(name, []).append(definition)
    if both:
        united["$defs"] = {name: join.schemas(sides[0], sides[-1]) for name, sides in sorted(both.items())}
    about: Schema = {word: known[word] for word in ("$schema", "title", "description") if word in known}
    return {**about, **united}


class _Join:
    """`exact`: of two schemas that mean what they say; not of statements that were inferred."""

    def __init__(self, sure: bool, exact: bool = False) -> None:
        self._sure = sure
        self._exact = self if exact else _Join(sure=True, exact=True)

    def schemas(self, known: Schema, seen: Schema) -> Schema:
        ours, theirs = parsed(without_counts(known), self._settled), parsed(seen, self._settled)
        return rendered(self.alternatives(ours, theirs))

    def alternatives(self, known: Alternatives, seen: Alternatives) -> Alternatives:
        """What is in either; those of one side that go with one of the other become one with it."""
        if _is_anything(known):
            return ANYTHING
        if _is_anything(seen):  # anything was there; or they were too few to say what was
            return ANYTHING if self._sure else known
        if not self._sure:
            seen = _observed(known, seen)
        found = list(known)
        ours = range(len(found))
        for one in seen:
            kin = [number for number in ours if _kin(found[number], one)]
            lone = len(kin) == 1 == sum(_kin(other, one) for other in seen)
            if not lone and len(found) < MOST_ALTERNATIVES:
                kin = [number for number in kin if _constants_agree(found[number], one)]
            joined = {number: self._one(found[number], one) for number in kin}
            if any(joined[number] == found[number] for number in kin):
                continue
            if joined:
                number = max(kin, key=lambda number: _likeness(found[number], one))
                found[number] = joined[number]
            else:
                found.append(one)
        return self._settled(found)

    def _settled(self, found: list[Alternative]) -> Alternatives:
        """Without those that another one has room for, in an order of their own."""
        if len(found) < 2:
            return tuple(found)
        kept: list[Alternative] = []
        exact = self._exact
        for one in found:
            if any(_kin(other, one) and exact._one(other, one) == other for other in kept):
                continue
            kept = [other for other in kept if not (_kin(one, other) and exact._one(one, other) == one)]
            kept.append(one)
        return tuple(sorted(kept, key=_order))

    def _one(self, known: Alternative, seen: Alternative) -> Alternative:
        """Two alternatives of one type as one."""
        if known == seen:
            return known
        if not known.type:
            return known
        name = known.type if known.type == seen.type else "number"
        members = None
        if known.members is not None and (seen.members is not None or not self._sure):
            members = known.members | (seen.members or {})
            members = {text: members[text] for text in sorted(members)} if len(members) <= MOST_MEMBERS else None
        joined = Alternative(
            type=name,
            words=self._words(name, known, seen),
            members=members,
            truncated=known.truncated or seen.truncated,
        )
        if name == "object":
            return self._object(joined, known, seen)
        return self._array(joined, known, seen) if name == "array" else joined

    def _words(self, name: str, known: Alternative, seen: Alternative) -> Schema:
        words = {}
        for word in FACETS[name]:
            if word not in known.words:
                continue
            ours, theirs = known.words[word], seen.words.get(word, _of_values(word, seen))
            if theirs is None:
                if not self._sure:
                    words[word] = ours
            elif word in _ESTIMATES and self._exact is not self:
                words[word] = BOUNDS[word]((ours, theirs)) if _sticks_out(word, ours, seen) else ours
            elif word in BOUNDS:
                words[word] = BOUNDS[word]((ours, theirs))
            elif ours == theirs:
                words[word] = ours
        return words

    def _object(self, joined: Alternative, known: Alternative, seen: Alternative) -> Alternative:
        others = self._others(known, seen)
        properties = {}
        for name in sorted(known.properties.keys() | seen.properties.keys()):
            unseen = seen.truncated and name not in seen.properties  # it may have been anything
            field = ANYTHING if unseen else self.alternatives(_field(known, name), _field(seen, name))
            if name in known.properties or field != (ANYTHING if others is None and joined.truncated else others):
                properties[name] = field
        required = known.required & (seen.required if self._sure else seen.always)
        return joined.with_fields(properties, required, others)

    def _others(self, known: Alternative, seen: Alternative) -> Alternatives | None:
        """What fields without a name of their own may hold; nothing at all: `()`; None: not said."""
        if known.others is None:
            return None
        if seen.others is None:
            silent = self._sure and not known.others  # on whether the record is closed; of a map it saw no other field
            return None if silent or seen.truncated else known.others
        return self.alternatives(known.others, seen.others)

    def _array(self, joined: Alternative, known: Alternative, seen: Alternative) -> Alternative:
        if joined.truncated:
            return joined.with_elements(None, None)
        if known.prefix and seen.prefix and len(known.prefix) == len(seen.prefix):
            prefix = tuple(self.alternatives(*sides) for sides in zip(known.prefix, seen.prefix, strict=True))
            return joined.with_elements(prefix, self._rest(known, seen))
        if known.prefix and not seen.prefix and not self._sure:
            # Too few to be told from a list: the tuple stands as long as it has room for all of their elements.
            elements = self._elements(known)
            if self.alternatives(elements, seen.items or ()) == elements:
                return joined.with_elements(known.prefix, known.items)
        items = self.alternatives(self._elements(known), self._elements(seen))
        if (known.prefix or seen.prefix) and not {"minItems", "maxItems"} <= seen.words.keys():
            joined = joined.without_words("minItems", "maxItems")
        return joined.with_elements(None, items or None)

    def _rest(self, known: Alternative, seen: Alternative) -> Alternatives | None:
        """What stands behind the positions of a tuple."""
        if known.items is None or seen.items is None:
            return None
        return self.alternatives(known.items, seen.items)

    def _elements(self, array: Alternative) -> Alternatives:
        elements = array.items or ()
        for position in array.prefix or ():
            elements = self._exact.alternatives(elements, position)
        return elements


def _is_anything(found: Alternatives) -> bool:
    return all(one in found for one in ANYTHING)


def _kin(one: Alternative, other: Alternative) -> bool:
    if not one.type or not other.type:
        return one == other
    return one.type == other.type or {one.type, other.type} == {"integer", "number"}


def _likeness(one: Alternative, other: Alternative) -> tuple[bool, bool, int]:
    """How well the two go together; the larger the better."""
    return (
        (one.members is None) == (other.members is None),
        len(one.prefix or ()) == len(other.prefix or ()),
        len(one.properties.keys() & other.properties.keys()),
    )


def _constants_agree(one: Alternative, other: Alternative) -> bool:
    """Whether no field that both have has members in one of which the other has none: such fields tell messages apart."""
    for name in one.properties.keys() & other.properties.keys():
        ours, theirs = (_members(side.properties[name]) for side in (one, other))
        if ours is not None and theirs is not None and not ours & theirs:
            return False
    return True


def _members(field: Alternatives) -> set[str] | None:
    if not field or any(one.members is None for one in field):
        return None
    return {text for one in field for text in one.members or ()}


def _sticks_out(word: str, ours: float, seen: Alternative) -> bool:
    """Whether numbers were seen beyond the bound. Where only one bound is known, or members are, they are taken as they are."""
    low, high = seen.words.get("minimum"), seen.words.get("maximum")
    if low is None or high is None or seen.members is not None:
        margin: float = 0
    else:
        # A quarter of what lies between the bounds; a third where the lower one was held at zero (schema/numbers.py).
        margin = (high - low) / (3 if low == 0 else 4)
    theirs = seen.words.get(word, _of_values(word, seen))
    return bool(theirs + margin < ours if word == "minimum" else theirs - margin > ours)


def _observed(known: Alternatives, seen: Alternatives) -> Alternatives:
    """The alternatives of few messages without the types that may only be allowed because several others were seen."""
    free = {one.type for one in seen if one in ANYTHING or (one.type == "integer" and not one.words)}
    types = {one.type for one in known}
    if not {"boolean", "null", "string"} <= free or not free & {"integer", "number"}:
        return seen
    if len(types & {"boolean", "string"}) + bool(types & {"integer", "number"}) < 2:
        return seen
    return tuple(one for one in seen if one.type not in free or any(_kin(one, other) for other in known))


def _of_values(word: str, seen: Alternative) -> Any:
    """What the members of an enumeration, or arrays that were all empty, say of a bound; None: nothing."""
    if word == "minItems" and not seen.prefix and not seen.items and not seen.truncated:
        return 0
    if not seen.members or word not in BOUNDS:
        return None
    sizes = [value if word in ("minimum", "maximum") else len(value) for value in seen.members.values()]
    return BOUNDS[word](sizes)


def _field(record: Alternative, name: str) -> Alternatives:
    """What one side says of a field; nothing when it never had it."""
    if name in record.properties:
        return record.properties[name]
    if record.others is None:
        return ANYTHING if record.truncated else ()
    return record.others


def _order(one: Alternative) -> tuple[str, str]:
    return one.type, text_of(rendered((one,)))
