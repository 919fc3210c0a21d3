"""Data frames of one direction in, messages out (RFC 6455, 5.4 and 8.1; RFC 7692).

Control frames do not come here. A message that cannot be given whole is given all the same, with the reason: its
length and its share of the wire are facts even when its payload is not at hand. Messages are counted in here; a record
of each is made only for those who want it.
"""

from __future__ import annotations

from typing import Literal

from wsobserve.message_sink import MessageSink
from wsobserve.records import AnomalyKind, Half, Message, Record
from wsobserve.websocket.deflate import WALK, Inflater
from wsobserve.websocket.frame import CurrentFrame
from wsobserve.websocket.pieces import Pieces
from wsobserve.websocket.utf8 import is_utf8

Undecoded = Literal["incomplete", "context_lost", "inflate_error", "over_limit", "unknown_extension"]


class MessageAssembler:
    """One direction. `anomalies` collects (kind, detail) until the caller takes them.

    `records`: whether they are wanted, or a sink that is asked for each whole message whether one is needed.
    """

    def __init__(
        self, half: Half, keep: int, keep_inflated: int, walk: int = WALK, *, records: bool | MessageSink = True
    ) -> None:
        self.half = half
        self.keep = keep
        self.keep_inflated = keep_inflated
        self.walk = walk
        self.records = records is not False
        self._sink = records.of(half) if isinstance(records, MessageSink) else None
        self.inflater: Inflater | None = None  # permessage-deflate, when it was agreed
        self.deflate_unknown = False  # the handshake was not captured: RSV1 tells
        self.unknown_extension = False  # one was agreed that we do not know: reserved bits say that it changed a payload
        self.after_loss = False  # frames were lost: a continuation may continue something that we did not see
        self.anomalies: list[tuple[AnomalyKind, str]] = []
        self.messages = 0
        self.payload_bytes = 0  # of messages, after inflation
        self.undecoded: dict[str, int] = {}  # messages, by reason
        self._frames = 0
        self._opcode = 0
        self._compressed = False
        self._started_ns = 0
        self._wire_length = 0
        self._frame_bytes = 0
        self._changed = False  # by an extension that we do not know
        self._kept = Pieces()
        self._whole = True  # every byte so far is kept
        self._given_up = False  # bytes that were kept were let go, to stay within a limit

    @property
    def in_message(self) -> bool:
        """Whether a message has begun and not ended."""
        return self._frames > 0

    @property
    def weight(self) -> int:
        """Bytes of memory that are held: of an unfinished message, and what inflating the next one needs."""
        weight = self._kept.length
        if self.inflater is not None:
            weight += self.inflater.weight
        return weight

    def receive(self, frame: CurrentFrame, out: list[Record]) -> None:
        """The next frame. Messages that end with it are added to `out`: two when it cuts off an unfinished one."""
        if frame.opcode == 0:
            if not self._frames:
                if not self.after_loss:
                    self.anomalies.append((AnomalyKind.CONTINUATION_UNEXPECTED, ""))
                if frame.fin:
                    self.after_loss = False
                return
            if frame.rsv & 4 and not self.unknown_extension:
                # RFC 7692, 6.1: RSV1 is set on the first fragment alone.
                self.anomalies.append((AnomalyKind.FRAME_RESERVED_BIT, "RSV1 on a continuation frame"))
        else:
            if self._frames:
                # RFC 6455, 5.4: fragments of one message MUST NOT be interleaved with those of another.
                self.anomalies.append((AnomalyKind.CONTINUATION_EXPECTED, ""))
                self._break_off(frame, out)
            self.after_loss = False
            if frame.fin and not frame.rsv and frame.at_hand == frame.payload_length and frame.payload_length <= self.keep:
                self._take_plain(frame, out)
                return
            self._opcode = frame.opcode
            self._started_ns = frame.started_ns
            self._compressed = self._is_compressed(frame)
        if frame.rsv and self.unknown_extension:
            of_deflate = 4 if self._compressed and not self._frames else 0
            self._changed = self._changed or frame.rsv != of_deflate
        self._frames += 1
        self._wire_length += frame.payload_length
        self._frame_bytes += frame.header_length + frame.payload_length
        self._given_up = self._given_up or frame.given_up
        if self._whole:  # else what is kept is a prefix; nothing may follow a hole
            self._append(frame)
        if frame.fin:
            self._finish(frame, out)

    def lose(self, time_ns: int, packet: int, out: list[Record]) -> None:
        """Frames were lost: an unfinished message is given as incomplete, a deflate context is lost."""
        if self._frames:
            self._add_incomplete(time_ns, packet, out)
        self._reset()
        self.after_loss = True
        if self.inflater is not None:
            self.inflater.lose_context()

    def give_up(self) -> None:
        """Let go of all that is held. The unfinished message will be over the limit, and the deflate context is lost."""
        if self._kept.length:
            self._kept.clear()
            self._whole = False
            self._given_up = True
        if self.inflater is not None:
            self.inflater.lose_context()

    def _take_plain(self, frame: CurrentFrame, out: list[Record]) -> None:
        """Nearly every message is one frame, as it came."""
        self.messages += 1
        self.payload_bytes += frame.payload_length
        payload = frame.payload() if self.records else b""
        valid_utf8: bool | None = None
        if frame.opcode == 1:
            valid_utf8 = frame.is_utf8()
            if not valid_utf8:
                self.anomalies.append((AnomalyKind.INVALID_UTF8, ""))
        if self.records:
            length = frame.payload_length
            sink = self._sink
            if sink is not None:
                frame_bytes = frame.header_length + length
                if sink.take(frame.time_ns, frame.opcode, payload, valid_utf8 is True, length, frame_bytes):
                    return
            out.append(
                Message(
                    self.half,
                    frame.time_ns,
                    frame.packet,
                    frame.started_ns,
                    frame.opcode,
                    1,
                    False,
                    length,
                    length,
                    True,
                    valid_utf8,
                    payload,
                    None,
                    frame.header_length + length,
                )
            )

    def _is_compressed(self, frame: CurrentFrame) -> bool:
        if not frame.rsv & 4:
            return False
        if self.inflater is None and self.deflate_unknown:
            self.inflater = Inflater(True, self.keep_inflated, self.walk)
            self.inflater.lose_context()
        if self.inflater is None and not self.unknown_extension:
            self.anomalies.append((AnomalyKind.FRAME_RESERVED_BIT, "RSV1 without permessage-deflate"))
        return self.inflater is not None

    def _append(self, frame: CurrentFrame) -> None:
        payload = frame.payload()
        room = self.keep - self._kept.length
        if len(payload) > room:
            payload = payload[:room]
        self._whole = len(payload) == frame.payload_length
        self._kept.add(payload)

    def _finish(self, frame: CurrentFrame, out: list[Record]) -> None:
        wire_length = self._wire_length
        payload = self._kept.join()
        length: int | None = wire_length
        undecoded: Undecoded | None = None
        over_limit = wire_length > self.keep and len(payload) >= self.keep
        if not self._whole:
            undecoded = "over_limit" if over_limit or self._given_up else "incomplete"
        if over_limit:
            self.anomalies.append((AnomalyKind.LIMIT_MESSAGE_SIZE, f"{wire_length} bytes, {len(payload)} kept"))
        if self._changed:
            undecoded = undecoded or "unknown_extension"
            length = None
            if self.inflater is not None:
                self.inflater.lose_context()
        elif self._compressed and self.inflater is not None:
            payload, length, undecoded = self._inflate(self.inflater, payload, undecoded)
        valid_utf8: bool | None = None
        if self._opcode == 1 and undecoded is None:
            valid_utf8 = is_utf8(payload)
            if not valid_utf8:
                self.anomalies.append((AnomalyKind.INVALID_UTF8, ""))
        self._add(frame.time_ns, frame.packet, length, undecoded, valid_utf8, payload, out)
        self._reset()

    def _inflate(
        self, inflater: Inflater, payload: bytes, undecoded: Undecoded | None
    ) -> tuple[bytes, int | None, Undecoded | None]:
        if undecoded is not None:
            inflater.lose_context()  # the window would lack the missing bytes
            return b"", None, undecoded
        certain = inflater.context_certain
        inflated = inflater.inflate(payload)
        if inflated.error:
            if certain:
                self.anomalies.append((AnomalyKind.INFLATE_ERROR, ""))
                return inflated.payload, None, "inflate_error"
            self.anomalies.append((AnomalyKind.INFLATE_CONTEXT_LOST, ""))
            # How long it is can be followed without the bytes that it refers to.
            return b"", inflated.length or None, "context_lost"
        if inflated.given_up:
            self.anomalies.append(
                (AnomalyKind.LIMIT_INFLATED_SIZE, f"more than {inflated.length} bytes from {self._wire_length}")
            )
            return inflated.payload, None, "over_limit"
        if len(inflated.payload) < inflated.length:
            detail = f"{inflated.length} bytes from {self._wire_length}, {len(inflated.payload)} kept"
            self.anomalies.append((AnomalyKind.LIMIT_INFLATED_SIZE, detail))
            return inflated.payload, inflated.length, "over_limit"
        return inflated.payload, inflated.length, None

    def _break_off(self, frame: CurrentFrame, out: list[Record]) -> None:
        """The unfinished message will not be finished."""
        self._add_incomplete(frame.time_ns, frame.packet, out)
        if self._compressed and self.inflater is not None:
            self.inflater.lose_context()
        self._reset()

    def _add_incomplete(self, time_ns: int, packet: int, out: list[Record]) -> None:
        payload = b"" if self._compressed or self._changed else self._kept.join()
        self._add(time_ns, packet, None, "incomplete", None, payload, out)

    def _add(
        self,
        time_ns: int,
        packet: int,
        length: int | None,
        undecoded: Undecoded | None,
        valid_utf8: bool | None,
        payload: bytes,
        out: list[Record],
    ) -> None:
        self.messages += 1
        if length is not None:
            self.payload_bytes += length
        if undecoded is not None:
            self.undecoded[undecoded] = self.undecoded.get(undecoded, 0) + 1
        if self.records:
            sink = self._sink
            whole = undecoded is None and length is not None
            utf8 = valid_utf8 is True
            if whole and sink is not None and sink.take(time_ns, self._opcode, payload, utf8, length or 0, self._frame_bytes):
                return
            out.append(
                Message(
                    self.half,
                    time_ns,
                    packet,
                    self._started_ns,
                    self._opcode,
                    self._frames,
                    self._compressed,
                    self._wire_length,
                    length,
                    undecoded is None,
                    valid_utf8,
                    payload,
                    undecoded,
                    self._frame_bytes,
                )
            )

    def _reset(self) -> None:
        self._frames = 0
        self._wire_length = 0
        self._frame_bytes = 0
        self._changed = False
        self._kept.clear()
        self._whole = True
        self._given_up = False
