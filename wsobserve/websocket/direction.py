"""One direction of an open WebSocket connection: its bytes in; its frames, messages and anomalies out.

Both directions use this one class. What RFC 6455 forbids is reported and survived. When the boundary between frames is
lost, bytes are held (bounded) until a boundary is certain again; what was passed over is counted.
"""

from __future__ import annotations

import re

from wsobserve.config import Limits
from wsobserve.records import Anomaly, AnomalyKind, Frame, Half, HalfCount, Message, Record, opcode_name
from wsobserve.websocket.boundary import RESYNCHRONISE_BITS, find_boundary
from wsobserve.websocket.deflate import Inflater
from wsobserve.websocket.frame import FrameReader, smallest_header_length
from wsobserve.websocket.message import MessageAssembler, is_utf8

# RFC 6455, 7.4.1 and the IANA registry of close codes: 1004-1006 and 1015 must not be sent.
CLOSE_CODES = frozenset([*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)])
PLAIN_PHRASE = re.compile(r"[A-Za-z][A-Za-z ,.'-]{0,59}")
SEARCH_STEP = 4096  # between segment starts a boundary is looked for each time so many bytes have come
SUSPECT_FRAMES = 64  # for so many frames after a resynchronisation a violation means that it was wrong


class CloseFrame:
    """The first close frame of a direction (RFC 6455, 5.5.1)."""

    __slots__ = ("reason", "reason_length", "status_code", "time_ns")

    def __init__(self, status_code: int | None, reason: bytes, time_ns: int) -> None:
        self.status_code = status_code
        self.reason_length = len(reason)
        text = reason.decode(errors="replace")
        # Free text of somebody else: shown only when it can hardly hold anything of anybody.
        self.reason = text if PLAIN_PHRASE.fullmatch(text) else None
        self.time_ns = time_ns


class DirectionDecoder:
    """`masked`: whether frames are to be masked, as a client's are. `in_step`: the first byte begins a frame."""

    def __init__(self, half: Half, masked: bool, limits: Limits, in_step: bool) -> None:
        self.half = half
        self.masked = masked
        self.limits = limits
        self.reader = FrameReader(half, limits.message_payload)
        self.assembler = MessageAssembler(half, limits.message_payload, limits.inflated_payload)
        self.reserved_bits_defined = False  # an extension that we do not know was agreed
        self.close_frame: CloseFrame | None = None
        self.frames: dict[str, int] = {}
        self.messages = 0
        self.undecoded: dict[str, int] = {}
        self.wire_bytes = 0
        self.payload_bytes = 0
        self.control_frames = 0
        self.lost_bytes = 0
        self.gaps = 0
        self.unsynchronised_bytes = 0
        self.anomaly_counts: dict[AnomalyKind, int] = {}
        self._suspect = 0
        self._held: list[tuple[bytes, int, int]] = []  # (data, time_ns, packet) while the boundary is lost
        self._held_bytes = 0
        self._searched = 0  # held bytes at the last search between segment starts
        if not in_step:
            self.reader.lose()
            self.assembler.lose(0, 0)

    def agree_on_deflate(self, context_takeover: bool) -> None:
        """permessage-deflate was agreed for this direction (RFC 7692)."""
        self.assembler.inflater = Inflater(context_takeover, self.limits.inflated_payload)

    def receive(self, data: bytes, time_ns: int, packet: int) -> list[Record]:
        """Records that `data` completes."""
        if not self._in_step():
            return self._search(data, time_ns, packet)
        frames = self.reader.receive(data, time_ns, packet)
        records = self._take(frames, time_ns, packet) if frames else []
        if not self._in_step():
            if self.reader.invalid_length:
                self.anomaly(records, AnomalyKind.FRAME_LENGTH_INVALID, time_ns, packet)
            self._lost(records, time_ns, packet)
        return records

    def gap(self, length: int, time_ns: int, packet: int) -> list[Record]:
        """`length` bytes of this direction are missing."""
        records: list[Record] = []
        self.gaps += 1
        self.lost_bytes += length
        self.anomaly(records, AnomalyKind.GAP_IN_STREAM, time_ns, packet, f"{length} bytes")
        if not self._in_step():
            # What is held does not continue behind the hole.
            records += self._search(b"", time_ns, packet, last=True)
            if self._in_step():
                records += self._step_over(length, time_ns, packet)
            return records
        records += self._step_over(length, time_ns, packet)
        return records

    def end(self, time_ns: int, packet: int) -> list[Record]:
        """Nothing more comes: what is held is searched for the last time, what is unfinished is said to be."""
        records: list[Record] = []
        if not self._in_step():
            records += self._search(b"", time_ns, packet, last=True)
        if self._in_step() and self.reader.in_frame:
            self.anomaly(records, AnomalyKind.FRAME_INCOMPLETE, time_ns, packet, f"{self.reader.pending_bytes} bytes at hand")
        return records

    def count(self) -> HalfCount:
        """What this direction carried so far."""
        return HalfCount(
            frames=sum(self.frames.values()),
            messages=self.messages,
            wire_bytes=self.wire_bytes,
            payload_bytes=self.payload_bytes,
            control_frames=self.control_frames,
            lost_bytes=self.lost_bytes,
            gaps=self.gaps,
            unsynchronised_bytes=self.unsynchronised_bytes + self.reader.skipped_bytes + self._held_bytes,
        )

    def anomaly(self, records: list[Record], kind: AnomalyKind, time_ns: int, packet: int, detail: str = "") -> None:
        """Count it, and add its record as long as there are not too many of its kind."""
        count = self.anomaly_counts.get(kind, 0) + 1
        self.anomaly_counts[kind] = count
        if count <= self.limits.held_anomalies:
            records.append(Anomaly(half=self.half, time_ns=time_ns, packet=packet, anomaly=kind, detail=detail))

    def _in_step(self) -> bool:
        return self.reader.in_step

    def _step_over(self, length: int, time_ns: int, packet: int) -> list[Record]:
        records = self._take(self.reader.gap(length, time_ns, packet), time_ns, packet)
        if not self._in_step():
            self._lost(records, time_ns, packet)
        return records

    def _lost(self, records: list[Record], time_ns: int, packet: int) -> None:
        self.anomaly(records, AnomalyKind.DIRECTION_LOST, time_ns, packet)
        for message in self.assembler.lose(time_ns, packet):
            self._add_message(records, message)

    def _take(self, frames: list[Frame], time_ns: int, packet: int) -> list[Record]:
        records: list[Record] = []
        for index, frame in enumerate(frames):
            if frame.masked != self.masked or frame.rsv & 3 or frame.opcode > 2 or frame.header_length > 4:
                if self._suspect and self._breaks_a_rule(frame):
                    # The boundary that was found after a loss was none: nothing from here on is certain.
                    self.unsynchronised_bytes += sum(each.header_length + each.payload_length for each in frames[index:])
                    self.reader.lose()
                    self._lost(records, time_ns, packet)
                    return records
                self._judge(records, frame)
            if self._suspect:
                self._suspect -= 1
            self._add_frame(records, frame)
        return records

    def _add_frame(self, records: list[Record], frame: Frame) -> None:
        name = opcode_name(frame.opcode)
        self.frames[name] = self.frames.get(name, 0) + 1
        self.wire_bytes += frame.header_length + frame.payload_length
        records.append(frame)
        if self.close_frame is not None:
            self.anomaly(records, AnomalyKind.FRAME_AFTER_CLOSE, frame.time_ns, frame.packet, name)
        if frame.opcode >= 8:
            self.control_frames += 1
            if frame.opcode == 8:
                self._add_close(records, frame)
        elif frame.opcode <= 2:
            for message in self.assembler.receive(frame):
                self._add_message(records, message)
            for kind, detail in self.assembler.anomalies:
                self.anomaly(records, kind, frame.time_ns, frame.packet, detail)
            self.assembler.anomalies.clear()

    def _add_message(self, records: list[Record], message: Message) -> None:
        self.messages += 1
        self.payload_bytes += message.length or 0
        if message.undecoded is not None:
            self.undecoded[message.undecoded] = self.undecoded.get(message.undecoded, 0) + 1
        records.append(message)

    def _add_close(self, records: list[Record], frame: Frame) -> None:
        payload = frame.payload
        if frame.payload_length == 1 or not is_utf8(payload[2:]):
            self.anomaly(records, AnomalyKind.CLOSE_PAYLOAD_INVALID, frame.time_ns, frame.packet)
        status_code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else None
        if status_code is not None and status_code not in CLOSE_CODES:
            self.anomaly(records, AnomalyKind.CLOSE_CODE_INVALID, frame.time_ns, frame.packet, str(status_code))
        if self.close_frame is None:
            self.close_frame = CloseFrame(status_code, payload[2:], frame.time_ns)

    def _breaks_a_rule(self, frame: Frame) -> bool:
        return (
            frame.masked != self.masked
            or frame.rsv & 3 != 0
            or frame.opcode not in (0, 1, 2, 8, 9, 10)
            or frame.header_length != smallest_header_length(frame.payload_length, frame.masked)
            or (frame.opcode >= 8 and (not frame.fin or frame.payload_length > 125))
        )

    def _judge(self, records: list[Record], frame: Frame) -> None:
        """What RFC 6455, 5 forbids of a single frame."""
        found: list[tuple[AnomalyKind, str]] = []
        if frame.masked != self.masked:
            found.append((AnomalyKind.FRAME_MASKED if frame.masked else AnomalyKind.FRAME_NOT_MASKED, ""))
        reserved = frame.rsv & 3 if frame.opcode <= 2 else frame.rsv
        if reserved and not self.reserved_bits_defined:
            found.append((AnomalyKind.FRAME_RESERVED_BIT, f"RSV bits {frame.rsv:03b}"))
        if frame.opcode not in (0, 1, 2, 8, 9, 10):
            found.append((AnomalyKind.FRAME_RESERVED_OPCODE, opcode_name(frame.opcode)))
        if frame.header_length != smallest_header_length(frame.payload_length, frame.masked):
            found.append((AnomalyKind.FRAME_LENGTH_NOT_MINIMAL, f"{frame.payload_length} bytes"))
        if frame.opcode >= 8:
            if frame.payload_length > 125:
                found.append((AnomalyKind.CONTROL_FRAME_TOO_LONG, f"{frame.payload_length} bytes"))
            if not frame.fin:
                found.append((AnomalyKind.CONTROL_FRAME_FRAGMENTED, opcode_name(frame.opcode)))
        for kind, detail in found:
            self.anomaly(records, kind, frame.time_ns, frame.packet, detail)

    def _search(self, data: bytes, time_ns: int, packet: int, last: bool = False) -> list[Record]:
        """Hold `data` and look for a frame boundary in what is held."""
        if data:
            self._held.append((data, time_ns, packet))
            self._held_bytes += len(data)
        if not self._held:
            return []
        everywhere = last or self._held_bytes >= self._searched + SEARCH_STEP
        if everywhere:
            self._searched = self._held_bytes
        starts, position = [], 0
        for held, _, _ in self._held:
            starts.append(position)
            position += len(held)
        joined = b"".join([held for held, _, _ in self._held])
        boundary = find_boundary(joined, starts, self.masked, RESYNCHRONISE_BITS, everywhere)
        if boundary is None:
            if last:
                self.unsynchronised_bytes += self._held_bytes
                self._held, self._held_bytes, self._searched = [], 0, 0
            elif self._held_bytes > self.limits.resynchronise_buffer:
                self._drop_held()
            return []
        chunks = self._held
        self._held, self._held_bytes, self._searched = [], 0, 0
        self.unsynchronised_bytes += boundary.offset
        self.reader.begin()
        self._suspect = SUSPECT_FRAMES
        records: list[Record] = []
        skip = boundary.offset
        while skip >= len(chunks[0][0]):
            skip -= len(chunks.pop(0)[0])
        detail = f"{boundary.offset} bytes passed over, {boundary.bits:.0f} bits of evidence"
        self.anomaly(records, AnomalyKind.RESYNCHRONISED, chunks[0][1], chunks[0][2], detail)
        for held, held_time_ns, held_packet in chunks:
            records += self.receive(held[skip:], held_time_ns, held_packet)
            skip = 0
        return records

    def _drop_held(self) -> None:
        """Nothing certain in what is held: half of it goes, all of it when there is one piece only."""
        dropped = self._held[: max(len(self._held) // 2, 1)]
        self._held = self._held[len(dropped) :]
        length = sum(len(data) for data, _, _ in dropped)
        self._held_bytes -= length
        self._searched = 0
        self.unsynchronised_bytes += length
