"""The recorder of one worker: its packets in, before the pipeline sees them, and what the pipeline made of them; files out.

Every packet is counted once: as written, as held, or as left out for a reason. Nothing is raised behind `__init__`: a
directory that does not take files costs packets of the recording, and the capture goes on.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Sequence

import msgspec

from wsobserve.config import MIB
from wsobserve.export.recording.choice import Choice
from wsobserve.export.recording.counts import RecordingCounts
from wsobserve.export.recording.following import Following
from wsobserve.export.recording.held_packet import HeldPacket
from wsobserve.export.recording.look_back import LookBack
from wsobserve.export.recording.rotation import RotatingFiles, check_directory
from wsobserve.export.recording.settings import RecordingSettings
from wsobserve.records import Anomaly, CaptureLoss, ChannelMessage, ConnectionSummary, Half, Handshake, PacketBatch, Record

LOOK_BACK = 16 * MIB
MOST_TOLD = 10_000  # connections of which is remembered that they have been chosen
SAID = {
    "whole": "packets are as they were captured",
    "redacted": "what payloads and heads say was overwritten or cut off",
    "headers": "packets are cut off behind their TCP header",
}


class Recorder:
    """Records what `settings` choose into their directory. Raises ExportError when that cannot be written into.

    `look_back`: bytes of packets that are held at most for the case that their connection is chosen. `clock`: of the
    machine, for the names and ages of files. `survive`: neither a bug of ours nor such a directory ends the process,
    but the recording, or that is tried again. Raises ValueError for settings that cannot be.
    """

    def __init__(
        self,
        settings: RecordingSettings,
        *,
        worker: int = 0,
        look_back: int = LOOK_BACK,
        survive: bool = False,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._choice = Choice(settings)
        if settings.directory is None:
            raise ValueError("no directory to record into")
        if not survive:
            check_directory(settings.directory)
        self._counts = RecordingCounts()
        comment = f"recorded by wsobserve, worker {worker}: {SAID[settings.payloads]}"
        self._files = RotatingFiles(settings, worker, comment, self._counts, clock)
        self._most_held = look_back
        self._look_back = LookBack(look_back)
        self._following = Following(settings.payloads, self._choice, self._look_back, self._write)
        self._survive = survive
        self._broken = False  # by a bug of ours
        self._unrecorded = 0  # packets since then
        self._told: set[str] = set()
        kinds: list[type[Record]] = [CaptureLoss]
        if settings.anomalies:
            kinds += [Anomaly, ConnectionSummary]
        if settings.channels:
            kinds += [Handshake, ChannelMessage]
        self._telling = frozenset(kinds)  # the records that matter

    def batch(self, batch: PacketBatch) -> None:
        """Packets, before the pipeline sees them."""
        if self._broken:
            self._unrecorded += len(batch)
        else:
            self._guarded(lambda: self._following.receive(batch))

    def records(self, records: Sequence[Record]) -> None:
        """What the pipeline made of them: chooses connections, and tells what the capture lost."""
        if not self._broken:
            self._guarded(lambda: self._tell(records))

    def tick(self, now_ns: int) -> None:
        """Time passes: what waits is written, files that are old enough are closed. `now_ns`: of the capture's clock."""
        if not self._broken:
            self._guarded(lambda: self._following.expire(now_ns))
        self._files.tick()

    def counts(self) -> RecordingCounts:
        """What became of the packets so far."""
        counts = msgspec.structs.replace(self._counts, left_out=dict(self._counts.left_out))
        following = self._following
        counts.packets_seen = following.packets_seen + self._unrecorded
        counts.connections = following.chosen_connections
        counts.chosen = dict(following.chosen)
        counts.packets_held = following.waiting_packets + self._look_back.packets + self._files.waiting_packets
        counts.bytes_held = following.waiting_bytes + self._look_back.bytes + self._files.waiting_bytes
        for reason, packets in (
            ("not_tcp", following.not_tcp),
            ("not_chosen", following.not_chosen + self._look_back.dropped - following.missed),
            ("memory", following.missed),
        ):
            if packets:
                counts.left_out[reason] = counts.left_out.get(reason, 0) + packets
        if self._broken:
            counted = counts.packets + counts.packets_held + sum(counts.left_out.values())
            counts.left_out["internal"] = counts.packets_seen - counted
        return counts

    def limit_look_back(self, limit: int) -> None:
        """From now on hold at most so many bytes for connections that are not chosen yet."""
        self._look_back.shrink(limit)

    def shed(self, steps: int) -> None:
        """Memory is short: with each step that is in force a quarter is held of what was held with one step less."""
        self.limit_look_back(self._most_held >> 2 * steps)

    def close(self) -> None:
        """Nothing more comes: what waits is written, and the file gets its name."""
        if not self._broken:
            self._guarded(self._following.finish)
        self._files.close()

    def _guarded(self, work: Callable[[], None]) -> None:
        """The one place for bugs of ours; tests let them through."""
        try:
            work()
        except Exception as error:
            if not self._survive:
                raise
            self._broken = True
            self._counts.failures += 1
            self._counts.last_error = f"a bug, {type(error).__name__}: nothing more is recorded until the worker starts again"

    def _tell(self, records: Sequence[Record]) -> None:
        telling = self._telling
        for record in records:
            if type(record) in telling:
                if type(record) is CaptureLoss:
                    self._lost(record)
                    continue
                chosen = self._choice.reason(record)
                if chosen is not None and chosen[0].connection not in self._told:
                    self._choose(*chosen, _time_of(record))
        self._following.forget_replaced()

    def _choose(self, half: Half, by: str, what: str, time_ns: int) -> None:
        if len(self._told) >= MOST_TOLD:
            self._told.clear()
        self._told.add(half.connection)
        key = key_of(half)
        if key is not None:
            self._following.choose(key, time_ns, by, f"{by} {what}")

    def _lost(self, loss: CaptureLoss) -> None:
        packets = loss.packets or 0
        if loss.reason == "interface_dropped":
            self._files.lost(loss.source, packets, 0)
        elif loss.reason == "kernel_dropped":
            self._files.lost(loss.source, 0, packets)

    def _write(self, packet: HeldPacket, comment: str) -> None:
        written = self._files.packet(
            packet.link_type, packet.source, packet.time_ns, packet.data, packet.original_length, comment
        )
        if not written:
            self._counts.left_out["disk"] = self._counts.left_out.get("disk", 0) + 1
        elif packet.cut:
            self._counts.packets_cut += 1


def check_recording(settings: RecordingSettings) -> None:
    """Raises what a recorder of these settings would raise, ExportError or ValueError, if there is to be one."""
    if settings.directory is not None:
        Choice(settings)
        check_directory(settings.directory)


def key_of(half: Half) -> bytes | None:
    """The bytes of addresses and ports, as in a packet of this direction."""
    try:
        source, _, source_port = half.source.rpartition(":")
        destination, _, destination_port = half.destination.rpartition(":")
        addresses = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
        return addresses + int(source_port).to_bytes(2, "big") + int(destination_port).to_bytes(2, "big")
    except (ValueError, OverflowError):
        return None


def _time_of(record: Record) -> int:
    if isinstance(record, ChannelMessage):
        return record.message.time_ns
    time_ns: int = getattr(record, "time_ns", 0)
    return time_ns
