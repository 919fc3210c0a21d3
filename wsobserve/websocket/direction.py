"""One direction of an open WebSocket connection: its bytes in; its frames, messages and anomalies out.

Both directions use this one class. What RFC 6455 forbids is reported and survived. When the boundary between frames is
lost, bytes are held (bounded) until a boundary is certain again; what was passed over is counted.

Bytes that came in == wire_bytes - missing_bytes + unsynchronised_bytes + pending_bytes, at any time.
"""

from __future__ import annotations

import re

from wsobserve.config import Limits
from wsobserve.records import Anomaly, AnomalyKind, Frame, Half, HalfCount, Message, Record, opcode_name
from wsobserve.websocket.deflate import Inflater
from wsobserve.websocket.frame import FrameReader, smallest_header_length
from wsobserve.websocket.message import MessageAssembler, is_utf8
from wsobserve.websocket.opening import Chunk
from wsobserve.websocket.resynchronisation import Found, Resynchronisation

# RFC 6455, 7.4.1 and the IANA registry of close codes: 1004-1006 and 1015 must not be sent.
CLOSE_CODES = frozenset([*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)])
PLAIN_PHRASE = re.compile(r"[A-Za-z][A-Za-z ,.'-]{0,59}")
SUSPECT_FRAMES = 64  # for so many frames after a resynchronisation a violation means that it was wrong


class CloseFrame:
    """The first close frame of a direction (RFC 6455, 5.5.1)."""

    __slots__ = ("packet", "reason", "reason_length", "status_code", "time_ns")

    def __init__(self, frame: Frame, status_code: int | None) -> None:
        self.status_code = status_code
        self.reason_length = max(frame.payload_length - 2, 0)
        text = frame.payload[2:].decode(errors="replace")
        # Free text of somebody else: shown only when it can hardly hold anything of anybody.
        self.reason = text if _is_whole(frame) and PLAIN_PHRASE.fullmatch(text) else None
        self.time_ns = frame.time_ns
        self.packet = frame.packet


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
        self.missing_bytes = 0  # of the payloads of frames: fell into holes
        self.anomaly_counts: dict[AnomalyKind, int] = {}
        self._masks = masked  # what the sender does, whatever it ought to
        self._ended = False
        self._suspect = 0
        self._refused_bytes = 0  # of frames that were none
        self._search = Resynchronisation(limits.resynchronise_buffer)
        if not in_step:
            self.reader.lose()
            self.assembler.lose(0, 0)

    @property
    def unsynchronised_bytes(self) -> int:
        """Bytes at hand for which no frame is known, those included in which a boundary is still looked for."""
        return self._search.passed_bytes + self._search.held_bytes + self.reader.skipped_bytes + self._refused_bytes

    @property
    def pending_bytes(self) -> int:
        """Bytes at hand of a frame that is not complete."""
        return self.reader.pending_bytes

    def agree_on(self, context_takeover: bool | None, *, other_extension: bool) -> None:
        """What the handshake agreed on. `context_takeover`: None without permessage-deflate (RFC 7692)."""
        if context_takeover is not None:
            self.assembler.inflater = Inflater(context_takeover, self.limits.inflated_payload)
        self.reserved_bits_defined = other_extension
        self.assembler.unknown_extension = other_extension
        self._search.compressed = context_takeover is not None or other_extension

    def adopt(self, search: Resynchronisation) -> list[Record]:
        """What was held while nobody knew that this is a WebSocket; it is searched at once."""
        records: list[Record] = []
        self._search = search
        found = search.search(self._masks)
        if found is not None:
            self._begin(records, found)
        return records

    def receive(self, data: bytes, time_ns: int, packet: int) -> list[Record]:
        """Records that `data` completes."""
        if self._in_step():
            frames = self.reader.receive(data, time_ns, packet)
            records = self._take(frames, time_ns, packet) if frames else []
            if self._in_step():
                return records
        else:
            records = []
            found = self._search.receive(Chunk(data, time_ns, packet), self._masks)
            if found is None:
                return records
            self._begin(records, found)
        self._follow(records, time_ns, packet)
        return records

    def gap(self, length: int, time_ns: int, packet: int) -> list[Record]:
        """`length` bytes of this direction are missing."""
        records: list[Record] = []
        self.gaps += 1
        self.lost_bytes += length
        self.anomaly(records, AnomalyKind.GAP_IN_STREAM, time_ns, packet, f"{length} bytes")
        if not self._in_step():
            self._search_to_the_end(records, time_ns, packet, length)
        if self._in_step():
            records += self._take(self.reader.gap(length, time_ns, packet), time_ns, packet)
            if not self._in_step():
                self._lost(records, time_ns, packet)
        return records

    def end(self, time_ns: int, packet: int) -> list[Record]:
        """Nothing more comes: what is held is searched for the last time, what is unfinished is said to be."""
        records: list[Record] = []
        if self._ended:
            return records
        self._ended = True
        if not self._in_step():
            self._search_to_the_end(records, time_ns, packet)
        if self._in_step() and self.reader.in_frame:
            self.anomaly(records, AnomalyKind.FRAME_INCOMPLETE, time_ns, packet, f"{self.reader.pending_bytes} bytes at hand")
        for message in self.assembler.lose(time_ns, packet):
            self._add_message(records, message)
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
            unsynchronised_bytes=self.unsynchronised_bytes,
        )

    def anomaly(self, records: list[Record], kind: AnomalyKind, time_ns: int, packet: int, detail: str = "") -> None:
        """Count it, and add its record as long as there are not too many of its kind."""
        count = self.anomaly_counts.get(kind, 0) + 1
        self.anomaly_counts[kind] = count
        if count <= self.limits.held_anomalies:
            records.append(Anomaly(half=self.half, time_ns=time_ns, packet=packet, anomaly=kind, detail=detail))

    def _in_step(self) -> bool:
        return self.reader.in_step

    def _begin(self, records: list[Record], found: Found) -> None:
        """A boundary was found: what is held from there on is read."""
        self.reader.begin()
        self._suspect = SUSPECT_FRAMES
        first = found.chunks[0]
        detail = f"{found.passed_over} bytes passed over, {found.bits:.0f} bits of evidence"
        self.anomaly(records, AnomalyKind.RESYNCHRONISED, first.time_ns, first.packet, detail)
        for chunk in found.chunks:
            if self._in_step():
                records += self._take(self.reader.receive(chunk.data, chunk.time_ns, chunk.packet), chunk.time_ns, chunk.packet)
                if not self._in_step():
                    self._follow(records, chunk.time_ns, chunk.packet)
            else:
                records += self.receive(chunk.data, chunk.time_ns, chunk.packet)

    def _follow(self, records: list[Record], time_ns: int, packet: int) -> None:
        """When a header has just turned out to be broken: what came behind it is searched."""
        if not self.reader.invalid_length:
            return
        self.reader.invalid_length = False
        self.anomaly(records, AnomalyKind.FRAME_LENGTH_INVALID, time_ns, packet)
        self._lost(records, time_ns, packet)
        rest, self.reader.rest = self.reader.rest, b""
        records += self.receive(rest, time_ns, packet)

    def _search_to_the_end(self, records: list[Record], time_ns: int, packet: int, missing: int = 0) -> None:
        """All that is held is read or passed over: what comes next does not follow on it."""
        found = self._search.stop(self._masks, missing)
        while found is not None:
            self._begin(records, found)
            found = None if self._in_step() else self._search.stop(self._masks, missing)

    def _lost(self, records: list[Record], time_ns: int, packet: int) -> None:
        self.anomaly(records, AnomalyKind.DIRECTION_LOST, time_ns, packet)
        for message in self.assembler.lose(time_ns, packet):
            self._add_message(records, message)

    def _take(self, frames: list[Frame], time_ns: int, packet: int) -> list[Record]:
        records: list[Record] = []
        for index, frame in enumerate(frames):
            if self._suspect:
                if self._breaks_a_rule(frame):
                    self._refuse(records, frames[index:], self.reader.missing_in_first if index == 0 else 0, time_ns, packet)
                    return records
                self._suspect -= 1
            if frame.masked != self.masked or frame.rsv & 3 or frame.opcode > 2 or frame.header_length > 2:
                self._judge(records, frame)
            if index == 0:
                self.missing_bytes += self.reader.missing_in_first
            self._masks = frame.masked
            self._add_frame(records, frame)
        return records

    def _refuse(self, records: list[Record], frames: list[Frame], missing: int, time_ns: int, packet: int) -> None:
        """The boundary that was found after a loss was none: nothing from here on is certain."""
        self._refused_bytes += sum(frame.header_length + frame.payload_length for frame in frames) - missing
        self.reader.lose()
        self.reader.invalid_length = False
        self._refused_bytes += len(self.reader.rest)
        self.reader.rest = b""
        self._suspect = 0
        self._lost(records, time_ns, packet)

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
        if frame.payload_length == 1 or (_is_whole(frame) and not is_utf8(payload[2:])):
            self.anomaly(records, AnomalyKind.CLOSE_PAYLOAD_INVALID, frame.time_ns, frame.packet)
        status_code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else None
        if status_code is not None and status_code not in CLOSE_CODES:
            self.anomaly(records, AnomalyKind.CLOSE_CODE_INVALID, frame.time_ns, frame.packet, str(status_code))
        if self.close_frame is None:
            self.close_frame = CloseFrame(frame, status_code)

    def _breaks_a_rule(self, frame: Frame) -> bool:
        assembler = self.assembler
        return (
            frame.masked != self._masks
            or frame.rsv & (3 if self._search.compressed else 7) != 0
            or frame.opcode not in (0, 1, 2, 8, 9, 10)
            or frame.header_length != smallest_header_length(frame.payload_length, frame.masked)
            or (frame.opcode >= 8 and (not frame.fin or frame.payload_length > 125))
            or (frame.opcode == 0 and not assembler.in_message and not assembler.after_loss)
            or (frame.opcode in (1, 2) and assembler.in_message)
            or (frame.opcode == 1 and frame.fin and not frame.rsv and _is_whole(frame) and not is_utf8(frame.payload))
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


def _is_whole(frame: Frame) -> bool:
    return len(frame.payload) == frame.payload_length
