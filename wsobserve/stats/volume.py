"""Channel messages in; what each channel carried in each direction and second out, within a fixed number of entries.

When the entries become too many, the channels with most of them go over to longer steps. The allowance of entries a
channel is the largest with which all fit; it can only shrink while data come in, and a channel takes the shortest step
with which it fits. So the steps depend on the data alone, not on their order or on how they were split.
Channels beyond the limit are joined to one; from then on every channel has the same allowance.
"""

from __future__ import annotations

from typing import TypeAlias

from wsobserve.config import DEFAULT_LIMITS, SECOND_NS, Limits
from wsobserve.kept import Kept
from wsobserve.records import ChannelMessage, ChannelVolume, Direction
from wsobserve.stats.sizes import SizesFold

OVERFLOW = "_overflow"
DAY = 86_400
# Each divides the next, so that a step joins whole steps. The last one is longer than any time: one entry a direction.
STEPS_NS = [seconds * SECOND_NS for seconds in (1, 10, 60, 600, 3_600, DAY, 10 * DAY, 100 * DAY, 1_000 * DAY, 1_000_000 * DAY)]
LATEST = 2**63 - 1  # nanoseconds
DIRECTIONS = 3  # two, and not known

BucketKey: TypeAlias = "tuple[Direction | None, int]"  # with the number of steps since 1970
VolumeKey: TypeAlias = "tuple[str, Direction | None, int]"  # channel, direction, time_ns: what a later entry replaces


class Bucket:
    """One channel, direction and step."""

    __slots__ = ("changed", "end_ns", "exported", "frame_bytes", "messages", "payload_bytes", "sizes", "start_ns", "undecoded")

    def __init__(self, sizes_limit: int, start_ns: int, end_ns: int) -> None:
        self.start_ns = start_ns  # of the step, which goes on until end_ns
        self.end_ns = min(end_ns, LATEST)
        self.messages = 0
        self.undecoded = 0
        self.frame_bytes = 0
        self.payload_bytes = 0
        self.sizes = SizesFold(sizes_limit)
        self.changed = True  # since it was last handed out
        self.exported = False  # has been handed out

    def add(self, form: str, frame_bytes: int, length: int) -> None:
        self.changed = True
        self.messages += 1
        self.frame_bytes += frame_bytes
        if form == "undecoded":
            self.undecoded += 1
        else:
            self.payload_bytes += length
            self.sizes.add_length(length)

    def add_like(self, messages: int, frame_bytes: int, payload_bytes: int, sizes: SizesFold) -> None:
        """So many decoded messages at once, with the sums and the histogram of theirs."""
        self.changed = True
        self.messages += messages
        self.frame_bytes += frame_bytes
        self.payload_bytes += payload_bytes
        self.sizes.merge(sizes)

    def merge(self, other: Bucket) -> None:
        """Take over what the other counted; who has seen the other does not matter here."""
        self.changed = True
        self.messages += other.messages
        self.undecoded += other.undecoded
        self.frame_bytes += other.frame_bytes
        self.payload_bytes += other.payload_bytes
        self.sizes.merge(other.sizes)


class ChannelSteps:
    """The buckets of one channel, all of the same step."""

    __slots__ = ("buckets", "first_ns", "gone", "latest", "level", "sizes_limit", "step_ns")

    def __init__(self, sizes_limit: int, first_ns: int) -> None:
        self.sizes_limit = sizes_limit
        self.first_ns = first_ns  # what was before is elsewhere, and no bucket may stand for it
        self.level = 0
        self.step_ns = STEPS_NS[0]
        self.buckets: dict[BucketKey, Bucket] = {}
        self.latest: dict[Direction | None, Bucket] = {}  # the one that was used last: the next message is most likely its
        self.gone: dict[tuple[Direction | None, int], int] = {}  # direction and time of what was handed out and is no longer

    def merge(self, other: ChannelSteps) -> None:
        """Take over what the other counted, at the longer step of the two."""
        if other.level > self.level:
            self.coarsen(other.level)
        ratio = self.step_ns // other.step_ns
        for (direction, number), bucket in other.buckets.items():
            self.bucket((direction, number // ratio)).merge(bucket)

    def coarsen(self, level: int) -> None:
        """Go over to the step of this level."""
        ratio = STEPS_NS[level] // self.step_ns
        before = self.buckets
        self.gone |= self.handed_out()
        self.level, self.step_ns, self.buckets = level, STEPS_NS[level], {}
        self.latest.clear()
        for (direction, number), bucket in before.items():
            self.bucket((direction, number // ratio)).merge(bucket)

    def handed_out(self) -> dict[tuple[Direction | None, int], int]:
        """Direction and time of the buckets that somebody has seen, with their length."""
        seen = {}
        for (direction, number), bucket in self.buckets.items():
            if bucket.exported:
                start_ns, length_ns = self.span(number)
                seen[direction, start_ns] = length_ns
        return seen

    def span(self, number: int) -> tuple[int, int]:
        """When this step begins, and how long it is."""
        start_ns = max(number * self.step_ns, self.first_ns)
        return start_ns, (number + 1) * self.step_ns - start_ns

    def forget_before(self, time_ns: int) -> None:
        """Drop the buckets that ended before this time, up to the first that still has something to tell."""
        changed = [number for (_, number), bucket in self.buckets.items() if bucket.changed]
        first = min([time_ns // self.step_ns] + changed)  # noqa: RUF005 - Cython takes no star in an argument
        self.buckets = {(direction, number): bucket for (direction, number), bucket in self.buckets.items() if number >= first}
        self.latest.clear()
        self.first_ns = max(self.first_ns, first * self.step_ns)

    def bucket(self, key: BucketKey) -> Bucket:
        """The bucket of this direction and number of a step, made when there is none."""
        bucket = self.buckets.get(key)
        if bucket is None:
            start_ns = key[1] * self.step_ns
            bucket = self.buckets[key] = Bucket(self.sizes_limit, start_ns, start_ns + self.step_ns)
        return bucket


class VolumeFold:
    """A fold over channel messages with at most `limits.volume_buckets` entries, give or take an eighth between snapshots."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limit = limits.volume_buckets
        self._sizes_limit = limits.volume_sizes
        channels = min(limits.channels, limits.volume_buckets // DIRECTIONS - 1)
        self._channels: Kept[str, ChannelSteps] = Kept(channels, self._new_channel)
        self._by_name = self._channels.entries
        self._entries = 0
        self._most_entries = self._limit + self._limit // 8  # between snapshots
        self._forgotten_ns = 0  # everything before has been forgotten
        self._gone: dict[VolumeKey, int] = {}  # what was handed out of channels that have since gone into the overflow

    def _new_channel(self) -> ChannelSteps:
        return ChannelSteps(self._sizes_limit, self._forgotten_ns // STEPS_NS[0] * STEPS_NS[0])

    def add(self, message: ChannelMessage) -> None:
        inner = message.message
        bucket = self._bucket(message.channel, inner.half.direction, inner.time_ns)
        bucket.add(message.format, message.frame_bytes, message.length)
        if self._entries > self._most_entries:
            self._settle()

    def add_like(
        self, message: ChannelMessage, messages: int, time_ns: int, frame_bytes: int, payload_bytes: int, sizes: SizesFold
    ) -> None:
        """So many decoded messages of the channel and direction of this one, all of them in the second of `time_ns`."""
        bucket = self._bucket(message.channel, message.message.half.direction, time_ns)
        bucket.add_like(messages, frame_bytes, payload_bytes, sizes)
        if self._entries > self._most_entries:
            self._settle()

    def _bucket(self, name: str, direction: Direction | None, time_ns: int) -> Bucket:
        channel = self._by_name.get(name)
        if channel is None:
            channel = self._make(name)
        if time_ns < self._forgotten_ns:
            time_ns = self._forgotten_ns
        bucket = channel.latest.get(direction)
        if bucket is None or time_ns < bucket.start_ns or time_ns >= bucket.end_ns:
            before = len(channel.buckets)
            bucket = channel.latest[direction] = channel.bucket((direction, time_ns // channel.step_ns))
            self._entries += len(channel.buckets) - before
        return bucket

    def _make(self, name: str) -> ChannelSteps:
        if name == OVERFLOW:
            return self._channels.others()
        channel = self._channels.make(name)
        if self._channels.crowded():
            self._settle()
            channel = self._channels.entries.get(name) or self._channels.make(name)
        return channel

    def merge(self, other: VolumeFold) -> None:
        """Take over what the other knows; it stays as it is."""
        if (other._limit, other._sizes_limit) != (self._limit, self._sizes_limit):
            raise ValueError("folds of different limits do not add up")
        self._channels.merge(other._channels)
        self._forgotten_ns = max(self._forgotten_ns, other._forgotten_ns)
        self._settle()

    def _settle(self) -> None:
        """Join channels and steps until everything fits."""
        for name, channel in self._channels.settle():
            for (direction, start_ns), length_ns in (channel.gone | channel.handed_out()).items():
                self._gone[name, direction, start_ns] = length_ns
        allowance = self._allowance()
        for _, channel in self._all():
            while len(channel.buckets) > allowance and channel.level < len(STEPS_NS) - 1:
                channel.coarsen(channel.level + 1)
        self._entries = sum(len(channel.buckets) for _, channel in self._all())

    def _allowance(self) -> int:
        """The largest number of entries a channel with which all of them fit."""
        channels = self._all()
        if self._channels.overflow is not None:
            return self._limit // len(channels)
        # A channel of longer steps would have more entries than the allowance that brought it there, so it needs all of it.
        needs = sorted(len(channel.buckets) if channel.level == 0 else self._limit for _, channel in channels)
        left = self._limit
        for number, need in enumerate(needs):
            fair = left // (len(needs) - number)
            if need > fair:
                return fair
            left -= need
        return self._limit

    def _all(self) -> list[tuple[str, ChannelSteps]]:
        channels = list(self._channels.entries.items())
        if self._channels.overflow is not None:
            channels.append((OVERFLOW, self._channels.overflow))
        return channels

    def snapshot(self, now_ns: int | None = None) -> tuple[ChannelVolume, ...]:
        """Every entry, by channel, direction and time."""
        self._settle()
        return self._volumes(only_changed=False)

    def changed(self) -> tuple[ChannelVolume, ...]:
        """The entries that are new or other than when this was last asked.

        One that was handed out and has since been joined to others comes once more, with zero messages.
        """
        self._settle()
        volumes = self._volumes(only_changed=True)
        for _, channel in self._all():
            channel.gone.clear()
            for bucket in channel.buckets.values():
                bucket.changed = False
                bucket.exported = True
        self._gone.clear()
        return volumes

    def _volumes(self, only_changed: bool) -> tuple[ChannelVolume, ...]:
        volumes: dict[VolumeKey, ChannelVolume] = {}
        if only_changed:
            gone = dict(self._gone)
            for name, channel in self._all():
                gone |= {(name, direction, time_ns): step_ns for (direction, time_ns), step_ns in channel.gone.items()}
            for (name, direction, time_ns), step_ns in gone.items():
                volumes[name, direction, time_ns] = ChannelVolume(
                    channel=name, direction=direction, time_ns=time_ns, step_ns=step_ns
                )
        for name, channel in self._all():
            for (direction, number), bucket in channel.buckets.items():
                if only_changed and not bucket.changed:
                    continue
                time_ns, step_ns = channel.span(number)
                volumes[name, direction, time_ns] = ChannelVolume(
                    channel=name,
                    direction=direction,
                    time_ns=time_ns,
                    step_ns=step_ns,
                    messages=bucket.messages,
                    undecoded=bucket.undecoded,
                    frame_bytes=bucket.frame_bytes,
                    payload_bytes=bucket.payload_bytes,
                    sizes=bucket.sizes.snapshot(),
                )
        return tuple(volumes[key] for key in sorted(volumes, key=lambda key: (key[0], key[1] or "", key[2])))

    def forget_before(self, time_ns: int) -> None:
        """Drop what ended before this time and has been handed out by `changed`; what comes late is counted at this time."""
        for name, channel in self._all():
            channel.forget_before(time_ns)
            if not channel.buckets and name != OVERFLOW:
                self._channels.forget(name)
        self._forgotten_ns = max(self._forgotten_ns, time_ns)
        self._entries = sum(len(channel.buckets) for _, channel in self._all())

    @property
    def overflow_messages(self) -> int:
        """Messages of channels beyond the limit that are still in here."""
        overflow = self._channels.overflow
        return sum(bucket.messages for bucket in overflow.buckets.values()) if overflow is not None else 0
