"""One channel: its messages by family (direction and name), and a sample of them."""

from __future__ import annotations

from typing import TypeAlias

from wsobserve.config import Limits
from wsobserve.records import ChannelMessage, Direction, MessageKind, kind_id, name_hash
from wsobserve.schema.cover import Cover
from wsobserve.schema.family import Family
from wsobserve.schema.kinds import UNKNOWN, ChannelSchema, Rule, channel_schema
from wsobserve.schema.leaves import NO_BOUND as NO_RANK
from wsobserve.schema.leaves import rank
from wsobserve.schema.render import json_schema
from wsobserve.schema.sample import MessageSample, Stratum, decoded, encoded, payload_hash, stratum_of
from wsobserve.schema.shape import NO_BOUND, SLACK

FamilyKey: TypeAlias = "tuple[Direction | None, str | None]"

# Working out the kinds costs more than counting does: in a long run it is done again only when there is this much more.
GROWN = 1.25


class Channel:
    """What has been seen in one channel."""

    __slots__ = ("_known", "_known_at", "_leaves", "families", "highest", "leaves_below", "sample")

    def __init__(self) -> None:
        self.families: dict[FamilyKey, Family] = {}
        self.highest = NO_BOUND  # families with hashes from here on do not stay
        self.sample = MessageSample()
        self._leaves = 0  # of all families, or less: those that came since the last look, of structures, are not in it
        self.leaves_below = NO_RANK  # places with ranks from here on do not stay
        self._known: ChannelSchema | None = None
        self._known_at = (0, 0)  # messages, and the version of the sample

    def family(self, key: FamilyKey, time_ns: int) -> Family | None:
        """The family of this direction and name; None when it would not stay."""
        family = self.families.get(key)
        if family is None and (self.highest == NO_BOUND or name_hash(key) < self.highest):
            family = self.families[key] = Family(time_ns)
            family.leaves.keep_below(self.leaves_below)
        return family

    def see(self, message: ChannelMessage, limits: Limits, channels: int) -> object:
        """One message, which may come into the sample; its body."""
        inner = message.message
        body = decoded(inner.payload) if message.structure else message.body
        direction = inner.half.direction or UNKNOWN
        number = stratum_of(body, message.name, direction, message.format)
        self.count(number, message, 1, inner.time_ns, inner.time_ns)
        payload = inner.payload if message.format == "json" else encoded(body)
        if payload is not None:
            self.sample.offer(
                number,
                payload,
                payload_hash(payload),
                direction,
                message.name,
                message.format,
                inner.time_ns,
                inner.half.connection,
                message.format != "json",
            )
        self.trim_sample(limits, channels, exactly=False)
        return body

    def overlook(self) -> None:
        """One message that is too long to be looked into."""
        self.sample.overlooked += 1

    def see_values(self, family: Family, body: object, limits: Limits, channels: int) -> None:
        """The values of a message of a family."""
        most = self.most_leaves(limits, channels)
        before = len(family.leaves.by_place)
        family.leaves.add(body, most, limits.schema_depth)
        self._leaves += len(family.leaves.by_place) - before
        if self._leaves > SLACK * most:
            self._trim_leaves(limits, channels)

    def most_leaves(self, limits: Limits, channels: int) -> int:
        """Of all families, where there are so many channels."""
        return max(1, min(limits.leaves, limits.leaves_total // channels))

    def _trim_leaves(self, limits: Limits, channels: int) -> None:
        """Of all families the places with the lowest ranks stay; none, once there were too many families to keep them all."""
        families = self.families.values()
        most = self.most_leaves(limits, channels)
        if self.highest < NO_BOUND:
            self.leaves_below = 0
        elif sum(len(family.leaves.by_place) for family in families) > most:
            self.leaves_below = min(
                self.leaves_below, sorted(rank(at) for each in families for at in each.leaves.by_place)[most]
            )
        if self.leaves_below < NO_RANK:
            for family in families:
                family.leaves.keep_below(self.leaves_below)
        self._leaves = sum(len(family.leaves.by_place) for family in families)

    def count(self, number: int, message: ChannelMessage, messages: int, first_ns: int, last_ns: int) -> Stratum | None:
        """So many messages of a stratum, all like this one."""
        direction = message.message.half.direction or UNKNOWN
        self.sample.messages += messages
        stratum = self.sample.stratum(number, message.name, direction, message.format)
        if stratum is not None:
            stratum.count(messages, first_ns, last_ns)
        return stratum

    def merge(self, other: Channel) -> None:
        """Take over what the other knows; it stays as it is."""
        for key, theirs in other.families.items():
            family = self.family(key, theirs.first_ns)
            if family is not None:
                family.merge(theirs)
        self.leaves_below = min(self.leaves_below, other.leaves_below)
        self.sample.merge(other.sample)

    def trim(self, allowance: int, limits: Limits, channels: int) -> None:
        """Give up what is beyond so many nodes, and beyond the other limits of one of so many channels."""
        allowance = min(allowance, limits.schema_nodes)
        self.highest = min(self.highest, keep_lowest(self.families, max(1, min(limits.kinds, allowance))))
        for family in self.families.values():
            family.trim(max(1, allowance // len(self.families)), limits)
        self._trim_leaves(limits, channels)
        self.trim_sample(limits, channels, exactly=True)

    def trim_sample(self, limits: Limits, channels: int, *, exactly: bool) -> None:
        """Give up of the sample what is beyond the limits of one of so many channels."""
        self.sample.trim(
            min(limits.sample_bytes, limits.sample_total // channels),
            max(1, min(limits.strata, limits.strata_total // channels)),
            exactly=exactly,
        )

    @property
    def nodes(self) -> int:
        """Of all its shapes, or more."""
        return sum(family.nodes for family in self.families.values())

    def schema(self, name: str, *, fresh: bool = True) -> ChannelSchema:
        """Its kinds. Unless `fresh`, those of a while ago, if not much has come since."""
        known = self._known
        now = (self.messages, self.sample.version)
        if known is not None and (self._known_at == now or (not fresh and now[0] < GROWN * self._known_at[0])):
            return known
        known = channel_schema(name, self.sample)
        if not self.sample.complete:
            self._widen(known)
        known.kinds.extend(self._without_sample(name, known))
        self._known, self._known_at = known, now
        return known

    @property
    def newer(self) -> int:
        """Messages that came after its kinds were worked out."""
        return self.messages - self._known_at[0]

    @property
    def messages(self) -> int:
        """All that might be of some kind."""
        return self.sample.messages + self.sample.overlooked

    @property
    def rule(self) -> Rule | None:
        """How its kinds are told apart, as of the last time that they were asked for."""
        return None if self._known is None else self._known.rule

    def _widen(self, known: ChannelSchema) -> None:
        for key in sorted(self.families, key=name_hash):
            family = self.families[key]
            of_family = (key[0] or UNKNOWN, key[1])
            schemas = [kind.json_schema for kind in known.kinds if of_family in known.families[kind.id]]
            Cover(family.shape, family.leaves, every_structure=self.sample.every_structure).widen(schemas)

    def _without_sample(self, name: str, known: ChannelSchema) -> list[MessageKind]:
        """Kinds of the families of which no message is in the sample: by their shape alone."""
        sampled = {family for families in known.families.values() for family in families}
        found = []
        for (direction, family_name), family in self.families.items():
            if (direction or UNKNOWN, family_name) in sampled or not family.messages:
                continue
            found.append(
                MessageKind(
                    id=kind_id(name, direction, family_name),
                    channel=name,
                    direction=direction,
                    name=family_name,
                    messages=family.messages,
                    first_ns=family.first_ns,
                    last_ns=family.last_ns,
                    formats=dict(sorted(family.formats.items())),
                    json_schema=json_schema(family.shape, family_name or name),
                    directions={direction or UNKNOWN: family.messages},
                )
            )
        return sorted(found, key=lambda kind: kind.id)


def keep_lowest(table: dict[str, Channel] | dict[FamilyKey, Family], limit: int) -> int:
    """Give up all but the keys with the smallest hashes; the hash from which on they went."""
    if len(table) <= limit:
        return NO_BOUND
    by_hash = sorted(((name_hash(key), key) for key in table), key=lambda entry: entry[0])
    for _, key in by_hash[limit:]:
        del table[key]  # type: ignore[arg-type]  # one of both kinds of table, with its own keys
    return by_hash[limit][0]
