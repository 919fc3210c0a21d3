"""What a contract says, whatever it is written in: channels, the operations on them, and their messages.

Made by `asyncapi` and `json_schemas`, read by the rest of this room. A schema is told by its location in the sources.
"""

from __future__ import annotations

from typing import Literal

from wsobserve.records import Direction, Record

Dialect = Literal["draft-04", "draft-06", "draft-07", "2019-09", "2020-12"]
Media = Literal["json", "text", "binary"]

DIALECTS: dict[str, Dialect] = {
    "http://json-schema.org/draft-04/schema": "draft-04",
    "http://json-schema.org/draft-06/schema": "draft-06",
    "http://json-schema.org/draft-07/schema": "draft-07",
    "https://json-schema.org/draft/2019-09/schema": "2019-09",
    "https://json-schema.org/draft/2020-12/schema": "2020-12",
}


class Schema(Record, frozen=True):
    """Where a schema is, and in which dialect of JSON Schema it is written."""

    location: str
    dialect: Dialect


class ContractMessage(Record, frozen=True, kw_only=True):
    """A message of a channel. `schema`: None when any payload will do, or when we cannot check it (`unchecked` says why)."""

    name: str
    location: str
    schema: Schema | None = None
    whole: Schema | None = None  # that a payload must fit besides: this message is one of its alternatives
    media: Media = "json"
    unchecked: str | None = None


class Operation(Record, frozen=True, kw_only=True):
    """What is sent on a channel in one direction, by the names of its messages."""

    name: str
    direction: Direction
    messages: tuple[str, ...]


class ContractChannel(Record, frozen=True, kw_only=True):
    """Messages that share an address, each with a name of its own. A message that no operation names goes both ways.

    `routes`: the request paths that the address may stand for, with `{parameters}`; empty: any.
    """

    name: str
    address: str | None
    routes: tuple[str, ...]
    messages: tuple[ContractMessage, ...]
    operations: tuple[Operation, ...] = ()

    def directions(self, message: str) -> tuple[Direction, ...]:
        """The directions in which a message may go; empty: any, as no operation names it."""
        return tuple(dict.fromkeys(each.direction for each in self.operations if message in each.messages))


class Contract(Record, frozen=True, kw_only=True):
    """All that was agreed on."""

    title: str
    language: str  # `AsyncAPI 3.0.0`, `JSON Schema`
    channels: tuple[ContractChannel, ...]
