"""Channel messages in; the kinds of message that exist, and what each looks like, out.

Messages are counted by channel, direction and name: their families. Channels, families and nodes are bounded each and all
together; which of them stay depends on the data alone (see `shape`). Messages that belong to no kind are counted.

Beside them a sample of each channel's messages is kept, and what the values at each place have in common. From the sample
the kinds are worked out when somebody looks (see `kinds`); the rest says what a schema made from a sample must accept, too.
So the same messages give the same kinds, with or without their structure, in any order, however they were split.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from wsobserve.config import DEFAULT_LIMITS, Limits
from wsobserve.records import ChannelMessage, MessageKind, name_hash
from wsobserve.schema.channel import Channel, keep_lowest
from wsobserve.schema.family import Family
from wsobserve.schema.kinds import UNKNOWN
from wsobserve.schema.repeated import repeated, values_in
from wsobserve.schema.sample import MessageSample, decoded, stratum_of
from wsobserve.schema.shape import NO_BOUND, SLACK, has_more_values
from wsobserve.schema.watched import Watched, watched

STRUCTURED = frozenset(("json", "msgpack", "cbor", "protobuf"))


class SchemaFold:
    """A fold over channel messages; it holds `limits.schema_total_nodes` nodes, or SLACK times that between snapshots."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._promised = limits
        self._limits = limits  # now: lower ones, to save memory
        self._channels: dict[str, Channel] = {}
        self._highest = NO_BOUND  # channels with hashes from here on do not stay
        self._messages = 0
        self._nodes = 0  # of all families, or more: an upper bound
        self._waiting = 0  # bytes of structures that the families have counted and their shapes have not taken in, or more
        self._most_waiting = limits.schema_waiting
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
        structure = message.structure
        most = self._most_values
        # A value takes a byte at least: in most messages there are not too many of them to be looked into.
        if message.length <= most:
            looked_into = True
        elif structure:
            looked_into = values_in(structure, message.elements) <= most
        else:
            looked_into = not has_more_values(message.body, most)
        body: object = None
        if looked_into:
            body = channel.see(message, self._limits, self._shares())
        else:
            channel.overlook()
        inner = message.message
        key = (inner.half.direction, message.name)
        family = channel.families.get(key)
        made = family is None
        if family is None:
            family = channel.family(key, inner.time_ns)
            if family is None:
                return
            self._nodes += 1
        family.count(form, inner.time_ns)
        if looked_into:
            channel.see_values(family, body, self._limits, self._shares())
        if structure and looked_into:
            self._waiting += family.add_structure(structure, message.elements)
            if not made and self._waiting <= self._most_waiting:
                return
        else:
            self._add_body(channel, family, message, looked_into)
        self._keep_within(channel)

    def _shares(self) -> int:
        """Among how many channels what all of them together may hold is shared out."""
        return max(1, min(len(self._channels), self._limits.channels))

    def _keep_within(self, channel: Channel) -> None:
        """Take in, and give up, what has become too much."""
        if self._waiting > self._most_waiting:
            self._take_in()
        limits = self._limits
        if (
            self._nodes > SLACK * limits.schema_total_nodes
            or len(channel.families) > SLACK * limits.kinds
            or len(self._channels) > SLACK * limits.channels
        ):
            self._trim()

    def add_like(
        self, message: ChannelMessage, messages: int, first_ns: int, last_ns: int, elements: Sequence[int] = ()
    ) -> None:
        """So many messages of the structure of this one, seen from one time to the other, none of them too long.

        Their values, and which of them come into the sample, were told before to what `watched` gave.
        """
        self._messages += messages
        channel = self._channels.get(message.channel) or self._channel(message.channel)
        if channel is None:
            return
        key = (message.message.half.direction, message.name)
        number = stratum_of(repeated(message.structure, ()), message.name, key[0] or UNKNOWN, message.format)
        channel.count(number, message, messages, first_ns, last_ns)
        family = channel.families.get(key)
        if family is None:
            family = channel.family(key, first_ns)
            if family is None:
                return
            self._nodes += 1
        family.count_like(message.format, messages, first_ns, last_ns)
        self._waiting += family.add_structure(message.structure, elements, messages)
        self._keep_within(channel)

    def watched(self, message: ChannelMessage) -> Watched | None:
        """What the values of messages like this one, which has been added, are told to; None when its channel did not stay."""
        channel = self._channels.get(message.channel)
        if channel is None:
            return None
        family = channel.families.get((message.message.half.direction, message.name))
        return watched(channel, family, message, self._limits, self._shares())

    def _add_body(self, channel: Channel, family: Family, message: ChannelMessage, looked_into: bool) -> None:
        limits = self._limits
        self._nodes += family.add_body(message, limits, looked_into)
        if family.nodes > SLACK * limits.schema_nodes or (
            family.nodes * len(channel.families) > SLACK * limits.schema_nodes and channel.nodes > SLACK * limits.schema_nodes
        ):
            before = channel.nodes
            channel.trim(limits.schema_nodes, limits, self._shares())
            self._nodes += channel.nodes - before

    def _take_in(self) -> None:
        """All shapes take in what was counted by structure."""
        limits = self._limits
        for channel in list(self._channels.values()):
            for family in [family for family in channel.families.values() if family.structures]:
                self._nodes -= family.nodes
                family.take_in(limits)
                self._nodes += family.nodes
                if self._nodes > SLACK * limits.schema_total_nodes:
                    self._trim()
            if channel.nodes > SLACK * limits.schema_nodes:
                channel.trim(limits.schema_nodes, limits, self._shares())
        self._waiting = 0

    def _channel(self, name: str) -> Channel | None:
        if self._highest < NO_BOUND and name_hash(name) >= self._highest:
            return None
        channel = self._channels[name] = Channel()
        return channel

    def merge(self, other: SchemaFold) -> None:
        """Take over what the other knows; it stays as it is."""
        if other._promised != self._promised:
            raise ValueError("folds of different limits do not add up")
        self._messages += other._messages
        for name, theirs in other._channels.items():
            channel = self._channels.get(name) or self._channel(name)
            if channel is not None:
                channel.merge(theirs)
        self._settle()

    def hold_less(self, samples: int, values: int) -> None:
        """From now on hold the so-manieth part of the payload samples, and of what is known of values, to save memory."""
        promised = self._promised
        self._limits = msgspec.structs.replace(
            promised,
            sample_bytes=promised.sample_bytes // samples,
            sample_total=promised.sample_total // samples,
            strata=max(promised.strata // samples, 1),
            strata_total=max(promised.strata_total // samples, 1),
            leaves=max(promised.leaves // values, 1),
            leaves_total=max(promised.leaves_total // values, 1),
        )
        self._settle()

    def _settle(self) -> None:
        self._take_in()
        self._trim()

    def _trim(self) -> None:
        """Give up what is beyond the limits, sharing the nodes evenly among channels and among the families of each."""
        limits = self._limits
        self._highest = min(self._highest, keep_lowest(self._channels, min(limits.channels, limits.schema_total_nodes)))
        for channel in self._channels.values():
            channel.trim(limits.schema_total_nodes // len(self._channels), limits, self._shares())
        self._nodes = sum(channel.nodes for channel in self._channels.values())

    def kinds(self, now_ns: int | None = None, *, fresh: bool = True) -> tuple[MessageKind, ...]:
        """Every kind with its schema, by channel, direction and name. Unless `fresh`, schemas may be those of a while ago."""
        self._settle()
        found = [kind for name in sorted(self._channels) for kind in self._channels[name].schema(name, fresh=fresh).kinds]
        found.sort(key=lambda kind: (kind.channel, kind.direction or "", kind.name is not None, kind.name or "", kind.id))
        return tuple(found)

    def kind_of(self, message: ChannelMessage) -> str | None:
        """The identifier of the kind to which a message belongs, by the kinds that were last asked for."""
        channel = self._channels.get(message.channel)
        rule = channel.rule if channel is not None else None
        if rule is None or message.format not in STRUCTURED:
            return None
        body = decoded(message.message.payload) if message.structure else message.body
        return rule.kind(body, message.message.half.direction or UNKNOWN)

    def sample_of(self, channel: str) -> MessageSample | None:
        """The sample of a channel's messages; None when the channel did not stay."""
        found = self._channels.get(channel)
        return None if found is None else found.sample

    @property
    def without_kind(self) -> int:
        """Messages that are in no kind: not JSON or the like, undecoded, or beyond the limits."""
        kinds = self.kinds(fresh=False)
        waiting = sum(channel.newer for channel in self._channels.values())
        return self._messages - waiting - sum(kind.messages for kind in kinds)
