"""Which connections are recorded: by a share of all, by what is wrong with them, by what they carry.

In: the key of a connection, or a record that the pipeline made of it. Out: why it is chosen, or None.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from hashlib import blake2b

from wsobserve.export.recording.settings import RecordingSettings
from wsobserve.records import Anomaly, AnomalyKind, ChannelMessage, ConnectionSummary, Half, Handshake, Record

ANY = "any"
MOST_CHANNELS = 4_096  # of which is remembered whether they are among those to be recorded


class Choice:
    """The settings, asked. Raises ValueError for a kind of anomaly that there is not, or a share beyond 0 to 1."""

    def __init__(self, settings: RecordingSettings) -> None:
        unknown = set(settings.anomalies) - {ANY, *AnomalyKind}
        if unknown:
            raise ValueError(f"no such anomaly: {', '.join(sorted(unknown))}")
        if not 0 <= settings.sample <= 1:
            raise ValueError(f"a share lies between 0 and 1: {settings.sample}")
        self.sample = settings.sample
        self.looks_back = bool(settings.anomalies or settings.channels)  # what decides comes later than the first packet
        self._any = ANY in settings.anomalies
        self._anomalies = frozenset(settings.anomalies)
        self._channels = settings.channels
        self._asked: dict[str, bool] = {}

    def sampled(self, key: bytes, reverse: bytes) -> bool:
        """Whether a connection is in the sample: the same for both directions, in every process and every run."""
        if self.sample <= 0:
            return False
        digest = blake2b(min(key, reverse), digest_size=8, person=b"recording").digest()
        return int.from_bytes(digest, "big") < self.sample * 2**64

    def reason(self, record: Record) -> tuple[Half, str, str] | None:
        """The connection that this record chooses, what for (`anomaly` or `channel`), and which one."""
        match record:
            case Anomaly():
                if self._any or record.anomaly in self._anomalies:
                    return record.half, "anomaly", str(record.anomaly)
            case Handshake():
                if record.path_template and self._is_channel(record.path_template):
                    return record.half, "channel", record.path_template
            case ChannelMessage():
                for channel in (record.channel, record.route):
                    if channel and self._is_channel(channel):
                        return record.message.half, "channel", channel
            case ConnectionSummary():
                # Anomalies that one connection has too many of are told in here alone.
                for kind in record.anomalies:
                    if self._any or kind in self._anomalies:
                        return record.half, "anomaly", kind
        return None

    def _is_channel(self, channel: str) -> bool:
        if not self._channels:
            return False
        known = self._asked.get(channel)
        if known is None:
            if len(self._asked) >= MOST_CHANNELS:
                self._asked.clear()
            known = self._asked[channel] = any(fnmatchcase(channel, wanted) for wanted in self._channels)
        return known
