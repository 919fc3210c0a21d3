"""A message of the contract and a payload in; whether it fits, and if not, what is wrong and where, out.

Whether it fits is asked of every message and takes a microsecond; what is wrong is worked out for those alone that do
not. A fault names places, keywords and types: what the contract says, and never a value of the payload. Keys that the
contract does not name may be somebody's, so they are `*`; only one that is one too many is named, when it looks like a
word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any
from urllib.parse import unquote

import jsonschema_rs

from wsobserve.contract.facts import Facts, facts_of
from wsobserve.contract.outline import Outline, OutlineMaker
from wsobserve.contract.sources import ContractError, Sources, pointer_token, shown
from wsobserve.contract.terms import ContractChannel, ContractMessage, Dialect, Schema
from wsobserve.records import Record
from wsobserve.redaction import looks_like_identifier

MOST_UNEXPECTED = 8  # keys of one object that are one too many, named each
MOST_ALTERNATIVES = 64  # of one place, that are looked at for the one that was meant
DEEPEST = 4  # alternatives of alternatives
LONGEST_DETAIL = 120

VALIDATORS: dict[Dialect, tuple[Any, int]] = {
    "draft-04": (jsonschema_rs.Draft4Validator, jsonschema_rs.Draft4),
    "draft-06": (jsonschema_rs.Draft6Validator, jsonschema_rs.Draft6),
    "draft-07": (jsonschema_rs.Draft7Validator, jsonschema_rs.Draft7),
    "2019-09": (jsonschema_rs.Draft201909Validator, jsonschema_rs.Draft201909),
    "2020-12": (jsonschema_rs.Draft202012Validator, jsonschema_rs.Draft202012),
}
# Formats of later drafts that people use in AsyncAPI documents, whose schemas are draft-07.
LATER_FORMATS: dict[str, Callable[[str], bool]] = {
    name: jsonschema_rs.Draft202012Validator({"format": name}, validate_formats=True).is_valid for name in ("uuid", "duration")
}


class Fault(Record, frozen=True):
    """One thing that is wrong with a payload. `path`: the JSON pointer; `location`: the keyword's in the contract."""

    path: str
    keyword: str
    location: str
    detail: str = ""


class Verdict:
    """One message of a channel, ready to be held against payloads."""

    __slots__ = ("_judges", "anything", "channel", "facts", "fits", "left_out", "message", "named", "outline")

    def __init__(
        self,
        channel: ContractChannel,
        message: ContractMessage,
        judges: list[Any],
        facts: Facts,
        outline: Outline,
        left_out: int,
        anything: bool,
        named: tuple[str, str] | None,
    ) -> None:
        self.channel = channel
        self.message = message
        self.facts = facts
        self.outline = outline
        self.left_out = left_out  # names of the schema that are not in the outline
        self.anything = anything  # whether it plainly takes any payload
        self.named = named  # AsyncAPI's `discriminator`: the property, and its value in this message
        self._judges = judges
        # ValueError when a payload cannot be judged: nested too deeply, text that is no text.
        self.fits: Callable[[object], bool] = judges[0].is_valid if len(judges) == 1 else self._all

    def _all(self, payload: object) -> bool:
        return all(judge.is_valid(payload) for judge in self._judges)

    def faults(self, payload: object) -> Iterator[Fault]:
        """What is wrong, in the order in which it is found."""
        for judge in self._judges:
            for error in judge.iter_errors(payload):
                yield from self._told(error, 0)

    def _told(self, error: Any, depth: int) -> Iterator[Fault]:
        kind = error.kind
        branches = getattr(kind, "context", None)
        if branches and depth < DEEPEST and kind.name != "oneOfMultipleValid":
            meant = _meant(branches, error.instance_path)
            if meant is not None:
                for inner in meant:
                    yield from self._told(inner, depth + 1)
                return
        path, place = self._path(error.instance_path)
        location = error.absolute_keyword_location or "/".join(
            [self.message.location, *map(str, error.schema_path)]  # of a schema that is all by itself
        )
        match kind.name:
            case "required":
                yield Fault(f"{path}/{pointer_token(kind.property)}", "required", shown(location))
            case "additionalProperties" | "unevaluatedProperties":
                for key in kind.unexpected[:MOST_UNEXPECTED]:
                    yield Fault(f"{path}/{_unexpected(key)}", kind.name, shown(location))
            case "falseSchema" if error.schema_path[-1:] == ["additionalProperties"]:
                # Of an object that may have no keys at all, nobody says which one it has.
                yield Fault(f"{path}/*", "additionalProperties", shown(location))
            case _:
                yield Fault(path, kind.name, shown(location), _detail(error, kind, place))

    def _path(self, instance_path: list[str | int]) -> tuple[str, Outline | None]:
        path, place = "", self.outline
        node: Outline | None = place
        for key in instance_path:
            token, node = ("*", None) if node is None else node.inner(key)
            path += f"/{token}"
        return path, node


class VerdictMaker:
    """Makes verdicts for the messages of a contract. ContractError when a schema is none."""

    def __init__(self, sources: Sources, points: int) -> None:
        self._sources = sources
        self._outlines = OutlineMaker(sources, points)
        self._registries: dict[Dialect, Any] = {}

    def verdict(self, channel: ContractChannel, message: ContractMessage) -> Verdict:
        """The verdict of one message."""
        schemas = [schema for schema in (message.schema, message.whole) if schema is not None]
        judges = [self._judge(schema) for schema in schemas]
        outline = self._outlines.outline([message.schema])
        anything = all(self._sources.resolve(schema.location).value in (True, {}) for schema in schemas)
        return Verdict(
            channel,
            message,
            judges,
            facts_of(self._sources, schemas),
            outline,
            self._outlines.left_out,
            anything,
            self._named(message),
        )

    def _named(self, message: ContractMessage) -> tuple[str, str] | None:
        """The property that has the name of the schema for its value, where the schema or one that it extends says so."""
        if message.schema is None:
            return None
        place = self._sources.follow(self._sources.resolve(message.schema.location))
        parent, _, name = place.location.rpartition("/")
        bases = place.child("allOf").elements() if place.field("allOf") else ()
        extended = [place, *map(self._sources.follow, bases)]
        for each in extended if parent.endswith("/schemas") else ():
            said = each.field("discriminator")
            said = said.get("propertyName") if isinstance(said, dict) else said
            if isinstance(said, str):
                return said, unquote(name)
        return None

    def _judge(self, schema: Schema) -> Any:
        validator, draft = VALIDATORS[schema.dialect]
        try:
            if schema.dialect not in self._registries:
                self._registries[schema.dialect] = jsonschema_rs.Registry(list(self._sources.documents.items()), draft=draft)
            return validator(
                {"$ref": schema.location},
                registry=self._registries[schema.dialect],
                validate_formats=True,
                formats=LATER_FORMATS if schema.dialect in ("draft-04", "draft-06", "draft-07") else None,
                offline=True,
            )
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            reason = getattr(error, "message", None) or str(error).partition("\n")[0]
            raise ContractError(f"{shown(schema.location)} is no schema of {schema.dialect}: {reason[:200]}") from None


def _unexpected(key: str) -> str:
    """How a key is shown that the contract does not name."""
    return "*" if looks_like_identifier(key) else pointer_token(key)


def _meant(branches: list[list[Any]], path: list[str | int]) -> list[Any] | None:
    """The errors of the alternative that was meant, in all likelihood; None when no one is likelier than the others."""
    ranked = sorted(
        ((max((_against(error, path) for error in errors), default=0), len(errors)), number)
        for number, errors in enumerate(islice(branches, MOST_ALTERNATIVES))
    )
    if not ranked or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]) or ranked[0][0][0] == 3:
        return None
    return branches[ranked[0][1]]


def _against(error: Any, path: list[str | int]) -> int:
    """How much an error speaks against the alternative: another type at its root, another constant, anything else."""
    name = error.kind.name
    if error.instance_path == path:
        return 3 if name in ("type", "const", "enum", "falseSchema") else 1
    return 2 if name == "const" else 1


def _detail(error: Any, kind: Any, place: Outline | None) -> str:
    """What the contract wanted."""
    match kind.name:
        case "type":
            return f"{' or '.join(kind.types)} expected, {_type_name(error.instance)} found"
        case "format":
            return str(kind.format)
        case "pattern":
            return str(kind.pattern)[:LONGEST_DETAIL]
        case "multipleOf":
            return str(kind.multiple_of)
        case _:
            limit = getattr(kind, "limit", None)
            return "" if limit is None else str(limit)[:LONGEST_DETAIL]


def _type_name(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"
