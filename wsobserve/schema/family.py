"""The messages of one name and direction in a channel: how many, their shape, and what the values at each place share.

Messages that come with their structure are counted by it first: the shape takes each structure once, for all messages that
have it, before anybody looks, and when there are too many of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from wsobserve.config import Limits
from wsobserve.records import ChannelMessage
from wsobserve.schema.leaves import Leaves
from wsobserve.schema.repeated import repeated
from wsobserve.schema.shape import SLACK, Shape, Walk

WAITING = 250  # bytes that a structure takes beside its text while it waits to be taken in


class Family:
    """What has been seen of messages of one name and direction."""

    __slots__ = ("cut", "first_ns", "formats", "last_ns", "leaves", "messages", "nodes", "shape", "structures")

    def __init__(self, time_ns: int) -> None:
        self.messages = 0
        self.first_ns = time_ns
        self.last_ns = time_ns
        self.formats: dict[str, int] = {}
        self.shape = Shape()
        self.nodes = 1  # of the shape, or more: an upper bound
        self.cut = False  # whether the shape, or that of a part, was ever more than allowed
        self.leaves = Leaves()
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

    def add_structure(self, structure: str, elements: Sequence[int] = (), messages: int = 1) -> int:
        """How many bytes more wait to be taken in: none, where the structure was known since then.

        `elements`: of all these messages together.
        """
        counted = self.structures.get(structure)
        if counted is None:
            self.structures[structure] = [messages, *elements]
            return len(structure) + WAITING + 40 * len(elements)
        counted[0] += messages
        for number in range(len(elements)):
            counted[number + 1] += elements[number]
        return 0

    def add_body(self, message: ChannelMessage, limits: Limits, looked_into: bool) -> int:
        """How many nodes that made. Unless `looked_into`, what is inside is counted alone."""
        body = repeated(message.structure, message.elements) if message.structure else message.body
        walk = Walk(limits)
        if not looked_into:
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
            if self.nodes > SLACK * limits.schema_nodes:
                self.trim(limits.schema_nodes, limits)
        self.structures.clear()

    def merge(self, other: Family) -> None:
        """Take over what the other knows; it stays as it is."""
        self.messages += other.messages
        self.first_ns = min(self.first_ns, other.first_ns)
        self.last_ns = max(self.last_ns, other.last_ns)
        for name, count in other.formats.items():
            self.formats[name] = self.formats.get(name, 0) + count
        for structure, counted in other.structures.items():
            ours = self.structures.get(structure)
            self.structures[structure] = [sum(both) for both in zip(ours, counted, strict=True)] if ours else counted[:]
        self.cut = self.cut or other.cut
        self.shape.merge(other.shape)
        self.leaves.merge(other.leaves)

    def trim(self, allowance: int, limits: Limits) -> None:
        """Give up what is beyond so many nodes."""
        allowance = min(allowance, limits.schema_nodes)
        if not self.cut:
            nodes = self.shape.size(limits.schema_properties)
            if 0 < nodes <= allowance:
                self.nodes = nodes
                return
            self.cut = True
        self.nodes = self.shape.trim(allowance, limits.schema_properties)
