"""One direction of an open WebSocket connection: its bytes in; its frames, messages and anomalies out.

Both directions use this one class. What RFC 6455 forbids is reported and survived. When the boundary between frames is
lost, bytes are held (bounded) until a boundary is certain again; what was passed over is counted.

Bytes that came in == wire_bytes - missing_bytes + unsynchronised_bytes + pending_bytes, at any time.
"""

from __future__ import annotations

import re

from wsobserve.config import Limits
from wsobserve.message_sink import MessageSink
from wsobserve.records import Accounting, Anomaly, AnomalyKind, Half, HalfCount, Record, opcode_name
from wsobserve.websocket.deflate import Inflater
from wsobserve.websocket.frame import CurrentFrame, FrameReader
from wsobserve.websocket.message import MessageAssembler
from wsobserve.websocket.opening import CHUNK_COST, Chunk
from wsobserve.websocket.resynchronisation import Found, Resynchronisation
from wsobserve.websocket.utf8 import is_utf8

# RFC 6455, 7.4.1 and the IANA registry of close codes: 1004-1006 and 1015 must not be sent.
CLOSE_CODES = frozenset([*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)])
PLAIN_PHRASE = re.compile(r"[A-Za-z][A-Za-z ,.'-]{0,59}")
SUSPECT_FRAMES = 64  # for so many frames after a resynchronisation a violation means that it was wrong


class CloseFrame:
    """The first close frame of a direction (RFC 6455, 5.5.1)."""

    __slots__ = ("packet", "reason", "reason_length", "status_code", "time_ns")

    def __init__(self, frame: CurrentFrame, status_code: int | None) -> None:
        self.status_code = status_code
        self.reason_length = max(frame.payload_length - 2, 0)
        text = frame.payload()[2:].decode(errors="replace")
        # Free text of somebody else: shown only when it can hardly hold anything of anybody.
        self.reason = text if frame.whole and PLAIN_PHRASE.fullmatch(text) else None
        self.time_ns = frame.time_ns
        self.packet = frame.packet


class DirectionDecoder:
    """`masked`: whether frames are to be masked, as a client's are. `in_step`: the first byte begins a frame.

    `frames`, `messages`: whether records of them are wanted; everything else is the same without.
    """

    def __init__(
        self,
        half: Half,
        masked: bool,
        limits: Limits,
        in_step: bool,
        *,
        frames: bool = True,
        messages: bool | MessageSink = True,
    ) -> None:
        self.half = half
        self.masked = masked
        self.limits = limits
        self.frame_records = frames
        self.reader = FrameReader(limits.message_payload)
        keep, keep_inflated, walk = limits.message_payload, limits.inflated_payload, limits.inflated_walk
        self.assembler = MessageAssembler(half, keep, keep_inflated, walk, records=messages)
        self.reserved_bits_defined = False  # an extension that we do not know was agreed
        self.close_frame: CloseFrame | None = None
        self.wire_bytes = 0
        self.control_frames = 0
        self.lost_bytes = 0
        self.gaps = 0
        self.anomaly_counts: dict[AnomalyKind, int] = {}
        self.weight = 0  # bytes of memory that this direction holds
        self._continuation_frames = 0
        self._text_frames = 0
        self._binary_frames = 0
        self._other_frames: dict[int, int] = {}  # by opcode
        self._masks = masked  # what the sender does, whatever it ought to
        self._ended = False
        self._suspect = 0
        self._compressed = True  # RSV1 may be set
        self._unread: list[Chunk] = []  # set aside within one call, the next one last
        self._search: Resynchronisation | None = None  # since the boundary was lost for the first time
        if not in_step:
            self.reader.lose()
            self.assembler.lose(0, 0, [])

    @property
    def frames(self) -> dict[str, int]:
        """How many frames there were, by the name of their opcode."""
        counts = {0: self._continuation_frames, 1: self._text_frames, 2: self._binary_frames, **self._other_frames}
        return {opcode_name(opcode): count for opcode, count in counts.items() if count}

    @property
    def undecoded(self) -> dict[str, int]:
        """How many messages could not be decoded, by reason."""
        return self.assembler.undecoded

    @property
    def missing_bytes(self) -> int:
        """Bytes of the payloads of frames that fell into holes."""
        return self.reader.missing_bytes

    @property
    def unsynchronised_bytes(self) -> int:
        """Bytes at hand for which no frame is known, those included in which a boundary is still looked for."""
        searched = self._search.passed_bytes + self._search.held_bytes if self._search is not None else 0
        return searched + self.reader.skipped_bytes

    @property
    def pending_bytes(self) -> int:
        """Bytes at hand of a frame that is not complete."""
        return self.reader.pending_bytes

    def agree_on(self, context_takeover: bool | None, *, other_extension: bool) -> None:
        """What the handshake agreed on. `context_takeover`: None without permessage-deflate (RFC 7692)."""
        if context_takeover is not None:
            self.assembler.inflater = Inflater(context_takeover, self.limits.inflated_payload, self.limits.inflated_walk)
        self.reserved_bits_defined = other_extension
        self.assembler.unknown_extension = other_extension
        self._compressed = context_takeover is not None or other_extension
        if self._search is not None:
            self._search.compressed = self._compressed

    def adopt(self, search: Resynchronisation) -> list[Record]:
        """What was held while nobody knew that this is a WebSocket; it is searched at once."""
        out: list[Record] = []
        self._search = search
        found = search.search(self._masks)
        if found is not None:
            self._begin(found, out)
            self._read_on(out)
        self._weigh()
        return out

    def receive(self, data: bytes, time_ns: int, packet: int) -> list[Record]:
        """Records that `data` completes."""
        out: list[Record] = []
        self.read(data, time_ns, packet, out)
        return out

    def read(self, data: bytes, time_ns: int, packet: int, out: list[Record]) -> None:
        """The next bytes; the records that they complete are added to `out`."""
        reader, assembler = self.reader, self.assembler
        if reader.in_step:
            self._read_frames(data, time_ns, packet, out)
        else:
            self._unread.append(Chunk(data, time_ns, packet))
        if self._unread:
            self._read_on(out)
        if reader.in_frame or assembler.inflater is not None or assembler.in_message or self._search is not None or self.weight:
            self._weigh()

    def gap(self, length: int, time_ns: int, packet: int) -> list[Record]:
        """`length` bytes of this direction are missing."""
        out: list[Record] = []
        self.gaps += 1
        self.lost_bytes += length
        self.anomaly(out, AnomalyKind.GAP_IN_STREAM, time_ns, packet, f"{length} bytes")
        if not self._in_step():
            self._search_to_the_end(length, out)
        if self._in_step():
            refused = self.reader.gap(length, time_ns, packet) and not self._take(self.reader.frame, out)
            self.reader.frame.let_go()
            if not self._in_step() and not refused:
                self._lost(time_ns, packet, out)
        self._weigh()
        return out

    def end(self, time_ns: int, packet: int) -> list[Record]:
        """Nothing more comes: what is held is searched for the last time, what is unfinished is said to be."""
        out: list[Record] = []
        if self._ended:
            return out
        self._ended = True
        if not self._in_step():
            self._search_to_the_end(0, out)
        if self._in_step() and self.reader.in_frame:
            self.anomaly(out, AnomalyKind.FRAME_INCOMPLETE, time_ns, packet, f"{self.reader.pending_bytes} bytes at hand")
        self.assembler.lose(time_ns, packet, out)
        self._weigh()
        return out

    def give_up(self) -> None:
        """Let go of all that is held, to stay within a limit. Frames are followed on."""
        self.reader.give_up()
        self.assembler.give_up()
        if self._search is not None and self._search.held_bytes:
            self._search.pass_over_all(self._masks)
        self._weigh()

    def count(self) -> HalfCount:
        """What this direction carried so far."""
        return HalfCount(
            frames=sum(self.frames.values()),
            messages=self.assembler.messages,
            wire_bytes=self.wire_bytes,
            payload_bytes=self.assembler.payload_bytes,
            control_frames=self.control_frames,
            lost_bytes=self.lost_bytes,
            gaps=self.gaps,
            unsynchronised_bytes=self.unsynchronised_bytes,
        )

    def account(self, accounting: Accounting) -> None:
        """Add what this direction carried so far."""
        for name, count in self.frames.items():
            accounting.frames[name] = accounting.frames.get(name, 0) + count
        undecoded = 0
        for reason, count in self.undecoded.items():
            undecoded += count
            accounting.messages_undecoded[reason] = accounting.messages_undecoded.get(reason, 0) + count
        accounting.frame_bytes += self.wire_bytes
        accounting.payload_length += self.assembler.payload_bytes
        accounting.messages += self.assembler.messages
        accounting.messages_decoded += self.assembler.messages - undecoded
        accounting.bytes_unsynchronised += self.unsynchronised_bytes
        for kind, count in self.anomaly_counts.items():
            accounting.anomalies[kind.value] = accounting.anomalies.get(kind.value, 0) + count

    def anomaly(self, out: list[Record], kind: AnomalyKind, time_ns: int, packet: int, detail: str = "") -> None:
        """Count it, and add its record as long as there are not too many of its kind."""
        count = self.anomaly_counts.get(kind, 0) + 1
        self.anomaly_counts[kind] = count
        if count <= self.limits.held_anomalies:
            out.append(Anomaly(half=self.half, time_ns=time_ns, packet=packet, anomaly=kind, detail=detail))

    def _in_step(self) -> bool:
        return self.reader.in_step

    def _read_frames(self, data: bytes, time_ns: int, packet: int, out: list[Record]) -> None:
        """In step: the frames in `data`, and what follows a header that turns out to be broken."""
        reader = self.reader
        reader.feed(data, time_ns, packet)
        while reader.next():
            if not self._take(reader.frame, out):
                return
        if reader.invalid_length:
            self._follow(time_ns, packet, out)

    def _begin(self, found: Found, out: list[Record]) -> None:
        """A boundary was found: what is held from there on is to be read."""
        self.reader.begin()
        self._suspect = SUSPECT_FRAMES
        first = found.chunks[0]
        detail = f"{found.passed_over} bytes passed over, {found.bits:.0f} bits of evidence"
        self.anomaly(out, AnomalyKind.RESYNCHRONISED, first.time_ns, first.packet, detail)
        self._unread += reversed(found.chunks)

    def _follow(self, time_ns: int, packet: int, out: list[Record]) -> None:
        """A header has just turned out to be broken: what came behind it is to be searched."""
        reader = self.reader
        reader.invalid_length = False
        self.anomaly(out, AnomalyKind.FRAME_LENGTH_INVALID, time_ns, packet)
        self._lost(time_ns, packet, out)
        self._unread.append(Chunk(reader.rest, time_ns, packet))
        reader.rest = b""

    def _read_on(self, out: list[Record]) -> None:
        """What was set aside. In a loop: broken headers and boundaries may take turns thousands of times."""
        while self._unread:
            chunk = self._unread.pop()
            if self._in_step():
                self._read_frames(chunk.data, chunk.time_ns, chunk.packet, out)
                continue
            found = self._lost_place().receive(chunk, self._masks)
            if found is not None:
                self._begin(found, out)

    def _lost_place(self) -> Resynchronisation:
        """Where a boundary is looked for."""
        if self._search is None:
            self._search = Resynchronisation(self.limits.resynchronise_buffer)
            self._search.compressed = self._compressed
        return self._search

    def _search_to_the_end(self, missing: int, out: list[Record]) -> None:
        """All that is held is read or passed over: what comes next, behind `missing` bytes, does not follow on it."""
        while self._search is not None and not self._in_step():
            found = self._search.stop(self._masks, missing)
            if found is None:
                return
            self._begin(found, out)
            self._read_on(out)

    def _lost(self, time_ns: int, packet: int, out: list[Record]) -> None:
        self.anomaly(out, AnomalyKind.DIRECTION_LOST, time_ns, packet)
        self.assembler.lose(time_ns, packet, out)

    def _take(self, frame: CurrentFrame, out: list[Record]) -> bool:
        """A frame that was read; False when it was none."""
        if self._suspect:
            if self._breaks_a_rule(frame):
                # The boundary that was found after a loss was none: nothing from here on is certain.
                self.reader.refuse()
                self._suspect = 0
                self._lost(frame.time_ns, frame.packet, out)
                return False
            self._suspect -= 1
        opcode = frame.opcode
        if frame.masked != self.masked or frame.rsv & 3 or opcode > 2 or not frame.minimal:
            self._judge(frame, out)
        self._masks = frame.masked
        self.wire_bytes += frame.header_length + frame.payload_length
        if opcode == 1:
            self._text_frames += 1
        elif opcode == 2:
            self._binary_frames += 1
        elif opcode == 0:
            self._continuation_frames += 1
        else:
            self._other_frames[opcode] = self._other_frames.get(opcode, 0) + 1
        if self.frame_records:
            out.append(frame.record(self.half))
        if self.close_frame is not None:
            self.anomaly(out, AnomalyKind.FRAME_AFTER_CLOSE, frame.time_ns, frame.packet, opcode_name(opcode))
        if opcode <= 2:
            assembler = self.assembler
            assembler.receive(frame, out)
            if assembler.anomalies:
                for kind, detail in assembler.anomalies:
                    self.anomaly(out, kind, frame.time_ns, frame.packet, detail)
                assembler.anomalies.clear()
        elif opcode >= 8:
            self.control_frames += 1
            if opcode == 8:
                self._add_close(frame, out)
        return True

    def _add_close(self, frame: CurrentFrame, out: list[Record]) -> None:
        payload = frame.payload()
        if frame.payload_length == 1 or (frame.whole and not is_utf8(payload[2:])):
            self.anomaly(out, AnomalyKind.CLOSE_PAYLOAD_INVALID, frame.time_ns, frame.packet)
        status_code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else None
        if status_code is not None and status_code not in CLOSE_CODES:
            self.anomaly(out, AnomalyKind.CLOSE_CODE_INVALID, frame.time_ns, frame.packet, str(status_code))
        if self.close_frame is None:
            self.close_frame = CloseFrame(frame, status_code)

    def _breaks_a_rule(self, frame: CurrentFrame) -> bool:
        assembler = self.assembler
        opcode = frame.opcode
        return (
            frame.masked != self._masks
            or frame.rsv & (3 if self._compressed else 7) != 0
            or opcode not in (0, 1, 2, 8, 9, 10)
            or not frame.minimal
            or (opcode >= 8 and (not frame.fin or frame.payload_length > 125))
            or (opcode == 0 and not assembler.in_message and not assembler.after_loss)
            or (opcode in (1, 2) and assembler.in_message)
            or (opcode == 1 and frame.fin and not frame.rsv and frame.whole and not frame.is_utf8())
        )

    def _judge(self, frame: CurrentFrame, out: list[Record]) -> None:
        """What RFC 6455, 5 forbids of a single frame."""
        time_ns, packet = frame.time_ns, frame.packet
        opcode = frame.opcode
        if frame.masked != self.masked:
            self.anomaly(out, AnomalyKind.FRAME_MASKED if frame.masked else AnomalyKind.FRAME_NOT_MASKED, time_ns, packet)
        reserved = frame.rsv & 3 if opcode <= 2 else frame.rsv
        if reserved and not self.reserved_bits_defined:
            self.anomaly(out, AnomalyKind.FRAME_RESERVED_BIT, time_ns, packet, f"RSV bits {frame.rsv:03b}")
        if opcode not in (0, 1, 2, 8, 9, 10):
            self.anomaly(out, AnomalyKind.FRAME_RESERVED_OPCODE, time_ns, packet, opcode_name(opcode))
        if not frame.minimal:
            self.anomaly(out, AnomalyKind.FRAME_LENGTH_NOT_MINIMAL, time_ns, packet, f"{frame.payload_length} bytes")
        if opcode >= 8:
            if frame.payload_length > 125:
                self.anomaly(out, AnomalyKind.CONTROL_FRAME_TOO_LONG, time_ns, packet, f"{frame.payload_length} bytes")
            if not frame.fin:
                self.anomaly(out, AnomalyKind.CONTROL_FRAME_FRAGMENTED, time_ns, packet, opcode_name(opcode))

    def _weigh(self) -> None:
        search = self._search
        weight = self.reader.held_bytes + self.assembler.weight
        if search is not None and search.held_bytes:
            weight += search.held_bytes + CHUNK_COST * len(search._chunks)
        self.weight = weight
