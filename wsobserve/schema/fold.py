"""Channel messages in; the kinds of message that exist, and what each looks like, out.

Kinds are told apart by channel, direction and name. Channels, kinds and nodes are bounded each and all together; which
of them stay depends on the data alone (see `shape`). Messages that belong to none are counted.

Messages that come with their structure are counted by it first: a shape takes each structure once, for all messages that
have it, before anybody looks, and when there are too many of them. So the same messages give the same kinds, with or
without their structure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from wsobserve.config import DEFAULT_LIMITS, Limits
from wsobserve.records import ChannelMessage, Direction, MessageKind, kind_id, name_hash
from wsobserve.schema.render import json_schema
from wsobserve.schema.repeated import repeated, values_in
from wsobserve.schema.shape import NO_BOUND, Shape, Walk, has_more_values

STRUCTURED = frozenset(("json", "msgpack", "cbor"))

KindKey: TypeAlias = "tuple[Direction | None, str | None]"  # direction and name


class Kind:
    """What has been seen of one kind of message."""

    __slots__ = ("first_ns", "formats", "last_ns", "messages", "nodes", "shape", "structures")

    def __init__(self, time_ns: int) -> None:
        self.messages = 0
        self.first_ns = time_ns
        self.last_ns = time_ns
        self.formats: dict[str, int] = {}
        self.shape = Shape()
        self.nodes = 1  # of the shape, or more: an upper bound
        # What the shape has not taken in: the number of messages of each structure, and behind it of each of its elements.
        self.structures: dict[str, list[int]] = {}

    def count(self, form: str, time_ns: int) -> None:
        """One more message, which is then taken into the shape or counted by its structure."""
        self.messages += 1
        if time_ns < self.first_ns:
            self.first_ns = time_ns
        if time_ns > self.last_ns:
            self.last_ns = time_ns
        self.formats[form] = self.formats.get(form, 0) + 1

    def count_like(self, form: str, messages: int, first_ns: int, last_ns: int) -> None:
        """So many more messages, the first and the last of them at these times."""
        self.messages += messages
        self.first_ns = min(self.first_ns, first_ns)
        self.last_ns = max(self.last_ns, last_ns)
        self.formats[form] = self.formats.get(form, 0) + messages

    def add_structure(self, structure: str, elements: Sequence[int] = (), messages: int = 1) -> bool:
        """Whether the structure is new here since the shape took them in. `elements`: of all these messages together."""
        counted = self.structures.get(structure)
        if counted is None:
            self.structures[structure] = [messages, *elements]
            return True
        counted[0] += messages
        for number in range(len(elements)):
            counted[number + 1] += elements[number]
        return False

    def add_body(self, message: ChannelMessage, limits: Limits) -> int:
        """How many nodes that made."""
        body = repeated(message.structure, message.elements) if message.structure else message.body
        walk = Walk(limits)
        # A value takes a byte at least, so only long messages need counting. Of those with a structure only what is too
        # much comes here.
        if message.structure or (message.length > limits.schema_values and has_more_values(body, limits.schema_values)):
            walk.depth = 0
        self.shape.add(body, walk)
        self.nodes += walk.made
        return walk.made

    def take_in(self, limits: Limits) -> None:
        """The shape takes in what was counted by structure."""
        for structure, counted in self.structures.items():
            walk = Walk(limits, counted[0])
            self.shape.add(repeated(structure, counted[1:]), walk)
            self.nodes += walk.made
            if self.nodes > 2 * limits.schema_nodes:
                self.trim(limits.schema_nodes, limits)
        self.structures.clear()

    def merge(self, other: Kind) -> None:
        """Take over what the other knows; it stays as it is."""
        self.messages += other.messages
        self.first_ns = min(self.first_ns, other.first_ns)
        self.last_ns = max(self.last_ns, other.last_ns)
        for name, count in other.formats.items():
            self.formats[name] = self.formats.get(name, 0) + count
        for structure, counted in other.structures.items():
            ours = self.structures.get(structure)
            self.structures[structure] = [sum(both) for both in zip(ours, counted, strict=True)] if ours else counted[:]
        self.shape.merge(other.shape)

    def trim(self, allowance: int, limits: Limits) -> None:
        self.nodes = self.shape.trim(min(allowance, limits.schema_nodes), limits.schema_properties)


class ChannelKinds:
    """The kinds of one channel."""

    __slots__ = ("highest", "kinds")

    def __init__(self) -> None:
        self.kinds: dict[KindKey, Kind] = {}
        self.highest = NO_BOUND  # kinds with hashes from here on do not stay

    def kind(self, key: KindKey, time_ns: int) -> Kind | None:
        """The kind of this direction and name; None when it would not stay."""
        kind = self.kinds.get(key)
        if kind is None and (self.highest == NO_BOUND or name_hash(key) < self.highest):
            kind = self.kinds[key] = Kind(time_ns)
        return kind

    def merge(self, other: ChannelKinds) -> None:
        """Take over what the other knows; it stays as it is."""
        for key, theirs in other.kinds.items():
            kind = self.kind(key, theirs.first_ns)
            if kind is not None:
                kind.merge(theirs)

    def trim(self, allowance: int, limits: Limits) -> None:
        self.highest = min(self.highest, _keep(self.kinds, max(1, min(limits.kinds, allowance))))
        for kind in self.kinds.values():
            kind.trim(max(1, allowance // len(self.kinds)), limits)


class SchemaFold:
    """A fold over channel messages, holding `limits.schema_total_nodes` nodes at most, or twice that between snapshots."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._channels: dict[str, ChannelKinds] = {}
        self._highest = NO_BOUND  # channels with hashes from here on do not stay
        self._messages = 0
        self._nodes = 0  # of all kinds, or more: an upper bound
        self._structures = 0  # that the kinds have counted and their shapes have not taken in, or more
        self._most_structures = limits.structures
        self._most_values = limits.schema_values

    def add(self, message: ChannelMessage) -> None:
        self._messages += 1
        form = message.format
        if form not in STRUCTURED:
            return
        channel = self._channels.get(message.channel)
        if channel is None:
            channel = self._channel(message.channel)
            if channel is None:
                return
        inner = message.message
        time_ns = inner.time_ns
        key = (inner.half.direction, message.name)
        kind = channel.kinds.get(key)
        made = kind is None
        if kind is None:
            kind = channel.kind(key, time_ns)
            if kind is None:
                return
            self._nodes += 1
        kind.count(form, time_ns)
        structure = message.structure
        most = self._most_values
        # A value takes a byte at least: in most messages there are not too many of them to be looked into.
        if structure and (message.length <= most or values_in(structure, message.elements) <= most):
            self._structures += kind.add_structure(structure, message.elements)
            if not made and self._structures <= self._most_structures:
                return
        else:
            self._add_body(kind, message)
        self._keep_within(channel)

    def _keep_within(self, channel: ChannelKinds) -> None:
        """Take in, and give up, what has become too much."""
        if self._structures > self._most_structures:
            self._take_in()
        limits = self._limits
        if (
            self._nodes > 2 * limits.schema_total_nodes
            or len(channel.kinds) > 2 * limits.kinds
            or len(self._channels) > 2 * limits.channels
        ):
            self._trim()

    def add_like(
        self, message: ChannelMessage, messages: int, first_ns: int, last_ns: int, elements: Sequence[int] = ()
    ) -> None:
        """So many messages of the structure of this one, seen from one time to the other, none of them too long."""
        self._messages += messages
        channel = self._channels.get(message.channel) or self._channel(message.channel)
        if channel is None:
            return
        key = (message.message.half.direction, message.name)
        kind = channel.kinds.get(key)
        if kind is None:
            kind = channel.kind(key, first_ns)
            if kind is None:
                return
            self._nodes += 1
        kind.count_like(message.format, messages, first_ns, last_ns)
        self._structures += kind.add_structure(message.structure, elements, messages)
        self._keep_within(channel)

    def _add_body(self, kind: Kind, message: ChannelMessage) -> None:
        limits = self._limits
        self._nodes += kind.add_body(message, limits)
        if kind.nodes > 2 * limits.schema_nodes:
            self._nodes -= kind.nodes
            kind.trim(limits.schema_nodes, limits)
            self._nodes += kind.nodes

    def _take_in(self) -> None:
        """All shapes take in what was counted by structure."""
        limits = self._limits
        for kind in [kind for channel in self._channels.values() for kind in channel.kinds.values() if kind.structures]:
            self._nodes -= kind.nodes
            kind.take_in(limits)
            self._nodes += kind.nodes
            if self._nodes > 2 * limits.schema_total_nodes:
                self._trim()
        self._structures = 0

    def _channel(self, name: str) -> ChannelKinds | None:
        if self._highest < NO_BOUND and name_hash(name) >= self._highest:
            return None
        channel = self._channels[name] = ChannelKinds()
        return channel

    def merge(self, other: SchemaFold) -> None:
        """Take over what the other knows; it stays as it is."""
        if other._limits != self._limits:
            raise ValueError("folds of different limits do not add up")
        self._messages += other._messages
        for name, theirs in other._channels.items():
            channel = self._channels.get(name) or self._channel(name)
            if channel is not None:
                channel.merge(theirs)
        self._settle()

    def _settle(self) -> None:
        self._take_in()
        self._trim()

    def _trim(self) -> None:
        """Give up what is beyond the limits, sharing the nodes evenly among channels and among the kinds of each."""
        limits = self._limits
        self._highest = min(self._highest, _keep(self._channels, min(limits.channels, limits.schema_total_nodes)))
        for channel in self._channels.values():
            channel.trim(limits.schema_total_nodes // len(self._channels), limits)
        self._nodes = 0
        for channel in self._channels.values():
            for kind in channel.kinds.values():
                self._nodes += kind.nodes

    def kinds(self, now_ns: int | None = None) -> tuple[MessageKind, ...]:
        """Every kind with its schema, by channel, direction and name."""
        self._settle()
        found = [
            MessageKind(
                id=kind_id(channel, direction, name),
                channel=channel,
                direction=direction,
                name=name,
                messages=kind.messages,
                first_ns=kind.first_ns,
                last_ns=kind.last_ns,
                formats=dict(sorted(kind.formats.items())),
                json_schema=json_schema(kind.shape, name or channel),
            )
            for channel, kinds in self._channels.items()
            for (direction, name), kind in kinds.kinds.items()
        ]
        found.sort(key=lambda kind: (kind.channel, kind.direction or "", kind.name is not None, kind.name or ""))
        return tuple(found)

    @property
    def without_kind(self) -> int:
        """Messages that are in no kind: not JSON or the like, undecoded, or beyond the limits."""
        self._settle()
        filed = sum(kind.messages for channel in self._channels.values() for kind in channel.kinds.values())
        return self._messages - filed


def _keep(table: dict[str, ChannelKinds] | dict[KindKey, Kind], limit: int) -> int:
    """Give up all but the keys with the smallest hashes; the hash from which on they went."""
    if len(table) <= limit:
        return NO_BOUND
    by_hash = sorted(((name_hash(key), key) for key in table), key=lambda entry: entry[0])
    for _, key in by_hash[limit:]:
        del table[key]  # type: ignore[arg-type]  # one of both kinds of table, with its own keys
    return by_hash[limit][0]
