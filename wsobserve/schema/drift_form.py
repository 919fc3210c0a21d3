"""Messages of one structure that show nothing new: known as such by their values alone, and counted by the number.

A structure that was looked into once holds nothing new any more but in its values. Where what tells kinds apart is a value,
the kind is known by that. What is counted reaches the places when somebody looks (see `settle`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from wsobserve.redaction import looks_like_identifier
from wsobserve.schema.describe import NAMES
from wsobserve.schema.drift_place import MAP, OPEN, Fields, Place
from wsobserve.schema.kind_tree import DIRECTION, Path, Split, Tree

if TYPE_CHECKING:
    from wsobserve.schema.drift_channel import ChannelWatch
    from wsobserve.schema.drift_kind import KindWatch

MOST_FORMS = 256  # of one structure


class NoForm(Exception):
    """Messages of this structure have to be looked into one by one."""


class Form:
    """Of one kind and structure. `places`: of its values, in order; None where nothing is to be known of them."""

    __slots__ = ("_fields", "_kind", "_types", "_version", "pending", "places")

    def __init__(self, kind: KindWatch, structure: object) -> None:
        """Raises NoForm."""
        self.pending = 0
        self.places: list[Place | None] = []
        self._kind = kind
        self._version = kind.version
        self._fields: dict[int, tuple[Fields, dict[int, Place]]] = {}  # by identity: each once a message
        self._types: dict[tuple[int, str], tuple[Place, str]] = {}
        self._walk(kind.root, structure)

    def is_valid(self) -> bool:
        """Whether the kind is still looked into as it was."""
        return self._version == self._kind.version

    def settle(self) -> None:
        """What is pending is counted."""
        messages, self.pending = self.pending, 0
        self._kind.messages += messages
        for place, name in self._types.values():
            place.count(name, messages)
        for fields, present in self._fields.values():
            fields.messages += messages
            for child in present.values():
                child.present += messages

    def _walk(self, place: Place | None, value: object) -> None:
        name = NAMES.get(type(value), "")
        if place is not None:
            if name not in place.types:
                raise NoForm
            self._types[id(place), name] = (place, name)
        if isinstance(value, dict):
            self._object(place, value)
        elif isinstance(value, list):
            if place is not None and place.is_tuple:
                raise NoForm  # a structure does not tell the positions
            items = None if place is None or place.layout == OPEN else place.items
            for inner in value:
                self._walk(items, inner)
        elif value is not None:
            # Of truth values nothing is known but their type.
            self.places.append(None if name == "boolean" else place)

    def _object(self, place: Place | None, value: dict[str, object]) -> None:
        if place is None or place.layout == OPEN:
            for inner in value.values():
                self._walk(None, inner)
            return
        if place.tag is not None:
            raise NoForm  # nor a constant
        if place.layout == MAP:
            for inner in value.values():
                self._walk(place.others, inner)
            return
        fields = place.fields
        if fields is None:
            raise NoForm
        _, present = self._fields.setdefault(id(fields), (fields, {}))
        for key, inner in value.items():
            child = fields.by_key.get(key)
            if child is not None:
                present[id(child)] = child
            elif looks_like_identifier(key):
                child = place.others
            else:
                raise NoForm
            self._walk(child, inner)


def form_of(kind: KindWatch, structure: object) -> Form | None:
    """The form of messages of this kind and structure, of which one was looked into; None where each has to be."""
    try:
        return Form(kind, structure)
    except NoForm:
        return None


def forms_of(channel: ChannelWatch, tree: Tree, structure: dict[str, object]) -> Forms | None:
    """The forms of messages of one structure, none of them known yet; None where each message has to be looked into."""
    try:
        return Forms(channel, tree, structure)
    except NoForm:
        return None


class Forms:
    """Of one structure: by the values that tell its kinds apart, at `choosers` (numbers of values in the structure)."""

    __slots__ = ("_channel", "_version", "by_values", "choosers")

    def __init__(self, channel: ChannelWatch, tree: Tree, structure: dict[str, object]) -> None:
        """Raises NoForm."""
        self._channel = channel
        self._version = channel.version
        numbers = _numbers(structure)
        self.choosers: list[int] = []
        for path in sorted(set(_asked(tree)), key=str):
            if any(not isinstance(key, str) for key in path):
                raise NoForm
            if path in numbers:
                self.choosers.append(numbers[path])
        self.by_values: dict[bytes, Form | None] = {}  # None: each has to be looked into

    def is_valid(self) -> bool:
        """Whether the channel still has the kinds that it had."""
        return self._version == self._channel.version

    def has(self, values: bytes) -> bool:
        """Whether there is an answer for these values."""
        form = self.by_values.get(values)
        return values in self.by_values and (form is None or form.is_valid())

    def add(self, values: bytes, form: Form | None) -> None:
        """The form of messages with these values."""
        if len(self.by_values) < MOST_FORMS or values in self.by_values:
            self.by_values[values] = form

    def open_form(self, values: bytes) -> Form | None:
        """The form of the next message, which has these values; None when it has to be looked into."""
        channel = self._channel
        if self._version != channel.version or channel.messages + 1 >= channel.stop:
            return None
        form = self.by_values.get(values)
        return form if form is not None and form.is_valid() else None

    def count(self, form: Form) -> None:
        """One more message of a form, with nothing new in it."""
        self._channel.count(form)


def _asked(tree: Tree) -> Iterable[Path]:
    """The paths of which the value tells kinds apart."""
    waiting: list[Tree] = [tree]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Split):
            if each.constant and each.path != DIRECTION:
                yield each.path
            waiting.extend(each.children.values())


def _numbers(structure: object) -> dict[Path, int]:
    """The numbers of values that lie in no array, by their paths."""
    found: dict[Path, int] = {}
    count = 0

    def walk(value: object, path: Path, inside: bool) -> None:
        nonlocal count
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, (*path, key), inside)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, path, True)
        elif value is not None:
            if not inside:
                found[path] = count
            count += 1

    walk(structure, (), False)
    return found
