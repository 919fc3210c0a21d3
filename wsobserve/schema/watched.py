"""Where the values of messages like one are told to, without a record of each: the leaves of a structure, and the sample.

A value is known by where its place stands in the text of the structure: for each there is a leaf.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsobserve.schema.kinds import UNKNOWN
from wsobserve.schema.leaf import Leaf
from wsobserve.schema.leaves import places_in
from wsobserve.schema.repeated import repeated
from wsobserve.schema.sample import MessageSample, payload_hash, stratum_of

if TYPE_CHECKING:
    from wsobserve.config import Limits
    from wsobserve.records import ChannelMessage
    from wsobserve.schema.channel import Channel
    from wsobserve.schema.family import Family


class Watched:
    """Of one structure. `leaves`: of its values, in order; None for places that did not stay."""

    __slots__ = ("_channel", "_channels", "_limits", "_message", "_number", "_sample", "leaves", "limit")

    def __init__(
        self, channel: Channel, message: ChannelMessage, number: int, leaves: list[Leaf | None], limits: Limits, channels: int
    ) -> None:
        self.leaves = leaves
        self._channel = channel
        self._sample: MessageSample = channel.sample
        self._message = message  # its name, direction and format: those of all
        self._number = number
        self._limits = limits
        self._channels = channels
        self.limit = 0
        self._learn_limit()

    def offer(self, payload: bytes, time_ns: int, connection: str) -> None:
        """The payload of one more message, which may come into the sample."""
        hashed = payload_hash(payload)
        if hashed > self.limit:
            return
        message = self._message
        direction = message.message.half.direction or UNKNOWN
        self._sample.offer(self._number, payload, hashed, direction, message.name, message.format, time_ns, connection)
        self._channel.trim_sample(self._limits, self._channels, exactly=False)
        self._learn_limit()

    def _learn_limit(self) -> None:
        self.limit = self._sample.limit(self._sample.strata.get(self._number))


def watched(channel: Channel, family: Family | None, message: ChannelMessage, limits: Limits, channels: int) -> Watched:
    """What messages like this one, which has been added, are told to. `family`: None when theirs did not stay."""
    body = repeated(message.structure, ())
    most = channel.most_leaves(limits, channels)
    leaves = [None if family is None else family.leaves.at(place, most) for place in places_in(body)]
    direction = message.message.half.direction or UNKNOWN
    return Watched(channel, message, stratum_of(body, message.name, direction, message.format), leaves, limits, channels)
