"""Channel messages in, in the order in which they came; what about them is not as it was out.

This is no fold: what is told depends on what came before. So it is for one pipeline that sees a channel from the start, and
is asked for. It reads the sample of the schema fold and changes nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable

from wsobserve.config import DEFAULT_LIMITS, Limits
from wsobserve.records import ChannelMessage, SchemaDrift
from wsobserve.schema.drift_channel import ChannelWatch, Infer, Told
from wsobserve.schema.drift_form import Form, Forms
from wsobserve.schema.drift_place import Budget
from wsobserve.schema.fold import STRUCTURED, SchemaFold
from wsobserve.schema.kinds import UNKNOWN, channel_schema
from wsobserve.schema.repeated import repeated
from wsobserve.schema.sample import decoded


class DriftWatch:
    """All channels that the fold has, which is told of each message first."""

    def __init__(
        self,
        schemas: SchemaFold,
        limits: Limits = DEFAULT_LIMITS,
        before_learning: Callable[[], object] = lambda: None,
        infer: Infer = channel_schema,
    ) -> None:
        """`before_learning`: sees to it that the fold knows of all messages so far. `infer`: works out the kinds."""
        self._schemas = schemas
        self._before_learning = before_learning
        self._infer = infer
        self._limits = limits
        self._channels: dict[str, ChannelWatch] = {}
        self._budget = Budget(limits.leaves_total)
        self.changes: dict[str, int] = {}  # how many of each sort were told

    @property
    def left_out(self) -> int:
        """Fields, kinds and channels that are not watched, or not any more, to stay within the limits."""
        return self._budget.left_out

    @property
    def places(self) -> int:
        """In messages, that are watched now."""
        return self._limits.leaves_total - self._budget.left

    def see(self, message: ChannelMessage) -> list[SchemaDrift]:
        """What this message shows, alone or as the last of many."""
        # A value takes a byte at least: of longer messages it is not known whether they are looked into.
        if message.format not in STRUCTURED or message.length > self._limits.schema_values:
            return []
        sample = self._schemas.sample_of(message.channel)
        if sample is None:
            return []
        watch = self._channels.get(message.channel)
        if watch is None:
            if len(self._channels) >= self._limits.channels:
                self._budget.left_out += 1
                return []
            watch = self._channels[message.channel] = ChannelWatch(
                message.channel, self._budget, self._limits.schema_depth, self._infer
            )
        if watch.is_due():
            self._before_learning()
        body = decoded(message.message.payload) if message.structure else message.body
        told = watch.see(body, message.message.half.direction or UNKNOWN, sample)
        return [self._record(message, each) for each in told] if told else []

    def forms(self, message: ChannelMessage) -> Forms | None:
        """For messages with the structure of this one; None when they have to be looked into one by one."""
        watch = self._channels.get(message.channel)
        return None if watch is None else watch.forms(repeated(message.structure, ()))

    def form(self, message: ChannelMessage) -> Form | None:
        """For messages like this one, which was seen last."""
        watch = self._channels.get(message.channel)
        if watch is None:
            return None
        direction = message.message.half.direction or UNKNOWN
        return watch.form(decoded(message.message.payload), direction, repeated(message.structure, ()))

    def _record(self, message: ChannelMessage, told: Told) -> SchemaDrift:
        self.changes[told.change] = self.changes.get(told.change, 0) + 1
        certain = told.chance is None
        return SchemaDrift(
            time_ns=message.message.time_ns,
            packet=message.message.packet if certain else None,
            half=message.message.half if certain else None,
            channel=message.channel,
            kind=told.identifier,
            name=told.name,
            change=told.change,
            path=told.path,
            detail=told.detail,
            p_value=told.chance,
        )
