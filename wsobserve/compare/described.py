"""What one side of a comparison describes: channels with their kinds of message, and servers, wherever it came from.

Kinds found in traffic, JSON Schema documents and AsyncAPI documents all become this, and are compared as this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from wsobserve.compare.nodes import Node, Source, text_of
from wsobserve.records import Direction, MessageKind

Words = Mapping[str, str]  # by name, texts for people of which only is said that they changed

PLAIN = ""  # the channel of schemas that say none


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of message. `directions`: those in which it goes; empty: not known."""

    id: str
    name: str | None = None
    directions: frozenset[Direction] = frozenset()
    node: Node = ()
    headers: Node = ()
    discriminator: Mapping[str, str] = field(default_factory=dict)  # JSON pointer to the JSON text of the constant
    words: Words = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name or self.id

    @property
    def direction(self) -> Direction | None:
        """The one direction in which it goes; None: not known, or both."""
        return next(iter(self.directions)) if len(self.directions) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where messages go. What is None is not described on this side, and then not compared."""

    id: str
    address: str
    kinds: tuple[Kind, ...] = ()
    query: Node | None = None
    headers: Node | None = None  # of the opening handshake
    bindings: Mapping[str, str] | None = None  # other ones, as JSON text
    replies: Mapping[str, frozenset[str]] | None = None  # by operation: the messages that answer it
    security: frozenset[str] | None = None  # each enough by itself; empty: none is asked for
    words: Words = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where the service is. `security` as of a channel."""

    id: str
    address: str
    protocol: str | None = None
    security: frozenset[str] = frozenset()
    words: Words = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One side. `traffic`: it is what was seen, so what it lacks may only not have been seen."""

    label: str
    traffic: bool
    channels: tuple[Channel, ...]
    servers: tuple[Server, ...] | None = None
    words: Words = field(default_factory=dict)


def described_kinds(label: str, kinds: Iterable[MessageKind]) -> Described:
    """Kinds as they were found in traffic."""
    channels: dict[str, list[Kind]] = {}
    for kind in kinds:
        channels.setdefault(kind.channel, []).append(
            Kind(
                id=kind.id,
                name=kind.name,
                directions=directions_of(kind),
                node=Source(kind.json_schema).node(),
                discriminator={pointer: text_of(constant) for pointer, constant in kind.discriminator},
            )
        )
    found = tuple(Channel(id=name, address=name, kinds=tuple(of_channel)) for name, of_channel in sorted(channels.items()))
    return Described(label=label, traffic=True, channels=found)


def directions_of(kind: MessageKind) -> frozenset[Direction]:
    """The directions in which a kind was seen."""
    known: tuple[Direction, ...] = ("client_to_server", "server_to_client")
    return frozenset(direction for direction in known if kind.directions.get(direction) or kind.direction == direction)


def only(described: Described, channel: str | None, direction: Direction | None) -> Described:
    """The part that is about one channel and one direction; kinds whose direction is not known are taken to go that way."""
    channels = []
    for each in described.channels:
        if channel is not None and channel not in (each.address, each.id):
            continue
        kinds = each.kinds
        if direction is not None:
            wanted = frozenset((direction,))
            kinds = tuple(
                replace(kind, directions=wanted) for kind in kinds if not kind.directions or direction in kind.directions
            )
        channels.append(replace(each, kinds=kinds))
    return replace(described, channels=tuple(channels))
