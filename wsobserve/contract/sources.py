"""The documents of a contract in; the same with every reference absolute, and what a reference leads to, out.

A document has an address (`file:///.../asyncapi.yaml`), which says where its relative references lead. References by
`$id` and `$anchor` become references by address and JSON pointer, so that a part of a document says the same wherever
it is used. What lies outside of the given documents is refused: nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urldefrag, urljoin

MOST_VALUES = 1_000_000  # of all documents: aliases of YAML can make few lines endless
DEEPEST = 200
SAFE = "~!$&'()*+,;=:@-._?"  # besides letters and digits, in a fragment (RFC 3986, 3.5), without `/`
LONGEST_CHAIN = 64  # references that lead to references


def pointer_token(key: str | int) -> str:
    """A key or position as it stands in a JSON pointer (RFC 6901, 3)."""
    return str(key).replace("~", "~0").replace("/", "~1")


class ContractError(ValueError):
    """The contract cannot be used: one line that says where and why."""


class Place(NamedTuple):
    """A value in a document: `location` is its address and JSON pointer, as a URI (so `{` is `%7B`)."""

    location: str
    value: Any

    def child(self, *tokens: str | int) -> Place:
        """What lies under these keys and positions, which must be there."""
        location, value = self.location, self.value
        for token in tokens:
            location += "/" + quote(pointer_token(token), safe=SAFE)
            value = value[token]
        return Place(location, value)

    def field(self, key: str) -> Any:
        """What an object has under this key; None when it is none, or has none."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def entries(self) -> Iterator[tuple[str, Place]]:
        """The entries of an object; nothing of anything else."""
        if isinstance(self.value, dict):
            for key in self.value:
                yield key, self.child(key)

    def elements(self) -> Iterator[Place]:
        """The elements of an array; nothing of anything else."""
        if isinstance(self.value, list):
            for number in range(len(self.value)):
                yield self.child(number)


class Scope(NamedTuple):
    """What references are relative to: an identifier (`$id`, or the address), and the location that has it."""

    identifier: str
    location: str


class Sources:
    """Documents by address, their references made absolute. ContractError when one leads outside or nowhere."""

    def __init__(self, documents: Mapping[str, object]) -> None:
        self._identified: dict[str, str] = {}  # `$id` and anchors, by identifier: their location
        self._values = 0
        for address, document in documents.items():
            self._identified[address] = f"{address}#"
            self._identify(document, Scope(address, f"{address}#"), f"{address}#", 0)
        self.documents: dict[str, Any] = {
            address: self._absolute(document, Scope(address, f"{address}#")) for address, document in documents.items()
        }

    def root(self, address: str) -> Place:
        """A whole document."""
        return Place(f"{address}#", self.documents[address])

    def resolve(self, location: str) -> Place:
        """What lies at a location."""
        address, _, pointer = location.partition("#")
        value: Any = self.documents.get(address)
        for token in pointer.split("/")[1:]:
            key = unquote(token).replace("~1", "/").replace("~0", "~")
            try:
                value = value[int(key)] if isinstance(value, list) else value[key]
            except (KeyError, IndexError, ValueError, TypeError):
                raise ContractError(f"{shown(location)} is referred to and does not exist") from None
        return Place(location, value)

    def follow(self, place: Place) -> Place:
        """Where a reference leads in the end; a place that is no reference is its own."""
        for _ in range(LONGEST_CHAIN):
            reference = place.field("$ref")
            if not isinstance(reference, str):
                return place
            place = self.resolve(reference)
        raise ContractError(f"{shown(place.location)} refers to itself")

    def _identify(self, value: Any, scope: Scope, location: str, depth: int) -> None:
        """Note the `$id` and anchors in here."""
        self._values += 1
        if self._values > MOST_VALUES or depth > DEEPEST:
            raise ContractError(f"{shown(scope.location)}: more than {MOST_VALUES:,} values, or nested deeper than {DEEPEST}")
        scope = self._scope(value, scope, location)
        if isinstance(value, dict):
            for key in ("$anchor", "$dynamicAnchor"):
                if isinstance(value.get(key), str):
                    self._identified.setdefault(f"{scope.identifier}#{value[key]}", location)
            identifier = value.get("$id")
            if isinstance(identifier, str) and identifier.startswith("#"):  # draft-07's anchor
                self._identified.setdefault(scope.identifier + identifier, location)
        elif not isinstance(value, list):
            return
        inside = Place(location, value)
        keys: Iterable[str | int] = value if isinstance(value, dict) else range(len(value))
        for each in keys:
            self._identify(value[each], scope, inside.child(each).location, depth + 1)

    def _scope(self, value: Any, scope: Scope, location: str) -> Scope:
        """The scope inside of a value: its own when it has an `$id`."""
        identifier = value.get("$id") if isinstance(value, dict) else None
        if not isinstance(identifier, str) or identifier.startswith("#"):
            return scope
        inner = Scope(urldefrag(urljoin(scope.identifier, identifier)).url, location)
        self._identified.setdefault(inner.identifier, location)
        return inner

    def _absolute(self, value: Any, scope: Scope, location: str | None = None) -> Any:
        """A copy whose references are absolute and which has no identifiers."""
        location = location or scope.location
        if isinstance(value, list):
            return [self._absolute(entry, scope, f"{location}/{number}") for number, entry in enumerate(value)]
        if not isinstance(value, dict):
            return value
        scope = self._scope(value, scope, location)
        copy = {}
        for key, entry in value.items():
            if key == "$ref" and isinstance(entry, str):
                copy[key] = self._target(entry, scope, location)
            elif not (key in ("$id", "$anchor") and isinstance(entry, str)):
                copy[key] = self._absolute(entry, scope, Place(location, value).child(key).location)
        return copy

    def _target(self, reference: str, scope: Scope, location: str) -> str:
        if reference.startswith("#") and (reference == "#" or reference[1] == "/"):
            return scope.location + _written_alike(reference[1:])
        # Relative to the `$id` around it, or, as people who move files around have it, to the file.
        file = location.partition("#")[0]
        for base in (scope.identifier, file):
            identifier, fragment = urldefrag(urljoin(base, reference))
            if fragment and not fragment.startswith("/"):
                found, rest = self._identified.get(f"{identifier}#{fragment}"), ""
            else:
                found, rest = self._identified.get(identifier), fragment
            if found is not None:
                return found + _written_alike(rest)
        if urljoin(file, reference).partition(":")[0] in ("http", "https"):
            raise ContractError(f"{shown(location)} refers to {reference}: nothing is fetched, so make it part of the contract")
        raise ContractError(f"{shown(location)} refers to {reference}, which is not there")


def _written_alike(pointer: str) -> str:
    """A pointer as `Place.child` writes it, so that what is the same place has the same location."""
    return quote(unquote(pointer), safe=f"/{SAFE}")


def shown(location: str) -> str:
    """A location for people: the name of its file and the pointer."""
    address, _, pointer = location.partition("#")
    name = unquote(address.rpartition("/")[2])
    return f"{name}#{unquote(pointer)}" if pointer else name
